//! The cycle of waiting, applying and drawing, on a screen that counts its draws.

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use emoscope::dashboard::cycle::{InputEvent, Screen, run};
use emoscope::dashboard::keys::Key;
use emoscope::dashboard::state::{PointerTarget, State};
use emoscope::dashboard::{DashboardError, Outcome};
use emoscope::messages::{Control, Update};

use super::scenes::{SEVEN, level, replay, talk};

#[derive(Default)]
struct Counting {
    pictures: usize,
    suspended: usize,
    broken: bool,
    gone: bool,
    /// The notice that the last state shows.
    notice: Option<String>,
}

impl Screen for Counting {
    fn draw(&mut self, _state: &State) -> io::Result<()> {
        self.pictures += 1;
        if self.broken {
            return Err(io::Error::other("hung up"));
        }
        Ok(())
    }

    fn save(&self, _state: &State) -> io::Result<PathBuf> {
        if self.gone {
            return Err(io::Error::other("read-only"));
        }
        Ok("emoscope-3.svg".into())
    }

    fn target(&self, _state: &State, column: u16, _row: u16) -> PointerTarget {
        PointerTarget::Line(f64::from(column) / 100.0)
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.suspended += 1;
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        if self.gone {
            return Err(io::Error::other("hung up"));
        }
        Ok(())
    }
}

struct Session {
    updates: Sender<Update>,
    inputs: Sender<InputEvent>,
    controls: Receiver<Control>,
    end: thread::JoinHandle<(Result<Outcome, DashboardError>, Counting)>,
}

impl Session {
    fn start(mut screen: Counting) -> Self {
        let (updates, from_session) = bounded(1024);
        let (inputs, from_person) = unbounded();
        let (to_session, controls) = unbounded();
        let end = thread::spawn(move || {
            let mut state = State::new(false);
            let outcome = run(
                &mut screen,
                &from_session,
                &from_person,
                &to_session,
                &mut state,
            );
            screen.notice = state.picture().notice().map(str::to_owned);
            (outcome, screen)
        });
        Self {
            updates,
            inputs,
            controls,
            end,
        }
    }

    fn end(self) -> (Result<Outcome, DashboardError>, usize) {
        let (outcome, screen) = self.end.join().unwrap();
        (outcome, screen.pictures)
    }
}

#[test]
fn a_flood_of_updates_is_drawn_in_few_pictures() {
    let session = Session::start(Counting::default());
    for i in 0..20_000 {
        let at = f64::from(i) / 100.0;
        session.updates.send(level(at, -20.0, false)).unwrap();
    }
    session.updates.send(Update::Ended(Ok(()))).unwrap();
    let (outcome, pictures) = session.end();
    assert!(matches!(outcome, Ok(Outcome::Ended)));
    assert!(pictures < 200, "{pictures} pictures");
}

#[test]
fn without_a_change_nothing_is_drawn() {
    let session = Session::start(Counting::default());
    for i in 0..40 {
        session
            .updates
            .send(level(0.01 * f64::from(i), -90.0, false))
            .unwrap();
        thread::sleep(Duration::from_millis(5));
    }
    session.inputs.send(InputEvent::Key(Key::Quit)).unwrap();
    let (outcome, pictures) = session.end();
    assert!(matches!(outcome, Ok(Outcome::Quit)));
    assert!(pictures <= 2, "{pictures} pictures"); // the first, and that audio came
}

#[test]
fn every_way_to_end() {
    let leave = |input| {
        let session = Session::start(Counting::default());
        session.inputs.send(input).unwrap();
        session.end().0
    };
    assert!(matches!(
        leave(InputEvent::Key(Key::Escape)),
        Ok(Outcome::Quit)
    ));
    assert!(matches!(
        leave(InputEvent::Signal(15)),
        Ok(Outcome::Signal(15))
    ));
    let panicked = leave(InputEvent::Panicked);
    assert!(matches!(panicked, Err(DashboardError::Panicked)));
    let broken = leave(InputEvent::Broken("no terminal".into()));
    assert!(matches!(broken, Err(DashboardError::Terminal(_))));
    let session = Session::start(Counting::default());
    let failed = Update::Ended(Err("no microphone".into()));
    session.updates.send(failed).unwrap();
    let (outcome, _) = session.end();
    assert_eq!(outcome.unwrap_err().to_string(), "no microphone");
}

#[test]
fn a_session_that_vanishes_is_noticed() {
    let session = Session::start(Counting::default());
    drop(session.updates);
    let (outcome, _) = session.end.join().unwrap();
    assert!(matches!(outcome, Err(DashboardError::Lost)));
}

/// A panic is reported before the closed channel of its thread, a signal before the closed terminal.
#[test]
fn the_root_cause_is_reported() {
    let session = Session::start(Counting::default());
    drop(session.updates);
    session.inputs.send(InputEvent::Panicked).unwrap();
    let (outcome, _) = session.end.join().unwrap();
    assert!(matches!(outcome, Err(DashboardError::Panicked)));

    let screen = Counting {
        broken: true,
        ..Counting::default()
    };
    let session = Session::start(screen);
    session.inputs.send(InputEvent::Signal(1)).unwrap();
    assert!(matches!(session.end().0, Ok(Outcome::Signal(1))));

    // A terminal that is closed sends SIGCONT beside SIGHUP, and its screen is gone.
    let screen = Counting::default();
    let session = Session::start(Counting {
        gone: true,
        ..screen
    });
    session.inputs.send(InputEvent::Resumed).unwrap();
    session.inputs.send(InputEvent::Signal(1)).unwrap();
    assert!(matches!(session.end().0, Ok(Outcome::Signal(1))));
}

#[test]
fn an_ended_replay_waits_for_a_key() {
    let session = Session::start(Counting::default());
    for update in replay() {
        session.updates.send(update).unwrap();
    }
    session.updates.send(Update::Ended(Ok(()))).unwrap();
    let Session {
        updates,
        inputs,
        controls,
        end,
    } = session;
    drop(updates); // the session is gone
    thread::sleep(Duration::from_millis(50));
    assert!(!end.is_finished());
    inputs.send(InputEvent::Key(Key::Home)).unwrap();
    assert_eq!(controls.recv().unwrap(), Control::SeekTo(0.0));
    drop(controls);
    inputs.send(InputEvent::Key(Key::Home)).unwrap(); // nothing receives it
    inputs.send(InputEvent::Key(Key::Quit)).unwrap();
    assert!(matches!(end.join().unwrap().0, Ok(Outcome::Quit)));
}

#[test]
fn a_saved_picture_is_named_and_a_failure_is_reported() {
    for (gone, said) in [(false, "saved emoscope-3.svg"), (true, "read-only")] {
        let session = Session::start(Counting {
            gone,
            ..Counting::default()
        });
        session.inputs.send(InputEvent::Key(Key::Save)).unwrap();
        session.inputs.send(InputEvent::Key(Key::Quit)).unwrap();
        let (_, screen) = session.end.join().unwrap();
        assert!(screen.notice.unwrap().contains(said));
    }
}

#[test]
fn a_stop_restores_the_terminal() {
    let session = Session::start(Counting::default());
    for update in talk(&SEVEN) {
        session.updates.send(update).unwrap();
    }
    session.inputs.send(InputEvent::Key(Key::Suspend)).unwrap();
    session.inputs.send(InputEvent::Suspend).unwrap();
    session.inputs.send(InputEvent::Key(Key::Quit)).unwrap();
    let (_, screen) = session.end.join().unwrap();
    assert_eq!(screen.suspended, 2);
}
