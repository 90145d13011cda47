//! Modules import only what the table in CONTRIBUTING.md allows.

use std::path::{Path, PathBuf};

use crate::support::path;

/// The Rust files below a folder of the repository.
fn files(folder: &Path) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
}

/// The modules of the table, and the modules that each may import.
fn table() -> Vec<(String, Vec<String>)> {
    let page = std::fs::read_to_string(path("CONTRIBUTING.md")).unwrap();
    let list = page.split("<!-- rooms -->").nth(1).unwrap();
    let list = list.split("<!-- end of rooms -->").next().unwrap();
    list.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let imports = cells[2].split(", ").filter(|name| !name.is_empty());
            (
                cells[0].trim_matches('`').to_owned(),
                imports.map(str::to_owned).collect(),
            )
        })
        .collect()
}

#[test]
fn modules_import_what_the_table_allows_and_nothing_else() {
    let table = table();
    let mut seen = vec![Vec::new(); table.len()];
    let top = path("src");
    for file in files(&top) {
        let module = file.strip_prefix(&top).unwrap().iter().next().unwrap();
        let module = module.to_string_lossy().trim_end_matches(".rs").to_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        let place = table
            .iter()
            .position(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{module} is not in the table"));
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
        for import in code.flat_map(|line| line.split("crate::").skip(1)) {
            let name: String = import
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if name == module || !table.iter().any(|(module, _)| *module == name) {
                continue;
            }
            assert!(
                table[place].1.contains(&name),
                "{} imports {name}, which {module} may not",
                file.display()
            );
            seen[place].push(name);
        }
    }
    for ((module, allowed), seen) in table.iter().zip(&seen) {
        for name in allowed {
            assert!(seen.contains(name), "{module} does not import {name}");
        }
    }
}

#[test]
fn files_are_short_enough_to_read() {
    for file in files(&path("src"))
        .into_iter()
        .chain(files(&path("crates")))
    {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 480, "{} has {lines} lines", file.display());
    }
}
