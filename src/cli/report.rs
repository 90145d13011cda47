//! `emoscope report`: generates a page or a picture to share.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, anyhow};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, ValueEnum};

use super::batch::BatchArgs;
use super::speakers::SpeakerArgs;
use super::{Done, ModelArgs, print_message, usage};
use crate::audio::source::Source as _;
use crate::batch::Progress as _;
use crate::batch::names::{below_common_folder, last_part};
use crate::batch::recording::Recording;
use crate::dsp::mono::ChannelSelection;
use crate::engine::Engine;
use crate::files::{self, IfExists, PendingFile};
use crate::model::Model;
use crate::report::page::{PageText, html};
#[cfg(feature = "png")]
use crate::report::picture::png;
use crate::report::recording::{Drawing, ReportedRecording};
use crate::report::samples::{SampleTap, Summary};
use crate::report::timeline::svg;
use crate::text::path_name;

/// The card of the built-in model.
const DEFAULT_MODEL_CARD: &str = include_str!("../../models/voices/card.md");
/// The caveats of a model that is not built in.
const CUSTOM_MODEL_CAVEATS: &str = "## What it is not

It describes how a voice sounds to others, not what a person feels, and must not decide about anybody. \
How often it is right on voices like these is for its makers to say: read its card.
";
/// Largest audio that is embedded in a page, in bytes.
const MAX_AUDIO_BYTES: u64 = 200 << 20;

/// Write an HTML page about recordings
///
/// The page needs no network. For each recording it shows the waveform, mel bands,
/// probabilities, arousal and valence over time, and a list of the utterances. Two
/// recordings are compared on one time axis. The page contains the audio only with
/// --audio.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope report talk.opus                          writes talk.html
  emoscope report recordings/ --output report.html   a page about a folder
  emoscope report before.wav after.wav               compares the two
  emoscope report talk.wav --reference talk.TextGrid with human labels
  emoscope report talk.mp3 --audio -o talk.html      with its audio
  emoscope report talk.wav --format svg              the timeline alone, talk.svg
  emoscope report talk.wav --format png              the same for slides, talk.png")]
pub struct ReportArgs {
    /// Files and folders, or - for standard input
    #[arg(required_unless_present = "manifest", value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    /// Output file, or - for standard output; default: named after the recording or folder
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value = "html")]
    format: Form,
    /// Include the audio; everyone who gets the page can play it
    #[arg(long)]
    audio: bool,
    /// Heading of the page
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    batch: BatchArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    speakers: SpeakerArgs,
    #[arg(long, value_name = "CHANNEL", default_value = "mix", value_parser = super::channels, help = super::CHANNELS_HELP)]
    channel: ChannelSelection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// An HTML page
    Html,
    /// The timeline of one recording
    Svg,
    /// The timeline of one recording, on a light background
    #[cfg(feature = "png")]
    Png,
}

/// Runs the command.
pub(super) fn run(args: &ReportArgs) -> anyhow::Result<Done> {
    let recordings = args.batch.recordings(&args.paths)?;
    if args.format != Form::Html && recordings.len() > 1 {
        usage("a picture shows one recording: name one file");
    }
    let output = output(args);
    if output != Path::new("-") && !args.batch.overwrite {
        files::check_free(&output)?;
    }
    let references = args.batch.references(&recordings)?;
    let engine = args.model.load()?;
    let one = args.batch.has_one_voice();
    let engine = args.speakers.applied(engine, args.channel, one)?;
    let baselines = args
        .batch
        .baselines(&recordings, &recordings, args.channel, &engine);
    let bar = args.batch.bar(&recordings);
    let analyzed = args.batch.jobs().map(&recordings, |recording| {
        let engine = baselines.engine(recording, args.channel, &engine);
        let analyzed = analyze(recording, args, &engine);
        bar.done(recording);
        analyzed
    });
    drop(bar);
    let names = below_common_folder(&recordings);
    let mut references = references.into_iter().flatten();
    let mut reported = Vec::new();
    for ((mut recording, drawn), name) in analyzed.into_iter().zip(names) {
        recording.reference = references.next().unwrap_or_default();
        recording.name.clone_from(&name);
        recording.file = name;
        if args.format == Form::Html {
            reported.extend(recording.by_channel(drawn));
        } else {
            reported.push(recording.drawn(drawn));
        }
    }
    let errors: Vec<&String> = reported.iter().filter_map(|r| r.error.as_ref()).collect();
    for error in &errors {
        print_message(error);
    }
    let made = match args.format {
        Form::Html => html(&page(args, &engine.model, &engine.name), &reported)?.into_bytes(),
        Form::Svg => svg(drawn(&reported)?)?.into_bytes(),
        #[cfg(feature = "png")]
        Form::Png => png(drawn(&reported)?)?,
    };
    write(&output, &made, args.batch.existing())?;
    Ok(if errors.is_empty() {
        Done::Success
    } else {
        Done::Partial
    })
}

/// The single recording of a picture.
fn drawn(reported: &[ReportedRecording]) -> anyhow::Result<&ReportedRecording> {
    reported
        .first()
        .filter(|recording| recording.start.is_some())
        .ok_or_else(|| anyhow!("nothing to draw"))
}

