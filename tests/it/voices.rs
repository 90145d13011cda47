//! Baselines before the analysis: profiles, and the enrolment of `analyze`.

use std::path::Path;
use std::process::Output;

use emoscope::audio::file::AudioFile;
use emoscope::audio::source::Source;
use serde_json::Value;

use crate::decode::wav;
use crate::support::{data, emoscope, lines, path, said};

fn run(home: &tempfile::TempDir, arguments: &[&str]) -> Output {
    let mut command = emoscope(home);
    command.env("XDG_DATA_HOME", home.path());
    command.args(arguments).output().unwrap()
}

fn speech() -> String {
    data("two-utterances.wav").display().to_string()
}

/// `calibrate` with the default model, which a busy machine would otherwise replace.
const CALIBRATE: [&str; 5] = ["calibrate", "--model", "voices", "--profile", "ada"];

fn calibrate(home: &tempfile::TempDir, recording: &str) -> Output {
    let arguments: Vec<&str> = CALIBRATE.into_iter().chain([recording]).collect();
    run(home, &arguments)
}

/// Seconds of the baseline of each whole utterance.
fn known(output: &Output) -> Vec<f64> {
    assert!(output.status.success(), "{}", said(output));
    lines(output)
        .iter()
        .filter(|line| line["trigger"] == "speech_ended")
        .map(|line| line["baseline_s"].as_f64().unwrap())
        .collect()
}

/// A minute of several synthetic voices.
fn talk() -> String {
    path("src/cli/demo.ogg").display().to_string()
}

fn profile(home: &tempfile::TempDir, name: &str) -> std::path::PathBuf {
    let folder = home.path().join("emoscope/profiles");
    folder.join(format!("{name}.json"))
}

#[test]
fn a_profile_is_created_saved_and_used_from_the_start() {
    let home = tempfile::tempdir().unwrap();
    let made = calibrate(&home, &talk());
    assert!(made.status.success(), "{}", said(&made));
    assert!(made.stdout.is_empty());
    let file = profile(&home, "ada");
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept["schema"], "emoscope.profile/1");
    let seconds = kept["baseline"]["seconds"].as_f64().unwrap();
    assert!(seconds >= 5.0, "{seconds}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let bits = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(bits & 0o777, 0o600);
    }

    let unseen = known(&run(&home, &["replay", "--jsonl", &speech()]));
    assert!(unseen[0].abs() < 1e-9 && unseen[1] > 1.0, "{unseen:?}");
    let friend = known(&run(
        &home,
        &["replay", "--jsonl", "--profile", "ada", &speech()],
    ));
    assert!((friend[0] - seconds).abs() < 0.01, "{friend:?} {seconds}");
    assert!(friend[1] > friend[0]);
}

#[test]
fn a_profile_has_full_weight_also_when_read_without_emotion() {
    let home = tempfile::tempdir().unwrap();
    let made = calibrate(&home, &talk());
    assert!(made.status.success(), "{}", said(&made));
    let file = profile(&home, "ada");
    // Confidence with profiles of ever lower variance.
    let confidence = |even: f64| -> f64 {
        let mut kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for value in kept["baseline"]["variance"].as_array_mut().unwrap() {
            *value = (value.as_f64().unwrap() * even).into();
        }
        std::fs::write(&file, kept.to_string()).unwrap();
        let found = run(&home, &["replay", "--jsonl", "--profile", "ada", &speech()]);
        assert!(found.status.success(), "{}", said(&found));
        let ended = lines(&found)
            .into_iter()
            .find(|line| line["trigger"] == "speech_ended");
        ended.unwrap()["confidence"].as_f64().unwrap()
    };
    let (evenly, more, most) = (confidence(0.1), confidence(0.1), confidence(0.1));
    assert!((evenly - more).abs() < 1e-3, "{evenly} {more}");
    assert!((more - most).abs() < 1e-3, "{more} {most}");
    let unseen = lines(&run(&home, &["replay", "--jsonl", &speech()]))
        .into_iter()
        .find(|line| line["trigger"] == "speech_ended");
    let unknown = unseen.unwrap()["confidence"].as_f64().unwrap();
    assert!((unknown - most).abs() > 1e-2, "{unknown} {most}");
}

#[test]
fn a_profile_that_cannot_be_used_says_why() {
    let home = tempfile::tempdir().unwrap();
    let refused = |name: &str, words: &[&str]| {
        let output = run(&home, &["replay", "--jsonl", "--profile", name, &speech()]);
        assert_eq!(output.status.code(), Some(1));
        let text = said(&output);
        for word in words {
            assert!(text.contains(word), "{name}: {text}");
        }
    };
    refused("nobody", &["nobody", "are none", "emoscope calibrate"]);
    refused("../up", &["../up", "letters"]);
    let made = calibrate(&home, &talk());
    assert!(made.status.success(), "{}", said(&made));
    refused("eda", &["eda", "are ada"]);

    let text = std::fs::read_to_string(profile(&home, "ada")).unwrap();
    let mut kept: Value = serde_json::from_str(&text).unwrap();
    kept["model_sha256"] = "0".repeat(64).into();
    std::fs::write(profile(&home, "other"), kept.to_string()).unwrap();
    refused("other", &["other.json", "another model"]);
    std::fs::write(profile(&home, "cut"), &text[..text.len() / 2]).unwrap();
    refused("cut", &["cut.json", "damaged"]);
    let mut kept: Value = serde_json::from_str(&text).unwrap();
    kept["baseline"]["variance"][0] = (-1.0).into();
    std::fs::write(profile(&home, "odd"), kept.to_string()).unwrap();
    refused("odd", &["odd.json", "damaged"]);
}

