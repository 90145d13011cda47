//! The command line: one file per command.

mod analyze;
mod batch;
mod calibrate;
mod config;
mod demo;
mod devices;
mod doctor;
mod features;
mod format;
mod live;
mod replay;
mod report;
mod shell;
mod show;
mod speakers;
mod transports;

use std::io::{self, IsTerminal, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::format::Format;
use self::transports::TransportArgs;
use crate::classifier::Enrolment;
use crate::dashboard::theme::Palette;
use crate::dsp::mono::{ChannelChoice, ChannelSelection};
use crate::engine::{Engine, EngineChoice, EngineError};
use crate::model::Model;
use crate::paths::{create_private, create_private_folder};
use crate::profile;
use crate::session::SessionError;
use crate::text::{folded, printable};

/// Shows, live in the terminal, which emotion a listener would perceive in a voice.
#[derive(Debug, Parser)]
#[command(
    name = "emoscope",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  emoscope                             the dashboard on the default microphone
  emoscope live --device 2 --jsonl     event lines from the second input
  emoscope replay talk.opus            the dashboard on a recording
  emoscope analyze recordings/         every utterance of a folder, as a table
  emoscope report talk.opus            an HTML page to show to others
  emoscope doctor                      what works on this machine, and fixes

It describes how a voice sounds to others, not what a person feels."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    live: live::LiveArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Analyze a microphone while you watch
    Live(live::LiveArgs),
    /// List the audio inputs of this machine
    Devices(devices::DevicesArgs),
    /// Play a recording on the dashboard, or print its events
    Replay(replay::ReplayArgs),
    /// Analyze files and folders on all cores
    Analyze(analyze::AnalyzeArgs),
    /// Write an HTML page about recordings
    Report(report::ReportArgs),
    /// Store the baseline of a voice as a profile
    Calibrate(calibrate::CalibrateArgs),
    /// Print the 80 MFCCs of each frame of a file
    Features(features::FeaturesArgs),
    /// Play the bundled recording
    Demo(demo::DemoArgs),
    /// Check model, engine, inputs and terminal, and suggest fixes
    Doctor(doctor::DoctorArgs),
    /// Show the settings, or create the settings file
    Config(config::ConfigArgs),
    /// Print shell completions
    Completions(shell::CompletionsArgs),
    /// Write the man pages into a folder
    Man(shell::ManArgs),
}

/// The model and its engine.
#[derive(Debug, Clone, Args)]
struct ModelArgs {
    #[arg(long, value_name = "NAME|PATH", help = model_help())]
    model: Option<PathBuf>,
    /// Inference engine
    #[arg(long, value_enum, default_value = "auto")]
    engine: EngineChoice,
    /// Library of ONNX Runtime, tried before all other places
    #[arg(long, value_name = "PATH")]
    onnxruntime: Option<PathBuf>,
    /// Profile of a voice, made by `emoscope calibrate`: its stored baseline
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Smallest probability of a label, 0 to 1; default: the model's threshold
    #[arg(long, value_name = "P", value_parser = probability)]
    certain: Option<f64>,
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
    fn load(&self) -> Result<Engine, SessionError> {
        let engine = self.engine(self.wanted()?)?;
        self.enrolled(engine)
    }

    /// Like [`load`](Self::load), but the small model replaces the default one where
    /// that is too slow for a live session. A model that the user named stays.
    fn load_live(&self) -> Result<Engine, SessionError> {
        let engine = self.engine(self.wanted()?)?;
        self.enrolled(self.or_small_if_slow(engine)?)
    }

    fn or_small_if_slow(&self, engine: Engine) -> Result<Engine, EngineError> {
        match Model::embedded_small()? {
            Some(small) if self.model.is_none() => engine.or_small_if_slow(|| self.engine(small)),
            _ => Ok(engine),
        }
    }

