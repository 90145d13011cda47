//! `emoscope report`: a page, or a picture, that can be shown to others.

mod bands;
mod tap;

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, anyhow};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, ValueEnum};

use self::bands::Bands;
use self::tap::{Envelope, Tap};
use super::analyze::hear::hear;
use super::analyze::progress;
use super::analyze::voices::{Before, Voices};
use super::analyze::walk::{Found, name_of, path_of, size, walk};
use super::jobs::Jobs;
use super::{Done, ModelArgs, complain, usage};
use crate::dsp::mono::ChannelChoice;
use crate::engine::Engine;
use crate::model::Model;
#[cfg(feature = "png")]
use crate::sink::picture::png;
use crate::sink::report::{Page, Recording, html};
use crate::sink::timeline::svg;

/// The card of the model inside the program.
const CARD: &str = include_str!("../../models/voices/card.md");
/// What is said of a model of somebody else.
const UNKNOWN: &str = "## What it is not

It judges how a voice sounds to others, not what a person feels, and must not decide about anybody. \
How often it is right on voices like these is for its makers to say: read its card.
";
/// Largest audio that is put into a page, in bytes.
const LARGEST_AUDIO: u64 = 200 << 20;

/// Make a page about recordings that needs no network
///
/// The page shows, for each recording, the waveform, its mel bands, the probabilities,
/// arousal and valence over time, and a list of the utterances; a click, a key or the list moves along it. The
/// audio is part of the page only with --audio.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope report talk.opus                          writes talk.html
  emoscope report recordings/ --output report.html   a page about a folder
  emoscope report talk.mp3 --audio -o talk.html      with the audio in it
  emoscope report talk.wav --format svg              the timeline alone, talk.svg
  emoscope report talk.wav --format png              the same for slides, talk.png")]
pub struct ReportArgs {
    /// Files and folders
    #[arg(required = true, value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    /// Where to write; default the name of the file or folder, - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What to make
    #[arg(long, value_enum, default_value = "html")]
    format: Form,
    /// Put the audio into the page, for everybody who gets it
    #[arg(long)]
    audio: bool,
    /// Heading of the page
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A page
    Html,
    /// The timeline of one recording
    Svg,
    /// The same as pixels, on a light ground
    #[cfg(feature = "png")]
    Png,
}

/// Runs the command.
pub(super) fn run(args: &ReportArgs) -> anyhow::Result<Done> {
    let files = walk(&args.paths)?;
    if args.format != Form::Html && files.len() > 1 {
        usage("a picture shows one recording: name one file");
    }
    let output = output(args);
    let engine = args.model.load()?;
    let bar = progress(args.quiet, &files);
    let voices = Voices::gather(
        args.before.baseline,
        &files,
        &files,
        args.channel,
        args.jobs,
        &engine,
    );
    let recordings = args.jobs.map(&files, |found| {
        let engine = voices.before(path_of(found), args.channel, &engine);
        let recording = judge(found, args, &engine);
        bar.inc(size(found));
        recording
    });
    bar.finish_and_clear();
    let mut failed = false;
    for error in recordings
        .iter()
        .filter_map(|recording| recording.error.as_ref())
    {
        complain(error);
        failed = true;
    }
    let drawn = || {
        let recording = recordings.first();
        recording
            .filter(|recording| recording.start.is_some())
            .ok_or_else(|| anyhow!("nothing to draw"))
    };
    let made = match args.format {
        Form::Html => html(&page(args, &engine.model, &engine.name), &recordings).into_bytes(),
        Form::Svg => svg(drawn()?).into_bytes(),
        #[cfg(feature = "png")]
        Form::Png => png(drawn()?)?,
    };
    if output == Path::new("-") {
        io::stdout()
            .write_all(&made)
            .context("cannot write to standard output")?;
    } else {
        fs::write(&output, made).with_context(|| format!("cannot write {}", output.display()))?;
        complain(&format!("wrote {}", output.display()));
    }
    Ok(if failed { Done::InPart } else { Done::Well })
}

/// What was asked for, or a name after the first path in this folder.
fn output(args: &ReportArgs) -> PathBuf {
    let extension = match args.format {
        Form::Html => "html",
        Form::Svg => "svg",
        #[cfg(feature = "png")]
        Form::Png => "png",
    };
    args.output.clone().unwrap_or_else(|| {
        let stem = args.paths.first().and_then(|path| path.file_stem());
        Path::new(stem.unwrap_or("report".as_ref())).with_added_extension(extension)
    })
}

fn judge(found: &Found, args: &ReportArgs, engine: &Engine) -> Recording {
    let name = name_of(found);
    let mut recording = Recording {
        name,
        ..Recording::default()
    };
    let (mut envelope, mut bands) = (Envelope::default(), Bands::default());
    // The page tells of the recording, not of what was learned of its voice.
    let _ = hear(
        found,
        args.channel,
        engine,
        |source| Box::new(Tap::new(source, args.channel, &mut envelope, &mut bands)),
        |event| recording.take(event),
    );
    recording.envelope = envelope.columns();
    recording.spectrum = bands.columns();
    if args.audio && recording.start.is_some() {
        match embedded(path_of(found)) {
            Ok(audio) => recording.audio = Some(audio),
            Err(error) => recording.error = Some(format!("{}: {error}", recording.name)),
        }
    }
    recording
}

/// The file as a `data:` address that a browser plays.
fn embedded(path: &Path) -> anyhow::Result<String> {
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
    if bytes > LARGEST_AUDIO {
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

fn page(args: &ReportArgs, model: &Model, engine: &str) -> Page {
    let title = args.title.clone().unwrap_or_else(|| {
        let names: Vec<String> = args
            .paths
            .iter()
            .map(|path| path.display().to_string())
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
    Page {
        title,
        made,
        caveats: caveats(args.model.model.is_none(), model),
    }
}

/// What the model's card says of its limits, and what it was trained on.
fn caveats(ours: bool, model: &Model) -> String {
    let limits = CARD.find("## Where it fails").map(|at| &CARD[at..]);
    let mut text = limits.filter(|_| ours).unwrap_or(UNKNOWN).to_owned();
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
        // A model file may be anybody's: its words are text, never markup of the page.
        pulldown_cmark::Event::Html(html) | pulldown_cmark::Event::InlineHtml(html) => {
            pulldown_cmark::Event::Text(html)
        }
        other => other,
    });
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, plain);
    out
}
