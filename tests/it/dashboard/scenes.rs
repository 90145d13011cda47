//! Sample sessions for the screen.

use emoscope::dashboard::state::State;
use emoscope::dashboard::theme::{Palette, Theme};
use emoscope::dashboard::view;
use emoscope::events::{
    ByLabel, Event, Gap, GapCause, Mark, Measurement, Probability, Signal, Trigger, UtteranceEnd,
    UtteranceStart, Voice,
};
use emoscope::messages::{
    AnalyzedPart, DeviceLine, Level, Outage, Position, Sound, Status, Update,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

pub const SEVEN: [&str; 7] = [
    "anger",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
];

pub const COLOR: Theme = Theme {
    color: true,
    unicode: true,
    palette: Palette::Auto,
};

pub fn status(labels: &[&str]) -> Status {
    Status {
        source: "Desk Microphone".into(),
        sample_rate: 48_000,
        channels: 2,
        engine: "onnxruntime".into(),
        model: "voices".into(),
        labels: labels.iter().map(|label| (*label).into()).collect(),
        inference_ms: 3.1,
        latency_ms: 11.6,
        baseline_s: Some(42),
        ..Status::default()
    }
}

pub fn voice(at_s: f64, active: bool) -> Update {
    Update::Event(Event::Voice(Voice {
        channel: None,
        at_s,
        active,
    }))
}

pub fn mark(at_s: f64) -> Update {
    Update::Event(Event::Mark(Mark { at_s }))
}

/// The input is gone, or hangs, for a number of seconds.
pub fn outage(seconds: u32, gone: bool) -> Update {
    Update::Status(Status {
        outage: Some(Outage { seconds, gone }),
        ..status(&SEVEN)
    })
}

pub fn signal(at_s: f64, present: bool) -> Update {
    Update::Event(Event::Signal(Signal { at_s, present }))
}

pub fn utterance_start(utterance: u64, start_s: f64) -> Update {
    Update::Event(Event::UtteranceStart(UtteranceStart {
        channel: None,
        speaker: None,
        utterance,
        start_s,
    }))
}

pub fn utterance_end(utterance: u64, start_s: f64, end_s: f64) -> Update {
    Update::Event(Event::UtteranceEnd(UtteranceEnd {
        channel: None,
        speaker: None,
        utterance,
        start_s,
        end_s,
        new_baseline: false,
    }))
}

pub fn level(at_s: f64, rms_dbfs: f32, clipped: bool) -> Update {
    Update::Level(Level {
        rms_dbfs,
        peak_dbfs: rms_dbfs + 9.0,
        clipped,
        vad_dbfs: Some(-48.0),
        at_s,
    })
}

/// A measurement that gives one label its probability and divides the rest equally.
pub fn measured(
    labels: &[&str],
    trigger: Trigger,
    (start_s, end_s): (f64, f64),
    (label, share): (&str, f64),
    sure: bool,
) -> Update {
    let others: usize = (1..labels.len()).sum();
    let mut weight = 0;
    let probability = |name: &&str| {
        let share = if *name == label {
            share
        } else {
            weight += 1;
            (1.0 - share) * f64::from(weight) / others as f64
        };
        ((*name).into(), Probability(share))
    };
    Update::Event(Event::Measurement(Measurement {
        channel: None,
        speaker: None,
        utterance: 1,
        start_s,
        end_s,
        trigger,
        probabilities: ByLabel(labels.iter().map(probability).collect()),
        label: if sure { label } else { "uncertain" }.into(),
        confidence: Probability(share),
        reason: None,
        valence: Some(0.2 - share / 2.0),
        arousal: Some((end_s / 5.0).sin() * 0.8),
        baseline_s: None,
    }))
}

/// A minute of talk: four utterances, one gap, and a fifth utterance in progress.
pub fn talk(labels: &[&str]) -> Vec<Update> {
    let mut updates = vec![Update::Status(status(labels))];
    let units = [
        (2.0, 9.0),
        (13.0, 22.0),
        (27.0, 33.0),
        (41.0, 52.0),
        (58.0, 64.0),
    ];
    for (number, (start, end)) in (1_u64..).zip(units) {
        let label = labels[number as usize * 3 % labels.len()];
        updates.push(voice(start, true));
        updates.push(utterance_start(number, start));
        let mut at = start + 1.0;
        while at <= end {
            let share = 0.55 + 0.3 * (at * 0.8).sin();
            let sure = share > 0.38;
            let span = (at - 1.5, at);
            updates.push(measured(
                labels,
                Trigger::Interval,
                span,
                (label, share),
                sure,
            ));
            updates.push(level(at, -24.0, false));
            at += 0.25;
        }
        if number < 5 {
            updates.push(voice(end, false));
            let span = (start, end);
            updates.push(measured(
                labels,
                Trigger::SpeechEnded,
                span,
                (label, 0.62),
                true,
            ));
            updates.push(utterance_end(number, start, end));
        }
        if number == 3 {
            updates.push(Update::Event(Event::Gap(Gap {
                start_s: 36.0,
                end_s: 38.5,
                samples: 120_000,
                cause: GapCause::DeviceLost,
            })));
        }
    }
    updates.push(level(64.0, -18.0, true));
    updates
}

/// The talk, two seconds after its last utterance ended with another label.
pub fn just_ended() -> Vec<Update> {
    let mut updates = talk(&SEVEN);
    let span = (58.0, 64.5);
    updates.extend([
        mark(63.0),
        voice(64.5, false),
        measured(
            &SEVEN,
            Trigger::SpeechEnded,
            span,
            ("happiness", 0.58),
            true,
        ),
        utterance_end(5, 58.0, 64.5),
        level(66.5, -52.0, false),
    ]);
    updates
}

/// The same, 14 seconds later.
pub fn silent() -> Vec<Update> {
    let mut updates = just_ended();
    updates.push(level(80.0, -55.0, false));
    updates
}

/// The talk, with two likely labels at the end.
pub fn uncertain() -> Vec<Update> {
    let mut updates = talk(&SEVEN);
    let span = (63.0, 64.5);
    updates.push(measured(
        &SEVEN,
        Trigger::Interval,
        span,
        ("happiness", 0.31),
        false,
    ));
    updates
}

/// The talk, with a microphone that was unplugged 83 seconds ago.
pub fn lost() -> Vec<Update> {
    let mut updates = silent();
    updates.push(outage(83, true));
    updates
}

pub fn position(at_s: f64) -> Update {
    Update::Position(Position {
        at_s,
        total_s: Some(150.0),
        speed: Some(2.0),
        paused: false,
    })
}

/// A stream that is analyzed while it plays.
pub fn stream() -> Vec<Update> {
    let mut updates = talk(&SEVEN);
    updates[0] = Update::Status(Status {
        source: "standard input".into(),
        replay: true,
        ..status(&SEVEN)
    });
    updates.push(position(64.0));
    updates
}

/// Utterances of a recording of 150 s after those of the talk: start, end, label.
pub const LATER: [(f64, f64, &str); 3] = [
    (70.0, 78.5, "anger"),
    (90.0, 101.0, "neutral"),
    (122.0, 131.0, "fear"),
];

/// When an event of a scene happens, in seconds.
pub fn time(event: &Event) -> f64 {
    match event {
        Event::Voice(voice) => voice.at_s,
        Event::UtteranceStart(start) => start.start_s,
        Event::Measurement(analyzed) => analyzed.end_s,
        Event::UtteranceEnd(end) => end.end_s,
        Event::Gap(gap) => gap.end_s,
        Event::Mark(mark) => mark.at_s,
        Event::Speakers(speakers) => speakers.at_s,
        _ => 0.0,
    }
}

/// The part of a recording until a time: the talk, the end of its last utterance
/// and three later ones.
pub fn analyzed(until_s: f64) -> Update {
    let mut updates = just_ended();
    for (number, (start, end, label)) in (6_u64..).zip(LATER) {
        updates.extend([voice(start, true), utterance_start(number, start)]);
        let mut at = start + 1.0;
        while at <= end {
            let span = (at - 1.5, at);
            updates.push(measured(
                &SEVEN,
                Trigger::Interval,
                span,
                (label, 0.6),
                true,
            ));
            at += 0.25;
        }
        updates.extend([
            voice(end, false),
            measured(
                &SEVEN,
                Trigger::SpeechEnded,
                (start, end),
                (label, 0.66),
                true,
            ),
            utterance_end(number, start, end),
        ]);
    }
    let events = updates.into_iter().filter_map(|update| match update {
        Update::Event(Event::Mark(_)) => None, // of a live input
        Update::Event(event) => Some((time(&event), event)),
        _ => None,
    });
    Update::Analyzed(AnalyzedPart {
        events: events.filter(|(at, _)| *at <= until_s).collect(),
        until_s,
        complete: until_s >= 150.0,
    })
}

/// A recording of 150 s that is analyzed until a time, before it plays.
pub fn opened(until_s: f64) -> Vec<Update> {
    vec![
        Update::Status(Status {
            source: "interview.flac".into(),
            replay: true,
            analyzed_ahead: true,
            sound: Sound::Volume(9),
            ..status(&SEVEN)
        }),
        analyzed(until_s),
    ]
}

/// All of it is analyzed, and it plays at 64 s.
pub fn replay() -> Vec<Update> {
    let mut updates = opened(150.0);
    updates.extend([position(64.0), level(64.0, -18.0, false)]);
    updates
}

pub fn devices() -> Update {
    let line = |id: &str, name: &str, default, monitor, current| DeviceLine {
        id: id.into(),
        name: name.into(),
        default,
        monitor,
        current,
    };
    Update::Devices(vec![
        line("pulse:desk", "Desk Microphone", true, false, true),
        line("pulse:head", "Headset", false, false, false),
        line(
            "pulse:out.monitor",
            "Monitor of Speakers",
            false,
            true,
            false,
        ),
    ])
}

pub fn state(updates: &[Update]) -> State {
    let mut state = State::new(false);
    for update in updates {
        state.apply(update);
    }
    state
}

pub fn drawn(state: &State, theme: Theme, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| view::draw(frame, state, &theme))
        .unwrap();
    terminal.backend().buffer().clone()
}

/// The characters of a picture, framed.
pub fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let rule = format!("+{}+\n", "-".repeat(width));
    let mut out = rule.clone();
    for row in buffer.content().chunks(width) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        out.extend(["|", &line, "|\n"]);
    }
    out + &rule
}
