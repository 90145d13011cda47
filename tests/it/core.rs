//! Invariants of the core: the same audio gives the same lines, in blocks of any
//! size, through the ring or from a file; nothing is measured on silence.

mod baseline;
mod channels;
mod engines;
mod gaps;
mod input;
mod labels;
mod streaming;
mod utterances;
mod voice_head;

use std::sync::Arc;

use emoscope::baseline::SpeakerChange;
use emoscope::classifier::{BaselineInput, Classifier, ClassifierError, Enrolment, ModelOutput};
use emoscope::dsp::mono::ChannelChoice;
use emoscope::events::{Event, Measurement};
use emoscope::model::Model;
use emoscope::model_spec::ModelSpec;
use emoscope::pipeline::{ChannelPipelines, InputError, InputFormat, Pipeline};

use crate::support::{data, samples_16};

/// A classifier without a network. Its logits depend on every coefficient of the
/// window, on the baseline and on all earlier windows, so that one frame too many or
/// too few changes them.
struct Sums;

impl Classifier for Sums {
    fn classify(
        &mut self,
        mfcc: &[f32],
        baseline: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        let sum: f32 = mfcc.iter().sum();
        let voice = baseline.expect("the model takes a baseline");
        let known = voice.seconds + voice.statistics.iter().sum::<f32>();
        Ok(ModelOutput {
            logits: (0..7)
                .map(|i| ((sum * 1e-4 + known) * (i + 1) as f32).sin() * 4.0)
                .collect(),
            speech: Some(3.0),
            embedding: vec![sum * 1e-3, mfcc.len() as f32 * 1e-3],
        })
    }

    fn reset(&mut self) {}

    fn undo_step(&mut self) {}
}

/// Always certain of its label. The speech logits of its windows are given; the last one repeats.
struct Told(Vec<f32>);

impl Classifier for Told {
    fn classify(
        &mut self,
        _: &[f32],
        _: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        let speech = self.0[0];
        if self.0.len() > 1 {
            self.0.remove(0);
        }
        Ok(ModelOutput {
            logits: vec![9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            speech: Some(speech),
            embedding: vec![1.0, 1.0],
        })
    }

    fn reset(&mut self) {}

    fn undo_step(&mut self) {}
}

/// Classifies by the mean of the first coefficient, so that the result depends on the window's content.
struct Loudness;

impl Loudness {
    fn logits(mfcc: &[f32]) -> Vec<f32> {
        let rows = mfcc.as_chunks::<80>().0;
        let mean = rows.iter().map(|row| row[0]).sum::<f32>() / rows.len() as f32;
        // Between 0.2 and 0.8 for the speech below at its own level.
        let loud = (mean + 440.0) * 0.02;
        vec![loud, 0.0, -99.0, -99.0, -99.0, -99.0, -99.0]
    }
}

impl Classifier for Loudness {
    fn classify(
        &mut self,
        mfcc: &[f32],
        _: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        Ok(ModelOutput {
            logits: Self::logits(mfcc),
            speech: Some(3.0),
            embedding: vec![0.0, 0.0],
        })
    }

    fn reset(&mut self) {}

    fn undo_step(&mut self) {}
}

pub fn pipeline(rate: u32) -> ChannelPipelines {
    pipeline_with(rate, Box::new(Sums), Enrolment::default())
}

fn spec() -> ModelSpec {
    let change = SpeakerChange {
        numbers: 2,
        distance: 3.0,
    };
    ModelSpec {
        embedding_width: Some(2),
        voice_change: Some(change),
        has_speech: true,
        // Models of windows; streaming models have their own tests.
        stream: None,
        ..Model::embedded().unwrap().spec
    }
}

fn make(input: InputFormat) -> Result<Pipeline, InputError> {
    Pipeline::new(
        input,
        Arc::new(spec()),
        Box::new(Sums),
        Enrolment::default(),
        None,
    )
}

fn pipeline_with(rate: u32, classifier: Box<dyn Classifier>, voice: Enrolment) -> ChannelPipelines {
    mixed(rate, spec(), classifier, voice)
}

/// The pipeline of mono input, or of the mean of all channels.
fn mixed(
    rate: u32,
    spec: ModelSpec,
    classifier: Box<dyn Classifier>,
    voice: Enrolment,
) -> ChannelPipelines {
    let (spec, mut parts) = (Arc::new(spec), Some((classifier, voice)));
    let make = |input| {
        let (classifier, voice) = parts.take().unwrap();
        Pipeline::new(input, Arc::clone(&spec), classifier, voice, None)
    };
    ChannelPipelines::new(rate, 1, ChannelChoice::Mix.into(), make).unwrap()
}

/// Two utterances: the 16 kHz fixture, which a test may declare to have another rate.
fn speech() -> Vec<f32> {
    samples_16(&data("two-utterances.wav"))
}

/// The fixture resampled by a second, simpler implementation.
fn at_rate(rate: u32) -> Vec<f32> {
    let speech = speech();
    let length = speech.len() as u64 * u64::from(rate) / 16_000;
    (0..length)
        .map(|n| {
            let place = n as f64 * 16_000.0 / f64::from(rate);
            let (index, part) = (place as usize, place.fract() as f32);
            let next = speech.get(index + 1).copied().unwrap_or(0.0);
            speech[index] * (1.0 - part) + next * part
        })
        .collect()
}

fn run(mut core: ChannelPipelines, samples: &[f32]) -> (Vec<Event>, ChannelPipelines) {
    let mut events = Vec::new();
    core.push(samples, &mut events).unwrap();
    core.finish(&mut events).unwrap();
    (events, core)
}

fn analyzed(core: ChannelPipelines, samples: &[f32]) -> (Vec<Measurement>, ChannelPipelines) {
    let (events, core) = run(core, samples);
    let found = events.into_iter().filter_map(|event| match event {
        Event::Measurement(measurement) => Some(measurement),
        _ => None,
    });
    (found.collect(), core)
}
