//! The messages for the readers of the page: the events so far, then each new one.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::events::{Event, SessionStart, Trigger};
use crate::labels;
use crate::messages::{AnalyzedPart, Update};
use crate::sink::lines::line;

/// Most readers at a time.
const MAX_READERS: usize = 8;
/// Most messages that wait for a reader; a reader with more is dropped.
const QUEUE_MESSAGES: usize = 4096;
/// Past events for a late reader, besides the header.
const RECENT_EVENTS: usize = 1000;
/// Milliseconds after which a browser reconnects.
const RETRY_MS: u32 = 1000;

/// The last message: the browser should not reconnect.
const END_MESSAGE: &[u8] = b"event: over\ndata: null\n\n";

/// The readers, and the messages for late ones.
#[derive(Default)]
pub(super) struct Hub {
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    readers: Vec<mpsc::Sender<Bytes>>,
    /// The header with its event number.
    header: Option<(u64, Bytes)>,
    recent: VecDeque<(u64, Bytes)>,
    /// Number of the last event.
    last: u64,
    /// The parts of a recording that are analyzed ahead of playback, so far.
    ahead: Vec<Bytes>,
    /// The last message of each kind that is no event.
    state: [Option<Bytes>; 3],
    closed: bool,
}

impl Hub {
    /// The messages for a new reader; `after` is the last event that it received.
    /// `None` if there are too many readers.
    pub(super) fn subscribe(&self, after: Option<u64>) -> Option<mpsc::Receiver<Bytes>> {
        let mut shared = self.lock();
        shared.readers.retain(|reader| !reader.is_closed());
        if shared.readers.len() >= MAX_READERS {
            return None;
        }
        let (reader, messages) = mpsc::channel(QUEUE_MESSAGES);
        let known = |number: u64| after.is_some_and(|after| number <= after);
        let mut first = format!("retry: {RETRY_MS}\n\n").into_bytes();
        for (number, message) in shared.header.iter().chain(&shared.recent) {
            if !known(*number) {
                first.extend_from_slice(message);
            }
        }
        for message in &shared.ahead {
            first.extend_from_slice(message);
        }
        for message in shared.state.iter().flatten() {
            first.extend_from_slice(message);
        }
        if shared.closed {
            first.extend_from_slice(END_MESSAGE);
        }
        reader.try_send(first.into()).ok()?;
        if !shared.closed {
            shared.readers.push(reader);
        }
        Some(messages)
    }

    /// Forwards an event.
    ///
    /// # Errors
    /// A value that JSON cannot represent.
    pub(super) fn event(&self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let line = line(file, event)?;
        let mut shared = self.lock();
        shared.last += 1;
        let number = shared.last;
        let mut message = format!("id: {number}\ndata: ").into_bytes();
        message.extend_from_slice(&line);
        message.push(b'\n');
        if let Event::SessionStart(start) = event {
            let mut header = looks(start);
            header.append(&mut message);
            message = header;
            shared.recent.clear();
        }
        let message = Bytes::from(message);
        if let Event::SessionStart(_) = event {
            shared.header = Some((number, message.clone()));
        } else {
            if shared.recent.len() == RECENT_EVENTS {
                shared.recent.pop_front();
            }
            shared.recent.push_back((number, message.clone()));
        }
        shared.send(&message);
        Ok(())
    }

    /// Forwards level, position and status.
    pub(super) fn update(&self, update: &Update) {
        let (kind, name, data) = match update {
            Update::Status(status) => {
                let outage = status.outage;
                if !status.analyzed_ahead {
                    self.lock().ahead.clear();
                }
                let data = json!({
                    "source": status.source,
                    "replay": status.replay,
                    "analyzed_ahead": status.analyzed_ahead,
                    "outage_s": outage.map(|outage| outage.seconds),
                    "gone": outage.is_some_and(|outage| outage.gone),
                    "samples_lost": status.samples_lost,
                    "baseline_s": status.baseline_s,
                });
                (0, "status", data)
            }
            Update::Position(position) => {
                let data = json!({
                    "at_s": position.at_s,
                    "total_s": position.total_s,
                    "paused": position.paused,
                });
                (1, "position", data)
            }
            Update::Level(level) => {
                let data = json!({
                    "at_s": level.at_s,
                    "rms_dbfs": tenths(level.rms_dbfs),
                    "peak_dbfs": tenths(level.peak_dbfs),
                    "vad_dbfs": level.vad_dbfs.map(tenths),
                    "clipped": level.clipped,
                });
                (2, "level", data)
            }
            Update::Analyzed(part) => return self.analyzed(part),
            _ => return,
        };
        let message = Bytes::from(named(name, &data));
        let mut shared = self.lock();
        shared.send(&message);
        shared.state[kind] = Some(message);
    }

    /// Sends the next analyzed part of a recording.
    fn analyzed(&self, part: &AnalyzedPart) {
        let (first, data) = ahead(part);
        let message = Bytes::from(named("analyzed", &data));
        let mut shared = self.lock();
        shared.send(&message);
        if first {
            shared.ahead.clear();
        }
        shared.ahead.push(message);
    }

    /// Sends a comment, so that a connection whose reader is gone is noticed.
    pub(super) fn ping(&self) {
        self.lock().send(&Bytes::from_static(b":\n\n"));
    }

    /// Ends the events: the readers get the remaining messages and the end.
    pub(super) fn close(&self) {
        let mut shared = self.lock();
        shared.send(&Bytes::from_static(END_MESSAGE));
        shared.closed = true;
        shared.readers.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Drops readers that are gone or too slow.
    fn send(&mut self, message: &Bytes) {
        self.readers
            .retain(|reader| reader.try_send(message.clone()).is_ok());
    }
}

/// A part of the timeline, and whether it is the first: its utterances and what
/// concerns them as they are, its live predictions as few numbers.
fn ahead(part: &AnalyzedPart) -> (bool, Value) {
    let (mut first, mut live, mut events) = (false, Vec::new(), Vec::new());
    for (_, event) in &part.events {
        match event {
            Event::SessionStart(_) => first = true,
            Event::Measurement(measurement) if measurement.trigger != Trigger::SpeechEnded => {
                live.push(json!([
                    measurement.utterance,
                    measurement.channel.unwrap_or(0),
                    measurement.end_s,
                    measurement.label,
                    measurement.confidence,
                    measurement.arousal,
                ]));
            }
            Event::Measurement(_) | Event::Speakers(_) | Event::Gap(_) => events.push(event),
            _ => {}
        }
    }
    let data = json!({
        "first": first,
        "until_s": part.until_s,
        "complete": part.complete,
        "events": events,
        "live": live,
    });
    (first, data)
}

/// Shape and colour of each label, before the header.
fn looks(start: &SessionStart) -> Vec<u8> {
    let hues = labels::hues();
    let looks = labels::label_styles(&start.labels, &start.colors);
    let looks = start.labels.iter().zip(looks).map(|(label, (shape, hue))| {
        let color = hues.iter().position(|other| *other == hue);
        json!({ "label": label, "shape": shape.to_string(), "color": color.unwrap_or(0) })
    });
    named("labels", &looks.collect())
}

/// A level rounded for sending.
fn tenths(dbfs: f32) -> f64 {
    (f64::from(dbfs) * 10.0).round() / 10.0
}

/// A message that is not an event line.
fn named(name: &str, data: &Value) -> Vec<u8> {
    format!("event: {name}\ndata: {data}\n\n").into_bytes()
}
