//! Voice activity per channel.

use std::collections::BTreeMap;

/// Voice activity per channel; `None` is the input as a whole.
#[derive(Debug, Clone, Default)]
pub struct VoiceActivity {
    by_channel: BTreeMap<Option<u16>, Voicing>,
    latest: Option<u16>,
}

/// Voice activity of a channel; it may pause briefly inside an utterance.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Voicing {
    pub(super) detected: bool,
    /// Start of the open utterance in seconds.
    pub(super) utterance: Option<f64>,
}

impl VoiceActivity {
    /// Voice activity of the channel that spoke last.
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

    /// An utterance ends: another open one, if any, becomes the one that spoke last.
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

    /// Whether a prediction for that channel is shown: not while another channel that
    /// started later is still speaking.
    pub(super) fn take(&mut self, channel: Option<u16>) -> bool {
        if self.latest != channel && self.latest().utterance.is_none() {
            self.latest = channel;
        }
        self.latest == channel
    }
}
