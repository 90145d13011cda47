//! Judges a recording with the library: `cargo run --example classify voice.wav`

use emoscope::audio::{file::AudioFile, source::Source};
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::{Event, Trigger};
use emoscope::model::Model;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = std::env::args_os().nth(1);
    let path = given.unwrap_or_else(|| "tests/data/speech-16k.wav".into());
    let engine = Engine::load(Model::embedded()?, EngineChoice::Auto, None)?;
    let mut recording = AudioFile::open(path.as_ref())?;
    let (mut pipeline, _) =
        emoscope::session::pipeline(&engine, recording.spec(), ChannelChoice::Mix)?;

    let (mut samples, mut events) = (Vec::new(), Vec::new());
    while recording.read(&mut samples)? {
        pipeline.push(&samples, &mut events)?;
        samples.clear();
    }
    pipeline.finish(&mut events)?;

    let utterances = events.iter().filter_map(|event| match event {
        Event::Measurement(m) if m.trigger == Trigger::SpeechEnded => Some(m),
        _ => None,
    });
    let mut found = 0;
    for m in utterances {
        println!("{:.2} s: {} {:.2}", m.start_s, m.label, m.confidence.0);
        found += 1;
    }
    if found == 0 {
        return Err("no speech was found".into());
    }
    Ok(())
}
