//! Extracts the AAC-LC core from the configuration of an AAC stream.
//!
//! HE-AAC is AAC-LC at half the rate plus a description of the upper half of the band.
//! The decoder reads only the core, which contains the speech band.

use super::source::DecodeError;

/// The configuration of the core, without extensions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Core {
    /// `AudioSpecificConfig` of AAC-LC, without extensions.
    pub(super) config: [u8; 2],
    /// Sample rate in hertz.
    pub(super) rate: u32,
}

/// Sample rates by their index, in hertz.
pub(super) const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];
/// Audio object types.
const MAIN: u32 = 1;
const LC: u32 = 2;
const SBR: u32 = 5;
const PS: u32 = 29;

/// Bits, most significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        (0..count).try_fold(0, |value, _| {
            let byte = self.bytes.get(self.at / 8)?;
            let bit = byte >> (7 - self.at % 8) & 1;
            self.at += 1;
            Some(value << 1 | u32::from(bit))
        })
    }

    fn kind(&mut self) -> Option<u32> {
        match self.take(5)? {
            31 => Some(32 + self.take(6)?),
            kind => Some(kind),
        }
    }

    /// Index of a sample rate in the table; `None` also where the rate is written out.
    fn rate(&mut self) -> Option<u32> {
        self.take(4).filter(|&index| (index as usize) < RATES.len())
    }
}

/// The core of a configuration; `None` where the decoder should get the configuration
/// unchanged.
///
/// # Errors
///
/// The name of an unsupported kind of AAC.
pub(super) fn core(config: &[u8]) -> Result<Option<Core>, DecodeError> {
    let mut bits = Bits {
        bytes: config,
        at: 0,
    };
    let Some(kind) = bits.kind() else {
        return Ok(None);
    };
    let name = match kind {
        LC | SBR | PS => return Ok(plain(&mut bits, kind)),
        MAIN => "AAC Main",
        3 => "AAC SSR",
        4 => "AAC LTP",
        23 => "AAC-LD",
        39 => "AAC-ELD",
        42 => "xHE-AAC",
        _ => return Ok(None),
    };
    // The decoder handles part of what these types add.
    if matches!(kind, MAIN | 3 | 4) {
        return Ok(None);
    }
    Err(DecodeError::UnsupportedCodec(name.into()))
}

fn plain(bits: &mut Bits<'_>, kind: u32) -> Option<Core> {
    let rate = bits.rate()?;
    let channels = bits.take(4)?;
    if kind != LC {
        // The rate including the upper half, then the object type of the core.
        bits.rate()?;
        if bits.kind()? != LC {
            return None;
        }
    }
    // Frames of 960 samples, a core coder, or a custom channel table.
    if bits.take(3)? != 0 || channels == 0 {
        return None;
    }
    let word = (LC << 11 | rate << 7 | channels << 3) as u16;
    Some(Core {
        config: word.to_be_bytes(),
        rate: RATES[rate as usize],
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_core_of_lc_and_of_he_signalled_either_way() {
        let core_of = |config: &[u8]| core(config).unwrap();
        let mono = Core {
            config: [0x13, 0x88],
            rate: 22_050,
        };
        // ISO 14496-3: kind 2, index 7, one channel; with the extension 0x2b7; as kind 5.
        assert_eq!(core_of(&[0x13, 0x88]).as_ref(), Some(&mono));
        assert_eq!(
            core_of(&[0x13, 0x88, 0x56, 0xe5, 0xa0]).as_ref(),
            Some(&mono)
        );
        assert_eq!(core_of(&[0x2b, 0x8a, 0x08, 0x00]).as_ref(), Some(&mono));
        assert_eq!(core_of(&[0x12]), None);
    }

    #[test]
    fn a_kind_that_is_not_read_has_its_name() {
        let told = core(&[0xf9, 0x40, 0x80]).unwrap_err().to_string();
        assert!(told.contains("xHE-AAC"), "{told}");
    }
}
