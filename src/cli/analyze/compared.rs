//! Collects the utterances of recordings with human labels, to compare them.

use std::collections::HashMap;
use std::io;

use crate::batch::recording::Recording;
use crate::events::{Event, Measurement};
use crate::reference::LabelledSpan;
use crate::reference::confusion::Confusion;
use crate::sink::{Sink, utterance};

/// Forwards all events to another sink.
pub(super) struct Compared<S> {
    sink: S,
    /// The human labels, by the name of the recording.
    spans: HashMap<String, Vec<LabelledSpan>>,
    utterances: HashMap<String, Vec<Measurement>>,
}

impl<S: Sink> Compared<S> {
    /// Compares with `spans`, one list per recording.
    pub(super) fn new(sink: S, recordings: &[Recording], spans: Vec<Vec<LabelledSpan>>) -> Self {
        let names = recordings.iter().map(|recording| recording.name.clone());
        let labelled = names.zip(spans).filter(|(_, spans)| !spans.is_empty());
        Self {
            sink,
            spans: labelled.collect(),
            utterances: HashMap::new(),
        }
    }

    /// The confusion matrix of human and predicted labels, for a model with these
    /// labels.
    pub(super) fn confusion(&self, labels: &[String]) -> Confusion {
        let mut confusion = Confusion::new(labels);
        for (name, spans) in &self.spans {
            let utterances = self.utterances.get(name);
            confusion.add(spans, utterances.map_or(&[], Vec::as_slice));
        }
        confusion
    }
}

impl<S: Sink> Sink for Compared<S> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        if let (Some(name), Some(measurement)) = (file, utterance(event))
            && self.spans.contains_key(name)
        {
            let known = self.utterances.entry(name.to_owned()).or_default();
            known.push(measurement.clone());
        }
        self.sink.event(file, event)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.sink.finish()
    }
}
