//! What the file of a speaker network says about itself.
//!
//! Metadata entries, each JSON: `kind` (`"speakers"`), `name`, `bands` and `spectrum` (the
//! input, which must be that of the front end), `licence`, `version`, and optionally
//! `tuning` ([`SpeakerTuning`]).
//! Its inputs are `bands` `[frames, 80]`, a stretch of speech, and `windows`
//! `[windows, 2]`, of each the first frame and the frame after the last. Its output is
//! `embedding` `[windows, width]`. All are of 32-bit floats.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::dot;
use crate::dsp::feature_spec::{HOP_SAMPLES, N_FFT, SAMPLE_RATE_HZ};
use crate::dsp::speaker_bands::{
    BAND_FLOOR, HIGH_HZ, KALDI_FFT, LOW_HZ, N_SPEAKER_BANDS, NEIGHBOUR_BINS, PRE_EMPHASIS,
};
use crate::model_spec::{Dimension, SpecError, TensorInfo, describe};

/// Name of the input tensor of a stretch of speech.
pub const BANDS: &str = "bands";
/// Name of the input tensor of the windows in it.
pub const WINDOWS: &str = "windows";
/// Values that name a window: its first frame, and the frame after its last.
pub const WINDOW_ENDS: usize = 2;
/// Name of the output tensor.
pub const EMBEDDING: &str = "embedding";
/// The entry `kind`.
const KIND: &str = "speakers";

/// Constants that are tuned on the network. Variances are those of an embedding of
/// length 1, all its values together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpeakerTuning {
    /// Mean cosine of neighbouring stretches of an utterance from which they are one.
    pub alike: f32,
    /// Mean cosine of two parts of an utterance below which a live session divides it.
    pub differ: f32,
    /// Variance between voices.
    pub between: f64,
    /// Variance of one voice between its stretches.
    pub within: f64,
    /// Variance of one voice between its tones, such as emotions.
    pub tone: f64,
    /// Variance of the noise in 1.5 s of speech.
    pub noise: f64,
    /// Independent values of an embedding.
    pub dimensions: f64,
    /// Log odds that two stretches are one voice, before their embeddings are known.
    pub prior: f64,
    /// Log odds that two stretches that follow each other without a pause are two voices'.
    pub successive: f64,
    /// Price of a change from one window to the next, in cosines.
    pub stay: f32,
    /// Seconds of speech that are evidence of a voice.
    pub evidence_s: f64,
    /// Fewest seconds that can be evidence, where less than `evidence_s` is a large share
    /// of all speech.
    pub least_s: f64,
    /// Share of the speech of a whole recording that is evidence of a voice.
    pub share: f64,
    /// The same, of a distinct voice.
    pub distinct_share: f64,
    /// Cosine with every voice that has more speech, below which a voice is distinct.
    pub distinct: f32,
    /// Mean cosine between the two most different halves of a folder's speech from
    /// which all of it is one speaker's.
    pub one_speaker: f32,
    /// The mean embedding of all speech; empty where it is zero.
    pub mean: Vec<f32>,
    /// Weights of an embedding's values in the log odds that its window has speech, rather
    /// than a laugh, a cough or a noise; empty where all windows count as speech.
    pub speech: Vec<f32>,
    /// Constant term of these log odds.
    pub speech_bias: f32,
}

impl Default for SpeakerTuning {
    /// Those of the built-in network, except for its vectors.
    fn default() -> Self {
        Self {
            alike: 0.38,
            differ: 0.32,
            between: 0.2,
            within: 0.06,
            tone: 0.05,
            noise: 0.32,
            dimensions: 42.0,
            prior: 1.0,
            successive: 1.5,
            stay: 0.09,
            evidence_s: 4.8,
            least_s: 2.0,
            share: 0.3,
            distinct_share: 0.15,
            distinct: 0.15,
            one_speaker: 0.3,
            mean: Vec::new(),
            speech: Vec::new(),
            speech_bias: 0.0,
        }
    }
}

impl SpeakerTuning {
    /// Whether every constant is in its range, for embeddings of `width` values.
    fn is_valid(&self, width: usize) -> bool {
        let cosine = -1.0..=1.0;
        let variance = 1e-3..=10.0;
        cosine.contains(&self.alike)
            && cosine.contains(&self.differ)
            && cosine.contains(&self.one_speaker)
            && variance.contains(&self.between)
            && variance.contains(&self.within)
            && variance.contains(&self.noise)
            && (0.0..=10.0).contains(&self.tone)
            && (1.0..=1e4).contains(&self.dimensions)
            && (-1e3..=1e3).contains(&self.prior)
            && (0.0..=1e3).contains(&self.successive)
            && (0.0..=10.0).contains(&self.stay)
            && (0.0..=60.0).contains(&self.evidence_s)
            && (0.0..=60.0).contains(&self.least_s)
            && (0.0..=1.0).contains(&self.share)
            && (0.0..=1.0).contains(&self.distinct_share)
            && cosine.contains(&self.distinct)
            && (self.mean.is_empty() || self.mean.len() == width)
            && self.mean.iter().all(|value| (-1.0..=1.0).contains(value))
            && (self.speech.is_empty() || self.speech.len() == width)
            && self.speech.iter().all(|value| (-1e3..=1e3).contains(value))
            && (-1e3..=1e3).contains(&self.speech_bias)
    }

