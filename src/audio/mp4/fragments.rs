//! Samples behind the index of an MP4, in a file or as a stream passes.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::boxes::{box_head, boxes, inside, long, word, words};
use super::{INDEX, Movie, Span};

/// Samples behind the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    /// Where they belong, if that is said.
    pub(super) at: Option<u64>,
    pub(super) ticks: u64,
}

impl Fragment {
    pub(super) fn parse(body: &[u8], default: Option<u32>) -> Option<Self> {
        let head = inside(body, &[b"tfhd"])?;
        let flags = word(head, 0)?;
        // Offset, description, then the length of a sample.
        let skipped = 8 * (flags & 1) as usize + 4 * (flags >> 1 & 1) as usize;
        let own = (flags & 8 != 0).then(|| word(head, 8 + skipped)).flatten();
        let default = own.or(default);
        let at = inside(body, &[b"tfdt"]).and_then(|time| {
            if time.first()? == &1 {
                long(time, 4)
            } else {
                word(time, 4).map(u64::from)
            }
        });
        let mut ticks = 0_u64;
        for (_, run) in boxes(body).filter(|(kind, _)| kind == b"trun") {
            let (flags, count) = words(run)?;
            let fields = (flags >> 8 & 15).count_ones() as usize;
            let skipped = 8 + 4 * (flags & 1) as usize + 4 * (flags >> 2 & 1) as usize;
            if flags & 0x100 == 0 {
                ticks = ticks.saturating_add(u64::from(count) * u64::from(default?));
                continue;
            }
            let samples = run.get(skipped..)?.chunks_exact(4 * fields);
            let lengths = samples
                .take(count as usize)
                .filter_map(|sample| word(sample, 0));
            ticks = lengths.fold(ticks, |sum, ticks| sum.saturating_add(ticks.into()));
        }
        Some(Self { at, ticks })
    }
}

/// The index of a stream, with the fragments that passed so far.
#[derive(Debug, Clone)]
pub(in crate::audio) struct Passing(Arc<Mutex<Movie>>);

impl Passing {
    pub(in crate::audio) fn new(movie: Movie) -> Self {
        Self(Arc::new(Mutex::new(movie)))
    }

    /// How many runs of fragments a track has, and where its samples belong,
    /// unless it still has `known` runs.
    pub(in crate::audio) fn news(
        &self,
        track: u32,
        known: Option<usize>,
    ) -> Option<(usize, Vec<Span>)> {
        let movie = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let track = movie.tracks.iter().find(|listed| listed.id == track)?;
        let count = track.fragments.len();
        (known != Some(count)).then(|| (count, track.spans(movie.scale)))
    }
}

/// A stream that tells its index of each fragment that passes.
pub(in crate::audio) struct Watched<R> {
    stream: R,
    passing: Passing,
    /// The head of a box, as far as it was read.
    head: Vec<u8>,
    /// The body of a fragment, as far as it was read.
    fragment: Option<Vec<u8>>,
    /// Bytes up to the next box.
    left: u64,
}

impl<R> Watched<R> {
    /// A stream from its first byte on.
    pub(in crate::audio) fn new(stream: R, passing: Passing) -> Self {
        Self {
            stream,
            passing,
            head: Vec::new(),
            fragment: None,
            left: 0,
        }
    }

    fn watch(&mut self, mut bytes: &[u8]) {
        while let Some(&first) = bytes.first() {
            if self.left == 0 {
                bytes = &bytes[1..];
                self.head.push(first);
                self.begin();
                continue;
            }
            let here = usize::try_from(self.left).unwrap_or(usize::MAX);
            let (body, rest) = bytes.split_at(here.min(bytes.len()));
            (bytes, self.left) = (rest, self.left - body.len() as u64);
            if let Some(fragment) = &mut self.fragment {
                fragment.extend_from_slice(body);
            }
            if self.left == 0
                && let Some(fragment) = self.fragment.take()
            {
                let movie = self.passing.0.lock();
                let mut movie = movie.unwrap_or_else(PoisonError::into_inner);
                movie.fragment(&fragment);
            }
        }
    }

    /// Begins a box, where its head is whole.
    fn begin(&mut self) {
        let wide = self.head.starts_with(&[0, 0, 0, 1]);
        if self.head.len() < if wide { 16 } else { 8 } {
            return;
        }
        self.left = match box_head(&mut &*self.head, u64::MAX) {
            Ok(Some((kind, size, head))) => {
                let body = size - head;
                self.fragment = (kind == *b"moof" && body <= INDEX).then(Vec::new);
                body
            }
            // What are no boxes is nothing to follow.
            _ => u64::MAX,
        };
        self.head.clear();
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(out)?;
        self.watch(&out[..count]);
        Ok(count)
    }
}
