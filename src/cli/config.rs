//! Settings. Flags override the environment, which overrides the file, which overrides
//! the built-in defaults.
//!
//! Every flag of every command is a setting with the flag's name. The file and the
//! environment become the defaults of the command line, which then checks them like
//! flags.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Args, Command};
use toml::{Table, Value};

use super::{Done, print_message};

/// The command that plain `emoscope` runs.
const DEFAULT_COMMAND: &str = "live";
/// Commands without settings.
const COMMANDS_WITHOUT_SETTINGS: [&str; 4] = ["config", "completions", "man", "help"];

/// Show the settings, or create the settings file
///
/// Every flag can be set permanently: in the file, or in the environment, as in
/// `EMOSCOPE_THEME=dark`. Flags override the environment, which overrides the file.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope config --init     writes a file with every setting, commented out
  emoscope config --path     prints the path of the file
  emoscope config            prints what is set, and where")]
pub struct ConfigArgs {
    /// Write the file, with every setting commented out
    #[arg(long, conflicts_with_all = ["path", "show"])]
    init: bool,
    /// Print the path of the file
    #[arg(long, conflicts_with = "show")]
    path: bool,
    /// Print what is set, and where (default)
    #[arg(long)]
    show: bool,
}

/// Runs the command.
pub(super) fn run(args: &ConfigArgs, command: &Command) -> anyhow::Result<Done> {
    let path =
        path().ok_or_else(|| anyhow!("no folder for settings: set HOME or XDG_CONFIG_HOME"))?;
    if args.path {
        writeln!(io::stdout(), "{}", path.display())?;
    } else if args.init {
        init(&path, command)?;
        print_message(&format!("wrote {}", path.display()));
    } else {
        let file = read(&path)?;
        check(&file, &path, command)?;
        write!(io::stdout(), "{}", shown(&file, &path, command))?;
    }
    Ok(Done::Success)
}

fn path() -> Option<PathBuf> {
    crate::paths::config().map(|folder| folder.join("config.toml"))
}

fn init(path: &Path, command: &Command) -> anyhow::Result<()> {
    let unwritten = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(unwritten)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                anyhow!("{} exists already; it was not changed", path.display())
            }
            _ => anyhow!("cannot write {}: {error}", path.display()),
        })?;
    file.write_all(template(command).as_bytes())
        .with_context(unwritten)
}

/// The command line with this machine's settings as its defaults.
///
/// # Errors
/// A file that cannot be read, a key that no command has, or a value that its flag
/// would reject.
pub(super) fn apply(command: Command) -> anyhow::Result<Command> {
    let Some(path) = path() else {
        return Ok(with_environment(command));
    };
    let file = read(&path)?;
    check(&file, &path, &command)?;
    let mut command = with_environment(command);
    let names: Vec<String> = configurable(&command)
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in names {
        let settings = settings(&file, &name);
        command = command.mut_subcommand(&name, |command| with_defaults(command, &settings));
        if name == DEFAULT_COMMAND {
            command = with_defaults(command, &settings);
        }
    }
    Ok(command)
}

fn read(path: &Path) -> anyhow::Result<Table> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Table::new()),
        Err(error) => Err(anyhow!("cannot read {}: {error}", path.display())),
    }
}

fn parse(text: &str, path: &Path) -> anyhow::Result<Table> {
    text.parse()
        .map_err(|error| anyhow!("{} is not valid TOML: {error}", path.display()))
}

/// Checks a settings file with this text.
pub(super) fn check_text(text: &str, command: &Command) -> anyhow::Result<()> {
    let path = Path::new("config.toml");
    check(&parse(text, path)?, path, command)
}

/// The commands that have settings.
fn configurable(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|sub| !COMMANDS_WITHOUT_SETTINGS.contains(&sub.get_name()))
}

/// The flags that can be set.
fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| {
        let asks = matches!(arg.get_action(), ArgAction::Set | ArgAction::SetTrue);
        asks && arg.get_long().is_some()
    })
}

/// The settings of the file for a command: its own table before the top level.
fn settings(file: &Table, command: &str) -> Vec<(String, String)> {
    let table = file.get(command).and_then(Value::as_table);
    let above = file.iter().filter(|(_, value)| !value.is_table());
    let all = above.chain(table.into_iter().flatten());
    all.filter_map(|(key, value)| Some((key.clone(), text(value)?)))
        .collect()
}

/// A value as it would be written on the command line.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn with_defaults(mut command: Command, settings: &[(String, String)]) -> Command {
    for (key, value) in settings {
        let id = flags(&command)
            .find(|arg| arg.get_long() == Some(key))
            .map(|arg| arg.get_id().clone());
        if let Some(id) = id {
            command = command.mut_arg(id, |arg| arg.default_value(value.clone()));
        }
    }
    command
}

/// Lets a variable of the same name set each flag.
fn with_environment(command: Command) -> Command {
    let with_own = |command: Command| {
        let ids: Vec<_> = flags(&command).map(|arg| arg.get_id().clone()).collect();
        ids.into_iter().fold(command, |command, id| {
            command.mut_arg(id, |arg| {
                let variable = variable(&arg);
                let arg = match arg.get_action() {
                    // `EMOSCOPE_MUTE=1` is what people write.
                    ArgAction::SetTrue => arg.value_parser(BoolishValueParser::new()),
                    _ => arg,
                };
                arg.env(variable).hide_env(true)
            })
        })
    };
    let names: Vec<String> = configurable(&command)
        .map(|c| c.get_name().to_owned())
        .collect();
    let command = names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, with_own)
    });
    with_own(command)
}

