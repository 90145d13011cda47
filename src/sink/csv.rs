//! CSV, a row per utterance.

use std::io::{self, Write};

use super::{Sink, number, reason, utterance};
use crate::events::Event;

/// Writes a header with the labels of the model, then a row per utterance.
pub struct Csv<W: Write> {
    out: csv::Writer<W>,
    headed: bool,
}

impl<W: Write> Csv<W> {
    /// CSV to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out: csv::Writer::from_writer(out),
            headed: false,
        }
    }
}

impl<W: Write> Sink for Csv<W> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        if let Event::SessionStart(start) = event
            && !self.headed
        {
            self.headed = true;
            let fixed = [
                "file",
                "utterance",
                "start_s",
                "end_s",
                "label",
                "confidence",
            ];
            let labels = start.labels.iter().map(String::as_str);
            let more = ["arousal", "valence", "reason", "baseline_s"];
            self.out
                .write_record(fixed.into_iter().chain(labels).chain(more))?;
        }
        if let Some(m) = utterance(event) {
            let fixed = [
                file.unwrap_or_default().to_owned(),
                m.utterance.to_string(),
                m.start_s.to_string(),
                m.end_s.to_string(),
                m.label.clone(),
                format!("{:.7}", m.confidence.0),
            ];
            let probabilities = m.probabilities.iter().map(|(_, p)| format!("{:.7}", p.0));
            let more = [
                number(m.arousal),
                number(m.valence),
                reason(m).to_owned(),
                number(m.baseline_s),
            ];
            let row = fixed.into_iter().chain(probabilities).chain(more);
            self.out.write_record(row)?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
