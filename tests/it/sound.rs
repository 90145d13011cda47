//! Playback of a recording: a virtual output receives the recording, at the time that
//! the screen shows.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::pty::Terminal;
use crate::sound_server::SoundServer;
use crate::support::{data, emoscope, samples_16};

const RATE: usize = 16_000;
/// Start of each utterance of the recording in seconds, with silence in between.
const NAME: &str = "two-utterances.wav";

/// The audio that a private server's output receives.
struct Recorder {
    child: Child,
    blocks: Receiver<(Instant, Vec<f32>)>,
}

impl Recorder {
    fn start(server: &SoundServer) -> Self {
        let mut child = Command::new("parec")
            .args(["--device=vspk.monitor", "--raw", "--format=s16le"])
            .args(["--rate=16000", "--channels=1", "--latency-msec=10"])
            .envs(server.environment())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        let (sender, blocks) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 320];
            while out.read_exact(&mut bytes).is_ok() {
                let words = bytes.as_chunks::<2>().0.iter();
                let block = words.map(|&word| f32::from(i16::from_le_bytes(word)) / 32_768.0);
                if sender.send((Instant::now(), block.collect())).is_err() {
                    break;
                }
            }
        });
        let recorder = Self { child, blocks };
        // It runs once the first block is here.
        recorder
            .blocks
            .recv_timeout(Duration::from_secs(20))
            .unwrap();
        recorder
    }

    /// All samples, and the arrival time of each block of 10 ms.
    fn stop(mut self) -> (Vec<f32>, Vec<Instant>) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let blocks: Vec<_> = self.blocks.iter().collect();
        let times = blocks.iter().map(|(at, _)| *at).collect();
        (
            blocks.into_iter().flat_map(|(_, block)| block).collect(),
            times,
        )
    }
}

fn play(server: Option<&SoundServer>, home: &TempDir, options: &[&str]) -> Terminal {
    play_file(NAME, server, home, options)
}

fn play_file(
    name: &str,
    server: Option<&SoundServer>,
    home: &TempDir,
    options: &[&str],
) -> Terminal {
    let mut command = emoscope(home);
    command.arg("replay").arg(data(name)).args(options);
    command.env("EMOSCOPE_MUTE", "false");
    if let Some(server) = server {
        command.envs(server.environment());
    } else {
        // No server, and no sound card.
        command.env("PULSE_SERVER", "unix:/nowhere");
        command.env("ALSA_CONFIG_PATH", "/dev/null");
    }
    Terminal::start(24, 100, &command)
}

/// Correlation of a part and a stretch of the same length, over every `step`-th
/// sample; 0 where the stretch is much quieter.
fn likeness(part: &[f32], stretch: &[f32], step: usize) -> f64 {
    let (mut product, mut power, mut other) = (0.0, 0.0, 0.0);
    for (a, b) in part.iter().zip(stretch).step_by(step) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        product += a * b;
        power += a * a;
        other += b * b;
    }
    if other < 0.2 * power {
        return 0.0;
    }
    product / (power * other).sqrt()
}

/// The place in a recording with the largest correlation to a part, and its value.
fn find(part: &[f32], recording: &[f32]) -> (usize, f64) {
    let best = |places: std::ops::Range<usize>, step: usize| {
        places
            .map(|place| {
                (
                    place,
                    likeness(part, &recording[place..place + part.len()], step),
                )
            })
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((0, 0.0))
    };
    let last = recording.len().saturating_sub(part.len());
    let (near, _) = best(0..last, 16);
    best(near.saturating_sub(8)..(near + 8).min(last), 1)
}

/// The loudest tenth of a second of an utterance, and its place in the file.
fn sample_of(file: &[f32], from: usize) -> (usize, &[f32]) {
    let length = RATE / 5;
    let energy = |place: usize| -> f32 { file[place..place + length].iter().map(|x| x * x).sum() };
    let places = (from..file.len().min(from + 2 * RATE) - length).step_by(160);
    let place = places
        .max_by(|a, b| energy(*a).total_cmp(&energy(*b)))
        .unwrap();
    (place, &file[place..place + length])
}

