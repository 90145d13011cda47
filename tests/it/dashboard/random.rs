//! Random updates, keys and presses in any order cause no panic.

use emoscope::dashboard::keys::{Key, Pointer};
use emoscope::dashboard::state::State;
use emoscope::dashboard::theme::{Palette, Theme};
use emoscope::dashboard::view::target;
use ratatui::layout::Rect;
use std::ops::Range;

use emoscope::events::{
    ByLabel, Event, Gap, GapCause, Mark, Measurement, Probability, Reason, Trigger, UtteranceEnd,
    UtteranceStart, Voice,
};
use emoscope::messages::{
    AnalyzedPart, DeviceLine, Level, Outage, Position, Sound, Status, Update,
};
use proptest::prelude::*;

use super::scenes::{devices, drawn};

/// A measurement with the same number in every field, and every reason.
fn measured(span: Range<f64>, labels: &[String], share: f64, ended: bool) -> Update {
    let reasons = [
        None,
        Some(Reason::NoSpeech),
        Some(Reason::Clipped),
        Some(Reason::TooShort),
        Some(Reason::TooQuiet),
        Some(Reason::TooNoisy),
        Some(Reason::Between),
    ];
    let probabilities = labels
        .iter()
        .map(|name| (name.as_str().into(), Probability(share)));
    Update::Event(Event::Measurement(Measurement {
        channel: (labels.len() % 2 == 1).then_some(labels.len() as u16),
        speaker: None,
        utterance: 1,
        start_s: span.start,
        end_s: span.end,
        trigger: [Trigger::Interval, Trigger::SpeechEnded][usize::from(ended)],
        label: labels.first().cloned().unwrap_or_default(),
        probabilities: ByLabel(probabilities.collect()),
        confidence: Probability(share),
        reason: reasons[labels.len() % reasons.len()],
        valence: Some(share),
        arousal: Some(share),
        baseline_s: Some(share),
    }))
}

