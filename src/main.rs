//! The `emoscope` program.

fn main() {}
