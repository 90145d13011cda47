//! Cost of each stage, per 10 ms of audio or per frame unless its name says otherwise.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use emoscope::audio::ring;
use emoscope::classifier::{Enrolment, softmax};
use emoscope::dashboard::state::State;
use emoscope::dashboard::theme::{Palette, Theme};
use emoscope::dashboard::view;
use emoscope::decision::Smoother;
use emoscope::dsp::dct::Dct;
use emoscope::dsp::decibels::decibels;
use emoscope::dsp::feature_spec::{N_BINS, N_FFT, N_MELS, N_MFCC};
use emoscope::dsp::mel::MelBank;
use emoscope::dsp::mfcc::Mfcc;
use emoscope::dsp::mono::{ChannelChoice, downmix};
use emoscope::dsp::resample::Resampler;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::messages::{Level, Update};
use emoscope::model::Model;
use emoscope::pipeline::mfcc_history::MfccHistory;
use emoscope::pipeline::{ChannelPipelines, Pipeline};
use emoscope::vad::{BLOCK_SAMPLES, Vad};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use realfft::RealFftPlanner;

use free::Free;

mod free;

fn main() {
    divan::main();
}

/// A stand-in for speech: a chord whose loudness rises and falls.
fn voice(samples: usize, rate: u32) -> Vec<f32> {
    let turn = std::f32::consts::TAU / rate as f32;
    (0..samples)
        .map(|n| {
            let t = n as f32 * turn;
            let loud = 0.2 + 0.15 * (t * 3.0).sin();
            (1..12_u8)
                .map(|k| (t * 140.0 * f32::from(k)).sin() / f32::from(k))
                .sum::<f32>()
                * loud
        })
        .collect()
}

/// Recorded speech of the tests, 16 kHz.
fn speech() -> Vec<f32> {
    let bytes = include_bytes!("../data/two-utterances.wav");
    let samples = bytes[44..].as_chunks::<2>().0;
    samples
        .iter()
        .map(|&pair| f32::from(i16::from_le_bytes(pair)) / 32_768.0)
        .collect()
}

#[divan::bench]
fn callback_48k_stereo(bencher: Bencher) {
    let (mut producer, mut consumer) = ring::channel(48_000, 2);
    let block: Vec<i16> = (0..960).collect();
    let mut out = Vec::with_capacity(2 * 48_000);
    bencher.bench_local(move || {
        producer.push(black_box(&block));
        out.clear();
        consumer.read(&mut out, 480)
    });
}

#[divan::bench]
fn mono_48k_stereo(bencher: Bencher) {
    let (block, mut out) = (voice(960, 48_000), Vec::with_capacity(480));
    bencher.bench_local(move || {
        out.clear();
        downmix(black_box(&block), 2, ChannelChoice::Mix, &mut out)
    });
}

#[divan::bench(args = [8_000, 44_100, 48_000])]
fn resample(bencher: Bencher, rate: u32) {
    let block = voice(rate as usize / 100, rate);
    let mut resampler = Resampler::new(rate).unwrap();
    let mut out = Vec::with_capacity(1024);
    bencher.bench_local(move || {
        out.clear();
        resampler.push(black_box(&block), &mut out);
        out.len()
    });
}

/// The real FFT of one row, without anything else.
#[divan::bench]
fn frame_fft(bencher: Bencher) {
    let fft = RealFftPlanner::<f64>::new().plan_fft_forward(N_FFT);
    let mut frame: Vec<f64> = voice(N_FFT, 16_000).into_iter().map(f64::from).collect();
    let (mut spectrum, mut scratch) = (fft.make_output_vec(), fft.make_scratch_vec());
    bencher.bench_local(move || {
        fft.process_with_scratch(black_box(&mut frame), &mut spectrum, &mut scratch)
    });
}

#[divan::bench]
fn frame_window(bencher: Bencher) {
    let samples = voice(N_FFT, 16_000);
    let mut mfcc = Mfcc::new();
    bencher.bench_local(move || mfcc.window(black_box(&samples)));
}

#[divan::bench]
fn frame_mel(bencher: Bencher) {
    let (bank, mut energies) = (MelBank::new(), [0.0; N_MELS]);
    let power: [f64; N_BINS] = std::array::from_fn(|i| i as f64);
    bencher.bench_local(move || {
        bank.apply(black_box(&power), &mut energies);
        energies[0]
    });
}

#[divan::bench]
fn frame_log(bencher: Bencher) {
    let mut levels = [0.0; N_MELS];
    let energies: [f64; N_MELS] = std::array::from_fn(|i| 1.7_f64.powi(i as i32 - 40));
    bencher.bench_local(move || {
        decibels(black_box(&energies), &mut levels);
        levels[0]
    });
}

