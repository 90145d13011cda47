//! The output of `emoscope report`: a self-contained page about recordings, or the
//! timeline of one recording as a picture.
//!
//! [`samples::SampleTap`] reduces the samples to what the report draws while the
//! recording is analyzed. [`recording::ReportedRecording`] stores its events.
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
mod utterance_lanes;
mod waveform;
