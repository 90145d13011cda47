//! The front end against librosa, stage by stage, on speech and on a chirp.

use emoscope::dsp::feature_spec::{HOP_SAMPLES, N_FFT};
use emoscope::dsp::mfcc::{FrameFeatures, Mfcc, MfccStream};
use emoscope::dsp::resample::Resampler;
use serde_json::Value;

use crate::support::{data, path, run, samples_16};

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

fn largest_difference(found: impl IntoIterator<Item = f64>, expected: &[f64]) -> f64 {
    let found: Vec<f64> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    found
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

fn golden() -> Vec<Value> {
    let text = std::fs::read_to_string(path("tests/golden/frontend.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    golden["inputs"].as_array().unwrap().clone()
}

#[test]
fn every_stage_agrees_with_librosa() {
    for input in golden() {
        let samples = samples_16(&path(input["file"].as_str().unwrap()));
        assert_eq!(samples.len() as u64, input["samples"].as_u64().unwrap());
        let mut padded = vec![0.0; N_FFT / 2];
        padded.extend_from_slice(&samples);
        padded.extend([0.0; N_FFT]);
        let mut mfcc = Mfcc::new();
        let mut row = [0.0; 80];
        for frame in input["checked"].as_array().unwrap() {
            let at = frame["frame"].as_u64().unwrap() as usize * HOP_SAMPLES;
            mfcc.row(&padded[at..at + N_FFT], &mut row);
            let power = numbers(&frame["power"]);
            let loudest = power.iter().copied().fold(0.0, f64::max);
            let off = largest_difference(mfcc.power().iter().copied(), &power);
            assert!(off <= 1e-9 * loudest.max(1.0), "power off by {off}");
            let mel = numbers(&frame["mel"]);
            let most = mel.iter().copied().fold(0.0, f64::max);
            let off = largest_difference(mfcc.mel_energies().iter().copied(), &mel);
            assert!(off <= 1e-6 * most.max(1e-6), "mel energies off by {off}");
            let off = largest_difference(
                mfcc.log_mel().iter().map(|&x| f64::from(x)),
                &numbers(&frame["log_mel_db"]),
            );
            assert!(off <= 2e-4, "log-mel off by {off} dB");
            let off =
                largest_difference(row.iter().map(|&x| f64::from(x)), &numbers(&frame["mfcc"]));
            assert!(off <= 2e-3, "MFCC off by {off}");
        }
    }
}

#[test]
fn the_features_command_prints_what_librosa_computes() {
    for input in golden() {
        let file = path(input["file"].as_str().unwrap());
        let output = run(["features".as_ref(), file.as_os_str()]);
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let rows: Vec<Vec<f64>> = text
            .lines()
            .map(|line| line.split('\t').map(|x| x.parse().unwrap()).collect())
            .collect();
        assert_eq!(
            rows.len() as u64,
            input["samples"].as_u64().unwrap() / HOP_SAMPLES as u64 + 1
        );
        assert_eq!(rows.len() as u64, input["frames"].as_u64().unwrap());
        for frame in input["checked"].as_array().unwrap() {
            let row = &rows[frame["frame"].as_u64().unwrap() as usize];
            let off = largest_difference(row.iter().copied(), &numbers(&frame["mfcc"]));
            assert!(off <= 2e-3, "MFCC off by {off}");
        }
    }
}

#[test]
fn a_stream_in_pieces_of_any_size_gives_the_frames_of_the_whole() {
    let samples = samples_16(&data("speech-16k.wav"));
    // Frames centred on every hop, zeros beyond either end.
    let mut padded = vec![0.0; N_FFT / 2];
    padded.extend_from_slice(&samples);
    padded.extend([0.0; N_FFT / 2]);
    let mut mfcc = Mfcc::new();
    let frames = samples.len() / HOP_SAMPLES + 1;
    let mut whole = Vec::new();
    for frame in 0..frames {
        let mut row = [0.0; 80];
        mfcc.row(
            &padded[frame * HOP_SAMPLES..frame * HOP_SAMPLES + N_FFT],
            &mut row,
        );
        whole.extend_from_slice(&row);
    }
    let mut stream = MfccStream::new();
    for size in [samples.len(), 1, 7, 160, 401, 5_000] {
        let (mut rows, mut log_mel) = (Vec::new(), Vec::new());
        let mut add = |frame: FrameFeatures<'_>| {
            rows.extend(*frame.mfcc);
            log_mel = frame.log_mel.to_vec();
        };
        for piece in samples.chunks(size) {
            stream.push(piece, &mut add);
        }
        stream.finish(&mut add);
        assert!(rows == whole, "pieces of {size}");
        assert_eq!(stream.frames(), frames as u64);
        assert_eq!(log_mel, mfcc.log_mel());
        stream.reset();
    }
}

#[test]
fn resampling_keeps_a_tone_in_the_band_and_removes_one_above_it() {
    for rate in [8_000_u32, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000] {
        for (hertz, kept) in [(1_000.0, true), (3_000.0, true), (15_000.0, false)] {
            if hertz > f64::from(rate) / 2.0 {
                continue;
            }
            let tone: Vec<f32> = (0..rate)
                .map(|n| {
                    (std::f64::consts::TAU * hertz * f64::from(n) / f64::from(rate)).sin() as f32
                })
                .collect();
            let mut resampler = Resampler::new(rate).unwrap();
            let mut out = Vec::new();
            resampler.push(&tone, &mut out);
            resampler.finish(&mut out);
            assert_eq!(out.len(), 16_000, "{rate} Hz");
            // The same tone sampled at 16 kHz: a wrong gain or delay makes the difference large.
            let off = (1_000..15_000)
                .map(|n| {
                    let time = f64::from(n) / 16_000.0;
                    let expected = if kept {
                        (std::f64::consts::TAU * hertz * time).sin()
                    } else {
                        0.0
                    };
                    (f64::from(out[n as usize]) - expected).abs()
                })
                .fold(0.0, f64::max);
            // Half a sample at 3 kHz is a phase of 0.59.
            let allowed = if kept {
                2.0 * (hertz / 16_000.0 * std::f64::consts::PI / 2.0).sin() + 0.01
            } else {
                1e-3
            };
            assert!(off <= allowed, "{hertz} Hz from {rate} Hz is off by {off}");
        }
    }
}

#[test]
fn a_resampler_after_a_reset_equals_a_new_one() {
    let samples = samples_16(&data("speech-16k.wav"));
    for rate in [8_000, 16_000, 44_100, 48_000] {
        let mut resampler = Resampler::new(rate).unwrap();
        let mut first = Vec::new();
        resampler.push(&samples, &mut first);
        resampler.finish(&mut first);
        let expected = (samples.len() as f64 * 16_000.0 / f64::from(rate)).ceil() as usize;
        assert_eq!(first.len(), expected, "{rate}");
        // Interrupted in the middle of a chunk.
        resampler.reset();
        resampler.push(&samples[..1_001], &mut Vec::new());
        resampler.reset();
        let mut second = Vec::new();
        resampler.push(&samples, &mut second);
        resampler.finish(&mut second);
        assert!(first == second, "{rate}");
    }
}
