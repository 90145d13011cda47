//! `emoscope analyze`: files and folders, on all cores, in the order of their paths.

mod compared;
mod output;

use std::io::{self, IsTerminal, Write as _};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use self::compared::Compared;
use super::batch::BatchArgs;
use super::format::Format;
use super::speakers::SpeakerArgs;
use super::{Done, ModelArgs, print_message};
use crate::batch::Batch;
use crate::batch::shard::Shard;
use crate::dsp::mono::ChannelSelection;
use crate::text::path_name;

/// Analyze files and folders on all cores
///
/// Folders are searched for audio files by extension. The output has the order of the
/// paths. A file that cannot be read is reported, and the others are analyzed; the
/// exit code is then 1.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope analyze talk.opus                         a table of its utterances
  emoscope analyze recordings/ --format csv --output calls.csv
  emoscope analyze recordings/ --format jsonl | jq 'select(.type == \"measurement\")'
  emoscope analyze interviews/ --baseline folder     each folder has one voice
  emoscope analyze clips/ --reference labels.csv     a confusion matrix and the UAR
  emoscope analyze film.mkv --format vtt --output film.vtt
  ffmpeg -i film.mkv -f wav - | emoscope analyze -
  emoscope analyze --manifest set/manifest.json --format manifest --output labelled.json
  emoscope analyze recordings/ --format textgrid --output grids/
  emoscope analyze archive/ --format parquet --output results/ --shard 2/8 --resume

Captions and labels (vtt, srt, audacity, textgrid) have one file per recording.
For one recording, use standard output or --output FILE. For several, use
--output DIR: files keep their paths and get another extension. With --output
DIR, parquet is a data set of parts, each complete or absent. Existing output
is replaced only with --overwrite.")]
pub struct AnalyzeArgs {
    /// Files and folders, or - for standard input
    #[arg(required_unless_present = "manifest", value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    /// Output format; default: table on a terminal, otherwise jsonl
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to a file or folder instead of standard output
    #[arg(long, short, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Analyze shard K of N; two shards have no recording in common
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Continue an earlier run: skip complete recordings, and retry those with an error.
    /// For jsonl, parquet, and the formats with one file per recording
    #[arg(long, requires = "output", conflicts_with = "reference")]
    resume: bool,
    #[command(flatten)]
    batch: BatchArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    speakers: SpeakerArgs,
    #[arg(long, value_name = "CHANNEL", default_value = "mix", value_parser = super::channels, help = super::CHANNELS_HELP)]
    channel: ChannelSelection,
}

/// Prints the comparison with human labels: after a table, otherwise on standard error,
/// so that the output stays machine-readable.
fn compare(args: &AnalyzeArgs, text: &str) -> anyhow::Result<()> {
    let terminal = io::stdout().is_terminal();
    let table = args
        .format
        .map_or(terminal, |format| format == Format::Table);
    if table && args.output.is_none() {
        let mut out = io::stdout();
        return write!(out, "\n{text}").context("cannot write to standard output");
    }
    print_message(&format!(
        "compared with the reference:\n{}",
        text.trim_end()
    ));
    Ok(())
}

/// Runs the command.
pub(super) fn run(args: &AnalyzeArgs) -> anyhow::Result<Done> {
    let all = args.batch.recordings(&args.paths)?;
    let mut recordings = all.clone();
    if let Some(shard) = args.shard {
        recordings.retain(|recording| shard.contains(&recording.name));
    }
    let engine = args.model.load()?;
    let one = args.batch.has_one_voice();
    let engine = args.speakers.applied(engine, args.channel, one)?;
    let references = args.batch.references(&recordings)?;
    let labelled = references.is_some();
    let spans = references.unwrap_or_default();
    let compared = recordings.clone();
    let sink = output::open(args, &all, &mut recordings)?;
    let mut sink = Compared::new(sink, &compared, spans);
    let baselines = args
        .batch
        .baselines(&all, &recordings, args.channel, &engine);
    let bar = args.batch.bar(&recordings);
    let batch = Batch {
        recordings: &recordings,
        baselines: &baselines,
        channel: args.channel,
        jobs: args.batch.jobs(),
        engine: &engine,
    };
    let failed = batch
        .run(&mut sink, &bar)
        .with_context(|| match &args.output {
            Some(path) => format!("cannot write {}", path_name(path)),
            None => "cannot write to standard output".into(),
        })?;
    drop(bar);
    if labelled {
        let labels: Vec<String> = engine
            .model
            .spec
            .labels
            .iter()
            .map(ToString::to_string)
            .collect();
        compare(args, &sink.confusion(&labels).text())?;
    }
    Ok(if failed == 0 {
        Done::Success
    } else {
        Done::Partial
    })
}
