//! Common complaints about programs of this kind, one test each.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::Duration;

use emoscope::dsp::feature_spec::{N_FFT, SAMPLE_RATE_HZ};
use emoscope::dsp::mfcc::{Mfcc, MfccFrame};
use emoscope::dsp::resample::Resampler;
use emoscope::events::Event;

use crate::core::pipeline;
#[cfg(target_os = "linux")]
use crate::pty::Terminal;
use crate::sound_server::SoundServer;
use crate::support::{data, emoscope, lines, run, said, samples_16};

const RATE: usize = SAMPLE_RATE_HZ as usize;

/// Pseudo-random noise from -1 to 1, always the same sequence.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Mains hum: 50 Hz and the harmonics of a transformer.
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

/// A fan: low-passed noise, modulated by the blades, and their tone.
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

/// Typing: two short bursts per stroke, four to nine strokes per second.
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
    // Ten minutes in total; `hush` is the noise of a quiet room.
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
        let (mut core, mut events) = (pipeline(SAMPLE_RATE_HZ), Vec::new());
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
    let energies = |rate: u32| {
        let tone: Vec<f32> = (0..rate)
            .map(|n| (f64::from(n) * 1000.0 / f64::from(rate) * std::f64::consts::TAU).sin() as f32)
            .collect();
        let mut resampler = Resampler::new(rate).unwrap();
        let mut out = Vec::new();
        resampler.push(&tone, &mut out);
        resampler.finish(&mut out);
        let (mut mfcc, mut row): (_, MfccFrame) = (Mfcc::new(), [0.0; 80]);
        mfcc.row(&out[8000..8000 + N_FFT], &mut row);
        *mfcc.log_mel().first_chunk::<80>().unwrap()
    };
    let expected = energies(SAMPLE_RATE_HZ);
    let loudest = expected.iter().copied().fold(f32::MIN, f32::max);
    for rate in [
        8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 384_000,
    ] {
        for (band, (found, expected)) in energies(rate).iter().zip(&expected).enumerate() {
            // Far below the tone, the filters decide.
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

/// Resident memory from `/proc/PID/...`, in KiB; Linux only.
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
    // Each piece is complete when both of its utterances have ended.
    // Unread lines would fill the pipe and block the program.
    let mut play = |times: usize| {
        for _ in 0..times {
            stdin.write_all(&speech).unwrap();
            let ended = |line: &String| line.contains("utterance_end");
            let read = lines.by_ref().map(Result::unwrap);
            assert_eq!(read.filter(ended).take(2).count(), 2);
        }
    };
    // The history of the speaker tracker, about four minutes of speech, is full by then.
    play(100);
    let early = resident_kib(&child);
    play(100);
    let late = resident_kib(&child);
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert!(late < early + 2048, "{early} KiB, then {late} KiB");
}

/// Processor time of a child so far, in seconds.
fn processor_s(child: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    // The name may contain any character; the numbers follow its last bracket.
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
    // This build is barely optimised; a release build takes a few hundredths.
    assert!(used < 0.25, "{used} of a core on silence");
}

/// Share of measurements labelled anger or fear; fails without a measurement.
fn alarmed(file: &std::path::Path) -> f64 {
    let output = run([
        "analyze".as_ref(),
        "--format=jsonl".as_ref(),
        file.as_os_str(),
    ]);
    let measured: Vec<bool> = lines(&output)
        .iter()
        .filter(|line| line["type"] == "measurement")
        .map(|line| line["label"] == "anger" || line["label"] == "fear")
        .collect();
    assert!(
        !measured.is_empty(),
        "{}: {}",
        file.display(),
        said(&output)
    );
    measured.iter().filter(|&&alarmed| alarmed).count() as f64 / measured.len() as f64
}

/// A 16-bit fixture with a gain in dB; samples that are too loud are clipped.
fn at_level(name: &str, decibels: f64, folder: &tempfile::TempDir) -> std::path::PathBuf {
    let mut bytes = std::fs::read(data(name)).unwrap();
    let from = bytes.windows(4).position(|w| w == b"data").unwrap() + 8;
    let gain = 10_f64.powf(decibels / 20.0);
    for sample in bytes[from..].as_chunks_mut::<2>().0 {
        let louder = f64::from(i16::from_le_bytes(*sample)) * gain;
        *sample = (louder as i16).to_le_bytes();
    }
    let file = folder.path().join(format!("{decibels}.wav"));
    std::fs::write(&file, bytes).unwrap();
    file
}

#[test]
fn my_own_voice_is_always_angry_or_afraid() {
    let folder = tempfile::tempdir().unwrap();
    // A sentence read aloud, and the same through a telephone.
    for name in ["speech-16k.wav", "speech-8k.wav"] {
        for decibels in [-20.0, -10.0, 0.0, 10.0, 20.0] {
            let share = alarmed(&at_level(name, decibels, &folder));
            assert!(share <= 0.1, "{name} at {decibels} dB: {share}");
        }
    }
}

#[test]
fn loud_means_angry() {
    let folder = tempfile::tempdir().unwrap();
    let analyzed = |decibels: f64| {
        let file = at_level("speech-16k.wav", decibels, &folder);
        let output = run([
            "analyze".as_ref(),
            "--format=jsonl".as_ref(),
            file.as_os_str(),
        ]);
        let all = lines(&output);
        let whole = all.iter().find(|line| line["trigger"] == "speech_ended");
        let found = &whole.unwrap()["probabilities"];
        ["anger", "fear", "neutral"].map(|label| found[label].as_f64().unwrap())
    };
    // Six times louder without clipping, and ten times further away.
    let (near, far) = (analyzed(5.0), analyzed(-20.0));
    for (near, far) in near.iter().zip(far) {
        assert!((near - far).abs() < 0.1, "{near:?} near, {far:?} far");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_terminal_is_broken_after_a_crash() {
    // A shell whose settings are compared before and after.
    let home = tempfile::tempdir().unwrap();
    let program = emoscope(&home);
    let mut shell = std::process::Command::new("sh");
    shell.args([
        "-c",
        "cd \"$2\"; stty -a >before; \"$0\" replay \"$1\"; stty -a >after; echo back",
    ]);
    let place = home.path();
    shell.arg(program.get_program());
    shell.arg(data("two-utterances.wav")).arg(place);
    for (name, value) in program.get_envs() {
        shell.env(name, value.unwrap());
    }
    shell.env("EMOSCOPE_FAILPOINT", "session");
    let mut terminal = Terminal::start(24, 80, &shell);
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.contents().contains("back") && terminal.restored());
    let modes = |name: &str| std::fs::read_to_string(place.join(name)).unwrap();
    assert_eq!(modes("before"), modes("after"));
}

#[cfg(target_os = "linux")]
#[test]
fn alsa_text_over_the_screen() {
    // No sound server: ALSA opens every device of its settings, and most fail with a message.
    let home = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", home.path().join("none").display());
    for arguments in [
        &["devices"][..],
        &["doctor"],
        &["live", "--device", "alsa:default"],
    ] {
        let mut command = emoscope(&home);
        command.args(arguments).env("PULSE_SERVER", &socket);
        command.env("XDG_RUNTIME_DIR", home.path());
        let mut terminal = Terminal::start(40, 120, &command);
        terminal.ended();
        let text = String::from_utf8_lossy(&terminal.written).into_owned();
        assert!(!text.trim().is_empty(), "{arguments:?}");
        for word in ["ALSA lib", "snd_", "Cannot connect to server"] {
            assert!(!text.contains(word), "{arguments:?}: {text}");
        }
    }
}

#[test]
fn device_names_that_cannot_be_used() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let ask = |arguments: &[&str]| {
        let mut command = emoscope(&home);
        command.args(arguments).envs(server.environment());
        command.output().unwrap()
    };
    let listed: serde_json::Value =
        serde_json::from_slice(&ask(&["devices", "--json"]).stdout).unwrap();
    let server = |input: &&serde_json::Value| input["host"] == "pulseaudio";
    let inputs: Vec<_> = listed.as_array().unwrap().iter().filter(server).collect();
    assert!(inputs.len() >= 2, "{listed}");
    for input in inputs {
        let index = input["index"].to_string();
        // Each name or id in the list opens its input.
        for shown in [
            &index,
            input["name"].as_str().unwrap(),
            input["id"].as_str().unwrap(),
        ] {
            let output = ask(&["live", "--jsonl", "--seconds", "0.2", "--device", shown]);
            assert!(output.status.success(), "{shown}: {}", said(&output));
            assert_eq!(lines(&output)[0]["name"], input["name"], "{shown}");
        }
    }
}
