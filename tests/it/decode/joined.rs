//! Files of one format in one file or stream, as `cat` makes them.

use std::path::Path;

use emoscope::audio::file::AudioFile;
use emoscope::audio::source::Source;

use super::{encode, ffmpeg, reference, rest, signal, whole};

const RATE: u32 = 44_100;

/// FLAC files in one are as long as the sum, also behind a seek, and a tag at the end is
/// not audio.
#[test]
fn joined_flac_files_are_read_and_sought_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let samples = signal(3 * RATE as usize + 77, RATE, 1);
    let options = ["-sample_fmt", "s16"];
    let Some(path) = encode(folder.path(), "one.flac", &options, &samples, RATE, 1) else {
        return;
    };
    let one = reference(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let tag = [b"TAG".as_slice(), &[0; 125]].concat();
    let joined = folder.path().join("joined.flac");
    std::fs::write(&joined, [&bytes[..], &bytes, &bytes, &tag].concat()).unwrap();
    let (mut file, all) = whole(&joined);
    assert_eq!(all, one.repeat(3));
    let rate = f64::from(RATE);
    for wanted in [8.9_f64, 0.5, 3.1, 2.99, 6.5, 0.0] {
        let frame = (file.seek(wanted).unwrap() * rate).round() as usize;
        assert_eq!(frame, (wanted * rate).round() as usize, "at {wanted}");
        let (decoded, end) = rest(&mut file);
        end.unwrap();
        assert_eq!(decoded, all[frame..], "at {wanted}");
    }
    let beyond = file.seek(100.0).unwrap();
    assert!((beyond - all.len() as f64 / rate).abs() < 1e-9, "{beyond}");
    assert_eq!(file.damaged(), 0);
    let stream = std::fs::File::open(&joined).unwrap();
    let mut stream = AudioFile::from_reader(stream).unwrap();
    let (decoded, end) = rest(&mut stream);
    end.unwrap();
    // A stream ends with its first file, and says so.
    assert_eq!(decoded, one);
}

/// Rate, channels and frames of each part. A filter needs some samples at both ends of one.
const PARTS: [(u32, u16, usize); 4] = [
    (RATE, 1, 100_000),
    (22_050, 1, 40_007),
    (48_000, 2, 90_001),
    (RATE, 1, 70_001),
];
const EDGE: usize = 200;

/// Frames of a part, and its samples as ffmpeg decodes them by itself, at the rate of the
/// first part, and the mean of its channels.
fn part_reference(path: &Path, channels: u16) -> (usize, Vec<f32>) {
    let channels = usize::from(channels);
    let frames = reference(path).unwrap().len() / channels;
    let converted = path.with_extension("converted.wav");
    let [from, to] = [path, &converted].map(|path| path.to_str().unwrap());
    let rate = RATE.to_string();
    ffmpeg(&["-i", from, "-ar", &rate, "-c:a", "pcm_f32le", to]).unwrap();
    let samples = reference(&converted).unwrap();
    let mean = |frame: &[f32]| frame.iter().sum::<f32>() / frame.len() as f32;
    (frames, samples.chunks_exact(channels).map(mean).collect())
}

/// Parts of other rates and channels are read, in a file and in a stream, and a seek
/// into each is exact.
#[test]
fn joined_files_of_different_formats_are_read_in_full() {
    let kinds: [(&str, &[&str]); 4] = [
        ("aac", &["-c:a", "aac", "-aac_pns", "0"]),
        ("flac", &["-sample_fmt", "s16"]),
        ("mp3", &["-write_xing", "0", "-id3v2_version", "0"]),
        ("ogg", &["-c:a", "libvorbis", "-q:a", "6"]),
    ];
    for (extension, options) in kinds {
        let folder = tempfile::tempdir().unwrap();
        let parts: Option<Vec<_>> = (0..)
            .zip(PARTS)
            .map(|(number, (rate, channels, frames))| {
                let name = format!("{number}.{extension}");
                let samples = signal(frames, rate, channels);
                encode(folder.path(), &name, options, &samples, rate, channels)
            })
            .collect();
        let Some(parts) = parts else { continue };
        let bytes: Vec<_> = parts
            .iter()
            .map(|path| std::fs::read(path).unwrap())
            .collect();
        let path = folder.path().join(format!("joined.{extension}"));
        std::fs::write(&path, bytes.concat()).unwrap();
        let (mut file, all) = whole(&path);
        assert_eq!((file.damaged(), file.notes()), (0, Vec::new()));

        let mut start = 0;
        for (part, (rate, channels, _)) in parts.iter().zip(PARTS) {
            let (frames, expected) = part_reference(part, channels);
            let length = (frames * RATE as usize).div_ceil(rate as usize);
            let own = &all[start..][EDGE..length - EDGE];
            let squares = own
                .iter()
                .zip(&expected[EDGE..])
                .map(|(a, b)| (a - b).powi(2));
            let rms = (squares.sum::<f32>() / own.len() as f32).sqrt();
            // One sample too early or too late would be about 1e-2.
            let tolerance = if rate == RATE { 1e-4 } else { 4e-3 };
            assert!(rms < tolerance, "{}: {rms}", part.display());
            start += length;
        }
        assert_eq!(start, all.len(), "{extension}");

        let rate = f64::from(RATE);
        for wanted in [6.9_f64, 0.5, 2.4, 4.6, 2.2, 5.8, 0.0] {
            let frame = (file.seek(wanted).unwrap() * rate).round() as usize;
            assert_eq!(
                frame,
                (wanted * rate).round() as usize,
                "{extension}: {wanted}"
            );
            let (decoded, end) = rest(&mut file);
            end.unwrap();
            assert_eq!(decoded.len(), all.len() - frame, "{extension}: {wanted}");
            let differ = decoded
                .iter()
                .zip(&all[frame..])
                .any(|(a, b)| (a - b).abs() > 1e-5);
            assert!(!differ, "{extension}: {wanted}");
        }
        if extension == "flac" {
            continue;
        }
        let stream = std::fs::File::open(&path).unwrap();
        let mut stream = AudioFile::from_reader(stream).unwrap();
        let (decoded, end) = rest(&mut stream);
        end.unwrap();
        assert_eq!((decoded == all, stream.damaged()), (true, 0), "{extension}");
    }
}

