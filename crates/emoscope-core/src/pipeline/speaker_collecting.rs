//! What a first pass over a recording collects of its speakers: utterances and the
//! embeddings of the windows in them.

use crate::classifier::ClassifierError;
use crate::dsp::speaker_bands::N_SPEAKER_BANDS;
use crate::pipeline::speaker_windows::WINDOW_FRAMES;
use crate::speakers::turns::Span;
use crate::speakers::{SpeakerNetwork, SpeakerWindow};

/// Windows that are embedded at a time.
const WINDOWS_PER_RUN: usize = 8;

/// What the first pass over a recording found.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// The utterances.
    pub spans: Vec<Span>,
    /// Windows in them.
    pub windows: Vec<SpeakerWindow>,
}

/// Collects them.
pub struct Collector {
    network: Box<dyn SpeakerNetwork>,
    found: Collected,
    /// Windows that are yet to be embedded, all of the same length.
    pending: Vec<usize>,
    /// Their bands.
    bands: Vec<f32>,
}

impl Collector {
    /// A collector that has nothing yet.
    pub fn new(network: Box<dyn SpeakerNetwork>) -> Self {
        Self {
            network,
            found: Collected::default(),
            pending: Vec::new(),
            bands: Vec::new(),
        }
    }

    /// Adds a window of the open utterance and its bands.
    ///
    /// # Errors
    /// The engine's error.
    pub fn add(&mut self, mut window: SpeakerWindow, bands: &[f32]) -> Result<(), ClassifierError> {
        if bands.len() == WINDOW_FRAMES as usize * N_SPEAKER_BANDS {
            self.pending.push(self.found.windows.len());
            self.bands.extend_from_slice(bands);
        } else {
            let found = self.network.embed(1, bands)?.pop();
            window.set_embedding(found.unwrap_or_default());
        }
        self.found.windows.push(window);
        if self.pending.len() == WINDOWS_PER_RUN {
            self.embed()?;
        }
        Ok(())
    }

    /// Ends the open utterance.
    pub fn end(&mut self, span: Span) {
        self.found.spans.push(span);
    }

    /// What was collected, up to the first error of the network.
    pub fn take(&mut self) -> Collected {
        if self.embed().is_err() {
            let windows = &mut self.found.windows;
            windows.retain(|window| !window.embedding.is_empty());
        }
        self.pending.clear();
        self.bands.clear();
        std::mem::take(&mut self.found)
    }

    /// Embeds the pending windows.
    fn embed(&mut self) -> Result<(), ClassifierError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let found = self.network.embed(self.pending.len(), &self.bands)?;
        self.bands.clear();
        for (place, embedding) in self.pending.drain(..).zip(found) {
            self.found.windows[place].set_embedding(embedding);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Embeds the mean of the bands, and notes windows and frames of each run.
    struct Means(Sender<(usize, usize)>);

    impl SpeakerNetwork for Means {
        fn embed(
            &mut self,
            windows: usize,
            bands: &[f32],
        ) -> Result<Vec<Vec<f32>>, ClassifierError> {
            let one = bands.len() / windows;
            assert!(self.0.send((windows, one / N_SPEAKER_BANDS)).is_ok());
            let mean = |window: &[f32]| window.iter().sum::<f32>() / one as f32;
            Ok(bands.chunks(one).map(|it| vec![mean(it), 1.0]).collect())
        }
    }

    #[test]
    fn windows_of_one_length_are_embedded_together_and_others_alone() -> Result<(), ClassifierError>
    {
        let (sender, runs) = channel();
        let mut collector = Collector::new(Box::new(Means(sender)));
        // Utterances of windows with these frames; the windows have rising levels.
        let utterances: [&[usize]; 3] = [&[100, 100, 100, 100], &[80], &[100; 7]];
        let mut level = 0.0;
        for (utterance, frames) in (1..).zip(utterances) {
            for &frames in frames {
                let bands = vec![level; frames * N_SPEAKER_BANDS];
                collector.add(SpeakerWindow::pending(0, 16_000, utterance), &bands)?;
                level += 1.0;
            }
            collector.end(Span {
                utterance,
                start: 0,
                end: 16_000,
            });
        }
        let found = collector.take();
        let runs: Vec<(usize, usize)> = runs.try_iter().collect();
        assert_eq!(runs, [(1, 80), (8, 100), (3, 100)]);
        let spans: Vec<u64> = found.spans.iter().map(|it| it.utterance).collect();
        assert_eq!(spans, [1, 2, 3]);
        // Each window has the embedding of its own bands.
        assert_eq!(found.windows.len(), 12);
        for (level, window) in (0_u16..).zip(&found.windows) {
            let found = window.embedding[0] / window.embedding[1];
            assert!((found - f32::from(level)).abs() < 1e-4, "{level} {found}");
        }
        assert!(collector.take().windows.is_empty());
        Ok(())
    }
}
