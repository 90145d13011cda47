//! Makes untrusted text safe and fits it to columns: names come from devices, files and
//! models.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::is_unsafe;

/// Columns that a text occupies.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Neutralises characters that could move the cursor, change the writing direction or
/// be invisible. Line breaks become spaces, other such characters a replacement
/// character. Without `unicode`, everything beyond ASCII is replaced too.
pub fn clean(text: &str, unicode: bool) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if unicode && is_unsafe(c) => '\u{fffd}',
            c if !unicode && (c.is_control() || !c.is_ascii()) => '?',
            c => c,
        })
        .collect()
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

/// A clean text in lines of at most `columns` columns, broken between words; longer
/// words are broken too.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2); // the widest character
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| width(line));
        if line > 0 && line + 1 + width(word) > columns {
            lines.push(String::new());
        } else if line > 0
            && let Some(line) = lines.last_mut()
        {
            line.push(' ');
        }
        for c in word.chars() {
            let full = lines
                .last()
                .is_some_and(|line| width(line) + c.width().unwrap_or(0) > columns);
            if full {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
        }
    }
    lines
}

/// A share of one as a whole percentage.
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
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one marvellously", 8), ["one", "marvello", "usly"]);
        assert_eq!(wrapped("マイク", 3), ["マ", "イ", "ク"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn cutting_counts_columns_not_characters() {
        assert_eq!(fit("マイク", 6, true), "マイク");
        assert_eq!(fit("マイクロホン", 6, true), "マイ…");
        assert_eq!(fit("microphone", 5, false), "micr~");
        assert_eq!(fit("microphone", 0, true), "");
    }
}
