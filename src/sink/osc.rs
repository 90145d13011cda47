//! Open Sound Control 1.0 over UDP, to this machine alone.
//!
//! | address | arguments |
//! |---|---|
//! | `/emoscope/labels` | the labels, strings; at the start |
//! | `/emoscope/voice` | 1 or 0: a voice is heard or not |
//! | `/emoscope/label` | label and confidence, every 250 ms of speech |
//! | `/emoscope/probability/LABEL` | a number from 0 to 1 |
//! | `/emoscope/valence`, `/emoscope/arousal` | a number from -1 to 1 |
//! | `/emoscope/utterance` | label, confidence, begin and end in seconds; after each |

use std::io;
use std::net::{Ipv4Addr, UdpSocket};

use super::Sink;
use crate::events::{Event, Measurement, Trigger};

/// Messages to a port.
pub struct Osc {
    socket: UdpSocket,
}

impl Osc {
    /// To a port of this machine, whether anybody listens there or not.
    ///
    /// # Errors
    /// What the system says.
    pub fn to(port: u16) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self { socket })
    }

    fn send(&self, address: &str, arguments: &[Argument<'_>]) {
        // Nobody needs to listen: the system then refuses every second datagram.
        let _ = self.socket.send(&message(address, arguments));
    }

    fn judged(&self, judged: &Measurement) {
        let label = Argument::Text(&judged.label);
        let confidence = Argument::Number(judged.confidence.0);
        if judged.trigger == Trigger::SpeechEnded {
            let (start, end) = (judged.start_s, judged.end_s);
            let times = [Argument::Number(start), Argument::Number(end)];
            return self.send(
                "/emoscope/utterance",
                &[label, confidence, times[0], times[1]],
            );
        }
        self.send("/emoscope/label", &[label, confidence]);
        for (label, share) in judged.probabilities.iter() {
            let address = format!("/emoscope/probability/{}", part(label));
            self.send(&address, &[Argument::Number(share.0)]);
        }
        for (address, value) in [
            ("/emoscope/valence", judged.valence),
            ("/emoscope/arousal", judged.arousal),
        ] {
            if let Some(value) = value {
                self.send(address, &[Argument::Number(value)]);
            }
        }
    }
}

impl Sink for Osc {
    fn event(&mut self, _file: Option<&str>, event: &Event) -> io::Result<()> {
        match event {
            Event::SessionStart(start) => {
                let labels: Vec<_> = start.labels.iter().map(|l| Argument::Text(l)).collect();
                self.send("/emoscope/labels", &labels);
            }
            Event::Voice(voice) => {
                let active = Argument::Whole(i32::from(voice.active));
                self.send("/emoscope/voice", &[active]);
            }
            Event::Measurement(judged) => self.judged(judged),
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
enum Argument<'a> {
    Whole(i32),
    Number(f64),
    Text(&'a str),
}

/// A part of an address: what means something there becomes `_`.
fn part(label: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !"#*,/?[]{}".contains(c);
    let mark = |c| if plain(c) { c } else { '_' };
    label.chars().map(mark).collect()
}

fn message(address: &str, arguments: &[Argument<'_>]) -> Vec<u8> {
    let mut tags = String::from(",");
    let mut values = Vec::new();
    for argument in arguments {
        match *argument {
            Argument::Whole(value) => {
                tags.push('i');
                values.extend(value.to_be_bytes());
            }
            Argument::Number(value) => {
                tags.push('f');
                values.extend((value as f32).to_be_bytes());
            }
            Argument::Text(text) => {
                tags.push('s');
                put(text, &mut values);
            }
        }
    }
    let mut out = Vec::new();
    put(address, &mut out);
    put(&tags, &mut out);
    out.extend(values);
    out
}

/// A text ends with one to four zeros, at a multiple of four bytes.
fn put(text: &str, out: &mut Vec<u8>) {
    out.extend(text.bytes().filter(|byte| *byte != 0));
    out.push(0);
    out.resize(out.len().next_multiple_of(4), 0);
}
