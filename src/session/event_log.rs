//! The events of an earlier session, shown in step with the clock: the same
//! screen, without the audio.

use std::io::BufRead;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::outlets::Outlets;
use super::playback::{Ending, Playable, PlaybackClock, PlaybackOptions, play_all};
use super::{SCREEN_INTERVAL, Session, SessionError};
use crate::baseline::Baseline;
use crate::events::{Event, Line};
use crate::messages::{Control, Position, Status, Update};

/// Why event lines cannot be played. The sentences follow the file's name.
#[derive(Debug, thiserror::Error)]
pub enum EventLogError {
    /// The system failed.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// A line that is no event.
    #[error("is no recording of emoscope: line {line}: {reason}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: serde_json::Error,
    },
    /// No header.
    #[error("holds no session; record one with: emoscope live --record FILE.jsonl")]
    Empty,
    /// The output of `analyze` on several files.
    #[error(
        "holds {0} recordings; pick one, for example with: jq -c 'select(.file == \"NAME\")' FILE"
    )]
    Several(usize),
}

/// The events of a session.
#[derive(Debug, Clone)]
pub struct EventLog {
    /// Each event with the time at which it came.
    events: Vec<(f64, Event)>,
    status: Status,
}

impl EventLog {
    /// Reads event lines. A last line that breaks off is left out: that is how a
    /// session ends when the machine stops.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(mut lines: impl BufRead) -> Result<Self, EventLogError> {
        let mut events = Vec::new();
        let mut headers = Vec::new();
        let (mut text, mut number, mut at) = (Vec::new(), 0, 0.0_f64);
        while lines.read_until(b'\n', &mut text)? > 0 {
            number += 1;
            match serde_json::from_slice::<Line>(&text) {
                Ok(line) => {
                    if let Event::SessionStart(start) = &line.event {
                        headers.push(start.clone());
                    }
                    at = at.max(time_of(&line.event));
                    events.push((at, line.event));
                }
                Err(_) if text.last() != Some(&b'\n') && number > 1 => {}
                Err(reason) => {
                    let line = number;
                    return Err(EventLogError::Line { line, reason });
                }
            }
            text.clear();
        }
        match headers.as_slice() {
            [] => Err(EventLogError::Empty),
            [start] => {
                let status = Status {
                    source: start.name.clone(),
                    replay: true,
                    recorded: true,
                    sample_rate: start.sample_rate,
                    channels: start.channels,
                    engine: start.engine.clone(),
                    model: start.model.clone(),
                    labels: start.labels.clone(),
                    colors: start.colors.clone(),
                    ..Status::default()
                };
                Ok(Self { events, status })
            }
            several => Err(EventLogError::Several(several.len())),
        }
    }

    /// When the last event came, in seconds.
    fn total_s(&self) -> f64 {
        self.events.last().map_or(0.0, |(at, _)| *at)
    }

    /// How many events came until then.
    fn count_until(&self, at_s: f64) -> usize {
        self.events.partition_point(|(known, _)| *known <= at_s)
    }

    /// The session that shows them.
    pub fn session(self, playback: PlaybackOptions) -> EventLogSession {
        EventLogSession {
            log: self,
            playback,
        }
    }

    fn send_position(&self, at_s: f64, clock: &PlaybackClock, outlets: &mut Outlets) {
        outlets.update(Update::Position(Position {
            at_s,
            total_s: Some(self.total_s()),
            speed: clock.speed,
            paused: clock.paused,
        }));
    }

    /// The status after so many events.
    fn send_status(&self, known: usize, outlets: &mut Outlets) {
        let lost = self.events[..known].iter().map(|(_, event)| match event {
            Event::Gap(gap) => gap.samples,
            _ => 0,
        });
        outlets.update(Update::Status(Status {
            samples_lost: lost.sum(),
            ..self.status.clone()
        }));
    }
}

/// An earlier session, shown for a person.
pub struct EventLogSession {
    log: EventLog,
    playback: PlaybackOptions,
}

impl Session for EventLogSession {
    fn run(
        mut self,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
    ) -> Result<Option<Baseline>, SessionError> {
        let options = self.playback;
        play_all(&mut self, options, outlets, controls)?;
        Ok(None)
    }
}

