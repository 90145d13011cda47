//! A session on a thread of its own, in front of it the dashboard or a writer.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::anyhow;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::format::Format;
use super::{Done, Show, ShowArgs, TasteArgs, complain};
use crate::dashboard::theme::Theme;
use crate::dashboard::{self, Outcome};
use crate::messages::{Control, Update};
use crate::paths::create_private;
use crate::session::{Outlets, SessionError, Writer};
use crate::sink::Named;
use crate::sink::lines::{Lines, Recording};
use crate::sink::plain::Plain;

/// Updates that wait for the screen at most; then it misses some.
const SCREEN_QUEUE: usize = 4096;

/// Runs `session` with its outlets and shows it until it ends or the person quits.
pub(super) fn show(
    show: Show,
    args: &ShowArgs,
    session: impl FnOnce(&mut Outlets, &Receiver<Control>) -> Result<(), SessionError> + Send + 'static,
) -> anyhow::Result<Done> {
    let local = args.local.open()?;
    let session = move |outlets: &mut Outlets, controls: &Receiver<Control>| {
        let writers = local.add(outlets);
        let result = session(outlets, controls);
        outlets.close();
        for writer in writers {
            let _ = writer.join(); // what failed has said so
        }
        result
    };
    let (wishes, controls) = unbounded();
    match show {
        Show::Dashboard => on_dashboard(&wishes, controls, &args.taste, session),
        Show::Sentences | Show::As(_) => as_text(show, wishes, &controls, session),
    }
}

fn on_dashboard(
    wishes: &Sender<Control>,
    controls: Receiver<Control>,
    taste: &TasteArgs,
    session: impl FnOnce(&mut Outlets, &Receiver<Control>) -> Result<(), SessionError> + Send + 'static,
) -> anyhow::Result<Done> {
    let (screen, updates) = bounded(SCREEN_QUEUE);
    let worker = std::thread::Builder::new()
        .name("session".into())
        .spawn(move || {
            let mut outlets = Outlets::default();
            outlets.show_on(screen.clone());
            let result = session(&mut outlets, &controls);
            // The screen may be gone already; then nobody waits for this.
            let told = result.as_ref().copied().map_err(ToString::to_string);
            let _ = screen.try_send(Update::Ended(told));
            result
        })?;
    let options = dashboard::Options {
        theme: Theme::from_env(taste.theme),
        reduced_motion: taste.reduced_motion,
        mouse: !taste.no_mouse,
        quit_at_end: false,
        log: crate::paths::state().map(|folder| folder.join(super::LOG)),
        caught: crate::guard::guarded,
    };
    let shown = dashboard::run(updates, wishes.clone(), options);
    let _ = wishes.send(Control::Quit);
    let ended = worker
        .join()
        .map_err(|_| anyhow!("the session crashed; the log says where"))?;
    let outcome = shown?;
    ended?;
    Ok(match outcome {
        Outcome::Signal(number) => Done::Signal(number),
        _ => Done::Well,
    })
}

fn as_text(
    show: Show,
    wishes: Sender<Control>,
    controls: &Receiver<Control>,
    session: impl FnOnce(&mut Outlets, &Receiver<Control>) -> Result<(), SessionError>,
) -> anyhow::Result<Done> {
    let mut outlets = Outlets::default();
    let writer = stdout_writer(show, &mut outlets, wishes.clone());
    quit_on_signal(wishes)?;
    let result = session(&mut outlets, controls);
    drop(outlets);
    let written = writer.join();
    result?;
    written
        .map_err(|error| anyhow::Error::new(error).context("cannot write to standard output"))?;
    Ok(Done::Well)
}

fn stdout_writer(show: Show, outlets: &mut Outlets, wishes: Sender<Control>) -> Writer {
    let failed = move |_: &io::Error| {
        let _ = wishes.send(Control::Quit);
    };
    match show {
        Show::Sentences => outlets.add(Plain::new(io::stdout()), failed),
        Show::As(format) if format != Format::Jsonl => {
            outlets.add(Named::new(format.sink(Box::new(io::stdout()))), failed)
        }
        _ => outlets.add(Lines::new(io::stdout()), failed),
    }
}

/// The first signal ends the session in order; a second one ends the program.
pub(super) fn quit_on_signal(wishes: Sender<Control>) -> io::Result<()> {
    let hurry = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&hurry))?;
        signal_hook::flag::register(signal, Arc::clone(&hurry))?;
    }
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            if signals.forever().next().is_some() {
                let _ = wishes.send(Control::Quit);
            }
        })?;
    Ok(())
}

/// Adds a file that keeps the events. It is opened first, so that nothing is
/// heard for a recording that cannot be kept.
pub(super) fn record(path: &Path, outlets: &mut Outlets) -> Result<Writer, SessionError> {
    let file = create_private(path).map_err(|error| unwritten(path, error))?;
    let (path, screen) = (path.to_owned(), outlets.screen());
    Ok(outlets.add(Recording::new(file), move |error| {
        let message = format!("the recording {} stops here: {error}", path.display());
        tracing::error!("{message}");
        match screen {
            Some(screen) => drop(screen.try_send(Update::Notice(message))),
            None => complain(&message),
        }
    }))
}

/// A recording that could not be kept.
pub(super) fn unwritten(path: &Path, reason: io::Error) -> SessionError {
    SessionError::Recording {
        path: path.display().to_string(),
        reason,
    }
}
