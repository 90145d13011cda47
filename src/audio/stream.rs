//! Opens an input stream of any sample format.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{
    BufferSize, Device, ErrorKind, FromSample, SampleFormat, SizedSample, Stream, StreamConfig,
};

use super::device::{DeviceError, InputDevice, best_config, silence, silent};
#[cfg(target_os = "linux")]
use super::pulse;
use super::ring::{self, Consumer, Producer};
use super::signals::{ANSWER_TIMEOUT, BLOCKS_PER_S, Signals};
use super::source::Spec;
use super::system_stream::{self, block_frames, build_for};

/// How long a device may take to open; a hung server would block forever.
const OPENING_TIMEOUT: Duration = Duration::from_secs(6);
/// Fewest and most frames of a block, which lasts about 10 ms. The default of a sound
/// server can be seconds.
const BLOCK_FRAMES: (u32, u32) = (256, 2048);

/// A running stream, and how it was opened.
pub(super) struct Opened {
    pub(super) spec: Spec,
    pub(super) format: SampleFormat,
    /// Receives its samples.
    pub(super) consumer: Consumer,
    stream: Option<Running>,
}

/// The stream that delivers; dropping it stops it.
enum Running {
    /// Only kept alive.
    System(#[expect(dead_code)] Stream),
    #[cfg(target_os = "linux")]
    Server(#[expect(dead_code)] pulse::Stream),
}

impl Opened {
    /// No stream: another producer delivers.
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
        system_stream::close(self.stream.take());
    }
}

/// Opens the input and starts it; the ring holds `ring_s` seconds.
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
    // On its own thread, which is abandoned where the server hangs.
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
        .ok_or_else(|| unsupported("it offers no usable sample format"))?;
    let spec = Spec::checked(config.sample_rate(), config.channels().into())
        .map_err(|error| unsupported(&format!("it {error}")))?;
    let mut wanted = config.config();
    wanted.buffer_size = BufferSize::Fixed(block_frames(&config, BLOCKS_PER_S, BLOCK_FRAMES));
    let build = |wanted| {
        let (producer, consumer) = ring::for_seconds(ring_s, spec);
        let stream = build(device, wanted, config.sample_format(), producer, signals);
        stream.map(|stream| (stream, consumer))
    };
    let opened = build(wanted).or_else(|error| match error.kind() {
        ErrorKind::DeviceBusy | ErrorKind::PermissionDenied => Err(error),
        // Where no size can be requested, the device chooses.
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

fn build(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    producer: Producer,
    signals: &Arc<Signals>,
) -> Result<Stream, cpal::Error> {
    build_for!(format, build_as(device, config, producer, signals))
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
        silent(move |error| failed.note(&error)),
        Some(ANSWER_TIMEOUT),
    )
}
