//! What a first pass over a recording collects of its speakers: utterances and the
//! embeddings of the windows in them.

use std::ops::Range;

use crate::classifier::ClassifierError;
use crate::dsp::speaker_bands::N_SPEAKER_BANDS;
use crate::pipeline::mfcc_history::MfccHistory;
use crate::speakers::spec::SpeakerTuning;
use crate::speakers::turns::Span;
use crate::speakers::{SpeakerNetwork, SpeakerWindow};

/// Windows of a stretch that are embedded at a time; they cover 7.6 s.
const WINDOWS_PER_RUN: usize = 20;

/// What the first pass over a recording found.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// The utterances.
    pub spans: Vec<Span>,
    /// Windows in them that have speech.
    pub windows: Vec<SpeakerWindow>,
}

/// Collects them.
pub struct Collector {
    network: Box<dyn SpeakerNetwork>,
    tuning: SpeakerTuning,
    found: Collected,
    /// Windows of the stretch that are yet to be embedded, in its frames. They are the
    /// last of those found.
    pending: Vec<Range<usize>>,
    /// The frame at which the stretch begins.
    start: u64,
    /// Bands of the stretch.
    bands: Vec<f32>,
}

impl Collector {
    /// A collector that has nothing yet.
    pub fn new(network: Box<dyn SpeakerNetwork>, tuning: SpeakerTuning) -> Self {
        Self {
            network,
            tuning,
            found: Collected::default(),
            pending: Vec::new(),
            start: 0,
            bands: Vec::new(),
        }
    }

    /// Adds the next window of the open utterance, at some `frames` of which `rows` has
    /// the bands.
    ///
    /// # Errors
    /// The engine's error.
    pub fn add(
        &mut self,
        window: SpeakerWindow,
        frames: Range<u64>,
        rows: &MfccHistory,
    ) -> Result<(), ClassifierError> {
        if self.pending.is_empty() {
            self.start = frames.start;
        }
        let covered = self.start + (self.bands.len() / N_SPEAKER_BANDS) as u64;
        self.bands.extend_from_slice(rows.view(covered..frames.end));
        let place = |frame: u64| frame.saturating_sub(self.start) as usize;
        self.pending.push(place(frames.start)..place(frames.end));
        self.found.windows.push(window);
        if self.pending.len() == WINDOWS_PER_RUN {
            self.embed()?;
        }
        Ok(())
    }

    /// Ends the open utterance.
    ///
    /// # Errors
    /// The engine's error.
    pub fn end(&mut self, span: Span) -> Result<(), ClassifierError> {
        self.found.spans.push(span);
        self.embed()
    }

    /// What was collected, up to the first error of the network.
    pub fn take(&mut self) -> Collected {
        self.pending.clear();
        self.bands.clear();
        let mut found = std::mem::take(&mut self.found);
        found.windows.retain(|window| {
            !window.embedding.is_empty() && self.tuning.is_speech(&window.embedding)
        });
        found
    }

    /// Embeds the pending windows.
    fn embed(&mut self) -> Result<(), ClassifierError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let found = self.network.embed(&self.bands, &self.pending)?;
        self.bands.clear();
        let first = self.found.windows.len() - self.pending.len();
        self.pending.clear();
        for (window, embedding) in self.found.windows[first..].iter_mut().zip(found) {
            window.set_embedding(embedding);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Embeds the mean of the bands of each window, and notes frames and windows of each run.
    struct Means(Sender<(usize, Vec<Range<usize>>)>);

    impl SpeakerNetwork for Means {
        fn embed(
            &mut self,
            bands: &[f32],
            windows: &[Range<usize>],
        ) -> Result<Vec<Vec<f32>>, ClassifierError> {
            let frames: Vec<f32> = bands.iter().step_by(N_SPEAKER_BANDS).copied().collect();
            let sent = self.0.send((frames.len(), windows.to_vec()));
            assert!(sent.is_ok());
            let mean = |window: &Range<usize>| {
                let inside = &frames[window.clone()];
                inside.iter().sum::<f32>() / inside.len() as f32
            };
            Ok(windows.iter().map(|it| vec![mean(it), 1.0]).collect())
        }
    }

    /// Adds utterances, each with the last frames of its windows. The level of a frame is
    /// its number.
    fn add(collector: &mut Collector, utterances: &[Vec<u64>]) -> Result<(), ClassifierError> {
        let mut rows = MfccHistory::new(400);
        for (utterance, ends) in (1..).zip(utterances) {
            for &end in ends {
                while rows.end() < end {
                    rows.push(&[rows.end() as f32; N_SPEAKER_BANDS]);
                }
                let window = SpeakerWindow::pending(0, 16_000, utterance);
                collector.add(window, end - 100..end, &rows)?;
            }
            collector.end(Span {
                utterance,
                start: 0,
                end: 16_000,
            })?;
        }
        Ok(())
    }

    #[test]
    fn windows_without_speech_are_not_kept() -> Result<(), ClassifierError> {
        let (sender, _runs) = channel();
        // Speech has levels from 500 on.
        let tuning = SpeakerTuning {
            speech: vec![1.0, -500.0],
            ..SpeakerTuning::default()
        };
        let mut collector = Collector::new(Box::new(Means(sender)), tuning);
        let utterances: Vec<Vec<u64>> = (1..=8).map(|number| vec![100 * number]).collect();
        add(&mut collector, &utterances)?;
        let found = collector.take();
        assert_eq!(found.spans.len(), 8);
        let kept: Vec<u64> = found.windows.iter().map(|it| it.utterance).collect();
        assert_eq!(kept, [6, 7, 8]);
        Ok(())
    }

    #[test]
    fn windows_of_an_utterance_are_embedded_in_one_stretch() -> Result<(), ClassifierError> {
        let (sender, runs) = channel();
        let mut collector = Collector::new(Box::new(Means(sender)), SpeakerTuning::default());
        // Last frame of each window of the utterances.
        let long: Vec<u64> = (0..22).map(|step| 150 + 36 * step).collect();
        let utterances = [vec![100], long, vec![1_000, 1_075, 1_091]];
        add(&mut collector, &utterances)?;
        let ends = utterances.iter().flatten();
        let centres: Vec<f32> = ends.map(|&end| end as f32 - 50.5).collect();
        let found = collector.take();
        let of = |steps: &[usize]| steps.iter().map(|&it| it..it + 100).collect::<Vec<_>>();
        let most: Vec<usize> = (0..20).map(|step| 36 * step).collect();
        let expected = [
            (100, of(&[0])),
            (784, of(&most)),
            (136, of(&[0, 36])),
            (191, of(&[0, 75, 91])),
        ];
        assert_eq!(runs.try_iter().collect::<Vec<_>>(), expected);
        let spans: Vec<u64> = found.spans.iter().map(|it| it.utterance).collect();
        assert_eq!(spans, [1, 2, 3]);
        // Each window has the embedding of its own frames.
        assert_eq!(found.windows.len(), centres.len());
        for (window, centre) in found.windows.iter().zip(centres) {
            let found = window.embedding[0] / window.embedding[1];
            assert!((found - centre).abs() < 0.1, "{found} {centre}");
        }
        assert!(collector.take().windows.is_empty());
        Ok(())
    }
}
