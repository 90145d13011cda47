//! The timeline of a recording as a PNG, for programs that do not accept SVG.
//!
//! The same picture as [`timeline::svg`], in the colours for a light background. Its
//! fonts are built in, so that it looks the same everywhere; labels in other scripts
//! use the machine's fonts.

use std::sync::Arc;

use resvg::tiny_skia::{ColorU8, FilterQuality, Pixmap, PixmapPaint, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use super::recording::ReportedRecording;
use super::spectrogram::{BANDS, shades};
use super::timeline::{self, TimelineSvg};

/// Pixels per unit of the picture: sharp on high-resolution screens and in print.
const SCALE: f32 = 2.0;

const FAMILY: &str = "DejaVu Sans";
const REGULAR: &[u8] = include_bytes!("fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("fonts/DejaVuSans-Bold.ttf");

/// `--text` of the style for light backgrounds.
const INK: [u8; 3] = [0x1c, 0x21, 0x28];

/// Why the picture could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The drawing could not be written.
    #[error("cannot draw the picture: {0}")]
    Template(#[from] askama::Error),
    /// The renderer rejects the drawing.
    #[error("cannot draw the picture: {0}")]
    Drawing(#[from] resvg::usvg::Error),
    /// It is too large, or encoding failed.
    #[error("cannot make a PNG of {width} x {height} pixels")]
    Size {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
}

/// The picture as a PNG file, two pixels per unit of [`PICTURE_WIDTH`](super::scale::PICTURE_WIDTH).
///
/// # Errors
/// [`PictureError`] where the picture would be too large for memory.
pub fn png(recording: &ReportedRecording) -> Result<Vec<u8>, PictureError> {
    let mut options = Options {
        font_family: FAMILY.into(),
        ..Options::default()
    };
    options.fontdb = Arc::new(fonts(recording.labels()));
    let tree = Tree::from_str(&timeline::plain_svg(recording)?, &options)?;
    let size = tree.size();
    let (width, height) = (
        (size.width() * SCALE).ceil() as u32,
        (size.height() * SCALE).ceil() as u32,
    );
    let wrong = PictureError::Size { width, height };
    let Some(mut pixels) = Pixmap::new(width, height) else {
        return Err(wrong);
    };
    let scale = Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scale, &mut pixels.as_mut());
    bands(recording, &mut pixels);
    pixels.encode_png().map_err(|_| wrong)
}

/// The built-in fonts, and the machine's where a label needs another.
fn fonts(labels: &[String]) -> Database {
    let mut fonts = Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(BOLD.to_vec());
    if labels.iter().any(|label| label.chars().any(|c| c > 'џ')) {
        fonts.load_system_fonts();
    }
    fonts
}

/// Draws the log-mel lane, because the renderer does not draw embedded pictures.
fn bands(recording: &ReportedRecording, pixels: &mut Pixmap) {
    let columns = shades(&recording.drawing.spectrum);
    let Some(mut picture) = Pixmap::new(columns.len() as u32, BANDS as u32) else {
        return;
    };
    for (row, line) in picture.pixels_mut().chunks_mut(columns.len()).enumerate() {
        for (pixel, column) in line.iter_mut().zip(&columns) {
            let alpha = column[BANDS - 1 - row] * 17;
            *pixel = ColorU8::from_rgba(INK[0], INK[1], INK[2], alpha).premultiply();
        }
    }
    let Some([left, top, width, height]) = TimelineSvg::new(recording, "").spectrogram_place()
    else {
        return;
    };
    let (x, y) = (width / columns.len() as f32, height / BANDS as f32);
    let place = Transform::from_row(x, 0.0, 0.0, y, left, top).post_scale(SCALE, SCALE);
    let paint = PixmapPaint {
        quality: FilterQuality::Bilinear,
        ..PixmapPaint::default()
    };
    pixels.draw_pixmap(0, 0, picture.as_ref(), &paint, place, None);
}
