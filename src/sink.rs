//! What becomes of the events: lines, sentences, tables. One format per file.

pub mod csv;
pub mod json;
pub mod lines;
pub mod plain;
pub mod table;

use std::io;

use crate::events::Event;

/// Takes the events of one or several inputs, in order.
pub trait Sink {
    /// An event; `file` where there are several inputs.
    ///
    /// # Errors
    /// What the system says of the writing.
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()>;

    /// The end of everything: whatever was held back is written.
    ///
    /// # Errors
    /// What the system says of the writing.
    fn finish(&mut self) -> io::Result<()>;
}

/// A name for a terminal: control characters (hence escape sequences, and the
/// invisible ones that turn the direction of text) are shown as U+FFFD.
pub fn printable(name: &str) -> String {
    name.chars()
        .map(|c| {
            let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
            if c.is_control() || hidden { char::REPLACEMENT_CHARACTER } else { c }
        })
        .collect()
}

/// Seconds as `m:ss.t`, or `h:mm:ss` from an hour on.
pub fn clock(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    if minutes < 60 {
        return format!("{minutes}:{:02}.{}", rest / 10, rest % 10);
    }
    format!("{}:{:02}:{:02}", minutes / 60, minutes % 60, rest / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2Jb\u{202e}c\n"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}"
        );
        assert_eq!(printable("Żółć 声"), "Żółć 声");
    }

    #[test]
    fn times_read_as_on_a_clock() {
        assert_eq!(clock(0.04), "0:00.0");
        assert_eq!(clock(59.96), "1:00.0");
        assert_eq!(clock(3_725.0), "1:02:05");
    }
}