#[allow(clippy::too_many_lines)] // one kind of update after another
fn update() -> impl Strategy<Value = Update> {
    let time = || prop_oneof![0.0..200.0, any::<f64>()];
    let db = || prop_oneof![-120.0_f32..3.0, any::<f32>()];
    let name = || "\\PC{0,12}|[a-z]{1,20}|.{0,6}";
    let channel = || proptest::option::of(0_u16..4);
    let labels = || proptest::collection::vec(name(), 0..12);
    prop_oneof![
        (db(), db(), any::<bool>(), time()).prop_map(|(rms_dbfs, peak_dbfs, clipped, at_s)| {
            Update::Level(Level {
                rms_dbfs,
                peak_dbfs,
                clipped,
                vad_dbfs: clipped.then_some(rms_dbfs),
                at_s,
            })
        }),
        (
            labels(),
            name(),
            any::<[bool; 2]>(),
            any::<f32>(),
            any::<u64>()
        )
            .prop_map(
                |(labels, source, [replay, recorded], latency_ms, samples_lost)| {
                    Update::Status(Status {
                        labels,
                        engine: source.clone(),
                        model: source.clone(),
                        source,
                        replay,
                        recorded,
                        analyzed_ahead: replay && samples_lost % 2 == 0,
                        sound: Sound::Volume(samples_lost as u8),
                        latency_ms,
                        inference_ms: latency_ms,
                        samples_lost,
                        outage: recorded.then_some(Outage {
                            seconds: samples_lost as u32,
                            gone: replay,
                        }),
                        sample_rate: samples_lost as u32,
                        ..Status::default()
                    })
                }
            ),
        (time(), time(), labels(), any::<f64>(), any::<bool>()).prop_map(
            |(start_s, end_s, labels, share, ended)| measured(
                start_s..end_s,
                &labels,
                share,
                ended
            )
        ),
        (channel(), time(), any::<bool>()).prop_map(|(channel, at_s, active)| {
            Update::Event(Event::Voice(Voice {
                channel,
                at_s,
                active,
            }))
        }),
        time().prop_map(|at_s| Update::Event(Event::Mark(Mark { at_s }))),
        (channel(), time(), any::<u64>()).prop_map(|(channel, start_s, utterance)| {
            Update::Event(Event::UtteranceStart(UtteranceStart {
                channel,
                speaker: None,
                utterance,
                start_s,
            }))
        }),
        (channel(), time(), time(), any::<bool>()).prop_map(
            |(channel, start_s, end_s, new_baseline)| {
                Update::Event(Event::UtteranceEnd(UtteranceEnd {
                    channel,
                    speaker: None,
                    utterance: 1,
                    start_s,
                    end_s,
                    new_baseline,
                }))
            }
        ),
        (time(), time(), any::<u64>()).prop_map(|(start_s, end_s, samples)| {
            Update::Event(Event::Gap(Gap {
                start_s,
                end_s,
                samples,
                cause: GapCause::Overrun,
            }))
        }),
        (
            time(),
            proptest::option::of(time()),
            proptest::option::of(any::<f64>()),
            any::<bool>()
        )
            .prop_map(|(at_s, total_s, speed, paused)| {
                Update::Position(Position {
                    at_s,
                    total_s,
                    speed,
                    paused,
                })
            }),
        (
            proptest::collection::vec((time(), labels(), any::<f64>()), 0..9),
            time(),
            any::<bool>()
        )
            .prop_map(|(parts, until_s, complete)| {
                let event = |(at, labels, share): (f64, Vec<String>, f64)| {
                    let Update::Event(event) = measured(at..at + 2.0, &labels, share, true) else {
                        unreachable!("a measurement is an event");
                    };
                    (at, event)
                };
                Update::Analyzed(AnalyzedPart {
                    events: parts.into_iter().map(event).collect(),
                    until_s,
                    complete,
                })
            }),
        name().prop_map(Update::Notice),
        Just(devices()),
        proptest::collection::vec(name(), 0..30).prop_map(|names| {
            let line = |name: String| DeviceLine {
                id: name.clone(),
                default: name.len() > 3,
                monitor: name.len() > 5,
                current: name.is_empty(),
                name,
            };
            Update::Devices(names.into_iter().map(line).collect())
        }),
        (Just("pulse:head".to_owned()), db())
            .prop_map(|(id, peak_dbfs)| Update::DeviceLevel { id, peak_dbfs }),
        Just(Update::Ended(Ok(()))),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    proptest::sample::select(vec![
        Key::Escape,
        Key::Hold,
        Key::Seek(-5.0),
        Key::Home,
        Key::End,
        Key::Next,
        Key::Find,
        Key::Erase,
        Key::ZoomIn,
        Key::ZoomOut,
        Key::Volume(3),
        Key::Faster,
        Key::Slower,
        Key::Devices,
        Key::Help,
        Key::Scale,
        Key::Mark,
        Key::Save,
        Key::Up,
        Key::Down,
        Key::Enter,
    ])
}

#[derive(Debug, Clone)]
enum Step {
    Update(Box<Update>),
    Key(Key),
    Mouse(Pointer, (u16, u16), (u16, u16)),
    Draw(u16, u16),
}

fn pointer() -> impl Strategy<Value = Pointer> {
    proptest::sample::select(vec![
        Pointer::Press,
        Pointer::Drag,
        Pointer::Release,
        Pointer::Wheel(-1),
        Pointer::Wheel(1),
    ])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => update().prop_map(|update| Step::Update(Box::new(update))),
        2 => key().prop_map(Step::Key),
        1 => (pointer(), (0_u16..130, 0_u16..45), (1_u16..130, 1_u16..45))
            .prop_map(|(pointer, at, size)| Step::Mouse(pointer, at, size)),
        1 => (1_u16..130, 1_u16..45).prop_map(|(w, h)| Step::Draw(w, h)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_panics(
        steps in proptest::collection::vec(step(), 1..60),
        color: bool,
        unicode: bool,
    ) {
        let mut state = State::new(false);
        let theme = Theme { color, unicode, palette: Palette::Auto };
        for step in steps {
            match step {
                Step::Update(update) => drop(state.apply(&update)),
                Step::Key(key) => drop(state.press(key)),
                Step::Mouse(pointer, (column, row), (width, height)) => {
                    let target = target(Rect::new(0, 0, width, height), &state, &theme, column, row);
                    drop(state.point(pointer, target));
                }
                Step::Draw(width, height) => {
                    let buffer = drawn(&state, theme, width, height);
                    let harmless = |c: char| !c.is_control() && (unicode || c.is_ascii());
                    for cell in buffer.content() {
                        prop_assert!(cell.symbol().chars().all(harmless), "{cell:?}");
                    }
                }
            }
        }
    }
}
