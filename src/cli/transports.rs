//! The flags of transports to other programs; none by default.

#[cfg(unix)]
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::sink::Sink;
#[cfg(unix)]
use crate::transport::fifo::Fifo;
use crate::transport::osc::{Osc, OscPrefix, OscTarget};
#[cfg(unix)]
use crate::transport::socket::Socket;
#[cfg(feature = "web")]
use crate::web::Page;

/// Transports to other programs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "For other programs on this machine")]
pub(super) struct TransportArgs {
    /// Send events to every program that connects to this Unix socket; only you can open it
    #[cfg(unix)]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Write events to a FIFO; a missing one is created, and only you can open it
    #[cfg(unix)]
    #[arg(long, value_name = "PATH")]
    fifo: Option<PathBuf>,
    /// Send Open Sound Control over UDP, to a port of this machine or to another host
    #[arg(long, value_name = "[HOST:]PORT")]
    osc: Option<OscTarget>,
    /// Prefix of the OSC addresses, for example /avatar/parameters
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "/emoscope",
        requires = "osc"
    )]
    osc_prefix: OscPrefix,
    /// Serve a page of the session to browsers on this machine; default: any free port
    #[cfg(feature = "web")]
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "0", value_parser = web_port)]
    web: Option<u16>,
}

/// Parses a port that needs no special rights; 0 is any free port.
#[cfg(feature = "web")]
fn web_port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port) if port == 0 || port >= 1024 => Ok(port),
        _ => Err("expected a port from 1024 to 65535, or 0 for any free one".into()),
    }
}

/// A sink with its display name.
pub(super) type Transport = (String, Box<dyn Sink + Send>);

impl TransportArgs {
    /// Opens the requested transports.
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
        if let Some(target) = &self.osc {
            let name = format!("OSC to {target}");
            let osc = Osc::to(target, self.osc_prefix.clone());
            let osc = osc.map_err(|error| anyhow!("{name} cannot be sent: {error}"))?;
            sinks.push((name, Box::new(osc)));
        }
        Ok(sinks)
    }

    /// Serves the page, if it was asked for.
    #[cfg(feature = "web")]
    pub(super) fn page(&self) -> anyhow::Result<Option<Page>> {
        let Some(port) = self.web else {
            return Ok(None);
        };
        let page = Page::open(port).map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                anyhow!(
                    "port {port} is in use by another program: name another one, or give no port"
                )
            }
            _ => anyhow!("the page cannot be served: {error}"),
        })?;
        Ok(Some(page))
    }

    /// Whether a page is served.
    #[cfg(feature = "web")]
    pub(super) fn has_page(&self) -> bool {
        self.web.is_some()
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
            anyhow!("{name} cannot be created: another kind of file is there; name another path")
        }
        _ => anyhow!("{name} cannot be created: {error}"),
    }
}
