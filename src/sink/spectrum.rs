//! The log-mel picture of a recording: what the front end makes of it before
//! the coefficients, in sixteen shades.

/// Mel bands, low to high.
pub const BANDS: usize = 80;

/// Log-mel levels of equal stretches of a recording, in dB.
pub type Columns = Vec<[f32; BANDS]>;

/// What lies so far below the loudest is blank, in dB.
const RANGE: f32 = 60.0;
/// The loudest is taken to be at least so loud, in dB: the noise of a silent
/// recording does not look like a voice.
const LEAST: f32 = -30.0;

/// Shades from 0 (blank) to 15 (the loudest) of each band, low to high.
pub fn levels(columns: &Columns) -> Vec<[u8; BANDS]> {
    let loudest = columns.iter().flatten().copied().fold(LEAST, f32::max);
    let shade = |level: f32| {
        let above = (level - loudest) / RANGE + 1.0;
        (above.clamp(0.0, 1.0) * 15.0).round() as u8
    };
    columns.iter().map(|column| column.map(shade)).collect()
}

/// The shades as a grey PNG, a pixel a band and stretch, high bands at the top;
/// none of no stretches.
pub fn png(columns: &Columns) -> Option<Vec<u8>> {
    let shades = levels(columns);
    let mut rows = Vec::new();
    for band in (0..BANDS).rev() {
        // Two to a byte.
        rows.extend(shades.chunks(2).map(|pair| {
            let right = pair.get(1).map_or(0, |column| column[band]);
            pair[0][band] << 4 | right
        }));
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, shades.len() as u32, BANDS as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&rows).ok()?;
    writer.finish().ok()?;
    Some(file)
}
