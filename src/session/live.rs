//! Runs a live input through the pipeline.

mod input;

use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use self::input::{InputState, overrun};
use super::input_levels::InputLevels;
use super::latency::LatencyMeter;
pub use super::microphone::Microphone;
use super::outlets::Outlets;
use super::poll_timer::PollTimer;
use super::record;
use super::status::{StatusReporter, status};
use super::watch::{CaptureWatch, SignalChange, SoleDetector, ZeroDetector};
use super::{Session, SessionError, header, next_control, pipeline, pipelines};
use crate::audio::ring::Chunk;
use crate::baseline::Baseline;
use crate::dsp::mono::ChannelSelection;
use crate::engine::Engine;
use crate::events::{Event, GapCause, Mark, SessionStart, Signal, SourceKind};
use crate::messages::{Control, Outage, Update};
use crate::pipeline::ChannelPipelines;

/// How long samples may wait during speech.
const VOICE_WAIT: Duration = Duration::from_millis(10);
/// How long samples may wait without speech. The first measurement needs half a second
/// of speech, and the processor sleeps meanwhile.
const SILENCE_WAIT: Duration = Duration::from_millis(25);
/// How often controls are checked while there is no input.
const CONTROL_INTERVAL: Duration = Duration::from_millis(20);
/// Frames taken from the ring at once.
const BLOCK_FRAMES: usize = 4096;
/// Options of a live input.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// Selected channels.
    pub channel: ChannelSelection,
    /// Ends the session after this many seconds of audio.
    pub seconds: Option<f64>,
    /// Start of the session for the header, RFC 3339.
    pub started_at: String,
    /// File that records the events, for display.
    pub recording: Option<std::path::PathBuf>,
    /// Receives notices where no screen shows them: lost, back, overloaded.
    pub notice: fn(&str),
}

/// A session on a live input. Audio captured before it runs waits in the ring. A lost
/// input is not an error: the session waits for it.
pub struct LiveSession {
    /// The input.
    pub microphone: Microphone,
    /// Model and engine.
    pub engine: Engine,
    /// How the input is read.
    pub options: LiveOptions,
}

impl Session for LiveSession {
    fn run(
        self,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
    ) -> Result<Option<Baseline>, SessionError> {
        let mut running = Running::new(self.microphone, &self.engine, &self.options, outlets)?;
        if let Some(notice) = self.engine.replacement_notice() {
            running.notify(&notice);
        }
        let result = running.run(controls);
        let finished = running.pipelines.finish(&mut running.events);
        running.outlets.send(&mut running.events);
        result.and(finished.map_err(SessionError::from))?;
        Ok(running.pipelines.baselines().into_iter().next().flatten())
    }
}

struct Running<'a> {
    pipelines: ChannelPipelines,
    engine: &'a Engine,
    header: SessionStart,
    latency: LatencyMeter,
    reporter: StatusReporter,
    events: Vec<Event>,
    samples: Vec<f32>,
    /// Stable id of the input that is read or awaited.
    device: String,
    monitor: bool,
    zeros: ZeroDetector,
    sole: SoleDetector,
    input: InputState,
    timer: PollTimer,
    /// Set while the list of inputs is open.
    levels: Option<InputLevels>,
    options: &'a LiveOptions,
    outlets: &'a mut Outlets,
}

impl<'a> Running<'a> {
    fn new(
        microphone: Microphone,
        engine: &'a Engine,
        options: &'a LiveOptions,
        outlets: &'a mut Outlets,
    ) -> Result<Self, SessionError> {
        let capture = microphone.capture;
        let spec = capture.spec();
        let (pipelines, latency) = pipelines(engine, spec, options.channel)?;
        let mut start = header(
            engine,
            SourceKind::Microphone,
            capture.name(),
            spec,
            options.channel,
        );
        start.started_at = Some(options.started_at.clone());
        let mut status = status(engine, capture.name(), spec, false);
        status.recording.clone_from(&options.recording);
        Ok(Self {
            pipelines,
            engine,
            latency,
            reporter: StatusReporter::new(status),
            events: vec![Event::SessionStart(start.clone())],
            header: start,
            samples: Vec::new(),
            device: capture.id().to_owned(),
            monitor: microphone.monitor,
            zeros: ZeroDetector::default(),
            sole: SoleDetector::default(),
            input: InputState::Open(Box::new(CaptureWatch::new(capture))),
            timer: PollTimer::default(),
            levels: None,
            options,
            outlets,
        })
    }

    fn run(&mut self, controls: &Receiver<Control>) -> Result<(), SessionError> {
        loop {
            while let Some(control) = next_control(controls) {
                if control == Control::Quit {
                    return self.end();
                }
                self.handle(control)?;
            }
            // In this order: audio after a stall must follow the gap before it.
            self.check_input()?;
            self.drain()?;
            self.report_sole_channel();
            self.reporter.status.samples_lost = self.pipelines.summary().samples_lost;
            self.reporter.status.outage = self.outage_start().map(|since| Outage {
                seconds: since.elapsed().as_secs() as u32,
                gone: matches!(self.input, InputState::Lost { .. }),
            });
            if self.outlets.recording.is_none() {
                self.reporter.status.recording = None; // it was stopped, or failed
            }
            self.reporter
                .report(&mut self.pipelines, &self.latency, self.outlets);
            if let Some(levels) = &self.levels {
                levels.report(self.outlets);
            }
            if self
                .options
                .seconds
                .is_some_and(|seconds| self.pipelines.position_s() >= seconds)
            {
                return Ok(());
            }
            std::thread::sleep(self.poll_interval());
        }
    }

