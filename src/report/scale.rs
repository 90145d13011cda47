//! Maps time to horizontal position, and windows to visible steps. If there are too
//! many utterances to draw one by one, equal bins show their means.

use super::recording::ReportedRecording;
use crate::events::{Measurement, Speaker};
use crate::text::{clock, clock_tenths};

/// Width of the picture in its own units.
pub(super) const PICTURE_WIDTH: f64 = 1000.0;
/// Position of the start of the time axis, in units of the picture.
pub(super) const PLOT_LEFT: f64 = 110.0;
/// Position of the end of the recording, in units of the picture.
pub(super) const PLOT_RIGHT: f64 = 990.0;
/// Hop of the windows, in seconds.
pub(super) const WINDOW_HOP_S: f64 = 0.25;
/// Least mean width of utterances that are drawn one by one, in units of the picture.
const LEAST_UTTERANCE_WIDTH: f64 = 14.0;
/// Width of a bin, in units of the picture.
const BIN_WIDTH: f64 = 12.0;
/// Closest windows that are drawn separately, in units of the picture; closer ones are
/// averaged.
const LEAST_WINDOW_DISTANCE: f64 = 0.75;
/// Distances between the axis marks, in seconds.
const TICKS_S: [f64; 13] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0,
];
/// Most axis marks.
const MOST_TICKS: f64 = 12.0;

/// Maps time to horizontal position.
pub(super) struct Scale {
    /// Start of the time axis, and its length, in seconds.
    begin_s: f64,
    seconds: f64,
    /// Whether utterances are too narrow to be drawn one by one.
    pub(super) binned: bool,
}

/// An interval with one value.
pub(super) struct Step<'a> {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Mean of its windows.
    pub(super) value: f64,
    /// Number of its windows.
    count: f64,
    /// The label of the first window, or the most frequent one of a bin.
    pub(super) label: &'a str,
}

/// The part of a bin that belongs to one label.
pub(super) struct Part {
    /// Index of the label in the model; `uncertain` comes after the last.
    pub(super) label: usize,
    pub(super) x: f64,
    pub(super) width: f64,
    /// From 0, the bottom of the lane, to 1.
    pub(super) from: f64,
    pub(super) to: f64,
}

pub(super) struct Tick {
    pub(super) x: f64,
    pub(super) time: String,
}

impl Scale {
    /// The whole recording between [`PLOT_LEFT`] and [`PLOT_RIGHT`].
    pub(super) fn new(recording: &ReportedRecording) -> Self {
        let begin_s = recording.drawing.begin_s;
        Self {
            begin_s,
            seconds: (recording.length_s() - begin_s).max(0.1),
            binned: recording.utterances.len() as f64 * LEAST_UTTERANCE_WIDTH
                > PLOT_RIGHT - PLOT_LEFT,
        }
    }

    fn x(&self, seconds: f64) -> f64 {
        let share = (seconds - self.begin_s) / self.seconds;
        PLOT_LEFT + (PLOT_RIGHT - PLOT_LEFT) * share.clamp(0.0, 1.0)
    }

    /// Position and width of a time span.
    pub(super) fn span(&self, start_s: f64, end_s: f64) -> (f64, f64) {
        let (from, to) = (self.x(start_s), self.x(end_s));
        (from, (to - from).max(1.0))
    }

