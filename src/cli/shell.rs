//! What a package carries for the shell: completions and man pages, made from
//! the command line itself.

use std::io;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;

use super::Done;

/// Print completions for a shell
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope completions bash > ~/.local/share/bash-completion/completions/emoscope
  emoscope completions zsh > ~/.zfunc/_emoscope
  emoscope completions fish > ~/.config/fish/completions/emoscope.fish
  emoscope completions powershell >> $PROFILE")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Write the man pages into a folder
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope man ~/.local/share/man/man1
  man emoscope-analyze")]
pub struct ManArgs {
    /// The folder; it is made where it is missing
    folder: PathBuf,
}

/// Prints completions.
pub(super) fn completions(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<Done> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "emoscope", &mut script);
    io::Write::write_all(&mut io::stdout(), &script)?;
    Ok(Done::Well)
}

/// Writes a page for the program and one for each command.
pub(super) fn man(args: &ManArgs, command: Command) -> anyhow::Result<Done> {
    std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(command, &args.folder))
        .with_context(|| format!("cannot write to {}", args.folder.display()))?;
    Ok(Done::Well)
}
