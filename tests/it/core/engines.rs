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
