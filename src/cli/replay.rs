//! `emoscope replay`: shows a recording on the dashboard or as event lines.

mod folder;

use std::fs::File;
use std::io::{self, BufReader, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use super::format::Format;
use super::show::{DashboardExit, show, show_from_list};
use super::speakers::SpeakerArgs;
use super::{Done, ModelArgs, Show, ShowArgs, print_message, usage};
use crate::audio::raw::{RawAudio, RawFormat};
use crate::audio::source::{DecodeError, Source};
use crate::batch::recording::Recording;
use crate::dsp::mono::ChannelSelection;
use crate::dsp::resample::INPUT_RATES_HZ;
use crate::engine::Engine;
use crate::events::SourceKind;
use crate::session::PlaybackOptions;
use crate::session::audio_file::{FileOptions, FileSession};
use crate::session::event_log::EventLog;
use crate::session::player::Player;

/// Play a recording on the dashboard, or print its events
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope replay talk.opus                 the dashboard, in real time
  emoscope replay talk.opus --mute          the same without sound
  emoscope replay talk.wav --speed 2        twice as fast
  emoscope replay talk.mp3 --jsonl          event lines, at full speed
  emoscope replay talk.mp3 --format srt     captions
  emoscope replay recordings/               a list to choose from
  emoscope replay today.jsonl               events that --record wrote, without audio
  ffmpeg -i film.mkv -f wav - | emoscope replay - --jsonl
  parec --rate=48000 --channels=1 | emoscope replay - --raw-rate 48000
  arecord -t raw -f S16_LE -r 16000 | emoscope replay - --raw-rate 16000 --plain

Keys: space pauses, arrows seek, n and p go to the next and previous utterance,
? shows all.")]
pub struct ReplayArgs {
    /// Recording (wav, flac, mp3, ogg, opus, m4a, aac, ...), folder to choose from,
    /// recorded events (.jsonl), or - for standard input
    file: PathBuf,
    #[command(flatten)]
    play: PlayArgs,
    #[arg(long, value_name = "CHANNEL", default_value = "mix", value_parser = super::channels, help = super::CHANNELS_HELP)]
    channel: ChannelSelection,
    #[arg(long, value_name = "N", value_parser = super::track, help = super::TRACK_HELP)]
    track: Option<usize>,
    /// Read raw PCM with this sample rate from standard input
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(i64::from(*INPUT_RATES_HZ.start())..=i64::from(*INPUT_RATES_HZ.end())))]
    raw_rate: Option<u32>,
    /// Sample format of raw PCM
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "s16le",
        ignore_case = true,
        requires = "raw_rate"
    )]
    raw_format: RawFormat,
    /// Number of channels of raw PCM
    #[arg(long, value_name = "N", default_value = "1", requires = "raw_rate", value_parser = clap::value_parser!(u16).range(1..=64))]
    raw_channels: u16,
}

/// How a recording is played and shown.
#[derive(Debug, Clone, Args)]
pub(super) struct PlayArgs {
    /// Speed, 0.25 to 8, or max; default: 1 on the dashboard and with --web, otherwise max
    #[arg(long, value_parser = speed)]
    speed: Option<Speed>,
    /// Start again at the end
    #[arg(long = "loop")]
    repeat: bool,
    /// Play without sound; the keys 0 to 9 set the volume
    #[arg(long)]
    mute: bool,
    /// Print the utterances in a format of `analyze`
    #[arg(long, value_enum, conflicts_with_all = ["jsonl", "plain"])]
    format: Option<Format>,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    speakers: SpeakerArgs,
}

impl PlayArgs {
    /// Model and engine for these channels.
    fn engine(&self, channel: ChannelSelection) -> anyhow::Result<Engine> {
        Ok(self.speakers.applied(self.model.load()?, channel, false)?)
    }

    /// How it is shown and played; `piped` if standard input is the audio.
    fn playback(&self, piped: bool) -> (Show, PlaybackOptions) {
        let how = self.format.map_or_else(|| self.show.show(piped), Show::As);
        if let Show::As(format) = how
            && format.is_binary()
            && io::stdout().is_terminal()
        {
            usage("this format is not for a terminal: put > FILE behind it");
        }
        let speed = match self.speed {
            #[cfg(feature = "web")]
            None if self.show.transports.has_page() => Some(1.0), // it is watched
            speed => Speed::times(speed, how),
        };
        let playback = PlaybackOptions {
            speed,
            repeat: self.repeat,
            linger: how == Show::Dashboard,
            mute: self.mute,
        };
        (how, playback)
    }

    /// The default playback.
    pub(super) fn new(show: ShowArgs, model: ModelArgs, speakers: SpeakerArgs) -> Self {
        Self {
            speed: None,
            repeat: false,
            mute: false,
            format: None,
            show,
            model,
            speakers,
        }
    }
}

/// Playback speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Speed {
    Times(f64),
    Max,
}

