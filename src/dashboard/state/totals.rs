//! Seconds of speech per label.

use super::utterance::Utterance;

/// Seconds of speech per label, from finished utterances.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// Number of utterances.
    pub utterances: u64,
    labels_s: Vec<f64>,
    uncertain_s: f64,
    /// Sum of arousal times seconds, and the sum of these seconds.
    arousal: (f64, f64),
}

impl Totals {
    /// Adds an utterance.
    pub fn add(&mut self, utterance: &Utterance) {
        self.utterances += 1;
        let seconds = utterance.seconds();
        let prediction = &utterance.prediction;
        match prediction.label {
            Some(label) => {
                let length = self.labels_s.len().max(label + 1);
                self.labels_s.resize(length, 0.0);
                self.labels_s[label] += seconds;
            }
            None => self.uncertain_s += seconds,
        }
        if let Some(arousal) = prediction.arousal() {
            self.arousal.0 += f64::from(arousal) * seconds;
            self.arousal.1 += seconds;
        }
    }

    /// All speech in seconds.
    pub fn speech_s(&self) -> f64 {
        self.labels_s.iter().sum::<f64>() + self.uncertain_s
    }

    /// Mean arousal over the speech, from -1 to 1, if the model has it.
    pub fn arousal(&self) -> Option<f64> {
        let (sum, seconds) = self.arousal;
        (seconds > 1e-6).then(|| (sum / seconds).clamp(-1.0, 1.0))
    }

    /// Each predicted label, `None` for uncertain, with its share of the speech from 0
    /// to 1; the largest first.
    pub fn shares(&self) -> Vec<(Option<usize>, f32)> {
        let all = self.speech_s();
        let labels = (0..).map(Some).zip(self.labels_s.iter().copied());
        let mut shares: Vec<_> = labels
            .chain([(None, self.uncertain_s)])
            .filter(|(_, seconds)| *seconds > 1e-6)
            .map(|(label, seconds)| (label, (seconds / all) as f32))
            .collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::super::prediction::Prediction;
    use super::*;

    fn utterance(label: Option<usize>, seconds: f64, arousal: f32) -> Utterance {
        Utterance {
            number: (None, 1),
            speaker: None,
            start_s: 10.0,
            end_s: 10.0 + seconds,
            prediction: Prediction {
                label,
                confidence: 0.6,
                probabilities: vec![0.6, 0.4],
                reason: None,
                affect: Some((0.0, arousal)),
            },
        }
    }

    #[test]
    fn shares_are_weighted_by_seconds() {
        let mut totals = Totals::default();
        totals.add(&utterance(Some(1), 6.0, 0.5));
        totals.add(&utterance(None, 1.0, 0.0));
        totals.add(&utterance(Some(0), 3.0, -0.5));
        let shares = totals.shares();
        assert_eq!(
            shares.iter().map(|s| s.0).collect::<Vec<_>>(),
            [Some(1), Some(0), None]
        );
        assert!((shares[0].1 - 0.6).abs() < 1e-6 && (totals.speech_s() - 10.0).abs() < 1e-9);
        assert!(
            totals
                .arousal()
                .is_some_and(|mean| (mean - 0.15).abs() < 1e-6)
        );
    }
}
