//! Shows how much speech a calibration has collected, and its problems.

use std::io::{self, IsTerminal};

use crossbeam_channel::{Receiver, Sender};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::voices::{CalibrationSpeakers, first_speech_s, is_of_another};
use crate::cli::print_message;
use crate::messages::{Control, Level, Status, Update};

/// Seconds of silence before a notice.
const SILENCE_BEFORE_NOTICE_S: f64 = 6.0;

/// The progress so far. Times are seconds of audio.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct SpeechProgress {
    /// Speech in the baseline; `None` for a model without one.
    speech_s: Option<f64>,
    at_s: f64,
    /// When speech was last added.
    spoken_at_s: f64,
    /// When another speaker was last detected.
    other_at_s: Option<f64>,
    /// Whether the current silence was reported.
    silence_told: bool,
    /// Whether the current speech of others was reported.
    other_told: bool,
}

impl SpeechProgress {
    /// Updates the speech in the baseline, in seconds.
    fn speech(&mut self, seconds: f64) {
        let before = self.speech_s.replace(seconds).unwrap_or(0.0);
        if seconds > before {
            self.spoken_at_s = self.at_s;
            self.silence_told = false;
            self.other_told = false;
        }
    }

    /// Another speaker was detected.
    fn other_speaks(&mut self) {
        self.other_at_s = Some(self.at_s);
        self.silence_told = false;
    }

    /// Advances the time; returns a message for the user, if any.
    fn time(&mut self, at_s: f64) -> Option<String> {
        self.at_s = at_s;
        let waited = at_s - self.spoken_at_s;
        if self.speech_s.is_none() || waited < SILENCE_BEFORE_NOTICE_S {
            return None;
        }
        let silence = waited.min(at_s - self.other_at_s.unwrap_or(0.0));
        if silence < SILENCE_BEFORE_NOTICE_S {
            let told = std::mem::replace(&mut self.other_told, true);
            return (!told).then(|| {
                format!(
                    "another voice has been speaking for the last {waited:.0} s, which does not \
                     count: let the first speaker read on"
                )
            });
        }
        let told = std::mem::replace(&mut self.silence_told, true);
        (!told).then(|| {
            format!("no speech for {silence:.0} s: read on, or come nearer to the microphone")
        })
    }

    /// What counts: speech, or time where the model has no baseline.
    fn counted_s(&self) -> f64 {
        self.speech_s.unwrap_or(self.at_s)
    }
}

/// Shows the progress until the session is over, and ends it when enough speech
/// was gathered. Returns whether several people spoke.
pub(super) fn follow(
    updates: &Receiver<Update>,
    controls: &Sender<Control>,
    wanted_s: f64,
) -> bool {
    let bar = bar(wanted_s);
    let mut progress = SpeechProgress::default();
    let mut voices = CalibrationSpeakers::default();
    for update in updates {
        let warning = match update {
            Update::Status(Status {
                baseline_s: Some(seconds),
                ..
            }) => {
                // Later it may be that of another voice.
                let before = progress.speech_s.unwrap_or(0.0);
                let seconds = if voices.several() {
                    before
                } else {
                    before.max(seconds.into())
                };
                progress.speech(seconds);
                None
            }
            Update::Event(event) => {
                let first = first_speech_s(&event).filter(|_| voices.several());
                if let Some(seconds) = first {
                    progress.speech(seconds);
                }
                if is_of_another(&event) {
                    progress.other_speaks();
                }
                voices.update(&event).then(|| {
                    "another voice, which does not count: only one person may speak".into()
                })
            }
            Update::Level(Level {
                at_s, peak_dbfs, ..
            }) => {
                let counted = progress.counted_s().min(wanted_s);
                bar.set_position((counted * 10.0) as u64);
                bar.set_message(format!(
                    "{counted:>3.0} of {wanted_s:.0} s of speech, {peak_dbfs:>4.0} dBFS"
                ));
                progress.time(at_s)
            }
            _ => None,
        };
        if let Some(warning) = warning {
            bar.suspend(|| print_message(&warning));
        }
        if progress.counted_s() >= wanted_s {
            let _ = controls.try_send(Control::Quit); // it may be over already
        }
    }
    bar.finish_and_clear();
    voices.several()
}

fn bar(wanted_s: f64) -> ProgressBar {
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(8)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some((wanted_s * 10.0) as u64), target);
    let style = ProgressStyle::with_template("{wide_bar} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_once_and_again_after_speech() {
        let mut progress = SpeechProgress::default();
        progress.speech(0.0);
        assert_eq!(progress.time(5.0), None);
        assert!(
            progress
                .time(6.5)
                .is_some_and(|text| text.contains("no speech for 6 s"))
        );
        assert_eq!(progress.time(9.0), None);
        progress.speech(2.0);
        assert_eq!(progress.time(14.0), None);
        assert!(progress.time(15.5).is_some());
    }

    #[test]
    fn speech_of_another_voice_is_not_called_silence() {
        let mut progress = SpeechProgress::default();
        progress.time(1.0);
        progress.speech(1.0);
        let mut told = Vec::new();
        for second in 2..30 {
            if (3..=12).contains(&second) {
                progress.other_speaks();
            }
            told.extend(progress.time(f64::from(second)).map(|text| (second, text)));
        }
        let [(first, other), (last, silence)] = &told[..] else {
            panic!("{told:?}");
        };
        assert!(other.starts_with("another voice"), "{other}");
        assert!(silence.starts_with("no speech for 6 s"), "{silence}");
        assert_eq!((*first, *last), (7, 17));
    }

    #[test]
    fn speech_counts_and_not_time() {
        let mut progress = SpeechProgress::default();
        progress.time(4.0);
        assert!(
            (progress.counted_s() - 4.0).abs() < 1e-9,
            "no baseline: time counts"
        );
        progress.speech(1.0);
        progress.time(30.0);
        assert!((progress.counted_s() - 1.0).abs() < 1e-9);
    }
}
