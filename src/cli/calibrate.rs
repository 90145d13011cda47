//! `emoscope calibrate`: stores a speaker's baseline as a profile.

mod progress;
mod voices;

use std::io::{self, IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::anyhow;
use clap::Args;
use crossbeam_channel::bounded;
use crossterm::terminal;

use self::voices::CalibrationSpeakers;
use super::{Done, ModelArgs, print_message};
use crate::baseline::Baseline;
use crate::batch::recording::Recording;
use crate::dashboard::text::wrapped;
use crate::dsp::mono::ChannelChoice;
use crate::engine::Engine;
use crate::events::Event;
use crate::model::speakers::SpeakerModel;
use crate::profile;
use crate::session::Session as _;
use crate::session::live::{LiveOptions, LiveSession, Microphone};
use crate::session::outlets::Outlets;

/// Least speech for a profile, in seconds.
const MIN_SPEECH_S: f64 = 5.0;
/// Speech below which a profile helps little, in seconds.
const RECOMMENDED_SPEECH_S: f64 = 20.0;
/// A calibration ends after this multiple of the wanted speech, in any case.
const MAX_TIME_FACTOR: f64 = 4.0;
/// Most columns of the text to read.
const READING_TEXT_COLUMNS: usize = 76;

const READING_REQUEST: &str = "Read this aloud as you usually speak. Any plain text in your own \
    language will do as well.";
/// A plain text to read: "The North Wind and the Sun", after Aesop.
const READING_TEXT: &str = "The North Wind and the Sun were disputing which was the stronger, when a \
    traveller came along wrapped in a warm cloak. They agreed that the one who first succeeded \
    in making the traveller take his cloak off should be considered stronger than the other. \
    Then the North Wind blew as hard as he could, but the more he blew the more closely did the \
    traveller fold his cloak around him; and at last the North Wind gave up the attempt. Then \
    the Sun shone out warmly, and immediately the traveller took off his cloak. And so the North \
    Wind was obliged to confess that the Sun was the stronger of the two.";

/// Store the baseline of a voice as a profile
///
/// Read a text aloud for half a minute, or name a recording. The profile contains
/// statistics of the voice, never its audio. `--profile NAME` of live, replay, analyze
/// and report starts from it.
#[derive(Debug, Clone, Args)]
#[command(
    mut_arg("profile", |profile| profile.help("Name of the stored profile; default: default")),
    after_help = "Examples:
  emoscope calibrate                          from the default microphone
  emoscope calibrate --profile ada --device 2
  emoscope calibrate --profile ada interview.opus
  emoscope live --profile ada"
)]
pub struct CalibrateArgs {
    /// Recording of this voice alone, or - for standard input; default: the microphone
    file: Option<PathBuf>,
    /// Input: number or id from `emoscope devices`, or a part of its name
    #[arg(long, value_name = "NAME|ID|INDEX", conflicts_with = "file")]
    device: Option<String>,
    #[arg(long, value_name = "CHANNEL", default_value = "mix", value_parser = super::channel, help = super::CHANNEL_HELP)]
    channel: ChannelChoice,
    #[arg(long, value_name = "N", requires = "file", value_parser = super::track, help = super::TRACK_HELP)]
    track: Option<usize>,
    /// Seconds of speech to collect from the microphone; silence does not count
    #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u32).range(10..=600), conflicts_with = "file")]
    seconds: u32,
    #[command(flatten)]
    model: ModelArgs,
}

