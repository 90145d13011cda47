//! `emoscope devices`: the inputs of this machine.

use std::io::{self, Write};

use anyhow::Context;
use clap::Args;

use super::Done;
use crate::audio::device::{self, DistinctInput, InputDevice};
use crate::text::printable;

/// List the audio inputs of this machine
///
/// `--device` takes the number, the id, the name or a part of the name. The id stays the
/// same when other inputs are added or removed. ALSA has several names for one input of
/// a card, such as `plughw` and `hw`: `also` lists the others with their numbers.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  emoscope devices
  emoscope devices --json | jq -r '.[] | select(.default) | .id'")]
pub struct DevicesArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &DevicesArgs) -> anyhow::Result<Done> {
    let inputs = device::list();
    let mut out = io::stdout().lock();
    let written = if args.json {
        serde_json::to_writer_pretty(&mut out, &inputs)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        write_list(&mut out, &inputs)
    };
    written
        .and_then(|()| out.flush())
        .context("cannot write to standard output")?;
    Ok(Done::Success)
}

fn write_list(out: &mut impl Write, inputs: &[InputDevice]) -> io::Result<()> {
    if inputs.is_empty() {
        return writeln!(
            out,
            "No inputs. Plug in a microphone, or see `emoscope doctor`."
        );
    }
    for DistinctInput { input, others } in device::distinct(inputs, None) {
        let default = if input.default { ", default" } else { "" };
        let monitor = if input.monitor {
            ", what the machine plays"
        } else {
            ""
        };
        let (index, name) = (input.index, printable(&input.name));
        writeln!(out, "{index:>3}  {name}{default}{monitor}")?;
        writeln!(out, "     id       {}", printable(&input.id))?;
        match &input.problem {
            Some(problem) => writeln!(out, "     problem  {}", printable(problem))?,
            None => writeln!(out, "     offers   {}", offers(input))?,
        }
        if !others.is_empty() {
            let others = others.iter().map(|other| {
                let id = other.id.strip_prefix("alsa:").unwrap_or(&other.id);
                format!("{} {}", other.index, printable(id))
            });
            let others: Vec<_> = others.collect();
            writeln!(out, "     also     {}", others.join(", "))?;
        }
    }
    Ok(())
}

/// The default configuration of an input, or its maxima where that is unknown.
fn offers(input: &InputDevice) -> String {
    let (rate, channels) = match &input.default_config {
        Some(config) => (config.sample_rate, config.channels),
        None => (input.max_rate, input.channels),
    };
    let kilohertz = f64::from(rate) / 1000.0;
    match channels {
        1 => format!("{kilohertz} kHz, mono"),
        2 => format!("{kilohertz} kHz, stereo"),
        channels => format!("{kilohertz} kHz, {channels} channels"),
    }
}
