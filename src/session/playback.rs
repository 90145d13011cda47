//! Playing a recording for a person: in step with the clock, once or in a loop.

use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::SessionError;
use super::outlets::Outlets;
use crate::messages::{Control, Update};

/// While paused, how long to wait for a control.
const PAUSED_WAIT: Duration = Duration::from_millis(200);
/// How long to wait for a control at most, in seconds.
const LONGEST_WAIT_S: f64 = 0.05;

/// Why a pass through a recording ended.
pub(super) enum Ending {
    /// Its end, so many seconds from its start.
    Reached(f64),
    /// The person quits.
    Quit,
}

/// How a recording is played.
#[derive(Debug, Clone, Copy)]
pub struct PlaybackOptions {
    /// Times real time; `None` is as fast as possible.
    pub speed: Option<f64>,
    /// Whether it starts again at its end.
    pub repeat: bool,
    /// Whether it waits at its end for [`Control::Quit`] or a seek back.
    pub linger: bool,
}

/// A recording that can be played from a place.
pub(super) trait Playable {
    /// Plays once, from `from` seconds; without, the first time and from the start.
    fn play(
        &mut self,
        from: Option<f64>,
        clock: &mut PlaybackClock,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
    ) -> Result<Ending, SessionError>;
}

/// Plays pass after pass once the screen is there, as long as the options or the
/// person want another.
pub(super) fn play_all(
    recording: &mut impl Playable,
    options: PlaybackOptions,
    outlets: &mut Outlets,
    controls: &Receiver<Control>,
) -> Result<(), SessionError> {
    outlets.wait_for_screen();
    let mut clock = PlaybackClock::new(options.speed);
    let mut from = None;
    loop {
        match recording.play(from, &mut clock, outlets, controls)? {
            Ending::Quit => break,
            Ending::Reached(_) if options.repeat => from = Some(0.0),
            Ending::Reached(_) if !options.linger => break,
            Ending::Reached(end_s) => {
                outlets.update(Update::Ended(Ok(())));
                from = wait_for_restart(controls, end_s);
                if from.is_none() {
                    break;
                }
            }
        }
        clock.paused = false;
    }
    Ok(())
}

/// At the end: where to continue, if at all.
fn wait_for_restart(controls: &Receiver<Control>, end_s: f64) -> Option<f64> {
    loop {
        let to = match controls.recv() {
            Ok(Control::SeekTo(seconds)) => seconds,
            Ok(Control::SeekBy(seconds)) => end_s + seconds,
            Ok(Control::Quit) | Err(_) => return None,
            Ok(_) => continue,
        };
        if to < end_s {
            return Some(to.max(0.0));
        }
    }
}

/// Keeps a recording in step with the clock.
pub(super) struct PlaybackClock {
    /// Times real time; `None` is as fast as possible.
    pub(super) speed: Option<f64>,
    /// Whether it stands still.
    pub(super) paused: bool,
    since: Instant,
    from_s: f64,
}

impl PlaybackClock {
    fn new(speed: Option<f64>) -> Self {
        Self {
            speed,
            paused: false,
            since: Instant::now(),
            from_s: 0.0,
        }
    }

    /// Counts from this position on.
    pub(super) fn anchor(&mut self, position_s: f64) {
        self.since = Instant::now();
        self.from_s = position_s;
    }

    /// The position that is due, in seconds.
    pub(super) fn position_s(&self) -> f64 {
        match self.speed {
            _ if self.paused => self.from_s,
            None => f64::INFINITY,
            Some(speed) => self.from_s + speed * self.since.elapsed().as_secs_f64(),
        }
    }

    /// How long to wait before the next samples; zero if they are due.
    pub(super) fn wait(&self, position_s: f64) -> Duration {
        if self.paused {
            return PAUSED_WAIT;
        }
        let Some(speed) = self.speed else {
            return Duration::ZERO;
        };
        let ahead_s = (position_s - self.from_s) / speed - self.since.elapsed().as_secs_f64();
        Duration::from_secs_f64(ahead_s.clamp(0.0, LONGEST_WAIT_S))
    }
}
