//! Output formats.

use std::collections::HashMap;
use std::io::Write;

use clap::ValueEnum;

use crate::sink::Sink;
use crate::sink::audacity::Audacity;
use crate::sink::csv::Csv;
use crate::sink::json::Json;
use crate::sink::lines::JsonLines;
use crate::sink::manifest::Manifest;
#[cfg(feature = "parquet")]
use crate::sink::parquet::Parquet;
use crate::sink::rttm::Rttm;
use crate::sink::srt::Srt;
use crate::sink::table::Table;
use crate::sink::textgrid::TextGrid;
use crate::sink::webvtt::WebVtt;

/// Format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One row per utterance, for reading
    Table,
    /// Every event, one per line
    Jsonl,
    /// One row per utterance
    Csv,
    /// One document with an object per recording
    Json,
    /// The columns of csv, for pandas, R and Spark
    #[cfg(feature = "parquet")]
    Parquet,
    /// Captions for web players, one cue per utterance
    Vtt,
    /// Subtitles, one cue per utterance
    Srt,
    /// Label track for Audacity
    Audacity,
    /// Interval tiers for Praat
    #[value(name = "textgrid")]
    TextGrid,
    /// Segments for diarization tools, with speaker and label
    Rttm,
    /// JSON lines with audio path, offset and duration, for NVIDIA's tools
    Manifest,
}

impl Format {
    /// A sink that writes this format.
    pub(super) fn sink(self, out: Box<dyn Write + Send>) -> Box<dyn Sink + Send> {
        match self {
            Self::Table => Box::new(Table::new(out)),
            Self::Jsonl => Box::new(JsonLines::new(out)),
            Self::Csv => Box::new(Csv::new(out)),
            Self::Json => Box::new(Json::new(out)),
            #[cfg(feature = "parquet")]
            Self::Parquet => Box::new(Parquet::new(out)),
            Self::Vtt => Box::new(WebVtt::new(out)),
            Self::Srt => Box::new(Srt::new(out)),
            Self::Audacity => Box::new(Audacity::new(out)),
            Self::TextGrid => Box::new(TextGrid::new(out)),
            Self::Rttm => Box::new(Rttm::new(out, HashMap::new())),
            Self::Manifest => Box::new(Manifest::new(out)),
        }
    }

    /// The file extension, if a file of this format holds a single recording.
    pub(super) fn extension(self) -> Option<&'static str> {
        match self {
            Self::Vtt => Some("vtt"),
            Self::Srt => Some("srt"),
            Self::Audacity => Some("txt"),
            Self::TextGrid => Some("TextGrid"),
            _ => None,
        }
    }

    /// Whether it is binary.
    pub(super) fn is_binary(self) -> bool {
        match self {
            #[cfg(feature = "parquet")]
            Self::Parquet => true,
            _ => false,
        }
    }
}
