//! Who speaks: voices told apart by embeddings of short windows.
//!
//! A network computes an embedding of a window of speech. Similar windows form
//! stretches ([`stretches`]), and stretches of one voice form groups ([`groups`]).
//! Windows then follow the nearest group, at a price for each change ([`assignment`]).
//! A live session does so as the windows
//! come ([`tracker`]); a recording does so once, over all of it ([`turns`]).

pub mod assignment;
pub mod groups;
pub mod same_speaker;
pub mod spec;
pub mod stretches;
pub mod tracker;
pub mod turns;

use std::ops::Range;

use crate::classifier::ClassifierError;

/// Computes speaker embeddings.
pub trait SpeakerNetwork: Send {
    /// The embeddings of windows of a stretch of speech. `bands` are its frames of 80
    /// bands, in order; `windows` are ranges of these frames. All windows share one
    /// computation of the stretch, so several at a time cost less.
    ///
    /// # Errors
    /// The engine's own error.
    fn embed(
        &mut self,
        bands: &[f32],
        windows: &[Range<usize>],
    ) -> Result<Vec<Vec<f32>>, ClassifierError>;
}

/// A window of speech and its speaker embedding. Samples are at 16 kHz from the start of
/// the session.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeakerWindow {
    /// First sample.
    pub start: u64,
    /// First sample after it.
    pub end: u64,
    /// Number of the utterance that it lies in.
    pub utterance: u64,
    /// The embedding at length 1.
    pub embedding: Vec<f32>,
}

impl SpeakerWindow {
    /// A window with its embedding, whose length does not matter.
    pub fn new(start: u64, end: u64, utterance: u64, embedding: Vec<f32>) -> Self {
        let mut window = Self::pending(start, end, utterance);
        window.set_embedding(embedding);
        window
    }

    /// A window that is yet to be embedded.
    pub fn pending(start: u64, end: u64, utterance: u64) -> Self {
        Self {
            start,
            end,
            utterance,
            embedding: Vec::new(),
        }
    }

    /// Sets its embedding, whose length does not matter.
    pub fn set_embedding(&mut self, embedding: Vec<f32>) {
        self.embedding = unit(embedding);
    }

    /// Its middle.
    pub fn centre(&self) -> u64 {
        u64::midpoint(self.start, self.end)
    }
}

/// The vector at length 1; zeros stay zeros.
fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt();
    if length > 0.0 && length.is_finite() {
        for value in &mut vector {
            *value /= length;
        }
    } else {
        vector.fill(0.0);
    }
    vector
}

/// The mean of vectors; empty without any.
fn mean<'a>(vectors: impl IntoIterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    let mut count = 0.0;
    for vector in vectors {
        sum.resize(vector.len(), 0.0);
        for (sum, value) in sum.iter_mut().zip(vector) {
            *sum += value;
        }
        count += 1.0;
    }
    for value in &mut sum {
        *value /= count;
    }
    sum
}

/// The product of two vectors: of embeddings, their cosine.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Several sums side by side become vector instructions.
    const LANES: usize = 8;
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// Simulated voices for tests: directions with noise, as similar as real embeddings, in
/// the windows of a live session.
#[cfg(test)]
pub(crate) mod simulated {
    use super::{SpeakerWindow, unit};

    /// Values of an embedding.
    const EMBEDDING_VALUES: usize = 64;
    /// Samples from a window to the next: 0.75 s.
    const WINDOW_STEP_SAMPLES: u64 = 12_000;
    /// Samples of a window: 1 s.
    const WINDOW_SAMPLES: u64 = 16_000;

    /// Pseudo-random numbers between -1 and 1.
    pub struct Random(pub u32);

    impl Random {
        fn next(&mut self) -> f32 {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
        }

        fn direction(&mut self) -> Vec<f32> {
            (0..EMBEDDING_VALUES).map(|_| self.next()).collect()
        }
    }

    /// A window of a voice: its direction and noise of `noise` times its length.
    pub fn window(
        voice: u32,
        utterance: u64,
        index: u64,
        noise: f32,
        random: &mut Random,
    ) -> SpeakerWindow {
        let own = Random(voice * 7919 + 1).direction();
        let embedding = own
            .iter()
            .map(|value| value + noise * random.next())
            .collect();
        let start = index * WINDOW_STEP_SAMPLES;
        SpeakerWindow::new(start, start + WINDOW_SAMPLES, utterance, embedding)
    }

    /// The windows of one voice that has another tone in every second utterance; `tone`
    /// is its size beside the voice.
    pub fn in_two_tones(utterances: u64, tone: f32, noise: f32, seed: u32) -> Vec<SpeakerWindow> {
        let utterances: Vec<(u32, u64)> = (0..utterances).map(|_| (5, 4)).collect();
        let mut windows = talk(&utterances, noise, seed);
        let other = unit(Random(77).direction());
        for window in windows.iter_mut().filter(|it| it.utterance % 2 == 0) {
            let changed = window.embedding.iter().zip(&other);
            let changed = changed.map(|(value, other)| value + tone * other).collect();
            window.set_embedding(changed);
        }
        windows
    }

    /// The windows of utterances: the voice of each, and how many windows it has.
    pub fn talk(utterances: &[(u32, u64)], noise: f32, seed: u32) -> Vec<SpeakerWindow> {
        let mut random = Random(seed);
        let (mut windows, mut index) = (Vec::new(), 0);
        for (number, &(voice, count)) in (1..).zip(utterances) {
            for _ in 0..count {
                windows.push(window(voice, number, index, noise, &mut random));
                index += 1;
            }
            index += 4; // a pause
        }
        windows
    }
}
