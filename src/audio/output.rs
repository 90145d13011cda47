//! The default output of this machine: samples in, sound out, and how much of it
//! is heard.

mod queue;
mod sink;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use cpal::Stream;

pub use self::queue::{Player, Queue, queue};
use super::source::Spec;
use super::system_stream;

/// Audio that waits to be played, at most, in seconds.
const QUEUE_S: usize = 1;

/// Why there is no sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// No audio system has an output.
    #[error("this machine has no output for sound")]
    NoneFound,
    /// The audio system refuses.
    #[error("the output {name} cannot be opened: {reason}")]
    Refused {
        /// Name of the output.
        name: String,
        /// What was said.
        reason: String,
    },
}

/// An open output.
pub struct Output {
    stream: Option<Stream>,
    queue: Queue,
    spec: Spec,
    name: String,
}

impl Output {
    /// Opens the default output on a thread of its own, which may take as long as
    /// the sound server does. It gets `wanted` if it can, else its own rate and channels.
    pub fn opening(wanted: Spec) -> Receiver<Result<Self, OutputError>> {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            super::device::silence();
            let _ = send.send(Self::open(wanted)); // nobody may wait for it any more
        });
        receive
    }

    fn open(wanted: Spec) -> Result<Self, OutputError> {
        let mut error = OutputError::NoneFound;
        for device in sink::defaults() {
            match sink::open(&device, wanted, QUEUE_S) {
                Ok((stream, queue, spec, name)) => {
                    return Ok(Self {
                        stream: Some(stream),
                        queue,
                        spec,
                        name,
                    });
                }
                Err(refused) => error = refused,
            }
        }
        Err(error)
    }

    /// Rate and channels that it takes.
    pub fn spec(&self) -> Spec {
        self.spec
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where samples go in.
    pub fn queue(&mut self) -> &mut Queue {
        &mut self.queue
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        system_stream::close(self.stream.take());
    }
}

/// A queue whose player is held by a stream.
type Opened = (Stream, Queue, Spec, String);

/// What the error callback of a stream leaves.
type Failed = Arc<std::sync::atomic::AtomicBool>;
