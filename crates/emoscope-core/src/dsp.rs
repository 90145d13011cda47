//! From samples at the input to MFCC rows: mono, 16 kHz, frames, mel, DCT.
//!
//! Everything here is pure and counts time in samples. The same code serves a
//! live stream and a file, so both give the same numbers.

pub mod channels;
pub mod dct;
pub mod decibels;
pub mod feature_spec;
pub mod front_end;
pub mod level;
pub mod mel;
pub mod mfcc;
pub mod mono;
pub mod resample;
pub mod speaker_bands;
