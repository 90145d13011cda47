//! A `TextGrid` of Praat: a tier of labels and a tier of their confidence, an
//! interval per utterance: <https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html>.

use std::io::{self, Write};

use super::{Sink, utterance};
use crate::events::Event;
use crate::text::printable;

/// The shortest recording that Praat takes, in seconds.
const SHORTEST_S: f64 = 1e-4;

/// Gathers the utterances; the length of the recording stands before them.
pub struct TextGrid<W: Write> {
    out: W,
    utterances: Vec<Span>,
    length_s: f64,
}

#[derive(Clone)]
struct Span {
    start_s: f64,
    end_s: f64,
    label: String,
    confidence: String,
}

impl<W: Write> TextGrid<W> {
    /// A `TextGrid` to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            utterances: Vec::new(),
            length_s: 0.0,
        }
    }

    /// The whole recording: a tier has no holes and no overlap.
    fn intervals(&self, end_s: f64) -> Vec<Span> {
        let pause = |start_s, end_s| Span {
            start_s,
            end_s,
            label: String::new(),
            confidence: String::new(),
        };
        let mut intervals = Vec::new();
        let mut at = 0.0;
        for span in &self.utterances {
            if span.start_s > at {
                intervals.push(pause(at, span.start_s));
                at = span.start_s;
            }
            if span.end_s > at {
                let start_s = at;
                intervals.push(Span {
                    start_s,
                    ..span.clone()
                });
                at = span.end_s;
            }
        }
        if end_s > at {
            intervals.push(pause(at, end_s));
        }
        intervals
    }

    fn tier(
        &mut self,
        number: usize,
        name: &str,
        spans: &[Span],
        text: impl Fn(&Span) -> &str,
        end_s: f64,
    ) -> io::Result<()> {
        let count = spans.len();
        write!(
            self.out,
            "    item [{number}]:\n        class = \"IntervalTier\"\n        name = \"{name}\"\n        \
             xmin = 0\n        xmax = {end_s}\n        intervals: size = {count}\n"
        )?;
        for (index, span) in spans.iter().enumerate() {
            let (start, end) = (span.start_s, span.end_s);
            let text = printable(text(span)).replace('"', "\"\"");
            write!(
                self.out,
                "        intervals [{}]:\n            xmin = {start}\n            xmax = {end}\n            \
                 text = \"{text}\"\n",
                index + 1
            )?;
        }
        Ok(())
    }
}

impl<W: Write> Sink for TextGrid<W> {
    fn event(&mut self, _: Option<&str>, event: &Event) -> io::Result<()> {
        if let Some(m) = utterance(event) {
            self.utterances.push(Span {
                start_s: m.start_s,
                end_s: m.end_s,
                label: m.label.clone(),
                confidence: format!("{:.4}", m.confidence.0),
            });
        }
        if let Event::SessionEnd(end) = event {
            self.length_s = end.duration_s;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let spoken = self.utterances.last().map_or(0.0, |span| span.end_s);
        let end_s = self.length_s.max(spoken).max(SHORTEST_S);
        let spans = self.intervals(end_s);
        write!(
            self.out,
            "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n\
             xmin = 0\nxmax = {end_s}\ntiers? <exists>\nsize = 2\nitem []:\n"
        )?;
        self.tier(1, "expression", &spans, |span| &span.label, end_s)?;
        self.tier(2, "confidence", &spans, |span| &span.confidence, end_s)?;
        self.out.flush()
    }
}
