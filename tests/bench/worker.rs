//! emoscope's side of the comparison with its peers (`tests/peers/compare.py`):
//! runs a named task on a recording and returns its processor time.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;

use emoscope::audio::file::AudioFile;
use emoscope::audio::source::Source;
use emoscope::classifier::{Classifier, Enrolment};
use emoscope::dsp::mfcc::MfccStream;
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::Event;
use emoscope::model::Model;
use emoscope::pipeline::{ChannelPipelines, Pipeline};

use free::Free;

mod free;

/// 100 ms, as from a microphone.
const BLOCK: usize = 1600;

fn mfcc(samples: &[f32]) {
    let mut stream = MfccStream::new();
    let mut sum = 0.0;
    for block in samples.chunks(BLOCK) {
        stream.push(block, |frame| sum += frame.mfcc[0]);
    }
    assert!(sum != 0.0);
}

fn run(samples: &[f32], engine: &Engine, classifier: Box<dyn Classifier>) -> Vec<Event> {
    let spec = Arc::new(engine.model.spec.clone());
    let mut classifier = Some(classifier);
    let make = |input| {
        let classifier = classifier.take().unwrap();
        Pipeline::new(
            input,
            Arc::clone(&spec),
            classifier,
            Enrolment::default(),
            None,
        )
    };
    let mut core = ChannelPipelines::new(16_000, 1, ChannelChoice::Mix.into(), make).unwrap();
    let mut events = Vec::new();
    for block in samples.chunks(BLOCK) {
        core.push(block, &mut events).unwrap();
    }
    core.finish(&mut events).unwrap();
    events
}

/// Processor time of this thread so far, in seconds; Linux only.
fn processor_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds: f64 = text.split(' ').next().unwrap().parse().unwrap();
    nanoseconds / 1e9
}

fn main() {
    let arguments: Vec<String> = std::env::args().filter(|word| word != "--bench").collect();
    let [_, recording, lines] = arguments.as_slice() else {
        println!("Run by `make bench-peers`.");
        return;
    };
    let (mut samples, mut file) = (Vec::new(), AudioFile::open(Path::new(recording)).unwrap());
    while file.read(&mut samples).unwrap() {}
    // The model of the peers in Python, which classify windows.
    let model = Model::embedded_small().unwrap().unwrap();
    let engine = Engine::load(model, EngineChoice::Onnxruntime, None).unwrap();
    let mut out = std::fs::File::create(lines).unwrap();
    for event in run(&samples, &engine, engine.classifier().unwrap()) {
        writeln!(out, "{}", serde_json::to_string(&event).unwrap()).unwrap();
    }
    println!("ready");
    for task in std::io::stdin().lock().lines() {
        let begin = processor_s();
        match task.unwrap().as_str() {
            "mfcc" => mfcc(&samples),
            "features" => drop(run(
                &samples,
                &engine,
                Box::new(Free::like(&engine.model.spec)),
            )),
            "classified" => drop(run(&samples, &engine, engine.classifier().unwrap())),
            other => panic!("no task {other}"),
        }
        println!("{}", processor_s() - begin);
    }
}
