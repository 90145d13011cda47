//! What a first pass over a recording collects of its speakers: windows, and stretches
//! of similar windows, which are embedded again as a whole.

use std::ops::Range;

use crate::classifier::ClassifierError;
use crate::dsp::feature_spec::HOP_SAMPLES;
use crate::dsp::speaker_bands::N_SPEAKER_BANDS;
use crate::pipeline::mfcc_history::MfccHistory;
use crate::pipeline::speaker_windows::WINDOW_FRAMES;
use crate::speakers::stretches::{Stretch, spans, stretches};
use crate::speakers::turns::Span;
use crate::speakers::{SpeakerNetwork, SpeakerWindow};

/// Windows that are embedded at a time.
const WINDOWS_PER_RUN: usize = 8;
/// Frames that the network takes: 0.75 to 6 s.
const FEWEST_FRAMES: u64 = 75;
const MOST_FRAMES: u64 = 600;

/// What the first pass over a recording found.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// The utterances.
    pub spans: Vec<Span>,
    /// Windows in them.
    pub windows: Vec<SpeakerWindow>,
    /// Stretches of all windows; none unless they were asked for.
    pub stretches: Vec<Stretch>,
}

/// Collects them.
pub struct Collector {
    network: Box<dyn SpeakerNetwork>,
    /// The cosine from which neighbours form a stretch; `None` without stretches.
    alike: Option<f32>,
    found: Collected,
    /// Windows that are yet to be embedded, all of the same length.
    pending: Vec<usize>,
    /// Their bands.
    bands: Vec<f32>,
}

