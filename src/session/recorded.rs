//! The events of an earlier session, shown again in step with the clock: the
//! screen of then, without the audio.

use std::io::BufRead;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::recording::{Ending, Pace, Playback, rounds};
use super::{Outlets, SCREEN_EVERY, SessionError};
use crate::events::{Event, Line};
use crate::messages::{Control, Position, Status, Update};

/// Why event lines cannot be played. The sentences follow the file's name.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The system failed.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// A line that is none of ours.
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

/// A session as it was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Each event with the time at which it was known.
    events: Vec<(f64, Event)>,
    status: Status,
}

impl Recorded {
    /// Reads event lines. A last line that breaks off is left out: so does a
    /// session end when the machine stops.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(mut lines: impl BufRead) -> Result<Self, RecordedError> {
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
                    at = at.max(known_at(&line.event));
                    events.push((at, line.event));
                }
                Err(_) if text.last() != Some(&b'\n') && number > 1 => {}
                Err(reason) => {
                    let line = number;
                    return Err(RecordedError::Line { line, reason });
                }
            }
            text.clear();
        }
        match headers.as_slice() {
            [] => Err(RecordedError::Empty),
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
            several => Err(RecordedError::Several(several.len())),
        }
    }

    /// When the last thing was known, in seconds.
    fn total_s(&self) -> f64 {
        self.events.last().map_or(0.0, |(at, _)| *at)
    }

    /// Plays it for a person, as [`super::recording::play`] does with audio.
    ///
    /// # Errors
    /// None of its own.
    pub fn play(
        &self,
        playback: &Playback,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
        linger: bool,
    ) -> Result<(), SessionError> {
        rounds(
            playback,
            outlets,
            controls,
            linger,
            |from, outlets, pace| Ok(self.play_once(from.unwrap_or(0.0), outlets, controls, pace)),
        )
    }

    fn play_once(
        &self,
        begin: f64,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
        pace: &mut Pace,
    ) -> Ending {
        pace.anchor(begin);
        let mut next = 0;
        if begin > 0.0 {
            // A screen still has what was before, and a reader needs a header.
            self.tell_position(begin, outlets, pace);
            let is_header = |event: &&Event| matches!(event, Event::SessionStart(_));
            let mut events = self.events.iter().map(|(_, event)| event);
            outlets.send(&mut events.find(is_header).cloned().into_iter().collect());
            next = self.events.partition_point(|(known, _)| *known <= begin);
        }
        self.tell_status(next, outlets);
        loop {
            let at = pace.position_s().min(self.total_s());
            let due = self.events.partition_point(|(known, _)| *known <= at);
            if due > next {
                self.tell_status(due, outlets);
                let events = self.events[next..due].iter();
                outlets.send(&mut events.map(|(_, event)| event.clone()).collect());
            }
            next = next.max(due);
            self.tell_position(at, outlets, pace);
            if next == self.events.len() {
                return Ending::Reached(self.total_s());
            }
            let to = match controls.recv_timeout(SCREEN_EVERY) {
                Ok(Control::Quit) | Err(RecvTimeoutError::Disconnected) => return Ending::Quit,
                Ok(Control::SeekBy(seconds)) => at + seconds,
                Ok(Control::SeekTo(seconds)) => seconds,
                Ok(Control::TogglePause) => {
                    pace.paused = !pace.paused;
                    at
                }
                Ok(Control::Speed(speed)) => {
                    pace.speed = Some(speed);
                    at
                }
                Ok(_) | Err(RecvTimeoutError::Timeout) => continue,
            };
            let to = to.clamp(0.0, self.total_s());
            pace.anchor(to);
            // What was shown after that place comes once more.
            let known = self.events.partition_point(|(known, _)| *known <= to);
            if known < next {
                next = known;
                self.tell_status(next, outlets);
            }
        }
    }

    fn tell_position(&self, at_s: f64, outlets: &mut Outlets, pace: &Pace) {
        outlets.update(Update::Position(Position {
            at_s,
            total_s: Some(self.total_s()),
            speed: pace.speed,
            paused: pace.paused,
        }));
    }

    /// The machinery as it was after so many events.
    fn tell_status(&self, known: usize, outlets: &mut Outlets) {
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

/// When an event was known, in seconds of its session.
fn known_at(event: &Event) -> f64 {
    match event {
        Event::SessionStart(_) | Event::Error(_) => 0.0,
        Event::Voice(voice) => voice.at_s,
        Event::UtteranceStart(start) => start.start_s,
        Event::Measurement(judged) => judged.end_s,
        Event::UtteranceEnd(end) => end.end_s,
        Event::Signal(signal) => signal.at_s,
        Event::Gap(gap) => gap.end_s,
        Event::SessionEnd(end) => end.duration_s,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const START: &str = r#"{"type":"session_start","schema":"emoscope.event/1","version":"0.1.0","source":"file","name":"c","sample_rate":16000,"channels":1,"labels":["x"],"model":"m","model_sha256":"","engine":"e"}"#;
    const VOICE: &str = r#"{"type":"voice","at_s":1.5,"active":true}"#;

    fn read(text: &str) -> Result<Recorded, RecordedError> {
        Recorded::read(text.as_bytes())
    }

    #[test]
    fn a_torn_end_is_forgiven_and_other_text_is_not() {
        let torn = read(&format!("{START}\n{VOICE}\n{{\"type\":\"voi")).unwrap();
        assert_eq!((torn.events.len(), torn.total_s()), (2, 1.5));
        let wrong = read(&format!("{START}\nnonsense\n{VOICE}\n")).unwrap_err();
        assert!(wrong.to_string().contains("line 2"), "{wrong}");
        assert!(matches!(read(""), Err(RecordedError::Empty)));
        assert!(matches!(read(VOICE), Err(RecordedError::Empty)));
        let two = read(&format!("{START}\n{START}\n"));
        assert!(matches!(two, Err(RecordedError::Several(2))));
    }

    #[test]
    fn time_never_runs_back_whatever_the_lines_say() {
        let earlier = VOICE.replace("1.5", "0.5");
        let recorded = read(&format!("{START}\n{VOICE}\n{earlier}\n")).unwrap();
        let times: Vec<f64> = recorded.events.iter().map(|(at, _)| *at).collect();
        assert!(times.is_sorted());
    }
}
