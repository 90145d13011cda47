//! Applies events to the picture.

use super::numbers::{one_each_side, seconds, share_of_one, time_of};
use super::{MOST_LANES, Picture};
use crate::dashboard::state::prediction::{Prediction, Shown, Standing};
use crate::dashboard::state::utterance::Utterance;
use crate::events::{Event, Measurement, Speakers, Trigger, UNCERTAIN};
use crate::text::clock;

/// Most utterances that are kept.
const UTTERANCES_KEPT: usize = 20_000;
/// The notice after a change of the speaker.
const NEW_BASELINE: &str = "another voice: a new baseline starts";

impl Picture {
    /// Applies an event; returns whether the picture changed.
    pub fn take_event(&mut self, event: &Event) -> bool {
        if let Event::SessionStart(_) = event {
            self.forget();
            self.now = 0.0;
        }
        self.record(event);
        if let Some(at) = time_of(event) {
            self.advance(at);
        }
        self.show(event);
        !matches!(event, Event::SessionEnd(_))
    }

    /// Adds an event to the history.
    pub(super) fn record(&mut self, event: &Event) {
        match event {
            Event::SessionStart(start) => {
                if self.status.labels.is_empty() {
                    self.status.labels.clone_from(&start.labels);
                }
                if start.by_channel {
                    for channel in 1..=start.channels.min(MOST_LANES) {
                        self.history_of(Some(channel));
                    }
                }
            }
            Event::Voice(voice) => {
                let (history, at) = (self.history_of(voice.channel), seconds(voice.at_s));
                if voice.active {
                    history.voice(at);
                } else {
                    history.silence(at);
                }
            }
            Event::Measurement(measurement) => {
                if self.status.labels.is_empty() {
                    let names = measurement.probabilities.iter();
                    self.status.labels = names.map(|(name, _)| name.to_owned()).collect();
                }
                let prediction = self.prediction(measurement);
                let at = seconds(measurement.end_s);
                self.affect = Some(prediction.affect.is_some());
                if let Some(speaker) = measurement.speaker {
                    self.speakers.see((measurement.channel, speaker));
                }
                match measurement.trigger {
                    Trigger::Interval => {
                        self.history_of(measurement.channel).add_live(
                            at,
                            measurement.speaker,
                            prediction,
                        );
                    }
                    Trigger::SpeechEnded => {
                        let utterance = Utterance {
                            number: (measurement.channel, measurement.utterance),
                            speaker: measurement.speaker,
                            start_s: seconds(measurement.start_s).min(at),
                            end_s: at,
                            prediction,
                        };
                        self.conclude(measurement.channel, utterance);
                    }
                }
            }
            Event::Speakers(speakers) => self.correct(speakers),
            Event::Gap(gap) => self.history.gap(seconds(gap.start_s), seconds(gap.end_s)),
            Event::Mark(mark) => self.history.mark(seconds(mark.at_s)),
            _ => {}
        }
    }

    /// Shows an event that has just happened.
    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::Voice(voice) => self.voices.detect(voice.channel, voice.active),
            Event::UtteranceStart(start) => {
                self.voices.start(start.channel, seconds(start.start_s));
                self.settle();
            }
            Event::Measurement(measurement) => self.show_measurement(measurement),
            Event::UtteranceEnd(end) => {
                self.voices.end(end.channel);
                if self
                    .shown
                    .as_ref()
                    .is_some_and(|shown| shown.channel == end.channel)
                {
                    self.settle();
                }
                if end.new_baseline {
                    self.notify(NEW_BASELINE.into());
                }
            }
            Event::Speakers(speakers) => {
                if let Some(shown) = &mut self.shown
                    && let Some(speaker) = speakers.of(shown.channel, shown.utterance)
                {
                    shown.speaker = Some(speaker);
                }
            }
            Event::Signal(signal) => self.muted = !signal.present,
            Event::Mark(mark) if !self.status.replay => {
                self.marks += 1;
                self.notify(format!("marked {}", clock(seconds(mark.at_s))));
            }
            // A recording that is analyzed ahead shows its own notice.
            Event::Error(error) if !self.status.analyzed_ahead => {
                self.notify(error.message.clone());
            }
            _ => {}
        }
    }

    fn show_measurement(&mut self, measurement: &Measurement) {
        let channel = measurement.channel;
        if !self.voices.take(channel) {
            return;
        }
        let prediction = self.prediction(measurement);
        self.baseline_s = measurement.baseline_s.map(seconds);
        let standing = match measurement.trigger {
            Trigger::Interval => Standing::Live,
            Trigger::SpeechEnded => match &self.shown {
                Some(last)
                    if last.channel == channel
                        && last.live()
                        && last.prediction.label != prediction.label =>
                {
                    Standing::Revised(last.prediction.label)
                }
                _ => Standing::Final,
            },
        };
        self.shown = Some(Shown {
            channel,
            utterance: measurement.utterance,
            speaker: measurement.speaker,
            prediction,
            at_s: seconds(measurement.end_s),
            standing,
        });
    }

    fn conclude(&mut self, channel: Option<u16>, utterance: Utterance) {
        self.totals.add(&utterance);
        if let Some(speaker) = utterance.speaker {
            self.speakers.add((channel, speaker), utterance.seconds());
        }
        self.history_of(channel).add_final(utterance.clone());
        self.utterances.push_back(utterance);
        if !self.status.analyzed_ahead && self.utterances.len() > UTTERANCES_KEPT {
            self.utterances.pop_front();
        }
    }

    /// Corrects the speakers of earlier utterances.
    fn correct(&mut self, speakers: &Speakers) {
        for utterance in &mut self.utterances {
            let (channel, number) = utterance.number;
            let Some(speaker) = speakers.of(channel, number) else {
                continue;
            };
            let seconds = utterance.seconds();
            if let Some(before) = utterance.speaker.replace(speaker) {
                self.speakers.remove((channel, before), seconds);
            }
            self.speakers.add((channel, speaker), seconds);
        }
        self.history_of(speakers.channel).correct(speakers);
    }

    /// Converts a measurement to label indices.
    fn prediction(&self, measurement: &Measurement) -> Prediction {
        let labels = &self.status.labels;
        let label = (measurement.label != UNCERTAIN)
            .then(|| labels.iter().position(|label| *label == measurement.label))
            .flatten();
        let share = |label: &String| measurement.probabilities.get(label).map_or(0.0, |p| p.0);
        let affect = |value: Option<f64>| value.filter(|x| x.is_finite()).map(one_each_side);
        Prediction {
            label,
            confidence: share_of_one(measurement.confidence.0),
            probabilities: labels.iter().map(share).map(share_of_one).collect(),
            reason: measurement.reason,
            affect: affect(measurement.valence).zip(affect(measurement.arousal)),
        }
    }

    /// A live prediction whose utterance has ended covers the whole utterance.
    fn settle(&mut self) {
        if let Some(shown) = self.shown.as_mut().filter(|shown| shown.live()) {
            shown.standing = Standing::Final;
        }
    }
}
