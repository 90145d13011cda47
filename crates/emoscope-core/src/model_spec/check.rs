//! Checks of the metadata entries.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{
    Affect, ModelSpec, SpecError, StreamSpec, TensorInfo, Thresholds, Tuning, WindowSpec, tensors,
};
use crate::baseline::SpeakerChange;
use crate::dsp::feature_spec::{FeatureSpec, HOP_SAMPLES, SAMPLE_RATE_HZ};
use crate::events::{Hue, UNCERTAIN};

impl ModelSpec {
    /// Parses and checks the metadata, by key, and the declared tensors.
    ///
    /// # Errors
    /// The first entry or tensor that is missing or not compatible.
    pub fn parse<'a>(
        metadata: impl Fn(&str) -> Option<&'a str>,
        inputs: &[TensorInfo],
        outputs: &[TensorInfo],
    ) -> Result<Self, SpecError> {
        let entry = |key: &str| {
            metadata(key)
                .ok_or_else(|| SpecError::new(format!("metadata entry {key}"), "JSON", "nothing"))
        };
        let labels: Vec<String> = parse("labels", "a list of names", entry("labels")?)?;
        check_labels(&labels)?;
        check_frontend(&parse("frontend", "an object", entry("frontend")?)?)?;
        let window = parse("window", r#"{"min_s","max_s","hop_s"}"#, entry("window")?)?;
        check_window(window)?;
        let temperature: f64 = parse("temperature", "a number", entry("temperature")?)?;
        if !(0.01..=100.0).contains(&temperature) {
            return Err(SpecError::new(
                "temperature",
                "0.01 to 100",
                temperature.to_string(),
            ));
        }
        let thresholds: Thresholds = parse(
            "thresholds",
            r#"{"certain","margin"}"#,
            entry("thresholds")?,
        )?;
        for (item, value) in [
            ("certain", thresholds.certain),
            ("margin", thresholds.margin),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(SpecError::new(
                    format!("thresholds.{item}"),
                    "0 to 1",
                    value.to_string(),
                ));
            }
        }
        let stream: Option<StreamSpec> = match metadata("stream") {
            Some(text) => {
                let expected = r#"{"first_frames","step_frames","state"}"#;
                Some(parse("stream", expected, text)?)
            }
            None => None,
        };
        if let Some(stream) = &stream {
            stream.check()?;
        }
        let state = stream.as_ref().map_or(&[][..], |stream| &stream.state);
        let interface = tensors::check(inputs, outputs, labels.len(), state)?;
        let affect = match metadata("affect") {
            Some(text) => Some(affect(&labels, text)?),
            None => None,
        };
        let colors = match metadata("colors") {
            Some(text) => colors(&labels, text)?,
            None => Vec::new(),
        };
        let voice_change = match metadata("voice_change") {
            Some(text) => Some(voice_change(interface.embedding_width, text)?),
            None => None,
        };
        let tuning = match metadata("tuning") {
            Some(text) => parse::<Tuning>("tuning", "an object of numbers", text)?.check()?,
            None => Tuning::default(),
        };
        Ok(Self {
            affect,
            colors,
            voice_change,
            embedding_width: interface.embedding_width,
            has_speech: interface.has_speech,
            labels: labels.into_iter().map(Arc::from).collect(),
            window,
            stream,
            temperature,
            thresholds,
            tuning,
            version: parse("version", "a string", entry("version")?)?,
            training_data: parse("training_data", "a list", entry("training_data")?)?,
            licences: parse("licences", "a list of strings", entry("licences")?)?,
        })
    }
}

fn parse<T: DeserializeOwned>(item: &str, expected: &str, text: &str) -> Result<T, SpecError> {
    serde_json::from_str(text).map_err(|error| {
        let shown: String = text.chars().take(80).collect();
        SpecError::new(item, expected, format!("{shown} ({error})"))
    })
}

/// Valence and arousal of each label.
fn affect(labels: &[String], text: &str) -> Result<Vec<Affect>, SpecError> {
    let expected = "an object with [valence, arousal], each -1 to 1, per label";
    let found: BTreeMap<String, Affect> = parse("affect", expected, text)?;
    let inside = |affect: &Affect| {
        let range = -1.0..=1.0;
        range.contains(&affect.valence) && range.contains(&affect.arousal)
    };
    let places: Option<Vec<Affect>> = labels
        .iter()
        .map(|label| found.get(label).copied().filter(inside))
        .collect();
    places
        .filter(|places| places.len() == found.len())
        .ok_or_else(|| SpecError::new("affect", expected, text))
}

