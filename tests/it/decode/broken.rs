//! Files whose content contradicts their header or name.

use std::path::Path;

use emoscope::audio::file::{AudioFile, DecodeError};
use emoscope::audio::source::{Note, Source};

use super::{encode, rest, signal, wav, whole};

fn fault(path: &Path) -> DecodeError {
    AudioFile::open(path)
        .err()
        .unwrap_or_else(|| panic!("{} opens", path.display()))
}

fn with(bytes: &[u8], name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn each_fault_has_its_own_message() {
    let cases: [(&[u8], &str, &str); 10] = [
        (b"", "x.wav", "is empty"),
        (b"R", "x.wav", "is not audio"),
        (b"fLaC\0\0\0\x22", "x.flac", "ends too soon"),
        (
            b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom",
            "x.m4a",
            "index is missing",
        ),
        (
            b"# A text, and a fairly long one, about nothing at all.\n",
            "x.mp3",
            "is not audio",
        ),
        (&[0; 10_000], "x.flac", "is not audio"),
        (&wav(1, 16, 16_000, 1, &[])[..], "x.wav", "no samples"),
        (&wav(1, 16, 16_000, 1, &[])[..36], "x.wav", "no samples"),
        (&wav(1, 16, 1, 1, &[0; 8])[..], "x.wav", "1 Hz"),
        (
            &wav(1, 8, 16_000, 65, &[0; 650])[..],
            "x.wav",
            "65 channels",
        ),
    ];
    for (bytes, name, expected) in cases {
        let (_folder, path) = with(bytes, name);
        let sentence = fault(&path).to_string();
        assert!(sentence.contains(expected), "{expected}: {sentence}");
    }
    assert!(matches!(
        fault(Path::new("/nonexistent.wav")),
        DecodeError::Open(_)
    ));
    assert!(matches!(fault(&std::env::temp_dir()), DecodeError::Folder));
}

#[test]
fn cut_wavs_are_decoded_to_where_they_end() {
    let data: Vec<u8> = (0..20_000_i16).flat_map(i16::to_le_bytes).collect();
    let bytes = wav(1, 16, 16_000, 1, &data);
    let (_folder, path) = with(&bytes[..44 + 10_000 * 2], "x.wav");
    let mut file = AudioFile::open(&path).unwrap();
    let (samples, end) = rest(&mut file);
    assert_eq!(samples.len(), 10_000);
    let sentence = end.unwrap_err().to_string();
    assert!(sentence.contains("0.62 s of 1.25 s"), "{sentence}");
    assert!(
        !file.read(&mut Vec::new()).unwrap(),
        "the fault is reported once"
    );

    let (_folder, path) = with(&bytes[..bytes.len() - 101], "x.wav");
    let (file, samples) = whole(&path);
    assert_eq!(samples.len(), 20_000 - 51);
    // Less than a block is missing: an error of the program that wrote it.
    assert_eq!(file.notes(), []);
}

#[test]
fn cut_packets_are_decoded_to_where_they_end() {
    let folder = tempfile::tempdir().unwrap();
    let samples = signal(16_000 * 6, 16_000, 1);
    let cases: [(&str, &[&str], bool); 5] = [
        ("x.flac", &[], true),
        ("x.mp3", &["-b:a", "64k"], true),
        (
            "x.ogg",
            &["-c:a", "libvorbis", "-page_duration", "200000"],
            false,
        ),
        (
            "x.opus",
            &["-c:a", "libopus", "-page_duration", "200000"],
            false,
        ),
        ("x.m4a", &["-c:a", "aac", "-movflags", "+faststart"], true),
    ];
    for (name, options, told) in cases {
        let Some(path) = encode(folder.path(), name, options, &samples, 16_000, 1) else {
            continue;
        };
        let (_, all) = whole(&path);
        let bytes = std::fs::read(&path).unwrap();
        let path = folder.path().join(format!("cut-{name}"));
        std::fs::write(&path, &bytes[..bytes.len() * 6 / 10]).unwrap();
        let mut file = AudioFile::open(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (decoded, end) = rest(&mut file);
        let part = decoded.len() as f64 / all.len() as f64;
        assert!((0.3..0.8).contains(&part), "{name}: {part}");
        let noted = file.notes().contains(&Note::CutPacket);
        assert!(noted != told, "{name}: {:?}", file.notes());
        assert_eq!(
            matches!(end, Err(DecodeError::Truncated { .. })),
            told,
            "{name}: {end:?}"
        );
    }
}

#[test]
fn a_damaged_middle_keeps_the_time_of_what_follows() {
    let folder = tempfile::tempdir().unwrap();
    let samples = signal(16_000 * 6, 16_000, 1);
    let cases: [(&str, &[&str]); 4] = [
        ("x.flac", &[]),
        ("x.mp3", &["-b:a", "64k"]),
        ("x.ogg", &["-c:a", "libvorbis", "-page_duration", "200000"]),
        ("x.opus", &["-c:a", "libopus", "-page_duration", "200000"]),
    ];
    for (name, options) in cases {
        let Some(path) = encode(folder.path(), name, options, &samples, 16_000, 1) else {
            continue;
        };
        let (_, all) = whole(&path);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        for byte in &mut bytes[middle..middle + 600] {
            *byte ^= 0x5a;
        }
        let path = folder.path().join(format!("hurt-{name}"));
        std::fs::write(&path, &bytes).unwrap();
        let (file, decoded) = whole(&path);
        eprintln!(
            "{name}: {} of {} samples, {} damaged",
            decoded.len(),
            all.len(),
            file.damaged()
        );
        // MP3 frames have no number, so the length of a loss between them is unknown.
        let slack = if name == "x.mp3" { 4 * 576 } else { 0 };
        assert!(
            all.len() - decoded.len() <= slack,
            "{name}: {} samples",
            decoded.len()
        );
        assert!(file.damaged() > 0, "{name}");
        if slack > 0 {
            continue;
        }
        let end = |samples: &[f32]| samples[samples.len() - 16_000..].to_vec();
        let same = end(&decoded)
            .iter()
            .zip(end(&all))
            .all(|(x, y)| (x - y).abs() < 2e-2);
        assert!(same, "{name}: the end moved");
    }
}

/// Opens, reads, seeks and reads again; any result but a panic is right.
fn open_read_and_seek(path: &Path) {
    let Ok(mut file) = AudioFile::open(path) else {
        return;
    };
    let mut out = Vec::new();
    let limit = 200;
    for _ in 0..limit {
        out.clear();
        if !file.read(&mut out).unwrap_or(false) {
            break;
        }
    }
    for to in [0.3, 1e9, 0.0, f64::NAN] {
        if file.seek(to).is_ok() {
            let _ = file.read(&mut out);
        }
    }
}

#[test]
fn no_truncation_and_no_flipped_bit_causes_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let data: Vec<u8> = (0..300_i16).flat_map(i16::to_le_bytes).collect();
    let plain = wav(1, 16, 16_000, 1, &data);
    let path = folder.path().join("x.wav");
    for end in 0..plain.len() {
        std::fs::write(&path, &plain[..end]).unwrap();
        open_read_and_seek(&path);
    }
    for at in 0..44 {
        for byte in [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff] {
            let mut bytes = plain.clone();
            bytes[at] = byte;
            std::fs::write(&path, &bytes).unwrap();
            open_read_and_seek(&path);
        }
    }
}

#[test]
fn no_damage_to_a_coded_file_causes_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let samples = signal(8_000, 16_000, 1);
    let rounds: u32 = std::env::var("EMOSCOPE_FUZZ").map_or(60, |text| text.parse().unwrap());
    let cases: [(&str, &[&str]); 10] = [
        ("x.flac", &[]),
        ("x.mp3", &["-b:a", "32k"]),
        ("x.ogg", &["-c:a", "libvorbis"]),
        ("x.opus", &["-c:a", "libopus"]),
        ("x.m4a", &["-c:a", "aac"]),
        ("x.aiff", &[]),
        ("x.caf", &[]),
        ("x.mka", &["-c:a", "libvorbis"]),
        ("adpcm.wav", &["-c:a", "adpcm_ms"]),
        ("x.aac", &["-c:a", "aac"]),
    ];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for (name, options) in cases {
        let Some(path) = encode(folder.path(), name, options, &samples, 16_000, 1) else {
            continue;
        };
        let whole = std::fs::read(&path).unwrap();
        for round in 0..rounds {
            let mut bytes = whole.clone();
            // Most damage goes to the header, where the lengths stand.
            let reach = if round % 3 == 0 {
                bytes.len()
            } else {
                bytes.len().min(600)
            };
            for _ in 0..=next(6) {
                let at = next(reach);
                bytes[at] = [0, 0xff, 0x7f, 0x80, next(256) as u8][next(5)];
            }
            if round % 7 == 0 {
                bytes.truncate(next(whole.len()));
            }
            std::fs::write(&path, &bytes).unwrap();
            open_read_and_seek(&path);
        }
    }
}
