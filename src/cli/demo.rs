//! `emoscope demo`: the bundled recording.

use anyhow::anyhow;
use clap::Args;

use super::replay::{Speed, run_source, speed};
use super::{Done, ModelArgs, ShowArgs};
use crate::audio::file::AudioFile;
use crate::dsp::mono::ChannelChoice;
use crate::events::SourceKind;
use crate::session::recording::Playback;

/// A synthetic voice in several prosodies; `tests/data/` has the script that made it.
const RECORDING: &[u8] = include_bytes!("demo.ogg");

/// Play the bundled recording
///
/// A synthetic voice in several prosodies, so that something can be seen where
/// there is no microphone.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope demo                  the dashboard
  emoscope demo --jsonl          its event lines
  emoscope demo --speed max      as fast as it goes")]
pub struct DemoArgs {
    /// 0.25 to 8 times real time, or max; default 1 on the dashboard, else max
    #[arg(long, value_parser = speed)]
    speed: Option<Speed>,
    /// Begin again at the end
    #[arg(long = "loop")]
    repeat: bool,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    model: ModelArgs,
}

impl DemoArgs {
    /// The demonstration in the place of a microphone.
    pub(super) fn instead(show: ShowArgs, model: ModelArgs) -> Self {
        Self {
            speed: None,
            repeat: false,
            show,
            model,
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &DemoArgs) -> anyhow::Result<Done> {
    let source = AudioFile::from_bytes(RECORDING)
        .map_err(|error| anyhow!("the bundled recording {error}"))?;
    let how = args.show.show();
    let playback = Playback {
        kind: SourceKind::File,
        name: "the bundled recording".into(),
        choice: ChannelChoice::Mix,
        speed: Speed::times(args.speed, how),
        repeat: args.repeat,
    };
    run_source(Box::new(source), playback, how, &args.model)
}
