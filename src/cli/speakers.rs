//! `--speakers`: speaker tracking and the number of speakers.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::dsp::mono::ChannelSelection;
use crate::engine::{Engine, EngineError};
use crate::model::speakers::SpeakerModel;

/// Largest number of speakers that can be requested.
const MAX_SPEAKERS: u16 = 100;

/// The number of speakers.
#[derive(Debug, Clone, Args)]
pub(super) struct SpeakerArgs {
    /// Number of speakers; auto detects it. Default: auto, but 1 with --channel each and
    /// with one voice per file or folder
    #[arg(long, value_name = "auto|1|N")]
    speakers: Option<SpeakerCount>,
    /// Speaker network (ONNX) instead of the built-in one
    #[arg(long, value_name = "PATH")]
    speaker_model: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SpeakerCount {
    Auto,
    Number(u16),
}

impl FromStr for SpeakerCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            _ if text == "auto" => Ok(Self::Auto),
            Ok(number) if (1..=MAX_SPEAKERS).contains(&number) => Ok(Self::Number(number)),
            _ => Err(format!(
                "expected auto or a number from 1 to {MAX_SPEAKERS}"
            )),
        }
    }
}

impl SpeakerArgs {
    /// The engine for sessions, with speaker tracking if requested. `one` says whether
    /// the default is a single speaker.
    pub(super) fn applied(
        &self,
        engine: Engine,
        channel: ChannelSelection,
        one: bool,
    ) -> Result<Engine, EngineError> {
        let one = one || channel == ChannelSelection::Each;
        let count = match self.speakers {
            None if one => return Ok(engine),
            Some(SpeakerCount::Number(1)) => return Ok(engine),
            None | Some(SpeakerCount::Auto) => None,
            Some(SpeakerCount::Number(number)) => Some(number),
        };
        let model = match &self.speaker_model {
            Some(path) => SpeakerModel::read(path)?,
            None => SpeakerModel::embedded()?,
        };
        engine.tracking_speakers(count, model)
    }
}
