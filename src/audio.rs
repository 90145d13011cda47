//! Audio inputs: devices of this machine, recordings, standard input.

pub mod capture;
pub mod convert;
pub mod device;
pub mod file;
pub mod guard;
pub mod output;
pub mod raw;
pub mod ring;
pub mod source;

mod aac;
mod adpcm;
mod adts;
mod aiff;
mod au;
mod caf;
mod chunks;
mod codec;
mod device_error;
mod extent;
mod fixed_blocks;
mod flac;
mod kinds;
mod matroska;
mod media;
mod mp4;
mod ogg;
mod opus;
mod packets;
#[cfg(target_os = "linux")]
mod pulse;
mod signals;
mod sphere;
mod stream;
mod system_stream;
mod timing;
mod w64;
mod wav;
