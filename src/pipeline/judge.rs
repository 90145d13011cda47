//! The judge of one utterance: which windows are due, what they say, what the
//! whole says in the end, and what of it belongs to the voice's baseline.

use std::sync::Arc;

use crate::baseline::{Baseline, Followed};
use crate::dsp::spec::{HOP, SAMPLE_RATE};
use crate::engine::{Classifier, EngineError, Known, Voice, softmax};
use crate::events::{ByLabel, Measurement, Probability, Reason, Trigger, UNCERTAIN};
use crate::model::{Affect, Contract};
use crate::pipeline::conditions::Conditions;
use crate::pipeline::rows::Rows;
use crate::pipeline::utterance::Open;
use crate::smooth::{Smoother, decide, leader};

/// Windows that have to be heard before a label is named while the voice goes
/// on: a cough or a slammed door is over by then.
const HEARD: u32 = 2;
/// Mean logit of an utterance's windows from which it is speech; their sum would
/// let a long laugh add up to a voice. Found on validation sounds and speakers: none
/// of 40 sounds that the voice gate lets through is named, and 97.4 % of 1931
/// utterances are taken for speech.
const SPOKEN: f64 = 3.0;
/// Shortest window that tells something of the voice, in samples: half a second.
const TELLING: u64 = SAMPLE_RATE as u64 / 2;

/// Judges windows of the utterance that goes on.
pub struct Judge {
    classifier: Box<dyn Classifier>,
    contract: Arc<Contract>,
    smoother: Smoother,
    voice: Option<Followed>,
    /// How often it was plainly another one's.
    changes: u64,
    /// Whether the baseline stays as it is.
    fixed: bool,
    /// What the model is told of the voice during this utterance.
    known: Option<Known>,
    /// End of the next interval window.
    next: u64,
    /// Windows that tile a long utterance.
    tiles: Vec<Judged>,
    last: Option<Judged>,
    evidence: Evidence,
}

/// Whether an utterance is speech, over all of its windows so far: a single
/// laugh may pass for a voice, a row of them seldom does.
#[derive(Debug, Clone, Copy, Default)]
struct Evidence {
    logits: f64,
    windows: u32,
}

impl Evidence {
    fn hear(&mut self, logit: f64) {
        self.logits += logit;
        self.windows += 1;
    }

    /// Holds where nothing was told, too.
    fn speech(self) -> bool {
        self.logits >= SPOKEN * f64::from(self.windows)
    }

    /// Whether it rather is something else.
    fn other(self) -> bool {
        self.logits < 0.0 || (self.windows > HEARD && !self.speech())
    }

    /// Whether a label would come too early.
    fn early(self) -> bool {
        (1..HEARD).contains(&self.windows)
    }
}

/// A window and what was said of it, kept so that none is computed twice.
#[derive(Clone)]
struct Judged {
    start: u64,
    end: u64,
    probabilities: Vec<f64>,
    /// Logit of speech, `None` if the model does not tell.
    speech: Option<f64>,
    embedding: Vec<f32>,
}

/// A measurement with its span in 16 kHz samples of the segment.
pub struct Verdict {
    /// First sample of the span.
    pub start: u64,
    /// First sample after it.
    pub end: u64,
    /// What caused it.
    pub trigger: Trigger,
    probabilities: Vec<f64>,
    /// Whether it rather is no speech.
    other: bool,
    /// Whether too little was heard to tell that it is speech.
    early: bool,
    call: Option<usize>,
    /// Speech that the baseline knew, in seconds.
    baseline_s: Option<f64>,
}

impl Judge {
    /// A judge that follows the model's contract, and what it knows of the voice.
    pub fn new(classifier: Box<dyn Classifier>, contract: Arc<Contract>, voice: Voice) -> Self {
        let smoother = Smoother::new(contract.thresholds);
        let fits = |known: &Baseline| Some(known.width()) == contract.width;
        let known = voice.known.filter(fits);
        let mut judge = Self {
            voice: known
                .or_else(|| contract.width.map(Baseline::new))
                .map(|known| Followed::new(known, contract.voice_change)),
            changes: 0,
            fixed: voice.fixed,
            known: None,
            classifier,
            contract,
            smoother,
            next: 0,
            tiles: Vec::new(),
            last: None,
            evidence: Evidence::default(),
        };
        judge.remember();
        judge
    }

