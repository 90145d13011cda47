//! Where the library of ONNX Runtime is searched.

use std::path::{Path, PathBuf};

/// Version that the setup downloads into the cache.
pub const ORT_VERSION: &str = "1.32.0";

/// A place that is searched.
pub(super) struct LibraryPlace {
    /// What kind of place.
    pub what: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// Whether the user named it.
    pub explicit: bool,
}

impl LibraryPlace {
    /// The libraries there: the path itself, or those in the folder, newest version
    /// first.
    pub fn libraries(&self) -> Vec<PathBuf> {
        if self.path.is_file() {
            return vec![self.path.clone()];
        }
        let Ok(names) = std::fs::read_dir(&self.path) else {
            return Vec::new();
        };
        let mut found: Vec<PathBuf> = names
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| is_library(path))
            .collect();
        // The longest version name comes first, followed by the links to it.
        found.sort_by_key(|path| (numbers(path), path.clone()));
        found.reverse();
        let mut files = Vec::new();
        found.retain(|path| {
            let file = path.canonicalize().unwrap_or_else(|_| path.clone());
            let new = !files.contains(&file);
            files.push(file);
            new
        });
        found
    }
}

/// The numbers in a file name, in order, for comparing versions.
fn numbers(path: &Path) -> Vec<u64> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

fn is_library(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let named = name == "onnxruntime.dll"
        || name == "libonnxruntime.so"
        || name.starts_with("libonnxruntime.so.")
        || (name.starts_with("libonnxruntime.") && path.extension() == Some("dylib".as_ref()));
    named && path.is_file()
}

/// The version in the library's file name, or an empty string.
pub(super) fn version(library: &Path) -> String {
    let file = library
        .canonicalize()
        .unwrap_or_else(|_| library.to_path_buf());
    let digits: Vec<String> = numbers(&file).iter().map(u64::to_string).collect();
    digits.join(".")
}

/// The search order: the setting, `ORT_DYLIB_PATH`, the program's folder, the project's
/// cache, the system's library folders, the Python package.
pub(super) fn places(setting: Option<PathBuf>) -> Vec<LibraryPlace> {
    let mut places = Vec::new();
    let mut add = |what, path, explicit| {
        places.push(LibraryPlace {
            what,
            path,
            explicit,
        });
    };
    if let Some(path) = setting {
        add("--onnxruntime", path, true);
    }
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        add("ORT_DYLIB_PATH", path.into(), true);
    }
    let program = std::env::current_exe().ok();
    let folder = program.as_deref().and_then(Path::parent);
    if let Some(folder) = folder {
        add("beside the program", folder.into(), false);
        add("beside the program", folder.join("../lib/emoscope"), false);
    }
    if let Some(cache) = crate::paths::cache() {
        let folder = cache.join(format!("onnxruntime-{ORT_VERSION}"));
        add("the cache", folder, false);
    }
    for folder in [
        "/usr/local/lib",
        "/usr/lib",
        "/usr/lib64",
        "/opt/homebrew/lib",
    ] {
        add("the system", folder.into(), false);
    }
    if cfg!(target_os = "linux") {
        let triple = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
        add("the system", triple.into(), false);
    }
    for package in python_packages(folder.and_then(Path::parent)) {
        add("Python's package", package.join("onnxruntime/capi"), false);
    }
    places
}

/// Python package folders that contain ONNX Runtime: of the environment that contains
/// this program, of the active environment, of the user, of the system. Newer versions
/// of Python come first.
fn python_packages(prefix: Option<&Path>) -> Vec<PathBuf> {
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".local"));
    let roots = prefix
        .map(Path::to_path_buf)
        .into_iter()
        .chain(active)
        .chain(home)
        .chain(["/usr/local".into()]);
    let mut packages = Vec::new();
    for root in roots {
        let lib = root.join("lib");
        let mut pythons: Vec<PathBuf> = std::fs::read_dir(&lib)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| {
                let name = path.file_name().unwrap_or_default();
                name.to_string_lossy().starts_with("python3")
            })
            .collect();
        pythons.sort_by_key(|path| numbers(path));
        pythons.reverse();
        pythons.push(lib); // On Windows the packages are in Lib itself.
        for python in pythons {
            for name in ["site-packages", "dist-packages"] {
                let package = python.join(name);
                if package.join("onnxruntime").is_dir() && !packages.contains(&package) {
                    packages.push(package);
                }
            }
        }
    }
    packages
}
