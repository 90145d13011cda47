//! Steps and state of a streaming model.

use std::collections::HashSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{BASELINE_INPUT, BASELINE_SECONDS_INPUT, MFCC_INPUT, SpecError};

/// Fewest frames of a step after the first.
pub const MIN_STEP_FRAMES: usize = 2;
/// Fewest frames of a first step: a short utterance ends inside it.
pub const MIN_FIRST_FRAMES: usize = 3;
/// Most frames of a step in the metadata: 30 s.
const MAX_STEP_FRAMES: usize = 3000;
/// Most elements of the state: 64 MiB.
const MAX_STATE_ELEMENTS: usize = 16 << 20;

/// How a streaming model processes an utterance: in consecutive steps of frames, each
/// with the state that the previous step returned.
///
/// The inputs of the state have the names in [`state`](Self::state), as 32-bit floats.
/// The outputs have `next_` before each name. The prediction of a step covers all
/// frames since the start of the utterance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamSpec {
    /// Frames of the first step.
    pub first_frames: usize,
    /// Frames of every other step, or a multiple of them. The last step of an utterance
    /// may have fewer, but at least two, or three if it is also the first.
    pub step_frames: usize,
    /// The state, in the order of the metadata.
    pub state: Vec<StateTensor>,
    /// Least logit of the output `speech` that counts as speech.
    #[serde(default)]
    pub speech_threshold: f64,
}

/// A tensor of the state at the start of an utterance. Its shape may change later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateTensor {
    /// Name of the input.
    pub name: String,
    /// Dimensions, each at least 1.
    pub shape: Vec<usize>,
    /// The value of every element.
    pub fill: f32,
}

impl StateTensor {
    /// Name of the output with the next state.
    pub fn next(&self) -> String {
        format!("next_{}", self.name)
    }

    /// Number of elements.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

impl StreamSpec {
    /// The steps to run when `complete` frames of an utterance exist and `fed` were
    /// processed: ranges of frames from its start, at most three.
    ///
    /// The `last` call takes everything left, unless it is too short for a step.
    pub fn steps(
        &self,
        fed: usize,
        complete: usize,
        last: bool,
    ) -> impl Iterator<Item = Range<usize>> + use<> {
        let left = complete.saturating_sub(fed);
        let first = match fed {
            0 if left >= self.first_frames => self.first_frames,
            0 if last && left >= MIN_FIRST_FRAMES => left,
            _ => 0,
        };
        let whole = if fed + first == 0 {
            0
        } else {
            (left - first) / self.step_frames * self.step_frames
        };
        let rest = if last && fed + first > 0 {
            left - first - whole
        } else {
            0
        };
        let mut start = fed;
        [first, whole, rest].into_iter().filter_map(move |frames| {
            let step = start..start + frames;
            start = step.end;
            (frames >= MIN_STEP_FRAMES).then_some(step)
        })
    }

    /// Checks the entry, but not the tensors of the file.
    pub(super) fn check(&self) -> Result<(), SpecError> {
        for (item, frames, fewest) in [
            ("first_frames", self.first_frames, MIN_FIRST_FRAMES),
            ("step_frames", self.step_frames, MIN_STEP_FRAMES),
        ] {
            if !(fewest..=MAX_STEP_FRAMES).contains(&frames) {
                let expected = format!("{fewest} to {MAX_STEP_FRAMES}");
                let found = frames.to_string();
                return Err(SpecError::new(format!("stream.{item}"), expected, found));
            }
        }
        let mut names: HashSet<&str> = [MFCC_INPUT, BASELINE_INPUT, BASELINE_SECONDS_INPUT].into();
        let mut size = 0_usize;
        for tensor in &self.state {
            let StateTensor { name, shape, fill } = tensor;
            let number = shape.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim));
            size = size.saturating_add(number.unwrap_or(usize::MAX));
            let sound = !name.is_empty() && !shape.contains(&0) && fill.is_finite();
            if !sound || size > MAX_STATE_ELEMENTS || !names.insert(name) {
                let expected = format!(
                    "distinct names, dimensions of at least 1, finite values, at most \
                     {MAX_STATE_ELEMENTS} numbers in all"
                );
                let found = format!("{name:?} {shape:?} of {fill}");
                return Err(SpecError::new("stream.state", expected, found));
            }
        }
        if self.state.is_empty() {
            return Err(SpecError::new("stream.state", "one tensor or more", "none"));
        }
        if !self.speech_threshold.is_finite() {
            let found = self.speech_threshold.to_string();
            return Err(SpecError::new("stream.speech_threshold", "a number", found));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spec() -> StreamSpec {
        StreamSpec {
            first_frames: 73,
            step_frames: 24,
            state: Vec::new(),
            speech_threshold: 0.0,
        }
    }

    fn steps(fed: usize, complete: usize, last: bool) -> Vec<Range<usize>> {
        spec().steps(fed, complete, last).collect()
    }

    #[test]
    fn a_step_waits_for_its_frames_and_takes_all_whole_ones() {
        assert!(steps(0, 72, false).is_empty());
        assert_eq!(steps(0, 96, false), [0..73]);
        assert_eq!(steps(0, 73 + 49, false), [0..73, 73..121]);
        assert!(steps(73, 96, false).is_empty());
        assert_eq!(steps(73, 97, false), [73..97]);
        assert_eq!(steps(73, 73 + 71, false), [73..121]);
    }

    #[test]
    fn the_last_step_takes_what_is_left_but_for_a_single_frame() {
        assert_eq!(steps(0, 16, true), [0..16]);
        assert_eq!(steps(0, 3, true), [0..3]);
        assert!(steps(0, 2, true).is_empty());
        assert_eq!(steps(0, 74, true), [0..73]);
        assert_eq!(steps(0, 75, true), [0..73, 73..75]);
        assert_eq!(steps(97, 97 + 25, true), [97..121]);
        assert_eq!(steps(97, 97 + 26, true), [97..121, 121..123]);
        assert!(steps(97, 97, true).is_empty());
        assert!(steps(97, 90, true).is_empty());
    }

    proptest! {
        #[test]
        fn every_frame_is_fed_once_and_in_order(grows in prop::collection::vec(0_usize..60, 1..30)) {
            let (mut fed, mut complete) = (0, 0);
            for (index, more) in grows.iter().enumerate() {
                complete += more;
                for step in steps(fed, complete, index + 1 == grows.len()) {
                    prop_assert_eq!(step.start, fed);
                    prop_assert!(step.end <= complete && step.len() >= MIN_STEP_FRAMES);
                    fed = step.end;
                }
            }
            let fewest = if fed == 0 { MIN_FIRST_FRAMES } else { MIN_STEP_FRAMES };
            prop_assert!(complete - fed < fewest);
        }
    }
}
