#![no_main]

#[path = "../entries.rs"]
#[allow(dead_code)]
mod entries;

libfuzzer_sys::fuzz_target!(
    // What a decoder panics with is caught, and is no finding.
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| entries::settings(bytes)
);
