//! The page and the overlay. The policy of each allows its own script and style, and no
//! requests except the events.

use std::fmt::Write as _;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use sha2::{Digest as _, Sha256};

use crate::labels::{hues, indexed, rgb};

/// A page that is served unchanged.
pub(super) struct Document {
    pub(super) text: Bytes,
    /// Its content security policy.
    pub(super) policy: HeaderValue,
}

/// All served content besides events.
pub(super) struct Documents {
    pub(super) page: Document,
    pub(super) overlay: Document,
}

impl Documents {
    /// # Errors
    /// A policy that is no header; none is known.
    pub(super) fn new() -> io::Result<Self> {
        let session = include_str!("session.js");
        Ok(Self {
            page: document(
                include_str!("live.html"),
                &(colours(true) + include_str!("live.css")),
                &[session, include_str!("live.js")],
            )?,
            overlay: document(
                include_str!("overlay.html"),
                &(colours(false) + include_str!("overlay.css")),
                &[session, include_str!("overlay.js")],
            )?,
        })
    }
}

/// Inserts style and scripts into a page, unchanged.
fn document(page: &str, style: &str, scripts: &[&str]) -> io::Result<Document> {
    let script = scripts.concat();
    let policy = format!(
        "default-src 'none'; img-src data:; style-src '{}'; script-src '{}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(style),
        hash(&script)
    );
    let text = page.replace("{style}", style).replace("{script}", &script);
    Ok(Document {
        text: text.into(),
        policy: policy.try_into().map_err(io::Error::other)?,
    })
}

/// The hash of a style or script in a policy.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The CSS variables of the label colours, in the order of [`hues`]: for a dark
/// background and, if `both`, for a light one in the reader's light mode.
fn colours(both: bool) -> String {
    let named = |pick: fn((u8, u8)) -> u8| {
        let mut text = String::new();
        for (number, hue) in hues().into_iter().enumerate() {
            let [red, green, blue] = rgb(pick(indexed(hue)));
            // Writing to a String cannot fail.
            let _ = write!(text, "--c{number}:#{red:02x}{green:02x}{blue:02x};");
        }
        text
    };
    let (dark, light) = (named(|(dark, _)| dark), named(|(_, light)| light));
    if both {
        format!(":root{{{dark}}}\n@media (prefers-color-scheme: light){{:root{{{light}}}}}\n")
    } else {
        format!(":root{{{dark}}}\n")
    }
}
