//! Every parser of external data. It may reject the bytes, but must not panic,
//! loop forever, or use memory out of proportion to their size.

use std::io::{Cursor, Write};

use emoscope::audio::file::AudioFile;
use emoscope::audio::raw::{RawAudio, RawFormat};
use emoscope::audio::source::Source;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::Line;
use emoscope::model::Model;
use emoscope::session::event_log::EventLog;

/// Largest number of blocks that are read from one recording.
const BLOCKS: usize = 200;

fn read_blocks(source: &mut dyn Source) {
    let spec = source.spec();
    let (mut out, mut blocks) = (Vec::new(), 0);
    while blocks < BLOCKS && source.read(&mut out).unwrap_or(false) {
        assert_eq!(out.len() % usize::from(spec.channels), 0, "whole frames");
        out.clear();
        blocks += 1;
    }
}

/// A recording of any format, as a stream and from a file.
pub fn recording(bytes: &[u8]) {
    if let Ok(mut stream) = AudioFile::from_reader(Cursor::new(bytes.to_vec())) {
        read_blocks(&mut stream);
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let Ok(mut file) = AudioFile::open(file.path()) else {
        return;
    };
    read_blocks(&mut file);
    for to in [0.3, 1e9, 0.0, f64::NAN] {
        if file.seek(to).is_ok() {
            let _ = file.read(&mut Vec::new());
        }
    }
}

/// Samples without a header: the first three bytes choose format, rate and channels.
pub fn raw(bytes: &[u8]) {
    let [format, rate, channels, samples @ ..] = bytes else {
        return;
    };
    let formats = RawFormat::all();
    let format = formats[usize::from(*format) % formats.len()];
    let samples = Cursor::new(samples.to_vec());
    let rate = u32::from(*rate) * 3_200;
    if let Ok(mut raw) = RawAudio::new(samples, format, rate, (*channels).into()) {
        read_blocks(&mut raw);
    }
}

/// Event lines; a line that was read is written and then read as the same event.
pub fn events(bytes: &[u8]) {
    let _ = EventLog::read(bytes);
    for line in bytes.split(|&byte| byte == b'\n') {
        let Ok(line) = serde_json::from_slice::<Line>(line) else {
            continue;
        };
        let text = serde_json::to_string(&line).unwrap();
        let again: Line = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!(text, serde_json::to_string(&again).unwrap());
    }
}

/// A model file; one that satisfies the model spec is loaded by the built-in engine.
pub fn model(bytes: &[u8]) {
    if let Ok(model) = Model::from_bytes("damaged".into(), bytes.to_vec().into()) {
        let _ = Engine::load(model, EngineChoice::Builtin, None);
    }
}

/// A file of settings.
pub fn settings(bytes: &[u8]) {
    let _ = emoscope::cli::check_settings(&String::from_utf8_lossy(bytes));
}
