//! Recordings of every format, intact and broken.

mod broken;
mod formats;
mod joined;
mod streams;

use std::path::{Path, PathBuf};
use std::process::Command;

use emoscope::audio::file::{AudioFile, DecodeError};
use emoscope::audio::source::Source;

/// A gliding chord, so that every place in it differs from all others.
pub fn signal(frames: usize, rate: u32, channels: u16) -> Vec<f32> {
    let mut noise = 0x2545_f491_u32;
    (0..frames)
        .flat_map(|k| {
            let t = k as f64 / f64::from(rate);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = f64::from(noise >> 16) / 65_536.0 - 0.5;
            (0..channels).map(move |channel| {
                let base = 150.0 + 60.0 * f64::from(channel);
                let glide = std::f64::consts::TAU * (base * t + 40.0 * t * t);
                (0.3 * glide.sin() + 0.1 * (2.01 * glide).sin() + 0.01 * hiss) as f32
            })
        })
        .collect()
}

/// A WAV with 32-bit floats.
pub fn write_wav(path: &Path, samples: &[f32], rate: u32, channels: u16) {
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(path, wav(3, 32, rate, channels, &data)).unwrap();
}

/// The bytes of a WAV.
pub fn wav(tag: u16, bits: u16, rate: u32, channels: u16, data: &[u8]) -> Vec<u8> {
    let block = bits / 8 * channels;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0");
    bytes.extend(tag.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// All samples from here to the end, with silence in gaps, and the result at the end.
pub fn rest(source: &mut dyn Source) -> (Vec<f32>, Result<(), DecodeError>) {
    let (mut out, mut block) = (Vec::new(), Vec::new());
    loop {
        block.clear();
        let read = source.read(&mut block);
        let gap = source.take_gap() as usize * usize::from(source.spec().channels);
        out.resize(out.len() + gap, 0.0);
        out.extend_from_slice(&block);
        match read {
            Ok(true) => assert!(!block.is_empty(), "a packet is never empty"),
            Ok(false) => return (out, Ok(())),
            Err(error) => return (out, Err(error)),
        }
    }
}

/// All samples of a file, which must decode without an error.
pub fn whole(path: &Path) -> (AudioFile, Vec<f32>) {
    let mut file = AudioFile::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (samples, end) = rest(&mut file);
    end.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    (file, samples)
}

/// Runs ffmpeg; `None`, with the reason on standard error, where it is missing
/// or lacks the encoder.
pub fn ffmpeg(arguments: &[&str]) -> Option<()> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-bitexact"])
        .args(arguments)
        .output();
    match output {
        Ok(output) if output.status.success() => Some(()),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            eprintln!("skipped: ffmpeg {}: {text}", arguments.join(" "));
            None
        }
        Err(error) => {
            eprintln!("skipped: ffmpeg does not run: {error}");
            None
        }
    }
}

/// Encodes the samples; the extension names the container. `None` for Opus as well
/// where it was left out of the program.
pub fn encode(
    folder: &Path,
    name: &str,
    options: &[&str],
    samples: &[f32],
    rate: u32,
    channels: u16,
) -> Option<PathBuf> {
    if options.contains(&"libopus") && !cfg!(feature = "opus") {
        eprintln!("skipped: {name}, built without Opus");
        return None;
    }
    let input = folder.join(format!("{name}.input.wav"));
    write_wav(&input, samples, rate, channels);
    let output = folder.join(name);
    let mut arguments = vec!["-i", input.to_str().unwrap()];
    arguments.extend(options);
    arguments.push(output.to_str().unwrap());
    ffmpeg(&arguments)?;
    Some(output)
}

/// The samples as ffmpeg decodes them.
pub fn reference(path: &Path) -> Option<Vec<f32>> {
    let raw = path.with_extension("f32");
    // ffmpeg's own Opus decoder differs from libopus.
    let opus = path
        .extension()
        .is_some_and(|extension| extension == "opus" || extension == "mka");
    let decoder: &[&str] = if opus { &["-c:a", "libopus"] } else { &[] };
    let rest = [
        "-i",
        path.to_str()?,
        "-f",
        "f32le",
        "-c:a",
        "pcm_f32le",
        raw.to_str()?,
    ];
    ffmpeg(&[decoder, &rest].concat())?;
    let bytes = std::fs::read(raw).ok()?;
    Some(
        bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|x| f32::from_le_bytes(*x))
            .collect(),
    )
}
