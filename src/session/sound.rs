//! The sound of a played recording: decodes slightly ahead, and reports the playback
//! position.

use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use crate::audio::convert::{Converter, played_channels};
use crate::audio::output::{Output, OutputError};
use crate::audio::source::{Source, Spec};
use crate::dsp::mono::ChannelChoice;
use crate::messages;

/// The volume that leaves the samples unchanged.
const UNCHANGED_VOLUME: u8 = 9;
/// How long the start of playback waits for an output.
const OPENING_TIMEOUT: Duration = Duration::from_secs(2);
/// Time without progress after which an output counts as failed.
const STALL_TIMEOUT: Duration = Duration::from_secs(2);
/// Seconds decoded ahead of the playback position.
const AHEAD_S: f64 = 0.5;
/// Frames of silence that are added at once.
const SILENT_FRAMES: u64 = 4096;

/// A recording and its output.
pub(super) struct SoundPlayback {
    source: Box<dyn Source>,
    choice: ChannelChoice,
    device: Device,
    volume: u8,
}

enum Device {
    /// No output is needed yet.
    Closed,
    Opening(Receiver<Result<Output, OutputError>>, Instant),
    Open(Box<Playing>),
    /// There is none, or it was lost.
    Failed,
}

/// An open output and what it plays.
struct Playing {
    output: Output,
    converter: Converter,
    /// Position in the recording where the queue begins, in seconds; `None` while
    /// nothing plays.
    start_s: Option<f64>,
    /// Frames of the recording that are skipped.
    skipped: u64,
    /// Frames of silence before `samples`.
    silent: u64,
    samples: Vec<f32>,
    /// Converted samples for the queue, from an index on.
    ready: Vec<f32>,
    queued: usize,
    ended: bool,
    /// When the playback position last advanced, and its value.
    moved: (Instant, f64),
}

impl SoundPlayback {
    /// The sound of the chosen channels; while muted, no output is opened.
    pub(super) fn new(source: Box<dyn Source>, choice: ChannelChoice, muted: bool) -> Self {
        let mut sound = Self {
            source,
            choice,
            device: Device::Closed,
            volume: 0,
        };
        if !muted {
            sound.set_volume(UNCHANGED_VOLUME);
        }
        sound
    }

    /// The state for the screen.
    pub(super) fn status(&self) -> messages::Sound {
        match self.device {
            Device::Failed => messages::Sound::NoOutput,
            _ => messages::Sound::Volume(self.volume),
        }
    }

    /// Whether playback waits for the output before it starts.
    pub(super) fn is_opening(&self) -> bool {
        matches!(&self.device, Device::Opening(_, since) if since.elapsed() < OPENING_TIMEOUT)
    }

    /// Sets the volume, 0 to 9; the first one above 0 opens the output.
    pub(super) fn set_volume(&mut self, volume: u8) {
        self.volume = volume.min(UNCHANGED_VOLUME);
        match &mut self.device {
            Device::Closed if self.volume > 0 => {
                let spec = self.source.spec();
                let wanted = Spec {
                    channels: played_channels(spec.channels, self.choice),
                    ..spec
                };
                self.device = Device::Opening(Output::opening(wanted), Instant::now());
            }
            Device::Open(playing) => playing.output.queue().set_gain(gain(self.volume)),
            _ => {}
        }
    }

    /// Checks whether the output has just been opened.
    pub(super) fn has_opened(&mut self) -> bool {
        let Device::Opening(opening, _) = &self.device else {
            return false;
        };
        let opened = match opening.try_recv() {
            Ok(Ok(mut output)) => {
                tracing::info!("sound goes to {}: {:?}", output.name(), output.spec());
                output.queue().set_gain(gain(self.volume));
                let spec = self.source.spec();
                let converter = Converter::new(spec, self.choice, output.spec());
                converter.ok().map(|converter| Playing {
                    output,
                    converter,
                    start_s: None,
                    skipped: 0,
                    silent: 0,
                    samples: Vec::new(),
                    ready: Vec::new(),
                    queued: 0,
                    ended: false,
                    moved: (Instant::now(), 0.0),
                })
            }
            Ok(Err(error)) => {
                tracing::info!("no sound: {error}");
                None
            }
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => None,
        };
        self.device = opened.map_or(Device::Failed, |playing| Device::Open(Box::new(playing)));
        matches!(self.device, Device::Open(_))
    }

