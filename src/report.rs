//! What `emoscope report` makes: a page about recordings that needs no network,
//! and the timeline of one recording as a picture.
//!
//! [`samples::SampleTap`] reduces the samples of a recording to what can be seen
//! while it is analyzed, [`recording::ReportedRecording`] keeps its events.
//! `page.html` and `timeline.svg` are the templates.

pub mod page;
#[cfg(feature = "png")]
pub mod picture;
pub mod recording;
pub mod samples;
pub mod timeline;

mod colours;
mod markup;
mod scale;
mod spectrogram;
mod waveform;
