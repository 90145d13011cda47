//! `emoscope live`: the microphone.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use crossbeam_channel::Receiver;

use super::show::show;
use super::speakers::SpeakerArgs;
use super::{Done, ModelArgs, Show, ShowArgs, demo, print_message};
use crate::audio::device::DeviceError;
use crate::baseline::Baseline;
use crate::dsp::mono::ChannelSelection;
use crate::files::numbered;
use crate::messages::Control;
use crate::session::live::{LiveOptions, LiveSession, Microphone};
use crate::session::outlets::Outlets;
use crate::session::{Session, SessionError};
use crate::text::path_name;

/// Analyze a microphone while you watch
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope live                             the dashboard on the default input
  emoscope live --device \"USB\" --channel left
  emoscope live --record today.jsonl        the dashboard, and its events in a file
  emoscope live --jsonl | jq --unbuffered 'select(.trigger == \"speech_ended\")'
  emoscope live --socket voice.sock         event lines for: nc -U voice.sock
  emoscope live --osc 9000                  for Pure Data, Max, TouchDesigner, ...
  emoscope live --web                       a page for browsers on this machine

Keys: d chooses another input, space freezes the screen, ? shows all.
`emoscope devices` lists the inputs.")]
pub struct LiveArgs {
    /// Input: number or id from `emoscope devices`, or a part of its name
    #[arg(long, value_name = "NAME|ID|INDEX")]
    device: Option<String>,
    #[arg(long, value_name = "CHANNEL", default_value = "mix", value_parser = super::channels, help = super::CHANNELS_HELP)]
    channel: ChannelSelection,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    speakers: SpeakerArgs,
    /// Also write the events to a file; if it exists, a number is added to the name
    #[arg(long, value_name = "FILE.jsonl")]
    record: Option<PathBuf>,
    /// Stop after N seconds of audio
    #[arg(long, value_name = "N", value_parser = seconds)]
    seconds: Option<f64>,
    #[command(flatten)]
    show: ShowArgs,
    /// Play the bundled recording if there is no microphone
    #[arg(long)]
    or_demo: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= 1e9 => Ok(seconds),
        _ => Err("expected a number of seconds above 0".into()),
    }
}

/// Runs the command.
pub(super) fn run(args: &LiveArgs) -> anyhow::Result<Done> {
    let how = args.show.show(false);
    let microphone = match Microphone::open(args.device.as_deref()) {
        Ok(microphone) => microphone,
        Err(error @ DeviceError::NoneFound { .. }) if args.or_demo => {
            print_message(&format!("{error}; here is the bundled recording instead"));
            return demo::run(&demo::DemoArgs::instead(
                args.show.clone(),
                args.model.clone(),
                args.speakers.clone(),
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let record = args.record.as_deref().map(numbered);
    if record != args.record
        && let (Some(wanted), Some(free)) = (&args.record, &record)
    {
        print_message(&format!(
            "{} holds an earlier recording; this one goes to {}",
            path_name(wanted),
            path_name(free)
        ));
    }
    let options = LiveOptions {
        channel: args.channel,
        seconds: args.seconds,
        started_at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        recording: record.clone(),
        // The dashboard shows notices itself.
        notice: if how == Show::Dashboard {
            |_| {}
        } else {
            print_message
        },
    };
    let session = Live {
        microphone,
        model: args.model.clone(),
        speakers: args.speakers.clone(),
        options,
    };
    show(session, how, &args.show, record)
}

/// Loads the model while the dashboard opens; meanwhile the ring keeps the microphone's
/// samples.
struct Live {
    microphone: Microphone,
    model: ModelArgs,
    speakers: SpeakerArgs,
    options: LiveOptions,
}

impl Session for Live {
    fn run(
        self,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
    ) -> Result<Option<Baseline>, SessionError> {
        let engine = self.model.load_live()?;
        let channel = self.options.channel;
        let session = LiveSession {
            microphone: self.microphone,
            engine: self.speakers.applied(engine, channel, false)?,
            options: self.options,
        };
        session.run(outlets, controls)
    }
}
