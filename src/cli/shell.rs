//! Shell completions and man pages for packages, generated from the command line.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;

use super::Done;
use crate::files::{self, IfExists, PendingFile};

/// Print shell completions
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope completions bash > ~/.local/share/bash-completion/completions/emoscope
  emoscope completions zsh > ~/.zfunc/_emoscope
  emoscope completions fish > ~/.config/fish/completions/emoscope.fish
  emoscope completions powershell >> $PROFILE")]
pub struct CompletionsArgs {
    /// Name of the shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Write the man pages into a folder
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope man ~/.local/share/man/man1
  man emoscope-analyze")]
pub struct ManArgs {
    /// Folder for the pages; created if it is missing
    folder: PathBuf,
    /// Replace existing pages that differ
    #[arg(long)]
    overwrite: bool,
}

/// Prints completions.
pub(super) fn completions(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<Done> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "emoscope", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Done::Success)
}

/// Writes a page for the program and one for each command.
pub(super) fn man(args: &ManArgs, command: Command) -> anyhow::Result<Done> {
    let existing = if args.overwrite {
        IfExists::Replace
    } else {
        IfExists::Keep
    };
    write_pages(&args.folder, command, existing)
        .with_context(|| format!("cannot write to {}", args.folder.display()))?;
    Ok(Done::Success)
}

fn write_pages(folder: &Path, command: Command, existing: IfExists) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let made = tempfile::tempdir()?;
    clap_mangen::generate_to(command, made.path())?;
    let mut pages = Vec::new();
    for entry in fs::read_dir(made.path())? {
        let entry = entry?;
        let (page, target) = (fs::read(entry.path())?, folder.join(entry.file_name()));
        if fs::read(&target).is_ok_and(|there| there == page) {
            continue;
        }
        // Write no page unless all may be written.
        if existing == IfExists::Keep {
            files::check_free(&target)?;
        }
        pages.push((page, target));
    }
    for (page, target) in pages {
        let (pending, mut file) = PendingFile::create(&target, existing)?;
        file.write_all(&page)?;
        pending.keep()?;
    }
    Ok(())
}
