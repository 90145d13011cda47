//! The order of captions: players need cues by start time, but the utterances of
//! several channels end in another order.

use std::collections::BTreeMap;

use super::utterance;
use crate::events::{Event, Measurement};

/// Holds an utterance back while an earlier one on another channel continues.
#[derive(Debug, Default)]
pub(super) struct Cues {
    /// Start times of the open utterances, by channel.
    open: BTreeMap<Option<u16>, f64>,
    waiting: Vec<Measurement>,
    given: u64,
}

impl Cues {
    /// Takes an event; returns the utterances whose cues are due, each with its cue
    /// number.
    pub(super) fn take(&mut self, event: &Event) -> Vec<(u64, Measurement)> {
        if let Event::UtteranceStart(start) = event {
            self.open.insert(start.channel, start.start_s);
        }
        let Some(ended) = utterance(event) else {
            return Vec::new();
        };
        self.open.remove(&ended.channel);
        let place = self.waiting.partition_point(|m| m.start_s <= ended.start_s);
        self.waiting.insert(place, ended.clone());
        let open = self.open.values().copied().fold(f64::INFINITY, f64::min);
        let due = self.waiting.partition_point(|m| m.start_s <= open);
        let due: Vec<Measurement> = self.waiting.drain(..due).collect();
        due.into_iter().map(|m| self.numbered(m)).collect()
    }

    /// Utterances are numbered per channel, cues per file.
    fn numbered(&mut self, utterance: Measurement) -> (u64, Measurement) {
        self.given += 1;
        let number = match utterance.channel {
            Some(_) => self.given,
            None => utterance.utterance,
        };
        (number, utterance)
    }

    /// The utterances still held back when a session breaks off.
    pub(super) fn rest(&mut self) -> Vec<(u64, Measurement)> {
        self.open.clear();
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().map(|m| self.numbered(m)).collect()
    }
}
