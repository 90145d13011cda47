//! The default audio output of this machine: plays samples and reports the playback
//! position.

mod queue;
mod sink;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use cpal::Stream;

pub use self::queue::{Queue, QueueReader, queue};
use super::source::Spec;
use super::system_stream;

/// Most audio that waits to be played, in seconds.
const QUEUE_S: usize = 1;

/// Why there is no sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// No audio system has an output.
    #[error("this machine has no output for sound")]
    NoneFound,
    /// The audio system reports an error.
    #[error("the output {name} cannot be opened: {reason}")]
    Refused {
        /// Name of the output.
        name: String,
        /// The message of the audio system.
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
    /// Opens the default output on its own thread, because the sound server may be
    /// slow. It uses `wanted` where possible, otherwise the output's own rate and
    /// channels.
    pub fn opening(wanted: Spec) -> Receiver<Result<Self, OutputError>> {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            super::device::silence();
            let _ = send.send(Self::open(wanted)); // the caller may have given up
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

    /// Rate and channels of the output.
    pub fn spec(&self) -> Spec {
        self.spec
    }

    /// Display name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The queue that takes samples.
    pub fn queue(&mut self) -> &mut Queue {
        &mut self.queue
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        system_stream::close(self.stream.take());
    }
}

/// The output's stream, its queue, its format and its name.
type Opened = (Stream, Queue, Spec, String);

/// The flag that a stream's error callback sets.
type Failed = Arc<std::sync::atomic::AtomicBool>;