impl Playable for EventLogSession {
    fn play(
        &mut self,
        from: Option<f64>,
        clock: &mut PlaybackClock,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
    ) -> Result<Ending, SessionError> {
        let log = &self.log;
        let start_s = from.unwrap_or(0.0);
        clock.anchor(start_s);
        let mut next = 0;
        if start_s > 0.0 {
            // A screen still has what was before, and a reader needs a header.
            log.send_position(start_s, clock, outlets);
            let is_header = |event: &&Event| matches!(event, Event::SessionStart(_));
            let mut events = log.events.iter().map(|(_, event)| event);
            outlets.send(&mut events.find(is_header).cloned().into_iter().collect());
            next = log.count_until(start_s);
        }
        log.send_status(next, outlets);
        loop {
            let at = clock.position_s().min(log.total_s());
            let due = log.count_until(at);
            if due > next {
                log.send_status(due, outlets);
                let events = log.events[next..due].iter();
                outlets.send(&mut events.map(|(_, event)| event.clone()).collect());
            }
            next = next.max(due);
            log.send_position(at, clock, outlets);
            if next == log.events.len() {
                return Ok(Ending::Reached(log.total_s()));
            }
            let to = match controls.recv_timeout(SCREEN_INTERVAL) {
                Ok(Control::Quit) | Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Ending::Quit);
                }
                Ok(Control::SeekBy(seconds)) => at + seconds,
                Ok(Control::SeekTo(seconds)) => seconds,
                Ok(Control::TogglePause) => {
                    clock.paused = !clock.paused;
                    at
                }
                Ok(Control::Speed(speed)) => {
                    clock.speed = Some(speed);
                    at
                }
                Ok(_) | Err(RecvTimeoutError::Timeout) => continue,
            };
            let to = to.clamp(0.0, log.total_s());
            clock.anchor(to);
            // What was shown after that place comes once more.
            let known = log.count_until(to);
            if known < next {
                next = known;
                log.send_status(next, outlets);
            }
        }
    }
}

/// When an event came, in seconds of its session.
fn time_of(event: &Event) -> f64 {
    match event {
        Event::SessionStart(_) | Event::Error(_) => 0.0,
        Event::Voice(voice) => voice.at_s,
        Event::UtteranceStart(start) => start.start_s,
        Event::Measurement(judged) => judged.end_s,
        Event::UtteranceEnd(end) => end.end_s,
        Event::Signal(signal) => signal.at_s,
        Event::Gap(gap) => gap.end_s,
        Event::Mark(mark) => mark.at_s,
        Event::SessionEnd(end) => end.duration_s,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const START: &str = r#"{"type":"session_start","schema":"emoscope.event/1","version":"0.1.0","source":"file","name":"c","sample_rate":16000,"channels":1,"labels":["x"],"model":"m","model_sha256":"","engine":"e"}"#;
    const VOICE: &str = r#"{"type":"voice","at_s":1.5,"active":true}"#;

    fn read(text: &str) -> Result<EventLog, EventLogError> {
        EventLog::read(text.as_bytes())
    }

    #[test]
    fn a_torn_end_is_forgiven_and_other_text_is_not() {
        let torn = read(&format!("{START}\n{VOICE}\n{{\"type\":\"voi")).unwrap();
        assert_eq!((torn.events.len(), torn.total_s()), (2, 1.5));
        let wrong = read(&format!("{START}\nnonsense\n{VOICE}\n")).unwrap_err();
        assert!(wrong.to_string().contains("line 2"), "{wrong}");
        assert!(matches!(read(""), Err(EventLogError::Empty)));
        assert!(matches!(read(VOICE), Err(EventLogError::Empty)));
        let two = read(&format!("{START}\n{START}\n"));
        assert!(matches!(two, Err(EventLogError::Several(2))));
    }

    #[test]
    fn time_never_runs_back_whatever_the_lines_say() {
        let earlier = VOICE.replace("1.5", "0.5");
        let log = read(&format!("{START}\n{VOICE}\n{earlier}\n")).unwrap();
        let times: Vec<f64> = log.events.iter().map(|(at, _)| *at).collect();
        assert!(times.is_sorted());
    }
}
