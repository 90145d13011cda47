//! The `emoscope` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    emoscope::cli::main()
}
