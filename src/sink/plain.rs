//! One sentence per change, for people and screen readers.

use std::collections::HashMap;
use std::io::{self, Write};

use super::Sink;
use super::letters::Letters;
use crate::events::{Event, GapCause, Measurement, Reason, Speaker, Trigger, UNCERTAIN};
use crate::text::{clock_tenths, printable, voice};

/// Writes a sentence only when something changed.
pub struct PlainText<W: Write> {
    out: W,
    /// The label in the last sentence, by channel.
    said: HashMap<Option<u16>, String>,
    letters: Letters,
}

impl<W: Write> PlainText<W> {
    /// Writes sentences to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            said: HashMap::new(),
            letters: Letters::default(),
        }
    }

    fn say(&mut self, at_s: f64, sentence: &str) -> io::Result<()> {
        self.say_of(None, None, at_s, sentence)
    }

    /// Writes a sentence about a channel, a speaker, or both.
    fn say_of(
        &mut self,
        channel: Option<u16>,
        speaker: Option<Speaker>,
        at_s: f64,
        sentence: &str,
    ) -> io::Result<()> {
        write!(self.out, "{:>9}  ", clock_tenths(at_s))?;
        if let Some(voice) = voice(channel, speaker) {
            write!(self.out, "{voice}: ")?;
        }
        writeln!(self.out, "{sentence}")?;
        self.out.flush()
    }
}

impl<W: Write> Sink for PlainText<W> {
    fn event(&mut self, _: Option<&str>, event: &Event) -> io::Result<()> {
        self.letters.see(event);
        match event {
            Event::SessionStart(start) => {
                let name = printable(&start.name);
                let model = printable(&start.model);
                self.say(0.0, &format!("Listening to {name} with the model {model}."))
            }
            Event::UtteranceStart(start) => {
                self.said.remove(&start.channel);
                self.say_of(start.channel, None, start.start_s, "Somebody speaks.")
            }
            Event::Measurement(m) if m.trigger == Trigger::Interval => {
                if self.said.get(&m.channel) == Some(&m.label) {
                    return Ok(());
                }
                self.said.insert(m.channel, m.label.clone());
                let percent = m.confidence.0 * 100.0;
                let sentence = if m.label == UNCERTAIN {
                    format!("Not sure: {}.", why(m))
                } else {
                    format!("Sounds like {} ({percent:.0} %).", printable(&m.label))
                };
                self.say_of(m.channel, self.letters.of(m), m.end_s, &sentence)
            }
            Event::Measurement(m) => {
                let length = m.end_s - m.start_s;
                let percent = m.confidence.0 * 100.0;
                let sentence = if m.label == UNCERTAIN {
                    format!("In all, {length:.1} s of speech: not sure, {}.", why(m))
                } else {
                    let label = printable(&m.label);
                    format!("In all, {length:.1} s of speech: {label} ({percent:.0} %).")
                };
                self.say_of(m.channel, self.letters.of(m), m.end_s, &sentence)
            }
            Event::Signal(signal) => {
                let sentence = if signal.present {
                    "The microphone delivers a signal again."
                } else {
                    "Only zeros from here on: the microphone seems to be muted."
                };
                self.say(signal.at_s, sentence)
            }
            Event::Gap(gap) => {
                let length = gap.end_s - gap.start_s;
                let why = match gap.cause {
                    GapCause::Overrun => "the machine could not keep up",
                    GapCause::DeviceLost => "the microphone was away",
                    GapCause::DeviceChanged => "another microphone was chosen",
                    GapCause::Missing => "the recording has a hole",
                };
                self.say(gap.start_s, &format!("{length:.3} s are missing: {why}."))
            }
            Event::Mark(mark) => self.say(mark.at_s, "You marked this moment."),
            Event::Speakers(speakers) => {
                let changed = speakers.changed.iter();
                let changed: Vec<String> = changed
                    .map(|it| format!("{} is of {}", it.utterance, it.speaker))
                    .collect();
                let sentence = format!("Utterance {}.", changed.join(", utterance "));
                self.say_of(speakers.channel, None, speakers.at_s, &sentence)
            }
            Event::Error(error) => {
                writeln!(self.out, "{}", printable(&error.message))?;
                self.out.flush()
            }
            Event::SessionEnd(end) => {
                let (count, speech) = (end.utterances, end.speech_s);
                let units = if count == 1 {
                    "utterance"
                } else {
                    "utterances"
                };
                self.say(
                    end.duration_s,
                    &format!("The end: {count} {units}, {speech:.1} s of speech."),
                )
            }
            Event::UtteranceEnd(end) if end.new_baseline => {
                let sentence = "The voice has changed: a new baseline starts.";
                self.say_of(end.channel, None, end.end_s, sentence)
            }
            Event::Voice(_) | Event::UtteranceEnd(_) => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The reason for uncertainty, in words.
fn why(measurement: &Measurement) -> String {
    match measurement.reason {
        Some(Reason::NoSpeech) => "this is not speech".into(),
        Some(Reason::Clipped) => "the input is overloaded".into(),
        Some(Reason::TooShort) => "too short".into(),
        Some(Reason::TooQuiet) => "too quiet".into(),
        Some(Reason::TooNoisy) => "too noisy".into(),
        Some(Reason::Between) | None => {
            let (first, second) = measurement.closest();
            format!("between {} and {}", printable(first), printable(second))
        }
    }
}