    /// Whether the window of an embedding of length 1 has speech.
    pub(crate) fn is_speech(&self, embedding: &[f32]) -> bool {
        self.speech.is_empty() || dot(&self.speech, embedding) + self.speech_bias >= 0.0
    }
}

/// What the metadata says.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeakerSpec {
    /// Name of the network.
    pub name: String,
    /// Version of the file.
    pub version: String,
    /// Licence of the weights, and those of the corpora that they were trained on.
    pub licence: String,
    /// Values of an embedding.
    pub width: usize,
    /// Tuned constants.
    pub tuning: SpeakerTuning,
}

impl SpeakerSpec {
    /// Parses and checks the metadata, by key, and the declared tensors.
    ///
    /// # Errors
    /// The first entry or tensor that is missing or not compatible.
    pub fn parse<'a>(
        metadata: impl Fn(&str) -> Option<&'a str>,
        inputs: &[TensorInfo],
        outputs: &[TensorInfo],
    ) -> Result<Self, SpecError> {
        let entry = |key: &str| -> Result<Value, SpecError> {
            let item = || format!("metadata entry {key}");
            let text = metadata(key).ok_or_else(|| SpecError::new(item(), "JSON", "nothing"))?;
            serde_json::from_str(text).map_err(|_| SpecError::new(item(), "JSON", text))
        };
        let text = |key: &str| -> Result<String, SpecError> {
            let value = entry(key)?;
            let text = value.as_str().map(ToOwned::to_owned);
            text.ok_or_else(|| SpecError::new(key, "a string", value.to_string()))
        };
        let kind = text("kind")?;
        if kind != KIND {
            return Err(SpecError::new("kind", KIND, kind));
        }
        for (key, expected) in [("bands", bands()), ("spectrum", spectrum())] {
            let found = entry(key)?;
            if found != expected {
                let item = format!("metadata entry {key}");
                let (expected, found) = (expected.to_string(), found.to_string());
                return Err(SpecError::new(item, expected, found));
            }
        }
        let has = |name, last| inputs.iter().any(|input| fits(input, name, Some(last)));
        if inputs.len() != 2 || !has(BANDS, N_SPEAKER_BANDS) || !has(WINDOWS, WINDOW_ENDS) {
            let expected = format!(
                "{BANDS} [frames, {N_SPEAKER_BANDS}] and {WINDOWS} [windows, {WINDOW_ENDS}] \
                 of 32-bit floats"
            );
            return Err(SpecError::new("inputs", expected, describe(inputs)));
        }
        let output = outputs.iter().find(|output| fits(output, EMBEDDING, None));
        let width = output.and_then(|output| match output.shape.last() {
            Some(Dimension::Fixed(width)) => usize::try_from(*width).ok(),
            _ => None,
        });
        let Some(width) = width.filter(|width| (1..=4096).contains(width)) else {
            let expected = format!("{EMBEDDING} [windows, width] of 32-bit floats");
            return Err(SpecError::new("outputs", expected, describe(outputs)));
        };
        let tuning = match metadata("tuning") {
            Some(_) => tuning(entry("tuning")?, width)?,
            None => SpeakerTuning::default(),
        };
        Ok(Self {
            name: text("name")?,
            version: text("version")?,
            licence: text("licence")?,
            width,
            tuning,
        })
    }
}

fn tuning(found: Value, width: usize) -> Result<SpeakerTuning, SpecError> {
    let shown = found.to_string();
    serde_json::from_value(found)
        .ok()
        .filter(|tuning: &SpeakerTuning| tuning.is_valid(width))
        .ok_or_else(|| {
            let expected = format!(
                "cosines -1 to 1, variances 0.001 to 10, dimensions 1 to 10000, stay 0 to 10, \
                 seconds 0 to 60, shares 0 to 1, mean of {width} numbers from -1 to 1, speech of \
                 {width} from -1000 to 1000"
            );
            SpecError::new("metadata entry tuning", expected, shown)
        })
}

/// The input as this program computes it.
fn bands() -> Value {
    json!({
        "sample_rate": SAMPLE_RATE_HZ,
        "n_fft": N_FFT,
        "window": "hann",
        "hop": HOP_SAMPLES,
        "center": true,
        "pad": "zero",
        "preemphasis": PRE_EMPHASIS,
        "n_bands": N_SPEAKER_BANDS,
        "mel": "htk",
        "f_min": LOW_HZ,
        "f_max": HIGH_HZ,
        "log": "ln",
        "floor": BAND_FLOOR,
    })
}

/// The spectrum under the bands.
fn spectrum() -> Value {
    json!({ "n_fft": KALDI_FFT, "window": "povey", "neighbours": NEIGHBOUR_BINS })
}

/// Whether a tensor has that name, two dimensions, and so many values in a row.
fn fits(tensor: &TensorInfo, name: &str, last: Option<usize>) -> bool {
    let same = |last: usize| tensor.shape.last() == Some(&Dimension::Fixed(last as i64));
    tensor.name == name && tensor.float32 && tensor.shape.len() == 2 && last.is_none_or(same)
}
