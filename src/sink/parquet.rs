//! Parquet, one row per utterance with the columns of the CSV: a single file, or the
//! parts of a data set.

pub mod data_set;

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::{Sink, reason, utterance};
use crate::events::{Event, Measurement};

/// Rows per row group.
const ROWS_PER_GROUP: usize = 65_536;
/// Metadata key of the JSON list of recordings in a file, including those without
/// speech.
const RECORDINGS_KEY: &str = "emoscope.recordings";

/// Writes one file; the first recording determines its columns.
pub struct Parquet<W: Write + Send> {
    out: Option<W>,
    writer: Option<SerializedFileWriter<W>>,
    labels: Vec<String>,
    by_channel: bool,
    rows: Vec<(String, Measurement)>,
    held: Vec<String>,
}

impl<W: Write + Send> Parquet<W> {
    /// Writes a file to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out: Some(out),
            writer: None,
            labels: Vec::new(),
            by_channel: false,
            rows: Vec::new(),
            held: Vec::new(),
        }
    }

    fn start(&mut self, labels: &[String], by_channel: bool) -> io::Result<()> {
        if let Some(out) = self.out.take() {
            self.labels = labels.to_vec();
            self.by_channel = by_channel;
            let schema = schema(labels, by_channel).map_err(failed)?;
            let writer = SerializedFileWriter::new(out, schema, Arc::default()).map_err(failed)?;
            self.writer = Some(writer);
        }
        Ok(())
    }

    fn write_group(&mut self) -> io::Result<()> {
        if let Some(writer) = &mut self.writer
            && !self.rows.is_empty()
        {
            let mut group = writer.next_row_group().map_err(failed)?;
            write_columns(&mut group, &self.rows, &self.labels, self.by_channel).map_err(failed)?;
            group.close().map_err(failed)?;
            self.rows.clear();
        }
        Ok(())
    }
}

impl<W: Write + Send> Sink for Parquet<W> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let file = file.unwrap_or_default();
        if let Event::SessionStart(start) = event {
            self.start(&start.labels, start.by_channel)?;
        }
        if let Event::SessionEnd(_) = event {
            self.held.push(file.to_owned());
        }
        if let Event::Speakers(changed) = event {
            let own = self.rows.iter_mut().filter(|(name, _)| name == file);
            for (_, m) in own {
                m.speaker = changed.of(m.channel, m.utterance).or(m.speaker);
            }
        }
        if let Some(measurement) = utterance(event) {
            self.rows.push((file.to_owned(), measurement.clone()));
            if self.rows.len() >= ROWS_PER_GROUP {
                self.write_group()?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.start(&[], false)?;
        self.write_group()?;
        if let Some(mut writer) = self.writer.take() {
            let held = serde_json::to_string(&self.held)?;
            writer.append_key_value_metadata(KeyValue::new(RECORDINGS_KEY.to_owned(), held));
            let mut out = writer.into_inner().map_err(failed)?;
            out.flush()?;
        }
        Ok(())
    }
}

fn schema(labels: &[String], by_channel: bool) -> Result<TypePtr, ParquetError> {
    let column = |name: &str, kind, text| {
        let column = Type::primitive_type_builder(name, kind).with_repetition(Repetition::REQUIRED);
        let column = if text {
            column.with_converted_type(ConvertedType::UTF8)
        } else {
            column
        };
        column.build().map(Arc::new)
    };
    let mut columns = vec![column("file", Physical::BYTE_ARRAY, true)?];
    if by_channel {
        columns.push(column("channel", Physical::INT64, false)?);
    }
    columns.extend([
        column("utterance", Physical::INT64, false)?,
        column("start_s", Physical::DOUBLE, false)?,
        column("end_s", Physical::DOUBLE, false)?,
        column("label", Physical::BYTE_ARRAY, true)?,
        column("confidence", Physical::DOUBLE, false)?,
    ]);
    for label in labels {
        columns.push(column(label, Physical::DOUBLE, false)?);
    }
    for (name, kind) in [
        ("arousal", Physical::DOUBLE),
        ("valence", Physical::DOUBLE),
        ("reason", Physical::BYTE_ARRAY),
        ("baseline_s", Physical::DOUBLE),
        ("speaker", Physical::BYTE_ARRAY),
    ] {
        let column = Type::primitive_type_builder(name, kind).with_repetition(Repetition::OPTIONAL);
        let text = kind == Physical::BYTE_ARRAY;
        let converted = if text {
            ConvertedType::UTF8
        } else {
            ConvertedType::NONE
        };
        columns.push(Arc::new(column.with_converted_type(converted).build()?));
    }
    let schema = Type::group_type_builder("emoscope").with_fields(columns);
    schema.build().map(Arc::new)
}

/// Writes the columns in the order of the schema.
fn write_columns<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    rows: &[(String, Measurement)],
    labels: &[String],
    by_channel: bool,
) -> Result<(), ParquetError> {
    texts(group, rows.iter().map(|(file, _)| file.as_str()))?;
    if by_channel {
        let channel = |m: &Measurement| m.channel.unwrap_or(1).into();
        integers(group, rows.iter().map(|(_, m)| channel(m)))?;
    }
    integers(group, rows.iter().map(|(_, m)| m.utterance as i64))?;
    doubles(group, rows.iter().map(|(_, m)| m.start_s))?;
    doubles(group, rows.iter().map(|(_, m)| m.end_s))?;
    texts(group, rows.iter().map(|(_, m)| m.label.as_str()))?;
    doubles(group, rows.iter().map(|(_, m)| m.confidence.0))?;
    for label in labels {
        let share = |m: &Measurement| m.probabilities.get(label).map_or(f64::NAN, |p| p.0);
        doubles(group, rows.iter().map(|(_, m)| share(m)))?;
    }
    let each = || rows.iter().map(|(_, m)| m);
    optional::<DoubleType, _>(group, each().map(|m| m.arousal))?;
    optional::<DoubleType, _>(group, each().map(|m| m.valence))?;
    let reasons = each().map(|m| m.reason.map(|_| ByteArray::from(reason(m))));
    optional::<ByteArrayType, _>(group, reasons)?;
    optional::<DoubleType, _>(group, each().map(|m| m.baseline_s))?;
    let speakers = each().map(|m| m.speaker.map(|it| ByteArray::from(it.to_string().as_str())));
    optional::<ByteArrayType, _>(group, speakers)?;
    Ok(())
}

/// A column with optional values.
fn optional<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let values: Vec<Option<T::T>> = values.collect();
    let levels: Vec<i16> = values.iter().map(|value| value.is_some().into()).collect();
    let there: Vec<T::T> = values.into_iter().flatten().collect();
    if let Some(mut column) = group.next_column()? {
        column
            .typed::<T>()
            .write_batch(&there, Some(&levels), None)?;
        column.close()?;
    }
    Ok(())
}

fn texts<'a, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = &'a str>,
) -> Result<(), ParquetError> {
    let values: Vec<ByteArray> = values.map(ByteArray::from).collect();
    if let Some(mut column) = group.next_column()? {
        column
            .typed::<ByteArrayType>()
            .write_batch(&values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn integers<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = i64>,
) -> Result<(), ParquetError> {
    let values: Vec<i64> = values.collect();
    if let Some(mut column) = group.next_column()? {
        column
            .typed::<Int64Type>()
            .write_batch(&values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn doubles<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = f64>,
) -> Result<(), ParquetError> {
    let values: Vec<f64> = values.collect();
    if let Some(mut column) = group.next_column()? {
        column
            .typed::<DoubleType>()
            .write_batch(&values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn failed(error: ParquetError) -> io::Error {
    io::Error::other(error)
}
