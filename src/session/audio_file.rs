//! Runs a recording through the pipeline: in real time for a listener, or as fast as
//! possible.

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::latency::LatencyMeter;
use super::outlets::Outlets;
use super::playback::{Ending, PlaybackClock, PlaybackOptions, wait_for_quit};
use super::status::{StatusReporter, level, status};
use super::{Session, SessionError, collectors, header, next_control, pipelines};
use crate::audio::source::{DecodeError, Source};
use crate::baseline::Baseline;
use crate::dsp::mono::ChannelSelection;
use crate::engine::Engine;
use crate::events::{ErrorEvent, Event, GapCause, SourceKind};
use crate::messages::{Control, Level, Position, Update};
use crate::pipeline::{ChannelPipelines, Collected};
use crate::speakers::turns::Turns;

/// The source and its options.
#[derive(Debug, Clone)]
pub struct FileOptions {
    /// File or standard input.
    pub kind: SourceKind,
    /// Name in the header.
    pub name: String,
    /// Selected channels.
    pub channel: ChannelSelection,
    /// Receives remarks that are not errors, while a recording is played.
    pub notice: fn(&str),
}

/// The results at the end of a recording.
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// The baseline of each analyzed channel, if the model uses one.
    pub baselines: Vec<Option<Baseline>>,
    /// Remarks that are not errors; each names the recording.
    pub notices: Vec<String>,
}

/// Runs a recording through a pipeline without a clock; `event` receives every event,
/// including the header and the summary. A recording that breaks off yields the events
/// up to there, an `error` and the summary.
///
/// # Errors
/// The error of the recording or the engine, which was also sent as an event.
pub fn analyze(
    source: &mut dyn Source,
    engine: &Engine,
    options: &FileOptions,
    event: &mut dyn FnMut(Event),
) -> Result<Analysis, SessionError> {
    let mut pass = Pass::new(source, engine, options)?;
    loop {
        let step = pass.step(source);
        pass.events.drain(..).for_each(&mut *event);
        if !step? {
            return Ok(Analysis {
                baselines: pass.pipelines.baselines(),
                notices: pass.notices(source),
            });
        }
    }
}

/// The engine with the turns of the recording's speakers, if it tracks speakers. They come
/// from a first pass without classification; the second pass reports the recording's
/// errors.
pub fn with_turns(source: &mut dyn Source, engine: &Engine, options: &FileOptions) -> Engine {
    let Some(speakers) = &engine.speakers else {
        return engine.clone();
    };
    let collected = collect(source, engine, options).into_iter();
    let turns = collected.map(|found| {
        Turns::new(
            &found.spans,
            &found.windows,
            speakers.count,
            speakers.tuning(),
        )
    });
    engine.with_turns(turns.collect())
}

/// The utterances and speaker windows of each channel that is analyzed, up to the first
/// error. Empty if the engine does not tell speakers apart.
pub fn collect(source: &mut dyn Source, engine: &Engine, options: &FileOptions) -> Vec<Collected> {
    let Ok(mut pass) = Pass::collecting(source, engine, options) else {
        return Vec::new();
    };
    while matches!(pass.step(source), Ok(true)) {
        pass.events.clear();
    }
    pass.pipelines.take_collected()
}

/// A recording that is analyzed once while it is read: in real time with pause and
/// speed, or as fast as possible.
pub struct FileSession {
    /// The recording.
    pub source: Box<dyn Source>,
    /// A second reader of the recording for finding its speakers first, where it can be
    /// read twice.
    pub first: Option<Box<dyn Source>>,
    /// Model and engine.
    pub engine: Engine,
    /// The source's options.
    pub options: FileOptions,
    /// The playback options.
    pub playback: PlaybackOptions,
}

impl Session for FileSession {
    fn run(
        mut self,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
    ) -> Result<Option<Baseline>, SessionError> {
        outlets.wait_for_screen();
        if let Some(mut first) = self.first.take() {
            self.engine = with_turns(&mut *first, &self.engine, &self.options);
        }
        let mut clock = PlaybackClock::new(self.playback.speed);
        while self.play_once(&mut clock, outlets, controls)? == Ending::Reached {
            if self.playback.repeat {
                let again = self.source.seek(0.0);
                again.map_err(|error| decode_error(&self.options.name, error))?;
                clock.paused = false;
                continue;
            }
            if self.playback.linger {
                outlets.update(Update::Ended(Ok(())));
                wait_for_quit(controls);
            }
            break;
        }
        Ok(None)
    }
}

impl FileSession {
    fn play_once(
        &mut self,
        clock: &mut PlaybackClock,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
    ) -> Result<Ending, SessionError> {
        let source = &mut *self.source;
        let mut pass = Pass::new(source, &self.engine, &self.options)?;
        let status = status(&self.engine, &self.options.name, source.spec(), true);
        let mut reporter = StatusReporter::new(status);
        clock.anchor(0.0);
        outlets.update(position(0.0, source, clock));
        loop {
            let mut control = None;
            let wait = clock.wait(pass.pipelines.position_s());
            if wait.is_zero() {
                let more = pass.step(source);
                outlets.send(&mut pass.events);
                if !more? {
                    for notice in pass.notices(source) {
                        (self.options.notice)(&notice);
                        outlets.update(Update::Notice(notice));
                    }
                    return Ok(Ending::Reached);
                }
            } else {
                match controls.recv_timeout(wait) {
                    Ok(next) => control = Some(next),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => control = Some(Control::Quit),
                }
            }
            if let Some(control) = control.or_else(|| next_control(controls)) {
                if control == Control::Quit {
                    pass.close(Ok(())).ok();
                    outlets.send(&mut pass.events);
                    return Ok(Ending::Quit);
                }
                pass.handle(&control, clock);
                outlets.send(&mut pass.events);
                reporter.hurry();
            }
            if reporter.report(&mut pass.pipelines, &pass.latency, outlets) {
                outlets.update(position(pass.pipelines.position_s(), source, clock));
            }
        }
    }
}

