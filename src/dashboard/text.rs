//! Text that is safe and fits: names come from devices, files and models, and
//! the screen belongs to us alone.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Neutralises what could move the cursor, turn the writing direction or hide:
/// line breaks become spaces, other such characters a replacement mark.
/// Without `unicode`, everything beyond ASCII is replaced too.
pub fn clean(text: &str, unicode: bool) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if unicode && (c.is_control() || is_invisible(c)) => '\u{fffd}',
            c if !unicode && (c.is_control() || !c.is_ascii()) => '?',
            c => c,
        })
        .collect()
}

/// Marks of direction, joiners, fillers and the like: they show nothing
/// themselves but change what stands beside them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Cuts a clean text to a number of columns, with an ellipsis where cut.
pub fn fit(text: &str, columns: usize, unicode: bool) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let (mark, room) = match (columns, unicode) {
        (0, _) => return String::new(),
        (_, true) => ("…", columns - 1),
        (_, false) => ("~", columns - 1),
    };
    let mut used = 0;
    let mut out = String::new();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        out.push(c);
    }
    out.push_str(mark);
    out
}

/// Seconds as `m:ss` or `h:mm:ss`.
pub fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A share of one as whole percent.
pub fn percent(share: f32) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(
            clean("a\x1b[2Jb\nc\u{202e}d", true),
            "a\u{fffd}[2Jb c\u{fffd}d"
        );
        assert_eq!(clean("Mikrofon für\x07", false), "Mikrofon f?r?");
    }

    #[test]
    fn cutting_counts_columns_not_characters() {
        assert_eq!(fit("マイク", 6, true), "マイク");
        assert_eq!(fit("マイクロホン", 6, true), "マイ…");
        assert_eq!(fit("microphone", 5, false), "micr~");
        assert_eq!(fit("microphone", 0, true), "");
    }

    #[test]
    fn times_read_like_a_clock() {
        assert_eq!(clock(0.0), "0:00");
        assert_eq!(clock(83.9), "1:23");
        assert_eq!(clock(3601.0), "1:00:01");
    }
}
