//! The deterministic core: samples in, events out.
//!
//! It knows no clock, thread, file or terminal. It processes blocks at 16 kHz, so the
//! sizes in which samples arrive do not change the result. After a gap in the audio, or
//! a seek in a file, a new *segment* starts: the filters are reset, and the clock
//! continues.

mod audio_quality;
mod channels;
mod construction;
pub mod mfcc_history;
mod segmenter;
mod speaker_baseline;
mod speaker_baselines;
mod speaker_collecting;
mod speaker_following;
mod speaker_turns;
mod speaker_windows;
mod speech_evidence;
mod stream_classifier;
mod unclassified;
mod utterance_result;
mod window_classifier;

use std::sync::Arc;

use crate::baseline::Baseline;
use crate::classifier::ClassifierError;
use crate::dsp::channels::SoleChannel;
use crate::dsp::feature_spec::SAMPLE_RATE_HZ;
use crate::dsp::front_end::FrontEnd;
pub use crate::dsp::front_end::{InputError, InputFormat};
use crate::dsp::level::{LevelMeter, LevelReading};
use crate::dsp::mfcc::FrameFeatures;
use crate::events::{
    Event, Gap, GapCause, Measurement, SessionEnd, Speaker, Speakers, Trigger, UtteranceEnd,
    UtteranceStart, Voice,
};
use crate::model_spec::ModelSpec;
use crate::vad::{BLOCK_SAMPLES, Vad, VadState};

pub use channels::ChannelPipelines;
pub use speaker_collecting::Collected;
pub use speaker_following::SpeakerMode;

use audio_quality::AudioQuality;
use mfcc_history::MfccHistory;
use segmenter::{OpenUtterance, Segmenter, UtteranceChange};
use speaker_following::SpeakerFollower;
use utterance_result::{UtteranceClassifier, UtteranceResult};

/// Speech that the VAD misses before it opens: 48 ms.
const PREROLL_SAMPLES: u64 = 3 * BLOCK_SAMPLES as u64;

/// Samples after which the pipeline looks for a complete step: 4 ms.
const PART_SAMPLES: usize = BLOCK_SAMPLES / 4;

/// The whole path from samples at the input to events.
pub struct Pipeline {
    /// Channel number in the events.
    channel: Option<u16>,
    front_end: FrontEnd,
    spec: Arc<ModelSpec>,
    rows: MfccHistory,
    vad: Vad,
    utterances: Segmenter,
    classifier: Box<dyn UtteranceClassifier>,
    /// Tells the speakers apart, if enabled.
    follower: Option<SpeakerFollower>,
    /// Speaker of the open utterance, as known so far.
    speaker: Option<Speaker>,
    quality: AudioQuality,
    meter: LevelMeter,
    clock: Clock,
    /// The next block of the VAD; its first `filled` samples are there.
    block: [f32; BLOCK_SAMPLES],
    filled: usize,
    totals: SessionEnd,
    /// Samples inside utterances, at 16 kHz.
    speech: u64,
    /// End of the last utterance: no pre-roll extends before it.
    spoken: u64,
}

/// The exact position of the session, for any input rate.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    /// Position at the last change of the input rate, in 16 kHz samples.
    base: u64,
    /// Input samples since then, including gaps.
    since: u64,
    /// Start of the segment, in 16 kHz samples.
    segment: u64,
    /// Samples of the segment that were processed, at 16 kHz.
    done: u64,
}

/// Keeps each frame's rows, and its bands where speakers are tracked.
fn kept(
    rows: &mut MfccHistory,
    mut follower: Option<&mut SpeakerFollower>,
) -> impl FnMut(FrameFeatures<'_>) {
    move |frame| {
        rows.push(frame.mfcc);
        if let (Some(follower), Some(bands)) = (&mut follower, frame.speaker_bands) {
            follower.push(bands);
        }
    }
}

impl Clock {
    fn position(&self, rate: u32) -> u64 {
        let rate = u64::from(rate);
        self.base + (self.since * u64::from(SAMPLE_RATE_HZ) + rate / 2) / rate
    }

    fn seconds(&self, sample: u64) -> f64 {
        (self.segment + sample) as f64 / f64::from(SAMPLE_RATE_HZ)
    }
}

impl Pipeline {
    /// The summary up to now.
    fn summary(&self) -> SessionEnd {
        SessionEnd {
            duration_s: self.position_s(),
            speech_s: self.speech as f64 / f64::from(SAMPLE_RATE_HZ),
            utterances: self.utterances.count(),
            ..self.totals.clone()
        }
    }