fn position(at_s: f64, source: &dyn Source, clock: &PlaybackClock) -> Update {
    Update::Position(Position {
        at_s,
        total_s: source.total_s(),
        speed: clock.speed,
        paused: clock.paused,
    })
}

/// One pass through a recording.
pub(super) struct Pass<'a> {
    pub(super) pipelines: ChannelPipelines,
    pub(super) latency: LatencyMeter,
    options: &'a FileOptions,
    samples: Vec<f32>,
    pub(super) events: Vec<Event>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        source: &dyn Source,
        engine: &Engine,
        options: &'a FileOptions,
    ) -> Result<Self, SessionError> {
        let spec = source.spec();
        let (pipelines, latency) = pipelines(engine, spec, options.channel)?;
        let start = header(engine, options.kind, &options.name, spec, options.channel);
        Ok(Self {
            pipelines,
            latency,
            options,
            samples: Vec::new(),
            events: vec![Event::SessionStart(start)],
        })
    }

    /// A pass that classifies nothing and collects the windows of the speakers.
    fn collecting(
        source: &dyn Source,
        engine: &Engine,
        options: &'a FileOptions,
    ) -> Result<Self, SessionError> {
        Ok(Self {
            pipelines: collectors(engine, source.spec(), options.channel)?,
            latency: LatencyMeter::default(),
            options,
            samples: Vec::new(),
            events: Vec::new(),
        })
    }

    /// Processes the next samples; `false` after the last, when the summary is sent.
    pub(super) fn step(&mut self, source: &mut dyn Source) -> Result<bool, SessionError> {
        self.samples.clear();
        let read = source.read(&mut self.samples);
        let missing = source.take_gap();
        let processed = if missing > 0 {
            self.skip(missing)
        } else {
            Ok(())
        };
        let samples = &self.samples;
        let processed =
            processed.and_then(|()| Ok(self.pipelines.push(samples, &mut self.events)?));
        let name = &self.options.name;
        match processed.and(read.map_err(|error| decode_error(name, error))) {
            Ok(true) => Ok(true),
            Ok(false) => {
                let flaw = flaw(source).map(|error| decode_error(name, error));
                self.close(flaw.map_or(Ok(()), Err)).map(|()| false)
            }
            Err(error) => self.close(Err(error)).map(|()| false),
        }
    }

    /// The level since the last call.
    pub(super) fn level(&mut self) -> Option<Level> {
        level(&mut self.pipelines)
    }

    /// Remarks about a recording that was read to its end.
    pub(super) fn notices(&self, source: &dyn Source) -> Vec<String> {
        let name = &self.options.name;
        let notes = source
            .notes()
            .into_iter()
            .map(|note| format!("{name} {note}"));
        let sole = self
            .pipelines
            .sole_channel()
            .map(|sole| format!("{name}: {sole}"));
        notes.chain(sole).collect()
    }

    /// Skips frames that the recording does not have. Before the first sample, its
    /// track begins later; after it, they are a gap.
    fn skip(&mut self, frames: u64) -> Result<(), SessionError> {
        if self.pipelines.position_s() > 0.0 {
            return Ok(self
                .pipelines
                .gap(frames, GapCause::Missing, &mut self.events)?);
        }
        Ok(self.pipelines.seek(frames, &mut self.events)?)
    }

    /// The last events: errors, open utterances, the summary.
    fn close(&mut self, result: Result<(), SessionError>) -> Result<(), SessionError> {
        if let Err(error) = &result {
            self.events.push(Event::Error(ErrorEvent {
                message: error.to_string(),
            }));
        }
        let finished = self
            .pipelines
            .finish(&mut self.events)
            .map_err(SessionError::from);
        result.and(finished)
    }

    fn handle(&mut self, control: &Control, clock: &mut PlaybackClock) {
        match control {
            Control::TogglePause => clock.paused = !clock.paused,
            Control::Speed(speed) => clock.speed = Some(*speed),
            Control::ResetSpeaker => self.pipelines.reset_speakers(),
            _ => return,
        }
        clock.anchor(self.pipelines.position_s());
    }
}

/// What is wrong with a recording that was read to its end.
fn flaw(source: &dyn Source) -> Option<DecodeError> {
    let damaged = source.damaged();
    if damaged > 0 {
        let packets = if damaged == 1 {
            "packet was"
        } else {
            "packets were"
        };
        return Some(DecodeError::Damaged(format!(
            "{damaged} {packets} replaced by silence"
        )));
    }
    None
}

fn decode_error(name: &str, reason: DecodeError) -> SessionError {
    SessionError::Decode {
        name: name.into(),
        reason,
    }
}
