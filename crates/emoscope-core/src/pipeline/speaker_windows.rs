//! Which windows of an utterance the speaker network embeds.

use std::ops::Range;

use crate::dsp::feature_spec::HOP_SAMPLES;
use crate::pipeline::mfcc_history::MfccHistory;
use crate::pipeline::segmenter::OpenUtterance;

const FRAME_SAMPLES: u64 = HOP_SAMPLES as u64;
/// Frames of a window: 1 s. Longer ones tell voices apart better, but short turns
/// without a pause between them leave few of those to one voice.
pub const WINDOW_FRAMES: u64 = 100;
/// Frames from a window to the next: 0.75 s.
const WINDOW_STEP_FRAMES: u64 = 75;
/// Frames of the shortest window, 0.75 s; a shorter utterance is embedded with the
/// silence around it.
const MIN_WINDOW_FRAMES: u64 = 75;
/// Shortest utterance that is embedded, in frames: 0.4 s.
const MIN_SPEECH_FRAMES: u64 = 40;
/// Frames at the end of an utterance that need a window of their own: 0.3 s.
const MIN_REST_FRAMES: u64 = 30;

/// Cuts windows along the open utterance.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpeakerWindows {
    /// First frame of the utterance.
    start: u64,
    /// The frame at which the next window ends.
    next: u64,
    /// The frame at which the last window ended, or the start.
    done: u64,
}

impl SpeakerWindows {
    /// Starts an utterance.
    pub fn begin(&mut self, utterance: OpenUtterance) {
        self.start = utterance.start.div_ceil(FRAME_SAMPLES);
        self.next = self.start + WINDOW_FRAMES;
        self.done = self.start;
    }

    /// The frames of the window that is due, if there is one. Of several there is
    /// one at a time.
    pub fn due(&mut self, rows: &MfccHistory) -> Option<Range<u64>> {
        if rows.end() < self.next {
            return None;
        }
        let end = self.next;
        self.next += WINDOW_STEP_FRAMES;
        self.done = end;
        Some(end - WINDOW_FRAMES..end)
    }

    /// The frames of the last window of an utterance that ended at the sample `end`,
    /// if the windows before it left enough.
    pub fn last(&mut self, end: u64, rows: &MfccHistory) -> Option<Range<u64>> {
        let end = end.div_ceil(FRAME_SAMPLES).min(rows.end());
        let length = end.saturating_sub(self.start);
        if length < MIN_SPEECH_FRAMES || end < self.done + MIN_REST_FRAMES {
            return None;
        }
        self.done = end;
        if length >= MIN_WINDOW_FRAMES {
            return Some(end - length.min(WINDOW_FRAMES)..end);
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
    fn windows(frames: u64) -> Vec<(u64, u64)> {
        let (start, end) = (50, 50 + frames);
        let mut cutter = SpeakerWindows::default();
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
        assert_eq!(windows(204), [(50, 100), (125, 100)]);
        assert_eq!(windows(205), [(50, 100), (125, 100), (155, 100)]);
    }

    #[test]
    fn a_short_utterance_has_one_window_with_the_silence_around_it() {
        assert_eq!(windows(39), []);
        assert_eq!(windows(40), [(32, 75)]);
        assert_eq!(windows(90), [(50, 90)]);
    }
}
