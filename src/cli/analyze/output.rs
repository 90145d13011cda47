//! The destination of the output, and what it already contains.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, BufReader, BufWriter, IsTerminal, Seek, Write};
use std::path::Path;

use anyhow::Context;

use super::AnalyzeArgs;
use crate::batch::recording::Recording;
use crate::batch::targets;
use crate::cli::format::Format;
use crate::cli::usage;
use crate::files::{self, IfExists, PendingFile};
use crate::sink::Sink;
#[cfg(feature = "parquet")]
use crate::sink::folder::AtomicFile;
use crate::sink::folder::{self, Folder, SinkFactory};
use crate::sink::lines::{self, JsonLines};
#[cfg(feature = "parquet")]
use crate::sink::parquet::data_set::{self, ParquetParts};
use crate::sink::rttm::Rttm;
use crate::text::path_name;

/// The sink of a run.
type Output = anyhow::Result<Box<dyn Sink + Send>>;

/// Opens the output, and removes from `recordings` those that it already contains;
/// `all` includes every shard.
pub(super) fn open(
    args: &AnalyzeArgs,
    all: &[Recording],
    recordings: &mut Vec<Recording>,
) -> Output {
    let Some(output) = &args.output else {
        return to_standard_output(args, all);
    };
    let format = args.format.unwrap_or(Format::Jsonl);
    let existing = args.batch.existing();
    let unwritten = || format!("cannot write {}", path_name(output));
    if let Some(extension) = format.extension()
        && (is_folder(output) || !is_one(args))
    {
        return file_per_recording(args, format, extension, all, recordings, output);
    }
    #[cfg(feature = "parquet")]
    if format == Format::Parquet {
        if is_folder(output) || output.extension().is_none() {
            return parquet_parts(args, output, recordings).with_context(unwritten);
        }
        if !args.resume && is_regular_file(output) {
            let whole = AtomicFile::create(output, existing, &sink_factory(format))
                .with_context(unwritten)?;
            return Ok(Box::new(whole));
        }
    }
    if args.resume {
        if format != Format::Jsonl {
            usage(
                "--resume needs jsonl, parquet in a folder, or a format with a file per recording",
            );
        }
        return append_lines(output, recordings).with_context(unwritten);
    }
    let file = files::create(output, existing).with_context(unwritten)?;
    sink(format, all, Box::new(BufWriter::new(file)))
}

fn to_standard_output(args: &AnalyzeArgs, all: &[Recording]) -> Output {
    let terminal = io::stdout().is_terminal();
    let format = args.format.unwrap_or(if terminal {
        Format::Table
    } else {
        Format::Jsonl
    });
    if format.extension().is_some() && !is_one(args) {
        usage("this format has a file per recording: name a folder with --output DIR");
    }
    if format.is_binary() && terminal {
        usage("this format is not for a terminal: name a file with --output FILE");
    }
    sink(format, all, Box::new(io::stdout()))
}

/// A sink for all recordings.
fn sink(format: Format, all: &[Recording], out: Box<dyn Write + Send>) -> Output {
    if format == Format::Rttm {
        return Ok(Box::new(Rttm::new(out, targets::identifiers(all)?)));
    }
    Ok(format.sink(out))
}

/// Whether a single recording was given.
fn is_one(args: &AnalyzeArgs) -> bool {
    args.batch.manifest.is_none() && matches!(args.paths.as_slice(), [path] if !path.is_dir())
}

/// Whether a path denotes a folder.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.to_string_lossy().ends_with(std::path::is_separator)
}

/// Whether a file can replace what is at a path: no device, no pipe.
fn is_regular_file(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |file| file.is_file())
}

fn sink_factory(format: Format) -> SinkFactory {
    Box::new(move |out| format.sink(out))
}

/// A file per recording, at its path below the folder that the user named.
fn file_per_recording(
    args: &AnalyzeArgs,
    format: Format,
    extension: &str,
    all: &[Recording],
    recordings: &mut Vec<Recording>,
    output: &Path,
) -> Output {
    let mut targets = targets::files(all, extension)?;
    for target in targets.values_mut() {
        *target = output.join(&target);
    }
    let existing = args.batch.existing();
    if args.resume {
        recordings.retain(|recording| !folder::is_complete(&targets[&recording.name]));
    } else if existing == IfExists::Keep {
        for recording in recordings.iter() {
            files::check_free(&targets[&recording.name]).with_context(|| {
                format!(
                    "{} would be replaced; --resume skips what exists",
                    path_name(output)
                )
            })?;
        }
    }
    Ok(Box::new(Folder::new(
        targets,
        existing,
        sink_factory(format),
    )))
}

#[cfg(feature = "parquet")]
fn parquet_parts(args: &AnalyzeArgs, output: &Path, recordings: &mut Vec<Recording>) -> Output {
    let content = data_set::content(output)?;
    if args.resume {
        skip(recordings, &content.complete);
        data_set::remove_outdated(&content)?;
    } else if recordings
        .iter()
        .any(|recording| content.contains(&recording.name))
    {
        return Err(anyhow::anyhow!(
            "it holds these recordings already; --resume skips them, another folder starts from scratch"
        ));
    }
    let prefix = args.shard.map_or("part".into(), |shard| {
        format!("part-{}-of-{}", shard.number, shard.of)
    });
    Ok(Box::new(ParquetParts::new(output, prefix)?))
}

/// Appends event lines to an existing output, from which those of failed recordings
/// are removed.
fn append_lines(output: &Path, recordings: &mut Vec<Recording>) -> Output {
    let open = || {
        OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(output)
    };
    let mut file = open()?;
    let content = lines::content(BufReader::new(&file))?;
    skip(recordings, &content.files);
    if is_regular_file(output) {
        if file.metadata()?.len() > content.bytes {
            file.set_len(content.bytes)?;
        }
        let again = |recording: &Recording| content.failed.contains(&recording.name);
        let again = recordings.iter().filter(|it| again(it));
        let dropped: BTreeSet<String> = again.map(|it| it.name.clone()).collect();
        if !dropped.is_empty() {
            file.rewind()?;
            // The file that a link names, not the link.
            let target = fs::canonicalize(output)?;
            let (pending, out) = PendingFile::create(&target, IfExists::Replace)?;
            out.set_permissions(file.metadata()?.permissions())?;
            lines::copy_without(&dropped, BufReader::new(&file), BufWriter::new(out))?;
            pending.keep()?;
            file = open()?;
        }
    }
    Ok(Box::new(JsonLines::new(BufWriter::new(file))))
}

fn skip(recordings: &mut Vec<Recording>, content: &BTreeSet<String>) {
    recordings.retain(|recording| !content.contains(&recording.name));
}
