//! Praat `TextGrid`: tiers for labels, confidence, arousal, valence, reason of
//! uncertainty and seconds of the baseline, with one interval per utterance:
//! <https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html>.

use std::io::{self, Write};

use super::letters::Letters;
use super::{Sink, number, reason, utterance};
use crate::events::Event;
use crate::text::printable;

/// The shortest recording that Praat accepts, in seconds.
const MIN_INTERVAL_S: f64 = 1e-4;

/// Tier names.
const TIERS: [&str; 7] = [
    "expression",
    "confidence",
    "arousal",
    "valence",
    "reason",
    "baseline_s",
    "speaker",
];
/// Index of the last tier, written if there are several speakers.
const SPEAKER_TIER: usize = TIERS.len() - 1;

/// Collects the utterances, because the length of the recording precedes them in the
/// file.
pub struct TextGrid<W: Write> {
    out: W,
    /// The channels with separate tiers; `None` is the input as a whole.
    channels: Vec<Option<u16>>,
    /// The utterances with their channel and number.
    utterances: Vec<(Option<u16>, u64, Interval)>,
    length_s: f64,
    letters: Letters,
}

#[derive(Clone)]
struct Interval {
    start_s: f64,
    end_s: f64,
    /// The text in each of [`TIERS`].
    texts: [String; TIERS.len()],
}

impl<W: Write> TextGrid<W> {
    /// Writes a `TextGrid` to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            channels: vec![None],
            utterances: Vec::new(),
            length_s: 0.0,
            letters: Letters::default(),
        }
    }

    /// All intervals of a channel: a tier has neither gaps nor overlaps.
    fn intervals(&self, channel: Option<u16>, end_s: f64) -> Vec<Interval> {
        let pause = |start_s, end_s| Interval {
            start_s,
            end_s,
            texts: Default::default(),
        };
        let mut intervals = Vec::new();
        let mut at = 0.0;
        let spans = self.utterances.iter().filter(|(of, ..)| *of == channel);
        for (.., span) in spans {
            if span.start_s > at {
                intervals.push(pause(at, span.start_s));
                at = span.start_s;
            }
            if span.end_s > at {
                let start_s = at;
                intervals.push(Interval {
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

    /// Writes the tier with that number, from 1: the texts of one kind.
    fn tier(
        &mut self,
        number: usize,
        (channel, kind): (Option<u16>, usize),
        spans: &[Interval],
        end_s: f64,
    ) -> io::Result<()> {
        let count = spans.len();
        let name = match channel {
            Some(channel) => format!("channel {channel}: {}", TIERS[kind]),
            None => TIERS[kind].to_owned(),
        };
        write!(
            self.out,
            "    item [{number}]:\n        class = \"IntervalTier\"\n        name = \"{name}\"\n        \
             xmin = 0\n        xmax = {end_s}\n        intervals: size = {count}\n"
        )?;
        for (index, span) in spans.iter().enumerate() {
            let (start, end) = (span.start_s, span.end_s);
            let text = printable(&span.texts[kind]).replace('"', "\"\"");
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
        if let Event::SessionStart(start) = event
            && start.by_channel
        {
            self.channels = (1..=start.channels).map(Some).collect();
        }
        if let Some(m) = utterance(event) {
            let span = Interval {
                start_s: m.start_s,
                end_s: m.end_s,
                texts: [
                    m.label.clone(),
                    format!("{:.4}", m.confidence.0),
                    number(m.arousal),
                    number(m.valence),
                    reason(m).into(),
                    number(m.baseline_s),
                    m.speaker.map_or_else(String::new, |it| it.to_string()),
                ],
            };
            self.letters.add(m.speaker);
            self.utterances.push((m.channel, m.utterance, span));
        }
        if let Event::Speakers(changed) = event {
            for (channel, number, span) in &mut self.utterances {
                if let Some(speaker) = changed.of(*channel, *number) {
                    span.texts[SPEAKER_TIER] = speaker.to_string();
                    self.letters.add(Some(speaker));
                }
            }
        }
        if let Event::SessionEnd(end) = event {
            self.length_s = end.duration_s;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let spans = self.utterances.iter().map(|(.., span)| span.end_s);
        let spoken = spans.fold(0.0, f64::max);
        let end_s = self.length_s.max(spoken).max(MIN_INTERVAL_S);
        let kinds = if self.letters.several() {
            TIERS.len()
        } else {
            SPEAKER_TIER
        };
        write!(
            self.out,
            "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n\
             xmin = 0\nxmax = {end_s}\ntiers? <exists>\nsize = {}\nitem []:\n",
            kinds * self.channels.len()
        )?;
        let channels = self.channels.clone();
        for (before, channel) in channels.into_iter().enumerate() {
            let spans = self.intervals(channel, end_s);
            for kind in 0..kinds {
                let number = before * kinds + kind + 1;
                self.tier(number, (channel, kind), &spans, end_s)?;
            }
        }
        self.out.flush()
    }
}
