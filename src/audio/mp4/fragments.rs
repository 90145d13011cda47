//! Fragments of an MP4: the samples after its index, in a file or a stream.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::boxes::{box_head, boxes, inside, long, word, words};
use super::{MAX_INDEX_BYTES, Movie, TickRange};

/// The samples of one track in a fragment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    /// Their start time in ticks, if the fragment declares it.
    pub(super) at: Option<u64>,
    pub(super) ticks: u64,
}

impl Fragment {
    pub(super) fn parse(body: &[u8], default: Option<u32>) -> Option<Self> {
        let head = inside(body, &[b"tfhd"])?;
        let flags = word(head, 0)?;
        // Fields before the sample duration: offset and description.
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

/// The index of a stream, extended by each fragment that was read.
#[derive(Debug, Clone)]
pub(in crate::audio) struct GrowingIndex(Arc<Mutex<Movie>>);

impl GrowingIndex {
    pub(in crate::audio) fn new(movie: Movie) -> Self {
        Self(Arc::new(Mutex::new(movie)))
    }

    /// Ticks of a track so far.
    pub(in crate::audio) fn ticks(&self, track: u32) -> Option<u64> {
        let movie = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let track = movie.tracks.iter().find(|listed| listed.id == track)?;
        Some(track.ticks())
    }

    /// Number of fragment runs of a track and the times of its samples; `None` while
    /// it has `runs_read` runs.
    pub(in crate::audio) fn spans_if_grown(
        &self,
        track: u32,
        runs_read: Option<usize>,
    ) -> Option<(usize, Vec<TickRange>)> {
        let movie = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let track = movie.tracks.iter().find(|listed| listed.id == track)?;
        let count = track.fragments.len();
        (runs_read != Some(count)).then(|| (count, track.spans(movie.scale)))
    }
}

/// A reader that adds each fragment of a stream to its index.
pub(in crate::audio) struct FragmentReader<R> {
    stream: R,
    index: GrowingIndex,
    /// The part of a box head that was read so far.
    head: Vec<u8>,
    /// The part of a fragment's body that was read so far.
    fragment: Option<Vec<u8>>,
    /// Bytes up to the next box.
    left: u64,
}

impl<R> FragmentReader<R> {
    /// `stream` must be at its first byte.
    pub(in crate::audio) fn new(stream: R, index: GrowingIndex) -> Self {
        Self {
            stream,
            index,
            head: Vec::new(),
            fragment: None,
            left: 0,
        }
    }

    fn parse_bytes(&mut self, mut bytes: &[u8]) {
        while let Some(&first) = bytes.first() {
            if self.left == 0 {
                bytes = &bytes[1..];
                self.head.push(first);
                self.begin_box();
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
                let movie = self.index.0.lock();
                let mut movie = movie.unwrap_or_else(PoisonError::into_inner);
                movie.fragment(&fragment);
            }
        }
    }

    /// Starts a box when its head is complete.
    fn begin_box(&mut self) {
        let wide = self.head.starts_with(&[0, 0, 0, 1]);
        if self.head.len() < if wide { 16 } else { 8 } {
            return;
        }
        self.left = match box_head(&mut &*self.head, u64::MAX) {
            Ok(Some((kind, size, head))) => {
                let body = size - head;
                self.fragment = (kind == *b"moof" && body <= MAX_INDEX_BYTES).then(Vec::new);
                body
            }
            // Not a box: the rest is not parsed.
            _ => u64::MAX,
        };
        self.head.clear();
    }
}

impl<R: Read> Read for FragmentReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(out)?;
        self.parse_bytes(&out[..count]);
        Ok(count)
    }
}