    /// The user quits. Samples still in the ring belong to the session, and a lost
    /// input is a gap until now.
    fn end(&mut self) -> Result<(), SessionError> {
        self.settle()?;
        if let Some(since) = self.outage_start() {
            self.add_gap(since.elapsed(), GapCause::DeviceLost)?;
        }
        Ok(())
    }

    /// How long to sleep.
    fn poll_interval(&mut self) -> Duration {
        let InputState::Open(watch) = &self.input else {
            return CONTROL_INTERVAL;
        };
        let rest = if self.pipelines.is_voice_active() {
            VOICE_WAIT
        } else {
            SILENCE_WAIT
        };
        watch.capture.set_rest(rest);
        let (blocks, last_block) = watch.capture.progress();
        self.timer.sleep(blocks, last_block, Instant::now(), rest)
    }

    /// Moves all samples from the ring into the pipeline.
    fn drain(&mut self) -> Result<(), SessionError> {
        let InputState::Open(watch) = &mut self.input else {
            return Ok(());
        };
        if watch.is_settling() {
            return Ok(());
        }
        loop {
            self.samples.clear();
            match watch.capture.read(&mut self.samples, BLOCK_FRAMES) {
                Chunk::Samples(_) => {
                    let start_s = self.pipelines.position_s();
                    self.pipelines.push(&self.samples, &mut self.events)?;
                    let end_s = self.pipelines.position_s();
                    let change = self.zeros.push(&self.samples, start_s, end_s);
                    if let Some(change) = change.filter(|_| !self.monitor) {
                        let (event, notice) = signal_event(&change);
                        self.events.push(event);
                        (self.options.notice)(notice);
                        self.outlets.update(Update::Notice(notice.into()));
                    }
                }
                Chunk::Gap(frames) => {
                    (self.options.notice)(&overrun(frames));
                    self.pipelines
                        .gap(frames, GapCause::Overrun, &mut self.events)?;
                }
                Chunk::Empty => break,
            }
            let rate = f64::from(watch.capture.spec().sample_rate);
            let waiting_s = watch.capture.waiting() as f64 / rate;
            let (_, last_block) = watch.capture.progress();
            let captured_s = self.pipelines.position_s() + waiting_s;
            self.latency.update(&self.events, captured_s, last_block);
            self.outlets.send(&mut self.events);
        }
        Ok(())
    }

    fn handle(&mut self, control: Control) -> Result<(), SessionError> {
        match control {
            Control::OpenPicker => self.levels = Some(InputLevels::open(&self.device)),
            Control::ClosePicker => self.levels = None,
            Control::Mark => {
                let at_s = self.pipelines.position_s();
                self.events.push(Event::Mark(Mark { at_s }));
                self.outlets.send(&mut self.events);
            }
            Control::ToggleRecording => {
                let named = self.options.recording.as_deref();
                let summary = self.pipelines.summary();
                let (path, sentence) = record::toggle(self.outlets, named, &self.header, summary);
                self.reporter.status.recording = path;
                self.notify(&sentence);
            }
            Control::ResetSpeaker => {
                self.pipelines.reset_speakers();
                self.notify("the baseline is reset: a new one starts");
            }
            Control::SwitchDevice(id) => {
                self.levels = None;
                match Microphone::reopen(&id) {
                    Ok(microphone) if !self.has_channel(&microphone) => self.notify(&format!(
                        "`{}` has no channel {}; still on the old input",
                        microphone.capture.name(),
                        self.options.channel
                    )),
                    Ok(microphone) => {
                        self.settle()?;
                        let since = self.outage_start();
                        self.switch_to(microphone, since, GapCause::DeviceChanged)?;
                    }
                    Err(error) => self.notify(&format!("{error}; still on the old input")),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reports once when a single channel carries all signals, or no longer does; a
    /// short-lived change is not reported.
    fn report_sole_channel(&mut self) {
        let sole = self.pipelines.sole_channel();
        if self.sole.has_changed(sole, self.pipelines.position_s()) {
            self.notify(&sole.map_or_else(
                || "all channels are used again".into(),
                |sole| sole.to_string(),
            ));
        }
    }

    fn notify(&mut self, notice: &str) {
        tracing::info!("{notice}");
        (self.options.notice)(notice);
        self.outlets.update(Update::Notice(notice.into()));
    }
}

/// A change of the signal as an event and as a sentence.
fn signal_event(change: &SignalChange) -> (Event, &'static str) {
    let (at_s, present, notice) = match *change {
        SignalChange::Zeros(at_s) => (
            at_s,
            false,
            "only zeros arrive: is the microphone muted, or this program not permitted to use it?",
        ),
        SignalChange::Present(at_s) => (at_s, true, "the microphone delivers a signal again"),
    };
    (Event::Signal(Signal { at_s, present }), notice)
}
