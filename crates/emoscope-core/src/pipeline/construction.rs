//! How a pipeline is put together.

use std::sync::Arc;

use super::audio_quality::AudioQuality;
use super::mfcc_history::MfccHistory;
use super::segmenter::{PAUSE_SAMPLES, Segmenter};
use super::speaker_baselines::SpeakerBaselines;
use super::speaker_following::{SpeakerFollower, SpeakerMode};
use super::stream_classifier::StreamClassifier;
use super::unclassified::Unclassified;
use super::utterance_result::UtteranceClassifier;
use super::window_classifier::WindowClassifier;
use super::{Clock, InputError, InputFormat, Pipeline};
use crate::classifier::{Classifier, Enrolment};
use crate::dsp::feature_spec::{HOP_SAMPLES, SAMPLE_RATE_HZ};
use crate::dsp::front_end::FrontEnd;
use crate::dsp::level::LevelMeter;
use crate::events::{ByLabel, SessionEnd, UNCERTAIN};
use crate::model_spec::ModelSpec;
use crate::speakers::SpeakerNetwork;
use crate::speakers::spec::SpeakerTuning;
use crate::vad::{BLOCK_SAMPLES, Vad};

/// Longest delay at which a change of the speaker may be detected: 4 s.
const MAX_CHANGE_DELAY_SAMPLES: u64 = 4 * SAMPLE_RATE_HZ as u64;

impl Pipeline {
    /// A pipeline at the start of a session. Without `speakers` all speech counts as
    /// one speaker.
    ///
    /// # Errors
    /// An input that cannot be processed.
    pub fn new(
        input: InputFormat,
        spec: Arc<ModelSpec>,
        classifier: Box<dyn Classifier>,
        enrolment: Enrolment,
        speakers: Option<SpeakerMode>,
    ) -> Result<Self, InputError> {
        let baselines = match &speakers {
            Some(_) => SpeakerBaselines::tracked(&spec, enrolment),
            None => SpeakerBaselines::new(&spec, enrolment),
        };
        let own = Arc::clone(&spec);
        let classifier: Box<dyn UtteranceClassifier> = match &spec.stream {
            Some(stream) => {
                let stream = stream.clone();
                Box::new(StreamClassifier::new(classifier, own, stream, baselines))
            }
            None => Box::new(WindowClassifier::new(classifier, own, baselines)),
        };
        Self::with(input, spec, classifier, speakers)
    }

    /// A pipeline for a first pass over a recording: it classifies nothing and collects
    /// the windows of the speakers.
    ///
    /// # Errors
    /// An input that cannot be processed.
    pub fn collecting(
        input: InputFormat,
        spec: Arc<ModelSpec>,
        network: Box<dyn SpeakerNetwork>,
        tuning: SpeakerTuning,
    ) -> Result<Self, InputError> {
        let unclassified = Unclassified {
            labels: spec.labels.len(),
            speakers: SpeakerBaselines::new(&spec, Enrolment::default()),
        };
        let mode = SpeakerMode::Collect { network, tuning };
        Self::with(input, spec, Box::new(unclassified), Some(mode))
    }

    fn with(
        input: InputFormat,
        spec: Arc<ModelSpec>,
        classifier: Box<dyn UtteranceClassifier>,
        speakers: Option<SpeakerMode>,
    ) -> Result<Self, InputError> {
        // Enough for the longest window, or two steps, plus the longest pause that ends
        // an utterance.
        let longest = match &spec.stream {
            Some(stream) => ((stream.first_frames + stream.step_frames) * HOP_SAMPLES) as u64,
            None => spec.max_samples(),
        };
        let late = if speakers.is_some() {
            MAX_CHANGE_DELAY_SAMPLES
        } else {
            0
        };
        let keep = longest + PAUSE_SAMPLES + u64::from(SAMPLE_RATE_HZ) + late;
        let labels = spec.labels.iter().cloned().chain([UNCERTAIN.into()]);
        let totals = SessionEnd {
            utterance_labels: ByLabel(labels.map(|label| (label, 0)).collect()),
            ..SessionEnd::default()
        };
        let follower = speakers.map(SpeakerFollower::new);
        let mut front_end = FrontEnd::new(input)?;
        if follower.as_ref().is_some_and(SpeakerFollower::needs_bands) {
            front_end.compute_speaker_bands();
        }
        Ok(Self {
            channel: None,
            front_end,
            rows: MfccHistory::new((keep / HOP_SAMPLES as u64) as usize),
            vad: Vad::new(),
            utterances: Segmenter::default(),
            classifier,
            follower,
            speaker: None,
            quality: AudioQuality::default(),
            meter: LevelMeter::default(),
            clock: Clock::default(),
            block: [0.0; BLOCK_SAMPLES],
            filled: 0,
            totals,
            speech: 0,
            spoken: 0,
            spec,
        })
    }
}
