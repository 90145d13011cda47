//! Escapes text for pages and pictures.

use std::fmt::{self, Write};

use askama::filters::Escaper;

use crate::text::is_unsafe;

/// The escaper of every template: text never becomes markup, and no character in it
/// controls a terminal or misleads the reader.
#[derive(Debug, Clone, Copy)]
pub struct Markup;

impl Escaper for Markup {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                c if is_unsafe(c) => out.write_char(char::REPLACEMENT_CHARACTER)?,
                c => out.write_char(c)?,
            }
        }
        Ok(())
    }
}
