//! Opens the stream of an input, whatever its sample format.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{
    BufferSize, Device, ErrorKind, FromSample, I24, Sample, SampleFormat, SizedSample, Stream,
    StreamConfig, SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange, U24,
};

use super::device::{DeviceError, InputDevice, silence};
use super::source::Spec;

/// How long a device may take to open; a hung server would take for ever.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long the audio system may take for one answer.
const ANSWER: Duration = Duration::from_secs(2);
/// How long a stream may take to close before it is left to do so alone.
const FAREWELL: Duration = Duration::from_millis(500);

/// What takes the samples in the audio callback: it may only convert, copy and count.
pub(super) trait Sink: Send + 'static {
    fn take<T: Sample>(&mut self, block: &[T])
    where
        f32: FromSample<T>;
}

/// Why a stream ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The device is gone.
    Unplugged,
    /// The sound server is gone, or threw the stream out.
    ServerLost,
    /// Anything else that the audio system could not go on after.
    Failed,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Unplugged => "the input was unplugged",
            Self::ServerLost => "the sound server closed the input",
            Self::Failed => "the input failed",
        })
    }
}

/// What the callbacks say to the outside, by atomics alone.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) callbacks: AtomicU64,
    pub(super) xruns: AtomicU64,
    pub(super) errors: AtomicU64,
    fault: AtomicU8,
}

impl Signals {
    pub(super) fn fault(&self) -> Option<Fault> {
        match self.fault.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Fault::Unplugged),
            2 => Some(Fault::ServerLost),
            _ => Some(Fault::Failed),
        }
    }

    /// The error callback: some systems call it tens of thousands of times a
    /// second once a device is gone.
    fn note(&self, error: &cpal::Error) {
        let fault = match error.kind() {
            ErrorKind::Xrun => {
                self.xruns.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // The stream goes on.
            ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => return,
            ErrorKind::DeviceNotAvailable => 1,
            ErrorKind::HostUnavailable | ErrorKind::StreamInvalidated => 2,
            _ => 3,
        };
        self.errors.fetch_add(1, Ordering::Relaxed);
        // The first one tells what happened; the rest follow from it.
        let _ = self
            .fault
            .compare_exchange(0, fault, Ordering::Release, Ordering::Relaxed);
    }
}

/// A stream that plays, and how it was opened.
pub(super) struct Opened<R> {
    pub(super) spec: Spec,
    pub(super) format: SampleFormat,
    /// The far end of the sink.
    pub(super) end: R,
    stream: Option<Stream>,
}

impl<R> Opened<R> {
    /// No stream: somebody else delivers.
    pub(super) fn by_hand(spec: Spec, end: R) -> Self {
        Self {
            spec,
            format: SampleFormat::F32,
            end,
            stream: None,
        }
    }
}

impl<R> Drop for Opened<R> {
    fn drop(&mut self) {
        // A stream waits for its server when it goes, and the server may hang;
        // but who opens the device again at once has to find it free.
        let (done, wait) = mpsc::channel::<()>();
        let stream = self.stream.take();
        thread::spawn(move || {
            drop(stream);
            drop(done);
        });
        let _ = wait.recv_timeout(FAREWELL);
    }
}

/// Opens the input and starts it; `make` gives a sink and its far end.
pub(super) fn open<S: Sink, R: Send + 'static>(
    input: &InputDevice,
    signals: &Arc<Signals>,
    make: impl Fn(Spec) -> (S, R) + Send + 'static,
) -> Result<Opened<R>, DeviceError> {
    let (device, name) = (input.device.clone(), input.name.clone());
    let signals = Arc::clone(signals);
    let (send, receive) = mpsc::channel();
    // On a thread of its own, which is left behind where the server hangs.
    thread::spawn(move || {
        silence();
        let _ = send.send(start(&device, &name, &signals, make));
    });
    let timeout = |_| DeviceError::NoAnswer(input.name.clone());
    receive.recv_timeout(PATIENCE).map_err(timeout)?
}

