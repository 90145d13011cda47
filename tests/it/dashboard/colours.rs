//! The colours of the seven labels under normal and colour-deficient vision.

use emoscope::dashboard::theme::{Palette, Theme};
use ratatui::style::{Color, Modifier};

use super::scenes::SEVEN;
use crate::support::{data, run};

type Rgb = [f64; 3];
type Matrix = [[f64; 3]; 3];

/// Normal vision, then Machado, Oliveira and Fernandes 2009 at severity 1, for linear RGB.
const SIGHTS: [(&str, Matrix); 4] = [
    ("full", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

/// Smallest CIEDE2000 between two labels; 1 is about the smallest visible difference.
const APART: f64 = 11.0;
/// The same for the default colours, including any colour of plain text.
const APART_BY_DEFAULT: f64 = 8.0;
/// Smallest contrast against the background, WCAG 2.
const CONTRAST: f64 = 4.5;

const DARK: Rgb = [30.0, 30.0, 30.0];
const LIGHT: Rgb = [255.0, 255.0, 255.0];

#[test]
fn every_two_labels_differ_under_every_vision() {
    for (palette, ground) in [(Palette::Dark, DARK), (Palette::Light, LIGHT)] {
        let colors = looks(palette).map(|(color, _)| match color {
            Some(Color::Indexed(number)) => indexed(number),
            other => panic!("{other:?}"),
        });
        for color in &colors {
            let contrast = contrast(*color, ground);
            assert!(contrast >= CONTRAST, "{palette:?} {color:?}: {contrast}");
        }
        apart(&format!("{palette:?}"), &colors, APART);
    }
}

/// Background and text colours of common terminals.
const TERMINALS: [(&str, u32, u32); 8] = [
    ("xterm", 0x00_0000, 0xe5_e5e5),
    ("console", 0x00_0000, 0xaa_aaaa),
    ("Tango", 0x2e_3436, 0xd3_d7cf),
    ("Campbell", 0x0c_0c0c, 0xcc_cccc),
    ("macOS", 0xff_ffff, 0x00_0000),
    ("GNOME dark", 0x1e_1e1e, 0xff_ffff),
    ("One Dark", 0x28_2c34, 0xab_b2bf),
    ("One Light", 0xfa_fafa, 0x38_3a42),
];
/// Smallest contrast of the default colours on dark and light backgrounds:
/// WCAG 2 for large letters and graphics.
const CONTRAST_OF_DEFAULT: f64 = 3.0;
/// The same on backgrounds between dark and light.
const CONTRAST_ON_GREY: f64 = 2.3;

#[test]
fn the_default_colours_are_legible_and_distinct_on_dark_and_light_terminals() {
    for (name, ground, text) in TERMINALS {
        let (ground, text) = (rgb(ground), rgb(text));
        let extreme = ground.iter().all(|c| *c <= 30.0 || *c >= 250.0);
        let least = if extreme {
            CONTRAST_OF_DEFAULT
        } else {
            CONTRAST_ON_GREY
        };
        let colors = looks(Palette::Auto).map(|(color, modifier)| {
            assert!(modifier.is_empty(), "a terminal may not show {modifier:?}");
            match color {
                Some(Color::Indexed(number)) => indexed(number),
                None => text,
                other => panic!("{other:?}"),
            }
        });
        for (label, color) in SEVEN.iter().zip(&colors) {
            let contrast = contrast(*color, ground);
            assert!(contrast >= least, "{label} on {name}: {contrast:.2}");
        }
        apart(name, &colors, APART_BY_DEFAULT);
    }
}

/// Only neutral uses the terminal's text colour.
#[test]
fn neutral_is_plain_text() {
    let plain = looks(Palette::Auto).map(|(color, _)| color.is_none());
    let neutral = SEVEN.map(|label| label == "neutral");
    assert_eq!(plain, neutral);
}

#[test]
fn the_colours_of_a_report_differ_as_well() {
    let silence = data("silence.wav");
    let arguments = ["report", "--format", "svg", "--output", "-"].map(std::ffi::OsStr::new);
    let output = run(arguments.into_iter().chain([silence.as_os_str()]));
    let css = String::from_utf8(output.stdout).unwrap();
    let grounds: Vec<&str> = css.split("--ground:").skip(1).collect();
    assert_eq!(grounds.len(), 2, "light and dark");
    for text in grounds {
        let color = |name: &str| {
            let (_, rest) = text.split_once(name).unwrap();
            let (_, digits) = rest.split_once('#').unwrap();
            rgb(u32::from_str_radix(&digits[..6], 16).unwrap())
        };
        let ground = color("");
        let colors = [0, 1, 2, 3, 4, 5, 6].map(|number| color(&format!("--c{number}:")));
        for color in &colors {
            assert!(contrast(*color, ground) >= CONTRAST, "{color:?}");
        }
        apart(&format!("on {ground:?}"), &colors, APART);
    }
}

/// Colour and modifiers of each label.
fn looks(palette: Palette) -> [(Option<Color>, Modifier); 7] {
    let theme = Theme {
        color: true,
        unicode: true,
        palette,
    };
    let marks = theme.marks(&SEVEN.map(str::to_owned), &[]);
    std::array::from_fn(|i| (marks[i].style.fg, marks[i].style.add_modifier))
}

fn apart(what: &str, colors: &[Rgb; 7], least: f64) {
    for (sight, matrix) in SIGHTS {
        let seen = colors.map(|color| lab(times(&matrix, color.map(linear))));
        for i in 0..7 {
            for j in 0..i {
                let distance = ciede2000(seen[i], seen[j]);
                assert!(
                    distance >= least,
                    "{what}, {sight}: {} and {} are {distance:.1} apart",
                    SEVEN[i],
                    SEVEN[j]
                );
            }
        }
    }
}

fn rgb(hex: u32) -> Rgb {
    [hex >> 16 & 255, hex >> 8 & 255, hex & 255].map(f64::from)
}

/// A colour of xterm's cube or greys.
fn indexed(number: u8) -> Rgb {
    if number >= 232 {
        return [8.0 + 10.0 * f64::from(number - 232); 3];
    }
    let n = number - 16;
    [n / 36, n / 6 % 6, n % 6].map(|step| match step {
        0 => 0.0,
        step => 55.0 + 40.0 * f64::from(step),
    })
}

fn linear(channel: f64) -> f64 {
    let c = channel / 255.0;
    if c <= 0.04045 {
        c / 12.92
    } else {
        ((c + 0.055) / 1.055).powf(2.4)
    }
}

fn contrast(a: Rgb, b: Rgb) -> f64 {
    let luminance = |color: Rgb| {
        let [r, g, b] = color.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn times(matrix: &Matrix, v: Rgb) -> Rgb {
    matrix.map(|row| (row[0] * v[0] + row[1] * v[1] + row[2] * v[2]).clamp(0.0, 1.0))
}

/// CIE 1976 L*a*b* of linear sRGB, white D65.
fn lab(linear: Rgb) -> Rgb {
    let [x, y, z] = [
        [0.412_456_4, 0.357_576_1, 0.180_437_5],
        [0.212_672_9, 0.715_152_2, 0.072_175_0],
        [0.019_333_9, 0.119_192_0, 0.950_304_1],
    ]
    .map(|row| row[0] * linear[0] + row[1] * linear[1] + row[2] * linear[2]);
    let f = |t: f64| {
        if t > 216.0 / 24_389.0 {
            t.cbrt()
        } else {
            (24_389.0 / 27.0 * t + 16.0) / 116.0
        }
    };
    let (x, y, z) = (f(x / 0.950_47), f(y), f(z / 1.088_83));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The distance of two colours, CIE 142-2001.
fn ciede2000([l1, a1, b1]: Rgb, [l2, a2, b2]: Rgb) -> f64 {
    let root = |c: f64| (c.powi(7) / (c.powi(7) + 25_f64.powi(7))).sqrt();
    let more = 0.5 * (1.0 - root(f64::midpoint(a1.hypot(b1), a2.hypot(b2))));
    let (a1, a2) = (a1 * (1.0 + more), a2 * (1.0 + more));
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| b.atan2(a).to_degrees().rem_euclid(360.0);
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let grey = c1 * c2 == 0.0;
    let turn = if grey {
        0.0
    } else {
        (h2 - h1 + 180.0).rem_euclid(360.0) - 180.0
    };
    let h = if grey { h1 + h2 } else { h1 + turn / 2.0 };
    let (l, c) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2));
    let wave = |factor: f64, shift: f64| (factor * h + shift).to_radians().cos();
    let t = 1.0 - 0.17 * wave(1.0, -30.0) + 0.24 * wave(2.0, 0.0) + 0.32 * wave(3.0, 6.0)
        - 0.20 * wave(4.0, -63.0);
    let bend = 30.0 * (-((h.rem_euclid(360.0) - 275.0) / 25.0).powi(2)).exp();
    let off = (l - 50.0).powi(2);
    let dl = (l2 - l1) / (1.0 + 0.015 * off / (20.0 + off).sqrt());
    let dc = (c2 - c1) / (1.0 + 0.045 * c);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin() / (1.0 + 0.015 * c * t);
    let rt = -2.0 * root(c) * (2.0 * bend).to_radians().sin();
    (dl * dl + dc * dc + dh * dh + rt * dc * dh).sqrt()
}

/// Pairs of Sharma, Wu and Dalal 2005, table 1.
#[test]
fn the_colour_distance_matches_published_values() {
    for (one, other, distance) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, -1.0, 2.0], [50.0, 0.0, 0.0], 2.3669),
        ([50.0, 2.5, 0.0], [50.0, 0.0, -2.5], 4.3065),
        ([50.0, 2.5, 0.0], [61.0, -5.0, 29.0], 22.8977),
        (
            [22.7233, 20.0904, -46.694],
            [23.0331, 14.973, -42.5619],
            2.0373,
        ),
        (
            [90.8027, -2.0831, 1.441],
            [91.1528, -1.6435, 0.0447],
            1.4441,
        ),
    ] {
        let found = ciede2000(one, other);
        assert!((found - distance).abs() < 1e-4, "{found} and {distance}");
    }
}