    /// The speaker's baseline, if the model uses one.
    fn baseline(&self) -> Option<Baseline> {
        self.classifier.speakers().first()
    }

    /// Seconds of speech in the baseline, if the model uses one.
    fn baseline_s(&self) -> Option<f64> {
        self.classifier.speakers().current().seconds()
    }

    /// The format of the current input.
    fn input(&self) -> InputFormat {
        self.front_end.input()
    }

    /// The channel that is used alone because the mean would be worse.
    fn sole_channel(&self) -> Option<SoleChannel> {
        self.front_end.sole_channel()
    }

    /// Whether voice is active, or was until a moment ago.
    fn is_voice_active(&self) -> bool {
        self.vad.is_open() || self.utterances.open().is_some()
    }

    /// Position of the session in seconds: all received audio, including gaps.
    fn position_s(&self) -> f64 {
        self.clock.position(self.input().rate) as f64 / f64::from(SAMPLE_RATE_HZ)
    }

    /// The level since the last reading; `None` without samples.
    fn take_level(&mut self) -> Option<LevelReading> {
        self.meter.take()
    }

    /// Level that speech must exceed now, in dBFS.
    fn vad_threshold_dbfs(&self) -> f32 {
        self.vad.threshold()
    }

    /// Queues interleaved samples.
    fn feed(&mut self, interleaved: &[f32]) {
        let mono = self.front_end.push(interleaved);
        self.totals.samples_invalid += mono.invalid;
        self.meter.push(mono.samples);
        self.clock.since += mono.samples.len() as u64;
    }

    /// Processes the next part of a block; `false` if the front end has less than that.
    fn next_part(&mut self, out: &mut Vec<Event>) -> Result<bool, ClassifierError> {
        let part = &mut self.block[self.filled..][..PART_SAMPLES];
        let keep = kept(&mut self.rows, self.follower.as_mut());
        let full = self.front_end.read(part, keep);
        if full {
            self.filled += PART_SAMPLES;
            self.clock.done += PART_SAMPLES as u64;
            self.complete_step(out)?;
            if self.filled == BLOCK_SAMPLES {
                self.filled = 0;
                self.block(out)?;
            }
        }
        Ok(full)
    }

    /// Runs the steps of a streaming model as soon as their frames are complete, also in a
    /// pause in which the VAD is still active. Such a pause is shorter than a step, so at
    /// most one step is undone if the utterance ends there.
    fn complete_step(&mut self, out: &mut Vec<Event>) -> Result<(), ClassifierError> {
        let now = self.clock.done;
        self.turn(now, out)?;
        if let Some(open) = self.utterances.open()
            && self.vad.is_open()
            && let Some(result) = self.classifier.complete_step(open, now, &self.rows)?
        {
            self.measured(&result, open.number, out);
        }
        Ok(())
    }

    fn block(&mut self, out: &mut Vec<Event>) -> Result<(), ClassifierError> {
        let now = self.clock.done;
        let state = self.vad.step(&self.block);
        match state {
            VadState::Started { blocks_ago } => {
                let onset = now.saturating_sub(u64::from(blocks_ago) * BLOCK_SAMPLES as u64);
                let onset = onset.saturating_sub(PREROLL_SAMPLES).max(self.spoken);
                self.utterances.voice_began(onset);
                self.voice(onset, true, out);
            }
            VadState::Ended { blocks_ago } => {
                let end = now - u64::from(blocks_ago) * BLOCK_SAMPLES as u64;
                self.utterances.voice_ended(end);
                self.voice(end, false, out);
            }
            VadState::Active { .. } | VadState::Inactive => {}
        }
        let unvoiced = u64::from(self.vad.unvoiced_blocks()) * BLOCK_SAMPLES as u64;
        let voiced = now.saturating_sub(unvoiced);
        if let Some(change) = self.utterances.at(now, voiced) {
            self.change(change, out)?;
        }
        self.turn(now, out)?;
        if let Some(open) = self.utterances.open() {
            self.quality
                .update(&self.block, self.vad.loud(), self.vad.background());
            let voiced = matches!(
                state,
                VadState::Active { voiced: true } | VadState::Started { .. }
            );
            if let Some(result) = self.classifier.interval(open, now, voiced, &self.rows)? {
                self.measured(&result, open.number, out);
            } else if voiced {
                self.follow(open, out)?;
            }
        }
        Ok(())
    }

    fn voice(&mut self, at: u64, active: bool, out: &mut Vec<Event>) {
        self.spoken = self.spoken.max(at);
        out.push(Event::Voice(Voice {
            channel: self.channel,
            at_s: self.clock.seconds(at),
            active,
        }));
    }

