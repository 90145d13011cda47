//! Every format against ffmpeg's decoder, and seeking.

use std::fmt::Write as _;
use std::path::Path;

use emoscope::audio::file::{AudioFile, is_audio_name};
use emoscope::audio::source::Source;

use super::{encode, reference, rest, signal, wav, whole};

const RATE: u32 = 44_100;

/// Name, encoder options, sample rate, and the largest allowed difference to ffmpeg.
const FORMATS: [(&str, &[&str], u32, f32); 22] = [
    ("u8.wav", &["-c:a", "pcm_u8"], RATE, 0.0),
    ("s16.wav", &["-c:a", "pcm_s16le"], RATE, 0.0),
    ("s24.wav", &["-c:a", "pcm_s24le"], 96_000, 0.0),
    ("s32.wav", &["-c:a", "pcm_s32le"], 192_000, 1e-7),
    ("f32.wav", &["-c:a", "pcm_f32le"], 8_000, 0.0),
    ("f64.wav", &["-c:a", "pcm_f64le"], RATE, 0.0),
    (
        "rf64.wav",
        &["-c:a", "pcm_s16le", "-rf64", "always"],
        RATE,
        0.0,
    ),
    ("mulaw.wav", &["-c:a", "pcm_mulaw"], 8_000, 1e-6),
    ("adpcm.wav", &["-c:a", "adpcm_ms"], 22_050, 1e-6),
    ("16.flac", &["-sample_fmt", "s16"], RATE, 0.0),
    ("24.flac", &["-sample_fmt", "s32"], 96_000, 1e-7),
    ("cbr.mp3", &["-b:a", "96k"], RATE, 1e-4),
    ("vbr.mp3", &["-q:a", "4"], 48_000, 1e-4),
    (
        "headless.mp3",
        &["-q:a", "2", "-write_xing", "0", "-id3v2_version", "0"],
        24_000,
        1e-2,
    ),
    ("v.ogg", &["-c:a", "libvorbis", "-q:a", "4"], RATE, 1e-4),
    ("o.opus", &["-c:a", "libopus", "-b:a", "32k"], 48_000, 1e-4),
    ("f.oga", &["-c:a", "flac", "-sample_fmt", "s16"], RATE, 0.0),
    ("a.m4a", &["-c:a", "aac", "-b:a", "96k"], RATE, 1e-3),
    ("alac.m4a", &["-c:a", "alac"], RATE, 1e-7),
    ("x.aiff", &["-c:a", "pcm_s16be"], RATE, 0.0),
    ("x.caf", &["-c:a", "pcm_s16le"], RATE, 0.0),
    ("o.mka", &["-c:a", "libopus", "-b:a", "32k"], 48_000, 1e-4),
];

/// The largest difference where the two overlap.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(x, y)| (x - y).abs())
        .fold(0.0, f32::max)
}

#[test]
fn every_format_decodes_as_in_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    let mut report = String::new();
    for (name, options, rate, tolerance) in FORMATS {
        for channels in [1, 2] {
            let frames = rate as usize * 5 / 2 + 77;
            let samples = signal(frames, rate, channels);
            let name = format!("{channels}-{name}");
            let Some(path) = encode(folder.path(), &name, options, &samples, rate, channels) else {
                continue;
            };
            let (file, ours) = whole(&path);
            let Some(theirs) = reference(&path) else {
                continue;
            };
            let spec = file.spec();
            assert_eq!(
                (spec.sample_rate, spec.channels),
                (rate, channels),
                "{name}"
            );
            // AAC begins with the silent frames of its encoder.
            let lead = if name.ends_with("a.m4a") && !name.contains("alac") {
                1024
            } else {
                0
            };
            let ours = &ours[lead * usize::from(channels)..];
            let difference = difference(ours, &theirs);
            let (got, wanted) = (
                ours.len() / usize::from(channels),
                theirs.len() / usize::from(channels),
            );
            let said = file.total_s();
            let _ = writeln!(
                report,
                "{name}: {got} frames, ffmpeg {wanted}, difference {difference:e}, said {said:?} s",
            );
            assert!(difference <= tolerance, "{report}");
            assert!(got.abs_diff(wanted) <= 2048, "{report}");
            assert!(
                file.damaged() == 0 && file.notes().is_empty(),
                "{report}{}",
                file.damaged()
            );
        }
    }
    eprintln!("{report}");
}

