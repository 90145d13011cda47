//! Open Sound Control 1.0 over UDP.
//!
//! | address | arguments |
//! |---|---|
//! | `/emoscope/labels` | the labels, strings; at the start and every five seconds |
//! | `/emoscope/voice` | 1 or 0: voice activity |
//! | `/emoscope/label` | label and confidence, every 250 ms of speech |
//! | `/emoscope/number` | the label as its number in `labels`, from 1; 0 is uncertain |
//! | `/emoscope/confidence` | a number from 0 to 1 |
//! | `/emoscope/probability/LABEL` | a number from 0 to 1 |
//! | `/emoscope/valence`, `/emoscope/arousal` | a number from -1 to 1 |
//! | `/emoscope/utterance` | label, confidence, start and end in seconds; after each |
//!
//! `--osc-prefix` replaces `/emoscope`. If channels are analyzed separately,
//! `/channel/N` follows the prefix of all addresses except the labels.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::str::FromStr;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use rosc::{OscMessage, OscPacket, OscType};

use crate::events::{Event, Measurement, Trigger};
use crate::sink::Sink;

/// How often the labels are sent again, for receivers that start late.
const LABELS_INTERVAL: Duration = Duration::from_secs(5);
/// Characters with a meaning in an address.
const RESERVED_CHARACTERS: &str = "#*,?[]{}";

/// A receiver: `PORT` of this machine, or `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OscTarget {
    host: String,
    port: u16,
}

impl FromStr for OscTarget {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').unwrap_or(("127.0.0.1", text));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match port.parse() {
            Ok(port) if port > 0 && !host.is_empty() => Ok(Self {
                host: host.into(),
                port,
            }),
            _ => Err("expected PORT or HOST:PORT, with a port from 1 to 65535"),
        }
    }
}

impl fmt::Display for OscTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The prefix of every address, such as `/emoscope`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OscPrefix(String);

impl FromStr for OscPrefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_end_matches('/');
        let plain = |c: char| c.is_ascii_graphic() && !RESERVED_CHARACTERS.contains(c);
        if text.starts_with('/') && !text.contains("//") && text.chars().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err("expected an OSC address such as /emoscope or /avatar/parameters")
        }
    }
}

/// Sends messages to a receiver.
pub struct Osc {
    out: Out,
    labels: Vec<String>,
    /// Sends the labels to the thread that repeats them; dropping it ends the thread.
    repeated: Sender<Vec<OscType>>,
}

/// A connected socket and the address prefix.
struct Out {
    socket: UdpSocket,
    prefix: OscPrefix,
}

impl Osc {
    /// Sends to a receiver, or to a port without one yet.
    ///
    /// # Errors
    /// The system's error, also for an unknown host.
    pub fn to(target: &OscTarget, prefix: OscPrefix) -> io::Result<Self> {
        let socket = connected(target)?;
        let repeating = Out {
            socket: socket.try_clone()?,
            prefix: prefix.clone(),
        };
        let (repeated, labels) = unbounded();
        std::thread::Builder::new()
            .name("osc".into())
            .spawn(move || repeating.repeat(&labels))?;
        Ok(Self {
            out: Out { socket, prefix },
            labels: Vec::new(),
            repeated,
        })
    }

    fn measurement(&self, measurement: &Measurement) {
        let channel = measurement.channel;
        let send = |part: &str, arguments| self.out.send_of(channel, part, arguments);
        let label = text(&measurement.label);
        let confidence = number(measurement.confidence.0);
        if measurement.trigger == Trigger::SpeechEnded {
            let times = [number(measurement.start_s), number(measurement.end_s)];
            let [start, end] = times;
            return send("utterance", vec![label, confidence, start, end]);
        }
        send("label", vec![label, confidence.clone()]);
        let mut labels = self.labels.iter();
        let place = labels.position(|label| *label == measurement.label);
        let place = place.map_or(0, |place| place as i32 + 1);
        send("number", vec![OscType::Int(place)]);
        send("confidence", vec![confidence]);
        for (label, share) in measurement.probabilities.iter() {
            let address = format!("probability/{}", address_part(label));
            send(&address, vec![number(share.0)]);
        }
        for (address, value) in [
            ("valence", measurement.valence),
            ("arousal", measurement.arousal),
        ] {
            if let Some(value) = value {
                send(address, vec![number(value)]);
            }
        }
    }
}

/// A socket that is bound to this machine only, if the receiver is on it.
fn connected(target: &OscTarget) -> io::Result<UdpSocket> {
    let mut addresses = (target.host.as_str(), target.port).to_socket_addrs()?;
    let address = addresses.next().ok_or(io::ErrorKind::NotFound)?;
    let own = match address {
        SocketAddr::V4(to) if to.ip().is_loopback() => (Ipv4Addr::LOCALHOST, 0).into(),
        SocketAddr::V6(to) if to.ip().is_loopback() => (Ipv6Addr::LOCALHOST, 0).into(),
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(own)?;
    socket.connect(address)?;
    Ok(socket)
}

impl Out {
    /// Sends a message about a channel, if there is one.
    fn send_of(&self, channel: Option<u16>, part: &str, arguments: Vec<OscType>) {
        match channel {
            Some(number) => self.send(&format!("channel/{number}/{part}"), arguments),
            None => self.send(part, arguments),
        }
    }

    fn send(&self, name: &str, arguments: Vec<OscType>) {
        let message = OscMessage {
            addr: format!("{}/{name}", self.prefix.0),
            args: arguments,
        };
        if let Ok(datagram) = rosc::encoder::encode(&OscPacket::Message(message)) {
            // Without a receiver the system rejects every second datagram.
            let _ = self.socket.send(&datagram);
        }
    }

    /// Sends the last labels repeatedly.
    fn repeat(&self, labels: &Receiver<Vec<OscType>>) {
        let mut current = Vec::new();
        loop {
            match labels.recv_timeout(LABELS_INTERVAL) {
                Ok(next) => current = next,
                Err(RecvTimeoutError::Timeout) if current.is_empty() => {}
                Err(RecvTimeoutError::Timeout) => self.send("labels", current.clone()),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

impl Sink for Osc {
    fn event(&mut self, _file: Option<&str>, event: &Event) -> io::Result<()> {
        match event {
            Event::SessionStart(start) => {
                self.labels.clone_from(&start.labels);
                let labels: Vec<_> = start.labels.iter().map(|label| text(label)).collect();
                self.out.send("labels", labels.clone());
                let _ = self.repeated.send(labels); // its thread outlives this sender
            }
            Event::Voice(voice) => {
                let active = OscType::Int(i32::from(voice.active));
                self.out.send_of(voice.channel, "voice", vec![active]);
            }
            Event::Measurement(measurement) => self.measurement(measurement),
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn number(value: f64) -> OscType {
    OscType::Float(value as f32)
}

/// A string argument; a NUL would end it.
fn text(text: &str) -> OscType {
    OscType::String(text.replace('\0', ""))
}

/// A part of an address: characters with a meaning there become `_`.
fn address_part(label: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && c != '/' && !RESERVED_CHARACTERS.contains(c);
    let mark = |c| if plain(c) { c } else { '_' };
    label.chars().map(mark).collect()
}