    /// A value over each utterance, or over each run of bins with speech.
    pub(super) fn steps<'a>(
        &self,
        recording: &'a ReportedRecording,
        value: impl Fn(&Measurement) -> Option<f64>,
    ) -> Vec<Vec<Step<'a>>> {
        if self.binned {
            return self.bins(&recording.intervals, value);
        }
        // Several channels may speak at the same time.
        let mut windows: Vec<&Measurement> = recording.intervals.iter().collect();
        windows.sort_by_key(|window| (window.channel, window.utterance));
        let utterances =
            windows.chunk_by(|a, b| (a.channel, a.utterance) == (b.channel, b.utterance));
        utterances
            .map(|utterance| self.windows(utterance, &value))
            .collect()
    }

    fn windows<'a>(
        &self,
        windows: &[&'a Measurement],
        value: impl Fn(&Measurement) -> Option<f64>,
    ) -> Vec<Step<'a>> {
        let mut steps: Vec<Step<'_>> = Vec::new();
        for window in windows {
            let to = self.x(window.end_s);
            let value = value(window).unwrap_or(0.0);
            match steps.last_mut() {
                Some(last) if last.to - last.from < LEAST_WINDOW_DISTANCE => last.add(value, to),
                last => {
                    let from =
                        last.map_or_else(|| self.x(window.end_s - WINDOW_HOP_S), |last| last.to);
                    let label = &window.label;
                    steps.push(Step {
                        from,
                        to,
                        value,
                        count: 1.0,
                        label,
                    });
                }
            }
        }
        steps
    }

    fn bins<'a>(
        &self,
        windows: &'a [Measurement],
        value: impl Fn(&Measurement) -> Option<f64>,
    ) -> Vec<Vec<Step<'a>>> {
        let number = |window: &Measurement| self.bin(window.end_s - WINDOW_HOP_S / 2.0);
        let mut runs: Vec<Vec<Step<'_>>> = Vec::new();
        let mut next = None;
        for bin in windows.chunk_by(|a, b| number(a) == number(b)) {
            let place = bin.first().map_or(0, number);
            let values = bin.iter().map(|window| value(window).unwrap_or(0.0));
            let from = PLOT_LEFT + BIN_WIDTH * place as f64;
            let step = Step {
                from,
                to: (from + BIN_WIDTH).min(PLOT_RIGHT),
                value: values.sum::<f64>() / bin.len().max(1) as f64,
                count: bin.len() as f64,
                label: most_frequent(bin),
            };
            match runs.last_mut() {
                Some(run) if next == Some(place) => run.push(step),
                _ => runs.push(vec![step]),
            }
            next = Some(place + 1);
        }
        runs
    }

    /// The bin of a time.
    fn bin(&self, seconds: f64) -> usize {
        ((self.x(seconds) - PLOT_LEFT) / BIN_WIDTH) as usize
    }

    /// How much of each bin the utterances of each label fill, stacked in the model's
    /// order: those of one speaker, or all. The bin that is fullest with all utterances
    /// fills the lane.
    pub(super) fn stacks(
        &self,
        recording: &ReportedRecording,
        speaker: Option<Speaker>,
    ) -> Vec<Part> {
        let all = self.seconds_in_bins(recording, None);
        let sums = all.iter().map(|bin| bin.iter().sum::<f64>());
        let fullest = sums.fold(f64::MIN_POSITIVE, f64::max);
        let seconds = match speaker {
            Some(_) => self.seconds_in_bins(recording, speaker),
            None => all,
        };
        let mut parts = Vec::new();
        for (bin, seconds) in seconds.iter().enumerate() {
            let mut from = 0.0;
            for (label, filled) in seconds.iter().enumerate().filter(|(_, s)| **s > 0.0) {
                let to = (from + filled / fullest).min(1.0);
                let x = PLOT_LEFT + BIN_WIDTH * bin as f64;
                parts.push(Part {
                    label,
                    x,
                    width: (BIN_WIDTH - 1.0).min(PLOT_RIGHT - x),
                    from,
                    to,
                });
                from = to;
            }
        }
        parts
    }

    /// The seconds of each label in each bin, of one speaker or all; `uncertain` comes
    /// last.
    fn seconds_in_bins(
        &self,
        recording: &ReportedRecording,
        speaker: Option<Speaker>,
    ) -> Vec<Vec<f64>> {
        let labels = recording.labels();
        let count = ((PLOT_RIGHT - PLOT_LEFT) / BIN_WIDTH).ceil() as usize;
        let length_s = self.seconds * BIN_WIDTH / (PLOT_RIGHT - PLOT_LEFT);
        let mut seconds = vec![vec![0.0; labels.len() + 1]; count];
        let own = recording.utterances.iter();
        for utterance in own.filter(|it| speaker.is_none() || it.speaker == speaker) {
            let place = labels.iter().position(|label| *label == utterance.label);
            let place = place.unwrap_or(labels.len());
            let first = self.bin(utterance.start_s);
            let more = self.bin(utterance.end_s) + 1 - first;
            for (bin, seconds) in seconds.iter_mut().enumerate().skip(first).take(more) {
                let start_s = self.begin_s + bin as f64 * length_s;
                let inside =
                    utterance.end_s.min(start_s + length_s) - utterance.start_s.max(start_s);
                seconds[place] += inside.max(0.0);
            }
        }
        seconds
    }

    pub(super) fn ticks(&self) -> Vec<Tick> {
        let every_s = TICKS_S
            .into_iter()
            .find(|every_s| self.seconds / every_s <= MOST_TICKS)
            .unwrap_or(self.seconds / MOST_TICKS);
        let first = (self.begin_s / every_s).ceil() as usize;
        let last = ((self.begin_s + self.seconds) / every_s) as usize;
        let tick = |number: usize| {
            let seconds = number as f64 * every_s;
            let time = if every_s < 1.0 {
                clock_tenths(seconds)
            } else {
                clock(seconds)
            };
            Tick {
                x: self.x(seconds),
                time,
            }
        };
        (first..=last).map(tick).collect()
    }
}

impl Step<'_> {
    fn add(&mut self, value: f64, to: f64) {
        self.value = (self.value * self.count + value) / (self.count + 1.0);
        self.count += 1.0;
        self.to = to;
    }
}

/// The most frequent label of the windows; the first in a tie.
fn most_frequent(windows: &[Measurement]) -> &str {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for window in windows {
        match counts.iter_mut().find(|(label, _)| *label == window.label) {
            Some((_, count)) => *count += 1,
            None => counts.push((&window.label, 1)),
        }
    }
    let first_of_most = counts.iter().rev().max_by_key(|(_, count)| *count);
    first_of_most.map_or("", |(label, _)| label)
}