    fn change(
        &mut self,
        change: UtteranceChange,
        out: &mut Vec<Event>,
    ) -> Result<(), ClassifierError> {
        match change {
            UtteranceChange::Start(open) => self.start(open, out),
            UtteranceChange::End(open, end) => self.finish_utterance(open, end, out)?,
        }
        Ok(())
    }

    fn start(&mut self, open: OpenUtterance, out: &mut Vec<Event>) {
        let follower = self.follower.as_mut();
        let speaker = follower.and_then(|follower| follower.begin(open));
        self.spoken_by(speaker);
        self.classifier.begin(open);
        self.quality = AudioQuality::default();
        let start_s = self.clock.seconds(open.start);
        out.push(Event::UtteranceStart(UtteranceStart {
            channel: self.channel,
            speaker: self.speaker,
            utterance: open.number,
            start_s,
        }));
    }

    fn end(
        &mut self,
        open: OpenUtterance,
        end: u64,
        out: &mut Vec<Event>,
    ) -> Result<(), ClassifierError> {
        let follower = self.follower.as_mut();
        let (speaker, changed) = follower.map_or((None, Vec::new()), |it| it.end(open));
        self.spoken_by(speaker);
        let result = self.classifier.whole(open, end, &self.rows)?;
        self.measured(&result, open.number, out);
        let last = self.spec.labels.len();
        self.totals.utterance_labels.0[result.label_index().unwrap_or(last)].1 += 1;
        self.speech += end - open.start;
        let new_baseline = self.classifier.speakers_mut().take_restarted();
        out.push(Event::UtteranceEnd(UtteranceEnd {
            channel: self.channel,
            speaker: self.speaker,
            utterance: open.number,
            start_s: self.clock.seconds(open.start),
            end_s: self.clock.seconds(end),
            new_baseline,
        }));
        if !changed.is_empty() {
            self.classifier.speakers_mut().reassign(&changed);
            self.classifier.baseline_changed();
            out.push(Event::Speakers(Speakers {
                channel: self.channel,
                at_s: self.clock.seconds(self.clock.done),
                changed,
            }));
        }
        Ok(())
    }

    fn measured(&mut self, result: &UtteranceResult, utterance: u64, out: &mut Vec<Event>) {
        self.totals.measurements += 1;
        debug_assert!(result.trigger == Trigger::SpeechEnded || result.end <= self.clock.done);
        let seconds = |sample| self.clock.seconds(sample);
        out.push(Event::Measurement(Measurement {
            channel: self.channel,
            speaker: self.speaker,
            ..result.event(utterance, &self.spec, &self.quality, seconds)
        }));
    }

    /// Ends the segment after its last whole block.
    fn close_segment(&mut self, out: &mut Vec<Event>) -> Result<(), ClassifierError> {
        let keep = kept(&mut self.rows, self.follower.as_mut());
        let drained = self.front_end.finish(keep) as u64;
        self.clock.done += drained;
        let rest = self.filled as u64 + drained;
        self.filled = 0;
        let end = self.clock.done;
        if self.vad.is_open() {
            let silent = u64::from(self.vad.unvoiced_blocks()) * BLOCK_SAMPLES as u64;
            let silent = if silent == 0 { 0 } else { silent + rest };
            self.utterances.voice_ended(end - silent);
            self.voice(end - silent, false, out);
        }
        if let Some(change) = self.utterances.finish(end) {
            self.change(change, out)?;
        }
        Ok(())
    }

    /// Starts a segment after lost samples.
    fn skip(&mut self, samples: u64, cause: GapCause) -> Gap {
        let start_s = self.position_s();
        self.clock.since += samples;
        self.totals.samples_lost += samples;
        self.begin_segment();
        Gap {
            start_s,
            end_s: self.position_s(),
            samples,
            cause,
        }
    }

    /// Starts a segment `since` input samples after `base`, which is in 16 kHz samples.
    fn move_to(&mut self, base: u64, since: u64) {
        self.clock.base = base;
        self.clock.since = since;
        self.begin_segment();
    }

    fn begin_segment(&mut self) {
        self.clock.segment = self.clock.position(self.input().rate);
        self.clock.done = 0;
        self.spoken = 0;
        self.filled = 0;
        self.front_end.reset();
        self.rows.clear();
        if let Some(follower) = &mut self.follower {
            follower.begin_segment(self.clock.segment);
        }
        self.vad.reset();
    }
}
