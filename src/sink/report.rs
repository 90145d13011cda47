//! A page about recordings that needs no network: `emoscope report`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use super::spectrum::Columns;
use super::timeline::{self, LEFT, RIGHT, WIDTH, escaped};
use super::{clock, clock_tenths, printable, utterance};
use crate::events::{Event, Gap, Hue, Measurement, SessionEnd, SessionStart};

/// Nothing but what the page itself holds is ever loaded.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
     img-src data:; media-src data:";
/// More recordings than this are closed at first.
const OPEN: usize = 5;

/// What is known of a recording.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// Its path.
    pub name: String,
    /// The header; none where it could not be opened.
    pub start: Option<SessionStart>,
    /// The judgements of windows.
    pub intervals: Vec<Measurement>,
    /// The judgements of whole utterances.
    pub utterances: Vec<Measurement>,
    /// Where samples are missing.
    pub gaps: Vec<Gap>,
    /// What went wrong.
    pub error: Option<String>,
    /// The summary.
    pub end: Option<SessionEnd>,
    /// Lowest and highest sample of equal stretches, in `[-1, 1]`.
    pub envelope: Vec<(f32, f32)>,
    /// Log-mel levels of equal stretches.
    pub spectrum: Columns,
    /// The audio as a `data:` address, where it is asked for.
    pub audio: Option<String>,
}

impl Recording {
    /// Takes an event.
    pub fn take(&mut self, event: Event) {
        if let Some(judged) = utterance(&event) {
            self.utterances.push(judged.clone());
            return;
        }
        match event {
            Event::SessionStart(start) => self.start = Some(start),
            Event::Measurement(judged) => self.intervals.push(judged),
            Event::Gap(gap) => self.gaps.push(gap),
            Event::Error(error) => self.error = Some(error.message),
            Event::SessionEnd(end) => self.end = Some(end),
            _ => {}
        }
    }

    /// The labels in the model's order.
    pub fn labels(&self) -> &[String] {
        self.start.as_ref().map_or(&[], |start| &start.labels)
    }

    /// The model's colours for them, if it names any.
    pub fn colors(&self) -> &[Option<Hue>] {
        self.start.as_ref().map_or(&[], |start| &start.colors)
    }

    /// Length in seconds.
    pub fn length_s(&self) -> f64 {
        self.end.as_ref().map_or(0.0, |end| end.duration_s)
    }

    /// The largest sample, at least so much that noise does not look like speech.
    pub fn peak(&self) -> f64 {
        let extremes = self
            .envelope
            .iter()
            .flat_map(|(low, high)| [low.abs(), high.abs()]);
        f64::from(extremes.fold(0.05, f32::max))
    }
}

/// What the page says besides.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Heading.
    pub title: String,
    /// Model and its version, engine, day.
    pub made: String,
    /// What the model is not, as HTML of ours.
    pub caveats: String,
}

/// The whole page.
pub fn html(page: &Page, recordings: &[Recording]) -> String {
    let title = escaped(&page.title);
    let made = escaped(&page.made);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>\n{}{}</style>\n</head>\n\
         <body data-left=\"{LEFT}\" data-right=\"{RIGHT}\" data-width=\"{WIDTH}\">\n\
         <header><h1>{title}</h1><button id=\"theme\" type=\"button\" data-now=\"as the system\" hidden>Colours: as the system</button></header>\n\
         <p class=\"made\">{made}</p>\n\
         <p class=\"warning\">This is how the voices sound to others, as a model judges it. It is not what the persons feel, \
         and it is often wrong. <a href=\"#caveats\">What the model is not</a></p>\n<main>\n",
        include_str!("report/timeline.css"),
        include_str!("report/page.css"),
    );
    summary(recordings, &mut out);
    for (number, recording) in recordings.iter().enumerate() {
        section(number + 1, recording, recordings.len() <= OPEN, &mut out);
    }
    let caveats = &page.caveats;
    let script = include_str!("report/page.js");
    let _ = write!(
        out,
        "</main>\n<section id=\"caveats\" tabindex=\"-1\">\n{caveats}</section>\n<script>\n{script}</script>\n</body>\n</html>\n"
    );
    out
}

