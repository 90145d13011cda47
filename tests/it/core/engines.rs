//! The engines against the probabilities that training wrote down.

use emoscope::classifier::{BaselineInput, softmax};
use emoscope::engine::{Engine, EngineChoice};
use emoscope::model::Model;

#[test]
fn both_engines_give_the_golden_probabilities() {
    let golden = Model::embedded().unwrap().golden();
    assert!(golden.cases.len() >= 2);
    let mut engines = vec![EngineChoice::Builtin];
    if cfg!(feature = "onnxruntime") {
        engines.push(EngineChoice::Onnxruntime);
    }
    for choice in engines {
        let engine = Engine::load(Model::embedded().unwrap(), choice, None).unwrap();
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
                let answer = classifier.classify(&case.mfcc, voice.as_ref()).unwrap();
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
}
