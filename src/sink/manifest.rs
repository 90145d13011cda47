//! A manifest in `NeMo`'s format: JSON lines, one per utterance, each with the time
//! span in the recording and the label.

use std::io::{self, Write};

use serde::Serialize;

use super::{Sink, utterance};
use crate::events::{Event, Probabilities, Probability, Reason, Speaker};

/// Writes each line as soon as its utterance has ended.
pub struct Manifest<W: Write> {
    out: W,
}

#[derive(Serialize)]
struct ManifestEntry<'a> {
    audio_filepath: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<u16>,
    /// Start in seconds.
    offset: f64,
    /// Duration in seconds.
    duration: f64,
    label: &'a str,
    confidence: Probability,
    probabilities: &'a Probabilities,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arousal: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speaker: Option<Speaker>,
}

impl<W: Write> Manifest<W> {
    /// Writes lines to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Sink for Manifest<W> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        if let Some(m) = utterance(event) {
            let entry = ManifestEntry {
                audio_filepath: file.unwrap_or_default(),
                channel: m.channel,
                offset: m.start_s,
                duration: ((m.end_s - m.start_s) * 1e6).round() / 1e6,
                label: &m.label,
                confidence: m.confidence,
                probabilities: &m.probabilities,
                reason: m.reason,
                arousal: m.arousal,
                valence: m.valence,
                speaker: m.speaker,
            };
            serde_json::to_writer(&mut self.out, &entry)?;
            self.out.write_all(b"\n")?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
