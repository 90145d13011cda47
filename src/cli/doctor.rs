//! `emoscope doctor`: checks this machine, and advises how to fix problems.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;

use super::{Done, ModelArgs};
use crate::audio::capture::Capture;
use crate::audio::device::{self, InputDevice};
use crate::audio::ring::Chunk;
use crate::classifier::{BaselineInput, classify_whole, softmax};
use crate::dsp::level::LevelMeter;
use crate::dsp::mono::{ChannelChoice, downmix};
use crate::engine::{Engine, EngineChoice, EngineError};
use crate::model::speakers::SpeakerModel;
use crate::model::{Golden, sha256};
use crate::paths;
use crate::speakers::spec::SpeakerSpec;
use crate::text::printable;

/// Largest difference of a probability from its golden value.
const GOLDEN_TOLERANCE: f64 = 1e-4;
/// Length of the level check.
const LEVEL_CHECK_TIME: Duration = Duration::from_secs(2);
/// Peak below which an input counts as muted, in dBFS.
const MUTED_DBFS: f32 = -90.0;
/// Peak below which speech is too quiet, in dBFS.
const FAINT_DBFS: f32 = -50.0;

/// Check model, engine, inputs and terminal, and suggest fixes
///
/// Speak during the level check of two seconds. The exit code is 1 if no engine or no
/// model works.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope doctor
  emoscope doctor --device 2 --model mine.onnx")]
pub struct DoctorArgs {
    /// Input to check: number or id from `emoscope devices`, or a part of its name
    #[arg(long, value_name = "NAME|ID|INDEX")]
    device: Option<String>,
    #[command(flatten)]
    model: ModelArgs,
}

/// Writes one line per finding.
struct Checks<W> {
    out: W,
}

impl<W: Write> Checks<W> {
    fn ok(&mut self, what: &str, found: &str) -> io::Result<()> {
        writeln!(self.out, "ok    {what:<12}{}", printable(found))?;
        self.out.flush()
    }

    fn note(&mut self, what: &str, advice: &str) -> io::Result<()> {
        writeln!(self.out, "note  {what:<12}{}", printable(advice))?;
        self.out.flush()
    }

    fn fail(&mut self, what: &str, advice: &str) -> io::Result<()> {
        let mut lines = advice.lines();
        let first = lines.next().unwrap_or_default();
        writeln!(self.out, "FAIL  {what:<12}{}", printable(first))?;
        for line in lines {
            writeln!(self.out, "      {:<12}{}", "", printable(line))?;
        }
        self.out.flush()
    }
}

/// Runs the command.
pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<Done> {
    let mut report = Checks {
        out: io::stdout().lock(),
    };
    let works = check(args, &mut report).context("cannot write to standard output")?;
    Ok(if works { Done::Success } else { Done::Partial })
}

