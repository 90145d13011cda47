//! Appearance: a colour and a shape per label, with characters that the terminal can
//! show.
//!
//! The background is always the terminal's own, and so is the colour of plain
//! text. The default palette adds six fixed colours of medium lightness: each
//! has a contrast of at least 3 to 1 on black and on white, so they can be read
//! on dark and on light terminals. Colour is never the only cue: every label has a
//! shape or a letter.

use clap::ValueEnum;
use ratatui::style::{Color, Modifier, Style};

use super::text::clean;
use crate::events::Hue;
use crate::labels::{indexed, label_styles, letter};

/// What the terminal and the user allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colours are shown.
    pub color: bool,
    /// Whether characters beyond ASCII are shown.
    pub unicode: bool,
    /// The colours.
    pub palette: Palette,
}

/// The set of colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Palette {
    /// Colours for dark and light terminals; none if `NO_COLOR` is set
    #[default]
    Auto,
    /// Bright colours, for a dark terminal
    Dark,
    /// Deep colours, for a light terminal
    Light,
    /// No colours; bold text, nothing dimmed
    HighContrast,
    /// No colours
    Mono,
}

impl Palette {
    /// The style of a label's hue in this palette.
    fn of(self, hue: Hue) -> Style {
        // Indices into the 256 terminal colours. `tests/it/dashboard/colours.rs`
        // measures their contrast and distance, also for colour-blind vision.
        let (dark, light) = indexed(hue);
        let auto = match hue {
            Hue::Red => Some(160),
            Hue::Magenta => Some(199),
            Hue::Yellow => Some(137),
            Hue::Blue => Some(33),
            Hue::Cyan => Some(30),
            Hue::Plain => None, // the terminal's own
            Hue::Dim => Some(95),
        };
        match self {
            Self::Dark => Style::new().fg(Color::Indexed(dark)),
            Self::Light => Style::new().fg(Color::Indexed(light)),
            Self::HighContrast | Self::Mono => Style::new(),
            Self::Auto => auto.map_or(Style::new(), |number| {
                Style::new().fg(Color::Indexed(number))
            }),
        }
    }
}

/// The appearance of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelStyle {
    /// Its name, safe to print.
    pub name: String,
    /// Its shape or letter, one column wide.
    pub symbol: char,
    /// Its colour.
    pub style: Style,
}

