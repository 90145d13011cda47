//! What the file of a speaker network says about itself.
//!
//! Metadata entries, each JSON: `kind` (`"speakers"`), `name`, `bands` (the input, which
//! must be that of the front end), `licence`, `version`, and
//! optionally `tuning` ([`SpeakerTuning`]).
//! Its input is `bands` `[batch, frames, 80]`, its output `embedding` `[batch, width]`,
//! both of 32-bit floats.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dsp::feature_spec::{HOP_SAMPLES, N_FFT, SAMPLE_RATE_HZ};
use crate::dsp::speaker_bands::{BAND_FLOOR, HIGH_HZ, LOW_HZ, N_SPEAKER_BANDS, PRE_EMPHASIS};
use crate::model_spec::{Dimension, SpecError, TensorInfo, describe};

/// Name of the input tensor.
pub const BANDS: &str = "bands";
/// Name of the output tensor.
pub const PRINT: &str = "embedding";
/// The entry `kind`.
const KIND: &str = "speakers";

/// Numbers that are tuned on the network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpeakerTuning {
    /// Mean cosine between the windows of two groups above which they are one voice.
    pub join: f32,
    /// Price of a change from one window to the next, in cosines.
    pub stay: f32,
    /// Seconds of speech that are evidence of a voice, where they lie in one utterance.
    pub once_s: f64,
    /// The same, where several utterances agree.
    pub several_s: f64,
    /// Mean cosine between the two most different halves of a folder's speech from
    /// which all of it is one speaker's.
    pub one_speaker: f32,
}

impl Default for SpeakerTuning {
    /// Chosen on conversations made of clips of three corpora that the network was not
    /// trained on. One person who weeps and shouts stays one in nine of ten recordings.
    fn default() -> Self {
        Self {
            join: 0.30,
            stay: 0.2,
            once_s: 3.0,
            several_s: 2.0,
            one_speaker: 0.35,
        }
    }
}

/// What the metadata says.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeakerSpec {
    /// Name of the network.
    pub name: String,
    /// Version of the file.
    pub version: String,
    /// Licence of the weights.
    pub licence: String,
    /// Numbers of an embedding.
    pub width: usize,
    /// Tuned numbers.
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
        let (found, expected) = (entry("bands")?, bands());
        if found != expected {
            let item = "metadata entry bands";
            return Err(SpecError::new(
                item,
                expected.to_string(),
                found.to_string(),
            ));
        }
        let is_input = inputs.len() == 1 && fits(&inputs[0], BANDS, 3, Some(N_SPEAKER_BANDS));
        if !is_input {
            let expected = format!("{BANDS} [batch, frames, {N_SPEAKER_BANDS}] of 32-bit floats");
            return Err(SpecError::new("inputs", expected, describe(inputs)));
        }
        let output = outputs.iter().find(|output| fits(output, PRINT, 2, None));
        let width = output.and_then(|output| match output.shape.last() {
            Some(Dimension::Fixed(width)) => usize::try_from(*width).ok(),
            _ => None,
        });
        let Some(width) = width.filter(|width| (1..=4096).contains(width)) else {
            let expected = format!("{PRINT} [batch, width] of 32-bit floats");
            return Err(SpecError::new("outputs", expected, describe(outputs)));
        };
        let tuning = match metadata("tuning") {
            Some(_) => tuning(entry("tuning")?)?,
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

fn tuning(found: Value) -> Result<SpeakerTuning, SpecError> {
    let shown = found.to_string();
    let sound = |tuning: &SpeakerTuning| {
        (-1.0..=1.0).contains(&tuning.join)
            && (0.0..=10.0).contains(&tuning.stay)
            && (0.0..=60.0).contains(&tuning.once_s)
            && (0.0..=60.0).contains(&tuning.several_s)
            && (-1.0..=1.0).contains(&tuning.one_speaker)
    };
    serde_json::from_value(found)
        .ok()
        .filter(sound)
        .ok_or_else(|| {
            let expected =
                "join and one_speaker -1 to 1, stay 0 to 10, once_s and several_s 0 to 60";
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

fn fits(tensor: &TensorInfo, name: &str, rank: usize, last: Option<usize>) -> bool {
    let same = |last: usize| tensor.shape.last() == Some(&Dimension::Fixed(last as i64));
    tensor.name == name && tensor.float32 && tensor.shape.len() == rank && last.is_none_or(same)
}
