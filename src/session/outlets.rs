//! The outlets of a session's events. None of them delays a microphone.

use std::io;
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, TrySendError, unbounded};

use super::record::Track;
use crate::events::{Event, SessionEnd};
use crate::messages::Update;
use crate::sink::Sink;

/// The sinks and the screen of a session.
#[derive(Default)]
pub struct Outlets {
    sinks: Vec<Sender<Event>>,
    /// The recording in progress.
    pub(super) recording: Option<Track>,
    /// Writers of recordings that were started during the session.
    pub(super) recorders: Vec<Writer>,
    screen: Option<Sender<Update>>,
    watcher: Option<Sender<Update>>,
    wait_for_screen: bool,
}

/// A sink on its own thread.
pub struct Writer {
    thread: JoinHandle<io::Result<()>>,
}

impl Outlets {
    /// Adds a sink that writes on its own thread, at any speed. Events wait in memory
    /// for it. `failed` is called once if it fails.
    pub fn add(
        &mut self,
        mut sink: impl Sink + Send + 'static,
        failed: impl FnOnce(&io::Error) + Send + 'static,
    ) -> Writer {
        let (sender, events) = unbounded::<Event>();
        self.sinks.push(sender);
        let thread = std::thread::spawn(move || {
            let written = events
                .iter()
                .try_for_each(|event| sink.event(None, &event))
                .and_then(|()| sink.finish());
            if let Err(error) = &written {
                failed(error);
            }
            written
        });
        Writer { thread }
    }

    /// Adds a sink like [`add`](Self::add) that the user can stop during the session.
    /// `start` is the summary so far.
    pub fn record(
        &mut self,
        sink: impl Sink + Send + 'static,
        failed: impl FnOnce(&io::Error) + Send + 'static,
        start: SessionEnd,
    ) -> Writer {
        let writer = self.add(sink, failed);
        self.recording = self.sinks.pop().map(|sender| Track::new(sender, start));
        writer
    }

    /// Sends updates to a screen. Its channel should be bounded: a slow screen misses
    /// updates and delays nothing.
    pub fn show_on(&mut self, screen: Sender<Update>) {
        self.screen = Some(screen);
    }

    /// Sends level, position, status and what is analyzed ahead to another reader. Its
    /// channel should be bounded: it misses levels, places and states that have no
    /// room there.
    pub fn watch_by(&mut self, watcher: Sender<Update>) {
        self.watcher = Some(watcher);
    }

    /// Waits for a slow screen from now on. A recording may do this; a microphone must
    /// not.
    pub fn wait_for_screen(&mut self) {
        self.wait_for_screen = true;
    }

    /// The channel to the screen, for other senders of updates.
    pub fn screen(&self) -> Option<Sender<Update>> {
        self.screen.clone()
    }

    /// Ends the events: the sinks write what they have and end.
    pub fn close(&mut self) {
        self.sinks.clear();
        self.recording = None;
        for writer in self.recorders.drain(..) {
            let _ = writer.join(); // a failure was reported when it happened
        }
    }

    /// Sends events and empties the list.
    pub fn send(&mut self, events: &mut Vec<Event>) {
        self.send_to_sinks(events);
        for event in events.drain(..) {
            self.update(Update::Event(event));
        }
    }

    /// Sends events to the sinks only; the screen already has them.
    pub(super) fn send_to_sinks(&mut self, events: &[Event]) {
        for event in events {
            // A failed sink has reported its error; the session continues without it.
            self.sinks.retain(|sink| sink.send(event.clone()).is_ok());
            self.recording.take_if(|track| !track.send(event));
        }
    }

    /// Updates the screen, and drops it when its channel is closed.
    pub fn update(&mut self, update: Update) {
        match (&self.watcher, &update) {
            (Some(watcher), Update::Level(_) | Update::Position(_) | Update::Status(_)) => {
                let _ = watcher.try_send(update.clone()); // it misses what it has no room for
            }
            // Only a recording has these, which may wait.
            (Some(watcher), Update::Analyzed(_)) => {
                let _ = watcher.send(update.clone()); // nobody may be left to see it
            }
            _ => {}
        }
        let Some(screen) = &self.screen else { return };
        let gone = if self.wait_for_screen {
            screen.send(update).is_err()
        } else {
            matches!(screen.try_send(update), Err(TrySendError::Disconnected(_)))
        };
        if gone {
            self.screen = None;
        }
    }
}

impl Writer {
    /// Waits until everything is written.
    ///
    /// # Errors
    /// The writer's error.
    pub fn join(self) -> io::Result<()> {
        self.thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the writer panicked")))
    }
}
