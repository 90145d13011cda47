//! Recordings from streams that cannot seek.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use emoscope::audio::file::{AudioFile, DecodeError};
use emoscope::audio::source::{Note, Source};

use super::{encode, rest, signal, wav, whole, write_wav};

/// A reader without seeking, like a pipe.
struct Pipe(File);

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let some = out.len().min(1000);
        self.0.read(&mut out[..some])
    }
}

fn pipe(path: &Path) -> AudioFile {
    AudioFile::from_reader(Pipe(File::open(path).unwrap())).unwrap()
}

#[test]
fn a_stream_decodes_as_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let samples = signal(50_000, 16_000, 2);
    let mut paths = vec![folder.path().join("x.wav")];
    write_wav(&paths[0], &samples, 16_000, 2);
    paths.extend(encode(
        folder.path(),
        "x.mp3",
        &["-b:a", "64k"],
        &samples,
        16_000,
        2,
    ));
    paths.extend(encode(folder.path(), "x.flac", &[], &samples, 16_000, 2));
    paths.extend(encode(
        folder.path(),
        "x.ogg",
        &["-c:a", "libvorbis"],
        &samples,
        16_000,
        2,
    ));
    paths.extend(encode(
        folder.path(),
        "x.opus",
        &["-c:a", "libopus"],
        &samples,
        16_000,
        2,
    ));
    for path in paths {
        let (_, expected) = whole(&path);
        let mut stream = pipe(&path);
        let (decoded, end) = rest(&mut stream);
        end.unwrap();
        assert!(
            decoded == expected,
            "{}: {} {}",
            path.display(),
            decoded.len(),
            expected.len()
        );
        assert!(matches!(stream.seek(0.0), Err(DecodeError::CannotSeek)));
    }
}

#[test]
fn lengths_that_a_pipe_could_not_know() {
    for length in [0, 0x7fff_ffff, u32::MAX, u32::MAX - 36] {
        let data: Vec<u8> = (0..5000_i16).flat_map(i16::to_le_bytes).collect();
        let mut bytes = wav(1, 16, 16_000, 1, &data);
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        bytes[40..44].copy_from_slice(&length.to_le_bytes());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wav");
        std::fs::write(&path, &bytes).unwrap();
        let (file, samples) = whole(&path);
        assert_eq!(samples.len(), 5000, "{length}");
        let unfinished = length == 0;
        assert_eq!(file.notes().contains(&Note::Unfinished), unfinished);
        let (samples, end) = rest(&mut pipe(&path));
        end.unwrap();
        assert_eq!(samples.len(), 5000, "{length}");
    }
}

#[test]
fn a_length_that_ran_over_four_gigabytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.wav");
    let data = vec![0x40; 4000];
    std::fs::write(&path, wav(1, 16, 48_000, 1, &data)).unwrap();
    // A sparse file after its header: 4 GiB and 4000 bytes of samples.
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(44 + 4000 + (1 << 32)).unwrap();
    let mut file = AudioFile::open(&path).unwrap();
    let total = file.total_s().unwrap();
    assert!(
        (total - (4000.0 + 4_294_967_296.0) / 96_000.0).abs() < 1e-6,
        "{total}"
    );
    let landed = file.seek(total - 1.0).unwrap();
    assert!((landed - (total - 1.0)).abs() < 1e-4);
    assert_eq!(rest(&mut file).0.len(), 48_000);
}
