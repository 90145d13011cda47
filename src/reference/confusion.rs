//! Compares human labels with predictions: the confusion matrix and the UAR.

use std::fmt::Write as _;

use super::{LabelledSpan, label_index};
use crate::events::{Measurement, UNCERTAIN};

/// The answer for a span without an utterance.
pub const NO_ANSWER: &str = "no answer";

/// How often each human label got each answer. The answer to a span is the label with
/// the most seconds of speech in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Confusion {
    /// The labels of the model, followed by `uncertain` and [`NO_ANSWER`].
    answers: Vec<String>,
    /// For each label of the model, the count of each answer.
    counts: Vec<Vec<u64>>,
    /// The counts with the most likely label in place of `uncertain`.
    likeliest: Vec<Vec<u64>>,
    /// Human labels that the model does not have, with their counts.
    unknown: Vec<(String, u64)>,
}

impl Confusion {
    /// An empty matrix for a model with these labels.
    pub fn new(labels: &[String]) -> Self {
        let more = [UNCERTAIN, NO_ANSWER].map(str::to_owned);
        let answers: Vec<String> = labels.iter().cloned().chain(more).collect();
        let counts = vec![vec![0; answers.len()]; labels.len()];
        Self {
            likeliest: counts.clone(),
            counts,
            answers,
            unknown: Vec::new(),
        }
    }

    /// Adds the spans of a recording and its utterances.
    pub fn add(&mut self, spans: &[LabelledSpan], utterances: &[Measurement]) {
        let labels = self.answers[..self.counts.len()].to_vec();
        for span in spans {
            let Some(row) = label_index(&labels, &span.label) else {
                match self
                    .unknown
                    .iter_mut()
                    .find(|(name, _)| *name == span.label)
                {
                    Some((_, count)) => *count += 1,
                    None => self.unknown.push((span.label.clone(), 1)),
                }
                continue;
            };
            self.counts[row][answer(span, utterances, &labels)] += 1;
            self.likeliest[row][likeliest(span, utterances, labels.len())] += 1;
        }
    }

    /// The answers, in the order of the matrix's columns.
    pub fn answers(&self) -> &[String] {
        &self.answers
    }

    /// The human labels that occur, and the count of each answer.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &[u64])> {
        let rows = self.answers.iter().zip(&self.counts);
        rows.filter(|(_, row)| row.iter().sum::<u64>() > 0)
            .map(|(name, row)| (name.as_str(), row.as_slice()))
    }

    /// Number of spans in the matrix.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// The unweighted average recall, where `uncertain` counts as wrong; `None` if the
    /// matrix is empty.
    pub fn uar(&self) -> Option<f64> {
        uar(&self.counts)
    }

    /// The unweighted average recall of the most likely label, certain or not.
    pub fn likeliest_uar(&self) -> Option<f64> {
        uar(&self.likeliest)
    }

    /// The matrix and the figures as text, one line each.
    pub fn text(&self) -> String {
        let rows: Vec<_> = self.rows().collect();
        let names = rows.iter().map(|(name, _)| name.chars().count());
        let first = names.max().unwrap_or(0).max("reference".len());
        let mut text = format!("{:first$}", "reference");
        for answer in &self.answers {
            let _ = write!(text, "  {answer}");
        }
        text.push_str("  recall\n");
        for (name, row) in rows {
            let _ = write!(text, "{name:first$}");
            for (answer, count) in self.answers.iter().zip(row) {
                let _ = write!(text, "  {count:>width$}", width = answer.chars().count());
            }
            let recall = self.recall(name).unwrap_or_default() * 100.0;
            let _ = writeln!(text, "  {recall:>4.0} %");
        }
        text.push_str(&self.figures());
        text
    }

    /// The recall of a label, from 0 to 1.
    pub fn recall(&self, label: &str) -> Option<f64> {
        let place = self.answers.iter().position(|name| name == label)?;
        recall(place, self.counts.get(place)?)
    }

    /// The figures as sentences.
    pub fn figures(&self) -> String {
        let (Some(strict), Some(likeliest)) = (self.uar(), self.likeliest_uar()) else {
            return "the reference has no label of the model\n".into();
        };
        let mut text = format!(
            "UAR {:.1} % of {} labels; {:.1} % if the most likely label replaces uncertain\n",
            strict * 100.0,
            self.total(),
            likeliest * 100.0
        );
        if !self.unknown.is_empty() {
            let names = self.unknown.iter();
            let mut names: Vec<String> = names.map(|(name, n)| format!("{name} {n}")).collect();
            names.sort();
            let _ = writeln!(
                text,
                "Excluded, because the model does not have these labels: {}",
                names.join(", ")
            );
        }
        text
    }
}

fn recall(place: usize, row: &[u64]) -> Option<f64> {
    let all = row.iter().sum::<u64>();
    (all > 0).then(|| row[place] as f64 / all as f64)
}

fn uar(counts: &[Vec<u64>]) -> Option<f64> {
    let rows = counts.iter().enumerate();
    let recalls: Vec<f64> = rows.filter_map(|(place, row)| recall(place, row)).collect();
    (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
}

/// The utterances in a span, with their seconds inside it.
fn within<'a>(
    span: &'a LabelledSpan,
    utterances: &'a [Measurement],
) -> impl Iterator<Item = (&'a Measurement, f64)> {
    let inside = |u: &Measurement| u.end_s.min(span.end_s) - u.start_s.max(span.start_s);
    let all = utterances.iter().map(move |u| (u, inside(u)));
    all.filter(|(_, seconds)| *seconds > 0.0)
}

/// The answer with the most seconds.
fn answer(span: &LabelledSpan, utterances: &[Measurement], labels: &[String]) -> usize {
    let mut seconds = vec![0.0; labels.len() + 1];
    for (utterance, inside) in within(span, utterances) {
        let found = labels.iter().position(|name| *name == utterance.label);
        seconds[found.unwrap_or(labels.len())] += inside;
    }
    largest(&seconds).unwrap_or(labels.len() + 1)
}

/// The label with the largest mean probability.
fn likeliest(span: &LabelledSpan, utterances: &[Measurement], labels: usize) -> usize {
    let mut shares = vec![0.0; labels];
    for (utterance, inside) in within(span, utterances) {
        for (sum, (_, share)) in shares.iter_mut().zip(utterance.probabilities.iter()) {
            *sum += share.0 * inside;
        }
    }
    largest(&shares).unwrap_or(labels + 1)
}

/// The index of the largest positive number; the first in a tie.
fn largest(values: &[f64]) -> Option<usize> {
    let mut best = None;
    for (place, value) in values.iter().enumerate() {
        if *value > best.map_or(0.0, |place: usize| values[place]) {
            best = Some(place);
        }
    }
    best
}
