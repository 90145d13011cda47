//! Runs a session on its own thread.

use std::io;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::outlets::Outlets;
use super::{Session, SessionError};
use crate::messages::{Control, Update};

/// A running session.
pub struct Handle {
    thread: JoinHandle<Result<(), SessionError>>,
    controls: Sender<Control>,
}

/// Starts a session.
///
/// # Errors
/// The system cannot start a thread.
pub fn start(session: impl Session, outlets: Outlets) -> io::Result<Handle> {
    let (controls, inbox) = unbounded();
    let thread = std::thread::Builder::new()
        .name("session".into())
        .spawn(move || run(session, outlets, &inbox))?;
    Ok(Handle { thread, controls })
}

fn run(
    session: impl Session,
    mut outlets: Outlets,
    controls: &Receiver<Control>,
) -> Result<(), SessionError> {
    let result = session.run(&mut outlets, controls).map(drop);
    outlets.close();
    if let Some(screen) = outlets.screen() {
        let ended = result.as_ref().copied().map_err(ToString::to_string);
        // If the screen is full or gone, it learns the end from the closed channel.
        let _ = screen.try_send(Update::Ended(ended));
    }
    result
}

impl Handle {
    /// The channel for the user's requests.
    pub fn controls(&self) -> Sender<Control> {
        self.controls.clone()
    }

    /// Ends the session and waits for it.
    ///
    /// # Errors
    /// The reason of an early end.
    pub fn stop(self) -> Result<(), SessionError> {
        // A session that already ended accepts no controls.
        let _ = self.controls.send(Control::Quit);
        self.thread.join().unwrap_or(Err(SessionError::Crashed))
    }
}