fn variable(arg: &Arg) -> String {
    let name = arg.get_long().unwrap_or_default();
    format!("EMOSCOPE_{}", name.to_uppercase().replace('-', "_"))
}

/// Rejects settings that no command accepts.
fn check(file: &Table, path: &Path, command: &Command) -> anyhow::Result<()> {
    let commands: Vec<&Command> = configurable(command).collect();
    for (key, value) in file {
        let own = commands.iter().find(|command| command.get_name() == key);
        match (value, own) {
            (Value::Table(table), Some(own)) => {
                for (key, value) in table {
                    check_value(key, value, &[own], path)?;
                }
            }
            (Value::Table(_), None) => {
                let names = commands.iter().map(|command| command.get_name());
                return Err(unknown("table", key, names, path));
            }
            _ => check_value(key, value, &commands, path)?,
        }
    }
    Ok(())
}

fn check_value(key: &str, value: &Value, commands: &[&Command], path: &Path) -> anyhow::Result<()> {
    let having = |command: &&&Command| flags(command).any(|arg| arg.get_long() == Some(key));
    let Some(command) = commands.iter().find(having) else {
        let all = commands.iter().flat_map(|command| flags(command));
        return Err(unknown("key", key, all.filter_map(Arg::get_long), path));
    };
    let refused = |why: &str| anyhow!("{}: {key}: {why}", path.display());
    let text = text(value).ok_or_else(|| refused("expected a text, a number, true or false"))?;
    let switch = flags(command)
        .any(|arg| arg.get_long() == Some(key) && matches!(arg.get_action(), ArgAction::SetTrue));
    if switch {
        let fits = value.is_bool();
        return fits
            .then_some(())
            .ok_or_else(|| refused("expected true or false"));
    }
    // The flag's own parser checks the value; missing arguments do not matter here.
    let line = [command.get_name().to_owned(), format!("--{key}={text}")];
    match (*command).clone().try_get_matches_from(line) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidValue | ErrorKind::ValueValidation
            ) =>
        {
            let message = error.to_string();
            let first = message.lines().next().unwrap_or_default();
            Err(refused(first.trim_start_matches("error: ")))
        }
        _ => Ok(()),
    }
}

fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    path: &Path,
) -> anyhow::Error {
    let near = known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .map(|(_, known)| format!("; the nearest is {known}"))
        .unwrap_or_default();
    anyhow!("{}: unknown {what} {name}{near}", path.display())
}

/// A file that lists every setting, commented out.
fn template(command: &Command) -> String {
    let mut out = String::from(
        "# Settings of emoscope. Each is a flag; `emoscope COMMAND --help` says more.\n\
         # Flags override the environment (EMOSCOPE_THEME=dark), which overrides this file.\n\
         # Settings above the tables apply to every command that has the flag.\n",
    );
    let commands: Vec<&Command> = configurable(command).collect();
    let count = |long: &str| {
        let having = |c: &&&Command| flags(c).any(|arg| arg.get_long() == Some(long));
        commands.iter().filter(having).count()
    };
    let mut shared: Vec<&Arg> = Vec::new();
    for arg in commands.iter().flat_map(|command| flags(command)) {
        let long = arg.get_long().unwrap_or_default();
        if count(long) > 1 && shared.iter().all(|other| other.get_long() != Some(long)) {
            shared.push(arg);
        }
    }
    for arg in shared {
        explain(arg, &mut out);
    }
    for &command in &commands {
        let own = flags(command).filter(|arg| count(arg.get_long().unwrap_or_default()) == 1);
        let own: Vec<&Arg> = own.collect();
        if !own.is_empty() {
            let _ = writeln!(out, "\n[{}]", command.get_name());
        }
        for arg in own {
            explain(arg, &mut out);
        }
    }
    out
}

fn explain(arg: &Arg, out: &mut String) {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(out, "\n# {}", help.replace('\n', " "));
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    let switch = matches!(arg.get_action(), ArgAction::SetTrue);
    if !values.is_empty() && !switch {
        let _ = writeln!(out, "# One of: {}", values.join(", "));
    }
    let default = arg.get_default_values().first();
    let value = match default.map(|value| value.to_string_lossy().into_owned()) {
        _ if switch => "false".into(),
        Some(value) => value,
        None => arg
            .get_value_names()
            .and_then(|names| names.first())
            .map_or_else(String::new, ToString::to_string),
    };
    let value = if switch {
        value
    } else {
        Value::String(value).to_string()
    };
    let _ = writeln!(out, "# {} = {value}", arg.get_long().unwrap_or_default());
}

/// The effective settings and their origin, command by command.
fn shown(file: &Table, path: &Path, command: &Command) -> String {
    let mut out = String::new();
    for command in configurable(command) {
        let mut lines = String::new();
        let settings = settings(file, command.get_name());
        for arg in flags(command) {
            let long = arg.get_long().unwrap_or_default();
            let variable = variable(arg);
            let from_file = settings.iter().rev().find(|(key, _)| key == long);
            if let Ok(value) = std::env::var(&variable) {
                let _ = writeln!(lines, "{long} = {} # {variable}", Value::String(value));
            } else if let Some((_, value)) = from_file {
                let value = Value::String(value.clone());
                let _ = writeln!(lines, "{long} = {value} # {}", path.display());
            }
        }
        if !lines.is_empty() {
            let _ = writeln!(out, "[{}]\n{lines}", command.get_name());
        }
    }
    if out.is_empty() {
        let _ = writeln!(
            out,
            "# nothing is set; `emoscope config --init` writes a template"
        );
    }
    out
}
