//! The live screen.
//!
//! [`run`] uses the terminal until the session ends or the user leaves. The state
//! ([`state`]) and its appearance ([`theme`], [`view`]) are pure;
//! [`cycle`] waits, applies and draws.

pub mod cycle;
pub mod keys;
mod signals;
pub mod state;
pub mod summary;
pub mod svg;
mod terminal;
pub mod text;
pub mod theme;
pub mod view;

use std::io;
use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::messages::{Control, Update};
use state::State;
use state::recordings::RecordingMenu;
use theme::Theme;

/// Options set by the caller.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "none depends on another")]
pub struct Options {
    /// Colours and characters; [`Theme::from_env`] derives them.
    pub theme: Theme,
    /// Whether at most two pictures per second are drawn.
    pub reduced_motion: bool,
    /// Whether the mouse is used. The terminal then selects text only with shift, or
    /// not at all.
    pub mouse: bool,
    /// Whether a replay closes the screen at its end. A live session always does.
    pub quit_at_end: bool,
    /// Address of the session's page, if there is one.
    pub page: Option<String>,
    /// Whether the recording was chosen from a list; Escape then returns to it.
    pub from_list: bool,
    /// The file that receives what libraries print to standard error while the screen
    /// is open; without it that output is dropped. A standard error that is not a
    /// terminal is left unchanged.
    pub log: Option<PathBuf>,
    /// Whether a panic on the calling thread will be caught, so that the screen can
    /// stay.
    pub caught: fn() -> bool,
}

/// How the screen was left, and what to print in the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// How it was left.
    pub outcome: Outcome,
    /// Three lines about the session, safe to print; empty before the first audio.
    pub summary: Vec<String>,
}

/// How the screen was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The user quit.
    Quit,
    /// The session ended.
    Ended,
    /// The user returned to the list that the recording was chosen from.
    Back,
    /// The user chose a recording from the list: its number.
    Opened(usize),
    /// A signal requested the end: its number.
    Signal(i32),
}

/// Why the screen was closed.
#[derive(Debug, thiserror::Error)]
pub enum DashboardError {
    /// The terminal failed.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
    /// The session ended with an error: its message.
    #[error("{0}")]
    Session(String),
    /// The session's channel closed without a result.
    #[error("the session ended without saying why")]
    Lost,
    /// A thread panicked; its message is already on standard error.
    #[error("a part of the program failed")]
    Panicked,
}

/// Shows a session until it ends or the user leaves.
///
/// Runs on the calling thread. The session should send updates through a bounded
/// channel and never wait for space, because a terminal may block for any time. After
/// `Update::Ended(Ok(()))` of a replay the picture stays until a key is pressed. A
/// session that still reads `controls` may be moved back by [`Control::SeekTo`].
/// [`Control::Quit`] is sent whenever the screen is left.
///
/// # Errors
///
/// When the terminal fails, the session ends with an error or closes its channel, or a
/// thread panics. The terminal is restored in every case.
#[allow(clippy::needless_pass_by_value)] // the ends of both channels live as long as the screen
pub fn run(
    updates: Receiver<Update>,
    controls: Sender<Control>,
    options: Options,
) -> Result<Exit, DashboardError> {
    let state = State::new(options.quit_at_end)
        .with_page(options.page.clone())
        .with_list(options.from_list);
    let (outcome, state) = shown(&updates, &controls, &options, state)?;
    Ok(Exit {
        outcome,
        summary: summary::lines(state.latest()),
    })
}

/// Shows a list until the user chooses a recording or leaves. Returns the list with the
/// lengths known by then. It uses only [`Update::RecordingLength`].
///
/// # Errors
///
/// When the terminal fails or a thread panics.
#[allow(clippy::needless_pass_by_value)] // as in `run`
pub fn choose(
    menu: RecordingMenu,
    updates: Receiver<Update>,
    options: Options,
) -> Result<(Outcome, RecordingMenu), DashboardError> {
    let (controls, _nobody) = unbounded();
    let (outcome, state) = shown(&updates, &controls, &options, State::choosing(menu))?;
    let mut menu = state.recordings().cloned().unwrap_or_default();
    if let Outcome::Opened(number) = outcome {
        menu.selected = number;
    }
    Ok((outcome, menu))
}

/// Takes over the terminal and shows updates on it.
fn shown(
    updates: &Receiver<Update>,
    controls: &Sender<Control>,
    options: &Options,
    state: State,
) -> Result<(Outcome, State), DashboardError> {
    let (sender, inputs) = unbounded();
    let _signals = signals::watch(sender.clone())?;
    let mut screen = terminal::TerminalScreen::open(options, sender.clone())?;
    let _reader = terminal::Reader::start(sender)?;
    let mut state = state.with_reduced_motion(options.reduced_motion);
    let outcome = cycle::run(&mut screen, updates, &inputs, controls, &mut state);
    let _ = controls.try_send(Control::Quit); // the session may be over
    Ok((outcome?, state))
}