/// Runs the command.
pub(super) fn run(args: &CalibrateArgs) -> anyhow::Result<Done> {
    let name = args.model.profile.as_deref().unwrap_or("default");
    let without_profile = ModelArgs {
        profile: None,
        ..args.model.clone()
    };
    // Speech of other people must not join the profile.
    let engine = without_profile.load_live()?;
    let engine = engine.tracking_speakers(None, SpeakerModel::embedded()?)?;
    let (voice, several) = match &args.file {
        Some(path) => {
            if let Some(notice) = engine.replacement_notice() {
                print_message(&notice);
            }
            from_file(path, args, &engine)?
        }
        None => from_microphone(args, &engine)?,
    };
    let voice = voice.unwrap_or_else(|| Baseline::new(0));
    let speech_s = voice.seconds();
    if engine.model.spec.embedding_width.is_some() {
        if speech_s < MIN_SPEECH_S {
            let help = match &args.file {
                Some(path) => format!("use a longer recording than {}", Recording::new(path).name),
                None => "move closer to the microphone, or choose another with --device".into(),
            };
            return Err(anyhow!(
                "only {speech_s:.1} s of speech were found, but {MIN_SPEECH_S} s are needed: {help}"
            ));
        }
        if several {
            print_message(
                "there is more than one voice: the profile contains only the first; \
                 if that is not yours, calibrate again",
            );
        }
        if speech_s < RECOMMENDED_SPEECH_S {
            print_message(&format!(
                "only {:.0} s of speech: with {RECOMMENDED_SPEECH_S} s or more the profile is better",
                speech_s.floor()
            ));
        }
    }
    let (path, earlier) = profile::write(name, &engine.model, &voice)?;
    if let Some(earlier) = earlier {
        print_message(&format!(
            "the earlier profile '{name}' was renamed to '{earlier}'"
        ));
    }
    print_message(&format!(
        "stored the baseline of {speech_s:.0} s of speech as the profile '{name}' in {}; use it with: emoscope live --profile {name}",
        path.display()
    ));
    Ok(Done::Success)
}

/// The baseline of the first speaker of a recording, and whether there are others.
fn from_file(
    path: &Path,
    args: &CalibrateArgs,
    engine: &Engine,
) -> anyhow::Result<(Option<Baseline>, bool)> {
    let mut problem = None;
    let mut voices = CalibrationSpeakers::default();
    let mut note = |event| match event {
        Event::Error(error) => problem = Some(error.message),
        event => drop(voices.update(&event)),
    };
    let recording = Recording {
        track: args.track,
        ..Recording::new(path)
    };
    let baseline = recording.open(&mut note).and_then(|mut source| {
        let channel = args.channel.into();
        let engine = recording.with_turns(channel, engine);
        let analysis = recording.analyze(&mut source, channel, &engine, &mut note);
        analysis.baselines.into_iter().next().flatten()
    });
    match problem {
        Some(message) => Err(anyhow!(message)),
        None => Ok((baseline, voices.several())),
    }
}

/// The baseline of the first speaker at the microphone, and whether others spoke.
fn from_microphone(
    args: &CalibrateArgs,
    engine: &Engine,
) -> anyhow::Result<(Option<Baseline>, bool)> {
    let microphone = Microphone::open(args.device.as_deref())?;
    if io::stderr().is_terminal() {
        invite();
    }
    let wanted_s = f64::from(args.seconds);
    let options = LiveOptions {
        channel: args.channel.into(),
        seconds: Some(wanted_s * MAX_TIME_FACTOR),
        started_at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        recording: None,
        notice: |_| {}, // the progress bar shows what matters here
    };
    let session = LiveSession {
        microphone,
        engine: engine.clone(),
        options,
    };
    let (screen, updates) = bounded(256);
    let (wishes, controls) = bounded(4);
    super::show::quit_on_signal(wishes.clone())?;
    let progress = std::thread::spawn(move || progress::follow(&updates, &wishes, wanted_s));
    let mut outlets = Outlets::default();
    outlets.show_on(screen);
    let baseline = session.run(&mut outlets, &controls);
    drop(outlets);
    let several = progress.join().unwrap_or(false); // progress that failed is no loss
    Ok((baseline?, several))
}

/// Prints the text to read, wrapped between words.
fn invite() {
    let columns =
        terminal::size().map_or(READING_TEXT_COLUMNS, |(columns, _)| usize::from(columns));
    let width = columns.saturating_sub(4).clamp(20, READING_TEXT_COLUMNS);
    let mut err = io::stderr();
    for line in wrapped(READING_REQUEST, width) {
        let _ = writeln!(err, "{line}");
    }
    let _ = writeln!(err);
    for line in wrapped(READING_TEXT, width) {
        let _ = writeln!(err, "  {line}");
    }
    let _ = writeln!(err);
}
