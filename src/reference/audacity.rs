//! Audacity label tracks: start, end and text, separated by tabs.

use super::LabelledSpan;
use crate::events::Speaker;

/// The spans of a file; empty labels are skipped.
pub(super) fn parse(text: &str) -> Result<Vec<LabelledSpan>, String> {
    let mut spans = Vec::new();
    for (number, line) in text.lines().enumerate() {
        // A line that starts with a backslash adds frequencies to the line before it.
        if line.trim().is_empty() || line.starts_with('\\') {
            continue;
        }
        let wrong = || {
            format!(
                "line {} is not an Audacity label: start, end and text, separated by tabs",
                number + 1
            )
        };
        let mut cells = line.splitn(3, '\t');
        // Audacity uses the system's decimal separator.
        let mut seconds = || cells.next()?.trim().replace(',', ".").parse::<f64>().ok();
        let (Some(start_s), Some(end_s)) = (seconds(), seconds()) else {
            return Err(wrong());
        };
        let label = without_voice(cells.next().unwrap_or_default().trim());
        let label = without_percent(label);
        if !start_s.is_finite() || !end_s.is_finite() || end_s < start_s {
            return Err(wrong());
        }
        if !label.is_empty() {
            spans.push(LabelledSpan {
                start_s,
                end_s,
                label: label.to_owned(),
            });
        }
    }
    Ok(spans)
}

/// The label without the channel and the speaker that emoscope writes before it.
fn without_voice(text: &str) -> &str {
    let Some((voice, label)) = text.split_once(": ") else {
        return text;
    };
    let is_channel = |part: &str| {
        let number = part.strip_prefix("Channel ");
        number.is_some_and(|number| number.parse::<u16>().is_ok())
    };
    let is_speaker = |part: &str| part.parse::<Speaker>().is_ok();
    let known = match voice.split_once(", ") {
        Some((channel, speaker)) => is_channel(channel) && is_speaker(speaker),
        None => is_channel(voice) || is_speaker(voice),
    };
    if known { label } else { text }
}

/// The label without the confidence that emoscope writes after it.
fn without_percent(text: &str) -> &str {
    let Some(rest) = text.strip_suffix('%') else {
        return text;
    };
    let rest = rest.trim_end();
    let label = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    if label.len() == rest.len() {
        return text;
    }
    label.trim_end()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_spans() {
        let text = "0.5\t1,25\tanger 61 %\n\\\t100\t200\n2\t2\t\n3\t4\tso so\n";
        let found: Vec<_> = parse(text).unwrap();
        let span = |start_s, end_s, label: &str| LabelledSpan {
            start_s,
            end_s,
            label: label.into(),
        };
        assert_eq!(found, [span(0.5, 1.25, "anger"), span(3.0, 4.0, "so so")]);
        let text = "0\t1\tA: anger 61 %\n1\t2\tChannel 2: fear 5 %\n2\t3\tChannel 1, AB: uncertain\n3\t4\tnote: x\n";
        let found: Vec<String> = parse(text)
            .unwrap()
            .into_iter()
            .map(|it| it.label)
            .collect();
        assert_eq!(found, ["anger", "fear", "uncertain", "note: x"]);
        assert!(parse("hello").unwrap_err().contains("line 1"));
        assert!(parse("0\t1\ta\n2\t1\tb").unwrap_err().contains("line 2"));
    }
}