    /// What is known of the voice, if the model judges against a baseline.
    pub fn voice(&self) -> Option<Baseline> {
        self.voice.as_ref().map(Followed::baseline)
    }

    /// Speech that is known of the voice, in seconds, if the model judges against it.
    pub fn voice_s(&self) -> Option<f64> {
        self.voice.as_ref().map(Followed::seconds)
    }

    /// How often the voice was plainly another one, and its baseline began anew.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The voice is another one from now on.
    pub fn forget(&mut self) {
        if let Some(voice) = &mut self.voice {
            voice.reset();
        }
        self.remember();
    }

    fn remember(&mut self) {
        self.known = self.voice().map(|voice| Known {
            statistics: voice.statistics(),
            seconds: voice.seconds() as f32,
        });
        self.last = None;
    }

    /// An utterance begins.
    pub fn begin(&mut self, utterance: Open) {
        self.smoother.reset();
        self.tiles.clear();
        self.last = None;
        self.evidence = Evidence::default();
        self.next = utterance.start + self.contract.min_samples();
    }

    /// The interval window that is due at `now`, if any.
    ///
    /// It ends with the block that was just heard, so that nothing is waited for:
    /// its last frame is the last that is complete. It is judged if that block is
    /// voiced: nothing is measured on silence. If several were due, there is one.
    ///
    /// # Errors
    /// What the engine says.
    pub fn interval(
        &mut self,
        utterance: Open,
        now: u64,
        voiced: bool,
        rows: &Rows,
    ) -> Result<Option<Verdict>, EngineError> {
        if now < self.next {
            return Ok(None);
        }
        let longest = self.contract.max_samples();
        let start = utterance.start.max(now.saturating_sub(longest));
        // A tile must be judged while its rows are here, voiced or not.
        if (now - utterance.start) / longest > self.tiles.len() as u64 {
            let judged = self.window(start, now, rows)?;
            self.tiles.push(judged);
        }
        if !voiced {
            return Ok(None);
        }
        let hop = self.contract.hop_samples();
        self.next += ((now - self.next) / hop + 1) * hop;
        let judged = self.window(start, now, rows)?;
        let (mean, call) = self.smoother.push(&judged.probabilities);
        let probabilities = mean.to_vec();
        let early = self.evidence.early() || !self.evidence.speech();
        Ok(Some(Verdict {
            start,
            end: now,
            trigger: Trigger::Interval,
            probabilities,
            other: self.evidence.other(),
            early,
            call: call.filter(|_| !early),
            baseline_s: self.baseline_s(),
        }))
    }

    /// The verdict on the whole utterance: of one window if it is short enough,
    /// else the mean over the windows that tile it, weighted by their share. What
    /// was said joins the voice's baseline.
    ///
    /// # Errors
    /// What the engine says.
    pub fn whole(
        &mut self,
        utterance: Open,
        end: u64,
        rows: &Rows,
    ) -> Result<Verdict, EngineError> {
        let start = utterance.start;
        let longest = self.contract.max_samples();
        // Windows with the samples that each stands for.
        let mut parts = Vec::new();
        if end - start <= longest {
            parts.push((self.window(start, end, rows)?, end - start));
        } else {
            self.tiles.retain(|tile| tile.end <= end);
            let tiled = self.tiles.last().map_or(start, |tile| tile.end);
            parts.extend(self.tiles.drain(..).map(|tile| (tile, longest)));
            if tiled < end {
                parts.push((self.window(end - longest, end, rows)?, end - tiled));
            }
        }
        let total: u64 = parts.iter().map(|(_, samples)| samples).sum();
        let mut probabilities = vec![0.0; self.contract.labels.len()];
        for (judged, samples) in &parts {
            let share = *samples as f64 / total.max(1) as f64;
            for (sum, p) in probabilities.iter_mut().zip(&judged.probabilities) {
                *sum += share * p;
            }
        }
        let speech = self.evidence.speech();
        // Of less than the shortest window the model never learned to say anything.
        let short = end - start < self.contract.min_samples();
        let call = decide(&probabilities, self.contract.thresholds).filter(|_| speech && !short);
        let baseline_s = self.baseline_s();
        if speech {
            self.learn(&parts);
        }
        Ok(Verdict {
            start,
            end,
            trigger: Trigger::SpeechEnded,
            probabilities,
            other: self.evidence.other(),
            early: !speech,
            call,
            baseline_s,
        })
    }

