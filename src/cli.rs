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
mod options;
mod replay;
mod report;
mod shell;
mod show;
mod speakers;
mod transports;

use std::io::{self, IsTerminal, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::options::{
    CHANNEL_HELP, CHANNELS_HELP, DisplayArgs, ModelArgs, Show, ShowArgs, TRACK_HELP, channel,
    channels, track,
};
use crate::paths::{create_private, create_private_folder};
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
