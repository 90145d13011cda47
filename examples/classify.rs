//! Classifies a recording with the library: `cargo run --example classify voice.wav`

use emoscope::{Engine, EngineChoice, Event, Model, Trigger};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = std::env::args_os().nth(1);
    let path = argument.unwrap_or_else(|| "tests/data/speech-16k.wav".into());
    let engine = Engine::load(Model::embedded()?, EngineChoice::Auto, None)?;
    let events = emoscope::analyze_file(&engine, path.as_ref())?;

    let utterances = events.iter().filter_map(|event| match event {
        Event::Measurement(m) if m.trigger == Trigger::SpeechEnded => Some(m),
        _ => None,
    });
    let mut count = 0;
    for m in utterances {
        println!("{:.2} s: {} {:.2}", m.start_s, m.label, m.confidence.0);
        count += 1;
    }
    if count == 0 {
        return Err("no speech was found".into());
    }
    Ok(())
}
