//! The speakers in a pipeline: tracked with each window, collected for a later decision,
//! or known from a first pass.

use std::sync::Arc;

use crate::classifier::ClassifierError;
use crate::dsp::feature_spec::HOP_SAMPLES;
use crate::dsp::speaker_bands::N_SPEAKER_BANDS;
use crate::events::{ChangedSpeaker, Speaker};
use crate::pipeline::mfcc_history::MfccHistory;
use crate::pipeline::segmenter::OpenUtterance;
use crate::pipeline::speaker_collecting::{Collected, Collector};
use crate::pipeline::speaker_windows::{LIVE, RECORDING, SpeakerWindows};
use crate::speakers::spec::SpeakerTuning;
use crate::speakers::tracker::VoiceTracker;
use crate::speakers::turns::{Span, Turns};
use crate::speakers::{SpeakerNetwork, SpeakerWindow};

/// Frames whose bands are kept, 4 s: some windows, and the longest pause.
const MAX_BAND_FRAMES: usize = 400;

/// How speakers are tracked.
pub enum SpeakerMode {
    /// As the windows come, without a look ahead.
    Follow {
        /// Embeds the windows.
        network: Box<dyn SpeakerNetwork>,
        /// The network's constants.
        tuning: SpeakerTuning,
        /// Speakers at most.
        most: Option<u16>,
    },
    /// Windows are collected for a later decision.
    Collect {
        /// Embeds the windows.
        network: Box<dyn SpeakerNetwork>,
        /// The network's constants.
        tuning: SpeakerTuning,
    },
    /// The turns are known.
    Known(Arc<Turns>),
}

/// A change of the speaker within the open utterance, in samples of the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Where it is.
    pub at: u64,
    /// Who speaks from there on.
    pub speaker: Speaker,
}

/// Tracks the speaker.
pub struct SpeakerFollower {
    mode: Mode,
    /// Bands of the last frames.
    bands: MfccHistory,
    cutter: SpeakerWindows,
    /// First sample of the segment in the session.
    segment: u64,
}

enum Mode {
    Follow(Box<dyn SpeakerNetwork>, Box<VoiceTracker>),
    Collect(Box<Collector>),
    Known(Arc<Turns>),
}

impl SpeakerFollower {
    /// A follower at the start of a session.
    pub fn new(mode: SpeakerMode) -> Self {
        let mode = match mode {
            SpeakerMode::Follow {
                network,
                tuning,
                most,
            } => Mode::Follow(network, Box::new(VoiceTracker::new(tuning, most))),
            SpeakerMode::Collect { network, tuning } => {
                Mode::Collect(Box::new(Collector::new(network, tuning)))
            }
            SpeakerMode::Known(turns) => Mode::Known(turns),
        };
        let (kept, lengths) = match mode {
            Mode::Known(_) => (0, RECORDING),
            Mode::Collect(_) => (MAX_BAND_FRAMES, RECORDING),
            Mode::Follow(..) => (MAX_BAND_FRAMES, LIVE),
        };
        Self {
            mode,
            bands: MfccHistory::new(kept),
            cutter: SpeakerWindows::new(lengths),
            segment: 0,
        }
    }

    /// Whether bands are needed.
    pub fn needs_bands(&self) -> bool {
        !matches!(self.mode, Mode::Known(_))
    }

    /// Adds the bands of the next frame.
    pub fn push(&mut self, bands: &[f32; 80]) {
        self.bands.push(bands);
    }

    /// A segment begins at a sample of the session.
    pub fn begin_segment(&mut self, segment: u64) {
        self.bands.clear();
        self.segment = segment;
    }

    /// Forgets all voices.
    pub fn reset(&mut self) {
        if let Mode::Follow(_, tracker) = &mut self.mode {
            tracker.reset();
        }
    }

    /// What was collected, up to the first error of the network.
    pub fn take_collected(&mut self) -> Collected {
        match &mut self.mode {
            Mode::Collect(collector) => collector.take(),
            _ => Collected::default(),
        }
    }

