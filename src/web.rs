//! A web page of a running session, for browsers on this machine only.
//!
//! | path | what it is |
//! |---|---|
//! | `/` | the page |
//! | `/overlay` | the word and a bar on a transparent ground, for OBS |
//! | `/overlay` | the label and a bar on a transparent background, for OBS |
//! | `/healthz` | `ok`, without a token |
//!
//! The listener is bound to the loopback address. Every request must name this machine
//! in `Host`, have no foreign `Origin`, and contain the address's token. The server
//! writes nothing and reads no file.

mod access;
mod answer;
mod document;
mod hub;
mod server;

use std::io;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use self::access::Access;
use self::hub::Hub;
use self::server::Server;
use crate::events::Event;
use crate::messages::Update;
use crate::sink::Sink;

/// A page that is served until it is dropped.
pub struct Page {
    hub: Arc<Hub>,
    address: String,
    _server: Server,
}

impl Page {
    /// Serves a page at a port of the loopback address; 0 is any free port.
    ///
    /// # Errors
    /// The system's error; `AddrInUse` where another program uses the port.
    pub fn open(port: u16) -> io::Result<Self> {
        let hub = Arc::new(Hub::default());
        let listener = server::listen(port)?;
        let access = Access::new(listener.port())?;
        let address = access.address();
        let server = Server::start(listener, access, Arc::clone(&hub))?;
        Ok(Self {
            hub,
            address,
            _server: server,
        })
    }

    /// The address including its token.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Shows the session's level, position and status too. These messages may get lost.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn follow(&self, updates: Receiver<Update>) -> io::Result<()> {
        let hub = Arc::clone(&self.hub);
        std::thread::Builder::new()
            .name("web-state".into())
            .spawn(move || updates.iter().for_each(|update| hub.update(&update)))?;
        Ok(())
    }
}

impl Sink for Page {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        self.hub.event(file, event)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.hub.close();
        Ok(())
    }
}
