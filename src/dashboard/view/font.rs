//! Big letters: five dots high, two dots to a row of the terminal.

/// Rows that big text takes.
pub(super) const ROWS: usize = 3;

/// A glyph: its character, its width in dots, and five rows of dots with the
/// leftmost in the highest used bit.
type Glyph = (char, u8, [u8; 5]);

#[rustfmt::skip]
const GLYPHS: [Glyph; 38] = [
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
    (' ', 2, [0; 5]),
];

/// The rows of a text in big letters, or `None` where a letter is missing.
pub(super) fn big(text: &str) -> Option<[String; ROWS]> {
    let mut rows = [String::new(), String::new(), String::new()];
    for (i, c) in text.to_uppercase().chars().enumerate() {
        let (_, width, dots) = GLYPHS.iter().find(|(glyph, ..)| *glyph == c)?;
        for (row, line) in rows.iter_mut().enumerate() {
            if i > 0 {
                line.push(' ');
            }
            let lower = dots.get(2 * row + 1).copied().unwrap_or(0);
            for bit in (0..*width).rev() {
                let set = |dots: u8| dots >> bit & 1 == 1;
                line.push(match (set(dots[2 * row]), set(lower)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
        }
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_equally_wide() {
        let rows = big("Happiness 63").unwrap_or_default();
        let widths: Vec<usize> = rows.iter().map(|row| row.chars().count()).collect();
        assert!(widths[0] > 40 && widths.iter().all(|width| *width == widths[0]));
        assert_eq!(big("joie é"), None);
    }
}