fn write(output: &Path, made: &[u8], existing: IfExists) -> anyhow::Result<()> {
    if output == Path::new("-") {
        return io::stdout()
            .write_all(made)
            .context("cannot write to standard output");
    }
    let unwritten = || format!("cannot write {}", path_name(output));
    if fs::metadata(output).is_ok_and(|file| !file.is_file()) {
        fs::write(output, made).with_context(unwritten)?;
    } else {
        let (pending, mut file) = PendingFile::create(output, existing).with_context(unwritten)?;
        file.write_all(made).with_context(unwritten)?;
        pending.keep().with_context(unwritten)?;
    }
    print_message(&format!("wrote {}", path_name(output)));
    Ok(())
}

/// The requested output, or a file in this folder that is named after the first path.
fn output(args: &ReportArgs) -> PathBuf {
    let extension = match args.format {
        Form::Html => "html",
        Form::Svg => "svg",
        #[cfg(feature = "png")]
        Form::Png => "png",
    };
    args.output.clone().unwrap_or_else(|| {
        let first = args.paths.first().filter(|path| *path != Path::new("-"));
        let stem = first.and_then(|path| path.file_stem());
        Path::new(stem.unwrap_or("report".as_ref())).with_added_extension(extension)
    })
}

fn analyze(
    recording: &Recording,
    args: &ReportArgs,
    engine: &Engine,
) -> (ReportedRecording, Vec<Drawing>) {
    let mut reported = ReportedRecording {
        name: recording.name.clone(),
        ..ReportedRecording::default()
    };
    let mut summaries = Vec::new();
    if let Some(source) = recording.open(&mut |event| reported.push(event)) {
        let choices = if args.format == Form::Html {
            args.channel.choices(source.spec().channels)
        } else {
            vec![args.channel.whole()]
        };
        let engine = &recording.with_turns(args.channel, engine);
        let mut source = SampleTap::new(source, &choices, &mut summaries);
        let analysis = recording.analyze(&mut source, args.channel, engine, &mut |event| {
            reported.push(event);
        });
        analysis
            .notices
            .iter()
            .for_each(|notice| print_message(notice));
    }
    if args.audio && reported.start.is_some() {
        match embedded(recording) {
            Ok(audio) => reported.audio = Some(audio),
            Err(error) => reported.error = Some(format!("{}: {error}", reported.name)),
        }
    }
    let drawn = summaries.into_iter().map(Summary::finish);
    (reported, drawn.collect())
}

/// The file as a `data:` address that a browser can play.
fn embedded(recording: &Recording) -> anyhow::Result<String> {
    let path = &recording.path;
    if recording.is_stream() {
        return Err(anyhow!(
            "a stream cannot be read twice, so its audio is left out; save it to a file first"
        ));
    }
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let kind = match extension.as_str() {
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "flac" => "audio/flac",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "m4a" | "mp4" | "aac" => "audio/mp4",
        "webm" => "audio/webm",
        _ => {
            return Err(anyhow!(
                "browsers do not play .{extension}, so its audio is left out; convert it, for example with: ffmpeg -i FILE out.opus"
            ));
        }
    };
    let bytes = fs::metadata(path)?.len();
    if bytes > MAX_AUDIO_BYTES {
        return Err(anyhow!(
            "{} MiB are too much for a page, so its audio is left out",
            bytes >> 20
        ));
    }
    Ok(format!(
        "data:{kind};base64,{}",
        BASE64_STANDARD.encode(fs::read(path)?)
    ))
}

fn page(args: &ReportArgs, model: &Model, engine: &str) -> PageText {
    let title = args.title.clone().unwrap_or_else(|| {
        let names: Vec<String> = args
            .paths
            .iter()
            .map(|path| match Recording::new(path) {
                input if input.is_standard_input() => input.name,
                file => last_part(&file.path),
            })
            .collect();
        format!("Perceived expression: {}", names.join(", "))
    });
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let day = now.split('T').next().unwrap_or_default();
    let made = format!(
        "{day} · emoscope {} · model {} {} · {engine}",
        env!("CARGO_PKG_VERSION"),
        model.name,
        model.spec.version
    );
    PageText {
        title,
        made,
        caveats: caveats(args.model.model.is_none(), model),
    }
}

/// The section of a card about its model's limits.
fn limits(card: &str) -> Option<&str> {
    let section = &card[card.find("\n## Limits\n")? + 1..];
    let next = section[1..]
        .find("\n## ")
        .map_or(section.len(), |at| at + 1);
    Some(&section[..next])
}

/// The limits in the model's card, and its training data.
fn caveats(ours: bool, model: &Model) -> String {
    let mut text = limits(DEFAULT_MODEL_CARD)
        .filter(|_| ours)
        .unwrap_or(CUSTOM_MODEL_CAVEATS)
        .to_owned();
    text.push_str("\n\n## What it was trained on\n\n");
    for corpus in &model.spec.training_data {
        let licence = if corpus.licence.is_empty() {
            "no licence stated"
        } else {
            &corpus.licence
        };
        let _ = writeln!(text, "- {} ({}; {licence})", corpus.corpus, corpus.language);
    }
    let plain = pulldown_cmark::Parser::new(&text).map(|event| match event {
        // A model file is not trusted: its text must never become markup of the page.
        pulldown_cmark::Event::Html(html) | pulldown_cmark::Event::InlineHtml(html) => {
            pulldown_cmark::Event::Text(html)
        }
        other => other,
    });
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, plain);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_has_a_section_about_its_limits() {
        let section = limits(DEFAULT_MODEL_CARD).unwrap_or_default();
        assert!(section.starts_with("## Limits") && section.lines().count() > 3);
        assert_eq!(section.matches("\n## ").count(), 0);
    }
}