impl Speed {
    /// Multiple of real time; `None` is as fast as possible.
    pub(super) fn times(wanted: Option<Self>, show: Show) -> Option<f64> {
        match (wanted, show) {
            (Some(Self::Times(times)), _) => Some(times),
            (None, Show::Dashboard) => Some(1.0),
            (Some(Self::Max) | None, _) => None,
        }
    }
}

/// Parses a speed.
pub(super) fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    match text.parse() {
        Ok(times) if (0.25..=8.0).contains(&times) => Ok(Speed::Times(times)),
        _ => Err("expected a number from 0.25 to 8, or max".into()),
    }
}

/// Runs the command.
pub(super) fn run(args: &ReplayArgs) -> anyhow::Result<Done> {
    let recording = Recording {
        track: args.track,
        ..Recording::new(&args.file)
    };
    if args.raw_rate.is_some() && !recording.is_standard_input() {
        return Err(anyhow!(
            "raw PCM comes from standard input only: emoscope replay - < FILE"
        ));
    }
    if is_event_log(&args.file) {
        return replay_events(args, &recording);
    }
    if args.file.is_dir() {
        return folder::run(args);
    }
    let options = options(args, &recording);
    let open = || opened(args, &recording);
    if recording.is_stream() {
        return run_source(open()?, None, options, &args.play);
    }
    run_recording(&open, options, &args.play)
}

fn options(args: &ReplayArgs, recording: &Recording) -> FileOptions {
    FileOptions {
        kind: recording.kind(),
        name: recording.name.clone(),
        channel: args.channel,
        notice: print_message,
    }
}

/// Plays a recording that was chosen from a list.
fn play_recording(
    args: &ReplayArgs,
    recording: &Recording,
    engine: Engine,
) -> anyhow::Result<DashboardExit> {
    let open = || opened(args, recording);
    let (_, playback) = args.play.playback(false);
    let player = player(&open, options(args, recording), engine, playback)?;
    show_from_list(player, &args.play.show)
}

/// Whether a file holds the events of a session and no audio.
fn is_event_log(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("jsonl"))
}

/// Shows an earlier session; needs neither audio nor model.
fn replay_events(args: &ReplayArgs, recording: &Recording) -> anyhow::Result<Done> {
    let name = &recording.name;
    let file = File::open(&args.file).map_err(|error| anyhow!("{name} cannot be read: {error}"))?;
    let log = EventLog::read(BufReader::new(file)).map_err(|error| anyhow!("{name} {error}"))?;
    let (how, playback) = args.play.playback(false);
    show(log.session(playback), how, &args.play.show, None)
}

/// Shows a recording that can be read more than once, such as the demonstration. The
/// dashboard analyzes it ahead of the playback.
pub(super) fn run_recording(
    open: &dyn Fn() -> anyhow::Result<Box<dyn Source>>,
    options: FileOptions,
    args: &PlayArgs,
) -> anyhow::Result<Done> {
    let (how, playback) = args.playback(false);
    if how != Show::Dashboard {
        let first = Some(open()?);
        return run_source(open()?, first, options, args);
    }
    let engine = args.engine(options.channel)?;
    let player = player(open, options, engine, playback)?;
    show(player, how, &args.show, None)
}

fn player(
    open: &dyn Fn() -> anyhow::Result<Box<dyn Source>>,
    mut options: FileOptions,
    engine: Engine,
    playback: PlaybackOptions,
) -> anyhow::Result<Player> {
    // The dashboard shows notices itself.
    options.notice = |_| {};
    let (ahead, sound) = (open()?, open()?);
    let first = match engine.speakers {
        Some(_) => Some(open()?),
        None => None,
    };
    Ok(Player::of_recording(
        ahead, first, sound, engine, options, playback,
    )?)
}

/// Shows a source; `first` is a second reader of it where it can be read twice.
fn run_source(
    source: Box<dyn Source>,
    first: Option<Box<dyn Source>>,
    mut options: FileOptions,
    args: &PlayArgs,
) -> anyhow::Result<Done> {
    let (how, playback) = args.playback(options.kind == SourceKind::Stdin);
    if how == Show::Dashboard {
        // The dashboard shows notices itself.
        options.notice = |_| {};
    }
    let session = FileSession {
        source,
        first,
        engine: args.engine(options.channel)?,
        options,
        playback,
    };
    show(session, how, &args.show, None)
}

fn opened(args: &ReplayArgs, recording: &Recording) -> anyhow::Result<Box<dyn Source>> {
    let source: Result<Box<dyn Source>, DecodeError> = match args.raw_rate {
        None => recording.decoder().map(|file| Box::new(file) as _),
        Some(rate) => {
            let (input, channels) = (io::stdin(), args.raw_channels);
            RawAudio::new(input, args.raw_format, rate, channels).map(|raw| Box::new(raw) as _)
        }
    };
    source.map_err(|error| anyhow!("{} {error}", recording.name))
}
