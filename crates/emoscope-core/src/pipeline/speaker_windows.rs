//! Which windows of an utterance the speaker network embeds.

use std::ops::Range;

use crate::dsp::feature_spec::HOP_SAMPLES;
use crate::pipeline::mfcc_history::MfccHistory;
use crate::pipeline::segmenter::OpenUtterance;

const FRAME_SAMPLES: u64 = HOP_SAMPLES as u64;
/// Frames of the shortest window, 0.75 s; a shorter utterance is embedded with the
/// silence around it.
const MIN_WINDOW_FRAMES: u64 = 75;
/// Shortest utterance that is embedded, in frames: 0.4 s.
const MIN_SPEECH_FRAMES: u64 = 40;

/// Lengths of windows, in frames. Longer ones tell voices apart better, but short turns
/// without a pause between them leave few of those to one voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLengths {
    /// A window.
    pub window: u64,
    /// From a window to the next.
    pub step: u64,
    /// The end of an utterance that needs a window of its own.
    pub min_rest: u64,
}

/// As speech comes: each window is computed alone.
pub const LIVE: WindowLengths = WindowLengths {
    window: 100,
    step: 75,
    min_rest: 30,
};

/// In a recording: many windows share one computation.
pub const RECORDING: WindowLengths = WindowLengths {
    window: 80,
    step: 36,
    min_rest: 20,
};

/// Cuts windows along the open utterance.
#[derive(Debug, Clone, Copy)]
pub struct SpeakerWindows {
    lengths: WindowLengths,
    /// First frame of the utterance.
    start: u64,
    /// The frame at which the next window ends.
    next: u64,
    /// The frame at which the last window ended, or the start.
    done: u64,
}

impl SpeakerWindows {
    /// A cutter without an utterance.
    pub fn new(lengths: WindowLengths) -> Self {
        Self {
            lengths,
            start: 0,
            next: 0,
            done: 0,
        }
    }

    /// Starts an utterance.
    pub fn begin(&mut self, utterance: OpenUtterance) {
        self.start = utterance.start.div_ceil(FRAME_SAMPLES);
        self.next = self.start + self.lengths.window;
        self.done = self.start;
    }

    /// The frames of the window that is due, if there is one. Of several there is
    /// one at a time.
    pub fn due(&mut self, rows: &MfccHistory) -> Option<Range<u64>> {
        if rows.end() < self.next {
            return None;
        }
        let end = self.next;
        self.next += self.lengths.step;
        self.done = end;
        Some(end - self.lengths.window..end)
    }

    /// The frames of the last window of an utterance that ended at the sample `end`,
    /// if the windows before it left enough.
    pub fn last(&mut self, end: u64, rows: &MfccHistory) -> Option<Range<u64>> {
        let end = end.div_ceil(FRAME_SAMPLES).min(rows.end());
        let length = end.saturating_sub(self.start);
        if length < MIN_SPEECH_FRAMES || end < self.done + self.lengths.min_rest {
            return None;
        }
        self.done = end;
        if length >= MIN_WINDOW_FRAMES {
            return Some(end - length.min(self.lengths.window)..end);
        }
        // As much silence behind it as there is, the rest from before it.
        let end = (end + (MIN_WINDOW_FRAMES - length) / 2).min(rows.end());
        Some(end.saturating_sub(MIN_WINDOW_FRAMES)..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First frame and length of each window of an utterance of so many frames between 50
    /// frames of silence.
    fn windows(lengths: WindowLengths, frames: u64) -> Vec<(u64, u64)> {
        let (start, end) = (50, 50 + frames);
        let mut cutter = SpeakerWindows::new(lengths);
        cutter.begin(OpenUtterance {
            number: 1,
            start: start * FRAME_SAMPLES,
        });
        let mut rows = MfccHistory::new(1_000);
        let mut found: Vec<Range<u64>> = Vec::new();
        for frame in 0..end + 50 {
            rows.push(&[0.0; 80]);
            if frame < end {
                found.extend(cutter.due(&rows));
            }
        }
        found.extend(cutter.last(end * FRAME_SAMPLES, &rows));
        let lengths = found.iter().map(|it| (it.start, it.end - it.start));
        lengths.collect()
    }

    #[test]
    fn windows_overlap_and_a_long_enough_rest_has_its_own() {
        assert_eq!(windows(LIVE, 204), [(50, 100), (125, 100)]);
        assert_eq!(windows(LIVE, 205), [(50, 100), (125, 100), (155, 100)]);
        assert_eq!(windows(RECORDING, 135), [(50, 80), (86, 80)]);
        assert_eq!(windows(RECORDING, 136), [(50, 80), (86, 80), (106, 80)]);
    }

    #[test]
    fn a_short_utterance_has_one_window_with_the_silence_around_it() {
        for lengths in [LIVE, RECORDING] {
            assert_eq!(windows(lengths, 39), []);
            assert_eq!(windows(lengths, 40), [(32, 75)]);
            assert_eq!(windows(lengths, 78), [(50, 78)]);
        }
    }
}
