//! The speaker baseline: it grows with speech, and another speaker starts a new one.

use emoscope::baseline::Baseline;
use emoscope::classifier::{BaselineInput, Classifier, ClassifierError, Enrolment, ModelOutput};
use emoscope::events::{Event, Trigger};

use super::{Sums, Told, analyzed, pipeline, pipeline_with, speech};

#[test]
fn the_baseline_grows_after_each_utterance_by_its_seconds() {
    let (found, core) = analyzed(pipeline(16_000), &speech());
    let mut known = 0.0;
    for measurement in &found {
        assert_eq!(measurement.baseline_s, Some(known), "{measurement:?}");
        if measurement.trigger == Trigger::SpeechEnded {
            known = ((known + measurement.end_s - measurement.start_s) * 100.0).round() / 100.0;
        }
    }
    assert!(known > 2.0);
    let seconds = core.baselines()[0].as_ref().unwrap().seconds();
    assert!((seconds - known).abs() < 0.02, "{seconds} {known}");
    assert_eq!(core.baseline_s(), Some(seconds));
}

#[test]
fn a_given_baseline_is_used_from_the_start_and_a_fixed_one_stays() {
    let mut voice = Baseline::new(2);
    voice.update(&[1.0, 2.0], 30.0);
    for fixed in [true, false] {
        let baseline = Some(voice.clone());
        let core = pipeline_with(16_000, Box::new(Sums), Enrolment { baseline, fixed });
        let (found, core) = analyzed(core, &speech());
        assert_eq!(found[0].baseline_s, Some(30.0));
        assert_eq!(core.baselines()[0].as_ref() == Some(&voice), fixed);
    }
}

#[test]
fn a_new_speaker_starts_without_a_baseline() {
    let mut core = pipeline(16_000);
    let mut events = Vec::new();
    core.push(&speech(), &mut events).unwrap();
    core.push(&vec![0.0; 16_000], &mut events).unwrap();
    assert!(core.baselines()[0].as_ref().unwrap().seconds() > 2.0);
    core.reset_speakers();
    let before = events.len();
    core.push(&speech(), &mut events).unwrap();
    let first = events[before..].iter().find_map(|event| match event {
        Event::Measurement(measurement) => measurement.baseline_s,
        _ => None,
    });
    assert_eq!(first, Some(0.0));
    core.finish(&mut events).unwrap();
    let restarts: Vec<bool> = events[before..]
        .iter()
        .filter_map(|event| match event {
            Event::UtteranceEnd(end) => Some(end.new_baseline),
            _ => None,
        })
        .collect();
    assert!(
        restarts[0] && !restarts[1..].contains(&true),
        "{restarts:?}"
    );
    let line = serde_json::to_value(
        events[before..]
            .iter()
            .find(|event| matches!(event, Event::UtteranceEnd(_))),
    );
    assert_eq!(line.unwrap()["new_baseline"], true);
}

/// Embeddings of one speaker for a number of windows, then of another one.
struct Replaced(u32);

impl Classifier for Replaced {
    fn classify(
        &mut self,
        _: &[f32],
        _: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        self.0 = self.0.saturating_sub(1);
        let place = if self.0 > 0 { 0.0 } else { 4.0 };
        Ok(ModelOutput {
            logits: vec![0.0; 7],
            speech: Some(3.0),
            embedding: vec![place, -place],
        })
    }

    fn reset(&mut self) {}

    fn undo_step(&mut self) {}
}

#[test]
fn a_clearly_different_voice_starts_a_new_baseline() {
    let talk = [speech(), vec![0.0; 16_000]].concat().repeat(20);
    let run = |windows| {
        let replaced = Box::new(Replaced(windows));
        let mut core = pipeline_with(16_000, replaced, Enrolment::default());
        let mut events = Vec::new();
        core.push(&talk, &mut events).unwrap();
        core.finish(&mut events).unwrap();
        let known: Vec<f64> = events
            .iter()
            .filter_map(|event| match event {
                Event::Measurement(measurement) => measurement.baseline_s,
                _ => None,
            })
            .collect();
        let drops = known.windows(2).filter(|pair| pair[1] < pair[0]).count();
        let new = |event: &&Event| matches!(event, Event::UtteranceEnd(end) if end.new_baseline);
        let changes = events.iter().filter(new).count();
        (drops, changes, core, known)
    };
    let (drops, changes, _, known) = run(u32::MAX);
    assert_eq!((drops, changes), (0, 0));
    assert!(known[known.len() - 1] > 40.0, "{known:?}");
    let (drops, changes, core, _) = run(known.len() as u32 * 2 / 3);
    assert_eq!((drops, changes), (1, 1));
    // The baseline now is that of the last speaker.
    let voice = core.baselines()[0].clone().unwrap();
    assert!((voice.statistics()[0] - 4.0).abs() < 0.5);
    assert!(voice.seconds() < 40.0);
}

#[test]
fn short_utterances_do_not_change_the_baseline() {
    let silence = vec![0.0; 16_000];
    for (samples, learned) in [(4_800, false), (16_000, true)] {
        let voice = &speech()[12_000..12_000 + samples];
        let core = pipeline_with(16_000, Box::new(Told(vec![9.0])), Enrolment::default());
        let (found, core) = analyzed(core, &[&silence, voice, &silence].concat());
        assert!(!found.is_empty());
        assert_eq!(core.baseline_s().unwrap() > 0.0, learned, "{samples}");
    }
}
