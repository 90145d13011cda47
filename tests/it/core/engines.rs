//! The engines against the reference probabilities that the training exported.

use emoscope::classifier::{BaselineInput, classify_whole, softmax};
use emoscope::engine::{Engine, EngineChoice};
use emoscope::model::Model;

#[test]
fn both_engines_give_the_golden_probabilities() {
    let small = Model::embedded_small().unwrap().unwrap();
    for model in [Model::embedded().unwrap(), small] {
        let mut engines = vec![EngineChoice::Builtin];
        if cfg!(feature = "onnxruntime") {
            engines.push(EngineChoice::Onnxruntime);
        }
        for choice in engines {
            golden_probabilities(model.clone(), choice);
        }
    }
}

fn golden_probabilities(model: Model, choice: EngineChoice) {
    let golden = model.golden();
    assert!(golden.cases.len() >= 2);
    let engine = Engine::load(model, choice, None).unwrap();
    let mut classifier = engine.classifier().unwrap();
    let settled = Some(BaselineInput {
        statistics: golden.baseline.statistics.clone(),
        seconds: golden.baseline.seconds,
    });
    for case in &golden.cases {
        assert_eq!(case.mfcc.len(), case.frames * 80);
        for (voice, answers) in [
            (&engine.unknown_speaker(), &case.probabilities),
            (&settled, &case.settled_probabilities),
        ] {
            let spec = &engine.model.spec;
            let answer = classify_whole(&mut *classifier, spec, &case.mfcc, voice.as_ref());
            let answer = answer.unwrap();
            let found = softmax(&answer.logits, engine.model.spec.temperature);
            assert_eq!(found.len(), answers.len());
            for (found, expected) in found.iter().zip(answers) {
                let name = &engine.name;
                assert!(
                    (found - expected).abs() <= 1e-4,
                    "{name}, {}: {found} {expected}",
                    case.name
                );
            }
        }
    }
}

/// The steps of two utterances in turn, as of two channels, give the predictions of each
/// utterance alone.
#[test]
fn channels_share_a_model_and_not_the_state_of_an_utterance() {
    let mut choices = vec![EngineChoice::Builtin];
    if cfg!(feature = "onnxruntime") {
        choices.push(EngineChoice::Onnxruntime);
    }
    for choice in choices {
        let engine = Engine::load(Model::embedded().unwrap(), choice, None).unwrap();
        let spec = &engine.model.spec;
        let stream = spec.stream.as_ref().unwrap();
        let unknown = engine.unknown_speaker();
        let golden = engine.model.golden();
        let utterances = [0, 1].map(|case| golden.cases[case].mfcc.repeat(6));
        let steps = utterances.each_ref().map(|mfcc| {
            let steps = stream.steps(0, mfcc.len() / 80, true);
            steps.collect::<Vec<_>>()
        });
        assert!(steps.iter().all(|steps| steps.len() > 1), "{steps:?}");
        let mut channels = engine.classifiers(2).unwrap();
        let mut last = [Vec::new(), Vec::new()];
        for channel in &mut channels {
            channel.reset();
        }
        for turn in 0..steps[0].len() {
            for (channel, classifier) in channels.iter_mut().enumerate() {
                let Some(step) = steps[channel].get(turn) else {
                    continue;
                };
                let mfcc = &utterances[channel][step.start * 80..step.end * 80];
                last[channel] = classifier.classify(mfcc, unknown.as_ref()).unwrap().logits;
            }
        }
        for (mfcc, last) in utterances.iter().zip(last) {
            let mut classifier = engine.classifier().unwrap();
            let alone = classify_whole(&mut *classifier, spec, mfcc, unknown.as_ref());
            assert_eq!(alone.unwrap().logits, last, "{}", engine.name);
        }
    }
}
