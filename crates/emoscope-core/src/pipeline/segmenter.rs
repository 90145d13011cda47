//! Debounces voice activity into utterances.

use crate::dsp::feature_spec::{N_FFT, SAMPLE_RATE_HZ};

/// Speech shorter than this is not an utterance: 160 ms.
pub const MIN_UTTERANCE_SAMPLES: u64 = SAMPLE_RATE_HZ as u64 * 16 / 100;
/// Silence that ends an utterance: 500 ms.
pub const PAUSE_SAMPLES: u64 = SAMPLE_RATE_HZ as u64 / 2;
/// Speech without a pause is cut after this length: 20 s.
pub const MAX_UTTERANCE_SAMPLES: u64 = SAMPLE_RATE_HZ as u64 * 20;

/// An open utterance; samples at 16 kHz from the start of the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenUtterance {
    /// Number within the session, from 1.
    pub number: u64,
    /// Onset of the speech.
    pub start: u64,
}

/// A change of the open utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UtteranceChange {
    /// An utterance began.
    Start(OpenUtterance),
    /// An utterance ended at a sample.
    End(OpenUtterance, u64),
}

/// Turns changes of the VAD into utterances.
#[derive(Debug, Clone, Default)]
pub struct Segmenter {
    count: u64,
    /// Start of speech that is not long enough yet.
    candidate: Option<u64>,
    open: Option<OpenUtterance>,
    /// Where the speech stopped, while the VAD is inactive.
    silent_since: Option<u64>,
}

impl Segmenter {
    /// The open utterance.
    pub fn open(&self) -> Option<OpenUtterance> {
        self.open
    }

    /// The VAD became active; the speech began at `onset`.
    pub fn voice_began(&mut self, onset: u64) {
        self.silent_since = None;
        if self.open.is_none() {
            self.candidate = Some(onset);
        }
    }

    /// The VAD became inactive; the speech ended at `end`.
    pub fn voice_ended(&mut self, end: u64) {
        self.candidate = None;
        self.silent_since = Some(end);
    }

    /// The change that is due; to be called for every block with its end, and with the
    /// end of the last voiced block.
    pub fn at(&mut self, now: u64, voiced: u64) -> Option<UtteranceChange> {
        if let Some(start) = self.candidate
            && now >= start + MIN_UTTERANCE_SAMPLES
            // After a cut the speech may already be over.
            && voiced > start
        {
            self.candidate = None;
            return Some(UtteranceChange::Start(self.begin(start)));
        }
        let open = self.open?;
        match self.silent_since {
            Some(end) if now >= end + PAUSE_SAMPLES => {
                self.open = None;
                Some(UtteranceChange::End(open, end))
            }
            // Slightly late, so that the last frame of the utterance is complete.
            None if now >= open.start + MAX_UTTERANCE_SAMPLES + N_FFT as u64 / 2 => {
                let end = open.start + MAX_UTTERANCE_SAMPLES;
                self.open = None;
                self.candidate = Some(end);
                Some(UtteranceChange::End(open, end))
            }
            _ => None,
        }
    }

    /// Another speaker speaks from `at` on: returns the utterance that ends there and
    /// the one that begins, if the open one began before.
    pub fn split(&mut self, at: u64) -> Option<(OpenUtterance, OpenUtterance)> {
        let ended = self.open.filter(|open| open.start < at)?;
        Some((ended, self.begin(at)))
    }

    /// Splits an utterance that has just ended: the part from `at` on is not open.
    pub fn split_ended(&mut self, at: u64) -> OpenUtterance {
        let begun = self.begin(at);
        self.open = None;
        begun
    }

    /// The audio, and the speech with it, ends at `end`.
    pub fn finish(&mut self, end: u64) -> Option<UtteranceChange> {
        self.candidate = None;
        let open = self.open.take()?;
        Some(UtteranceChange::End(
            open,
            self.silent_since.take().unwrap_or(end),
        ))
    }

    /// Number of utterances so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    fn begin(&mut self, start: u64) -> OpenUtterance {
        self.count += 1;
        let open = OpenUtterance {
            number: self.count,
            start,
        };
        self.open = Some(open);
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cough_is_no_utterance_and_a_breath_does_not_end_one() {
        let mut units = Segmenter::default();
        units.voice_began(1000);
        units.voice_ended(2000);
        assert_eq!(units.at(9000, 9000), None);
        units.voice_began(10_000);
        assert_eq!(units.at(10_100, 10_100), None);
        let open = OpenUtterance {
            number: 1,
            start: 10_000,
        };
        assert_eq!(units.at(12_560, 12_560), Some(UtteranceChange::Start(open)));
        units.voice_ended(30_000);
        units.voice_began(34_000);
        assert_eq!(units.at(40_000, 40_000), None);
        units.voice_ended(50_000);
        assert_eq!(units.at(57_999, 50_000), None);
        assert_eq!(
            units.at(58_000, 50_000),
            Some(UtteranceChange::End(open, 50_000))
        );
    }

    #[test]
    fn endless_speech_is_cut_and_goes_on() {
        let mut units = Segmenter::default();
        units.voice_began(0);
        let first = OpenUtterance {
            number: 1,
            start: 0,
        };
        assert_eq!(
            units.at(MIN_UTTERANCE_SAMPLES, MIN_UTTERANCE_SAMPLES),
            Some(UtteranceChange::Start(first))
        );
        assert_eq!(
            units.at(MAX_UTTERANCE_SAMPLES + 200, MAX_UTTERANCE_SAMPLES + 200),
            Some(UtteranceChange::End(first, MAX_UTTERANCE_SAMPLES))
        );
        let second = OpenUtterance {
            number: 2,
            start: MAX_UTTERANCE_SAMPLES,
        };
        assert_eq!(
            units.at(
                MAX_UTTERANCE_SAMPLES + MIN_UTTERANCE_SAMPLES,
                MAX_UTTERANCE_SAMPLES + MIN_UTTERANCE_SAMPLES
            ),
            Some(UtteranceChange::Start(second))
        );
    }

    #[test]
    fn a_voice_that_ends_just_before_the_cut_leaves_nothing_behind_it() {
        let mut units = Segmenter::default();
        units.voice_began(0);
        units.at(MIN_UTTERANCE_SAMPLES, MIN_UTTERANCE_SAMPLES);
        let end = MAX_UTTERANCE_SAMPLES - 256;
        let cut = units.at(MAX_UTTERANCE_SAMPLES + 256, end);
        assert!(matches!(cut, Some(UtteranceChange::End(..))));
        let later = MAX_UTTERANCE_SAMPLES + MIN_UTTERANCE_SAMPLES;
        assert_eq!(units.at(later, end), None);
        units.voice_ended(end);
        assert_eq!(units.at(later + PAUSE_SAMPLES, end), None);
        assert_eq!(units.count(), 1);
    }
}
