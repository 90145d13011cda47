//! Who speaks now, on which channel.

use std::collections::BTreeMap;

/// Where a voice is on each channel; `None` is an input that is judged as a whole.
#[derive(Debug, Clone, Default)]
pub struct Voices {
    by_channel: BTreeMap<Option<u16>, Voicing>,
    latest: Option<u16>,
}

/// Where a voice is: the detector may pause for a moment within an utterance.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Voicing {
    pub(super) detected: bool,
    /// Begin of the utterance that goes on.
    pub(super) utterance: Option<f64>,
}

impl Voices {
    /// The voice on the channel that spoke last.
    pub(super) fn latest(&self) -> Voicing {
        let voice = self.by_channel.get(&self.latest);
        voice.copied().unwrap_or_default()
    }

    /// The channel that spoke last.
    pub(super) fn channel(&self) -> Option<u16> {
        self.latest
    }

    /// Voice activity on a channel starts or ends.
    pub(super) fn detect(&mut self, channel: Option<u16>, active: bool) {
        self.by_channel.entry(channel).or_default().detected = active;
    }

    /// An utterance starts: its channel is the one that spoke last.
    pub(super) fn start(&mut self, channel: Option<u16>, at_s: f64) {
        self.by_channel.entry(channel).or_default().utterance = Some(at_s);
        self.latest = channel;
    }

    /// An utterance ends: another one that goes on is the one that spoke last.
    pub(super) fn end(&mut self, channel: Option<u16>) {
        self.by_channel.entry(channel).or_default().utterance = None;
        let open = self.by_channel.iter().filter_map(|(channel, voice)| {
            let start = voice.utterance?;
            Some((*channel, start))
        });
        if self.latest == channel
            && let Some((other, _)) = open.max_by(|a, b| a.1.total_cmp(&b.1))
        {
            self.latest = other;
        }
    }

    /// Whether a judgement of that channel is shown: not while another channel that
    /// began to speak later goes on.
    pub(super) fn take(&mut self, channel: Option<u16>) -> bool {
        if self.latest != channel && self.latest().utterance.is_none() {
            self.latest = channel;
        }
        self.latest == channel
    }
}
