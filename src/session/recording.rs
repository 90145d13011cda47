//! A recording through the pipeline: in step with the clock for a person, or as
//! fast as it goes.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::{InferenceTime, Outlets, SessionError, Teller, header, pipeline, status};
use crate::audio::source::{DecodeError, Source};
use crate::baseline::Baseline;
use crate::dsp::mono::ChannelChoice;
use crate::engine::Engine;
use crate::events::{ErrorEvent, Event, SourceKind};
use crate::messages::{Control, Position, Update};
use crate::pipeline::Pipeline;

/// How a recording is played.
#[derive(Debug, Clone)]
pub struct Playback {
    /// File, or standard input.
    pub kind: SourceKind,
    /// Path as given, for the header.
    pub name: String,
    /// Which channels to hear.
    pub choice: ChannelChoice,
    /// Times real time; `None` is as fast as possible.
    pub speed: Option<f64>,
    /// Whether it begins again at its end.
    pub repeat: bool,
}

/// Runs a recording through a pipeline without looking at the clock; `event`
/// gets every event, the header and the summary included. A recording that
/// breaks off gives the events up to there, an `error` and the summary. Returns
/// what is known of the voice in the end, if the model judges against a baseline.
///
/// # Errors
/// What is wrong with the recording or the engine; it was an event as well.
pub fn analyze(
    source: &mut dyn Source,
    engine: &Engine,
    playback: &Playback,
    mut event: impl FnMut(Event),
) -> Result<Option<Baseline>, SessionError> {
    let mut session = Session::begin(source, engine, playback)?;
    loop {
        let step = session.step(source);
        session.events.drain(..).for_each(&mut event);
        match step {
            Ok(true) => {}
            Ok(false) => return Ok(session.core.baseline()),
            Err(error) => return Err(error),
        }
    }
}

/// Plays a recording for a person: in step with the clock, with pause, seek
/// and speed, until its end or until the person has enough. With `linger` it
/// waits at its end for [`Control::Quit`] or a seek back, and goes on from there.
///
/// # Errors
/// What is wrong with the recording or the engine; it was an event as well.
pub fn play(
    source: &mut dyn Source,
    engine: &Engine,
    playback: &Playback,
    outlets: &mut Outlets,
    controls: &Receiver<Control>,
    linger: bool,
) -> Result<(), SessionError> {
    rounds(
        playback,
        outlets,
        controls,
        linger,
        |from, outlets, pace| {
            let begin = match from.map(|from| source.seek(from)) {
                None => 0.0,
                Some(Ok(landed)) => landed,
                // Standard input is over for good.
                Some(Err(DecodeError::CannotSeek)) if !playback.repeat => {
                    return Ok(Ending::Reached(0.0));
                }
                Some(Err(error)) => return Err(decode(&playback.name, error)),
            };
            play_once(source, begin, engine, playback, outlets, controls, pace)
        },
    )
}

/// Plays round after round as long as the playback or the person wants another;
/// `play` gets the place where to begin, in seconds, in all but the first.
pub(super) fn rounds(
    playback: &Playback,
    outlets: &mut Outlets,
    controls: &Receiver<Control>,
    linger: bool,
    mut play: impl FnMut(Option<f64>, &mut Outlets, &mut Pace) -> Result<Ending, SessionError>,
) -> Result<(), SessionError> {
    let mut pace = Pace::new(playback.speed);
    let mut from = None;
    loop {
        match play(from, outlets, &mut pace)? {
            Ending::Quit => break,
            Ending::Reached(_) if playback.repeat => from = Some(0.0),
            Ending::Reached(_) if !linger => break,
            Ending::Reached(end_s) => {
                outlets.update(Update::Ended(Ok(())));
                from = wait_for_restart(controls, end_s);
                if from.is_none() {
                    break;
                }
            }
        }
        pace.paused = false;
    }
    Ok(())
}

/// Why a recording stopped playing.
pub(super) enum Ending {
    /// Its end, so many seconds from its begin.
    Reached(f64),
    /// The person has enough.
    Quit,
}

fn play_once(
    source: &mut dyn Source,
    begin: f64,
    engine: &Engine,
    playback: &Playback,
    outlets: &mut Outlets,
    controls: &Receiver<Control>,
    pace: &mut Pace,
) -> Result<Ending, SessionError> {
    let mut session = Session::begin(source, engine, playback)?;
    let mut teller = Teller::new(status(engine, &playback.name, source.spec(), true));
    if begin > 0.0 {
        session.go_to(begin)?;
    }
    pace.anchor(begin);
    let position = |at_s, source: &dyn Source, pace: &Pace| {
        Update::Position(Position {
            at_s,
            total_s: source.total_s(),
            speed: pace.speed,
            paused: pace.paused,
        })
    };
    // Before any event, so that a screen goes back first.
    outlets.update(position(begin, source, pace));
    loop {
        let mut control = None;
        let wait = pace.wait(session.core.position_s());
        if wait.is_zero() {
            let more = session.step(source);
            outlets.send(&mut session.events);
            if !more? {
                return Ok(Ending::Reached(session.core.position_s()));
            }
        } else {
            match controls.recv_timeout(wait) {
                Ok(wish) => control = Some(wish),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => control = Some(Control::Quit),
            }
        }
        if let Some(control) = control.or_else(|| super::wish(controls)) {
            if control == Control::Quit {
                session.close(Ok(())).ok();
                outlets.send(&mut session.events);
                return Ok(Ending::Quit);
            }
            session.obey(&control, source, pace)?;
            outlets.send(&mut session.events);
            teller.last = None;
        }
        if teller.tell(&mut session.core, &session.time, outlets) {
            outlets.update(position(session.core.position_s(), source, pace));
        }
    }
}

