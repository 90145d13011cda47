//! Capture from a virtual microphone.

use std::time::{Duration, Instant};

use emoscope::audio::capture::{Capture, Fault};
use emoscope::audio::device::find;
use emoscope::audio::ring::Chunk;

use crate::decode::write_wav;
use crate::sound_server::{SoundServer, inside, spawn};

#[test]
fn a_tone_is_captured_and_an_unplugged_microphone_is_reported() {
    if let Some(server) = SoundServer::start() {
        server.run_test("capture::inside_tone_of_the_server");
        server.run_test("capture::inside_tone_of_alsa");
        server.run_test("capture::inside_level");
        server.run_test("capture::inside_stall");
        server.run_test("capture::inside_unplugged");
        server.run(&["add"]).unwrap();
        server.run_test("capture::inside_unplugged_alsa");
    }
}

/// Two seconds of 440 Hz through the microphone, checked by its zero crossings.
fn assert_captures_the_tone(id: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tone.wav");
    let tone: Vec<f32> = (0..96_000)
        .map(|k| (0.4 * (std::f64::consts::TAU * 440.0 * f64::from(k) / 48_000.0).sin()) as f32)
        .collect();
    write_wav(&path, &tone, 48_000, 1);
    let mut capture = Capture::open(&find(Some(id)).unwrap()).unwrap();
    let spec = capture.spec();
    let mut player = spawn(&["play", path.to_str().unwrap()]);
    let mut samples = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(3500) {
        match capture.read(&mut samples, 4096) {
            Chunk::Samples(_) => {}
            Chunk::Gap(frames) => panic!("{frames} frames lost"),
            Chunk::Empty => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    assert!(player.wait().unwrap().success());
    let rate = f64::from(spec.sample_rate);
    let left: Vec<f32> = samples
        .iter()
        .step_by(usize::from(spec.channels))
        .copied()
        .collect();
    let first = left.iter().position(|x| x.abs() > 0.1).expect("the tone");
    let last = left.iter().rposition(|x| x.abs() > 0.1).unwrap();
    let tone = &left[first..last];
    let seconds = tone.len() as f64 / rate;
    let frequency = rate / median_period(tone);
    let peak = tone.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    eprintln!(
        "{id}: {spec:?} {}, {seconds:.3} s of {frequency:.1} Hz, peak {peak:.3}, {} blocks, start {:.0} ms after opening",
        capture.format(),
        capture.callbacks(),
        1e3 * first as f64 / rate,
    );
    // A busy machine interrupts the player, which lengthens the tone.
    assert!((frequency - 440.0).abs() < 1.0 && (1.9..2.5).contains(&seconds));
    assert!((0.3..0.5).contains(&peak));
    assert_eq!((capture.fault(), capture.lost()), (None, 0));
    let wall = start.elapsed().as_secs_f64();
    let all = left.len() as f64 / rate;
    assert!((all - wall).abs() < 0.6, "{all} s of audio in {wall} s");
}

/// Median number of frames between two zero crossings.
fn median_period(tone: &[f32]) -> f64 {
    let crossings: Vec<f64> = tone
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[0] < 0.0 && pair[1] >= 0.0)
        .map(|(at, pair)| at as f64 + f64::from(pair[0] / (pair[0] - pair[1])))
        .collect();
    let mut periods: Vec<f64> = crossings.windows(2).map(|pair| pair[1] - pair[0]).collect();
    periods.sort_by(f64::total_cmp);
    periods[periods.len() / 2]
}

#[test]
#[ignore = "run by a_tone_is_captured_and_an_unplugged_microphone_is_reported"]
fn inside_tone_of_the_server() {
    if inside() {
        assert_captures_the_tone("pulseaudio:vmic");
    }
}

#[test]
#[ignore = "run by a_tone_is_captured_and_an_unplugged_microphone_is_reported"]
fn inside_tone_of_alsa() {
    if inside() {
        assert_captures_the_tone("alsa:default");
    }
}

#[test]
#[ignore = "run by a_tone_is_captured_and_an_unplugged_microphone_is_reported"]
fn inside_level() {
    if !inside() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("square.wav");
    let square: Vec<f32> = (0..48_000)
        .map(|k| if k / 50 % 2 == 0 { 0.5 } else { -0.5 })
        .collect();
    write_wav(&path, &square, 48_000, 1);
    let mut capture = Capture::open_for_level(&find(Some("vmic")).unwrap()).unwrap();
    let mut peak = || {
        let mut samples = Vec::new();
        while capture.read(&mut samples, 4096) != Chunk::Empty {}
        samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()))
    };
    std::thread::sleep(Duration::from_millis(500));
    assert!(peak() < 1e-3, "silence first");
    let mut player = spawn(&["play", path.to_str().unwrap()]);
    let mut highest = 0.0_f32;
    while player.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(50));
        highest = highest.max(peak());
    }
    assert!((highest - 0.5).abs() < 0.06, "{highest}");
}

#[test]
#[ignore = "run by a_tone_is_captured_and_an_unplugged_microphone_is_reported"]
fn inside_stall() {
    if !inside() {
        return;
    }
    let capture = Capture::open(&find(None).unwrap()).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    spawn(&["stall"]).wait().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let before = capture.callbacks();
    std::thread::sleep(Duration::from_secs(1));
    assert!(
        before > 0 && capture.callbacks() == before,
        "the watchdog detects a server that hangs"
    );
    let start = Instant::now();
    drop(capture);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "closing must not wait for it"
    );
    let start = Instant::now();
    let error = find(Some("vmic")).map(|input| Capture::open(&input).err());
    eprintln!(
        "opening while it hangs: {error:?} after {:?}",
        start.elapsed()
    );
    assert!(start.elapsed() < Duration::from_secs(15));
    spawn(&["resume"]).wait().unwrap();
}

/// The fault after the microphone was unplugged, and the time until it was reported.
fn unplugged(id: &str) -> Fault {
    let mut capture = Capture::open(&find(Some(id)).unwrap()).unwrap();
    let start = Instant::now();
    while !matches!(capture.read(&mut Vec::new(), 1000), Chunk::Samples(_)) {
        assert!(start.elapsed() < Duration::from_secs(5), "it runs");
        std::thread::sleep(Duration::from_millis(20));
    }
    spawn(&["remove"]).wait().unwrap();
    let start = Instant::now();
    let fault = loop {
        if let Some(fault) = capture.fault() {
            break fault;
        }
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "no fault after 2 s"
        );
        std::thread::sleep(Duration::from_millis(5));
    };
    let noticed = start.elapsed();
    std::thread::sleep(Duration::from_millis(300));
    let errors = capture.errors();
    let start = Instant::now();
    drop(capture);
    eprintln!(
        "{id}: {fault} after {noticed:?}, {errors} errors, closed in {:?}",
        start.elapsed()
    );
    fault
}

#[test]
#[ignore = "run by a_tone_is_captured_and_an_unplugged_microphone_is_reported"]
fn inside_unplugged() {
    if inside() {
        assert_eq!(unplugged("pulseaudio:vmic"), Fault::Unplugged);
    }
}

#[test]
#[ignore = "run by a_tone_is_captured_and_an_unplugged_microphone_is_reported"]
fn inside_unplugged_alsa() {
    if inside() {
        unplugged("alsa:default");
    }
}
