//! The confusion matrix of the page.

use crate::reference::confusion::Confusion;
use crate::report::recording::ReportedRecording;

/// Human labels compared with predictions.
pub(super) struct Matrix {
    /// One sentence each.
    pub(super) figures: Vec<String>,
    /// The columns.
    pub(super) answers: Vec<String>,
    pub(super) rows: Vec<MatrixRow>,
}

/// The row of a human label.
pub(super) struct MatrixRow {
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
    /// Recall in percent.
    pub(super) recall: String,
}

/// How often a label got a prediction.
pub(super) struct Cell {
    pub(super) count: u64,
    /// Whether the prediction equals the label.
    pub(super) right: bool,
}

/// The matrix of all recordings; `None` without human labels.
pub(super) fn matrix(recordings: &[ReportedRecording]) -> Option<Matrix> {
    if recordings.iter().all(|r| r.reference.is_empty()) {
        return None;
    }
    let labels = recordings.iter().find(|r| r.start.is_some())?.labels();
    let mut confusion = Confusion::new(labels);
    // A human label belongs to the recording; predictions on any channel count for it.
    for channels in recordings.chunk_by(|a, b| a.file == b.file) {
        let utterances: Vec<_> = channels
            .iter()
            .flat_map(|one| one.utterances.clone())
            .collect();
        let spans = channels.first().map_or(&[][..], |one| &one.reference);
        confusion.add(spans, &utterances);
    }
    let answers = confusion.answers();
    let rows = confusion.rows().map(|(name, counts)| MatrixRow {
        name: name.to_owned(),
        cells: answers
            .iter()
            .zip(counts)
            .map(|(answer, count)| Cell {
                count: *count,
                right: answer == name,
            })
            .collect(),
        recall: format!(
            "{:.0} %",
            confusion.recall(name).unwrap_or_default() * 100.0
        ),
    });
    Some(Matrix {
        figures: confusion.figures().lines().map(str::to_owned).collect(),
        rows: rows.collect(),
        answers: answers.to_vec(),
    })
}
