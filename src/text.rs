//! Text for people: printable names, times, captions, counts; and a hash of names.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use unicode_width::UnicodeWidthStr;

use crate::events::{Measurement, Speaker, UNCERTAIN};

/// A name that is safe in a terminal or a document: characters that could control it or
/// mislead the reader become U+FFFD.
pub fn printable(name: &str) -> String {
    let replace = |c| {
        if is_unsafe(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    name.chars().map(replace).collect()
}

/// Whether a character could move the cursor (control characters, and so escape
/// sequences), or is invisible and changes its neighbours: direction marks, joiners,
/// fillers.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A path as text. Paths with different bytes give different texts, except where a
/// UTF-8 path contains the escapes of another. In a path that is not UTF-8, every
/// invalid byte is written as `\xNN`, and a backslash is doubled.
pub fn path_name(path: &Path) -> String {
    if let Some(name) = path.to_str() {
        return name.to_owned();
    }
    let mut name = String::new();
    for part in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        name.push_str(&part.valid().replace('\\', "\\\\"));
        for byte in part.invalid() {
            let _ = write!(name, "\\x{byte:02x}");
        }
    }
    name
}

/// The absolute path, without `.` and `..`.
pub fn whole_path(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut whole = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    whole
}

/// Seconds in caption format: `hh:mm:ss`, then milliseconds after `mark`.
pub fn timestamp(seconds: f64, mark: char) -> String {
    let all = (seconds.max(0.0) * 1000.0).round() as u64;
    let (whole, milliseconds) = (all / 1000, all % 1000);
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    format!(
        "{hours:02}:{minutes:02}:{:02}{mark}{milliseconds:03}",
        whole % 60
    )
}

/// Seconds, rounded down, as `m:ss`, or `h:mm:ss` from an hour on.
pub fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// Like [`clock`], but rounded, and with tenths below an hour.
pub fn clock_tenths(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let whole = clock((tenths / 10) as f64);
    if tenths < 36_000 {
        format!("{whole}.{}", tenths % 10)
    } else {
        whole
    }
}

/// The text of a caption: label and confidence of an utterance.
pub fn caption(utterance: &Measurement) -> String {
    if utterance.label == UNCERTAIN {
        return UNCERTAIN.into();
    }
    let percent = utterance.confidence.0 * 100.0;
    format!("{} {percent:.0} %", printable(&utterance.label))
}

/// The caption after the channel and the speaker, where these are known.
pub fn voice_caption(utterance: &Measurement, speaker: Option<Speaker>) -> String {
    match voice(utterance.channel, speaker) {
        Some(voice) => format!("{voice}: {}", caption(utterance)),
        None => caption(utterance),
    }
}

/// The channel of an utterance, its speaker, or both, in display form.
pub fn voice(channel: Option<u16>, speaker: Option<Speaker>) -> Option<String> {
    let channel = channel.map(|number| format!("Channel {number}"));
    match (channel, speaker) {
        (Some(channel), Some(speaker)) => Some(format!("{channel}, {speaker}")),
        (channel, speaker) => channel.or(speaker.map(|speaker| speaker.to_string())),
    }
}

/// A count with its noun: `1 file`, `2 files`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Arousal or valence with its sign; one that rounds to zero has none.
pub fn signed(value: f64) -> String {
    let text = format!("{value:+.2}");
    match text.as_str() {
        "+0.00" | "-0.00" => "0.00".into(),
        _ => text,
    }
}

/// A line with a break before each word that would not fit into `columns`; a longer word
/// stays whole, so that it can be copied.
pub fn folded(line: &str, columns: usize) -> String {
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    for (number, word) in line.split(' ').enumerate() {
        let width = word.width();
        if at > 0 && at + 1 + width > columns {
            out.push('\n');
            at = 0;
        } else if number > 0 {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += width;
        if at > columns {
            at %= columns.max(1); // the terminal breaks it
        }
    }
    out
}

/// The first 64 bits of the SHA-256 of a recording's name: the same on every machine.
pub fn name_hash(name: &str) -> u64 {
    let hash = Sha256::digest(name.as_bytes());
    let first = hash.iter().take(8);
    first.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_has_no_sign() {
        for (value, text) in [
            (0.0, "0.00"),
            (-0.004, "0.00"),
            (0.004, "0.00"),
            (-0.006, "-0.01"),
            (0.25, "+0.25"),
        ] {
            assert_eq!(signed(value), text);
        }
    }

    #[test]
    fn folded_lines_break_between_words_alone() {
        let text = "only 3 s of speech were found, 5 s are needed";
        for columns in 8..60 {
            let lines = folded(text, columns);
            assert_eq!(lines.replace('\n', " "), text);
            assert!(lines.lines().all(|line| line.len() <= columns), "{lines}");
        }
        assert_eq!(
            folded("to /a/long/path and more", 8),
            "to\n/a/long/path and\nmore"
        );
        assert_eq!(folded("  a  b", 80), "  a  b");
    }

    #[test]
    fn names_cannot_control_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2Jb\u{202e}c\n"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}"
        );
        assert_eq!(
            printable("so\u{ad}ft\u{3164}\u{e0041}"),
            "so\u{fffd}ft\u{fffd}\u{fffd}"
        );
        assert_eq!(printable("Żółć 声"), "Żółć 声");
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_not_utf8_keep_their_difference() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;

        let name = |bytes: &[u8]| path_name(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(name(b"d/M\xfcller.wav"), "d/M\\xfcller.wav");
        assert_eq!(name(b"d/M\xf6ller.wav"), "d/M\\xf6ller.wav");
        assert_ne!(name(b"\xfc\\xf6"), name(b"\xfc\xf6"));
        assert_eq!(name("Müller \\ 声.wav".as_bytes()), "Müller \\ 声.wav");
    }

    #[test]
    fn times_read_as_on_a_clock() {
        assert_eq!(timestamp(3_599.999_6, '.'), "01:00:00.000");
        assert_eq!(timestamp(360_061.25, ','), "100:01:01,250");
        assert_eq!(clock(83.9), "1:23");
        assert_eq!(clock(3_601.0), "1:00:01");
        assert_eq!(clock_tenths(0.04), "0:00.0");
        assert_eq!(clock_tenths(59.96), "1:00.0");
        assert_eq!(clock_tenths(3_599.96), "1:00:00");
        assert_eq!(clock_tenths(3_725.0), "1:02:05");
    }
}
