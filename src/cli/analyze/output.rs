//! Where the output goes, and what is there already.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::AnalyzeArgs;
use super::walk::{Found, name_of, path_of};
use crate::cli::format::Format;
use crate::cli::usage;
use crate::sink::Sink;
use crate::sink::folder::Folder;
#[cfg(feature = "parquet")]
use crate::sink::folder::Whole;
use crate::sink::lines::{self, Lines};
#[cfg(feature = "parquet")]
use crate::sink::parquet::{self, Parts};

/// Opens the output, and takes from `files` what it holds.
pub(super) fn open(
    args: &AnalyzeArgs,
    files: &mut Vec<Found>,
) -> anyhow::Result<Box<dyn Sink + Send>> {
    let Some(output) = &args.output else {
        return Ok(to_standard_output(args));
    };
    let format = args.format.unwrap_or(Format::Jsonl);
    let unwritten = || format!("cannot write {}", output.display());
    if let Some(extension) = format.extension()
        && (is_folder(output) || !is_one(args))
    {
        return folder(args, format, extension, output, files);
    }
    #[cfg(feature = "parquet")]
    if format == Format::Parquet {
        if is_folder(output) || output.extension().is_none() {
            return parts(args, output, files).with_context(unwritten);
        }
        if !args.resume && is_plain(output) {
            let whole = Whole::create(output, &make(format)).with_context(unwritten)?;
            return Ok(Box::new(whole));
        }
    }
    if args.resume {
        if format != Format::Jsonl {
            usage(
                "--resume needs jsonl, parquet in a folder, or a format with a file per recording",
            );
        }
        return go_on(output, files).with_context(unwritten);
    }
    let file = File::create(output).with_context(unwritten)?;
    Ok(format.sink(Box::new(BufWriter::new(file))))
}

fn to_standard_output(args: &AnalyzeArgs) -> Box<dyn Sink + Send> {
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
    format.sink(Box::new(io::stdout()))
}

/// Whether one recording is asked for.
fn is_one(args: &AnalyzeArgs) -> bool {
    matches!(args.paths.as_slice(), [path] if !path.is_dir())
}

/// Whether a path is meant as a folder.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.to_string_lossy().ends_with(std::path::is_separator)
}

/// Whether a path can be replaced by a file: no device, no pipe.
fn is_plain(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |about| about.is_file())
}

fn make(format: Format) -> crate::sink::folder::Make {
    Box::new(move |out| format.sink(out))
}

/// A file per recording, under the path that it has below the folder asked for.
fn folder(
    args: &AnalyzeArgs,
    format: Format,
    extension: &str,
    output: &Path,
    files: &mut Vec<Found>,
) -> anyhow::Result<Box<dyn Sink + Send>> {
    let mut targets = HashMap::new();
    let mut taken: HashMap<PathBuf, String> = HashMap::new();
    for found in files.iter() {
        let below = below(args, path_of(found));
        // Two recordings of one name, as wav and as mp3, keep their extensions.
        let mut target = output.join(below.with_extension(extension));
        if taken.contains_key(&target) {
            target = output.join(format!("{}.{extension}", below.display()));
        }
        let name = name_of(found);
        if let Some(other) = taken.insert(target.clone(), name.clone()) {
            let target = target.display();
            return Err(anyhow!(
                "{other} and {name} would both be written to {target}"
            ));
        }
        targets.insert(name, target);
    }
    if args.resume {
        files.retain(|found| !targets[&name_of(found)].exists());
    }
    Ok(Box::new(Folder::new(targets, make(format))))
}

/// A path without the folder that was asked for.
fn below(args: &AnalyzeArgs, path: &Path) -> PathBuf {
    let mut folders = args.paths.iter().filter(|asked| asked.is_dir());
    let below = folders.find_map(|folder| path.strip_prefix(folder).ok());
    let name = path.file_name().map_or(path, Path::new);
    below.unwrap_or(name).to_owned()
}

#[cfg(feature = "parquet")]
fn parts(
    args: &AnalyzeArgs,
    output: &Path,
    files: &mut Vec<Found>,
) -> anyhow::Result<Box<dyn Sink + Send>> {
    let held = parquet::held(output)?;
    if args.resume {
        skip(files, &held);
    } else if files.iter().any(|found| held.contains(&name_of(found))) {
        return Err(anyhow!(
            "it holds these recordings already; --resume skips them, another folder starts anew"
        ));
    }
    let prefix = args.shard.map_or("part".into(), |shard| {
        format!("part-{}-of-{}", shard.number, shard.of)
    });
    Ok(Box::new(Parts::new(output, prefix)?))
}

/// Event lines behind those that are there.
fn go_on(output: &Path, files: &mut Vec<Found>) -> anyhow::Result<Box<dyn Sink + Send>> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(output)?;
    let held = lines::held(BufReader::new(&file))?;
    if is_plain(output) {
        file.set_len(held.bytes)?;
    }
    skip(files, &held.files);
    Ok(Box::new(Lines::new(BufWriter::new(file))))
}

fn skip(files: &mut Vec<Found>, held: &BTreeSet<String>) {
    files.retain(|found| !held.contains(&name_of(found)));
}
