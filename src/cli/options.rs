//! Options that several commands share.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;

use super::format::Format;
use super::print_message;
use super::transports::TransportArgs;
use crate::classifier::Enrolment;
use crate::dashboard::theme::Palette;
use crate::dsp::mono::{ChannelChoice, ChannelSelection};
use crate::engine::{Engine, EngineChoice, EngineError};
use crate::model::Model;
use crate::profile;
use crate::session::SessionError;

/// The model and its engine.
#[derive(Debug, Clone, Args)]
pub(super) struct ModelArgs {
    #[arg(long, value_name = "NAME|PATH", help = model_help())]
    pub(super) model: Option<PathBuf>,
    /// Inference engine
    #[arg(long, value_enum, default_value = "auto")]
    pub(super) engine: EngineChoice,
    /// Library of ONNX Runtime, tried before all other places
    #[arg(long, value_name = "PATH")]
    pub(super) onnxruntime: Option<PathBuf>,
    /// Profile of a voice, made by `emoscope calibrate`: its stored baseline
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Smallest probability of a label, 0 to 1; default: the model's threshold
    #[arg(long, value_name = "P", value_parser = probability)]
    pub(super) certain: Option<f64>,
}

fn model_help() -> String {
    let names = Model::embedded_names();
    format!("Built-in model ({names}), or a model file (ONNX)")
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(p) if (0.0..=1.0).contains(&p) => Ok(p),
        _ => Err("expected a number from 0 to 1".into()),
    }
}

impl ModelArgs {
    pub(super) fn load(&self) -> Result<Engine, SessionError> {
        let engine = self.engine(self.wanted()?)?;
        self.enrolled(engine)
    }

    /// Like [`load`](Self::load), but the small model replaces the default one where
    /// that is too slow for a live session. A model that the user named stays.
    pub(super) fn load_live(&self) -> Result<Engine, SessionError> {
        let engine = self.engine(self.wanted()?)?;
        self.enrolled(self.or_small_if_slow(engine)?)
    }

    pub(super) fn or_small_if_slow(&self, engine: Engine) -> Result<Engine, EngineError> {
        match Model::embedded_small()? {
            Some(small) if self.model.is_none() => engine.or_small_if_slow(|| self.engine(small)),
            _ => Ok(engine),
        }
    }

    pub(super) fn wanted(&self) -> Result<Model, EngineError> {
        Ok(match &self.model {
            Some(wanted) => Model::find(wanted)?,
            None => Model::embedded()?,
        })
    }

    fn engine(&self, mut model: Model) -> Result<Engine, EngineError> {
        if let Some(certain) = self.certain {
            model.spec.thresholds.certain = certain;
        }
        Engine::load(model, self.engine, self.onnxruntime.clone())
    }

    /// The engine with the profile's baseline; prints its warning first.
    fn enrolled(&self, mut engine: Engine) -> Result<Engine, SessionError> {
        if let Some(warning) = engine.warning() {
            tracing::warn!("{warning}");
            print_message(&warning);
        }
        let baseline = match &self.profile {
            Some(name) => Some(profile::read(name, &engine.model)?),
            None => None,
        };
        engine.enrolment = Enrolment {
            baseline,
            fixed: false,
        };
        Ok(engine)
    }
}

/// How a session is shown.
#[derive(Debug, Clone, Args)]
pub(super) struct ShowArgs {
    /// Print events as JSON lines; the default if standard output is not a terminal
    #[arg(long, conflicts_with = "plain")]
    pub(super) jsonl: bool,
    /// Print one sentence per change
    #[arg(long)]
    pub(super) plain: bool,
    #[command(flatten)]
    pub(super) display: DisplayArgs,
    #[command(flatten)]
    pub(super) transports: TransportArgs,
}

/// The appearance of the dashboard.
#[derive(Debug, Clone, Args)]
pub(super) struct DisplayArgs {
    /// Colours of the dashboard; colour-blind people can tell all of them apart
    #[arg(long, value_enum, default_value = "auto")]
    pub(super) theme: Palette,
    /// At most two frames per second, for less motion or a slow connection
    #[arg(long)]
    pub(super) reduced_motion: bool,
    /// Leave the mouse to the terminal, for selecting text; otherwise a click seeks
    #[arg(long)]
    pub(super) no_mouse: bool,
}

/// How the events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    Dashboard,
    Sentences,
    As(Format),
}

impl ShowArgs {
    /// How to show a session; `piped` if standard input is its audio.
    pub(super) fn show(&self, piped: bool) -> Show {
        match (self.jsonl, self.plain) {
            (true, _) => Show::As(Format::Jsonl),
            (_, true) => Show::Sentences,
            _ if !io::stdout().is_terminal() => Show::As(Format::Jsonl),
            _ if has_keys(piped) => Show::Dashboard,
            _ => {
                print_message(
                    "no keys can be read, so there is no dashboard (--plain prints sentences; \
                     timeout needs --foreground)",
                );
                Show::As(Format::Jsonl)
            }
        }
    }
}

/// Whether keys can be read: from standard input, or from the terminal itself where
/// standard input is audio.
fn has_keys(piped: bool) -> bool {
    io::stdin().is_terminal() || (piped && owns_terminal())
}

/// Whether this program runs in the foreground: the system stops a background program
/// that changes the terminal's modes.
#[cfg(unix)]
fn owns_terminal() -> bool {
    let terminal = std::fs::File::open("/dev/tty");
    let foreground = terminal.and_then(|terminal| Ok(rustix::termios::tcgetpgrp(terminal)?));
    foreground.is_ok_and(|group| group == rustix::process::getpgrp())
}

#[cfg(not(unix))]
fn owns_terminal() -> bool {
    true
}

pub(super) const CHANNELS_HELP: &str = "Channel: mix, left, right, a number from 1, or each; each \
     analyzes every channel separately, with its own baseline";

pub(super) const CHANNEL_HELP: &str = "Channel: mix, left, right, or a number from 1";

pub(super) const TRACK_HELP: &str = "Audio track, from 1; default: the track that the file marks as its \
     default, or else the one with the most channels";

/// Reads the number of a track.
pub(super) fn track(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("expected the number of a track, from 1".into()),
    }
}

pub(super) fn channel(text: &str) -> Result<ChannelChoice, String> {
    text.parse()
}

pub(super) fn channels(text: &str) -> Result<ChannelSelection, String> {
    text.parse()
}
