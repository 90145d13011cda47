//! Plays a timeline that is analyzed ahead or was stored: with pause, seek and speed,
//! and with sound where there is any.

use std::io;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, never, select};

use super::audio_file::FileOptions;
use super::lookahead::{self, LookaheadPart};
use super::outlets::Outlets;
use super::playback::{PlaybackClock, PlaybackOptions};
use super::sound::SoundPlayback;
use super::status::status;
use super::timeline::AnalyzedTimeline;
use super::{SCREEN_INTERVAL, Session, SessionError};
use crate::audio::source::Source;
use crate::baseline::Baseline;
use crate::engine::Engine;
use crate::failpoint::failpoint;
use crate::messages::{Control, Jump, Level, Position, Status, Update};

/// How long to wait for a control while playing, and while paused.
const PLAYING_WAIT: Duration = Duration::from_millis(20);
const PAUSED_WAIT: Duration = Duration::from_millis(200);
/// The recording has ended where less than this is left, in seconds.
const END_MARGIN_S: f64 = 1e-3;

/// Plays a timeline. Playback and seeking change no prediction: a recording is analyzed
/// once, from its start to its end.
pub struct Player {
    timeline: AnalyzedTimeline,
    /// Results of the running analysis; closed once it is complete.
    parts: Receiver<LookaheadPart>,
    sound: Option<SoundPlayback>,
    status: Status,
    playback: PlaybackOptions,
    clock: PlaybackClock,
    /// Whether time advances; at the start it waits for the output.
    started: bool,
    ended: bool,
    /// Position to play from, before the next picture.
    target_s: Option<f64>,
    /// Number of events that were sent to the sinks or skipped.
    sent: usize,
    /// Target of the last seek: earlier events were skipped.
    sought_s: f64,
    /// Why the recording is incomplete.
    failure: Option<SessionError>,
}

