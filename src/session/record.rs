//! Recordings of a live session that are started and stopped while it runs.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crossbeam_channel::Sender;

use super::outlets::Outlets;
use crate::events::{ByLabel, Event, SessionEnd, SessionStart};
use crate::files::create_numbered;
use crate::messages::Update;
use crate::sink::lines::EventLogFile;

/// File name of a recording without a given name.
const DEFAULT_FILE_NAME: &str = "emoscope.jsonl";

/// A recording in progress. Its times count from its own start, so that it is a
/// separate session.
pub(super) struct Track {
    sender: Sender<Event>,
    /// The summary up to its start.
    start: SessionEnd,
}

impl Track {
    pub(super) fn new(sender: Sender<Event>, start: SessionEnd) -> Self {
        Self { sender, start }
    }

    /// Forwards an event; returns whether the writer still runs.
    pub(super) fn send(&self, event: &Event) -> bool {
        let event = match event {
            Event::SessionEnd(end) => Event::SessionEnd(since(end, &self.start)),
            event => event.clone().earlier_by(self.start.duration_s),
        };
        self.sender.send(event).is_ok()
    }
}

/// Starts a recording in a new file, numbered after the named one, or stops the current
/// one. Returns its file if one is running now, and a sentence for the user.
pub(super) fn toggle(
    outlets: &mut Outlets,
    named: Option<&Path>,
    header: &SessionStart,
    summary: SessionEnd,
) -> (Option<PathBuf>, String) {
    if let Some(track) = outlets.recording.take() {
        track.send(&Event::SessionEnd(summary));
        return (None, "the recording is stopped".into());
    }
    let wanted = named.unwrap_or(Path::new(DEFAULT_FILE_NAME));
    let (file, path) = match create_numbered(wanted) {
        Ok(created) => created,
        Err(error) => return (None, format!("no recording can be written here: {error}")),
    };
    let (screen, shown) = (outlets.screen(), path.display().to_string());
    let failed = move |error: &std::io::Error| {
        let message = format!("the recording {shown} stops here: {error}");
        tracing::error!("{message}");
        if let Some(screen) = screen {
            let _ = screen.try_send(Update::Notice(message)); // the screen may be gone
        }
    };
    let writer = outlets.record(EventLogFile::new(file), failed, summary);
    outlets.recorders.push(writer);
    let mut header = header.clone();
    header.started_at = Some(humantime::format_rfc3339_millis(SystemTime::now()).to_string());
    if let Some(track) = &outlets.recording {
        track.send(&Event::SessionStart(header));
    }
    let sentence = format!("recording to {}", path.display());
    (Some(path), sentence)
}

/// The summary of the part after an earlier summary.
fn since(end: &SessionEnd, start: &SessionEnd) -> SessionEnd {
    let earlier = |label: &str| start.utterance_labels.get(label).copied().unwrap_or(0);
    let counts = end.utterance_labels.0.iter();
    SessionEnd {
        duration_s: end.duration_s - start.duration_s,
        speech_s: end.speech_s - start.speech_s,
        utterances: end.utterances - start.utterances,
        measurements: end.measurements - start.measurements,
        samples_lost: end.samples_lost - start.samples_lost,
        samples_invalid: end.samples_invalid - start.samples_invalid,
        utterance_labels: ByLabel(
            counts
                .map(|(label, count)| (label.clone(), count - earlier(label)))
                .collect(),
        ),
    }
}
