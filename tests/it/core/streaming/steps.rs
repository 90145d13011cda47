//! The calls of the model, and the state after an error.

use std::sync::{Arc, Mutex};

use emoscope::classifier::{BaselineInput, Classifier, ClassifierError, ModelOutput};
use emoscope::events::{Event, Trigger};

use super::super::speech;
use super::{engines, frames, streaming, talk};

/// One call of the model.
#[derive(Debug, Clone, PartialEq)]
enum Call {
    Reset,
    Step(Vec<f32>),
    Undo,
}

/// Records its calls and fails at the steps with these numbers.
struct Recorder {
    calls: Arc<Mutex<Vec<Call>>>,
    fails: Vec<usize>,
    steps: usize,
}

impl Classifier for Recorder {
    fn classify(
        &mut self,
        mfcc: &[f32],
        _: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        self.steps += 1;
        if self.fails.contains(&self.steps) {
            return Err(ClassifierError {
                engine: "the recorder",
                frames: mfcc.len() / 80,
                reason: "it was asked to".into(),
            });
        }
        self.calls.lock().unwrap().push(Call::Step(mfcc.to_vec()));
        Ok(ModelOutput {
            logits: vec![1.0, 0.0, 0.0],
            speech: Some(1.0),
            embedding: vec![0.0; 4],
        })
    }

    fn reset(&mut self) {
        self.calls.lock().unwrap().push(Call::Reset);
    }

    fn undo_step(&mut self) {
        self.calls.lock().unwrap().push(Call::Undo);
    }
}

/// The calls for `talk` in small blocks, and the number of pushes that failed.
fn calls(fails: &[usize]) -> (Vec<Call>, usize) {
    let calls = Arc::default();
    let mut core = streaming(Box::new(Recorder {
        calls: Arc::clone(&calls),
        fails: fails.to_vec(),
        steps: 0,
    }));
    let (mut events, mut failed) = (Vec::new(), 0);
    for block in talk().chunks(256) {
        failed += usize::from(core.push(block, &mut events).is_err());
    }
    core.finish(&mut events).unwrap();
    let calls = calls.lock().unwrap().clone();
    (calls, failed)
}

#[test]
fn frames_are_consecutive_and_none_is_repeated() {
    let all = frames(&talk());
    // Steps 2 and 5 fail at first: the next call repeats their frames.
    for (fails, expected) in [(&[][..], 0), (&[2, 5], 2)] {
        let (calls, failed) = calls(fails);
        assert_eq!(failed, expected);
        let mut utterances: Vec<Vec<Vec<f32>>> = Vec::new();
        let mut undone = 0;
        for call in calls {
            match call {
                Call::Reset => utterances.push(Vec::new()),
                Call::Step(mfcc) => utterances.last_mut().unwrap().push(mfcc),
                Call::Undo => {
                    undone += 1;
                    utterances.last_mut().unwrap().pop().unwrap();
                }
            }
        }
        assert_eq!(utterances.len(), 2);
        assert!((1..=2).contains(&undone), "{undone}");
        for steps in utterances {
            let lengths: Vec<usize> = steps.iter().map(|mfcc| mfcc.len() / 80).collect();
            let (last, whole) = lengths.split_last().unwrap();
            assert_eq!(whole[0], 73, "{lengths:?}");
            assert!(whole[1..].iter().all(|frames| frames % 24 == 0));
            assert!((2..=24).contains(last), "{lengths:?}");
            let fed: Vec<f32> = steps.concat();
            let mut runs = all.windows(fed.len() / 80);
            assert!(runs.any(|run| run.as_flattened() == fed));
        }
    }
}

#[test]
fn the_state_of_an_engine_survives_an_error() {
    let frames: Vec<f32> = frames(&talk()).concat();
    let steps = [&frames[60 * 80..133 * 80], &frames[133 * 80..181 * 80]];
    for engine in engines() {
        let unknown = engine.unknown_speaker();
        let wrong = BaselineInput {
            statistics: vec![0.0; 6],
            seconds: 0.0,
        };
        let mut classifier = engine.classifier().unwrap();
        let mut answers = |errors: bool| {
            classifier.reset();
            steps.map(|step| {
                if errors {
                    classifier.classify(step, Some(&wrong)).unwrap_err();
                }
                classifier.classify(step, unknown.as_ref()).unwrap()
            })
        };
        let plain = answers(false);
        assert_ne!(plain[0], plain[1]);
        assert_eq!(answers(true), plain, "{}", engine.name);
        // Another classifier does not share the state.
        let mut other = engine.classifier().unwrap();
        other.reset();
        let first = other.classify(steps[0], unknown.as_ref()).unwrap();
        assert_eq!(first, plain[0]);
    }
}

#[test]
fn an_engine_returns_to_its_state_before_the_last_step() {
    let frames: Vec<f32> = frames(&talk()).concat();
    let [first, second, other] =
        [0..73, 73..97, 97..121].map(|f| &frames[f.start * 80..f.end * 80]);
    for engine in engines() {
        let unknown = engine.unknown_speaker();
        let mut classifier = engine.classifier().unwrap();
        classifier.reset();
        let mut answer = |step| classifier.classify(step, unknown.as_ref()).unwrap();
        let expected = [answer(first), answer(second)];
        classifier.reset();
        // Before the second step, and before the first one.
        for undone in [vec![first, other], vec![other]] {
            for step in &undone {
                classifier.classify(step, unknown.as_ref()).unwrap();
            }
            classifier.undo_step();
            let rest = if undone.len() == 2 {
                vec![second]
            } else {
                vec![first, second]
            };
            let answers: Vec<ModelOutput> = rest
                .iter()
                .map(|step| classifier.classify(step, unknown.as_ref()).unwrap())
                .collect();
            assert_eq!(answers, expected[2 - answers.len()..], "{}", engine.name);
            classifier.reset();
        }
    }
}

#[test]
fn a_measurement_follows_its_last_sample_at_once_also_in_a_short_pause() {
    let mut core = streaming(Box::new(Recorder {
        calls: Arc::default(),
        fails: Vec::new(),
        steps: 0,
    }));
    let voice = &speech()[12_000..28_000];
    let mut samples = Vec::new();
    for pause in [8_000, 2_000, 3_000] {
        samples.extend(vec![0.0; pause]);
        samples.extend(voice);
    }
    let (mut pushed, mut count) = (0, 0);
    for block in samples.chunks(160) {
        let mut events = Vec::new();
        core.push(block, &mut events).unwrap();
        pushed += block.len();
        let pushed_s = pushed as f64 / 16_000.0;
        for event in events {
            if let Event::Measurement(m) = event
                && m.trigger == Trigger::Interval
            {
                // The last frame reaches 2.5 ms beyond the end, and a block has 10 ms.
                assert!(pushed_s - m.end_s < 0.02, "{pushed_s} {}", m.end_s);
                count += 1;
            }
        }
    }
    assert!(count > 10, "{count}");
}
