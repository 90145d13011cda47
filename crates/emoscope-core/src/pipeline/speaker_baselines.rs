//! The baselines of all speakers of a session. Without tracking there is one.

use std::collections::VecDeque;

use crate::baseline::Baseline;
use crate::classifier::{BaselineInput, Enrolment};
use crate::events::{ChangedSpeaker, Speaker};
use crate::model_spec::ModelSpec;
use crate::pipeline::speaker_baseline::SpeakerBaseline;

/// Utterances whose speaker may still change.
const MAX_LOGGED_UTTERANCES: usize = 200;

/// A baseline for each speaker, and the one that is in use.
pub struct SpeakerBaselines {
    /// What a new speaker starts with; `None` without speaker tracking.
    start: Option<SpeakerBaseline>,
    /// In the order of the speakers, at least one.
    known: Vec<TrackedBaseline>,
    current: usize,
    log: VecDeque<Logged>,
}

struct TrackedBaseline {
    /// Without the utterances of the log.
    settled: SpeakerBaseline,
    now: SpeakerBaseline,
}

/// What an utterance added.
struct Logged {
    utterance: u64,
    speaker: usize,
    spans: Vec<(Vec<f32>, u64)>,
}

impl SpeakerBaselines {
    /// One baseline for all.
    pub fn new(spec: &ModelSpec, enrolment: Enrolment) -> Self {
        let first = SpeakerBaseline::new(spec, enrolment);
        Self {
            start: None,
            known: vec![TrackedBaseline::new(first)],
            current: 0,
            log: VecDeque::new(),
        }
    }

    /// One for each speaker. Each starts with the enrolment. For later speakers it may
    /// be another person's, so it has at most the weight of a folder's baseline.
    pub fn tracked(spec: &ModelSpec, enrolment: Enrolment) -> Self {
        let spec = ModelSpec {
            voice_change: None,
            ..spec.clone()
        };
        let mut common = enrolment.clone();
        if let Some(baseline) = &mut common.baseline {
            baseline.cap_seconds(spec.tuning.folder_s);
        }
        Self {
            start: Some(SpeakerBaseline::new(&spec, common)),
            ..Self::new(&spec, enrolment)
        }
    }

    /// The baseline in use.
    pub fn current(&self) -> &SpeakerBaseline {
        &self.known[self.current].now
    }

    /// What the model is given.
    pub fn input(&self) -> Option<&BaselineInput> {
        self.current().input()
    }

    /// The baseline of the first speaker.
    pub fn first(&self) -> Option<Baseline> {
        self.known[0].now.baseline()
    }

    /// Uses the baseline of a speaker from now on; whether it is another one.
    pub fn select(&mut self, speaker: Speaker) -> bool {
        let Some(start) = &self.start else {
            return false;
        };
        let index = usize::from(speaker.0);
        while self.known.len() <= index {
            self.known.push(TrackedBaseline::new(start.clone()));
        }
        std::mem::replace(&mut self.current, index) != index
    }

    /// Restarts the baselines of all.
    pub fn reset(&mut self) {
        self.log.clear();
        self.known.truncate(1);
        self.current = 0;
        self.known[0].now.reset();
        self.known[0].settled = self.known[0].now.clone();
    }

    /// Whether the baseline in use was restarted since the last call.
    pub fn take_restarted(&mut self) -> bool {
        self.known[self.current].now.take_restarted()
    }

    /// Adds the embeddings of spans of an utterance, each with its length in 16 kHz
    /// samples. Returns whether the baseline may have changed.
    pub fn update<'a>(
        &mut self,
        utterance: u64,
        spans: impl IntoIterator<Item = (&'a [f32], u64)>,
    ) -> bool {
        if self.start.is_none() {
            return self.known[self.current].now.update(spans);
        }
        let spans: Vec<(Vec<f32>, u64)> = spans
            .into_iter()
            .map(|(embedding, samples)| (embedding.to_vec(), samples))
            .collect();
        let changed = self.known[self.current].now.update(borrowed(&spans));
        if self.log.len() == MAX_LOGGED_UTTERANCES
            && let Some(oldest) = self.log.pop_front()
        {
            let known = &mut self.known[oldest.speaker];
            known.settled.update(borrowed(&oldest.spans));
        }
        self.log.push_back(Logged {
            utterance,
            speaker: self.current,
            spans,
        });
        changed
    }

    /// Moves what utterances added to the baselines of their speakers.
    pub fn reassign(&mut self, changed: &[ChangedSpeaker]) {
        let current = self.current;
        let mut stale = Vec::new();
        for change in changed {
            self.select(change.speaker);
            let index = usize::from(change.speaker.0);
            for logged in &mut self.log {
                if logged.utterance == change.utterance && logged.speaker != index {
                    stale.extend([logged.speaker, index]);
                    logged.speaker = index;
                }
            }
        }
        self.current = current;
        stale.sort_unstable();
        stale.dedup();
        for index in stale {
            let mut now = self.known[index].settled.clone();
            for logged in self.log.iter().filter(|logged| logged.speaker == index) {
                now.update(borrowed(&logged.spans));
            }
            self.known[index].now = now;
        }
    }
}

impl TrackedBaseline {
    fn new(start: SpeakerBaseline) -> Self {
        Self {
            settled: start.clone(),
            now: start,
        }
    }
}

fn borrowed(spans: &[(Vec<f32>, u64)]) -> impl Iterator<Item = (&[f32], u64)> {
    spans
        .iter()
        .map(|(embedding, samples)| (embedding.as_slice(), *samples))
}