#[test]
fn too_little_speech_makes_no_profile() {
    let home = tempfile::tempdir().unwrap();
    let tone = data("tone.wav").display().to_string();
    let output = calibrate(&home, &tone);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("tone.wav"), "{}", said(&output));
    assert!(!profile(&home, "ada").exists());
}

#[test]
fn analyze_collects_the_baseline_of_a_file_or_folder_first() {
    let home = tempfile::tempdir().unwrap();
    let talks = home.path().join("talks");
    std::fs::create_dir(&talks).unwrap();
    for name in ["speech-16k.wav", "two-utterances.wav"] {
        std::fs::copy(data(name), talks.join(name)).unwrap();
    }
    let gathered = |over: &str| {
        let arguments = ["analyze", "--format", "jsonl", "--baseline", over];
        let folder = Path::new(&talks).display().to_string();
        known(&run(&home, &[&arguments[..], &[&folder]].concat()))
    };
    let none = gathered("none");
    let auto = gathered("auto");
    let file = gathered("file");
    let all = gathered("folder");
    let arguments = ["analyze", "--format", "jsonl"];
    let alone = known(&run(&home, &[&arguments[..], &[&speech()]].concat()));
    assert!(alone[0] < 1e-9, "a single file has no others: {alone:?}");
    assert!(none.contains(&0.0), "{none:?}");
    // The folder's baseline comes first, and each utterance adds to it.
    assert!((auto[0] - auto[1]).abs() < 1e-9, "{auto:?}");
    assert!(auto[0] > 1.0 && auto[2] > auto[1], "{auto:?}");
    assert!((auto[0] - all[0].min(3.0)).abs() < 1e-9, "{auto:?} {all:?}");
    // With `file`, both utterances of one file have the same baseline; with `folder`,
    // the files share the sum.
    assert!(
        (file[1] - file[2]).abs() < 1e-9 && file[0] > 0.0,
        "{file:?}"
    );
    assert!(all.iter().all(|&s| (s - all[0]).abs() < 1e-9), "{all:?}");
    assert!(
        (all[0] - file[0] - file[1]).abs() < 0.02,
        "{all:?} {file:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_profile_that_cannot_be_written_whole_leaves_the_old_one() {
    let home = tempfile::tempdir().unwrap();
    let made = calibrate(&home, &talk());
    assert!(made.status.success(), "{}", said(&made));
    let kept = std::fs::read(profile(&home, "ada")).unwrap();
    // Files of at most two kilobytes; the signal for it is ignored.
    let program = emoscope(&home).get_program().to_owned();
    let output = std::process::Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$@\"", "bash"])
        .arg(program)
        .args(CALIBRATE)
        .arg(talk())
        .envs([
            ("XDG_STATE_HOME", home.path()),
            ("XDG_DATA_HOME", home.path()),
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("ada.json"), "{}", said(&output));
    assert_eq!(std::fs::read(profile(&home, "ada")).unwrap(), kept);
}

/// Parts of a recording, in seconds, as separate recordings in a new folder.
fn cut(home: &tempfile::TempDir, recording: &Path, parts: &[(f64, f64)]) -> String {
    let folder = home.path().join(format!("cut-{}", parts.len()));
    std::fs::create_dir(&folder).unwrap();
    let mut source = AudioFile::open(recording).unwrap();
    let spec = source.spec();
    let mut samples = Vec::new();
    while source.read(&mut samples).unwrap() {}
    // Only the last channel.
    let samples: Vec<u8> = samples
        .chunks(usize::from(spec.channels))
        .flat_map(|frame| ((frame[frame.len() - 1] * 32_767.0) as i16).to_le_bytes())
        .collect();
    let byte = |at_s: f64| (2 * (at_s * f64::from(spec.sample_rate)) as usize).min(samples.len());
    for (number, &(from_s, to_s)) in parts.iter().enumerate() {
        let part = &samples[byte(from_s)..byte(to_s)];
        let file = folder.join(format!("{number}.wav"));
        std::fs::write(file, wav(1, 16, spec.sample_rate, 1, part)).unwrap();
    }
    folder.display().to_string()
}

#[test]
fn a_folder_of_one_speaker_gives_its_baseline_full_weight() {
    let home = tempfile::tempdir().unwrap();
    let seconds = |folder: &str, more: &[&str]| {
        let arguments = ["analyze", "--quiet", "--format", "jsonl"];
        known(&run(&home, &[&arguments[..], more, &[folder]].concat()))
    };
    // The second speaker of the call, as `make.py` says, with each line twice.
    let lines = [(4.8, 8.9), (10.4, 15.0), (4.8, 8.9), (10.4, 15.0)];
    let one = cut(&home, &data("call.flac"), &lines);
    let alone = seconds(&one, &[]);
    let sum = seconds(&one, &["--baseline", "folder"])[0];
    assert!(sum > 6.0, "{sum}");
    assert!((alone[0] - sum).abs() < 0.05, "{alone:?} {sum}");
    // Several synthetic voices.
    let parts = [
        (0.5, 4.5),
        (5.0, 7.9),
        (8.9, 11.4),
        (15.7, 18.8),
        (19.6, 22.9),
        (34.7, 37.4),
    ];
    let several = seconds(&cut(&home, &path("src/cli/demo.ogg"), &parts), &[]);
    assert!(
        several.iter().all(|&seconds| (seconds - 3.0).abs() < 1e-6),
        "{several:?}"
    );
    // Without the speaker network the folder may have several speakers.
    let unmarked = seconds(&one, &["--speakers", "1"]);
    assert!((unmarked[0] - 3.0).abs() < 1e-6, "{unmarked:?}");
}
