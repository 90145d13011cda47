//! Opens the stream of an input, whatever its sample format.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{
    BufferSize, Device, ErrorKind, FromSample, I24, SampleFormat, SizedSample, Stream,
    StreamConfig, SupportedBufferSize, SupportedStreamConfig, U24,
};

use super::device::{DeviceError, InputDevice, best_config, silence};
#[cfg(target_os = "linux")]
use super::pulse;
use super::ring::{self, Consumer, Producer};
use super::signals::{ANSWER, BLOCKS_PER_S, Signals};
use super::source::Spec;

/// How long a device may take to open; a hung server would take for ever.
const OPENING_TIMEOUT: Duration = Duration::from_secs(6);
/// How long a stream may take to close before it is left to do so alone.
const FAREWELL: Duration = Duration::from_millis(500);

/// A stream that plays, and how it was opened.
pub(super) struct Opened {
    pub(super) spec: Spec,
    pub(super) format: SampleFormat,
    /// Where its samples come out.
    pub(super) consumer: Consumer,
    stream: Option<Running>,
}

/// What delivers; it stops when this goes.
enum Running {
    /// Only held.
    System(#[expect(dead_code)] Stream),
    #[cfg(target_os = "linux")]
    Server(#[expect(dead_code)] pulse::Stream),
}

impl Opened {
    /// No stream: somebody else delivers.
    pub(super) fn without_stream(spec: Spec, consumer: Consumer) -> Self {
        Self {
            spec,
            format: SampleFormat::F32,
            consumer,
            stream: None,
        }
    }
}

impl Drop for Opened {
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

/// Opens the input and starts it; up to `ring_s` seconds wait to be read.
pub(super) fn open(
    input: &InputDevice,
    signals: &Arc<Signals>,
    ring_s: usize,
) -> Result<Opened, DeviceError> {
    let (device, name) = (input.device.clone(), input.name.clone());
    #[cfg(target_os = "linux")]
    let source = input.id.strip_prefix(pulse::HOST).map(str::to_owned);
    let signals = Arc::clone(signals);
    let (send, receive) = mpsc::channel();
    // On a thread of its own, which is left behind where the server hangs.
    thread::spawn(move || {
        #[cfg(target_os = "linux")]
        if let Some(source) = source {
            let opened = pulse::open(&source, &name, &signals, ring_s);
            let _ = send.send(opened.map(|(spec, format, consumer, stream)| Opened {
                spec,
                format,
                consumer,
                stream: Some(Running::Server(stream)),
            }));
            return;
        }
        silence();
        let _ = send.send(start(&device, &name, &signals, ring_s));
    });
    let timeout = |_| DeviceError::NoAnswer(input.name.clone());
    receive.recv_timeout(OPENING_TIMEOUT).map_err(timeout)?
}

fn start(
    device: &Device,
    name: &str,
    signals: &Arc<Signals>,
    ring_s: usize,
) -> Result<Opened, DeviceError> {
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
        let (producer, consumer) = ring::for_seconds(ring_s, spec);
        let stream = build(device, wanted, config.sample_format(), producer, signals);
        stream.map(|stream| (stream, consumer))
    };
    let opened = build(wanted).or_else(|error| match error.kind() {
        ErrorKind::DeviceBusy | ErrorKind::PermissionDenied => Err(error),
        // Where no size can be asked for, the device chooses.
        _ => build(StreamConfig {
            buffer_size: BufferSize::Default,
            ..wanted
        }),
    });
    let (stream, consumer) = opened.map_err(failed)?;
    stream.play().map_err(failed)?;
    Ok(Opened {
        spec,
        format: config.sample_format(),
        consumer,
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

fn build(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    producer: Producer,
    signals: &Arc<Signals>,
) -> Result<Stream, cpal::Error> {
    match format {
        SampleFormat::I8 => build_as::<i8>(device, config, producer, signals),
        SampleFormat::U8 => build_as::<u8>(device, config, producer, signals),
        SampleFormat::I16 => build_as::<i16>(device, config, producer, signals),
        SampleFormat::U16 => build_as::<u16>(device, config, producer, signals),
        SampleFormat::I24 => build_as::<I24>(device, config, producer, signals),
        SampleFormat::U24 => build_as::<U24>(device, config, producer, signals),
        SampleFormat::I32 => build_as::<i32>(device, config, producer, signals),
        SampleFormat::U32 => build_as::<u32>(device, config, producer, signals),
        SampleFormat::I64 => build_as::<i64>(device, config, producer, signals),
        SampleFormat::U64 => build_as::<u64>(device, config, producer, signals),
        SampleFormat::F32 => build_as::<f32>(device, config, producer, signals),
        SampleFormat::F64 => build_as::<f64>(device, config, producer, signals),
        other => Err(cpal::Error::with_message(
            ErrorKind::UnsupportedConfig,
            format!("its sample format {other} is not one of numbers"),
        )),
    }
}

fn build_as<T: SizedSample>(
    device: &Device,
    config: StreamConfig,
    mut producer: Producer,
    signals: &Arc<Signals>,
) -> Result<Stream, cpal::Error>
where
    f32: FromSample<T>,
{
    let (delivered, failed) = (Arc::clone(signals), Arc::clone(signals));
    device.build_input_stream::<T, _, _>(
        config,
        move |block, _| {
            producer.push(block);
            delivered.delivered();
        },
        move |error| failed.note(&error),
        Some(ANSWER),
    )
}
