//! Praat `TextGrid` labels, long or short: the intervals of the first interval tier.

use std::iter::Peekable;
use std::str::Chars;
use std::vec::IntoIter;

use super::LabelledSpan;
use crate::events::UNCERTAIN;

/// The relevant parts of the file; everything else is comment.
#[derive(Debug, PartialEq)]
enum Token {
    Text(String),
    Number(f64),
}

/// The spans of a file; intervals without text are skipped.
pub(super) fn parse(text: &str) -> Result<Vec<LabelledSpan>, String> {
    first_interval_tier(&mut Tokens(tokens(text).into_iter()))
        .ok_or_else(|| "is not a Praat TextGrid with an interval tier, or is cut off".to_owned())
}

/// `None` where something is missing, or no tier has intervals.
fn first_interval_tier(tokens: &mut Tokens) -> Option<Vec<LabelledSpan>> {
    if tokens.text()? != "ooTextFile" || tokens.text()? != "TextGrid" {
        return None;
    }
    let (_start, _end, tiers) = (tokens.number()?, tokens.number()?, tokens.number()?);
    for _ in 0..tiers as usize {
        let intervals = tokens.text()? == "IntervalTier";
        tokens.text()?;
        let (_start, _end, count) = (tokens.number()?, tokens.number()?, tokens.number()?);
        let mut spans = Vec::new();
        for _ in 0..count as usize {
            let start_s = tokens.number()?;
            let end_s = if intervals { tokens.number()? } else { start_s };
            let label = tokens.text()?.trim().to_owned();
            if !label.is_empty() && label != UNCERTAIN {
                spans.push(LabelledSpan {
                    start_s,
                    end_s,
                    label,
                });
            }
        }
        if intervals {
            return Some(spans);
        }
    }
    None
}

/// The rest of a file.
struct Tokens(IntoIter<Token>);

impl Tokens {
    fn text(&mut self) -> Option<String> {
        match self.0.next()? {
            Token::Text(text) => Some(text),
            Token::Number(_) => None,
        }
    }

    fn number(&mut self) -> Option<f64> {
        match self.0.next()? {
            Token::Number(number) => Some(number),
            Token::Text(_) => None,
        }
    }
}

/// Quoted texts and free-standing numbers.
fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        match c {
            '"' => {
                chars.next();
                found.push(Token::Text(quoted(&mut chars)));
            }
            '!' => {
                // A comment, up to the end of the line.
                while chars.next_if(|c| *c != '\n').is_some() {}
            }
            c if c.is_whitespace() => {
                chars.next();
            }
            _ => {
                let mut word = String::new();
                while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
                    word.push(c);
                }
                if let Ok(number) = word.parse::<f64>()
                    && number.is_finite()
                {
                    found.push(Token::Number(number));
                }
            }
        }
    }
    found
}

/// The rest of a quoted text; a quote inside it is doubled.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        if c != '"' {
            text.push(c);
        } else if chars.next_if_eq(&'"').is_some() {
            text.push('"');
        } else {
            break;
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Written by Praat 6.4: "Save as short text file".
    const SHORT: &str = "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n0\n2\n<exists>\n2\n\
        \"TextTier\"\n\"points\"\n0\n2\n1\n0.5\n\"x\"\n\
        \"IntervalTier\"\n\"emotion\"\n0\n2\n3\n0\n0.5\n\"\"\n0.5\n1.25\n\"say \"\"so\"\"\"\n1.25\n2\n\"fear\"\n";

    #[test]
    fn the_first_interval_tier_is_read() {
        let spans = parse(SHORT).unwrap();
        let found: Vec<_> = spans
            .iter()
            .map(|s| (s.start_s, s.end_s, &*s.label))
            .collect();
        assert_eq!(found, [(0.5, 1.25, "say \"so\""), (1.25, 2.0, "fear")]);
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for length in (0..SHORT.len() - 9).step_by(7) {
            assert!(parse(&SHORT[..length]).is_err(), "{length}");
        }
        assert!(parse("File type = \"ooTextFile\" \"Pitch\"").is_err());
    }
}