impl Collector {
    /// A collector that has nothing yet.
    pub fn new(network: Box<dyn SpeakerNetwork>, alike: Option<f32>) -> Self {
        Self {
            network,
            alike,
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

    /// Ends the open utterance; `rows` holds its bands, from the sample `segment` on.
    ///
    /// # Errors
    /// The engine's error.
    pub fn end(
        &mut self,
        span: Span,
        rows: &MfccHistory,
        segment: u64,
    ) -> Result<(), ClassifierError> {
        self.found.spans.push(span);
        if self.alike.is_none() {
            return Ok(());
        }
        self.embed()?;
        let (mut own, samples) = self.divide();
        for (stretch, samples) in own.iter_mut().zip(samples) {
            if stretch.has_several_windows() {
                let frame = |sample: u64| (sample.saturating_sub(segment)) / HOP_SAMPLES as u64;
                let frames = frame(samples.start)..frame(samples.end);
                stretch.set_whole(self.whole(rows, &frames)?);
            }
        }
        self.found.stretches.append(&mut own);
        Ok(())
    }

    /// What was collected, up to the first error of the network.
    pub fn take(&mut self) -> Collected {
        if self.embed().is_err() {
            let windows = &mut self.found.windows;
            windows.retain(|window| !window.embedding.is_empty());
        }
        if self.alike.is_some() {
            // Of an utterance that did not end.
            let (mut rest, _) = self.divide();
            self.found.stretches.append(&mut rest);
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

    /// The stretches of the windows that are in none yet, and their samples.
    fn divide(&self) -> (Vec<Stretch>, Vec<Range<u64>>) {
        let first = self.found.stretches.last().map_or(0, |last| last.end);
        let windows = &self.found.windows[first..];
        let mut own = stretches(windows, self.alike.unwrap_or(1.0));
        let samples = spans(windows, &own);
        for stretch in &mut own {
            stretch.first += first;
            stretch.end += first;
        }
        (own, samples)
    }

    /// The sum of the embeddings of a stretch's parts of at most 6 s; empty if it is too
    /// short.
    fn whole(
        &mut self,
        rows: &MfccHistory,
        frames: &Range<u64>,
    ) -> Result<Vec<f32>, ClassifierError> {
        let length = frames.end.saturating_sub(frames.start);
        let parts = length.div_ceil(MOST_FRAMES).max(1);
        let border = |part: u64| frames.start + length * part / parts;
        let mut sum = Vec::new();
        for part in 0..parts {
            let bands = rows.view(border(part)..border(part + 1));
            if bands.len() < FEWEST_FRAMES as usize * N_SPEAKER_BANDS {
                continue;
            }
            let mut window = SpeakerWindow::pending(0, 0, 0);
            window.set_embedding(self.network.embed(1, bands)?.pop().unwrap_or_default());
            sum.resize(window.embedding.len(), 0.0);
            for (sum, value) in sum.iter_mut().zip(&window.embedding) {
                *sum += value;
            }
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::FRAC_PI_2;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Embeds the mean of the bands as an angle, and notes windows and frames of each run.
    struct Angles(Sender<(usize, usize)>);

    impl SpeakerNetwork for Angles {
        fn embed(
            &mut self,
            windows: usize,
            bands: &[f32],
        ) -> Result<Vec<Vec<f32>>, ClassifierError> {
            let one = bands.len() / windows;
            assert!(self.0.send((windows, one / N_SPEAKER_BANDS)).is_ok());
            let angle = |window: &[f32]| window.iter().sum::<f32>() / one as f32;
            let angles = bands.chunks(one).map(angle);
            Ok(angles.map(|it| vec![it.cos(), it.sin()]).collect())
        }
    }

    /// What is collected of one utterance of voices, each with its angle and frames, and
    /// the runs of the network.
    fn collected(
        voices: &[(f32, u64)],
        alike: Option<f32>,
    ) -> Result<(Collected, Vec<(usize, usize)>), ClassifierError> {
        const WINDOW_STEP_FRAMES: u64 = 75;
        let (sender, runs) = channel();
        let mut collector = Collector::new(Box::new(Angles(sender)), alike);
        let mut rows = MfccHistory::new(4_000);
        for &(angle, frames) in voices {
            (0..frames).for_each(|_| rows.push(&[angle; N_SPEAKER_BANDS]));
        }
        let (hop, segment) = (HOP_SAMPLES as u64, 48_000);
        let mut start = 0;
        while start + WINDOW_FRAMES <= rows.end() {
            let frames = start..start + WINDOW_FRAMES;
            let samples = [frames.start, frames.end].map(|frame| segment + frame * hop);
            let window = SpeakerWindow::pending(samples[0], samples[1], 1);
            collector.add(window, rows.view(frames))?;
            start += WINDOW_STEP_FRAMES;
        }
        let span = Span {
            utterance: 1,
            start: segment,
            end: segment + rows.end() * hop,
        };
        collector.end(span, &rows, segment)?;
        let found = collector.take();
        Ok((found, runs.try_iter().collect()))
    }

    #[test]
    fn each_stretch_is_embedded_as_a_whole_up_to_the_change() -> Result<(), ClassifierError> {
        let (found, runs) = collected(&[(0.0, 475), (FRAC_PI_2, 400)], Some(0.8))?;
        assert_eq!(found.windows.len(), 11);
        let bounds: Vec<_> = found
            .stretches
            .iter()
            .map(|it| (it.first, it.end))
            .collect();
        assert_eq!(bounds, [(0, 6), (6, 11)]);
        // Windows eight and three at a time, then the stretches.
        let (windows, whole) = runs.split_at(2);
        assert_eq!(windows, [(8, 100), (3, 100)]);
        assert_eq!(whole.len(), 2);
        assert!(whole[0].1.abs_diff(475) < 20, "{whole:?}");
        assert_eq!(whole[0].1 + whole[1].1, 850);
        for (stretch, axis) in found.stretches.iter().zip([0, 1]) {
            assert!(stretch.mean[axis] > 0.95, "{:?}", stretch.mean);
            assert!(stretch.mean[1 - axis] < 0.1, "{:?}", stretch.mean);
        }
        Ok(())
    }

    #[test]
    fn a_long_stretch_is_embedded_in_equal_parts_that_the_network_takes()
    -> Result<(), ClassifierError> {
        let (found, runs) = collected(&[(0.3, 1_975)], Some(0.8))?;
        assert_eq!(found.stretches.len(), 1);
        let parts: Vec<usize> = runs.iter().filter(|it| it.0 == 1).map(|it| it.1).collect();
        assert_eq!(parts, [493, 494, 494, 494]);
        assert!((found.stretches[0].mean[0] - 0.3_f32.cos()).abs() < 1e-4);
        Ok(())
    }

    #[test]
    fn a_stretch_of_one_window_and_windows_alone_are_embedded_once() -> Result<(), ClassifierError>
    {
        let (found, runs) = collected(&[(0.0, 100)], Some(0.8))?;
        assert_eq!((found.stretches.len(), runs), (1, vec![(1, 100)]));
        let (found, runs) = collected(&[(0.0, 775)], None)?;
        assert!(found.stretches.is_empty());
        assert_eq!((found.windows.len(), runs), (10, vec![(8, 100), (2, 100)]));
        Ok(())
    }
}
