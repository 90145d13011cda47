//! Shows a session: on the dashboard, or as text on standard output.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::format::Format;
use super::{DisplayArgs, Done, Show, ShowArgs, print_message};
use crate::dashboard::state::recordings::RecordingMenu;
use crate::dashboard::theme::Theme;
use crate::dashboard::{self, DashboardError, Outcome};
use crate::events::SessionEnd;
use crate::messages::{Control, Update};
use crate::paths::create_private;
use crate::session::outlets::{Outlets, Writer};
use crate::session::{Session, SessionError, handle};
use crate::sink::WithInputName;
use crate::sink::lines::{EventLogFile, JsonLines};
use crate::sink::plain::PlainText;

/// Most updates that wait for the screen; it misses further ones.
const SCREEN_QUEUE: usize = 4096;

/// Most updates that wait for the page.
#[cfg(feature = "web")]
const WATCHER_QUEUE: usize = 64;

/// Runs a session and shows it until it ends or the user quits. Its events also go to
/// the requested transports and into the file `record`.
pub(super) fn show(
    session: impl Session,
    show: Show,
    args: &ShowArgs,
    record: Option<PathBuf>,
) -> anyhow::Result<Done> {
    match show {
        Show::Dashboard => match on_dashboard(session, args, record, false)? {
            DashboardExit::Done(done) => Ok(done),
            DashboardExit::Back => Ok(Done::Success),
        },
        Show::Sentences => as_text(session, args, record, None),
        Show::As(format) => as_text(session, args, record, Some(format)),
    }
}

/// How the dashboard was left.
pub(super) enum DashboardExit {
    /// The command is done.
    Done(Done),
    /// The user wants the list that the recording was chosen from.
    Back,
}

/// Shows a recording that was chosen from a list.
pub(super) fn show_from_list(
    session: impl Session,
    args: &ShowArgs,
) -> anyhow::Result<DashboardExit> {
    on_dashboard(session, args, None, true)
}

/// Shows a list of recordings to choose from.
pub(super) fn choose(
    menu: RecordingMenu,
    lengths: Receiver<Update>,
    args: &ShowArgs,
) -> Result<(Outcome, RecordingMenu), DashboardError> {
    dashboard::choose(menu, lengths, options(&args.display))
}

fn on_dashboard(
    session: impl Session,
    args: &ShowArgs,
    record: Option<PathBuf>,
    from_list: bool,
) -> anyhow::Result<DashboardExit> {
    let (screen, updates) = bounded(SCREEN_QUEUE);
    let mut outlets = Outlets::default();
    outlets.show_on(screen);
    let writers = Writers::open(&mut outlets, args, record)?;
    let session = handle::start(session, outlets)?;
    let options = dashboard::Options {
        page: writers.page.clone(),
        from_list,
        ..options(&args.display)
    };
    let shown = dashboard::run(updates, session.controls(), options);
    let ended = session.stop();
    let written = writers.join();
    let left = shown?;
    if left.outcome != Outcome::Back {
        for line in &left.summary {
            let _ = writeln!(io::stdout(), "{line}"); // the terminal may be gone
        }
    }
    ended?;
    written?;
    Ok(match left.outcome {
        Outcome::Signal(number) => DashboardExit::Done(Done::Signal(number)),
        Outcome::Back => DashboardExit::Back,
        _ => DashboardExit::Done(Done::Success),
    })
}

fn options(display: &DisplayArgs) -> dashboard::Options {
    dashboard::Options {
        theme: Theme::from_env(display.theme),
        reduced_motion: display.reduced_motion,
        mouse: !display.no_mouse,
        quit_at_end: false,
        page: None,
        from_list: false,
        log: crate::paths::state().map(|folder| folder.join(super::LOG_FILE)),
        caught: crate::guard::guarded,
    }
}