/// At the end: where to go on, if at all.
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

/// One pass through a recording.
struct Session<'a> {
    core: Pipeline,
    time: InferenceTime,
    playback: &'a Playback,
    samples: Vec<f32>,
    events: Vec<Event>,
}

impl<'a> Session<'a> {
    fn begin(
        source: &dyn Source,
        engine: &Engine,
        playback: &'a Playback,
    ) -> Result<Self, SessionError> {
        let spec = source.spec();
        let (core, time) = pipeline(engine, spec, playback.choice)?;
        let start = header(engine, playback.kind, &playback.name, spec);
        let events = vec![Event::SessionStart(start)];
        Ok(Self {
            core,
            time,
            playback,
            samples: Vec::new(),
            events,
        })
    }

    /// Hears the next samples; `false` after the last, when the summary is out.
    fn step(&mut self, source: &mut dyn Source) -> Result<bool, SessionError> {
        self.samples.clear();
        let read = source.read(&mut self.samples);
        let heard = self
            .core
            .push(&self.samples, &mut self.events)
            .map_err(SessionError::from);
        let name = &self.playback.name;
        match heard.and(read.map_err(|error| decode(name, error))) {
            Ok(true) => Ok(true),
            Ok(false) => {
                let flaw = flaw(source).map(|error| decode(name, error));
                self.close(flaw.map_or(Ok(()), Err)).map(|()| false)
            }
            Err(error) => self.close(Err(error)).map(|()| false),
        }
    }

    /// The last events: what went wrong, what was still open, the summary.
    fn close(&mut self, result: Result<(), SessionError>) -> Result<(), SessionError> {
        if let Err(error) = &result {
            self.events.push(Event::Error(ErrorEvent {
                message: error.to_string(),
            }));
        }
        let finished = self
            .core
            .finish(&mut self.events)
            .map_err(SessionError::from);
        result.and(finished)
    }

    fn obey(
        &mut self,
        control: &Control,
        source: &mut dyn Source,
        pace: &mut Pace,
    ) -> Result<(), SessionError> {
        let now = self.core.position_s();
        match control {
            Control::TogglePause => pace.paused = !pace.paused,
            Control::Speed(speed) => pace.speed = Some(*speed),
            Control::SeekBy(seconds) => return self.seek(now + seconds, source, pace),
            Control::ResetSpeaker => self.core.reset_speaker(),
            Control::SeekTo(seconds) => return self.seek(*seconds, source, pace),
            _ => return Ok(()),
        }
        pace.anchor(now);
        Ok(())
    }

    /// What comes next is so many seconds from the begin.
    fn go_to(&mut self, seconds: f64) -> Result<(), SessionError> {
        let sample = (seconds * f64::from(self.core.input().rate)).round() as u64;
        Ok(self.core.seek(sample, &mut self.events)?)
    }

    fn seek(
        &mut self,
        seconds: f64,
        source: &mut dyn Source,
        pace: &mut Pace,
    ) -> Result<(), SessionError> {
        match source.seek(seconds.max(0.0)) {
            Ok(landed) => {
                pace.anchor(landed);
                self.go_to(landed)
            }
            // Standard input plays on.
            Err(DecodeError::CannotSeek) => Ok(()),
            Err(error) => Err(decode(&self.playback.name, error)),
        }
    }
}

/// What a recording that was read to its end still has to be said of.
fn flaw(source: &dyn Source) -> Option<DecodeError> {
    let damaged = source.damaged();
    if damaged > 0 {
        let packets = if damaged == 1 {
            "packet was"
        } else {
            "packets were"
        };
        return Some(DecodeError::Damaged(format!(
            "{damaged} {packets} heard as silence"
        )));
    }
    source
        .truncated()
        .then(|| DecodeError::Damaged("its last packet is cut off".into()))
}

/// Keeps a recording in step with the clock.
pub(super) struct Pace {
    /// Times real time; `None` is as fast as possible.
    pub(super) speed: Option<f64>,
    /// Whether it stands still.
    pub(super) paused: bool,
    since: Instant,
    from_s: f64,
}

impl Pace {
    fn new(speed: Option<f64>) -> Self {
        Self {
            speed,
            paused: false,
            since: Instant::now(),
            from_s: 0.0,
        }
    }

    /// From here on the clock counts.
    pub(super) fn anchor(&mut self, position_s: f64) {
        self.since = Instant::now();
        self.from_s = position_s;
    }

    /// The place that the clock says, in seconds.
    pub(super) fn position_s(&self) -> f64 {
        match self.speed {
            _ if self.paused => self.from_s,
            None => f64::INFINITY,
            Some(speed) => self.from_s + speed * self.since.elapsed().as_secs_f64(),
        }
    }

    /// How long to wait before the next samples; zero if they are due.
    fn wait(&self, position_s: f64) -> Duration {
        if self.paused {
            return Duration::from_millis(200);
        }
        let Some(speed) = self.speed else {
            return Duration::ZERO;
        };
        let ahead = (position_s - self.from_s) / speed - self.since.elapsed().as_secs_f64();
        Duration::from_secs_f64(ahead.clamp(0.0, 0.05))
    }
}

fn decode(name: &str, reason: DecodeError) -> SessionError {
    SessionError::Decode {
        name: name.into(),
        reason,
    }
}
