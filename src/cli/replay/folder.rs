//! `emoscope replay FOLDER`: lets the user choose among its recordings.

use std::path::Path;

use anyhow::anyhow;
use crossbeam_channel::{Receiver, Sender, unbounded};

use super::{ReplayArgs, Show, play_recording};
use crate::audio::source::Source as _;
use crate::batch::recording::Recording;
use crate::batch::walk::Walk;
use crate::cli::show::{DashboardExit, choose};
use crate::cli::{Done, usage};
use crate::dashboard::Outcome;
use crate::dashboard::state::recordings::RecordingMenu;
use crate::messages::{RecordingLine, Update};
use crate::text::path_name;

/// Lets the user choose and play one recording after another.
pub(super) fn run(args: &ReplayArgs) -> anyhow::Result<Done> {
    let name = path_name(&args.file);
    let (how, _) = args.play.playback(false);
    if how != Show::Dashboard {
        usage(&format!(
            "{name} is a folder, and only the dashboard can choose from it: \
             name a recording in it, or type: emoscope analyze {name}"
        ));
    }
    let walk = Walk::new(std::slice::from_ref(&args.file));
    if walk.recordings.is_empty() {
        return Err(anyhow!(walk.warnings.join("\n")));
    }
    let engine = args.play.engine(args.channel)?;
    let lengths = measure(&walk.recordings)?;
    let mut menu = RecordingMenu {
        folder: name,
        lines: lines(&args.file, &walk.recordings),
        ..RecordingMenu::default()
    };
    loop {
        let (outcome, left) = choose(menu, lengths.clone(), &args.play.show)?;
        menu = left;
        let number = match outcome {
            Outcome::Opened(number) => number,
            Outcome::Signal(number) => return Ok(Done::Signal(number)),
            _ => return Ok(Done::Success),
        };
        let recording = Recording {
            track: args.track,
            ..walk.recordings[number].clone()
        };
        match play_recording(args, &recording, engine.clone()) {
            Ok(DashboardExit::Back) => menu.notice = None,
            Ok(DashboardExit::Done(done)) => return Ok(done),
            Err(error) => menu.notice = Some(format!("{error:#}")),
        }
    }
}

/// The names of recordings relative to their folder.
fn lines(folder: &Path, recordings: &[Recording]) -> Vec<RecordingLine> {
    let line = |recording: &Recording| RecordingLine {
        name: path_name(
            recording
                .path
                .strip_prefix(folder)
                .unwrap_or(&recording.path),
        ),
        length_s: None,
    };
    recordings.iter().map(line).collect()
}

/// Determines the length of each recording on a separate thread.
fn measure(recordings: &[Recording]) -> std::io::Result<Receiver<Update>> {
    let recordings = recordings.to_vec();
    let (sender, updates) = unbounded();
    std::thread::Builder::new()
        .name("lengths".into())
        .spawn(move || tell_lengths(&recordings, &sender))?;
    Ok(updates)
}

fn tell_lengths(recordings: &[Recording], sender: &Sender<Update>) {
    for (number, recording) in recordings.iter().enumerate() {
        let opened = match &recording.problem {
            Some(problem) => Err(problem.clone()),
            None => recording.decoder().map_err(|error| error.to_string()),
        };
        let length_s = match opened.map(|source| source.total_s()) {
            Ok(Some(length_s)) => Ok(length_s),
            Ok(None) => continue, // only reading all of it would tell
            Err(problem) => Err(format!("{} {problem}", recording.name)),
        };
        if sender
            .send(Update::RecordingLength { number, length_s })
            .is_err()
        {
            return; // the list is closed
        }
    }
}