/// Prints events in a format, or sentences.
fn as_text(
    session: impl Session,
    args: &ShowArgs,
    record: Option<PathBuf>,
    format: Option<Format>,
) -> anyhow::Result<Done> {
    let (control_sender, controls) = unbounded();
    let mut outlets = Outlets::default();
    let writers = Writers::open(&mut outlets, args, record)?;
    let to_stdout = write_to_stdout(&mut outlets, format, control_sender.clone());
    quit_on_signal(control_sender)?;
    let ended = session.run(&mut outlets, &controls);
    drop(outlets);
    let printed = to_stdout.join();
    let written = writers.join();
    ended?;
    printed.context("cannot write to standard output")?;
    written?;
    Ok(Done::Success)
}

/// The session ends when its output cannot be written.
fn write_to_stdout(
    outlets: &mut Outlets,
    format: Option<Format>,
    control_sender: Sender<Control>,
) -> Writer {
    let failed = move |_: &io::Error| {
        let _ = control_sender.send(Control::Quit);
    };
    match format {
        None => outlets.add(PlainText::new(io::stdout()), failed),
        Some(Format::Jsonl) => outlets.add(JsonLines::new(io::stdout()), failed),
        Some(format) => outlets.add(
            WithInputName::new(format.sink(Box::new(io::stdout()))),
            failed,
        ),
    }
}

/// The outlets besides the screen and standard output.
struct Writers {
    record: Option<(PathBuf, Writer)>,
    transports: Vec<Writer>,
    /// Address of the page.
    page: Option<String>,
}

impl Writers {
    /// Opens the outlets before audio is captured, in case one is unavailable.
    fn open(
        outlets: &mut Outlets,
        args: &ShowArgs,
        record: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        #[cfg_attr(not(feature = "web"), allow(unused_mut))]
        let (mut transports, mut page) = (args.transports.open()?, None);
        #[cfg(feature = "web")]
        if let Some(served) = args.transports.page()? {
            let (watcher, updates) = bounded(WATCHER_QUEUE);
            served.follow(updates)?;
            outlets.watch_by(watcher);
            let address = served.address().to_owned();
            notify(outlets.screen().as_ref(), format!("page: {address}"));
            page = Some(address);
            transports.push(("the page".into(), Box::new(served)));
        }
        let record = record.map(|path| record_to(path, outlets)).transpose()?;
        let add = |transport| transport_to(transport, outlets);
        Ok(Self {
            record,
            transports: transports.into_iter().map(add).collect(),
            page,
        })
    }

    /// Waits until everything is written.
    fn join(self) -> Result<(), SessionError> {
        for writer in self.transports {
            let _ = writer.join(); // a failure was reported when it happened
        }
        match self.record {
            Some((path, writer)) => writer.join().map_err(|error| unwritten(&path, error)),
            None => Ok(()),
        }
    }
}

fn transport_to((name, sink): super::transports::Transport, outlets: &mut Outlets) -> Writer {
    let screen = outlets.screen();
    outlets.add(sink, move |error| {
        notify(screen.as_ref(), format!("{name} stops here: {error}"));
    })
}

/// Adds a file that stores the events.
fn record_to(path: PathBuf, outlets: &mut Outlets) -> Result<(PathBuf, Writer), SessionError> {
    let file = match create_private(&path) {
        Ok(file) => file,
        Err(error) => return Err(unwritten(&path, error)),
    };
    let (name, screen) = (path.display().to_string(), outlets.screen());
    let failed = move |error: &io::Error| {
        let message = format!("the recording {name} stops here: {error}");
        tracing::error!("{message}");
        notify(screen.as_ref(), message);
    };
    let writer = outlets.record(EventLogFile::new(file), failed, SessionEnd::default());
    Ok((path, writer))
}

/// Tells the user: on the screen, or on standard error.
fn notify(screen: Option<&Sender<Update>>, message: String) {
    match screen {
        Some(screen) => drop(screen.try_send(Update::Notice(message))),
        None => print_message(&message),
    }
}

fn unwritten(path: &Path, reason: io::Error) -> SessionError {
    SessionError::Recording {
        path: path.display().to_string(),
        reason,
    }
}

/// The first signal ends the session cleanly; a second one ends the program.
pub(super) fn quit_on_signal(control_sender: Sender<Control>) -> io::Result<()> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&interrupted))?;
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            if signals.forever().next().is_some() {
                let _ = control_sender.send(Control::Quit);
            }
        })?;
    Ok(())
}
