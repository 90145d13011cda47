//! The command line: output, messages and exit codes.

mod analyze;
mod folders;
mod lines;
mod output;
mod recordings;
mod usage;

use serde_json::Value;

use crate::support::path;

fn schema() -> jsonschema::Validator {
    let text = std::fs::read_to_string(path("tests/schema/event.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// The events that must be the same from a pipe, in `replay` and in `analyze`.
fn comparable(lines: &[Value]) -> Vec<Value> {
    let mut lines = lines.to_vec();
    lines.retain(|line| !line["type"].as_str().unwrap().starts_with("session_"));
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("file");
    }
    lines
}