/// A colour for some or all labels, in order.
fn colors(labels: &[String], text: &str) -> Result<Vec<Option<Hue>>, SpecError> {
    let expected = "an object with a colour for labels of the model: red, magenta, yellow, \
                    blue, cyan, plain or dim";
    let found: BTreeMap<String, Hue> = parse("colors", expected, text)?;
    if let Some(other) = found.keys().find(|name| !labels.contains(name)) {
        return Err(SpecError::new(
            "colors",
            expected,
            format!("one for {other:?}"),
        ));
    }
    Ok(labels.iter().map(|name| found.get(name).copied()).collect())
}

/// The speaker change distance of a model with a baseline.
fn voice_change(width: Option<usize>, text: &str) -> Result<SpeakerChange, SpecError> {
    let expected = "{\"numbers\", \"distance\"}: some or all numbers of an embedding, and \
                    a positive number";
    let found: SpeakerChange = parse("voice_change", expected, text)?;
    let numbers = 1..=width.unwrap_or(0);
    if numbers.contains(&found.numbers) && found.distance > 0.0 && found.distance.is_finite() {
        return Ok(found);
    }
    Err(SpecError::new("voice_change", expected, text))
}

fn check_labels(labels: &[String]) -> Result<(), SpecError> {
    let distinct: HashSet<&str> = labels.iter().map(String::as_str).collect();
    let named = labels
        .iter()
        .all(|label| !label.trim().is_empty() && label != UNCERTAIN);
    if labels.len() < 2 || distinct.len() < labels.len() || !named {
        return Err(SpecError::new(
            "labels",
            format!("two or more distinct names, none of them empty or '{UNCERTAIN}'"),
            format!("{labels:?}"),
        ));
    }
    Ok(())
}

fn check_frontend(found: &serde_json::Value) -> Result<(), SpecError> {
    let ours = serde_json::to_value(FeatureSpec::ours()).unwrap_or_default();
    if let (Some(expected), Some(given)) = (ours.as_object(), found.as_object()) {
        for (key, value) in expected {
            let same = given
                .get(key)
                .is_some_and(|v| same_number(v, value) || v == value);
            if !same {
                let found = given.get(key).map_or("nothing".into(), ToString::to_string);
                return Err(SpecError::new(
                    format!("frontend.{key}"),
                    value.to_string(),
                    found,
                ));
            }
        }
        if let Some(key) = given.keys().find(|key| !expected.contains_key(*key)) {
            return Err(SpecError::new(
                format!("frontend.{key}"),
                "nothing",
                given[key].to_string(),
            ));
        }
        return Ok(());
    }
    Err(SpecError::new(
        "frontend",
        ours.to_string(),
        found.to_string(),
    ))
}

fn check_window(window: WindowSpec) -> Result<(), SpecError> {
    let WindowSpec {
        min_s,
        max_s,
        hop_s,
    } = window;
    let frame_s = HOP_SAMPLES as f64 / f64::from(SAMPLE_RATE_HZ);
    let whole = |s: f64| (s / frame_s - (s / frame_s).round()).abs() < 1e-6;
    // Windows can tile an utterance only if all lengths are multiples of the hop.
    let on_grid = |s: f64| (s / hop_s - (s / hop_s).round()).abs() < 1e-6;
    let fits = (frame_s..=5.0).contains(&hop_s)
        && (frame_s..=max_s).contains(&min_s)
        && max_s <= 30.0
        && whole(hop_s)
        && on_grid(min_s)
        && on_grid(max_s);
    if fits {
        return Ok(());
    }
    Err(SpecError::new(
        "window",
        "hop_s a multiple of 0.01 up to 5, min_s and max_s multiples of hop_s, min_s <= max_s <= 30",
        format!("min_s {min_s}, max_s {max_s}, hop_s {hop_s}"),
    ))
}

fn same_number(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a.total_cmp(&b).is_eq())
}
