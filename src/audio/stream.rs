//! Opens the stream of an input, whatever its sample format.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{
    BufferSize, Device, ErrorKind, FromSample, I24, Sample, SampleFormat, SizedSample, Stream,
    StreamConfig, SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange, U24,
};

use super::device::{DeviceError, InputDevice, silence};
#[cfg(target_os = "linux")]
use super::pulse;
use super::source::Spec;

/// How long a device may take to open; a hung server would take for ever.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long the audio system may take for one answer.
pub(super) const ANSWER: Duration = Duration::from_secs(2);
/// How long a stream may take to close before it is left to do so alone.
const FAREWELL: Duration = Duration::from_millis(500);
/// Blocks that are asked for in a second: the last sample of a window waits for
/// the end of its block.
pub(super) const BLOCKS_PER_S: u32 = 100;

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
#[derive(Debug)]
pub(super) struct Signals {
    pub(super) start: Instant,
    /// Blocks so far.
    pub(super) callbacks: AtomicU64,
    /// When the last of them came, in nanoseconds since `start`.
    came: AtomicU64,
    /// How long samples may wait to be delivered, in microseconds.
    rest: AtomicU64,
    pub(super) xruns: AtomicU64,
    pub(super) errors: AtomicU64,
    fault: AtomicU8,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            callbacks: AtomicU64::new(0),
            came: AtomicU64::new(0),
            rest: AtomicU64::new(1_000_000 / u64::from(BLOCKS_PER_S)),
            xruns: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            fault: AtomicU8::new(0),
        }
    }
}

impl Signals {
    /// The end of every callback. The clock is read without a call of the system.
    pub(super) fn delivered(&self) {
        let now = self.start.elapsed().as_nanos() as u64;
        self.came.store(now, Ordering::Relaxed);
        self.callbacks.fetch_add(1, Ordering::Release);
    }

    /// Blocks so far, and when the last of them came.
    pub(super) fn heard(&self) -> (u64, Instant) {
        let callbacks = self.callbacks.load(Ordering::Acquire);
        let came = Duration::from_nanos(self.came.load(Ordering::Relaxed));
        (callbacks, self.start + came)
    }

    /// How long samples may wait, where that is not up to the device.
    pub(super) fn rest(&self) -> Duration {
        Duration::from_micros(self.rest.load(Ordering::Relaxed))
    }

    /// Lets samples wait for so long.
    pub(super) fn set_rest(&self, rest: Duration) {
        let micros = rest.as_micros() as u64;
        self.rest.store(micros, Ordering::Relaxed);
    }

    /// Notes why the stream ended; the first reason stays, for the rest follow from it.
    pub(super) fn fail(&self, fault: Fault) {
        let number = match fault {
            Fault::Unplugged => 1,
            Fault::ServerLost => 2,
            Fault::Failed => 3,
        };
        self.errors.fetch_add(1, Ordering::Relaxed);
        let _ = self
            .fault
            .compare_exchange(0, number, Ordering::Release, Ordering::Relaxed);
    }

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
            ErrorKind::DeviceNotAvailable => Fault::Unplugged,
            ErrorKind::HostUnavailable | ErrorKind::StreamInvalidated => Fault::ServerLost,
            _ => Fault::Failed,
        };
        self.fail(fault);
    }
}

/// A stream that plays, and how it was opened.
pub(super) struct Opened<R> {
    pub(super) spec: Spec,
    pub(super) format: SampleFormat,
    /// The far end of the sink.
    pub(super) end: R,
    stream: Option<Running>,
}

/// What delivers; it stops when this goes.
enum Running {
    /// Only held.
    System(#[expect(dead_code)] Stream),
    #[cfg(target_os = "linux")]
    Server(#[expect(dead_code)] pulse::Stream),
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

    #[cfg(target_os = "linux")]
    pub(super) fn reading(spec: Spec, format: SampleFormat, end: R, stream: pulse::Stream) -> Self {
        Self {
            spec,
            format,
            end,
            stream: Some(Running::Server(stream)),
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
    #[cfg(target_os = "linux")]
    let source = input.id.strip_prefix(pulse::HOST).map(str::to_owned);
    let signals = Arc::clone(signals);
    let (send, receive) = mpsc::channel();
    // On a thread of its own, which is left behind where the server hangs.
    thread::spawn(move || {
        #[cfg(target_os = "linux")]
        if let Some(source) = source {
            let _ = send.send(pulse::open(&source, &name, &signals, make));
            return;
        }
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
        stream: Some(Running::System(stream)),
    })
}

/// About 10 ms: the default of a sound server can be seconds.
fn block_frames(config: &SupportedStreamConfig) -> u32 {
    let frames = (config.sample_rate() / BLOCKS_PER_S).clamp(256, 2048);
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
            heard.delivered();
        },
        move |error| failed.note(&error),
        Some(ANSWER),
    )
}
