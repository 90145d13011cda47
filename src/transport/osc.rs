//! Open Sound Control 1.0 over UDP, to this machine alone.
//!
//! | address | arguments |
//! |---|---|
//! | `/emoscope/labels` | the labels, strings; at the start |
//! | `/emoscope/voice` | 1 or 0: voice activity |
//! | `/emoscope/label` | label and confidence, every 250 ms of speech |
//! | `/emoscope/probability/LABEL` | a number from 0 to 1 |
//! | `/emoscope/valence`, `/emoscope/arousal` | a number from -1 to 1 |
//! | `/emoscope/utterance` | label, confidence, begin and end in seconds; after each |

use std::io;
use std::net::{Ipv4Addr, UdpSocket};

use rosc::{OscMessage, OscPacket, OscType};

use crate::events::{Event, Measurement, Trigger};
use crate::sink::Sink;

/// Sends messages to a port.
pub struct Osc {
    socket: UdpSocket,
}

impl Osc {
    /// Sends to a port of this machine, with or without a listener.
    ///
    /// # Errors
    /// What the system says.
    pub fn to(port: u16) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self { socket })
    }

    fn send(&self, address: &str, arguments: Vec<OscType>) {
        let message = OscMessage {
            addr: address.into(),
            args: arguments,
        };
        if let Ok(datagram) = rosc::encoder::encode(&OscPacket::Message(message)) {
            // Without a listener the system refuses every second datagram.
            let _ = self.socket.send(&datagram);
        }
    }

    fn measurement(&self, measurement: &Measurement) {
        let label = text(&measurement.label);
        let confidence = number(measurement.confidence.0);
        if measurement.trigger == Trigger::SpeechEnded {
            let times = [number(measurement.start_s), number(measurement.end_s)];
            let [start, end] = times;
            return self.send("/emoscope/utterance", vec![label, confidence, start, end]);
        }
        self.send("/emoscope/label", vec![label, confidence]);
        for (label, share) in measurement.probabilities.iter() {
            let address = format!("/emoscope/probability/{}", address_part(label));
            self.send(&address, vec![number(share.0)]);
        }
        for (address, value) in [
            ("/emoscope/valence", measurement.valence),
            ("/emoscope/arousal", measurement.arousal),
        ] {
            if let Some(value) = value {
                self.send(address, vec![number(value)]);
            }
        }
    }
}

impl Sink for Osc {
    fn event(&mut self, _file: Option<&str>, event: &Event) -> io::Result<()> {
        match event {
            Event::SessionStart(start) => {
                let labels = start.labels.iter().map(|label| text(label));
                self.send("/emoscope/labels", labels.collect());
            }
            Event::Voice(voice) => {
                let active = OscType::Int(i32::from(voice.active));
                self.send("/emoscope/voice", vec![active]);
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
    let plain = |c: char| c.is_ascii_graphic() && !"#*,/?[]{}".contains(c);
    let mark = |c| if plain(c) { c } else { '_' };
    label.chars().map(mark).collect()
}
