//! What users of programs of this kind complain of, a test each.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::Duration;

use emoscope::dsp::mfcc::{Mfcc, Row};
use emoscope::dsp::resample::Resampler;
use emoscope::dsp::spec::{N_FFT, SAMPLE_RATE};
use emoscope::events::Event;

use crate::core::pipeline;
use crate::sound_server::SoundServer;
use crate::support::{data, emoscope, samples_16};

const RATE: usize = SAMPLE_RATE as usize;

/// Noise from -1 to 1, the same every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Mains hum: 50 Hz and what a transformer adds.
fn hum(seconds: usize) -> Vec<f32> {
    let tones = [
        (50.0, 0.05),
        (100.0, 0.03),
        (150.0, 0.02),
        (250.0, 0.01),
        (350.0, 0.005),
    ];
    (0..seconds * RATE)
        .map(|n| {
            let turn = n as f64 / RATE as f64 * std::f64::consts::TAU;
            let sum: f64 = tones.iter().map(|(hz, a)| a * (turn * hz).sin()).sum();
            sum as f32
        })
        .collect()
}

/// A fan: low-passed noise that swells with the blades, and their tone.
fn fan(seconds: usize) -> Vec<f32> {
    let (mut noise, mut low) = (Noise(11), 0.0);
    (0..seconds * RATE)
        .map(|n| {
            low += 0.08 * (noise.next() - low);
            let turn = n as f32 % (RATE as f32 / 24.0) / (RATE as f32 / 24.0);
            let blade = (turn * std::f32::consts::TAU).sin();
            low * (0.4 + 0.1 * blade) + 0.004 * blade
        })
        .collect()
}

/// Somebody types: two short bursts a stroke, four to nine strokes a second.
fn keyboard(seconds: usize) -> Vec<f32> {
    let mut noise = Noise(5);
    let mut out: Vec<f32> = (0..seconds * RATE).map(|_| noise.next() * 5e-4).collect();
    let mut at = 0;
    loop {
        at += RATE / 9 + (noise.next().abs() * RATE as f32 / 7.0) as usize;
        let release = at + RATE / 14;
        if release + RATE / 50 > out.len() {
            return out;
        }
        for (start, loud) in [(at, 0.25), (release, 0.08)] {
            let body = 900.0 + 400.0 * noise.next();
            for (n, x) in out[start..start + RATE / 50].iter_mut().enumerate() {
                let t = n as f32 / RATE as f32;
                let ring = (t * body * std::f32::consts::TAU).sin();
                *x += loud * (-t * 350.0).exp() * (0.6 * noise.next() + 0.4 * ring);
            }
        }
    }
}

#[test]
fn it_reports_emotions_in_silence() {
    // Ten minutes; the hush is a quiet room's noise.
    let mut hush = Noise(3);
    let scenes: [(&str, Vec<f32>); 4] = [
        ("hum", hum(150)),
        ("fan", fan(150)),
        ("keyboard", keyboard(150)),
        (
            "hush",
            (0..150 * RATE).map(|_| hush.next() * 1e-3).collect(),
        ),
    ];
    for (name, samples) in scenes {
        let (mut core, mut events) = (pipeline(SAMPLE_RATE), Vec::new());
        for second in samples.chunks(RATE) {
            core.push(second, &mut events).unwrap();
        }
        core.finish(&mut events).unwrap();
        let measured: Vec<&Event> = events
            .iter()
            .filter(|event| matches!(event, Event::Measurement(_)))
            .collect();
        assert!(measured.is_empty(), "{name}: {measured:?}");
    }
}

#[test]
fn wrong_sample_rate() {
    // A tone sounds the same at every rate: same level, same bands.
    let heard = |rate: u32| {
        let tone: Vec<f32> = (0..rate)
            .map(|n| (f64::from(n) * 1000.0 / f64::from(rate) * std::f64::consts::TAU).sin() as f32)
            .collect();
        let mut resampler = Resampler::new(rate).unwrap();
        let mut out = Vec::new();
        resampler.push(&tone, &mut out);
        resampler.finish(&mut out);
        let (mut mfcc, mut row): (_, Row) = (Mfcc::new(), [0.0; 80]);
        mfcc.row(&out[8000..8000 + N_FFT], &mut row);
        *mfcc.log_mel().first_chunk::<80>().unwrap()
    };
    let expected = heard(SAMPLE_RATE);
    let loudest = expected.iter().copied().fold(f32::MIN, f32::max);
    for rate in [
        8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 384_000,
    ] {
        for (band, (found, expected)) in heard(rate).iter().zip(&expected).enumerate() {
            // What lies far below the tone is the filters' own.
            if *expected > loudest - 30.0 {
                assert!(
                    (found - expected).abs() < 0.2,
                    "{rate} Hz, band {band}: {found} {expected}"
                );
            } else {
                assert!(*found < loudest - 25.0, "{rate} Hz, band {band}: {found}");
            }
        }
    }
}

/// A number of `/proc/PID/...`; Linux alone has it.
fn resident_kib(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn memory_grows() {
    let home = tempfile::tempdir().unwrap();
    let mut child = emoscope(&home)
        .args([
            "replay",
            "-",
            "--raw-rate",
            "16000",
            "--raw-format",
            "s16le",
            "--jsonl",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let speech: Vec<u8> = samples_16(&data("two-utterances.wav"))
        .iter()
        .flat_map(|x| ((x * 32_768.0) as i16).to_le_bytes())
        .collect();
    // The end of an utterance answers each piece, so that all before it was heard.
    let mut play = |times: usize| {
        for _ in 0..times {
            stdin.write_all(&speech).unwrap();
            let ended = |line: &String| line.contains("utterance_end");
            lines.by_ref().map(Result::unwrap).find(ended).unwrap();
        }
    };
    play(6);
    let early = resident_kib(&child);
    play(30);
    let late = resident_kib(&child);
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert!(late < early + 2048, "{early} KiB, then {late} KiB");
}

/// Processor time of a child so far, in seconds.
fn processor_s(child: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    // The name may hold anything; the numbers follow its last bracket.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

#[cfg(target_os = "linux")]
#[test]
fn cpu_burns_when_idle() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut child = emoscope(&home)
        .args([
            "live",
            "--jsonl",
            "--device",
            "VirtualMicrophone",
            "--seconds",
            "30",
        ])
        .envs(server.environment())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let before = processor_s(&child);
    std::thread::sleep(Duration::from_secs(4));
    let used = (processor_s(&child) - before) / 4.0;
    child.kill().unwrap();
    child.wait().unwrap();
    // This build is hardly optimised; the shipped one takes a few hundredths.
    assert!(used < 0.25, "{used} of a core on silence");
}
