//! The `emoscope` program.

use std::process::ExitCode;

#[allow(unsafe_code)]
fn main() -> ExitCode {
    let (name, value) = emoscope::engine::DISABLE_TELEMETRY;
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var(name, value) };
    emoscope::cli::main()
}