fn summary(recordings: &[Recording], out: &mut String) {
    head("summary", "Summary of each recording", "recording", out);
    for (number, recording) in recordings.iter().enumerate() {
        let (name, number) = (escaped(&recording.name), number + 1);
        let end = recording.end.clone().unwrap_or_default();
        let said = recording.error.as_ref();
        let said = said.map(|error| format!("failed: {}", escaped(error)));
        let link = format!("<a href=\"#r{number}\">{name}</a>");
        row(&link, &end, said, out);
    }
    out.push_str("</tbody></table></div>\n");
    folders(recordings, out);
}

/// The same for each folder, where there are several: often a speaker each.
fn folders(recordings: &[Recording], out: &mut String) {
    let mut folders: BTreeMap<&str, SessionEnd> = BTreeMap::new();
    for recording in recordings {
        let place = recording.name.rsplit_once(['/', '\\']);
        let sum = folders.entry(place.map_or(".", |(folder, _)| folder));
        add(sum.or_default(), recording.end.as_ref());
    }
    if folders.len() < 2 {
        return;
    }
    let caption = "Summary of each folder: of each speaker, where each has one";
    head("folders", caption, "folder", out);
    for (folder, end) in &folders {
        row(&escaped(folder), end, None, out);
    }
    out.push_str("</tbody></table></div>\n");
}

fn add(sum: &mut SessionEnd, end: Option<&SessionEnd>) {
    let Some(end) = end else { return };
    sum.duration_s += end.duration_s;
    sum.speech_s += end.speech_s;
    sum.utterances += end.utterances;
    for (label, more) in &end.utterance_labels.0 {
        let counts = &mut sum.utterance_labels.0;
        match counts.iter_mut().find(|(name, _)| name == label) {
            Some((_, count)) => *count += more,
            None => counts.push((label.clone(), *more)),
        }
    }
}

fn head(id: &str, caption: &str, what: &str, out: &mut String) {
    let _ = writeln!(
        out,
        "<div class=\"scroll\"><table id=\"{id}\" class=\"summary\"><caption>{caption}</caption><thead><tr><th scope=\"col\">{what}</th>\
         <th scope=\"col\" class=\"number\">length</th><th scope=\"col\" class=\"number\">speech</th>\
         <th scope=\"col\" class=\"number\">utterances</th><th scope=\"col\">sounds like</th></tr></thead><tbody>",
    );
}

fn row(name: &str, end: &SessionEnd, said: Option<String>, out: &mut String) {
    let (length, speech, count) = (clock(end.duration_s), clock(end.speech_s), end.utterances);
    let said = said.unwrap_or_else(|| match count {
        0 => "no speech".into(),
        _ => counts(end),
    });
    let _ = writeln!(
        out,
        "<tr><td>{name}</td><td class=\"number\" data-unit=\"long\">{length}</td>\
         <td class=\"number\" data-unit=\"of speech\">{speech}</td>\
         <td class=\"number\" data-unit=\"utterances\">{count}</td><td>{said}</td></tr>"
    );
}

/// How many utterances were called what, the most first.
fn counts(end: &SessionEnd) -> String {
    let mut counts: Vec<(&str, u64)> = end
        .utterance_labels
        .iter()
        .map(|(label, count)| (label, *count))
        .filter(|(_, count)| *count > 0)
        .collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words = counts
        .iter()
        .map(|(label, count)| format!("{} {count}", escaped(label)));
    words.collect::<Vec<_>>().join(", ")
}

fn section(number: usize, recording: &Recording, open: bool, out: &mut String) {
    let name = escaped(&recording.name);
    let open = if open { " open" } else { "" };
    let _ = writeln!(
        out,
        "<details class=\"recording\" id=\"r{number}\"{open}>\n<summary><h2>{name}</h2></summary>"
    );
    if let Some(error) = &recording.error {
        let _ = writeln!(out, "<p class=\"warning\">{}</p>", escaped(error));
    }
    if recording.start.is_some() {
        figure(number, recording, out);
        utterances(recording, out);
        machinery(recording, out);
        let _ = writeln!(
            out,
            "<script type=\"application/json\">{}</script>",
            data(recording)
        );
    }
    out.push_str("</details>\n");
}