    fn wanted(&self) -> Result<Model, EngineError> {
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
struct ShowArgs {
    /// Print events as JSON lines; the default if standard output is not a terminal
    #[arg(long, conflicts_with = "plain")]
    jsonl: bool,
    /// Print one sentence per change
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    transports: TransportArgs,
}

/// The appearance of the dashboard.
#[derive(Debug, Clone, Args)]
struct DisplayArgs {
    /// Colours of the dashboard; colour-blind people can tell all of them apart
    #[arg(long, value_enum, default_value = "auto")]
    theme: Palette,
    /// At most two frames per second, for less motion or a slow connection
    #[arg(long)]
    reduced_motion: bool,
    /// Leave the mouse to the terminal, for selecting text; otherwise a click seeks
    #[arg(long)]
    no_mouse: bool,
}

/// How the events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    Dashboard,
    Sentences,
    As(Format),
}

impl ShowArgs {
    /// How to show a session; `piped` if standard input is its audio.
    fn show(&self, piped: bool) -> Show {
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

/// The result of a command that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// Everything succeeded.
    Success,
    /// Part of the work failed and was reported.
    Partial,
    /// A signal ended it; the exit code contains its number, as in shells.
    Signal(i32),
}

/// File name of the log in the state folder.
const LOG_FILE: &str = "emoscope.log";

const CHANNELS_HELP: &str = "Channel: mix, left, right, a number from 1, or each; each \
     analyzes every channel separately, with its own baseline";

const CHANNEL_HELP: &str = "Channel: mix, left, right, or a number from 1";

const TRACK_HELP: &str = "Audio track, from 1; default: the track that the file marks as its \
     default, or else the one with the most channels";

/// Reads the number of a track.
fn track(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("expected the number of a track, from 1".into()),
    }
}

fn channel(text: &str) -> Result<ChannelChoice, String> {
    text.parse()
}

fn channels(text: &str) -> Result<ChannelSelection, String> {
    text.parse()
}

/// Runs the program: exit code 0 ok, 1 failed, 2 usage.
pub fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => {
            print_message(&format!("{error:#}"));
            return ExitCode::from(2);
        }
    };
    start_log();
    keep_caught_panics_quiet();
    let command = cli.command.unwrap_or(Command::Live(cli.live));
    // The panic's message is already printed; the exit code reports a failure.
    let Ok(result) = std::panic::catch_unwind(|| run(&command)) else {
        return ExitCode::FAILURE;
    };
    match result {
        Ok(Done::Success) => ExitCode::SUCCESS,
        Ok(Done::Partial) => ExitCode::FAILURE,
        Ok(Done::Signal(number)) => ExitCode::from(u8::try_from(128 + number).unwrap_or(1)),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            print_message(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Checks the text of a settings file as if it were installed.
///
/// # Errors
/// Invalid TOML, a key that no command has, or a value that its flag would reject.
pub fn check_settings(text: &str) -> anyhow::Result<()> {
    config::check_text(text, &Cli::command())
}

/// Parses the command line with the settings as defaults. An invalid settings file
/// stops every command except `config`.
fn parse() -> anyhow::Result<Cli> {
    let about_settings = std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == "config");
    let command = if about_settings {
        Cli::command()
    } else {
        config::apply(Cli::command())?
    };
    let matches = command.get_matches();
    Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

fn run(command: &Command) -> anyhow::Result<Done> {
    match command {
        Command::Live(args) => live::run(args),
        Command::Devices(args) => devices::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Analyze(args) => analyze::run(args),
        Command::Report(args) => report::run(args),
        Command::Calibrate(args) => calibrate::run(args),
        Command::Features(args) => features::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Config(args) => config::run(args, &Cli::command()),
        Command::Completions(args) => shell::completions(args, Cli::command()),
        Command::Man(args) => shell::man(args, Cli::command()),
    }
}

/// A decoder's panic is caught and reported as a damaged file; its own message is
/// suppressed.
fn keep_caught_panics_quiet() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !crate::guard::guarded() {
            tracing::error!("{info}");
            previous(info);
        }
    }));
}

/// Prints a message to the user on standard error.
fn print_message(message: &str) {
    let size = io::stderr().is_terminal().then(crossterm::terminal::size);
    let columns = match size {
        Some(Ok((columns, _))) if columns > 0 => columns.into(),
        _ => usize::MAX,
    };
    let lines: Vec<String> = format!("emoscope: {message}")
        .lines()
        .map(|line| folded(&printable(line), columns))
        .collect();
    // If standard error is closed, nobody can read the message.
    let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
}

/// Ends the program with a usage error.
fn usage(message: &str) -> ! {
    Cli::command()
        .error(ErrorKind::ArgumentConflict, message)
        .exit()
}

/// A reader that closes the pipe is not a failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// The log goes to a file, never to the screen. Without a state folder there is no log.
fn start_log() {
    let Some(folder) = crate::paths::state() else {
        return;
    };
    let file = create_private_folder(&folder).and_then(|()| create_private(&folder.join(LOG_FILE)));
    if let Ok(file) = file {
        let filter = std::env::var("EMOSCOPE_LOG")
            .ok()
            .and_then(|wanted| wanted.parse().ok())
            .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
        let log = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(std::sync::Mutex::new(file));
        let log = tracing_subscriber::registry().with(log).with(filter);
        let _ = log.try_init();
    }
}
