//! A live input through the pipeline, and what to do when it goes away.

use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::pace::Pace;
use super::picker::Picker;
use super::watch::{Change, Finding, Mute, Watch};
use super::{InferenceTime, Outlets, SessionError, Teller, header, input, pipeline, status, wish};
use crate::audio::capture::Capture;
use crate::audio::device::{self, DeviceError, InputDevice};
use crate::audio::ring::Chunk;
use crate::baseline::Baseline;
use crate::dsp::mono::ChannelChoice;
use crate::engine::Engine;
use crate::events::{Event, GapCause, Signal, SourceKind, Trigger};
use crate::messages::{Control, Update};
use crate::pipeline::Pipeline;

/// How long samples may wait during a voice: what is said of them must not.
const PROMPT: Duration = Duration::from_millis(10);
/// The same where there is none: a voice is judged after its first half second,
/// and the processor sleeps meanwhile.
const CALM: Duration = Duration::from_millis(25);
/// How often to look for wishes while there is no input.
const TICK: Duration = Duration::from_millis(20);
/// Frames taken from the ring at a time.
const TAKE: usize = 4096;
/// What an input that was idle held back arrives so soon after it is opened.
const ARRIVAL: Duration = Duration::from_millis(60);
/// Waits between attempts to get a lost input back.
const RETRY: Duration = Duration::from_millis(250);

/// What is listened to.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which channels to hear.
    pub choice: ChannelChoice,
    /// Ends the session after so many seconds of audio.
    pub seconds: Option<f64>,
    /// Start of the session for the header, RFC 3339.
    pub started_at: String,
    /// File that the events are recorded to, for the screen.
    pub recording: Option<std::path::PathBuf>,
    /// Says on the way what a screen would show: lost, back, overloaded.
    pub notices: fn(&str),
}

/// An input that is open.
pub struct Microphone {
    capture: Capture,
    /// Whether it is a monitor of an output, where zeros are nothing amiss.
    monitor: bool,
}

/// An input whose samples come from elsewhere.
impl From<Capture> for Microphone {
    fn from(capture: Capture) -> Self {
        Self {
            capture,
            monitor: false,
        }
    }
}

impl Microphone {
    /// Opens the wanted input.
    ///
    /// # Errors
    /// No such input, none at all, busy, not permitted, or of an unknown format.
    pub fn open(wanted: Option<&str>) -> Result<Self, DeviceError> {
        Self::of(&device::find(wanted)?)
    }

    /// Opens the input with that stable id, and no other.
    fn again(id: &str) -> Result<Self, DeviceError> {
        let microphone = Self::of(&device::find_id(id)?)?;
        std::thread::sleep(ARRIVAL);
        Ok(microphone)
    }

    fn of(found: &InputDevice) -> Result<Self, DeviceError> {
        Ok(Self {
            capture: Capture::open(found)?,
            monitor: found.monitor,
        })
    }
}

/// Listens until the person quits or the time is over. The audio that came in
/// before the session was ready is not lost: it waited in the ring. Returns what
/// is known of the voice in the end, if the model judges against a baseline.
///
/// # Errors
/// What the engine says, or an input whose channels do not fit the wish. A lost
/// input is no error: the session waits for it.
pub fn listen(
    microphone: Microphone,
    engine: &Engine,
    wanted: &Wanted,
    outlets: &mut Outlets,
    controls: &Receiver<Control>,
) -> Result<Option<Baseline>, SessionError> {
    let spec = microphone.capture.spec();
    let (core, time) = pipeline(engine, spec, wanted.choice)?;
    let mut start = header(
        engine,
        SourceKind::Microphone,
        microphone.capture.name(),
        spec,
    );
    start.started_at = Some(wanted.started_at.clone());
    let mut shown = status(engine, microphone.capture.name(), spec, false);
    shown.recording.clone_from(&wanted.recording);
    let mut session = Session {
        core,
        time,
        teller: Teller::new(shown),
        events: vec![Event::SessionStart(start)],
        samples: Vec::new(),
        device: microphone.capture.id().to_owned(),
        monitor: microphone.monitor,
        mute: Mute::default(),
        line: Line::On(Box::new(Watch::new(microphone.capture))),
        pace: Pace::default(),
        picker: None,
        wanted,
        outlets,
    };
    let result = session.run(controls);
    let finished = session.core.finish(&mut session.events);
    session.outlets.send(&mut session.events);
    result.and(finished.map_err(SessionError::from))?;
    Ok(session.core.baseline())
}

struct Session<'a> {
    core: Pipeline,
    time: InferenceTime,
    teller: Teller,
    events: Vec<Event>,
    samples: Vec<f32>,
    /// Stable id of the input that is listened to, or waited for.
    device: String,
    monitor: bool,
    mute: Mute,
    line: Line,
    pace: Pace,
    picker: Option<Picker>,
    wanted: &'a Wanted,
    outlets: &'a mut Outlets,
}

