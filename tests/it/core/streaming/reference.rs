//! Second implementation of the model of `tests/streaming/make.py` and of the decision
//! rule, in double precision, over all frames of an utterance at once.

use emoscope::events::{Measurement, Reason, Trigger};

const LABELS: [&str; 3] = ["calm", "loud", "tense"];

/// Follows the measurements of a session.
#[derive(Default)]
pub struct Reference {
    utterance: u64,
    /// Embeddings of the utterances so far, with their seconds.
    spoken: Vec<([f64; 4], f64)>,
    /// Mean embedding and seconds at the start of the utterance.
    baseline: ([f64; 4], f64),
    standing: Option<usize>,
}

/// The expected content of a measurement.
pub struct Expected {
    /// Frames that the model received.
    pub frames: usize,
    pub probabilities: Vec<f64>,
    pub label: &'static str,
    pub reason: Option<Reason>,
    pub baseline_s: f64,
}

struct Answer {
    logits: [f64; 3],
    speech: f64,
    embedding: [f64; 4],
}

impl Reference {
    /// Utterances so far.
    pub fn utterances(&self) -> u64 {
        self.utterance
    }

    /// Seconds of speech in the baseline.
    pub fn seconds(&self) -> f64 {
        self.spoken.iter().map(|(_, seconds)| seconds).sum()
    }

    /// The expected measurement over a span of these frames.
    pub fn measure(&mut self, frames: &[[f32; 80]], found: &Measurement) -> Expected {
        let sample = |seconds: f64| (seconds * 16_000.0).round() as usize;
        let (start, end) = (sample(found.start_s), sample(found.end_s));
        if found.utterance != self.utterance {
            self.utterance = found.utterance;
            self.standing = None;
            let seconds = self.seconds();
            let mean = |place: usize| {
                let sum: f64 = self.spoken.iter().map(|(e, s)| e[place] * s).sum();
                sum / seconds.max(1e-9)
            };
            self.baseline = (std::array::from_fn(mean), seconds);
        }
        // Frame k is centred on sample 160 k.
        let (first, after) = (start.div_ceil(160), end.div_ceil(160));
        let mut count = after - first;
        if found.trigger == Trigger::SpeechEnded && count > 73 && (count - 73) % 24 == 1 {
            count -= 1; // a single frame is no step
        }
        let answer = self.answer(&frames[first..first + count]);
        let weights = answer.logits.map(|logit| (logit / 1.5).exp());
        let sum: f64 = weights.iter().sum();
        let probabilities = weights.map(|weight| weight / sum);
        let speech = answer.speech >= 0.5;
        let long = count >= 75;
        self.standing = if speech && long {
            self.named(&probabilities)
        } else {
            None
        };
        if found.trigger == Trigger::SpeechEnded && speech && end - start >= 8_000 {
            let seconds = (end - start) as f64 / 16_000.0;
            self.spoken.push((answer.embedding, seconds));
        }
        Expected {
            frames: count,
            probabilities: probabilities.to_vec(),
            label: self.standing.map_or("uncertain", |index| LABELS[index]),
            reason: match (self.standing, speech, long) {
                (Some(_), ..) => None,
                (None, false, _) => Some(Reason::NoSpeech),
                (None, true, false) => Some(Reason::TooShort),
                (None, true, true) => Some(Reason::Between),
            },
            baseline_s: self.baseline.1,
        }
    }

    fn answer(&self, frames: &[[f32; 80]]) -> Answer {
        let count = frames.len() as f64;
        let mean = |c: usize| frames.iter().map(|row| f64::from(row[c])).sum::<f64>() / count;
        let at = |time: usize, c: usize| match time {
            0 => 0.5,
            _ => f64::from(frames[time - 1][c]),
        };
        let bends = (2..=frames.len()).flat_map(|time| {
            (0..80).map(move |c| (at(time, c) - 2.0 * at(time - 1, c) + at(time - 2, c)).abs())
        });
        let rough = bends.sum::<f64>() / count / 100.0;
        let embedding: [f64; 4] = std::array::from_fn(|place| mean(place + 1) * 0.1);
        let (usual, seconds) = self.baseline;
        let share = seconds / (seconds + 6.0);
        let logits = std::array::from_fn(|label| {
            let l = label as f64;
            let of_mean = (1..80).map(|c| mean(c) * 0.03 * (0.7 + c as f64 * (l + 1.0)).sin());
            let of_voice = (0..4).map(|place| {
                let apart = embedding[place] - share * usual[place];
                apart * 0.5 * (place as f64 + l).cos()
            });
            of_mean.sum::<f64>() + of_voice.sum::<f64>() + rough * 0.2 * (l - 1.0)
        });
        Answer {
            logits,
            speech: (mean(0) + 430.0) * 0.1,
            embedding,
        }
    }

    /// The label: from 40 % with a lead of 5 points, kept down to 35 % until another leads by 5.
    fn named(&self, p: &[f64; 3]) -> Option<usize> {
        let mut order = [0, 1, 2];
        order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
        let [top, second, _] = order;
        match self.standing {
            Some(old) if p[old] >= 0.35 && (old == top || p[top] - p[old] < 0.05) => Some(old),
            _ => (p[top] >= 0.4 && p[top] - p[second] >= 0.05).then_some(top),
        }
    }
}