impl Theme {
    /// The theme from the environment: `NO_COLOR`, and whether the locale is UTF-8 and the
    /// terminal has the glyphs. A palette that the user named overrides `NO_COLOR`.
    pub fn from_env(palette: Palette) -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        Self {
            color: (palette != Palette::Auto || set("NO_COLOR").is_none())
                && set("TERM").as_deref() != Some("dumb"),
            palette,
            // The Linux console has a font of a few hundred glyphs, which lacks most shapes.
            unicode: cfg!(windows)
                || locale.is_some_and(|name| is_utf8(&name))
                    && set("TERM").as_deref() != Some("linux"),
        }
    }

    /// A style for each label, no two with the same symbol; `given` are the model's
    /// colours for them, where it has any.
    pub fn marks(&self, labels: &[String], given: &[Option<Hue>]) -> Vec<LabelStyle> {
        let label_styles = label_styles(labels, given);
        let mut symbols: Vec<char> = label_styles.iter().map(|(symbol, _)| *symbol).collect();
        if !self.unicode {
            symbols.clear();
            for label in labels {
                symbols.push(letter(label, &symbols));
            }
        }
        let label_styles = labels.iter().zip(symbols).zip(label_styles);
        label_styles
            .map(|((label, symbol), (_, hue))| LabelStyle {
                name: clean(label, self.unicode),
                symbol,
                style: self.hue(hue),
            })
            .collect()
    }

    fn hue(self, hue: Hue) -> Style {
        match self.palette {
            Palette::HighContrast => Self::strong(),
            palette if self.color => palette.of(hue),
            _ => Style::new(),
        }
    }

    /// Style of secondary text.
    pub fn dim() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Style of the most important text.
    pub fn strong() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Style of warnings.
    pub fn alert(&self) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
        if self.color {
            style.patch(self.palette.of(Hue::Red))
        } else {
            style
        }
    }

    /// The first value where characters beyond ASCII are shown, otherwise the second.
    pub fn either<T>(&self, unicode: T, ascii: T) -> T {
        if self.unicode { unicode } else { ascii }
    }

    /// A style without emphasis, for what is no longer live.
    pub fn dimmed(style: Style) -> Style {
        style
            .remove_modifier(Modifier::BOLD)
            .add_modifier(Modifier::DIM)
    }

    /// A bar of `share` of `columns`, in eighths of a column.
    pub fn bar(&self, share: f32, columns: usize) -> String {
        let eighths = (share.clamp(0.0, 1.0) * (columns * 8) as f32).round() as usize;
        if self.unicode {
            let mut bar = "█".repeat(eighths / 8);
            bar.extend(['▏', '▎', '▍', '▌', '▋', '▊', '▉'].get((eighths % 8).wrapping_sub(1)));
            bar
        } else {
            "#".repeat((eighths + 4) / 8)
        }
    }

    /// The cell of a column that is filled from below by `eighths`, 0 to 8.
    pub fn level(&self, eighths: usize, ascii: char) -> char {
        const RISING: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        match (self.unicode, eighths) {
            (true, n) => RISING[n.min(8)],
            (false, 0..4) => ' ',
            (false, _) => ascii,
        }
    }
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_lowercase();
    locale.ends_with("utf-8") || locale.ends_with("utf8") || locale.contains("utf-8@")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn no_two_labels_share_a_symbol_or_a_letter() {
        let names: Vec<String> = (0..30).map(|i| format!("label {i}")).collect();
        let seven = labels(&[
            "anger",
            "disgust",
            "fear",
            "happiness",
            "neutral",
            "sadness",
            "surprise",
        ]);
        for labels in [names, seven, labels(&["anger", "angry", "joy", "happy"])] {
            for unicode in [true, false] {
                let theme = Theme {
                    color: true,
                    unicode,
                    palette: Palette::Auto,
                };
                let mut symbols: Vec<char> = theme
                    .marks(&labels, &[])
                    .iter()
                    .map(|mark| mark.symbol)
                    .collect();
                symbols.sort_unstable();
                symbols.dedup();
                assert_eq!(symbols.len(), labels.len());
            }
        }
    }

    #[test]
    fn without_colour_no_colour_is_set() {
        let theme = Theme {
            color: false,
            unicode: true,
            palette: Palette::Auto,
        };
        let marks = theme.marks(&labels(&["anger", "fear", "boredom"]), &[]);
        assert!(marks.iter().all(|mark| mark.style.fg.is_none()));
        assert_eq!(theme.alert().fg, None);
    }

    #[test]
    fn the_seven_look_different_from_each_other() {
        let theme = Theme {
            color: true,
            unicode: true,
            palette: Palette::Auto,
        };
        let names = labels(&[
            "anger",
            "disgust",
            "fear",
            "happiness",
            "neutral",
            "sadness",
            "surprise",
        ]);
        let marks = theme.marks(&names, &[]);
        for (i, mark) in marks.iter().enumerate() {
            assert!(marks[..i].iter().all(|other| other.style != mark.style));
        }
    }

    #[test]
    fn a_model_may_name_colours() {
        let theme = Theme {
            color: true,
            unicode: true,
            palette: Palette::Auto,
        };
        let names = labels(&["anger", "boredom", "fear"]);
        let ours = theme.marks(&names, &[]);
        // More than there are labels, as a damaged recording may have.
        let given = [Some(Hue::Blue), Some(Hue::Dim), None, Some(Hue::Red)];
        let marks = theme.marks(&names, &given);
        assert_eq!(marks[0].style, Palette::Auto.of(Hue::Blue));
        assert_eq!(marks[1].style, Palette::Auto.of(Hue::Dim));
        assert_eq!(marks[2], ours[2]);
        assert_eq!(marks[0].symbol, ours[0].symbol);
    }

    #[test]
    fn bars_grow_in_eighths() {
        let theme = Theme {
            color: true,
            unicode: true,
            palette: Palette::Auto,
        };
        assert_eq!(theme.bar(0.5, 4), "██");
        assert_eq!(theme.bar(1.0 / 32.0, 4), "▏");
        assert_eq!(theme.bar(2.0, 4), "████");
        let ascii = Theme {
            color: true,
            unicode: false,
            palette: Palette::Auto,
        };
        assert_eq!(ascii.bar(0.5, 4), "##");
    }

    #[test]
    fn locales_tell_their_encoding() {
        assert!(is_utf8("C.UTF-8") && is_utf8("de_DE.utf8") && is_utf8("ca_ES.UTF-8@valencia"));
        assert!(!is_utf8("C") && !is_utf8("de_DE.ISO-8859-1"));
    }
}
