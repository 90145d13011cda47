//! Shared code of the system's input and output streams.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cpal::{SupportedBufferSize, SupportedStreamConfig};

/// How long to wait for a stream to close.
const CLOSING_TIMEOUT: Duration = Duration::from_millis(500);

/// Builds a stream with the Rust type of a sample format.
macro_rules! build_for {
    ($format:expr, $build:ident($($argument:expr),*)) => {
        match $format {
            cpal::SampleFormat::I8 => $build::<i8>($($argument),*),
            cpal::SampleFormat::U8 => $build::<u8>($($argument),*),
            cpal::SampleFormat::I16 => $build::<i16>($($argument),*),
            cpal::SampleFormat::U16 => $build::<u16>($($argument),*),
            cpal::SampleFormat::I24 => $build::<cpal::I24>($($argument),*),
            cpal::SampleFormat::U24 => $build::<cpal::U24>($($argument),*),
            cpal::SampleFormat::I32 => $build::<i32>($($argument),*),
            cpal::SampleFormat::U32 => $build::<u32>($($argument),*),
            cpal::SampleFormat::I64 => $build::<i64>($($argument),*),
            cpal::SampleFormat::U64 => $build::<u64>($($argument),*),
            cpal::SampleFormat::F32 => $build::<f32>($($argument),*),
            cpal::SampleFormat::F64 => $build::<f64>($($argument),*),
            other => Err(cpal::Error::with_message(
                cpal::ErrorKind::UnsupportedConfig,
                format!("its sample format {other} is not one of numbers"),
            )),
        }
    };
}
pub(super) use build_for;

/// Frames of a block, within `bounds` and the device's limits.
pub(super) fn block_frames(
    config: &SupportedStreamConfig,
    blocks_per_s: u32,
    bounds: (u32, u32),
) -> u32 {
    let frames = (config.sample_rate() / blocks_per_s).clamp(bounds.0, bounds.1);
    match *config.buffer_size() {
        SupportedBufferSize::Range { min, max } => frames.clamp(min.min(max), max),
        SupportedBufferSize::Unknown => frames,
    }
}

/// Closes a stream on its own thread, and waits a moment for it. A stream waits for its
/// server when it is dropped, and the server may hang. But a caller that reopens the
/// device immediately must find it free.
pub(super) fn close<S: Send + 'static>(stream: S) {
    let (done, wait) = mpsc::channel::<()>();
    thread::spawn(move || {
        drop(stream);
        drop(done);
    });
    let _ = wait.recv_timeout(CLOSING_TIMEOUT);
}