/// Whether the input is there.
enum Line {
    On(Box<Watch>),
    Off { since: Instant, tried: Instant },
}

impl Session<'_> {
    fn run(&mut self, controls: &Receiver<Control>) -> Result<(), SessionError> {
        loop {
            while let Some(control) = wish(controls) {
                if control == Control::Quit {
                    return self.end();
                }
                self.obey(control)?;
            }
            // In this order: what follows a stall has to wait for the gap before it.
            self.mind_the_line()?;
            self.hear()?;
            self.teller.status.samples_lost = self.core.summary().samples_lost;
            self.teller.tell(&mut self.core, &self.time, self.outlets);
            if let Some(picker) = &self.picker {
                picker.tell(self.outlets);
            }
            if self
                .wanted
                .seconds
                .is_some_and(|seconds| self.core.position_s() >= seconds)
            {
                return Ok(());
            }
            std::thread::sleep(self.pause());
        }
    }

    /// The person quits: what the ring still holds was heard, and where the input
    /// was away, it was so until now.
    fn end(&mut self) -> Result<(), SessionError> {
        self.settle()?;
        if let Some(since) = self.away_since() {
            self.lose(since.elapsed(), GapCause::DeviceLost)?;
        }
        Ok(())
    }

    /// Hears all that came in, also what waits for the end of a stall.
    fn settle(&mut self) -> Result<(), SessionError> {
        if let Line::On(watch) = &mut self.line
            && !watch.hangs()
        {
            let missing = watch.settle();
            if missing > 0 {
                let cause = GapCause::DeviceLost;
                self.core.gap(missing, cause, &mut self.events)?;
            }
        }
        self.hear()
    }

    /// Since when the input delivers nothing.
    fn away_since(&self) -> Option<Instant> {
        match &self.line {
            Line::On(watch) => watch.hangs().then(|| watch.alive()),
            Line::Off { since, .. } => Some(*since),
        }
    }

    /// Notes that so much was lost here.
    fn lose(&mut self, away: Duration, cause: GapCause) -> Result<(), SessionError> {
        let rate = f64::from(self.core.input().rate);
        let samples = (away.as_secs_f64() * rate).round() as u64;
        Ok(self.core.gap(samples, cause, &mut self.events)?)
    }

    /// How long there is nothing to do.
    fn pause(&mut self) -> Duration {
        let Line::On(watch) = &self.line else {
            return TICK;
        };
        let rest = if self.core.is_voice_active() {
            PROMPT
        } else {
            CALM
        };
        watch.capture.set_rest(rest);
        let (blocks, came) = watch.capture.heard();
        self.pace.sleep(blocks, came, Instant::now(), rest)
    }

    /// Empties the ring into the pipeline.
    fn hear(&mut self) -> Result<(), SessionError> {
        let Line::On(watch) = &mut self.line else {
            return Ok(());
        };
        if watch.holds() {
            return Ok(());
        }
        loop {
            self.samples.clear();
            match watch.capture.read(&mut self.samples, TAKE) {
                Chunk::Samples(_) => {
                    let start_s = self.core.position_s();
                    let changes = self.core.speaker_changes();
                    self.core.push(&self.samples, &mut self.events)?;
                    if self.core.speaker_changes() > changes {
                        let notice = "another voice: its baseline begins anew";
                        (self.wanted.notices)(notice);
                        self.outlets.update(Update::Notice(notice.into()));
                    }
                    let end_s = self.core.position_s();
                    let change = self.mute.take(&self.samples, start_s, end_s);
                    if let Some(change) = change.filter(|_| !self.monitor) {
                        let (event, notice) = told(&change);
                        self.events.push(event);
                        (self.wanted.notices)(notice);
                        self.outlets.update(Update::Notice(notice.into()));
                    }
                }
                Chunk::Gap(frames) => {
                    (self.wanted.notices)(&overrun(frames));
                    self.core.gap(frames, GapCause::Overrun, &mut self.events)?;
                }
                Chunk::Empty => break,
            }
            for event in &self.events {
                if let Event::Measurement(m) = event
                    && m.trigger == Trigger::Interval
                {
                    let rate = f64::from(watch.capture.spec().sample_rate);
                    let waiting = watch.capture.waiting() as f64 / rate;
                    let heard_s = self.core.position_s() + waiting;
                    let (_, came) = watch.capture.heard();
                    let latency = heard_s - m.end_s + came.elapsed().as_secs_f64();
                    self.teller.status.latency_ms = (latency * 1e3) as f32;
                }
            }
            self.outlets.send(&mut self.events);
        }
        Ok(())
    }

    /// Notices a lost or hanging input, and gets a lost one back.
    fn mind_the_line(&mut self) -> Result<(), SessionError> {
        match &mut self.line {
            Line::On(watch) => {
                if let Some(fault) = watch.capture.fault() {
                    tracing::warn!(%fault, device = %self.device, "input lost");
                    // What came in before the fault was heard.
                    self.settle()?;
                    let Line::On(watch) = &self.line else {
                        return Ok(());
                    };
                    self.line = Line::Off {
                        since: watch.alive(),
                        tried: Instant::now(),
                    };
                    self.say("microphone lost, waiting for it");
                    return Ok(());
                }
                match watch.look() {
                    Finding::Nothing => {}
                    Finding::Stalls => {
                        self.say("the microphone delivers nothing; is the sound server alive?");
                    }
                    Finding::Resumed(missing) => {
                        if missing > 0 {
                            let cause = GapCause::DeviceLost;
                            self.core.gap(missing, cause, &mut self.events)?;
                            self.outlets.send(&mut self.events);
                        }
                        self.say("the microphone delivers again");
                    }
                    Finding::Skipped(missing) => {
                        let cause = GapCause::Overrun;
                        self.core.gap(missing, cause, &mut self.events)?;
                        self.outlets.send(&mut self.events);
                        self.say(&overrun(missing));
                    }
                }
                Ok(())
            }
            Line::Off { since, tried } => {
                if tried.elapsed() < RETRY {
                    return Ok(());
                }
                let since = Some(*since);
                *tried = Instant::now();
                let id = self.device.clone();
                match Microphone::again(&id) {
                    Ok(microphone) => {
                        self.take_over(microphone, since, GapCause::DeviceLost)?;
                        self.say("the microphone is back");
                    }
                    Err(error) => tracing::debug!(%error, device = %id, "input still away"),
                }
                Ok(())
            }
        }
    }

    /// Whether the wanted channel is there.
    fn fits(&self, microphone: &Microphone) -> bool {
        match self.wanted.choice {
            ChannelChoice::One(wanted) => wanted <= microphone.capture.spec().channels,
            ChannelChoice::Mix => true,
        }
    }

    /// Goes on with an input; `since` when there was none.
    fn take_over(
        &mut self,
        microphone: Microphone,
        since: Option<Instant>,
        cause: GapCause,
    ) -> Result<(), SessionError> {
        let old = self.core.input();
        let spec = microphone.capture.spec();
        // What came in until now is no part of the gap.
        let (_, came) = microphone.capture.heard();
        let waiting = microphone.capture.waiting() as f64 / f64::from(spec.sample_rate);
        let away = since.map_or(Duration::ZERO, |since| {
            came.saturating_duration_since(since)
        });
        self.lose(away.saturating_sub(Duration::from_secs_f64(waiting)), cause)?;
        let new = input(spec, self.wanted.choice);
        if new != old {
            self.core.change_input(new).map_err(SessionError::from)?;
        }
        microphone.capture.id().clone_into(&mut self.device);
        microphone
            .capture
            .name()
            .clone_into(&mut self.teller.status.source);
        self.teller.status.sample_rate = spec.sample_rate;
        self.teller.status.channels = spec.channels;
        self.monitor = microphone.monitor;
        self.mute = Mute::default();
        self.pace = Pace::default();
        self.line = Line::On(Box::new(Watch::new(microphone.capture)));
        self.outlets.send(&mut self.events);
        Ok(())
    }

    fn obey(&mut self, control: Control) -> Result<(), SessionError> {
        match control {
            Control::OpenPicker => self.picker = Some(Picker::open(&self.device)),
            Control::ClosePicker => self.picker = None,
            Control::ResetSpeaker => {
                self.core.reset_speaker();
                self.say("the voice is forgotten: its baseline begins anew");
            }
            Control::SwitchDevice(id) => {
                self.picker = None;
                match Microphone::again(&id) {
                    Ok(microphone) if !self.fits(&microphone) => self.say(&format!(
                        "`{}` has no channel {}; still on the old input",
                        microphone.capture.name(),
                        self.wanted.choice
                    )),
                    Ok(microphone) => {
                        self.settle()?;
                        let since = self.away_since();
                        self.take_over(microphone, since, GapCause::DeviceChanged)?;
                    }
                    Err(error) => self.say(&format!("{error}; still on the old input")),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn say(&mut self, notice: &str) {
        tracing::info!("{notice}");
        (self.wanted.notices)(notice);
        self.outlets.update(Update::Notice(notice.into()));
    }
}

fn overrun(frames: u64) -> String {
    format!("{frames} samples lost: the machine could not keep up")
}

/// A change of the signal as an event, and as a sentence.
fn told(change: &Change) -> (Event, &'static str) {
    let (at_s, present, notice) = match *change {
        Change::Muted(at_s) => (
            at_s,
            false,
            "nothing but zeros arrive: muted, or kept from this program?",
        ),
        Change::Heard(at_s) => (at_s, true, "the microphone is heard again"),
    };
    (Event::Signal(Signal { at_s, present }), notice)
}
