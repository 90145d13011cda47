//! Display names of recordings: their paths below the common folder, without `..`.

use std::path::{Path, PathBuf};

use super::recording::Recording;
use crate::text::{path_name, whole_path};

/// A name for each recording.
pub fn below_common_folder(recordings: &[Recording]) -> Vec<String> {
    let paths: Vec<PathBuf> = recordings.iter().map(|r| whole_path(&r.path)).collect();
    let files = recordings.iter().zip(&paths);
    let mut files = files.filter(|(recording, _)| !recording.is_standard_input());
    let mut common = files
        .next()
        .and_then(|(_, path)| path.parent())
        .unwrap_or(Path::new(""))
        .to_owned();
    for (_, path) in files {
        while !path.starts_with(&common) && common.pop() {}
    }
    recordings
        .iter()
        .zip(&paths)
        .map(|(recording, path)| {
            if recording.is_standard_input() {
                return recording.name.clone();
            }
            path_name(path.strip_prefix(&common).unwrap_or(path))
        })
        .collect()
}

/// The last part of a path, also of `..` and `.`.
pub fn last_part(path: &Path) -> String {
    let whole = whole_path(path);
    path_name(whole.file_name().map_or(whole.as_path(), Path::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_start_below_what_all_share() {
        for (paths, expected) in [
            (&["../calls/a.wav"][..], &["a.wav"][..]),
            (
                &["../calls/a.wav", "../calls/b/c.wav"],
                &["a.wav", "b/c.wav"],
            ),
            (&["/x/a/1.wav", "/x/b/../c/1.wav"], &["a/1.wav", "c/1.wav"]),
            (&["-", "./x.wav"], &["standard input", "x.wav"]),
            (&["/1.wav", "/a/2.wav"], &["1.wav", "a/2.wav"]),
        ] {
            let recordings: Vec<Recording> =
                paths.iter().map(|path| Recording::new(*path)).collect();
            let expected = expected
                .iter()
                .map(|name| name.replace('/', std::path::MAIN_SEPARATOR_STR));
            assert_eq!(
                below_common_folder(&recordings),
                expected.collect::<Vec<_>>(),
                "{paths:?}"
            );
        }
    }
}