    /// Plays from a position in seconds, or pauses there.
    pub(super) fn play_from(&mut self, at_s: f64, held: bool) {
        let Device::Open(playing) = &mut self.device else {
            return;
        };
        let landed_s = self.source.seek(at_s).unwrap_or(f64::NAN);
        if landed_s.is_nan() {
            self.device = Device::Failed;
            return;
        }
        let rate = f64::from(self.source.spec().sample_rate);
        playing.skipped = ((at_s - landed_s).max(0.0) * rate).round() as u64;
        playing.start_s = Some(at_s.max(landed_s));
        playing.restart();
        playing.output.queue().hold(held);
    }

    /// Pauses at the playback position, or resumes.
    pub(super) fn hold(&mut self, held: bool) {
        if let Device::Open(playing) = &mut self.device {
            playing.output.queue().hold(held);
        }
    }

    /// Stops, because the sound does not match the screen.
    pub(super) fn stop(&mut self) {
        if let Device::Open(playing) = &mut self.device {
            playing.start_s = None;
            playing.restart();
        }
    }

    /// Decodes the next samples; drops an output that was lost or hangs.
    pub(super) fn feed(&mut self) {
        if let Device::Open(playing) = &mut self.device
            && !playing.feed(&mut *self.source)
        {
            tracing::warn!("the output {} stopped", playing.output.name());
            self.device = Device::Failed;
        }
    }

    /// The playback position in seconds; `None` while nothing plays.
    pub(super) fn position_s(&mut self) -> Option<f64> {
        match &mut self.device {
            Device::Open(playing) => Some(playing.start_s? + playing.output.queue().played_s()),
            _ => None,
        }
    }

    /// Whether the sound was played to its end.
    pub(super) fn is_over(&mut self) -> bool {
        match &mut self.device {
            Device::Open(playing) => {
                let all_queued = playing.ended && playing.queued == playing.ready.len();
                all_queued && playing.start_s.is_some() && playing.output.queue().is_drained()
            }
            _ => false,
        }
    }
}

impl Playing {
    fn restart(&mut self) {
        self.output.queue().clear();
        self.converter.reset();
        self.samples.clear();
        self.ready.clear();
        (self.queued, self.silent, self.ended) = (0, 0, false);
        self.moved = (Instant::now(), 0.0);
    }

    /// Fills the queue; `false` where the output has failed.
    fn feed(&mut self, source: &mut dyn Source) -> bool {
        if self.output.queue().has_failed() {
            return false;
        }
        if self.start_s.is_none() {
            return true;
        }
        let spec = self.output.spec();
        let ahead = (AHEAD_S * f64::from(spec.sample_rate)) as usize;
        while self.output.queue().waiting() < ahead {
            if self.queued == self.ready.len() {
                if self.ended {
                    break;
                }
                self.decode(source);
            }
            let ready = &self.ready[self.queued..];
            let frames = self.output.queue().push(ready);
            self.queued += frames * usize::from(spec.channels);
        }
        let queue = self.output.queue();
        let played_s = queue.played_s();
        if played_s > self.moved.1 || queue.is_held() || queue.waiting() == 0 {
            self.moved = (Instant::now(), played_s);
        }
        self.moved.0.elapsed() < STALL_TIMEOUT
    }

    /// Decodes and converts some more samples.
    fn decode(&mut self, source: &mut dyn Source) {
        self.ready.clear();
        self.queued = 0;
        let channels = usize::from(source.spec().channels).max(1);
        if self.silent == 0 && self.samples.is_empty() {
            // The analysis reports errors of the recording.
            self.ended = !source.read(&mut self.samples).unwrap_or(false);
            self.silent = source.take_gap();
        }
        let passed = self.skipped.min(self.silent);
        self.skipped -= passed;
        self.silent -= passed;
        if self.silent > 0 {
            let frames = self.silent.min(SILENT_FRAMES);
            self.silent -= frames;
            let silence = vec![0.0; frames as usize * channels];
            self.converter.push(&silence, &mut self.ready);
            return;
        }
        let frames = (self.samples.len() / channels) as u64;
        let passed = self.skipped.min(frames);
        self.skipped -= passed;
        let kept = &self.samples[passed as usize * channels..];
        self.converter.push(kept, &mut self.ready);
        self.samples.clear();
        if self.ended {
            self.converter.finish(&mut self.ready);
        }
    }
}

/// The gain grows with the square of the volume, so that each step is audible.
fn gain(volume: u8) -> f32 {
    let share = f32::from(volume) / f32::from(UNCHANGED_VOLUME);
    share * share
}
