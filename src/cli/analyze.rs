//! `emoscope analyze`: files and folders, on all cores, in the order of their paths.

pub(super) mod hear;
mod output;
pub(super) mod voices;
pub(super) mod walk;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use crossbeam_channel::{Receiver, Sender, bounded};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::hear::hear;
use self::voices::{Before, Voices};
use self::walk::{Found, Shard, name_of, size, walk};
use super::format::Format;
use super::jobs::Jobs;
use super::{Done, ModelArgs, complain};
use crate::dsp::mono::ChannelChoice;
use crate::engine::Engine;
use crate::events::{ErrorEvent, Event};
use crate::sink::Sink;

/// Judge files and folders as fast as the machine allows
///
/// Folders are walked for audio by extension. The output is in the order of the
/// paths, however many cores work. A file that cannot be read is reported and
/// never stops the rest; the exit code is 1 then.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope analyze talk.opus                         a table of its utterances
  emoscope analyze recordings/ --format csv --output calls.csv
  emoscope analyze recordings/ --format jsonl | jq 'select(.type == \"measurement\")'
  emoscope analyze interviews/ --baseline folder     a folder holds one voice
  emoscope analyze film.mkv --format vtt --output film.vtt
  emoscope analyze recordings/ --format textgrid --output grids/
  emoscope analyze archive/ --format parquet --output judged/ --shard 2/8 --resume

Captions and labels (vtt, srt, audacity, textgrid) have a file per recording:
for one recording standard output or --output FILE, for several --output DIR,
where each keeps its path and gets another extension. With --output DIR,
parquet is a data set of parts, each of which is there whole or not at all.")]
pub struct AnalyzeArgs {
    /// Files and folders
    #[arg(required = true, value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    /// Format of the output; default table on a terminal, else jsonl
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to a file, or a folder, instead of standard output
    #[arg(long, short, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Judge the Kth of N shares of the recordings; machines that get the same
    /// command but for K have no recording in common
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Go on where an earlier run stopped: skip what the output holds whole
    /// (jsonl, parquet, and the formats with a file per recording)
    #[arg(long, requires = "output")]
    resume: bool,
    #[command(flatten)]
    jobs: Jobs,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    before: Before,
    #[command(flatten)]
    model: ModelArgs,
    #[arg(long, value_name = "CHANNEL", default_value = "mix", value_parser = super::channel, help = super::CHANNEL_HELP)]
    channel: ChannelChoice,
}

/// A message from a worker about the file with that number.
enum Message {
    Event(usize, Box<Event>),
    Done(usize),
}

/// Runs the command.
pub(super) fn run(args: &AnalyzeArgs) -> anyhow::Result<Done> {
    let all = walk(&args.paths)?;
    let mut files = all.clone();
    if let Some(shard) = args.shard {
        files.retain(|found| shard.has(&name_of(found)));
    }
    let engine = args.model.load()?;
    let mut sink = output::open(args, &mut files)?;
    let bar = progress(args.quiet, &files);
    let voices = Voices::gather(
        args.before.baseline,
        &all,
        &files,
        args.channel,
        args.jobs,
        &engine,
    );
    let (messages, inbox) = bounded(4096);
    let written = std::thread::scope(|scope| {
        let workers = scope.spawn(|| {
            // Nobody listens when the writing failed; the rest is not needed then.
            args.jobs.each(&files, |index, found| {
                // A file that brings a library down must not take the others with it.
                let work = || judge(index, found, args.channel, &engine, &voices, &messages);
                catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
                    let name = name_of(found);
                    let message = format!("{name} brought the program down; please report it");
                    let event = Box::new(Event::Error(ErrorEvent { message }));
                    messages.send(Message::Event(index, event)).ok()?;
                    messages.send(Message::Done(index)).ok()
                })
            });
            drop(messages);
        });
        let written = write_in_order(&files, inbox, &mut *sink, &bar);
        bar.finish_and_clear();
        workers
            .join()
            .map_err(|_| anyhow!("a worker crashed; the log says where"))?;
        written
            .and_then(|failed| sink.finish().map(|()| failed))
            .with_context(|| match &args.output {
                Some(path) => format!("cannot write {}", path.display()),
                None => "cannot write to standard output".into(),
            })
    });
    Ok(if written? == 0 {
        Done::Well
    } else {
        Done::InPart
    })
}

/// One file; `None` when nobody listens any more.
fn judge(
    index: usize,
    found: &Found,
    choice: ChannelChoice,
    engine: &Engine,
    voices: &Voices,
    messages: &Sender<Message>,
) -> Option<()> {
    let mut listening = true;
    let send = |event: Event| {
        listening = listening
            && messages
                .send(Message::Event(index, Box::new(event)))
                .is_ok();
    };
    let engine = match found {
        Ok(path) => voices.before(path, choice, engine),
        Err(_) => engine.clone(),
    };
    hear(found, choice, &engine, |source| Box::new(source), send);
    listening.then_some(())?;
    messages.send(Message::Done(index)).ok()
}

/// Writes the events file by file; those of later files wait. Gives the number
/// of files that failed.
fn write_in_order(
    files: &[Found],
    inbox: Receiver<Message>,
    sink: &mut dyn Sink,
    bar: &ProgressBar,
) -> io::Result<usize> {
    let mut waiting: BTreeMap<usize, (Vec<Event>, bool)> = BTreeMap::new();
    let mut next = 0;
    let mut failed = 0;
    let mut write = |index: usize, event: &Event, failed: &mut usize| {
        let name = name_of(&files[index]);
        if let Event::Error(error) = event {
            *failed += 1;
            bar.suspend(|| complain(&error.message));
        }
        sink.event(Some(&name), event)
    };
    for message in inbox {
        match message {
            Message::Event(index, event) if index == next => write(index, &event, &mut failed)?,
            Message::Event(index, event) => waiting.entry(index).or_default().0.push(*event),
            Message::Done(index) => {
                bar.inc(size(&files[index]));
                waiting.entry(index).or_default().1 = true;
            }
        }
        while let Some((events, done)) = waiting.get_mut(&next) {
            for event in events.drain(..) {
                write(next, &event, &mut failed)?;
            }
            if !*done {
                break;
            }
            waiting.remove(&next);
            next += 1;
        }
    }
    Ok(failed)
}

/// A bar of bytes on standard error, where that is a terminal.
pub(super) fn progress(quiet: bool, files: &[Found]) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(
        Some(files.iter().map(size).sum()),
        ProgressDrawTarget::stderr_with_hz(8),
    );
    let template = "{wide_bar} {bytes} of {total_bytes}, {eta} left";
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}
