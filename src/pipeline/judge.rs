//! The judge of one utterance: which windows are due, what they say, and what
//! the whole says in the end.

use std::sync::Arc;

use crate::dsp::spec::{HOP, N_FFT};
use crate::engine::{Classifier, EngineError, softmax};
use crate::events::{ByLabel, Measurement, Probability, Trigger, UNCERTAIN};
use crate::model::Contract;
use crate::pipeline::rows::Rows;
use crate::pipeline::utterance::Open;
use crate::smooth::{Smoother, decide, leader};

/// Samples after a frame's centre that the frame needs.
const LOOKAHEAD: u64 = N_FFT as u64 / 2;

/// Judges windows of the utterance that goes on.
pub struct Judge {
    classifier: Box<dyn Classifier>,
    contract: Arc<Contract>,
    smoother: Smoother,
    /// End of the next interval window.
    next: u64,
    /// Windows that tile a long utterance: their ends and probabilities.
    tiles: Vec<(u64, Vec<f64>)>,
    last: Option<Judged>,
}

/// A window and its probabilities, kept so that none is computed twice.
struct Judged {
    start: u64,
    end: u64,
    probabilities: Vec<f64>,
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
    call: Option<usize>,
}

impl Judge {
    /// A judge that follows the model's contract.
    pub fn new(classifier: Box<dyn Classifier>, contract: Arc<Contract>) -> Self {
        let smoother = Smoother::new(contract.thresholds);
        Self {
            classifier,
            contract,
            smoother,
            next: 0,
            tiles: Vec::new(),
            last: None,
        }
    }

    /// An utterance begins.
    pub fn begin(&mut self, utterance: Open) {
        self.smoother.reset();
        self.tiles.clear();
        self.last = None;
        self.next = utterance.start + self.contract.min_samples();
    }

    /// The interval window that is due at `now`, if any.
    ///
    /// It is judged once a voiced block follows its end, and dropped if the
    /// voice has ended before: nothing is measured on silence. If several ends
    /// have passed, the newest counts.
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
        if now < self.next + LOOKAHEAD {
            return Ok(None);
        }
        let hop = self.contract.hop_samples();
        let passed = (now - LOOKAHEAD - self.next) / hop;
        let end = self.next + passed * hop;
        let longest = self.contract.max_samples();
        // A tile must be judged while its rows are here, voiced or not.
        let tile = (end - utterance.start) / longest;
        if tile as usize > self.tiles.len() {
            let tile_end = utterance.start + tile * longest;
            let probabilities = self.window(tile_end - longest, tile_end, rows)?;
            self.tiles.push((tile_end, probabilities));
        }
        if !voiced {
            return Ok(None);
        }
        self.next = end + hop;
        let start = utterance.start.max(end.saturating_sub(longest));
        let probabilities = self.window(start, end, rows)?;
        let (mean, call) = self.smoother.push(&probabilities);
        let probabilities = mean.to_vec();
        Ok(Some(Verdict {
            start,
            end,
            trigger: Trigger::Interval,
            probabilities,
            call,
        }))
    }

    /// The verdict on the whole utterance: of one window if it is short enough,
    /// else the mean over the windows that tile it, weighted by their share.
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
        let probabilities = if end - start <= longest {
            self.window(start, end, rows)?
        } else {
            self.tiles.retain(|&(tile_end, _)| tile_end <= end);
            let tiled = self.tiles.last().map_or(start, |&(tile_end, _)| tile_end);
            let rest = (end - tiled) as f64 / longest as f64;
            let mut sum = vec![0.0; self.contract.labels.len()];
            let mut add = |probabilities: &[f64], weight: f64| {
                for (sum, p) in sum.iter_mut().zip(probabilities) {
                    *sum += weight * p;
                }
            };
            for (_, probabilities) in &self.tiles {
                add(probabilities, 1.0);
            }
            let weight = self.tiles.len() as f64 + rest;
            if rest > 0.0 {
                let probabilities = judge(
                    &mut *self.classifier,
                    &self.contract,
                    end - longest,
                    end,
                    rows,
                )?;
                add(&probabilities, rest);
            }
            sum.into_iter().map(|p| p / weight).collect()
        };
        let call = decide(&probabilities, self.contract.thresholds);
        Ok(Verdict {
            start,
            end,
            trigger: Trigger::SpeechEnded,
            probabilities,
            call,
        })
    }

    fn window(&mut self, start: u64, end: u64, rows: &Rows) -> Result<Vec<f64>, EngineError> {
        if let Some(last) = &self.last
            && (last.start, last.end) == (start, end)
        {
            return Ok(last.probabilities.clone());
        }
        let probabilities = judge(&mut *self.classifier, &self.contract, start, end, rows)?;
        self.last = Some(Judged {
            start,
            end,
            probabilities: probabilities.clone(),
        });
        Ok(probabilities)
    }
}

/// Probabilities of the frames whose centres lie in `[start, end)`.
fn judge(
    classifier: &mut dyn Classifier,
    contract: &Contract,
    start: u64,
    end: u64,
    rows: &Rows,
) -> Result<Vec<f64>, EngineError> {
    let hop = HOP as u64;
    let mfcc = rows.view(start.div_ceil(hop)..end.div_ceil(hop));
    Ok(softmax(&classifier.logits(mfcc)?, contract.temperature))
}

impl Verdict {
    /// The event, its times made by `seconds` from samples of the segment.
    pub fn event(
        &self,
        utterance: u64,
        contract: &Contract,
        seconds: impl Fn(u64) -> f64,
    ) -> Measurement {
        let label = self.call.map_or(UNCERTAIN, |index| &contract.labels[index]);
        let probabilities = contract
            .labels
            .iter()
            .zip(&self.probabilities)
            .map(|(label, &p)| (Arc::clone(label), Probability(p)))
            .collect();
        Measurement {
            utterance,
            start_s: seconds(self.start),
            end_s: seconds(self.end),
            trigger: self.trigger,
            probabilities: ByLabel(probabilities),
            label: label.to_owned(),
            confidence: Probability(leader(&self.probabilities).1),
        }
    }

    /// Index of the label called, or `None` for uncertain.
    pub fn call(&self) -> Option<usize> {
        self.call
    }
}
