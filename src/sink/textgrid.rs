//! A `TextGrid` of Praat: tiers of labels, their confidence, arousal, valence, the
//! reason of uncertainty and the seconds of the baseline, an interval per utterance:
//! <https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html>.

use std::io::{self, Write};

use super::{Sink, number, reason, utterance};
use crate::events::Event;
use crate::text::printable;

/// The shortest recording that Praat takes, in seconds.
const SHORTEST_S: f64 = 1e-4;

/// Names of the tiers.
const TIERS: [&str; 6] = [
    "expression",
    "confidence",
    "arousal",
    "valence",
    "reason",
    "baseline_s",
];

/// Collects the utterances; the length of the recording stands before them.
pub struct TextGrid<W: Write> {
    out: W,
    utterances: Vec<Span>,
    length_s: f64,
}

#[derive(Clone)]
struct Span {
    start_s: f64,
    end_s: f64,
    /// The text in each of [`TIERS`].
    texts: [String; TIERS.len()],
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
            texts: Default::default(),
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

    fn tier(&mut self, tier: usize, spans: &[Span], end_s: f64) -> io::Result<()> {
        let (number, name, count) = (tier + 1, TIERS[tier], spans.len());
        write!(
            self.out,
            "    item [{number}]:\n        class = \"IntervalTier\"\n        name = \"{name}\"\n        \
             xmin = 0\n        xmax = {end_s}\n        intervals: size = {count}\n"
        )?;
        for (index, span) in spans.iter().enumerate() {
            let (start, end) = (span.start_s, span.end_s);
            let text = printable(&span.texts[tier]).replace('"', "\"\"");
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
                texts: [
                    m.label.clone(),
                    format!("{:.4}", m.confidence.0),
                    number(m.arousal),
                    number(m.valence),
                    reason(m).into(),
                    number(m.baseline_s),
                ],
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
             xmin = 0\nxmax = {end_s}\ntiers? <exists>\nsize = {}\nitem []:\n",
            TIERS.len()
        )?;
        for tier in 0..TIERS.len() {
            self.tier(tier, &spans, end_s)?;
        }
        self.out.flush()
    }
}