fn check(args: &DoctorArgs, report: &mut Checks<impl Write>) -> io::Result<bool> {
    report.ok(
        "emoscope",
        &format!("{} on {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS),
    )?;
    audio(args, report)?;
    let works = inference(args, report)?;
    terminal(report)?;
    for (what, folder) in [("settings", paths::config()), ("log", paths::state())] {
        match folder {
            Some(folder) => report.ok(what, &folder.display().to_string())?,
            None => report.note(what, "no home folder: set HOME")?,
        }
    }
    Ok(works)
}

fn audio(args: &DoctorArgs, report: &mut Checks<impl Write>) -> io::Result<()> {
    let inputs = device::list();
    let mut hosts: Vec<&str> = inputs.iter().map(|input| input.host.as_str()).collect();
    hosts.dedup();
    if inputs.is_empty() {
        return report.note(
            "inputs",
            "none; plug in a microphone, or start the sound server (PipeWire or PulseAudio)",
        );
    }
    report.ok(
        "inputs",
        &format!("{} on {}", inputs.len(), hosts.join(", ")),
    )?;
    match device::find(args.device.as_deref()) {
        Ok(input) => level(&input, report),
        Err(error) => report.note("microphone", &error.to_string()),
    }
}

/// Records for two seconds.
fn level(input: &InputDevice, report: &mut Checks<impl Write>) -> io::Result<()> {
    let mut capture = match Capture::open(input) {
        Ok(capture) => capture,
        Err(error) => return report.note("microphone", &error.to_string()),
    };
    let spec = capture.spec();
    report.ok(
        "microphone",
        &format!(
            "{}, {} Hz, {} channels",
            input.name, spec.sample_rate, spec.channels
        ),
    )?;
    let (mut meter, mut frames) = (LevelMeter::default(), 0);
    let (mut samples, mut mono) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while start.elapsed() < LEVEL_CHECK_TIME && capture.fault().is_none() {
        samples.clear();
        mono.clear();
        match capture.read(&mut samples, 4096) {
            Chunk::Samples(count) => {
                frames += count as u64;
                downmix(&samples, spec.channels, ChannelChoice::Mix, &mut mono);
                meter.push(&mono);
            }
            Chunk::Gap(_) => {}
            Chunk::Empty => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    let captured = frames as f64 / f64::from(spec.sample_rate);
    let Some(level) = meter.take() else {
        return report.note(
            "level",
            "the input delivers nothing; restart the sound server",
        );
    };
    let found = format!("peak {:.0} dBFS in {captured:.1} s", level.peak_dbfs);
    if level.peak_dbfs < MUTED_DBFS {
        report.note("level", &format!("{found}: digital silence; is it muted?"))
    } else if level.clipped {
        report.note("level", &format!("{found}: it clips; lower its gain"))
    } else if level.peak_dbfs < FAINT_DBFS {
        report.note(
            "level",
            &format!("{found}: faint; if you spoke, raise its gain"),
        )
    } else {
        report.ok("level", &found)
    }
}

fn inference(args: &DoctorArgs, report: &mut Checks<impl Write>) -> io::Result<bool> {
    let model = match args.model.wanted() {
        Ok(model) => model,
        Err(error) => {
            report.fail("model", &error.to_string())?;
            return Ok(false);
        }
    };
    let spec = &model.spec;
    report.ok(
        "model",
        &format!(
            "{} {}, {} labels",
            model.name,
            spec.version,
            spec.labels.len()
        ),
    )?;
    report.ok("", &format!("SHA-256 {}", model.sha256))?;
    report.ok(
        "weights",
        &format!("licences of the corpora: {}", spec.licences.join(", ")),
    )?;
    match SpeakerModel::embedded() {
        Ok(speakers) => {
            let SpeakerSpec {
                name,
                version,
                licence,
                ..
            } = speakers.spec;
            report.ok("speakers", &format!("{name} {version}"))?;
            report.ok("weights", &format!("licence: {licence}"))?;
        }
        Err(error) => report.fail("speakers", &error.to_string())?,
    }
    let load = |choice| Engine::load(model.clone(), choice, args.model.onnxruntime.clone());
    // Load it the way every other command does.
    let engine = match load(args.model.engine) {
        Ok(engine) => engine,
        Err(error) => {
            report.fail("engine", &error.to_string())?;
            return Ok(false);
        }
    };
    for refused in &engine.refused {
        if refused.found || refused.explicit {
            report.note("engine", &refused.to_string())?;
        }
    }
    if let Some(error) = &engine.fallback {
        for line in error.to_string().lines() {
            report.note("engine", line)?;
        }
    }
    let works = check_engine(&engine, true, report)?;
    if args.model.engine == EngineChoice::Auto && engine.library.is_some() {
        match load(EngineChoice::Builtin) {
            Ok(reserve) => {
                check_engine(&reserve, false, report)?;
            }
            Err(error) => report.note("engine", &error.to_string())?,
        }
    }
    match args.model.or_small_if_slow(engine) {
        Ok(engine) => {
            if let Some(notice) = engine.replacement_notice() {
                report.note("model", &notice)?;
                return check_engine(&engine, true, report);
            }
        }
        Err(error) => report.note("model", &error.to_string())?,
    }
    Ok(works)
}

/// Self-test and timing of one engine.
fn check_engine(engine: &Engine, used: bool, report: &mut Checks<impl Write>) -> io::Result<bool> {
    let what = if used { "engine" } else { "" };
    let place = engine
        .library
        .as_ref()
        .map(|path| format!(" ({})", path.display()));
    let used = if used { ", in use" } else { ", in reserve" };
    report.ok(
        what,
        &format!("{}{}{used}", engine.name, place.unwrap_or_default()),
    )?;
    if let Some(library) = &engine.library {
        let sum = std::fs::read(library).map(|bytes| sha256(&bytes));
        let shown = sum.map_or_else(|error| error.to_string(), |sum| format!("SHA-256 {sum}"));
        report.ok("", &shown)?;
    }
    let golden = engine.model.golden();
    let measured = difference(engine, &golden)
        .and_then(|difference| Ok((difference, engine.measurement_time()?)));
    match measured {
        Ok((difference, time)) => {
            let time = time.as_secs_f64() * 1e3;
            let what = match engine.model.spec.stream {
                Some(_) => "step",
                None => "window",
            };
            let length = engine.measurement_s();
            if difference > GOLDEN_TOLERANCE {
                let found = format!("off by {difference:.1e} from the reference results");
                report.fail("self-test", &format!("{found}; install emoscope again"))?;
                return Ok(false);
            }
            if golden.cases.is_empty() {
                report.note("self-test", "no reference results for your own model")?;
            } else {
                let cases = golden.cases.len();
                report.ok(
                    "self-test",
                    &format!("{cases} reference results, off by {difference:.1e}"),
                )?;
            }
            report.ok(
                "inference",
                &format!("{time:.2} ms for a {what} of {length} s"),
            )?;
            Ok(true)
        }
        Err(error) => {
            report.fail("self-test", &error.to_string())?;
            Ok(false)
        }
    }
}

/// Largest difference from the golden probabilities.
fn difference(engine: &Engine, golden: &Golden) -> Result<f64, EngineError> {
    let spec = &engine.model.spec;
    let mut classifier = engine.classifier()?;
    let mut difference = 0.0_f64;
    let unknown = engine.unknown_speaker();
    let golden_voice = spec.embedding_width.map(|_| BaselineInput {
        statistics: golden.baseline.statistics.clone(),
        seconds: golden.baseline.seconds,
    });
    for case in &golden.cases {
        for (voice, expected) in [
            (&unknown, &case.probabilities),
            (&golden_voice, &case.settled_probabilities),
        ] {
            let answer = classify_whole(&mut *classifier, spec, &case.mfcc, voice.as_ref())?;
            let found = softmax(&answer.logits, spec.temperature);
            for (found, expected) in found.iter().zip(expected) {
                difference = difference.max((found - expected).abs());
            }
        }
    }
    Ok(difference)
}

fn terminal(report: &mut Checks<impl Write>) -> io::Result<()> {
    if !io::stdout().is_terminal() {
        return report.note(
            "terminal",
            "standard output is not a terminal: events are printed instead of the dashboard",
        );
    }
    let term = std::env::var("TERM").unwrap_or_else(|_| "unknown".into());
    let colour = if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        "no colour (NO_COLOR)"
    } else {
        "colour"
    };
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns >= 40 && rows >= 12 => {
            report.ok("terminal", &format!("{term}, {columns}x{rows}, {colour}"))
        }
        Ok((columns, rows)) => report.note(
            "terminal",
            &format!("{columns}x{rows}: the dashboard needs 40x12 or more"),
        ),
        Err(error) => report.note("terminal", &format!("{term}: its size is unknown: {error}")),
    }
}
