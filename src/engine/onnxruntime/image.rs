//! Checks that a file is a complete library before the system maps it.
//!
//! The loader trusts the headers. It accepts a truncated library, for example from a
//! broken download, which later ends the process with SIGBUS.

use std::fs::File;
use std::path::Path;

use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
use object::read::{Object, ObjectSection, ObjectSegment, ReadCache, ReadRef};
use object::{Architecture, FileKind, NameOrOrdinal};

/// The symbol that the library must export.
const ENTRY_POINT: &[u8] = b"OrtGetApiBase";
const MACHO_ENTRY_POINT: &[u8] = b"_OrtGetApiBase";

/// Why a file is not loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImageError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Its library header is missing or inconsistent.
    #[error("is not a library, or is damaged: {0}")]
    Format(#[from] object::Error),
    /// Its headers describe more bytes than it has.
    #[error("is cut off: {expected} bytes expected, {found} found; install ONNX Runtime again")]
    Truncated {
        /// Bytes that the headers describe.
        expected: u64,
        /// Bytes of the file.
        found: u64,
    },
    /// It is another library.
    #[error("is not ONNX Runtime, or is damaged: it does not export OrtGetApiBase")]
    OtherLibrary,
}

/// Reads the headers and the names of the exported symbols, not the code.
pub(super) fn check(path: &Path) -> Result<(), ImageError> {
    let file = File::open(path)?;
    let found = file.metadata()?.len();
    let cache = ReadCache::new(file);
    match FileKind::parse(&cache)? {
        FileKind::MachOFat32 => {
            let fat = MachOFatFile32::parse(&cache)?;
            check_native(&cache, found, fat.arches())
        }
        FileKind::MachOFat64 => {
            let fat = MachOFatFile64::parse(&cache)?;
            check_native(&cache, found, fat.arches())
        }
        _ => check_image(&cache, found),
    }
}

/// Checks this machine's image in a file with images for several architectures.
fn check_native(
    cache: &ReadCache<File>,
    found: u64,
    arches: &[impl FatArch],
) -> Result<(), ImageError> {
    let native = match std::env::consts::ARCH {
        "aarch64" => Architecture::Aarch64,
        _ => Architecture::X86_64,
    };
    for arch in arches.iter().filter(|arch| arch.architecture() == native) {
        let (offset, size) = arch.file_range();
        let expected = offset.saturating_add(size);
        if expected > found {
            return Err(ImageError::Truncated { expected, found });
        }
        check_image(cache.range(offset, size), size)?;
    }
    Ok(())
}

fn check_image<'data>(data: impl ReadRef<'data>, found: u64) -> Result<(), ImageError> {
    let image = object::File::parse(data)?;
    let segments = image.segments().map(|segment| segment.file_range());
    let sections = image.sections().filter_map(|section| section.file_range());
    let expected = segments
        .chain(sections)
        .map(|(offset, size)| offset.saturating_add(size))
        .max()
        .unwrap_or(0);
    if expected > found {
        return Err(ImageError::Truncated { expected, found });
    }
    let exported = image.exports()?.filter_map(Result::ok).any(|export| {
        // Mach-O prefixes C names with an underscore.
        let name = export.name();
        name == NameOrOrdinal::Name(ENTRY_POINT) || name == NameOrOrdinal::Name(MACHO_ENTRY_POINT)
    });
    if exported {
        Ok(())
    } else {
        Err(ImageError::OtherLibrary)
    }
}