#[test]
fn seeking_is_exact_to_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    for (name, options, rate, _) in FORMATS {
        let seconds = 7;
        let samples = signal(rate as usize * seconds, rate, 1);
        let Some(path) = encode(folder.path(), name, options, &samples, rate, 1) else {
            continue;
        };
        let (mut file, all) = whole(&path);
        let total = all.len() as f64 / f64::from(rate);
        for wanted in [3.1, 0.0, 6.9, 1.234_567, 5.0, 0.02, 6.99, 2.5, -1.0, total] {
            let landed = file.seek(wanted).unwrap_or_else(|e| panic!("{name}: {e}"));
            let frame = (landed * f64::from(rate)).round() as usize;
            let exact = (wanted.max(0.0) * f64::from(rate)).round() as usize;
            assert_eq!(frame, exact, "{name} at {wanted}");
            let (decoded, end) = rest(&mut file);
            end.unwrap_or_else(|e| panic!("{name} at {wanted}: {e}"));
            assert_eq!(decoded.len(), all.len() - frame, "{name} at {wanted}");
            // Opus predicts from earlier packets and converges; AAC adds
            // noise that differs after a seek.
            let tolerance = if matches!(name, "o.opus" | "o.mka" | "a.m4a") {
                2e-2
            } else {
                1e-5
            };
            let difference = difference(&decoded, &all[frame..]);
            assert!(
                difference <= tolerance,
                "{name} at {wanted}: {difference:e}"
            );
        }
        let beyond = file.seek(1000.0).unwrap();
        assert!((beyond - total).abs() < 1e-9, "{name}: {beyond} of {total}");
        assert!(rest(&mut file).0.is_empty(), "{name}");
        assert_eq!(file.damaged(), 0, "{name}");
    }
}

#[test]
fn eight_channels_and_a_single_sample() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("eight.wav");
    let data: Vec<u8> = (0..8 * 1000_i16).flat_map(i16::to_le_bytes).collect();
    std::fs::write(&path, wav(1, 16, 48_000, 8, &data)).unwrap();
    let (file, samples) = whole(&path);
    assert_eq!((file.spec().channels, samples.len()), (8, 8000));
    assert_eq!(
        samples[8 * 500 + 3].to_bits(),
        (4003.0_f32 / 32_768.0).to_bits()
    );

    let path = folder.path().join("one.wav");
    std::fs::write(&path, wav(1, 16, 16_000, 1, &[0, 0x40])).unwrap();
    let (file, samples) = whole(&path);
    assert_eq!(samples, [0.5]);
    assert_eq!(file.total_s(), Some(1.0 / 16_000.0));

    if let Some(path) = encode(
        folder.path(),
        "8.flac",
        &[],
        &signal(48_000, 48_000, 8),
        48_000,
        8,
    ) {
        let (file, samples) = whole(&path);
        assert_eq!((file.spec().channels, samples.len()), (8, 8 * 48_000));
    }
}

#[test]
fn opus_with_a_long_pre_skip_and_joined_files() {
    let folder = tempfile::tempdir().unwrap();
    let samples = signal(48_000 * 2, 48_000, 1);
    let Some(path) = encode(
        folder.path(),
        "o.opus",
        &["-c:a", "libopus"],
        &samples,
        48_000,
        1,
    ) else {
        return;
    };
    let (_, plain) = whole(&path);
    assert_eq!(plain.len(), samples.len());
    let bytes = std::fs::read(&path).unwrap();
    let head = bytes
        .windows(8)
        .position(|window| window == b"OpusHead")
        .unwrap();
    // A page carries a checksum, which has to follow the new pre-skip.
    let mut longer = bytes.clone();
    let pre_skip = u16::from_le_bytes([bytes[head + 10], bytes[head + 11]]) + 3000;
    longer[head + 10..head + 12].copy_from_slice(&pre_skip.to_le_bytes());
    let end = head + 19;
    longer[22..26].fill(0);
    let crc = longer[..end].iter().fold(0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    });
    longer[22..26].copy_from_slice(&crc.to_le_bytes());
    let path = folder.path().join("long.opus");
    std::fs::write(&path, &longer).unwrap();
    let (_, cut) = whole(&path);
    assert_eq!(cut.len(), plain.len() - 3000);
    assert!(difference(&cut, &plain[3000..]) < 1e-6);

    let path = folder.path().join("joined.opus");
    std::fs::write(&path, [bytes.clone(), bytes].concat()).unwrap();
    let mut file = AudioFile::open(&path).unwrap();
    let (joined, end) = rest(&mut file);
    end.unwrap();
    assert_eq!(joined.len(), 2 * plain.len());
    assert!(difference(&joined[plain.len()..], &plain) < 1e-6);
}

#[test]
fn names_of_audio() {
    for name in ["a.wav", "B.WAV", "c.d.Flac", "voice.opus", "x.webm"] {
        assert!(is_audio_name(Path::new(name)), "{name}");
    }
    for name in ["wav", ".wav", "a.txt", "a.wav.part", "a"] {
        assert!(!is_audio_name(Path::new(name)), "{name}");
    }
}