#[divan::bench]
fn frame_dct(bencher: Bencher) {
    let (mut dct, mut row) = (Dct::new(), [0.0; N_MFCC]);
    let levels: [f32; N_MELS] = std::array::from_fn(|i| i as f32 - 60.0);
    bencher.bench_local(move || {
        dct.apply(black_box(&levels), &mut row);
        row[0]
    });
}

#[divan::bench]
fn frame_row(bencher: Bencher) {
    let samples = voice(N_FFT, 16_000);
    let (mut mfcc, mut row) = (Mfcc::new(), [0.0; N_MFCC]);
    bencher.bench_local(move || mfcc.row(black_box(&samples), &mut row));
}

#[divan::bench]
fn window_view_of_4_s(bencher: Bencher) {
    let mut rows = MfccHistory::new(600);
    for _ in 0..1000 {
        rows.push(&[1.0; N_MFCC]);
    }
    bencher.bench_local(move || black_box(rows.view(black_box(500..900))).len());
}

/// 16 ms.
#[divan::bench]
fn vad_block(bencher: Bencher) {
    let samples = voice(100 * BLOCK_SAMPLES, 16_000);
    let mut vad = Vad::new();
    let mut blocks = samples.chunks_exact(BLOCK_SAMPLES).cycle();
    bencher.bench_local(move || vad.step(blocks.next().unwrap_or_default()));
}

#[divan::bench]
fn smoothing(bencher: Bencher) {
    let spec = Model::embedded().unwrap().spec;
    let mut smoother = Smoother::new(spec.thresholds);
    let logits: Vec<f32> = (0..spec.labels.len()).map(|i| i as f32).collect();
    bencher.bench_local(move || smoother.push(&softmax(black_box(&logits), 1.3)).1);
}

#[divan::bench(args = [(EngineChoice::Onnxruntime, 100), (EngineChoice::Onnxruntime, 300), (EngineChoice::Builtin, 100), (EngineChoice::Builtin, 300)])]
fn inference(bencher: Bencher, (choice, frames): &(EngineChoice, usize)) {
    // Skipped without the library.
    let Ok(engine) = Engine::load(Model::embedded().unwrap(), *choice, None) else {
        return;
    };
    let mut classifier = engine.classifier().unwrap();
    let mut mfcc = Mfcc::new();
    let speech = speech();
    let mut window = Vec::new();
    for frame in speech.windows(N_FFT).step_by(160).take(*frames) {
        let mut row = [0.0; N_MFCC];
        mfcc.row(frame, &mut row);
        window.extend(row);
    }
    let unknown = engine.unknown_speaker();
    bencher.bench_local(move || {
        classifier
            .classify(black_box(&window), unknown.as_ref())
            .unwrap()
    });
}

fn pipeline(rate: u32) -> ChannelPipelines {
    let spec = Arc::new(Model::embedded().unwrap().spec);
    let make = |input| {
        let free = Box::new(Free::like(&spec));
        Pipeline::new(input, Arc::clone(&spec), free, Enrolment::default(), None)
    };
    ChannelPipelines::new(rate, 1, ChannelChoice::Mix.into(), make).unwrap()
}

/// From samples to events, for a second of speech, without inference.
#[divan::bench(args = [16_000, 48_000])]
fn pipeline_of_1_s(bencher: Bencher, rate: u32) {
    // Speech at any rate: the VAD processes it at the same cost.
    let samples = speech();
    let mut core = pipeline(rate);
    let mut seconds = samples.chunks_exact(16_000).cycle();
    let mut events = Vec::new();
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench_local(move || {
            for _ in 0..rate / 16_000 {
                let block = seconds.next().unwrap_or_default();
                core.push(block, &mut events).unwrap();
            }
            events.clear();
        });
}

#[divan::bench(args = [(80, 24), (200, 60)])]
fn dashboard_draw(bencher: Bencher, (width, height): (u16, u16)) {
    let (mut core, mut events) = (pipeline(16_000), Vec::new());
    core.push(&speech(), &mut events).unwrap();
    let mut state = State::new(false);
    for event in events {
        state.apply(&Update::Event(event));
    }
    let theme = Theme {
        color: true,
        unicode: true,
        palette: Palette::Auto,
    };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut at_s = 9.0;
    bencher.bench_local(move || {
        // Only the meter moves, which is the usual case.
        at_s += 0.05;
        let rms_dbfs = -20.0 - (at_s as f32).sin() * 10.0;
        state.apply(&Update::Level(Level {
            rms_dbfs,
            peak_dbfs: rms_dbfs + 6.0,
            clipped: false,
            vad_dbfs: None,
            at_s,
        }));
        terminal
            .draw(|frame| view::draw(frame, &state, &theme))
            .map(|_| ())
    });
}
