//! The main loop: wait, apply, draw. It draws only after a change and wakes only for an
//! input.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, at, never, select};

use super::keys::{Key, Pointer};
use super::state::{Action, Effect, PointerTarget, State};
use super::{DashboardError, Outcome};
use crate::messages::{Control, Update};

/// Shortest time between two pictures.
const FRAME_INTERVAL: Duration = Duration::from_millis(50);
/// Shortest time between two pictures with reduced motion.
const REDUCED_FRAME_INTERVAL: Duration = Duration::from_millis(500);
/// How long to wait for the reason of a failure on a busy machine.
const FAILURE_REASON_TIMEOUT: Duration = Duration::from_secs(1);
/// Most updates that are applied before keys are processed.
const UPDATES_PER_TURN: usize = 4096;

/// Inputs of the dashboard besides updates.
#[derive(Debug, Clone, PartialEq)]
pub enum InputEvent {
    /// A key.
    Key(Key),
    /// A key that types a character, with its other meaning.
    Typed(char, Option<Key>),
    /// The mouse, at a column and a row of the terminal.
    Mouse(Pointer, u16, u16),
    /// The terminal was resized.
    Resize,
    /// A signal requests the end.
    Signal(i32),
    /// A signal requests a suspension.
    Suspend,
    /// The program continues after a suspension.
    Resumed,
    /// A thread panicked; the terminal is already restored.
    Panicked,
    /// Keys can no longer be read: the reason.
    Broken(String),
}

/// The target of pictures.
pub trait Screen {
    /// Draws a picture.
    ///
    /// # Errors
    ///
    /// When the terminal fails.
    fn draw(&mut self, state: &State) -> io::Result<()>;

    /// Writes the picture to a new file; returns its name.
    ///
    /// # Errors
    ///
    /// The system's error.
    fn save(&self, state: &State) -> io::Result<PathBuf>;

    /// What is at a column and a row of the last picture.
    fn target(&self, state: &State, column: u16, row: u16) -> PointerTarget;

    /// Restores the terminal, stops the program, and takes over the terminal again when
    /// the program continues.
    ///
    /// # Errors
    ///
    /// When the terminal fails.
    fn suspend(&mut self) -> io::Result<()>;

    /// Takes over the terminal again after a stop by another process. The next picture
    /// is drawn completely.
    ///
    /// # Errors
    ///
    /// When the terminal fails.
    fn resume(&mut self) -> io::Result<()>;
}

/// The result of one pass through the loop.
enum Turn {
    Same,
    Redraw,
    Leave(Result<Outcome, DashboardError>),
}

/// Shows updates on a screen until the session ends or the user leaves.
///
/// # Errors
///
/// As [`super::run`].
pub fn run(
    screen: &mut impl Screen,
    updates: &Receiver<Update>,
    inputs: &Receiver<InputEvent>,
    controls: &Sender<Control>,
    state: &mut State,
) -> Result<Outcome, DashboardError> {
    let hung_up = never();
    let mut updates = updates;
    let mut changed = true;
    let mut next = Instant::now();
    let frame = if state.reduced_motion() {
        REDUCED_FRAME_INTERVAL
    } else {
        FRAME_INTERVAL
    };
    loop {
        if changed && Instant::now() >= next {
            if let Err(error) = screen.draw(state) {
                return leave(error, inputs);
            }
            changed = false;
            next = Instant::now() + frame;
        }
        let frame_due = if changed { at(next) } else { never() };
        let turn = select! {
            recv(inputs) -> input => match input {
                Ok(input) => take_input(state, input, controls, screen)
                    .unwrap_or_else(|error| Turn::Leave(leave(error, inputs))),
                Err(_) => Turn::Leave(Err(DashboardError::Lost)),
            },
            recv(updates) -> update => match update {
                Ok(update) => take_updates(state, &update, updates),
                Err(_) if state.over() => {
                    updates = &hung_up;
                    Turn::Same
                }
                Err(_) => Turn::Leave(leave(DashboardError::Lost, inputs)),
            },
            recv(frame_due) -> _ => Turn::Same,
        };
        match turn {
            Turn::Same => {}
            Turn::Redraw => changed = true,
            Turn::Leave(result) => return result,
        }
    }
}

/// Applies an update and all others that already wait.
fn take_updates(state: &mut State, first: &Update, updates: &Receiver<Update>) -> Turn {
    let mut turn = Turn::Same;
    let mut effect = state.apply(first);
    for _ in 0..UPDATES_PER_TURN {
        match effect {
            Effect::None => {}
            Effect::Redraw => turn = Turn::Redraw,
            Effect::End(Ok(())) => return Turn::Leave(Ok(Outcome::Ended)),
            Effect::End(Err(why)) => return Turn::Leave(Err(DashboardError::Session(why))),
        }
        let Ok(update) = updates.try_recv() else {
            break;
        };
        effect = state.apply(&update);
    }
    turn
}

fn take_input(
    state: &mut State,
    input: InputEvent,
    controls: &Sender<Control>,
    screen: &mut impl Screen,
) -> io::Result<Turn> {
    let action = match input {
        InputEvent::Key(key) => state.press(key),
        InputEvent::Typed(typed, key) => match (state.type_char(typed), key) {
            (Some(action), _) => action,
            (None, Some(key)) => state.press(key),
            (None, None) => Action::None,
        },
        InputEvent::Mouse(pointer, column, row) => {
            let target = screen.target(state, column, row);
            state.point(pointer, target)
        }
        InputEvent::Suspend => Action::Suspend,
        InputEvent::Resumed => {
            screen.resume()?;
            Action::Redraw
        }
        InputEvent::Resize => Action::Redraw,
        InputEvent::Signal(number) => return Ok(Turn::Leave(Ok(Outcome::Signal(number)))),
        InputEvent::Panicked => return Ok(Turn::Leave(Err(DashboardError::Panicked))),
        InputEvent::Broken(why) => return Err(io::Error::other(why)),
    };
    Ok(match action {
        Action::None => Turn::Same,
        Action::Redraw => Turn::Redraw,
        Action::Quit => Turn::Leave(Ok(Outcome::Quit)),
        Action::Back => Turn::Leave(Ok(Outcome::Back)),
        Action::Open(number) => Turn::Leave(Ok(Outcome::Opened(number))),
        Action::Send(control) => {
            if let Err(TrySendError::Disconnected(_)) = controls.try_send(control) {
                state.notify("the session is over: q quits");
            }
            Turn::Redraw
        }
        Action::Save => {
            state.notify(&match screen.save(state) {
                Ok(path) => format!("saved {}", path.display()),
                Err(error) => format!("the picture cannot be saved here: {error}"),
            });
            Turn::Redraw
        }
        Action::Suspend => {
            screen.suspend()?;
            Turn::Redraw
        }
    })
}

/// Leaves with the original reason of a failure. A panic or a signal that is still on
/// its way precedes its consequences. A terminal that disappears breaks the keys and
/// sends SIGCONT and SIGHUP, in any order.
fn leave(
    failure: impl Into<DashboardError>,
    inputs: &Receiver<InputEvent>,
) -> Result<Outcome, DashboardError> {
    while let Ok(input) = inputs.recv_timeout(FAILURE_REASON_TIMEOUT) {
        match input {
            InputEvent::Panicked => return Err(DashboardError::Panicked),
            InputEvent::Signal(number) => return Ok(Outcome::Signal(number)),
            _ => {}
        }
    }
    Err(failure.into())
}