#[test]
fn the_sound_is_the_recording_in_step_with_the_screen() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let file = samples_16(&data(NAME));
    let home = tempfile::tempdir().unwrap();
    let recorder = Recorder::start(&server);
    let mut terminal = play(Some(&server), &home, &[]);
    let mut seen = Vec::new();
    for second in 1..=4 {
        let text = format!("0:0{second} / ");
        terminal.until(&text, |terminal| terminal.contents().contains(&text));
        seen.push((second, Instant::now()));
    }
    assert!(terminal.contents().contains("volume 9"));
    terminal.until("the end", |t| t.contents().contains("is over"));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    let (sound, times) = recorder.stop();
    // Both utterances, and the time between them.
    let places: Vec<(usize, usize)> = [0, file.len() / 2]
        .into_iter()
        .map(|from| {
            let (place, part) = sample_of(&file, from);
            let (there, likeness) = find(part, &sound);
            assert!(likeness > 0.95, "{likeness} at {there}");
            (place, there)
        })
        .collect();
    let shift = places[0].1 as f64 - places[0].0 as f64;
    let drift = places[1].1 as f64 - places[1].0 as f64 - shift;
    // A server on a busy machine may miss a block; the screen follows that.
    assert!(drift.abs() < 0.05 * RATE as f64, "{drift} samples");
    // When the screen shows a second, that second is audible.
    let mut late: Vec<f64> = seen
        .iter()
        .map(|(second, shown)| {
            let sample = (shift + f64::from(*second) * RATE as f64) as usize;
            let played = times[(sample / 160).min(times.len() - 1)];
            match shown.checked_duration_since(played) {
                Some(late) => late.as_secs_f64(),
                None => -played.duration_since(*shown).as_secs_f64(),
            }
        })
        .collect();
    late.sort_by(f64::total_cmp);
    eprintln!("the screen is behind the sound by {late:.3?} s");
    // A busy machine draws late; the minimum is the delay between screen and sound.
    assert!(late[0].abs() < 0.1, "{late:?}");
}

/// Each channel is analyzed alone, and both are played together.
#[test]
fn both_channels_of_a_call_are_played_in_step() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let alone = [1, 2].map(|channel| {
        let path = home.path().join(format!("{channel}.wav"));
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(data("call.flac"))
            .args([
                "-af",
                &format!("pan=mono|c0=c{}", channel - 1),
                "-ar",
                "16000",
            ])
            .arg(&path)
            .status();
        assert!(made.expect("ffmpeg is installed").success());
        samples_16(&path)
    });
    let recorder = Recorder::start(&server);
    let options = ["--channel", "each"];
    let mut terminal = play_file("call.flac", Some(&server), &home, &options);
    terminal.until("eight seconds", |t| t.contents().contains("0:08 / "));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    let (heard, _) = recorder.stop();
    // Where only one of them speaks.
    let shifts = [(0, 0.0), (1, 5.0)].map(|(channel, from_s)| {
        let (place, part) = sample_of(&alone[channel], (from_s * RATE as f64) as usize);
        let (there, likeness) = find(part, &heard);
        assert!(likeness > 0.95, "channel {channel}: {likeness} at {there}");
        there as f64 - place as f64
    });
    let drift = shifts[1] - shifts[0];
    assert!(drift.abs() < 0.05 * RATE as f64, "{drift} samples");
}

#[test]
fn a_seek_is_audible_and_a_mute_is_silent() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let file = samples_16(&data(NAME));
    let (place, part) = sample_of(&file, file.len() / 2);
    let home = tempfile::tempdir().unwrap();
    let recorder = Recorder::start(&server);
    let mut terminal = play(Some(&server), &home, &[]);
    terminal.until("the analyzed end", |t| {
        t.contents().contains("0:00 / ") && !t.contents().contains("analyzing")
    });
    terminal.keys("nn"); // the second utterance
    terminal.until("the end", |t| t.contents().contains("is over"));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    let (sound, _) = recorder.stop();
    let (there, likeness) = find(part, &sound);
    assert!(likeness > 0.95, "{likeness}");
    let first = sound.iter().position(|x| x.abs() > 0.01).unwrap();
    let before = (there - first) as f64 / RATE as f64;
    assert!(
        before < place as f64 / RATE as f64 - 0.5,
        "nothing was skipped: {before} s"
    );

    let recorder = Recorder::start(&server);
    let mut terminal = play(Some(&server), &home, &["--mute"]);
    terminal.until("the word", |t| t.contents().contains("muted"));
    terminal.until("the end", |t| t.contents().contains("is over"));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    let (sound, _) = recorder.stop();
    assert!(sound.len() > 3 * RATE);
    assert!(sound.iter().all(|x| x.abs() < 1e-4), "it is not silent");
}

#[test]
fn without_an_output_it_plays_silently() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = play(None, &home, &[]);
    terminal.until("the word", |t| t.contents().contains("no sound"));
    terminal.until("the end", |t| t.contents().contains("is over"));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
}