fn figure(number: usize, recording: &Recording, out: &mut String) {
    let height = timeline::height(recording);
    let name = escaped(&recording.name);
    let length = recording.length_s();
    let _ = writeln!(
        out,
        "<div class=\"timeline\" tabindex=\"0\" role=\"slider\" aria-label=\"Place in {name}\" \
         aria-valuemin=\"0\" aria-valuemax=\"{length:.1}\" aria-valuenow=\"0\">\n\
         <svg viewBox=\"0 0 {WIDTH} {height}\" aria-hidden=\"true\">"
    );
    timeline::draw(recording, &format!("mel{number}"), out);
    let _ = writeln!(
        out,
        "<line class=\"cursor\" x1=\"{LEFT}\" x2=\"{LEFT}\" y1=\"0\" y2=\"{height}\"/></svg>\n</div>\n<output></output>"
    );
    if let Some(audio) = &recording.audio {
        let _ = writeln!(
            out,
            "<audio controls preload=\"metadata\" src=\"{audio}\"></audio>"
        );
    }
}

fn utterances(recording: &Recording, out: &mut String) {
    if recording.utterances.is_empty() {
        out.push_str("<p>No speech was found.</p>\n");
        return;
    }
    out.push_str(
        "<div class=\"scroll\"><table class=\"utterances\"><thead><tr><th scope=\"col\">utterance</th><th scope=\"col\">sounds like</th>\
         <th scope=\"col\">probabilities</th></tr></thead><tbody>\n",
    );
    for judged in &recording.utterances {
        let (start, end) = (judged.start_s, judged.end_s);
        let (from, to) = (clock_tenths(start), clock_tenths(end));
        let label = escaped(&judged.label);
        let mut shares: Vec<(&str, f64)> = judged
            .probabilities
            .iter()
            .map(|(name, p)| (name, p.0))
            .collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        let shares: Vec<String> = shares
            .iter()
            .filter(|(_, share)| *share >= 0.005)
            .map(|(name, share)| format!("{} {:.0} %", escaped(name), share * 100.0))
            .collect();
        let class = timeline::class(recording, &judged.label);
        let _ = write!(
            out,
            "<tr data-start=\"{start}\" data-end=\"{end}\"><td><button type=\"button\">{from} – {to}</button></td>\
             <td class=\"label\"><svg class=\"swatch\" viewBox=\"0 0 10 10\" aria-hidden=\"true\">\
             <rect class=\"{class}\" x=\"0.5\" y=\"0.5\" width=\"9\" height=\"9\" rx=\"2\"/></svg>{label}</td><td>"
        );
        bar(recording, judged, out);
        let _ = writeln!(out, "{}</td></tr>", shares.join(", "));
    }
    out.push_str("</tbody></table></div>\n");
}

/// The probabilities side by side, in the model's order; the words beside it say the same.
fn bar(recording: &Recording, judged: &Measurement, out: &mut String) {
    out.push_str("<svg class=\"bar\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    let mut x = 0.0;
    for (label, share) in judged.probabilities.iter() {
        let class = timeline::class(recording, label);
        let width = share.0 * 100.0;
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{x:.1}\" width=\"{:.1}\" height=\"4\"/>",
            (width - 0.3).max(0.0)
        );
        x += width;
    }
    out.push_str("</svg>");
}

/// What was heard with what, and what was not heard.
fn machinery(recording: &Recording, out: &mut String) {
    let Some(start) = &recording.start else {
        return;
    };
    let end = recording.end.clone().unwrap_or_default();
    let kilohertz = f64::from(start.sample_rate) / 1000.0;
    let _ = write!(
        out,
        "<p class=\"dim\">{kilohertz} kHz, channels: {}",
        start.channels
    );
    for (count, what) in [
        (end.samples_lost, "samples lost"),
        (end.samples_invalid, "samples that were no numbers"),
    ] {
        if count > 0 {
            let _ = write!(out, ", {count} {what}");
        }
    }
    out.push_str("</p>\n");
}

/// What the script needs, safe within a page.
fn data(recording: &Recording) -> String {
    let windows: Vec<serde_json::Value> = recording
        .intervals
        .iter()
        .map(|judged| {
            let shares = judged.probabilities.iter().map(|(_, p)| thousandths(p.0));
            json!([
                thousandths(judged.end_s),
                printable(&judged.label),
                shares.collect::<Vec<_>>(),
                judged.arousal,
                judged.valence
            ])
        })
        .collect();
    let labels = recording.labels().iter().map(|label| printable(label));
    let data = json!({
        "length_s": recording.length_s(),
        "labels": labels.collect::<Vec<_>>(),
        "windows": windows,
    });
    data.to_string().replace('<', "\\u003c")
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
