#![no_main]

#[path = "../entries.rs"]
#[allow(dead_code)]
mod entries;

libfuzzer_sys::fuzz_target!(
    // The program catches a panic of a decoder, so it is no finding.
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| entries::model(bytes)
);
