//! The effect of speaker tracking on a pipeline: a change of speaker ends an utterance, and
//! each utterance is compared with its speaker's baseline.

use super::Pipeline;
use super::segmenter::OpenUtterance;
use super::speaker_collecting::Collected;
use super::speaker_following::{Change, SpeakerFollower};
use crate::classifier::ClassifierError;
use crate::dsp::feature_spec::N_FFT;
use crate::dsp::front_end::FrontEnd;
use crate::events::{Event, Speaker};

impl Pipeline {
    /// Other people speak from now on: forgets the voices and their baselines.
    pub(super) fn reset_speaker(&mut self) {
        self.classifier.reset_speakers();
        self.speaker = None;
        if let Some(follower) = &mut self.follower {
            follower.reset();
        }
    }

    /// What the first pass over a recording found of its speakers.
    pub(super) fn take_collected(&mut self) -> Collected {
        let follower = self.follower.as_mut();
        follower
            .map(SpeakerFollower::take_collected)
            .unwrap_or_default()
    }

    /// Continues with another input.
    pub(super) fn replace_front_end(&mut self, mut front_end: FrontEnd) {
        if self
            .follower
            .as_ref()
            .is_some_and(SpeakerFollower::needs_bands)
        {
            front_end.compute_speaker_bands();
        }
        self.front_end = front_end;
    }

    /// Ends the open utterance where a known turn does.
    pub(super) fn turn(&mut self, now: u64, out: &mut Vec<Event>) -> Result<(), ClassifierError> {
        let (Some(follower), Some(open)) = (&self.follower, self.utterances.open()) else {
            return Ok(());
        };
        // A little late, so that the last frame is complete.
        match follower.known_change(open, now.saturating_sub(N_FFT as u64 / 2)) {
            Some(change) => self.split(change, out),
            None => Ok(()),
        }
    }

    /// Embeds the window of the open utterance that is due, and acts on what it shows.
    pub(super) fn follow(
        &mut self,
        open: OpenUtterance,
        out: &mut Vec<Event>,
    ) -> Result<(), ClassifierError> {
        let Some(follower) = &mut self.follower else {
            return Ok(());
        };
        if !follower.step(open)? {
            return Ok(());
        }
        if let Some(change) = follower.found_change(open) {
            return self.split(change, out);
        }
        let speaker = follower.current();
        self.spoken_by(speaker);
        Ok(())
    }

    /// Ends the open utterance where the speaker changed, and begins the next one.
    pub(super) fn split(
        &mut self,
        change: Change,
        out: &mut Vec<Event>,
    ) -> Result<(), ClassifierError> {
        if let Some((ended, begun)) = self.utterances.split(change.at) {
            self.end(ended, change.at, out)?;
            self.start(begun, out);
            self.spoken_by(Some(change.speaker));
        }
        Ok(())
    }

    /// Compares with the baseline of a speaker from now on.
    pub(super) fn spoken_by(&mut self, speaker: Option<Speaker>) {
        if let Some(speaker) = speaker {
            self.speaker = Some(speaker);
            if self.classifier.speakers_mut().select(speaker) {
                self.classifier.baseline_changed();
            }
        }
    }

    /// Ends an utterance after its last window, which may show that its last
    /// part has another speaker.
    pub(super) fn finish_utterance(
        &mut self,
        open: OpenUtterance,
        end: u64,
        out: &mut Vec<Event>,
    ) -> Result<(), ClassifierError> {
        let Some(follower) = &mut self.follower else {
            return self.end(open, end, out);
        };
        follower.last(open, end)?;
        let change = follower.found_change(open);
        match change.filter(|change| open.start < change.at && change.at < end) {
            None => self.end(open, end, out),
            Some(change) => {
                self.end(open, change.at, out)?;
                let rest = self.utterances.split_ended(change.at);
                self.start(rest, out);
                self.spoken_by(Some(change.speaker));
                self.end(rest, end, out)
            }
        }
    }
}
