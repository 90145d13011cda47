//! The events of an earlier session, shown in real time on the same screen, without
//! audio.

use std::io::BufRead;

use super::PlaybackOptions;
use super::player::Player;
use super::timeline::AnalyzedTimeline;
use crate::events::{Event, Line};
use crate::messages::Status;

/// Why an event log cannot be played. The sentences follow the file's name.
#[derive(Debug, thiserror::Error)]
pub enum EventLogError {
    /// The system's error.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// A line that is not an event.
    #[error("is not an event file of emoscope: line {line}: {reason}")]
    Line {
        /// Its line number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: serde_json::Error,
    },
    /// The header is missing.
    #[error("contains no session; record one with: emoscope live --record FILE.jsonl")]
    Empty,
    /// The output of `analyze` on several files.
    #[error(
        "contains {0} recordings; select one, for example with: jq -c 'select(.file == \"NAME\")' FILE"
    )]
    Several(usize),
}

/// The events of a session.
#[derive(Debug, Clone)]
pub struct EventLog {
    timeline: AnalyzedTimeline,
    status: Status,
}

impl EventLog {
    /// Reads event lines. An incomplete last line is ignored: that is how a session
    /// ends when the machine stops.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(mut lines: impl BufRead) -> Result<Self, EventLogError> {
        let mut events = Vec::new();
        let mut headers = Vec::new();
        let (mut text, mut number) = (Vec::new(), 0);
        while lines.read_until(b'\n', &mut text)? > 0 {
            number += 1;
            match serde_json::from_slice::<Line>(&text) {
                Ok(line) => {
                    if let Event::SessionStart(start) = &line.event {
                        headers.push(start.clone());
                    }
                    events.push(line.event);
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
                let mut timeline = AnalyzedTimeline::default();
                timeline.extend(events, 0.0, true);
                Ok(Self { timeline, status })
            }
            several => Err(EventLogError::Several(several.len())),
        }
    }

    /// The session that plays them.
    pub fn session(self, playback: PlaybackOptions) -> Player {
        Player::new(self.timeline, self.status, playback)
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
        assert_eq!((torn.timeline.len(), torn.timeline.total_s()), (2, 1.5));
        let wrong = read(&format!("{START}\nnonsense\n{VOICE}\n")).unwrap_err();
        assert!(wrong.to_string().contains("line 2"), "{wrong}");
        assert!(matches!(read(""), Err(EventLogError::Empty)));
        assert!(matches!(read(VOICE), Err(EventLogError::Empty)));
        let two = read(&format!("{START}\n{START}\n"));
        assert!(matches!(two, Err(EventLogError::Several(2))));
    }
}
