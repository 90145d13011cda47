//! `emoscope demo`: the bundled recording.

use anyhow::anyhow;
use clap::Args;

use super::replay::{PlayArgs, run_recording};
use super::speakers::SpeakerArgs;
use super::{Done, ModelArgs, ShowArgs};
use crate::audio::file::AudioFile;
use crate::audio::source::Source;
use crate::dsp::mono::ChannelChoice;
use crate::events::SourceKind;
use crate::session::audio_file::FileOptions;

/// A synthetic voice with several prosodies; a script in `tests/data/` generates it.
const RECORDING: &[u8] = include_bytes!("demo.ogg");

/// Play the bundled recording
///
/// The recording is a synthetic voice in several prosodies. It needs no microphone.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope demo                  the dashboard
  emoscope demo --mute           the same without sound
  emoscope demo --jsonl          its event lines
  emoscope demo --speed max      as fast as possible")]
pub struct DemoArgs {
    #[command(flatten)]
    play: PlayArgs,
}

impl DemoArgs {
    /// The demonstration as a replacement for a microphone.
    pub(super) fn instead(show: ShowArgs, model: ModelArgs, speakers: SpeakerArgs) -> Self {
        Self {
            play: PlayArgs::new(show, model, speakers),
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &DemoArgs) -> anyhow::Result<Done> {
    let open = || -> anyhow::Result<Box<dyn Source>> {
        let file = AudioFile::from_bytes(RECORDING);
        let file = file.map_err(|error| anyhow!("the bundled recording {error}"))?;
        Ok(Box::new(file))
    };
    let options = FileOptions {
        kind: SourceKind::File,
        name: "the bundled recording".into(),
        channel: ChannelChoice::Mix.into(),
        notice: |_| {},
    };
    run_recording(&open, options, &args.play)
}
