//! The inputs and outputs of a model.

use super::{
    BASELINE_INPUT, BASELINE_SECONDS_INPUT, EMBEDDING_OUTPUT, LOGITS_OUTPUT, MFCC_INPUT,
    SPEECH_OUTPUT, SpecError, StateTensor,
};
use crate::dsp::feature_spec::N_MFCC;

/// An input or output as declared in the model file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// Whether it holds 32-bit floats.
    pub float32: bool,
    /// Its dimensions.
    pub shape: Vec<Dimension>,
}

/// A dimension of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// Fixed by the file.
    Fixed(i64),
    /// Free, with a name or `?`.
    Free(String),
}

/// The optional inputs and outputs of a model.
pub(super) struct Interface {
    /// Values per embedding, if the model uses a baseline.
    pub(super) embedding_width: Option<usize>,
    /// Whether it separates speech from other sounds.
    pub(super) has_speech: bool,
}

/// Checks inputs and outputs against the number of labels and the state of a streaming
/// model.
pub(super) fn check(
    inputs: &[TensorInfo],
    outputs: &[TensorInfo],
    labels: usize,
    state: &[StateTensor],
) -> Result<Interface, SpecError> {
    check_state(inputs, outputs, state)?;
    let is_state = |input: &&TensorInfo| state.iter().any(|tensor| tensor.name == input.name);
    let others: Vec<&TensorInfo> = inputs.iter().filter(|input| !is_state(input)).collect();
    let has = |name: &str, shape: &[Option<usize>]| outputs.iter().any(|o| o.fits(name, shape));
    let embedding_width = match others.as_slice() {
        [input] if input.fits(MFCC_INPUT, &[None, None, Some(N_MFCC)]) => None,
        [input, statistics, seconds]
            if input.fits(MFCC_INPUT, &[None, None, Some(N_MFCC)])
                && statistics.fits(BASELINE_INPUT, &[None, Some(2), statistics.last()])
                && seconds.fits(BASELINE_SECONDS_INPUT, &[None, Some(1)])
                && has(EMBEDDING_OUTPUT, &[None, statistics.last()]) =>
        {
            statistics.last()
        }
        _ => {
            let wanted = format!(
                "{MFCC_INPUT} [batch, time, {N_MFCC}], or besides {BASELINE_INPUT} [batch, 2, width] and \
                 {BASELINE_SECONDS_INPUT} [batch, 1] with an output {EMBEDDING_OUTPUT} [batch, width], \
                 of 32-bit floats"
            );
            return Err(SpecError::new("inputs", wanted, describe(inputs)));
        }
    };
    if !has(LOGITS_OUTPUT, &[None, Some(labels)]) {
        let wanted = format!("an output {LOGITS_OUTPUT} [batch, {labels}] of 32-bit floats");
        return Err(SpecError::new("outputs", wanted, describe(outputs)));
    }
    Ok(Interface {
        embedding_width,
        has_speech: has(SPEECH_OUTPUT, &[None, Some(1)]),
    })
}

/// Checks that every tensor of the state has an input and an output for its next value.
fn check_state(
    inputs: &[TensorInfo],
    outputs: &[TensorInfo],
    state: &[StateTensor],
) -> Result<(), SpecError> {
    for tensor in state {
        for (what, tensors, name) in [
            ("an input", inputs, tensor.name.clone()),
            ("an output", outputs, tensor.next()),
        ] {
            if !tensors.iter().any(|info| info.holds(&name, &tensor.shape)) {
                let wanted = format!("{what} {name} {:?} of 32-bit floats", tensor.shape);
                return Err(SpecError::new("stream.state", wanted, describe(tensors)));
            }
        }
    }
    Ok(())
}

impl TensorInfo {
    /// Whether it has the name and the type, and allows this shape.
    fn holds(&self, name: &str, shape: &[usize]) -> bool {
        let matches = |(found, wanted): (&Dimension, &usize)| match found {
            Dimension::Fixed(found) => usize::try_from(*found) == Ok(*wanted),
            Dimension::Free(_) => true,
        };
        self.name == name
            && self.float32
            && self.shape.len() == shape.len()
            && self.shape.iter().zip(shape).all(matches)
    }

    /// The last dimension, if it is fixed.
    fn last(&self) -> Option<usize> {
        match self.shape.last()? {
            Dimension::Fixed(value) => usize::try_from(*value).ok(),
            Dimension::Free(_) => None,
        }
    }

    /// Whether it has the name and the type, and no conflicting dimension. A fixed
    /// batch of 1 is accepted, a fixed time is not.
    fn fits(&self, name: &str, shape: &[Option<usize>]) -> bool {
        let matches = |axis: usize, found: &Dimension, wanted: &Option<usize>| match (found, wanted)
        {
            (Dimension::Fixed(found), Some(wanted)) => *found == *wanted as i64,
            (Dimension::Fixed(found), None) => axis == 0 && *found == 1,
            (Dimension::Free(_), _) => true,
        };
        self.name == name
            && self.float32
            && self.shape.len() == shape.len()
            && (self.shape.iter().zip(shape).enumerate())
                .all(|(axis, (found, wanted))| matches(axis, found, wanted))
    }
}

/// Names and shapes of tensors, for error messages.
pub(crate) fn describe(tensors: &[TensorInfo]) -> String {
    let shown: Vec<String> = tensors
        .iter()
        .map(|tensor| {
            let shape: Vec<String> = tensor.shape.iter().map(ToString::to_string).collect();
            format!("{} [{}]", tensor.name, shape.join(", "))
        })
        .collect();
    if shown.is_empty() {
        "none".into()
    } else {
        shown.join(", ")
    }
}

impl std::fmt::Display for Dimension {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(value) => write!(out, "{value}"),
            Self::Free(name) => out.write_str(name),
        }
    }
}
