//! A private sound server with a virtual microphone.

use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::run_alone;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/virtual-mic.sh");
/// Tells a test that it runs against such a server.
const INSIDE: &str = "EMOSCOPE_TEST_SERVER";

/// A private server; it stops when this is dropped.
pub struct SoundServer {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl SoundServer {
    /// Starts a server; `None`, with the reason on standard error, where that is not possible.
    pub fn start() -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let mut server = Self {
            folder,
            environment: Vec::new(),
        };
        let output = server.run(&["start"])?;
        let text = String::from_utf8_lossy(&output.stdout);
        let pairs = text
            .split_whitespace()
            .filter_map(|word| word.split_once('='));
        server.environment = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Some(server)
    }

    /// What a child process needs to find this server and no other.
    pub fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        let server = self
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let folder = self.folder.path().to_str().unwrap();
        server.chain([(INSIDE, folder), ("VMIC_DIR", folder)])
    }

    /// Runs a command of the script: `remove`, `add`, `mute on`, `stall`, ...
    pub fn run(&self, arguments: &[&str]) -> Option<Output> {
        self.run_with(arguments, &[])
    }

    /// The same with the shape of the microphone: `VMIC_RATE`, `VMIC_CHANNELS`, `VMIC_FORMAT`.
    pub fn run_with(&self, arguments: &[&str], shape: &[(&str, &str)]) -> Option<Output> {
        let output = Command::new("bash")
            .arg(SCRIPT)
            .args(arguments)
            .envs(shape.iter().copied())
            .env("VMIC_DIR", self.folder.path())
            .output();
        match output {
            Ok(output) if output.status.success() => Some(output),
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stderr);
                eprintln!("skipped: no private sound server: {}", text.trim());
                None
            }
            Err(error) => {
                eprintln!("skipped: no private sound server: {error}");
                None
            }
        }
    }

    /// Starts a command of the script and does not wait for it.
    pub fn spawn(&self, arguments: &[&str]) -> std::process::Child {
        Command::new("bash")
            .arg(SCRIPT)
            .args(arguments)
            .env("VMIC_DIR", self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Runs an ignored test of this binary in its own process, which finds this
    /// server only.
    pub fn run_test(&self, name: &str) {
        let err = run_alone(name, self.environment());
        for word in ["ALSA lib", "jack", "Jack", "snd_"] {
            assert!(
                !err.contains(word),
                "text of a library on the screen: {err}"
            );
        }
    }
}

impl Drop for SoundServer {
    fn drop(&mut self) {
        let _ = self.run(&["stop"]);
    }
}

/// Whether this is the inside of [`SoundServer::run_test`]; says so where not.
pub fn inside() -> bool {
    let inside = std::env::var_os(INSIDE).is_some();
    if !inside {
        eprintln!("skipped: runs inside another test only");
    }
    inside
}

/// Starts a command of the script from inside such a test.
pub fn spawn(arguments: &[&str]) -> std::process::Child {
    Command::new("bash")
        .arg(SCRIPT)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
