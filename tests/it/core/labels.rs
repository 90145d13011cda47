//! When a measurement has a label, and which reason is given where it has none.

use emoscope::classifier::{BaselineInput, Classifier, ClassifierError, Enrolment, ModelOutput};
use emoscope::events::{Measurement, Reason, Trigger, UNCERTAIN};
use emoscope::model::Model;

use super::{Loudness, Told, analyzed, pipeline_with, speech};

/// The labels of the first utterance's measurements, with the reason where there is none.
fn labels_of_first_utterance(speech: Vec<f32>) -> Vec<(Trigger, String, Option<Reason>)> {
    let core = pipeline_with(16_000, Box::new(Told(speech)), Enrolment::default());
    let (found, _) = analyzed(core, &self::speech());
    let first = found.into_iter().filter(|m| m.utterance == 1);
    first.map(|m| (m.trigger, m.label, m.reason)).collect()
}

#[test]
fn a_label_waits_for_a_second_window() {
    // However certain the first window is speech.
    for logit in [3.0, 30.0] {
        let said = labels_of_first_utterance(vec![logit]);
        assert!(said.len() > 3);
        let early = (
            Trigger::Interval,
            UNCERTAIN.to_owned(),
            Some(Reason::TooShort),
        );
        assert_eq!(said[0], early);
        assert!(said[1..].iter().all(|(_, label, _)| label == "anger"));
    }
}

#[test]
fn a_single_window_of_speech_among_others_gets_no_label() {
    for (_, label, reason) in &labels_of_first_utterance(vec![2.0, -6.0, 2.0, -6.0])[1..] {
        assert_eq!(label, UNCERTAIN);
        assert_eq!(*reason, Some(Reason::NoSpeech));
    }
    // A single window of no speech among speech windows does not remove the label.
    let said = labels_of_first_utterance(vec![5.0, 5.0, -1.0, 5.0]);
    assert!(said[1..].iter().all(|(_, label, _)| label == "anger"));
}

#[test]
fn a_weak_speech_logit_gives_no_label_for_any_duration() {
    let said = labels_of_first_utterance(vec![2.9]);
    assert!(said.len() >= 4, "{said:?}");
    for (number, (_, label, reason)) in said.iter().enumerate() {
        assert_eq!(label, UNCERTAIN);
        let why = [Reason::TooShort, Reason::NoSpeech][usize::from(number >= 2)];
        assert_eq!(*reason, Some(why), "measurement {number}");
    }
}

#[test]
fn no_speech_gets_no_label_and_does_not_change_the_baseline() {
    let core = pipeline_with(16_000, Box::new(Told(vec![-3.0])), Enrolment::default());
    let (found, core) = analyzed(core, &speech());
    assert!(!found.is_empty());
    for measurement in found {
        assert_eq!(measurement.label, UNCERTAIN);
        assert_eq!(measurement.reason, Some(Reason::NoSpeech));
    }
    assert!(core.baselines()[0].as_ref().unwrap().seconds().abs() < 1e-9);
}

#[test]
fn speech_shorter_than_the_shortest_window_has_no_label() {
    // Half a second of a voice between two silences.
    let voice = &speech()[8_000..16_000];
    let silence = vec![0.0; 16_000];
    let samples = [&silence, voice, &silence].concat();
    // A single window that is certainly speech.
    let core = pipeline_with(16_000, Box::new(Told(vec![9.0])), Enrolment::default());
    let (found, _) = analyzed(core, &samples);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].label, UNCERTAIN);
    assert_eq!(found[0].reason, Some(Reason::TooShort));
}

/// Always two labels with equal logits.
struct Torn;

impl Classifier for Torn {
    fn classify(
        &mut self,
        _: &[f32],
        _: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        Ok(ModelOutput {
            logits: vec![4.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            speech: Some(3.0),
            embedding: vec![1.0, 1.0],
        })
    }

    fn reset(&mut self) {}

    fn undo_step(&mut self) {}
}

#[test]
fn without_a_certain_label_the_audio_quality_gives_the_reason() {
    let mut seed = 9_u32;
    let mut noise = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let decibels = |level: f32| 10_f32.powf(level / 20.0);
    for (gain, hiss, expected) in [
        (0.0, -90.0, Reason::Between),
        (-50.0, -120.0, Reason::TooQuiet),
        (16.0, -90.0, Reason::Clipped),
    ] {
        let degraded = |x: &f32| (x * decibels(gain) + noise() * decibels(hiss)).clamp(-1.0, 1.0);
        let samples: Vec<f32> = speech().iter().map(degraded).collect();
        let core = pipeline_with(16_000, Box::new(Torn), Enrolment::default());
        let (found, _) = analyzed(core, &samples);
        let whole = |m: &&Measurement| m.trigger == Trigger::SpeechEnded;
        let last = found.iter().rfind(whole).unwrap();
        assert_eq!(last.label, UNCERTAIN);
        assert_eq!(last.reason, Some(expected), "{gain} dB over {hiss} dB");
    }
}

#[test]
fn valence_and_arousal_are_expected_over_the_labels() {
    let core = pipeline_with(16_000, Box::new(Loudness), Enrolment::default());
    let places = Model::embedded().unwrap().spec.affect.unwrap();
    let (found, _) = analyzed(core, &speech());
    assert!(!found.is_empty());
    for measurement in found {
        let (mut valence, mut arousal) = (0.0, 0.0);
        for ((_, chance), place) in measurement.probabilities.0.iter().zip(&places) {
            valence += chance.0 * place.valence;
            arousal += chance.0 * place.arousal;
        }
        // Rounded to four decimals.
        assert!((measurement.valence.unwrap() - valence).abs() < 5.1e-5);
        assert!((measurement.arousal.unwrap() - arousal).abs() < 5.1e-5);
    }
}