/// A seek in files of one format is exact, whether what it skips was read or not.
#[test]
fn joined_files_of_one_format_are_sought() {
    let kinds: [(&str, u32, &[&str], f32); 5] = [
        ("ogg", RATE, &["-c:a", "libvorbis", "-q:a", "6"], 1e-5),
        ("opus", 48_000, &["-c:a", "libopus"], 2e-2),
        ("mp3", RATE, &["-b:a", "96k"], 1e-5),
        (
            "mp3",
            RATE,
            &["-b:a", "96k", "-write_xing", "0", "-id3v2_version", "0"],
            1e-5,
        ),
        ("aac", RATE, &["-c:a", "aac", "-aac_pns", "0"], 1e-5),
    ];
    let mut wrong = Vec::new();
    for (extension, rate, options, tolerance) in kinds {
        let folder = tempfile::tempdir().unwrap();
        let samples = signal(3 * rate as usize + 77, rate, 1);
        let name = format!("one.{extension}");
        let Some(path) = encode(folder.path(), &name, options, &samples, rate, 1) else {
            continue;
        };
        let joined = folder.path().join(format!("joined.{extension}"));
        std::fs::write(&joined, std::fs::read(&path).unwrap().repeat(3)).unwrap();
        let (mut read, all) = whole(&joined);
        for wanted in [8.9_f64, 0.5, 3.1, 2.99, 6.5, 0.0] {
            let mut unread = AudioFile::open(&joined).unwrap();
            for (state, file) in [("read", &mut read), ("unread", &mut unread)] {
                let frame = (file.seek(wanted).unwrap() * f64::from(rate)).round() as usize;
                let (decoded, _) = rest(file);
                let exact = frame == (wanted * f64::from(rate)).round() as usize
                    && decoded.len() + frame == all.len()
                    && decoded
                        .iter()
                        .zip(&all[frame..])
                        .all(|(a, b)| (a - b).abs() < tolerance);
                if !exact {
                    let ends = (frame, decoded.len(), all.len());
                    wrong.push(format!(
                        "{extension} {options:?} {state} {wanted}: {ends:?}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The length of ADTS is estimated from its frames, also of parts with other rates.
#[test]
fn the_length_of_joined_aac_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let part = |rate: u32| {
        let name = format!("{rate}.aac");
        let samples = signal(30 * rate as usize, rate, 1);
        let path = encode(folder.path(), &name, &["-c:a", "aac"], &samples, rate, 1);
        path.map(|path| std::fs::read(path).unwrap())
    };
    let (Some(first), Some(second)) = (part(RATE), part(22_050)) else {
        return;
    };
    for (name, bytes, close_s) in [
        ("short.aac", second[..20_000].to_vec(), 0.1),
        ("long.aac", [first, second].concat(), 6.0),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let total_s = AudioFile::open(&path).unwrap().total_s().unwrap();
        let mut file = AudioFile::open(&path).unwrap();
        let (samples, _) = rest(&mut file);
        let length_s = samples.len() as f64 / f64::from(file.spec().sample_rate);
        assert!(
            (total_s - length_s).abs() < close_s,
            "{name}: {total_s} of {length_s}"
        );
    }
}
