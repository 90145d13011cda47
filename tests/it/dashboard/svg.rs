//! The picture of the dashboard in the README: the bundled recording as the screen shows it, cell by
//! cell, as SVG. `make picture` draws it again.

use super::scenes::{drawn, time};
use crate::support::path;
use emoscope::audio::file::AudioFile;
use emoscope::audio::source::Source;
use emoscope::dashboard::state::State;
use emoscope::dashboard::svg::{self, Background};
use emoscope::dashboard::theme::{Palette, Theme};
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::{Event, SourceKind};
use emoscope::messages::{AnalyzedPart, Level, Position, Sound, Status, Update};
use emoscope::model::Model;
use emoscope::session::{header, pipelines};

/// Where the picture lies, and the moment of the recording that it shows.
const PICTURE: &str = "docs/dashboard.svg";
const MOMENT_S: f64 = 44.5;
/// Columns and rows of the terminal.
const SIZE: (u16, u16) = (100, 28);
/// Cells that another processor may round the other way: ends of bars, last digits.
const ROUNDED: usize = 12;

#[test]
fn the_picture_in_the_readme_is_what_the_screen_shows() {
    let theme = Theme {
        color: true,
        unicode: true,
        palette: Palette::Dark,
    };
    let buffer = drawn(&demonstration(), theme, SIZE.0, SIZE.1);
    let picture = svg::of(&buffer, Background::of(&theme));
    if std::env::var_os("EMOSCOPE_PICTURE").is_some() {
        std::fs::write(path(PICTURE), picture).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(path(PICTURE)).unwrap_or_default();
    let (kept, now) = (kept.lines(), picture.lines());
    let differ = now.clone().filter(|line| !kept.clone().any(|k| k == *line));
    let differ: Vec<&str> = differ.collect();
    assert!(
        differ.len() <= ROUNDED && kept.count().abs_diff(now.count()) <= ROUNDED,
        "{PICTURE} no longer shows the screen; draw it again with: make picture\n{differ:#?}"
    );
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    assert!(readme.contains(&format!("]({PICTURE})")));
}

/// The dashboard at that moment of the bundled recording, all of which is analyzed.
fn demonstration() -> State {
    let engine = Engine::load(Model::embedded().unwrap(), EngineChoice::Builtin, None).unwrap();
    let mut recording = AudioFile::open(&path("src/cli/demo.ogg")).unwrap();
    let (spec, total_s) = (recording.spec(), recording.total_s());
    let channel = ChannelChoice::Mix.into();
    let (mut core, _) = pipelines(&engine, spec, channel).unwrap();
    let start = header(
        &engine,
        SourceKind::File,
        "the bundled recording",
        spec,
        channel,
    );
    let mut state = State::new(false);
    state.apply(&Update::Status(Status {
        source: start.name.clone(),
        replay: true,
        analyzed_ahead: true,
        sound: Sound::Volume(9),
        sample_rate: spec.sample_rate,
        channels: spec.channels,
        engine: start.engine.clone(),
        model: start.model.clone(),
        labels: start.labels.clone(),
        ..Status::default()
    }));
    let (mut samples, mut events) = (Vec::new(), Vec::new());
    while recording.read(&mut samples).unwrap() {}
    let block = spec.sample_rate as usize / 20 * usize::from(spec.channels);
    for block in samples.chunks(block) {
        core.push(block, &mut events).unwrap();
        let at_s = core.position_s();
        if let Some((level, threshold_dbfs)) = core.take_level().filter(|_| at_s <= MOMENT_S) {
            state.apply(&Update::Level(Level {
                rms_dbfs: level.rms_dbfs,
                peak_dbfs: level.peak_dbfs,
                clipped: level.clipped,
                vad_dbfs: Some(threshold_dbfs),
                at_s,
            }));
        }
    }
    core.finish(&mut events).unwrap();
    let mut last = 0.0_f64;
    let timed = |event: Event| {
        last = last.max(time(&event));
        (last, event)
    };
    state.apply(&Update::Analyzed(AnalyzedPart {
        events: events.into_iter().map(timed).collect(),
        until_s: core.position_s(),
        complete: true,
    }));
    state.apply(&Update::Position(Position {
        at_s: MOMENT_S,
        total_s,
        speed: Some(1.0),
        paused: false,
    }));
    state
}
