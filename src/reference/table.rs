//! CSV labels: a row per recording, `path,label`, or per span, with `start` and `end`.

use std::path::PathBuf;

use super::LabelledSpan;
use crate::events::UNCERTAIN;

/// Column names; the second of each is the one in emoscope's own CSV.
const PATH_COLUMNS: [&str; 2] = ["path", "file"];
const START_COLUMNS: [&str; 2] = ["start", "start_s"];
const END_COLUMNS: [&str; 2] = ["end", "end_s"];

/// The spans of a file and the paths of their recordings; rows without a label are
/// skipped.
pub(super) fn parse(text: &str) -> Result<Vec<(Option<PathBuf>, LabelledSpan)>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |names: &[&str]| header.iter().position(|name| names.contains(&name));
    let (path, start, end) = (
        column(&PATH_COLUMNS),
        column(&START_COLUMNS),
        column(&END_COLUMNS),
    );
    let spans = start.is_some() && end.is_some();
    let Some(label) = column(&["label"]).filter(|_| path.is_some() || spans) else {
        let found = header.iter().collect::<Vec<_>>().join(",");
        return Err(format!(
            "expected a first line with the columns path,label or start,end,label, found {found}"
        ));
    };
    let mut found = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |column: usize| row.get(column).unwrap_or_default();
        if cell(label).is_empty() || cell(label) == UNCERTAIN {
            continue;
        }
        let time = |column: Option<usize>, missing: f64| match column.map(cell) {
            None | Some("") => Ok(missing),
            Some(text) => text
                .parse::<f64>()
                .map_err(|_| format!("line {line}: {text} is not a time in seconds")),
        };
        let (start_s, end_s) = (time(start, 0.0)?, time(end, f64::INFINITY)?);
        if start_s.is_nan() || end_s.is_nan() || end_s < start_s {
            return Err(format!("line {line}: the end is before the start"));
        }
        let path = path.map(cell).filter(|path| !path.is_empty());
        let label = cell(label).to_owned();
        found.push((
            path.map(PathBuf::from),
            LabelledSpan {
                start_s,
                end_s,
                label,
            },
        ));
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_recordings_or_stretches() {
        let whole = parse("path, label,speaker\na/1.wav,anger,x\nb.wav,,y\n").unwrap();
        let [(Some(path), span)] = whole.as_slice() else {
            panic!("{whole:?}");
        };
        assert_eq!((path.to_str(), &*span.label), (Some("a/1.wav"), "anger"));
        assert!(span.end_s.is_infinite() && span.start_s == 0.0);
        let spans = parse("start,end,label\n1,2.5,fear\n3,4,uncertain\n").unwrap();
        let expected = LabelledSpan {
            start_s: 1.0,
            end_s: 2.5,
            label: "fear".into(),
        };
        assert_eq!(spans, [(None, expected)]);
        assert!(parse("name,label\n").unwrap_err().contains("name,label"));
        assert!(
            parse("start,end,label\nx,2,a\n")
                .unwrap_err()
                .contains("line 2")
        );
        assert!(
            parse("start,end,label\n3,2,a\n")
                .unwrap_err()
                .contains("line 2")
        );
    }
}
