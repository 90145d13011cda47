//! The flags of transports to other programs on this machine: none by default.

#[cfg(unix)]
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::sink::Sink;
#[cfg(unix)]
use crate::transport::fifo::Fifo;
use crate::transport::osc::Osc;
#[cfg(unix)]
use crate::transport::socket::Socket;

/// Transports to other programs on this machine.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "For other programs on this machine")]
pub(super) struct TransportArgs {
    /// Send event lines to every program that connects to this Unix socket, private to you
    #[cfg(unix)]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Write event lines into a FIFO, created private to you where there is none
    #[cfg(unix)]
    #[arg(long, value_name = "PATH")]
    fifo: Option<PathBuf>,
    /// Send Open Sound Control over UDP to a port of this machine
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    osc: Option<u16>,
}

/// A sink with its name in messages.
pub(super) type Transport = (String, Box<dyn Sink + Send>);

impl TransportArgs {
    /// Opens those that were asked for.
    pub(super) fn open(&self) -> anyhow::Result<Vec<Transport>> {
        let mut sinks: Vec<Transport> = Vec::new();
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
        Ok(sinks)
    }
}

/// Why a path cannot be used, and what to do.
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
