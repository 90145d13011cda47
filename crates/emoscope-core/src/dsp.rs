//! Turns input samples into MFCC rows: mono, 16 kHz, frames, mel, DCT.
//!
//! All code here is pure and counts time in samples. A live stream and a file use the
//! same code, so both give the same values.

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
