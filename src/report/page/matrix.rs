//! The confusion matrix as the page shows it.

use crate::reference::confusion::Confusion;
use crate::report::recording::ReportedRecording;

/// What people said beside what was judged.
pub(super) struct Matrix {
    /// A sentence each.
    pub(super) figures: Vec<String>,
    /// The columns.
    pub(super) answers: Vec<String>,
    pub(super) rows: Vec<MatrixRow>,
}

/// A label of people.
pub(super) struct MatrixRow {
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
    /// In percent.
    pub(super) recall: String,
}

/// How often a label got an answer.
pub(super) struct Cell {
    pub(super) count: u64,
    /// Whether the answer is the label.
    pub(super) right: bool,
}

/// The matrix of all recordings; none where nobody labelled them.
pub(super) fn matrix(recordings: &[ReportedRecording]) -> Option<Matrix> {
    if recordings.iter().all(|r| r.reference.is_empty()) {
        return None;
    }
    let labels = recordings.iter().find(|r| r.start.is_some())?.labels();
    let mut confusion = Confusion::new(labels);
    // The label is that of the recording, whichever channel answers.
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
