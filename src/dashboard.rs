//! The live screen.
//!
//! [`run`] holds the terminal until the session is over or the person leaves.
//! What is known ([`state`]) and how it looks ([`theme`], [`view`]) are pure;
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

/// What the caller decides.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "none depends on another")]
pub struct Options {
    /// Colours and characters; [`Theme::from_env`] knows what is wanted.
    pub theme: Theme,
    /// Whether at most two pictures a second are drawn.
    pub reduced_motion: bool,
    /// Whether the mouse is used; then the terminal selects text only with shift, or not at all.
    pub mouse: bool,
    /// Whether a replay leaves the screen when it is over. A live session
    /// always does.
    pub quit_at_end: bool,
    /// Address of the page of the session, where there is one.
    pub page: Option<String>,
    /// Whether the recording was chosen from a list, to which Escape leads back.
    pub from_list: bool,
    /// Where what libraries print to standard error goes while the screen is
    /// open; nowhere without it. A standard error that is no terminal is left
    /// as it is.
    pub log: Option<PathBuf>,
    /// Whether a panic on the asking thread is about to be caught, so that the
    /// screen can stay.
    pub caught: fn() -> bool,
}

/// The screen was left: how, and what is to stay in the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// How.
    pub outcome: Outcome,
    /// Three lines about the session, safe to print; none before the first audio.
    pub summary: Vec<String>,
}

/// How the screen was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The person quit.
    Quit,
    /// The session was over.
    Ended,
    /// The person went back to the list that the recording was chosen from.
    Back,
    /// The person chose a recording of the list: its number.
    Opened(usize),
    /// A signal asked to leave: its number.
    Signal(i32),
}

/// Why the screen had to be left.
#[derive(Debug, thiserror::Error)]
pub enum DashboardError {
    /// The terminal failed.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
    /// The session ended with an error: its message.
    #[error("{0}")]
    Session(String),
    /// The session's side hung up without a word.
    #[error("the session ended without saying why")]
    Lost,
    /// A thread panicked; its message is on standard error already.
    #[error("a part of the program failed")]
    Panicked,
}

/// Shows a session until it is over or the person leaves.
///
/// Runs on the calling thread. The session should offer updates through a
/// bounded channel and never wait for room: a terminal may block for as long as
/// it likes. After `Update::Ended(Ok(()))` of a replay the picture stands until
/// a key; a session that still reads `controls` may be sent back by
/// [`Control::SeekTo`]. [`Control::Quit`] is sent whenever the screen is left.
///
/// # Errors
///
/// When the terminal fails, the session ends with an error or hangs up, or a
/// thread panics. The terminal is restored in every case.
#[allow(clippy::needless_pass_by_value)] // the ends of both channels live as long as the screen
pub fn run(
    updates: Receiver<Update>,
    controls: Sender<Control>,
    options: Options,
) -> Result<Left, DashboardError> {
    let state = State::new(options.quit_at_end)
        .with_page(options.page.clone())
        .with_list(options.from_list);
    let (outcome, state) = shown(&updates, &controls, &options, state)?;
    Ok(Left {
        outcome,
        summary: summary::lines(state.latest()),
    })
}

/// Shows a list until the person chooses a recording or leaves; gives the list back
/// with what is known of it by then. Only [`Update::RecordingLength`] is of use to it.
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

/// Takes the terminal, and shows updates on it.
fn shown(
    updates: &Receiver<Update>,
    controls: &Sender<Control>,
    options: &Options,
    state: State,
) -> Result<(Outcome, State), DashboardError> {
    let (sender, inputs) = unbounded();
    let _signals = signals::watch(sender.clone())?;
    let mut screen = terminal::Screen::open(options, sender.clone())?;
    let _reader = terminal::Reader::start(sender)?;
    let mut state = state.with_reduced_motion(options.reduced_motion);
    let outcome = cycle::run(&mut screen, updates, &inputs, controls, &mut state);
    let _ = controls.try_send(Control::Quit); // the session may be over
    Ok((outcome?, state))
}
