//! `emoscope calibrate`: how a voice usually sounds, kept as a profile.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::anyhow;
use clap::Args;
use crossbeam_channel::{Receiver, bounded};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Done, ModelArgs, complain};
use crate::baseline::Baseline;
use crate::batch::recording::Recording;
use crate::dsp::mono::ChannelChoice;
use crate::engine::Engine;
use crate::events::Event;
use crate::messages::Update;
use crate::profile;
use crate::session::Session as _;
use crate::session::live::{LiveOptions, LiveSession, Microphone};
use crate::session::outlets::Outlets;

/// Speech that a profile needs at least, in seconds.
const LEAST_S: f64 = 5.0;

/// Something plain to read: "The North Wind and the Sun", after Aesop.
const TEXT: &str = "\
Read this aloud as you usually speak. Any plain text in your own language will do as well.

  The North Wind and the Sun were disputing which was the stronger, when a
  traveller came along wrapped in a warm cloak. They agreed that the one who
  first succeeded in making the traveller take his cloak off should be
  considered stronger than the other. Then the North Wind blew as hard as he
  could, but the more he blew the more closely did the traveller fold his cloak
  around him; and at last the North Wind gave up the attempt. Then the Sun shone
  out warmly, and immediately the traveller took off his cloak. And so the North
  Wind was obliged to confess that the Sun was the stronger of the two.
";

/// Learn how a voice usually sounds, for better results
///
/// Half a minute of plain reading, or a recording of it, becomes a profile:
/// statistics of the voice, never its audio. `--profile NAME` begins with it in
/// live, replay and analyze.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope calibrate                          reads from the default microphone
  emoscope calibrate --profile ada --device 2
  emoscope calibrate --profile ada interview.opus
  emoscope live --profile ada")]
pub struct CalibrateArgs {
    /// Recording of the voice alone instead of the microphone, - for standard input
    file: Option<PathBuf>,
    /// Input: its number or id from `emoscope devices`, or (part of) its name
    #[arg(long, value_name = "NAME|ID|INDEX", conflicts_with = "file")]
    device: Option<String>,
    #[arg(long, value_name = "CHANNEL", default_value = "mix", value_parser = super::channel, help = super::CHANNEL_HELP)]
    channel: ChannelChoice,
    /// How long to listen to the microphone, in seconds
    #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u32).range(10..=600), conflicts_with = "file")]
    seconds: u32,
    /// Replace a profile that exists already
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    model: ModelArgs,
}

/// Runs the command.
pub(super) fn run(args: &CalibrateArgs) -> anyhow::Result<Done> {
    let name = args.model.profile.as_deref().unwrap_or("default");
    if !args.overwrite && profile::exists(name)? {
        return Err(anyhow!(
            "the profile '{name}' exists already; name another with --profile, \
             or replace it with --overwrite"
        ));
    }
    let without_profile = ModelArgs {
        profile: None,
        ..args.model.clone()
    };
    let engine = without_profile.load()?;
    let voice = match &args.file {
        Some(path) => from_file(path, args.channel, &engine)?,
        None => from_microphone(args, &engine)?,
    };
    let voice = voice.unwrap_or_else(|| Baseline::new(0));
    if engine.model.spec.embedding_width.is_some() && voice.seconds() < LEAST_S {
        let seconds = voice.seconds();
        let help = match &args.file {
            Some(path) => format!("{} has no more", Recording::new(path).name),
            None => "speak nearer to the microphone, or name another with --device".into(),
        };
        return Err(anyhow!(
            "only {seconds:.1} s of speech were found, {LEAST_S} s are needed: {help}"
        ));
    }
    let path = profile::write(name, &engine.model, &voice)?;
    complain(&format!(
        "kept {:.0} s of speech as the profile '{name}' in {}; begin with it: emoscope live --profile {name}",
        voice.seconds(),
        path.display()
    ));
    Ok(Done::Well)
}

fn from_file(
    path: &Path,
    choice: ChannelChoice,
    engine: &Engine,
) -> anyhow::Result<Option<Baseline>> {
    let mut problem = None;
    let mut note = |event| {
        if let Event::Error(error) = event {
            problem = Some(error.message);
        }
    };
    let recording = Recording::new(path);
    let baseline = recording
        .open(&mut note)
        .and_then(|mut source| recording.analyze(&mut source, choice, engine, &mut note));
    problem.map_or(Ok(baseline), |message| Err(anyhow!(message)))
}

fn from_microphone(args: &CalibrateArgs, engine: &Engine) -> anyhow::Result<Option<Baseline>> {
    let microphone = Microphone::open(args.device.as_deref())?;
    if io::stderr().is_terminal() {
        complain(TEXT);
    }
    let options = LiveOptions {
        channel: args.channel,
        seconds: Some(args.seconds.into()),
        started_at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        recording: None,
        notice: complain,
    };
    let session = LiveSession {
        microphone,
        engine: engine.clone(),
        options,
    };
    let (screen, updates) = bounded(256);
    let (wishes, controls) = bounded(4);
    super::show::quit_on_signal(wishes)?;
    let length_s = f64::from(args.seconds);
    let bar = std::thread::spawn(move || show_progress(&updates, length_s));
    let mut outlets = Outlets::default();
    outlets.show_on(screen);
    let baseline = session.run(&mut outlets, &controls);
    drop(outlets);
    let _ = bar.join(); // a bar that failed is no loss
    Ok(baseline?)
}

/// Moves the bar with the audio until the session is over.
fn show_progress(updates: &Receiver<Update>, length: f64) {
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(8)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some((length * 10.0) as u64), target);
    let template = "{wide_bar} {msg}";
    bar.set_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    for update in updates {
        if let Update::Level(level) = update {
            bar.set_position((level.at_s * 10.0) as u64);
            let left = (length - level.at_s).max(0.0);
            bar.set_message(format!("{:>5.0} dBFS, {left:>3.0} s left", level.peak_dbfs));
        }
    }
    bar.finish_and_clear();
}
