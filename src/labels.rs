//! Shape and colour of each label: one table for the dashboard and the report.

use crate::events::Hue;

/// Names, shape and colour of common labels.
const COMMON_STYLES: [(&[&str], char, Hue); 7] = [
    (&["anger", "angry"], '▲', Hue::Red),
    (&["disgust", "disgusted"], '■', Hue::Dim),
    (&["fear", "fearful", "afraid"], '◆', Hue::Magenta),
    (&["happiness", "happy", "joy"], '★', Hue::Yellow),
    (&["neutral", "calm"], '●', Hue::Plain),
    (&["sadness", "sad"], '▼', Hue::Blue),
    (&["surprise", "surprised"], '✚', Hue::Cyan),
];

/// Shape and colour of a common label, in any case.
pub fn common_style(label: &str) -> Option<(char, Hue)> {
    let label = label.trim().to_lowercase();
    COMMON_STYLES
        .iter()
        .find(|(names, ..)| names.contains(&label.as_str()))
        .map(|(_, shape, hue)| (*shape, *hue))
}

/// Every colour, in the order of the common labels.
pub fn hues() -> [Hue; 7] {
    COMMON_STYLES.map(|(.., hue)| hue)
}

/// Shapes and hues of other labels, in the order of assignment.
const OTHER_SHAPES: [char; 14] = [
    '▲', '◆', '★', '●', '▼', '✚', '■', '△', '◇', '☆', '○', '▽', '◈', '□',
];
const OTHER_HUES: [Hue; 7] = [
    Hue::Cyan,
    Hue::Yellow,
    Hue::Magenta,
    Hue::Red,
    Hue::Blue,
    Hue::Plain,
    Hue::Dim,
];

/// Shape and colour of each label, no two with the same shape; `given` are the model's
/// colours for them, where it has any.
pub fn label_styles(labels: &[String], given: &[Option<Hue>]) -> Vec<(char, Hue)> {
    let mut looks: Vec<(char, Hue)> = Vec::new();
    for label in labels {
        let taken = |shape| looks.iter().any(|(other, _)| *other == shape);
        let known = common_style(label).filter(|(shape, _)| !taken(*shape));
        looks.push(known.unwrap_or(('\0', Hue::Plain)));
    }
    let mut others = 0;
    for i in 0..labels.len() {
        if looks[i].0 == '\0' {
            let shapes: Vec<char> = looks.iter().map(|(shape, _)| *shape).collect();
            let free = OTHER_SHAPES.into_iter().find(|s| !shapes.contains(s));
            let shape = free.unwrap_or_else(|| letter(&labels[i], &shapes));
            looks[i] = (shape, OTHER_HUES[others % OTHER_HUES.len()]);
            others += 1;
        }
    }
    for ((_, hue), given) in looks.iter_mut().zip(given) {
        *hue = given.unwrap_or(*hue);
    }
    looks
}

/// A letter for a label: the first unused one of its name, or any unused one.
pub fn letter(label: &str, taken: &[char]) -> char {
    label
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .chain('A'..='Z')
        .chain('0'..='9')
        .find(|c| !taken.contains(c))
        .unwrap_or('*')
}

/// The hue on a dark and on a light background, as indices into the 256 terminal
/// colours. Each has a contrast of at least 4.5 to 1 against its background. All stay
/// distinguishable under each kind of colour blindness
/// (`tests/it/dashboard/colours.rs`).
pub const fn indexed(hue: Hue) -> (u8, u8) {
    match hue {
        Hue::Red => (203, 88),
        Hue::Magenta => (212, 128),
        Hue::Yellow => (178, 94),
        Hue::Blue => (33, 19),
        Hue::Cyan => (43, 23),
        Hue::Plain => (254, 234),
        Hue::Dim => (245, 243),
    }
}

/// Red, green and blue of one of the upper 240 of the 256 terminal colours: a cube of
/// six steps per side, then 24 greys.
pub const fn rgb(index: u8) -> [u8; 3] {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return [grey; 3];
    }
    let place = index.saturating_sub(16) as usize;
    [STEPS[place / 36], STEPS[place / 6 % 6], STEPS[place % 6]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_colours_are_those_of_xterm() {
        // From xterm's own table, 256colres.h.
        for (index, expected) in [
            (16, [0x00, 0x00, 0x00]),
            (203, [0xff, 0x5f, 0x5f]),
            (94, [0x87, 0x5f, 0x00]),
            (231, [0xff, 0xff, 0xff]),
            (232, [0x08, 0x08, 0x08]),
            (243, [0x76, 0x76, 0x76]),
            (255, [0xee, 0xee, 0xee]),
        ] {
            assert_eq!(rgb(index), expected, "{index}");
        }
    }

    #[test]
    fn aliases_share_a_look() {
        assert_eq!(common_style(" Angry"), common_style("anger"));
        assert_eq!(common_style("boredom"), None);
    }
}
