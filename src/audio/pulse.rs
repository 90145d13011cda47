//! Sources of a `PulseAudio` server; `PipeWire`'s speaks the same protocol.
//!
//! `cpal` lists them, but this module reads them. A server sends a block every few
//! milliseconds, whatever size was requested. For each block `cpal`'s client clears
//! megabytes and reads the clock, which costs more than all processing of the samples.
//! This reader thread sleeps until enough data waits.

use std::ffi::CString;
use std::io::{BufReader, ErrorKind, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cpal::SampleFormat;
use pulseaudio::protocol::{
    self, AuthParams, AuthReply, Command, CommandReply, CreateRecordStreamReply, GetSourceInfo,
    ProtocolError, PulseError, RecordStreamParams, SampleSpec, SetClientNameReply, SourceInfo,
    stream::{BufferAttr, StreamFlags},
};

use super::device_error::DeviceError;
use super::ring::{self, Consumer, Producer};
use super::signals::{ANSWER_TIMEOUT, BLOCKS_PER_S, Fault, Signals};
use super::source::Spec;

/// Prefix of the ids of such sources.
pub(super) const HOST: &str = "pulseaudio:";
/// Size of the receive buffer in bytes: one system call reads all that has arrived.
const READ_BYTES: usize = 1 << 20;

/// Blocks that the server keeps for a delayed reader: 10 s.
const QUEUE_BLOCKS: u32 = 1000;
/// How long a source may take to wake up, and how often to check.
const WAKE_TIMEOUT: Duration = Duration::from_secs(5);
const WAKE_POLL: Duration = Duration::from_millis(2);

/// A stream that is being read; dropping it ends it.
pub(super) struct Stream {
    socket: UnixStream,
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Ends the reader, whatever it waits for.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// Opens the source with the id `source` and starts it; `name` is its display name.
pub(super) fn open(
    source: &str,
    name: &str,
    signals: &Arc<Signals>,
    ring_s: usize,
) -> Result<(Spec, SampleFormat, Consumer, Stream), DeviceError> {
    let unsupported = |reason: String| DeviceError::Unsupported {
        name: name.to_owned(),
        reason,
    };
    let failed = |error| sentence(name, error);
    let mut server = Server::connect().map_err(failed)?;
    let about = server.source(source).map_err(failed)?;
    let (rate, channels) = (
        about.sample_spec.sample_rate,
        about.channel_map.num_channels(),
    );
    let spec =
        Spec::checked(rate, channels.into()).map_err(|error| unsupported(format!("it {error}")))?;
    let stream = server.record(&about).map_err(failed)?;
    let (producer, consumer) = ring::for_seconds(ring_s, spec);
    let format = stream.sample_spec.format;
    let handle = server.hand_over().map_err(failed)?;
    let reader = Reader {
        server,
        channel: stream.channel,
        format,
        payload: Vec::new(),
        words: Vec::new(),
        floats: Vec::new(),
        fresh: false,
        producer,
        signals: Arc::clone(signals),
    };
    thread::Builder::new()
        .name("capture".into())
        .spawn(move || reader.run())
        .map_err(|error| failed(error.into()))?;
    // An idle source may need seconds to wake up: the session starts with its first
    // block.
    let start = Instant::now();
    while signals.progress().0 == 0 {
        if signals.fault().is_some() {
            return Err(DeviceError::Gone(name.to_owned()));
        }
        if start.elapsed() > WAKE_TIMEOUT {
            return Err(DeviceError::NoAnswer(name.to_owned()));
        }
        thread::sleep(WAKE_POLL);
    }
    Ok((spec, shape(format), consumer, handle))
}

fn sentence(name: &str, error: ProtocolError) -> DeviceError {
    let name = name.to_owned();
    match error {
        ProtocolError::ServerError(PulseError::NoEntity) => DeviceError::Gone(name),
        ProtocolError::ServerError(PulseError::Busy) => DeviceError::Busy(name),
        ProtocolError::ServerError(PulseError::AccessDenied | PulseError::AuthKey) => {
            DeviceError::NoPermission(name)
        }
        ProtocolError::Io(_) | ProtocolError::Timeout => DeviceError::NoAnswer(name),
        error => DeviceError::Unsupported {
            name,
            reason: error.to_string(),
        },
    }
}

/// The requested sample format: 16-bit integers where the source has them, otherwise
/// floats.
fn wanted(format: protocol::SampleFormat) -> protocol::SampleFormat {
    match format {
        protocol::SampleFormat::S16Le => format,
        _ => protocol::SampleFormat::Float32Le,
    }
}

fn shape(format: protocol::SampleFormat) -> SampleFormat {
    match format {
        protocol::SampleFormat::S16Le => SampleFormat::I16,
        _ => SampleFormat::F32,
    }
}

/// A connection to the server.
struct Server {
    socket: BufReader<UnixStream>,
    version: u16,
    asked: u32,
}

impl Server {
    fn connect() -> Result<Self, ProtocolError> {
        let path = pulseaudio::socket_path_from_env().ok_or(ErrorKind::NotFound);
        let socket = UnixStream::connect(path.map_err(std::io::Error::from)?)?;
        socket.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        socket.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        let mut server = Self {
            socket: BufReader::with_capacity(READ_BYTES, socket),
            version: protocol::MAX_VERSION,
            asked: 0,
        };
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok());
        let reply: AuthReply = server.ask(&Command::Auth(AuthParams {
            version: protocol::MAX_VERSION,
            supports_shm: false,
            supports_memfd: false,
            cookie: cookie.unwrap_or_default(),
        }))?;
        server.version = reply.version.min(protocol::MAX_VERSION);
        let mut about = protocol::Props::new();
        about.set(protocol::Prop::ApplicationName, c"emoscope");
        let _: SetClientNameReply = server.ask(&Command::SetClientName(about))?;
        Ok(server)
    }

    fn ask<R: CommandReply>(&mut self, command: &Command) -> Result<R, ProtocolError> {
        self.asked += 1;
        protocol::write_command_message(self.socket.get_mut(), self.asked, command, self.version)?;
        let (_, reply) = protocol::read_reply_message(&mut self.socket, self.version)?;
        Ok(reply)
    }

    fn source(&mut self, name: &str) -> Result<SourceInfo, ProtocolError> {
        let name = CString::new(name).map_err(|_| PulseError::NoEntity);
        self.ask(&Command::GetSourceInfo(GetSourceInfo {
            name: Some(name.map_err(ProtocolError::ServerError)?),
            ..GetSourceInfo::default()
        }))
    }

    /// Starts to record at the source's own rate and channels.
    fn record(&mut self, about: &SourceInfo) -> Result<CreateRecordStreamReply, ProtocolError> {
        let sample_spec = SampleSpec {
            format: wanted(about.sample_spec.format),
            channels: about.channel_map.num_channels(),
            sample_rate: about.sample_spec.sample_rate,
        };
        let frame = sample_spec.format.bytes_per_sample() * usize::from(sample_spec.channels);
        let block = sample_spec.sample_rate / BLOCKS_PER_S * frame as u32;
        self.ask(&Command::CreateRecordStream(RecordStreamParams {
            sample_spec,
            channel_map: about.channel_map,
            source_index: Some(about.index),
            // Short blocks and a long queue. What does not fit is lost, and a server
            // that hung delivers everything it missed at once.
            buffer_attr: BufferAttr {
                fragment_size: block,
                max_length: block * QUEUE_BLOCKS,
                ..BufferAttr::default()
            },
            flags: StreamFlags {
                adjust_latency: true,
                ..StreamFlags::default()
            },
            ..RecordStreamParams::default()
        }))
    }

    /// From now on, reads have no timeout; the handle ends them.
    fn hand_over(&mut self) -> Result<Stream, ProtocolError> {
        let socket = self.socket.get_ref();
        socket.set_read_timeout(None)?;
        Ok(Stream {
            socket: socket.try_clone()?,
        })
    }
}

/// The thread that receives samples.
struct Reader {
    server: Server,
    channel: u32,
    format: protocol::SampleFormat,
    payload: Vec<u8>,
    words: Vec<i16>,
    floats: Vec<f32>,
    /// Whether samples arrived since the last notification.
    fresh: bool,
    producer: Producer,
    signals: Arc<Signals>,
}

impl Reader {
    fn run(mut self) {
        let fault = loop {
            if let Err(fault) = self.message() {
                break fault;
            }
            if self.server.socket.buffer().is_empty() {
                if std::mem::take(&mut self.fresh) {
                    self.signals.delivered();
                }
                thread::sleep(self.signals.rest());
            }
        };
        self.signals.fail(fault);
    }

    /// Reads one message and delivers the samples in it, if any.
    fn message(&mut self) -> Result<(), Fault> {
        let socket = &mut self.server.socket;
        let about = protocol::read_descriptor(socket).map_err(|_| Fault::ServerLost)?;
        let length = about.length as usize;
        if length > protocol::MAX_MEMBLOCKQ_LENGTH {
            return Err(Fault::Failed);
        }
        self.payload.resize(length, 0);
        let read = socket.read_exact(&mut self.payload);
        read.map_err(|_| Fault::ServerLost)?;
        if about.channel == self.channel {
            self.deliver();
        } else if about.channel == u32::MAX {
            let command =
                Command::read_tag_prefixed(&mut self.payload.as_slice(), self.server.version);
            if let Ok((_, Command::RecordStreamKilled(_))) = command {
                return Err(Fault::Unplugged);
            }
        }
        Ok(())
    }

    fn deliver(&mut self) {
        let bytes = self.payload.as_slice();
        if self.format == protocol::SampleFormat::S16Le {
            let words = bytes.as_chunks().0.iter().copied();
            self.words.clear();
            self.words.extend(words.map(i16::from_le_bytes));
            self.producer.push(&self.words);
        } else {
            let floats = bytes.as_chunks().0.iter().copied();
            self.floats.clear();
            self.floats.extend(floats.map(f32::from_le_bytes));
            self.producer.push(&self.floats);
        }
        self.fresh = true;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    use super::super::ring::Chunk;

    fn message(channel: u32, payload: &[u8]) -> Vec<u8> {
        let length = (payload.len() as u32).to_be_bytes();
        [&length[..], &channel.to_be_bytes(), &[0; 12], payload].concat()
    }

    /// The samples that a reader of stream 3 takes from what a server sends before it
    /// closes.
    fn read(format: protocol::SampleFormat, sent: &[u8]) -> (Vec<f32>, Option<Fault>, u64) {
        let (ours, mut server) = UnixStream::pair().unwrap();
        let signals = Arc::new(Signals::default());
        let (producer, mut consumer) = ring::channel(1000, 1);
        let reader = Reader {
            server: Server {
                socket: BufReader::with_capacity(READ_BYTES, ours),
                version: protocol::MAX_VERSION,
                asked: 0,
            },
            channel: 3,
            format,
            payload: Vec::new(),
            words: Vec::new(),
            floats: Vec::new(),
            fresh: false,
            producer,
            signals: Arc::clone(&signals),
        };
        server.write_all(sent).unwrap();
        drop(server);
        reader.run();
        let mut samples = Vec::new();
        while consumer.read(&mut samples, 1000) != Chunk::Empty {}
        (samples, signals.fault(), signals.progress().0)
    }

    #[test]
    fn blocks_of_either_format_arrive_and_those_of_other_streams_do_not() {
        let words = message(3, &[0, 64, 0, 192]);
        let all = [words.clone(), message(4, &[1, 2]), words].concat();
        let (samples, fault, blocks) = read(protocol::SampleFormat::S16Le, &all);
        assert_eq!(samples, [0.5, -0.5, 0.5, -0.5]);
        // Data that arrives at once is one block, and the end of the server is the
        // fault.
        assert_eq!((fault, blocks), (Some(Fault::ServerLost), 1));
        // An incomplete sample is dropped.
        let odd = message(3, &[0, 64, 0]);
        assert_eq!(read(protocol::SampleFormat::S16Le, &odd).0, [0.5]);
        let float = message(3, &0.25_f32.to_le_bytes());
        assert_eq!(read(protocol::SampleFormat::Float32Le, &float).0, [0.25]);
    }

    #[test]
    fn a_source_that_goes_and_a_length_that_lies_end_the_stream() {
        let mut killed = Vec::new();
        let command = Command::RecordStreamKilled(3);
        protocol::write_command_message(&mut killed, 0, &command, protocol::MAX_VERSION).unwrap();
        let more = [killed, message(3, &[0, 64])].concat();
        let (samples, fault, _) = read(protocol::SampleFormat::S16Le, &more);
        assert_eq!((samples.len(), fault), (0, Some(Fault::Unplugged)));
        let mut lie = message(3, &[0; 64]);
        lie[..4].copy_from_slice(&u32::MAX.to_be_bytes());
        let (_, fault, _) = read(protocol::SampleFormat::S16Le, &lie);
        assert_eq!(fault, Some(Fault::Failed));
    }

    /// The error where a server answers this to the query for a source.
    fn refused(answer: PulseError) -> String {
        let (ours, mut server) = UnixStream::pair().unwrap();
        protocol::write_error(&mut server, 1, &answer).unwrap();
        let mut ours = Server {
            socket: BufReader::new(ours),
            version: protocol::MAX_VERSION,
            asked: 0,
        };
        sentence("Desk", ours.source("desk").unwrap_err()).to_string()
    }

    #[test]
    fn a_server_that_refuses_is_understood() {
        for (answer, words) in [
            (PulseError::Busy, "in use by another program"),
            (PulseError::AccessDenied, "no permission"),
            (PulseError::NoEntity, "gone"),
        ] {
            let told = refused(answer);
            assert!(told.contains("`Desk`") && told.contains(words), "{told}");
        }
    }
}
