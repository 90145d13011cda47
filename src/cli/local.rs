//! Live sinks for other programs on this machine: none unless asked for.

#[cfg(unix)]
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::complain;
use crate::messages::Update;
use crate::session::{Outlets, Writer};
use crate::sink::Sink;
#[cfg(unix)]
use crate::sink::fifo::Fifo;
use crate::sink::osc::Osc;
#[cfg(unix)]
use crate::sink::socket::Socket;

/// What other programs of this machine get.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "For other programs on this machine")]
pub(super) struct LocalArgs {
    /// Give event lines to whoever connects to a Unix socket, made here for you alone
    #[cfg(unix)]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Write event lines into a FIFO, made for you alone where there is none
    #[cfg(unix)]
    #[arg(long, value_name = "PATH")]
    fifo: Option<PathBuf>,
    /// Send Open Sound Control over UDP to a port of this machine
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    osc: Option<u16>,
}

/// A sink under the name that is complained about.
type Open = (String, Box<dyn Sink + Send>);

/// Sinks that are ready.
pub(super) struct Local(Vec<Open>);

impl LocalArgs {
    /// Opens them before anything is heard.
    pub(super) fn open(&self) -> anyhow::Result<Local> {
        let mut sinks: Vec<Open> = Vec::new();
        #[cfg(unix)]
        {
            if let Some(path) = &self.socket {
                let name = format!("the socket {}", path.display());
                let socket = Socket::listen(path).map_err(|error| refused(&name, &error))?;
                sinks.push((name, Box::new(socket)));
            }
            if let Some(path) = &self.fifo {
                let name = format!("the FIFO {}", path.display());
                let fifo = Fifo::open(path).map_err(|error| refused(&name, &error))?;
                sinks.push((name, Box::new(fifo)));
            }
        }
        if let Some(port) = self.osc {
            let name = format!("OSC to port {port}");
            let osc = Osc::to(port).map_err(|error| anyhow!("{name} cannot be sent: {error}"))?;
            sinks.push((name, Box::new(osc)));
        }
        Ok(Local(sinks))
    }
}

/// Why a place cannot be used, and what to do.
#[cfg(unix)]
fn refused(name: &str, error: &std::io::Error) -> anyhow::Error {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow!("{name} is in use by another program: name another path")
        }
        std::io::ErrorKind::AlreadyExists => {
            anyhow!("{name} cannot be made: another kind of file is there; name another path")
        }
        _ => anyhow!("{name} cannot be made: {error}"),
    }
}

impl Local {
    /// Gives them the events of a session.
    pub(super) fn add(self, outlets: &mut Outlets) -> Vec<Writer> {
        let add = |(name, sink): Open| {
            let screen = outlets.screen();
            outlets.add(sink, move |error| {
                let message = format!("{name} stops here: {error}");
                match screen {
                    Some(screen) => drop(screen.try_send(Update::Notice(message))),
                    None => complain(&message),
                }
            })
        };
        self.0.into_iter().map(add).collect()
    }
}
