//! Where audio comes from: inputs of the machine, recordings, standard input.

pub mod capture;
pub mod device;
pub mod file;
pub mod guard;
pub mod probe;
pub mod raw;
pub mod ring;
pub mod source;

mod codec;
mod mp4;
mod packets;
#[cfg(target_os = "linux")]
mod pulse;
mod stream;
mod wav;
