//! Options shared by the commands that process many recordings.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::print_message;
use crate::batch::Progress;
use crate::batch::baselines::{Baselines, Scope};
use crate::batch::jobs::Jobs;
use crate::batch::manifest;
use crate::batch::recording::Recording;
use crate::batch::walk::{Walk, reject_equal_names};
use crate::dsp::mono::ChannelSelection;
use crate::engine::Engine;
use crate::files::IfExists;
use crate::reference::{LabelledSpan, References};
use crate::text::{count, path_name};

/// How many recordings are analyzed.
#[derive(Debug, Clone, Args)]
pub(super) struct BatchArgs {
    /// Also analyze the recordings of a manifest: JSON lines with `audio_filepath`
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Replace existing output
    #[arg(long)]
    pub overwrite: bool,
    #[arg(long, value_name = "N", value_parser = super::track, help = super::TRACK_HELP)]
    track: Option<usize>,
    /// Number of files analyzed in parallel; default: the number of cores
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Show no progress bar
    #[arg(long)]
    quiet: bool,
    /// Compare with human labels: a confusion matrix and the UAR. The file is a .csv with
    /// the columns path,label or start,end,label; a Praat `TextGrid`; or Audacity's labels, .txt
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// Source of the initial baseline, which exists before the first word
    #[arg(long, value_enum, default_value = "auto")]
    baseline: BaselineScope,
}

/// The source of the initial baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BaselineScope {
    /// Parts of the files in each folder, for all speakers in it; then it grows with
    /// each speaker's speech. No effect with --profile
    Auto,
    /// No source: each file starts without a baseline, or with that of --profile
    None,
    /// The whole file, for one voice per file; files are decoded twice
    File,
    /// The whole folder, for one voice per folder; files are decoded twice
    Folder,
}

impl BatchArgs {
    /// The recordings from the paths and the manifest.
    pub(super) fn recordings(&self, paths: &[PathBuf]) -> anyhow::Result<Vec<Recording>> {
        let Walk {
            mut recordings,
            warnings,
        } = Walk::new(paths);
        print_warnings(&warnings);
        if let Some(path) = &self.manifest {
            let named = |reason: &dyn std::fmt::Display| anyhow!("{} {reason}", path_name(path));
            let lines = File::open(path)
                .map_err(|error| named(&format_args!("cannot be opened: {error}")))?;
            let folder = path.parent().unwrap_or(Path::new(""));
            let (listed, warnings) =
                manifest::read(BufReader::new(lines), folder).map_err(|error| named(&error))?;
            print_warnings(&warnings);
            let known: BTreeSet<PathBuf> = recordings.iter().map(|r| r.path.clone()).collect();
            recordings.extend(listed.into_iter().filter(|r| !known.contains(&r.path)));
        }
        reject_equal_names(&mut recordings);
        for recording in &mut recordings {
            recording.track = self.track;
        }
        if recordings.is_empty() {
            return Err(anyhow!("nothing to analyze"));
        }
        Ok(recordings)
    }

    /// The human labels for each recording, where a file of them is given.
    pub(super) fn references(
        &self,
        recordings: &[Recording],
    ) -> anyhow::Result<Option<Vec<Vec<LabelledSpan>>>> {
        let Some(path) = &self.reference else {
            return Ok(None);
        };
        let references = References::read(path)?;
        let paths: Vec<&Path> = recordings.iter().map(|r| r.path.as_path()).collect();
        let found = references.of(&paths)?;
        let bare = found.iter().filter(|spans| spans.is_empty()).count();
        if bare > 0 {
            let all = count(recordings.len(), "recording");
            print_message(&format!(
                "{}: no label for {bare} of {all}",
                path_name(path)
            ));
        }
        let used: usize = found.iter().map(Vec::len).sum();
        if used < references.count() {
            let others = count(references.count() - used, "label");
            print_message(&format!(
                "{}: {others} of other recordings",
                path_name(path)
            ));
        }
        Ok(Some(found))
    }

    /// The baselines of `wanted`; `all` includes every shard.
    pub(super) fn baselines(
        &self,
        all: &[Recording],
        wanted: &[Recording],
        channel: ChannelSelection,
        engine: &Engine,
    ) -> Baselines {
        let scope = match self.baseline {
            BaselineScope::Auto => Scope::Auto,
            BaselineScope::None => Scope::None,
            BaselineScope::File => Scope::Recording,
            BaselineScope::Folder => Scope::Folder,
        };
        let (baselines, warnings) =
            Baselines::collect(scope, all, wanted, channel, self.jobs(), engine);
        print_warnings(&warnings);
        baselines
    }

    /// Whether the user says that a file or folder has one speaker.
    pub(super) fn has_one_voice(&self) -> bool {
        matches!(self.baseline, BaselineScope::File | BaselineScope::Folder)
    }

    /// Number of recordings analyzed at once.
    pub(super) fn jobs(&self) -> Jobs {
        Jobs { at_once: self.jobs }
    }

    /// Whether an output may replace a file.
    pub(super) fn existing(&self) -> IfExists {
        if self.overwrite {
            IfExists::Replace
        } else {
            IfExists::Keep
        }
    }

    /// A progress bar in bytes on standard error, if that is a terminal.
    pub(super) fn bar(&self, recordings: &[Recording]) -> Bar {
        if self.quiet || !io::stderr().is_terminal() {
            return Bar(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(
            Some(recordings.iter().map(Recording::bytes).sum()),
            ProgressDrawTarget::stderr_with_hz(8),
        );
        let template = "{wide_bar} {bytes} of {total_bytes}, {eta} left";
        let style = ProgressStyle::with_template(template);
        Bar(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }
}

fn print_warnings(warnings: &[String]) {
    for warning in warnings {
        print_message(warning);
    }
}

/// Shows the progress of a batch.
pub(super) struct Bar(ProgressBar);

impl Progress for Bar {
    fn failed(&self, message: &str) {
        self.0.suspend(|| print_message(message));
    }

    fn noted(&self, message: &str) {
        self.0.suspend(|| print_message(message));
    }

    fn done(&self, recording: &Recording) {
        self.0.inc(recording.bytes());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
