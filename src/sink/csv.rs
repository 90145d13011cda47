//! CSV, one row per utterance.

use std::io::{self, Write};

use super::{Sink, number, reason, utterance};
use crate::events::Event;

/// Writes a header with the model's labels, then a row per utterance. If channels are
/// analyzed separately, the rows include the channel.
pub struct Csv<W: Write> {
    out: csv::Writer<W>,
    headed: bool,
    by_channel: bool,
}

impl<W: Write> Csv<W> {
    /// Writes CSV to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out: csv::Writer::from_writer(out),
            headed: false,
            by_channel: false,
        }
    }
}

impl<W: Write> Sink for Csv<W> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        if let Event::SessionStart(start) = event
            && !self.headed
        {
            self.headed = true;
            self.by_channel = start.by_channel;
            let channel = self.by_channel.then_some("channel");
            let fixed = ["utterance", "start_s", "end_s", "label", "confidence"];
            let labels = start.labels.iter().map(String::as_str);
            let more = ["arousal", "valence", "reason", "baseline_s", "speaker"];
            let source = ["file"].into_iter().chain(channel);
            self.out
                .write_record(source.chain(fixed).chain(labels).chain(more))?;
        }
        if let Some(m) = utterance(event) {
            let source = [file.unwrap_or_default().to_owned()].into_iter();
            let channel = m.channel.map_or_else(String::new, |n| n.to_string());
            let source = source.chain(self.by_channel.then_some(channel));
            let fixed = [
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
                m.speaker.map_or_else(String::new, |it| it.to_string()),
            ];
            let row = source.chain(fixed).chain(probabilities).chain(more);
            self.out.write_record(row)?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
