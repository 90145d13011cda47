//! Why an input cannot be used, as sentences for the user.

use cpal::ErrorKind;

/// Why there is no input to record from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No microphone at all.
    #[error("no microphone was found{}", instead(.monitors))]
    NoneFound {
        /// Names of the output monitors that could be used instead.
        monitors: Vec<String>,
    },
    /// Nothing is listed because a sound server hangs.
    #[error("the sound server does not answer; restart it, or log out and in again")]
    ServerHangs,
    /// No input matches the name.
    #[error("no input is called `{wanted}`{}; `emoscope devices` lists all", likely(.near))]
    Unknown {
        /// The name as given.
        wanted: String,
        /// Similar names, the most similar first.
        near: Vec<String>,
    },
    /// Several inputs match the name.
    #[error(
        "`{wanted}` matches several inputs: {}; give a full name, an id or a number from `emoscope devices`",
        .fitting.join(", ")
    )]
    Ambiguous {
        /// The name as given.
        wanted: String,
        /// Names that match.
        fitting: Vec<String>,
    },
    /// Another program uses it.
    #[error(
        "`{0}` is in use by another program; close that, or choose another input with --device"
    )]
    Busy(String),
    /// Access is not permitted.
    #[error(
        "no permission to listen to `{0}`; on Linux add yourself to the group with \
         `sudo usermod -aG audio $USER` and log in again, elsewhere allow the terminal to use the microphone"
    )]
    NoPermission(String),
    /// It disappeared.
    #[error("`{0}` is gone; plug it in again, or choose another input with --device")]
    Gone(String),
    /// It does not answer.
    #[error(
        "`{0}` does not answer; restart the sound server, or choose another input with --device"
    )]
    NoAnswer(String),
    /// It offers no usable sample format.
    #[error("`{name}` cannot be opened: {reason}; choose another input with --device")]
    Unsupported {
        /// Name of the input.
        name: String,
        /// The message of the audio system.
        reason: String,
    },
}

fn instead(names: &[String]) -> String {
    match names {
        [] => "; plug one in, and see `emoscope devices`".into(),
        [name, ..] => {
            format!("; plug one in, or listen to what this machine plays with --device \"{name}\"")
        }
    }
}

fn likely(names: &[String]) -> String {
    match names {
        [] => "; this machine has no input".into(),
        names => format!("; there is {}", names.join(", ")),
    }
}

impl DeviceError {
    /// The message for an error that the audio system reported about a device.
    pub(super) fn new(name: &str, error: &cpal::Error) -> Self {
        let name = name.to_owned();
        match error.kind() {
            ErrorKind::DeviceBusy => Self::Busy(name),
            ErrorKind::PermissionDenied => Self::NoPermission(name),
            ErrorKind::DeviceNotAvailable => Self::Gone(name),
            ErrorKind::HostUnavailable | ErrorKind::StreamInvalidated => Self::NoAnswer(name),
            _ => Self::Unsupported {
                name,
                reason: error.to_string().trim_end_matches('.').to_owned(),
            },
        }
    }
}
