//! `emoscope features`: the front end alone, as the reference for training.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{Done, print_message};
use crate::audio::source::Source;
use crate::batch::recording::Recording;
use crate::dsp::feature_spec::{HOP_SAMPLES, SAMPLE_RATE_HZ};
use crate::dsp::front_end::{FrontEnd, InputError, InputFormat};
use crate::dsp::mfcc::MfccFrame;
use crate::dsp::mono::ChannelChoice;

/// Frames of silence that are written at once.
const SILENT_FRAMES: u64 = 4096;
/// Seconds from one row to the next.
const ROW_S: f64 = HOP_SAMPLES as f64 / SAMPLE_RATE_HZ as f64;

/// Print the 80 MFCCs of each frame of a file
///
/// Each line has the 80 MFCCs of a frame, separated by tabs. A signal of N samples at
/// 16 kHz has frames 0 to floor(N/160). Frame k is centred on sample 160 k; before the
/// start and after the end are zeros. No level normalisation, no trimming, no VAD. The
/// rows of a track that begins late start where it begins, and a message says when;
/// later gaps are rows of silence.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope features talk.wav > talk.tsv
  emoscope features talk.opus | head -1
  ffmpeg -i film.mkv -f wav - | emoscope features -")]
pub struct FeaturesArgs {
    /// Recording, or - for standard input
    file: PathBuf,
    #[arg(long, value_name = "CHANNEL", default_value = "mix", value_parser = super::channel, help = super::CHANNEL_HELP)]
    channel: ChannelChoice,
    #[arg(long, value_name = "N", value_parser = super::track, help = super::TRACK_HELP)]
    track: Option<usize>,
}

/// Runs the command.
pub(super) fn run(args: &FeaturesArgs) -> anyhow::Result<Done> {
    let recording = Recording {
        track: args.track,
        ..Recording::new(&args.file)
    };
    let name = &recording.name;
    let mut source = recording
        .decoder()
        .map_err(|error| anyhow::anyhow!("{name} {error}"))?;
    let spec = source.spec();
    let mut front_end = FrontEnd::new(InputFormat {
        rate: spec.sample_rate,
        channels: spec.channels,
        choice: args.channel,
    })
    .map_err(|error| match error {
        InputError::Channel { wanted, channels } => {
            anyhow::anyhow!("{name} has no channel {wanted}: it has {channels}")
        }
        InputError::Rate(error) => error.into(),
    })?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut samples = Vec::new();
    let mut begun = false;
    let mut written = Ok(());
    let mut read = Ok(true);
    while let Ok(true) = read
        && written.is_ok()
    {
        samples.clear();
        read = source.read(&mut samples);
        // Rows keep their times: silence fills the gaps of the recording.
        let mut missing = source.take_gap();
        if !begun && !samples.is_empty() {
            begun = true;
            let late_s = std::mem::take(&mut missing) as f64 / f64::from(spec.sample_rate);
            if late_s >= ROW_S {
                print_message(&format!(
                    "{name} begins at {late_s:.3} s, and so do the rows"
                ));
            }
        }
        while missing > 0 {
            let frames = missing.min(SILENT_FRAMES);
            missing -= frames;
            front_end.push_silence(frames as usize);
            front_end.drain(|frame| write_row(&mut out, frame.mfcc, &mut written));
        }
        front_end.push(&samples);
        front_end.drain(|frame| write_row(&mut out, frame.mfcc, &mut written));
    }
    front_end.finish(|frame| write_row(&mut out, frame.mfcc, &mut written));
    written
        .and_then(|()| out.flush())
        .context("cannot write to standard output")?;
    read.map_err(|error| anyhow::anyhow!("{name} {error}"))?;
    Ok(Done::Success)
}

fn write_row(out: &mut impl Write, row: &MfccFrame, written: &mut io::Result<()>) {
    if written.is_err() {
        return;
    }
    *written = (|| {
        for (index, x) in row.iter().enumerate() {
            write!(out, "{}{x:.6}", if index > 0 { "\t" } else { "" })?;
        }
        writeln!(out)
    })();
}