    /// An utterance begins; who speaks in it, as far as is known.
    pub fn begin(&mut self, utterance: OpenUtterance) -> Option<Speaker> {
        self.cutter.begin(utterance);
        match &self.mode {
            Mode::Follow(_, tracker) => Some(tracker.current()),
            Mode::Collect(_) => None,
            Mode::Known(turns) => turns.speaker_at(self.segment + utterance.start),
        }
    }

    /// The change of a known turn in the open utterance before the sample `now`.
    pub fn known_change(&self, open: OpenUtterance, now: u64) -> Option<Change> {
        let Mode::Known(turns) = &self.mode else {
            return None;
        };
        let at = turns.change_in(self.segment + open.start, self.segment + now)?;
        Some(Change {
            at: at - self.segment,
            speaker: turns.speaker_at(at)?,
        })
    }

    /// Embeds the window that is due in the open utterance, if there is one. Says
    /// whether there was.
    ///
    /// # Errors
    /// The engine's error.
    pub fn step(&mut self, open: OpenUtterance) -> Result<bool, ClassifierError> {
        if !self.needs_bands() {
            return Ok(false);
        }
        match self.cutter.due(&self.bands) {
            Some(frames) => self.embed(open, frames),
            None => Ok(false),
        }
    }

    /// Embeds the last window of an utterance that ended at a sample, if it needs one.
    ///
    /// # Errors
    /// The engine's error.
    pub fn last(&mut self, open: OpenUtterance, end: u64) -> Result<(), ClassifierError> {
        if self.needs_bands()
            && let Some(frames) = self.cutter.last(end, &self.bands)
        {
            self.embed(open, frames)?;
        }
        match &mut self.mode {
            Mode::Collect(collector) => collector.end(Span {
                utterance: open.number,
                start: self.segment + open.start,
                end: self.segment + end,
            }),
            _ => Ok(()),
        }
    }

    fn embed(
        &mut self,
        open: OpenUtterance,
        frames: std::ops::Range<u64>,
    ) -> Result<bool, ClassifierError> {
        let bands = self.bands.view(frames.clone());
        if bands.is_empty() {
            return Ok(false);
        }
        let hop = HOP_SAMPLES as u64;
        let start = self.segment + frames.start * hop;
        let mut window =
            SpeakerWindow::pending(start, self.segment + frames.end * hop, open.number);
        match &mut self.mode {
            Mode::Follow(network, tracker) => {
                let all = 0..bands.len() / N_SPEAKER_BANDS;
                let found = network.embed(bands, &[all])?.pop();
                window.set_embedding(found.unwrap_or_default());
                tracker.push(window);
            }
            Mode::Collect(collector) => collector.add(window, frames, &self.bands)?,
            Mode::Known(_) => return Ok(false),
        }
        Ok(true)
    }

    /// The change of the speaker that the windows of the open utterance show.
    pub fn found_change(&mut self, open: OpenUtterance) -> Option<Change> {
        let Mode::Follow(_, tracker) = &mut self.mode else {
            return None;
        };
        let change = tracker.take_change(open.number)?;
        Some(Change {
            at: change.at.checked_sub(self.segment)?,
            speaker: change.speaker,
        })
    }

    /// Who speaks in the open utterance, as far as is known.
    pub fn current(&self) -> Option<Speaker> {
        match &self.mode {
            Mode::Follow(_, tracker) => Some(tracker.current()),
            _ => None,
        }
    }

    /// Who spoke an utterance that ended, where the windows show it; and earlier
    /// utterances whose speaker is corrected.
    pub fn end(&mut self, open: OpenUtterance) -> (Option<Speaker>, Vec<ChangedSpeaker>) {
        match &mut self.mode {
            Mode::Follow(_, tracker) => {
                let (speaker, changed) = tracker.end(open.number);
                (Some(speaker), changed)
            }
            _ => (None, Vec::new()),
        }
    }
}