impl Player {
    /// Plays a recording that `ahead` and `sound` both read, and analyzes it meanwhile;
    /// `first` is a third reader for finding its speakers first.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn of_recording(
        ahead: Box<dyn Source>,
        first: Option<Box<dyn Source>>,
        sound: Box<dyn Source>,
        engine: Engine,
        options: FileOptions,
        playback: PlaybackOptions,
    ) -> io::Result<Self> {
        let mut timeline = AnalyzedTimeline::default();
        timeline.claimed_s = ahead.total_s().filter(|total| *total > 0.0);
        let status = status(&engine, &options.name, ahead.spec(), true);
        let sound = SoundPlayback::new(sound, options.channel.whole(), playback.mute);
        let parts = lookahead::start(ahead, first, engine, options)?;
        let mut player = Self::new(timeline, status, playback);
        player.parts = parts;
        player.sound = Some(sound);
        Ok(player)
    }

    /// Plays a complete timeline.
    pub(super) fn new(
        timeline: AnalyzedTimeline,
        status: Status,
        playback: PlaybackOptions,
    ) -> Self {
        Self {
            timeline,
            parts: never(),
            sound: None,
            status: Status {
                analyzed_ahead: true,
                ..status
            },
            clock: PlaybackClock::new(playback.speed),
            playback,
            started: false,
            ended: false,
            target_s: Some(0.0),
            sent: 0,
            sought_s: 0.0,
            failure: None,
        }
    }

    /// The playback position, in seconds from the start.
    fn position_s(&mut self) -> f64 {
        let sound_s = self.sound.as_mut().and_then(SoundPlayback::position_s);
        let total_s = self.timeline.total_s();
        if self.sound.as_mut().is_some_and(SoundPlayback::is_over) {
            return total_s;
        }
        // As fast as possible is limited by the analysis.
        let most_s = match self.clock.speed {
            None => self.timeline.analyzed_s,
            Some(_) => total_s,
        };
        sound_s
            .unwrap_or_else(|| self.clock.position_s())
            .min(most_s)
    }

    /// Takes the results since the last call.
    fn take_parts(&mut self, outlets: &mut Outlets) -> Result<(), SessionError> {
        while let Ok(part) = self.parts.try_recv() {
            self.take_part(part, outlets)?;
        }
        Ok(())
    }

    fn take_part(
        &mut self,
        part: LookaheadPart,
        outlets: &mut Outlets,
    ) -> Result<(), SessionError> {
        let complete = part.end.is_some();
        let analyzed = self.timeline.extend(part.events, part.until_s, complete);
        self.timeline.extend_levels(part.levels);
        self.status.inference_ms = part.inference_ms;
        outlets.update(Update::Analyzed(analyzed));
        let notices = match part.end {
            None => return Ok(()),
            Some(Ok(notices)) => notices,
            Some(Err(error)) if self.timeline.analyzed_s <= 0.0 => return Err(error),
            Some(Err(error)) => {
                let notice = error.to_string();
                self.failure = Some(error);
                vec![notice]
            }
        };
        self.parts = never();
        for notice in notices {
            outlets.update(Update::Notice(notice));
        }
        Ok(())
    }

    /// Starts the time, and moves sound and clock to the target.
    fn settle(&mut self) {
        if let Some(sound) = &mut self.sound {
            let opened = sound.has_opened();
            if !self.started && sound.is_opening() {
                return;
            }
            if opened && self.target_s.is_none() {
                self.target_s = Some(self.position_s());
            }
        }
        self.started = true;
        if let Some(target_s) = self.target_s.take() {
            self.clock.anchor(target_s);
            if let Some(sound) = &mut self.sound {
                if self.clock.speed == Some(1.0) {
                    sound.play_from(target_s, self.clock.paused);
                } else {
                    sound.stop();
                }
            }
        }
        let at_s = self.position_s();
        if let Some(sound) = &mut self.sound {
            let sound_s = sound.position_s().is_some();
            sound.feed();
            if sound_s && sound.position_s().is_none() {
                self.clock.anchor(at_s); // without sound from here on
            }
        }
    }

    /// Sends the events until a time to the sinks; the screen already has them.
    fn send(&mut self, at_s: f64, outlets: &mut Outlets) {
        let passed = self.count_passed(self.sought_s);
        if self.sent == 0 && passed > 0 {
            outlets.send_to_sinks(&self.timeline.events(0..1)); // the header
        }
        self.sent = self.sent.max(passed);
        let due = self.timeline.count_until(at_s);
        if due > self.sent {
            outlets.send_to_sinks(&self.timeline.events(self.sent..due));
            self.sent = due;
        }
    }

    /// How many events a seek to a position skips; none when it goes to the start.
    fn count_passed(&self, to_s: f64) -> usize {
        if to_s > 0.0 {
            self.timeline.count_until(to_s)
        } else {
            0
        }
    }

    fn seek(&mut self, to_s: f64, outlets: &mut Outlets) {
        let to_s = to_s.clamp(0.0, self.timeline.total_s());
        let known = self.count_passed(to_s);
        let was_over = self.timeline.complete && self.sent == self.timeline.len();
        if was_over && 0 < known && known < self.sent {
            // What follows the summary is another session, which needs a header.
            outlets.send_to_sinks(&self.timeline.events(0..1));
        }
        self.sent = self.sent.min(known);
        self.sought_s = to_s;
        if self.ended {
            self.ended = false;
            self.clock.paused = false;
        }
        self.target_s = Some(to_s);
    }

    /// Handles a control; returns whether to continue.
    fn handle(&mut self, control: &Control, outlets: &mut Outlets) -> bool {
        let now_s = self.target_s.unwrap_or_else(|| self.position_s());
        match control {
            Control::Quit => return false,
            Control::SeekBy(seconds) => self.seek(now_s + seconds, outlets),
            Control::SeekTo(seconds) => self.seek(*seconds, outlets),
            Control::Jump(jump) => match self.timeline.jump(now_s, jump) {
                Some(to_s) => self.seek(to_s, outlets),
                None => outlets.update(Update::Notice(self.no_utterance(jump))),
            },
            Control::TogglePause => {
                self.clock.paused = !self.clock.paused;
                self.clock.anchor(now_s);
                if let Some(sound) = &mut self.sound {
                    sound.hold(self.clock.paused);
                }
            }
            Control::Speed(speed) => {
                self.clock.speed = Some(*speed);
                self.target_s = Some(now_s);
            }
            Control::Volume(volume) => {
                if let Some(sound) = &mut self.sound {
                    sound.set_volume(*volume);
                }
            }
            _ => {}
        }
        true
    }

    fn no_utterance(&self, jump: &Jump) -> String {
        let yet = if self.timeline.complete {
            ""
        } else {
            " yet: the rest is being analyzed"
        };
        match jump {
            Jump::Next => format!("no later utterance{yet}"),
            Jump::Previous => "no earlier utterance".to_owned(),
            Jump::NextOf(label) => format!("no later utterance with {label}{yet}"),
        }
    }

    /// Sends position, level and a changed status.
    fn report(&mut self, at_s: f64, shown: &mut LastSent, outlets: &mut Outlets) {
        failpoint("session");
        self.status.sound = match &self.sound {
            Some(sound) => sound.status(),
            None => crate::messages::Sound::None,
        };
        self.status.samples_lost = self.timeline.samples_lost(at_s);
        if shown.status.as_ref() != Some(&self.status) {
            shown.status = Some(self.status.clone());
            outlets.update(Update::Status(self.status.clone()));
        }
        outlets.update(Update::Position(Position {
            at_s,
            total_s: Some(self.timeline.total_s()).filter(|total| *total > 0.0),
            speed: self.clock.speed,
            paused: self.clock.paused,
        }));
        let level = self.timeline.level(at_s).copied();
        if !self.clock.paused && level != shown.level {
            shown.level = level;
            if let Some(level) = level {
                outlets.update(Update::Level(level));
            }
        }
        shown.at = Some(Instant::now());
    }

    /// Plays until the user quits, or to the end where nobody waits there.
    fn play(
        &mut self,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
    ) -> Result<(), SessionError> {
        let mut shown = LastSent::default();
        outlets.update(Update::Status(self.status.clone()));
        if !self.timeline.is_empty() {
            outlets.update(Update::Analyzed(self.timeline.whole()));
        }
        loop {
            self.take_parts(outlets)?;
            self.settle();
            let total_s = self.timeline.total_s();
            let mut at_s = self.position_s();
            let over = self.timeline.complete && at_s >= total_s - END_MARGIN_S;
            if over {
                at_s = total_s;
            }
            self.send(at_s, outlets);
            let due = shown.at.is_none_or(|at| at.elapsed() >= SCREEN_INTERVAL);
            if (over || due) && !self.ended {
                self.report(at_s, &mut shown, outlets);
            }
            if over && !self.ended {
                if self.playback.repeat {
                    (self.sent, self.sought_s) = (0, 0.0);
                    self.clock.paused = false;
                    self.target_s = Some(0.0);
                    continue;
                }
                if !self.playback.linger {
                    return Ok(());
                }
                self.ended = true;
                outlets.update(Update::Ended(Ok(())));
            }
            let still = self.ended || self.clock.paused;
            let wait = if still { PAUSED_WAIT } else { PLAYING_WAIT };
            let mut control = None;
            select! {
                recv(controls) -> next => control = Some(next.unwrap_or(Control::Quit)),
                recv(self.parts) -> part => match part {
                    Ok(part) => self.take_part(part, outlets)?,
                    Err(_) => return Err(SessionError::Crashed),
                },
                default(wait) => {}
            }
            while let Some(wanted) = control {
                if !self.handle(&wanted, outlets) {
                    return Ok(());
                }
                shown.at = None;
                control = super::next_control(controls);
            }
        }
    }
}

/// The last state sent to the screen.
#[derive(Default)]
struct LastSent {
    at: Option<Instant>,
    status: Option<Status>,
    level: Option<Level>,
}

impl Session for Player {
    fn run(
        mut self,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
    ) -> Result<Option<Baseline>, SessionError> {
        outlets.wait_for_screen();
        self.play(outlets, controls)?;
        match self.failure {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }
}