    fn learn(&mut self, parts: &[(Judged, u64)]) {
        let Some(voice) = self.voice.as_mut().filter(|_| !self.fixed) else {
            return;
        };
        for (judged, samples) in parts {
            if judged.speech.is_none_or(|logit| logit >= 0.0) && *samples >= TELLING {
                let seconds = *samples as f64 / f64::from(SAMPLE_RATE);
                self.changes += u64::from(voice.hear(&judged.embedding, seconds));
            }
        }
        self.remember();
    }

    fn baseline_s(&self) -> Option<f64> {
        Some((self.voice_s()? * 100.0).round() / 100.0)
    }

    /// The frames whose centres lie in `[start, end)`, as far as they are complete.
    fn window(&mut self, start: u64, end: u64, rows: &Rows) -> Result<Judged, EngineError> {
        if let Some(last) = &self.last
            && (last.start, last.end) == (start, end)
        {
            return Ok(last.clone());
        }
        let hop = HOP as u64;
        let mfcc = rows.view(start.div_ceil(hop)..end.div_ceil(hop));
        let answer = self.classifier.judge(mfcc, self.known.as_ref())?;
        let speech = answer.speech.map(f64::from);
        if let Some(logit) = speech {
            self.evidence.hear(logit);
        }
        let judged = Judged {
            start,
            end,
            probabilities: softmax(&answer.logits, self.contract.temperature),
            speech,
            embedding: answer.embedding,
        };
        self.last = Some(judged.clone());
        Ok(judged)
    }
}

impl Verdict {
    /// The event, its times made by `seconds` from samples of the segment.
    pub fn event(
        &self,
        utterance: u64,
        contract: &Contract,
        conditions: &Conditions,
        seconds: impl Fn(u64) -> f64,
    ) -> Measurement {
        let label = self.call.map_or(UNCERTAIN, |index| &contract.labels[index]);
        let probabilities = contract
            .labels
            .iter()
            .zip(&self.probabilities)
            .map(|(label, &p)| (Arc::clone(label), Probability(p)))
            .collect();
        let shortest = contract.min_samples();
        Measurement {
            utterance,
            start_s: seconds(self.start),
            end_s: seconds(self.end),
            trigger: self.trigger,
            probabilities: ByLabel(probabilities),
            label: label.to_owned(),
            confidence: Probability(leader(&self.probabilities).1),
            reason: self.call.is_none().then(|| {
                if self.early && !self.other {
                    Reason::TooShort
                } else {
                    conditions.reason(!self.other, self.end - self.start, shortest)
                }
            }),
            valence: self.expected(contract, |place| place.valence),
            arousal: self.expected(contract, |place| place.arousal),
            baseline_s: self.baseline_s,
        }
    }

    /// Expectation of a coordinate over the labels, to four decimals.
    fn expected(&self, contract: &Contract, of: impl Fn(&Affect) -> f64) -> Option<f64> {
        let places = contract.affect.as_ref()?;
        let products = places.iter().zip(&self.probabilities);
        let sum: f64 = products.map(|(place, p)| of(place) * p).sum();
        Some((sum * 1e4).round() / 1e4)
    }

    /// Index of the label called, or `None` for uncertain.
    pub fn call(&self) -> Option<usize> {
        self.call
    }
}
