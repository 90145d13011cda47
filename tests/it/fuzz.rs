//! Random damage to all external data: it may be rejected, and nothing else. A short
//! form runs with the tests; `make check-long` runs as many cases as `FUZZ` asks for.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::{data, path, run};

#[path = "../fuzz/entries.rs"]
mod entries;

/// One change to a file.
#[derive(Debug, Clone)]
enum Damage {
    Byte(Index, u8),
    /// Four bytes that look like a length or a rate.
    Length(Index, u32),
    Cut(Index),
    /// A repeated stretch of bytes.
    Double(Index, Index),
    Gone(Index, Index),
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let length = prop_oneof![
        Just(0),
        Just(u32::MAX),
        Just(0x8000_0000),
        Just(0x7fff_ffff),
        any::<u32>()
    ];
    let place = any::<Index>;
    let one = prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        3 => (place(), length).prop_map(|(at, length)| Damage::Length(at, length)),
        1 => place().prop_map(Damage::Cut),
        1 => (place(), place()).prop_map(|(from, to)| Damage::Double(from, to)),
        1 => (place(), place()).prop_map(|(from, to)| Damage::Gone(from, to)),
    ];
    prop::collection::vec(one, 1..6)
}

/// Most damage goes to the first bytes, where the lengths stand.
fn at(index: Index, length: usize) -> usize {
    let place = index.index(4 * length.max(1));
    if place < length {
        place
    } else {
        place % length.clamp(1, 300)
    }
}

fn damaged(mut bytes: Vec<u8>, all: &[Damage]) -> Vec<u8> {
    for one in all {
        let length = bytes.len();
        if length == 0 {
            break;
        }
        let span = |from, to| {
            let (from, to) = (at(from, length), at(to, length));
            from.min(to)..from.max(to).min(from.min(to) + 5000)
        };
        match *one {
            Damage::Byte(index, byte) => bytes[at(index, length)] = byte,
            Damage::Length(index, value) => {
                let place = at(index, length);
                let value = if value % 2 == 0 {
                    value.to_le_bytes()
                } else {
                    value.to_be_bytes()
                };
                for (byte, new) in bytes[place..].iter_mut().zip(value) {
                    *byte = new;
                }
            }
            Damage::Cut(index) => bytes.truncate(at(index, length)),
            Damage::Double(from, to) => {
                let span = span(from, to);
                let twice = bytes[span.clone()].to_vec();
                bytes.splice(span.start..span.start, twice);
            }
            Damage::Gone(from, to) => drop(bytes.drain(span(from, to))),
        }
    }
    bytes
}

/// The beginning of a fixture; the rest would only take time.
fn seed(name: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(data(name)).unwrap();
    bytes.truncate(24_000);
    bytes
}

/// Number of cases of a test: `few`, times `EMOSCOPE_FUZZ` where that is set.
fn cases(few: u32) -> ProptestConfig {
    let times = std::env::var("EMOSCOPE_FUZZ").map_or(1, |text| text.parse().unwrap());
    ProptestConfig::with_cases(few.saturating_mul(times))
}

fn recordings() -> Vec<Vec<u8>> {
    [
        "speech-16k.wav",
        "speech-8k.wav",
        "speech-48k-stereo.flac",
        "speech-44k1.mp3",
        "speech.opus",
        "speech.m4a",
        "broken/nan.wav",
    ]
    .map(seed)
    .to_vec()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn damaged_recordings_are_refused_or_decoded(damage in damage()) {
        for bytes in recordings() {
            entries::recording(&damaged(bytes, &damage));
        }
    }

    #[test]
    fn any_bytes_are_read_as_raw_samples(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
        entries::raw(&bytes);
    }

    #[test]
    fn damaged_event_lines_are_refused_or_read(damage in damage()) {
        thread_local! {
            static LINES: Vec<u8> =
                run(["analyze".as_ref(), data("speech-16k.wav").as_os_str()]).stdout;
        }
        let lines = LINES.with(Clone::clone);
        prop_assert!(lines.len() > 1000);
        entries::events(&lines);
        entries::events(&damaged(lines, &damage));
    }

    #[test]
    fn damaged_settings_are_refused_or_read(damage in damage()) {
        let settings = std::fs::read(path("tests/fuzz/seeds/settings/some.toml")).unwrap();
        entries::settings(&damaged(settings, &damage));
    }
}

proptest! {
    // A model has megabytes, and its metadata follows the weights.
    #![proptest_config(cases(12))]

    #[test]
    fn damaged_models_are_refused_or_loaded(damage in damage(), tail in damage()) {
        let mut bytes = std::fs::read(path("models/small/model.onnx")).unwrap();
        let contract = bytes.split_off(bytes.len() - 20_000);
        let mut bytes = damaged(bytes, &damage);
        bytes.extend(damaged(contract, &tail));
        entries::model(&bytes);
    }
}
