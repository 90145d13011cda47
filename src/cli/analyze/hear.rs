//! One recording from its file to its events.

use super::walk::{Found, name_of};
use crate::audio::file::AudioFile;
use crate::audio::source::Source;
use crate::baseline::Baseline;
use crate::dsp::mono::ChannelChoice;
use crate::engine::Engine;
use crate::events::{ErrorEvent, Event, SourceKind};
use crate::session::recording::{Playback, analyze};

/// Hears a recording; whatever goes wrong is an event. `wrap` may look at the
/// samples on their way. Gives what is known of the voice in the end.
pub(in crate::cli) fn hear<'a>(
    found: &Found,
    choice: ChannelChoice,
    engine: &Engine,
    wrap: impl FnOnce(AudioFile) -> Box<dyn Source + 'a>,
    mut event: impl FnMut(Event),
) -> Option<Baseline> {
    let name = name_of(found);
    let fail = |message: String| Event::Error(ErrorEvent { message });
    let opened = match found {
        Err((_, wrong)) => {
            event(fail(format!("{name} {wrong}")));
            return None;
        }
        Ok(path) => AudioFile::open(path),
    };
    let mut source = match opened {
        Err(error) => {
            event(fail(format!("{name} {error}")));
            return None;
        }
        Ok(source) => wrap(source),
    };
    let playback = Playback {
        kind: SourceKind::File,
        name,
        choice,
        speed: None,
        repeat: false,
    };
    let mut said = false;
    let result = analyze(&mut *source, engine, &playback, |heard| {
        said |= matches!(heard, Event::Error(_));
        event(heard);
    });
    match result {
        Ok(voice) => voice,
        Err(error) => {
            if !said {
                event(fail(format!("{}: {error}", playback.name)));
            }
            None
        }
    }
}
