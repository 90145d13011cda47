//! Big letters in three sizes: a dot of a letter is one, two or three screen dots wide
//! and high. A terminal row holds two screen dots, or one in ASCII.

use crate::dashboard::text;

/// Dots per letter from top to bottom.
const DOTS_HIGH: usize = 5;
/// The largest size.
pub(super) const LARGEST_SIZE: usize = 3;
/// The widest percentage.
const WIDEST_SHARE: &str = "100%";

/// A glyph: its character, its width in dots, and five rows of dots with the
/// leftmost in the highest used bit.
type Glyph = (char, u8, [u8; 5]);

#[rustfmt::skip]
const GLYPHS: [Glyph; 41] = [
    ('A', 4, [0b0110, 0b1001, 0b1111, 0b1001, 0b1001]),
    ('B', 4, [0b1110, 0b1001, 0b1110, 0b1001, 0b1110]),
    ('C', 4, [0b0111, 0b1000, 0b1000, 0b1000, 0b0111]),
    ('D', 4, [0b1110, 0b1001, 0b1001, 0b1001, 0b1110]),
    ('E', 4, [0b1111, 0b1000, 0b1110, 0b1000, 0b1111]),
    ('F', 4, [0b1111, 0b1000, 0b1110, 0b1000, 0b1000]),
    ('G', 4, [0b0111, 0b1000, 0b1011, 0b1001, 0b0111]),
    ('H', 4, [0b1001, 0b1001, 0b1111, 0b1001, 0b1001]),
    ('I', 1, [0b1, 0b1, 0b1, 0b1, 0b1]),
    ('J', 4, [0b0001, 0b0001, 0b0001, 0b1001, 0b0110]),
    ('K', 4, [0b1001, 0b1010, 0b1100, 0b1010, 0b1001]),
    ('L', 4, [0b1000, 0b1000, 0b1000, 0b1000, 0b1111]),
    ('M', 5, [0b10001, 0b11011, 0b10101, 0b10001, 0b10001]),
    ('N', 5, [0b10001, 0b11001, 0b10101, 0b10011, 0b10001]),
    ('O', 4, [0b0110, 0b1001, 0b1001, 0b1001, 0b0110]),
    ('P', 4, [0b1110, 0b1001, 0b1110, 0b1000, 0b1000]),
    ('Q', 4, [0b0110, 0b1001, 0b1001, 0b1010, 0b0101]),
    ('R', 4, [0b1110, 0b1001, 0b1110, 0b1010, 0b1001]),
    ('S', 4, [0b0111, 0b1000, 0b0110, 0b0001, 0b1110]),
    ('T', 5, [0b11111, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('U', 4, [0b1001, 0b1001, 0b1001, 0b1001, 0b0110]),
    ('V', 5, [0b10001, 0b10001, 0b01010, 0b01010, 0b00100]),
    ('W', 5, [0b10001, 0b10001, 0b10101, 0b11011, 0b10001]),
    ('X', 5, [0b10001, 0b01010, 0b00100, 0b01010, 0b10001]),
    ('Y', 5, [0b10001, 0b01010, 0b00100, 0b00100, 0b00100]),
    ('Z', 4, [0b1111, 0b0010, 0b0100, 0b1000, 0b1111]),
    ('0', 4, [0b0110, 0b1001, 0b1001, 0b1001, 0b0110]),
    ('1', 2, [0b01, 0b11, 0b01, 0b01, 0b01]),
    ('2', 4, [0b1110, 0b0001, 0b0110, 0b1000, 0b1111]),
    ('3', 4, [0b1110, 0b0001, 0b0110, 0b0001, 0b1110]),
    ('4', 4, [0b1001, 0b1001, 0b1111, 0b0001, 0b0001]),
    ('5', 4, [0b1111, 0b1000, 0b1110, 0b0001, 0b1110]),
    ('6', 4, [0b0110, 0b1000, 0b1110, 0b1001, 0b0110]),
    ('7', 4, [0b1111, 0b0001, 0b0010, 0b0100, 0b0100]),
    ('8', 4, [0b0110, 0b1001, 0b0110, 0b1001, 0b0110]),
    ('9', 4, [0b0110, 0b1001, 0b0111, 0b0001, 0b0110]),
    ('-', 3, [0b000, 0b000, 0b111, 0b000, 0b000]),
    ('?', 4, [0b1110, 0b0001, 0b0110, 0b0000, 0b0100]),
    (':', 1, [0b0, 0b1, 0b0, 0b1, 0b0]),
    ('%', 5, [0b11001, 0b11010, 0b00100, 0b01011, 0b10011]),
    (' ', 2, [0; 5]),
];

/// The ASCII character for a dot of a letter.
const DOT: char = '#';

/// Rows of dots in one row of the terminal.
fn dots_a_row(unicode: bool) -> usize {
    if unicode { 2 } else { 1 }
}

/// Rows that letters of a size occupy.
pub(super) fn rows(size: usize, unicode: bool) -> usize {
    (DOTS_HIGH * size).div_ceil(dots_a_row(unicode))
}

/// Columns between a word and its percentage.
pub(super) fn gap(size: usize) -> usize {
    2 + 2 * size
}

/// The largest size in which every name fits beside its percentage; 0 where one fits in
/// no size, or has a letter without a glyph.
pub(super) fn largest(names: &[&str], columns: u16) -> usize {
    let fits = |size: &usize| {
        // A letter is equally wide with and without Unicode.
        let share = big(WIDEST_SHARE, 1, true).map_or(0, |rows| text::width(&rows[0]));
        names.iter().all(|name| {
            big(name, *size, true).is_some_and(|rows| {
                4 + text::width(&rows[0]) + gap(*size) + share <= usize::from(columns)
            })
        })
    };
    (1..=LARGEST_SIZE).rev().find(fits).unwrap_or(0)
}

/// The rows of a text in big letters, or `None` where a glyph is missing.
pub(super) fn big(text: &str, size: usize, unicode: bool) -> Option<Vec<String>> {
    let mut dots = vec![Vec::new(); DOTS_HIGH];
    for (i, c) in text.to_uppercase().chars().enumerate() {
        let (_, width, glyph) = GLYPHS.iter().find(|(glyph, ..)| *glyph == c)?;
        for (row, line) in dots.iter_mut().zip(glyph) {
            row.extend((i > 0).then_some(false));
            row.extend((0..*width).rev().map(|bit| line >> bit & 1 == 1));
        }
    }
    let high: Vec<&Vec<bool>> = dots
        .iter()
        .flat_map(|row| std::iter::repeat_n(row, size))
        .collect();
    let line = |pair: &[&Vec<bool>]| {
        let cells =
            (0..pair[0].len()).map(|x| match (pair[0][x], pair.get(1).is_some_and(|r| r[x])) {
                (true, _) if !unicode => DOT,
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        cells
            .flat_map(|cell| std::iter::repeat_n(cell, size))
            .collect()
    };
    Some(high.chunks(dots_a_row(unicode)).map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_equally_wide_in_every_size() {
        for (size, unicode) in (1..=LARGEST_SIZE).flat_map(|size| [(size, true), (size, false)]) {
            let rows = big("Happiness? 63%", size, unicode).unwrap_or_default();
            assert_eq!(rows.len(), super::rows(size, unicode));
            assert!(unicode || rows.concat().is_ascii());
            let widths: Vec<usize> = rows.iter().map(|row| row.chars().count()).collect();
            assert!(widths[0] > 60 * size, "{widths:?}");
            assert!(widths.iter().all(|width| *width == widths[0]));
        }
        assert_eq!(big("joie é", 1, true), None);
    }

    #[test]
    fn the_size_follows_the_columns() {
        let names = ["anger", "happiness"];
        let sizes = [40, 80, 120, 200].map(|columns| largest(&names, columns));
        assert_eq!(sizes, [0, 1, 2, 3]);
        assert_eq!(largest(&["怒り"], 200), 0);
    }
}