fn start<S: Sink, R>(
    device: &Device,
    name: &str,
    signals: &Arc<Signals>,
    make: impl Fn(Spec) -> (S, R),
) -> Result<Opened<R>, DeviceError> {
    let failed = |error: cpal::Error| DeviceError::new(name, &error);
    let configs: Vec<_> = device.supported_input_configs().map_err(failed)?.collect();
    let unsupported = |reason: &str| DeviceError::Unsupported {
        name: name.to_owned(),
        reason: reason.to_owned(),
    };
    let config = best_config(device, &configs)
        .ok_or_else(|| unsupported("it offers no format of samples that can be heard"))?;
    let spec = Spec::checked(config.sample_rate(), config.channels().into())
        .map_err(|error| unsupported(&format!("it {error}")))?;
    let mut wanted = config.config();
    wanted.buffer_size = BufferSize::Fixed(block_frames(&config));
    let build = |wanted| {
        let (sink, end) = make(spec);
        build(device, wanted, config.sample_format(), sink, signals).map(|stream| (stream, end))
    };
    let opened = build(wanted).or_else(|error| match error.kind() {
        ErrorKind::DeviceBusy | ErrorKind::PermissionDenied => Err(error),
        // Where no size can be asked for, the device chooses.
        _ => build(StreamConfig {
            buffer_size: BufferSize::Default,
            ..wanted
        }),
    });
    let (stream, end) = opened.map_err(failed)?;
    stream.play().map_err(failed)?;
    Ok(Opened {
        spec,
        format: config.sample_format(),
        end,
        stream: Some(stream),
    })
}

/// About 20 ms: the default of a sound server can be seconds, and each block
/// costs the client of `PulseAudio` a tenth of a millisecond, however short it is.
fn block_frames(config: &SupportedStreamConfig) -> u32 {
    let frames = (config.sample_rate() / 50).clamp(480, 2048);
    match *config.buffer_size() {
        SupportedBufferSize::Range { min, max } => frames.clamp(min.min(max), max),
        SupportedBufferSize::Unknown => frames,
    }
}

/// The device's own default, or the best of what else it has where that
/// default is not made of numbers.
pub(super) fn best_config(
    device: &Device,
    configs: &[SupportedStreamConfigRange],
) -> Option<SupportedStreamConfig> {
    let hearable = |format: SampleFormat| !format.is_dsd();
    let default = device.default_input_config().ok();
    default
        .filter(|config| hearable(config.sample_format()))
        .or_else(|| {
            let best = configs
                .iter()
                .filter(|config| hearable(config.sample_format()))
                .max_by(|a, b| a.cmp_default_heuristics(b))?;
            let standard = best.try_with_standard_sample_rate();
            Some(standard.unwrap_or_else(|| best.with_max_sample_rate()))
        })
}

fn build<S: Sink>(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    sink: S,
    signals: &Arc<Signals>,
) -> Result<Stream, cpal::Error> {
    match format {
        SampleFormat::I8 => build_as::<i8, S>(device, config, sink, signals),
        SampleFormat::U8 => build_as::<u8, S>(device, config, sink, signals),
        SampleFormat::I16 => build_as::<i16, S>(device, config, sink, signals),
        SampleFormat::U16 => build_as::<u16, S>(device, config, sink, signals),
        SampleFormat::I24 => build_as::<I24, S>(device, config, sink, signals),
        SampleFormat::U24 => build_as::<U24, S>(device, config, sink, signals),
        SampleFormat::I32 => build_as::<i32, S>(device, config, sink, signals),
        SampleFormat::U32 => build_as::<u32, S>(device, config, sink, signals),
        SampleFormat::I64 => build_as::<i64, S>(device, config, sink, signals),
        SampleFormat::U64 => build_as::<u64, S>(device, config, sink, signals),
        SampleFormat::F32 => build_as::<f32, S>(device, config, sink, signals),
        SampleFormat::F64 => build_as::<f64, S>(device, config, sink, signals),
        other => Err(cpal::Error::with_message(
            ErrorKind::UnsupportedConfig,
            format!("its sample format {other} is not one of numbers"),
        )),
    }
}

fn build_as<T: SizedSample, S: Sink>(
    device: &Device,
    config: StreamConfig,
    mut sink: S,
    signals: &Arc<Signals>,
) -> Result<Stream, cpal::Error>
where
    f32: FromSample<T>,
{
    let (heard, failed) = (Arc::clone(signals), Arc::clone(signals));
    device.build_input_stream::<T, _, _>(
        config,
        move |block, _| {
            sink.take(block);
            heard.callbacks.fetch_add(1, Ordering::Release);
        },
        move |error| failed.note(&error),
        Some(ANSWER),
    )
}
