//! A session by channel: a lane for each, and the label of the one that spoke last.

use emoscope::events::{Event, Trigger};
use emoscope::messages::Update;

use super::scenes::{
    COLOR, SEVEN, drawn, level, measured, state, status, text, utterance_end, utterance_start,
    voice,
};

/// The same update about a channel.
fn on(number: u16, update: Update) -> Update {
    let Update::Event(mut event) = update else {
        return update;
    };
    match &mut event {
        Event::Voice(it) => it.channel = Some(number),
        Event::UtteranceStart(it) => it.channel = Some(number),
        Event::Measurement(it) => it.channel = Some(number),
        Event::UtteranceEnd(it) => it.channel = Some(number),
        _ => {}
    }
    Update::Event(event)
}

/// An utterance with one live measurement, and separately its end.
fn utterance(number: u16, (start, end): (f64, f64), label: &str) -> [Vec<Update>; 2] {
    let live = (start, start + 1.0);
    let measurement = |trigger, span| measured(&SEVEN, trigger, span, (label, 0.7), true);
    [
        vec![
            on(number, voice(start, true)),
            on(number, utterance_start(1, start)),
            on(number, measurement(Trigger::Interval, live)),
        ],
        vec![
            on(number, voice(end, false)),
            on(number, measurement(Trigger::SpeechEnded, (start, end))),
            on(number, utterance_end(1, start, end)),
        ],
    ]
}

/// The first channel speaks from 10 to 40 s, the second within that, the first again.
fn call() -> [Vec<Update>; 4] {
    let [first, end] = utterance(1, (10.0, 40.0), "anger");
    let [second, second_end] = utterance(2, (20.0, 30.0), "sadness");
    let mut start = vec![Update::Status(status(&SEVEN))];
    start.extend(first);
    let again = measured(
        &SEVEN,
        Trigger::Interval,
        (30.0, 33.0),
        ("anger", 0.7),
        true,
    );
    let mut ended = second_end;
    ended.push(on(1, again));
    let mut over = end;
    over.push(level(50.0, -60.0, false));
    [start, second, ended, over]
}

fn shown(parts: usize) -> String {
    let updates: Vec<Update> = call().into_iter().take(parts).flatten().collect();
    text(&drawn(&state(&updates), COLOR, 80, 24))
}

#[test]
fn the_large_label_is_of_the_channel_that_spoke_last() {
    for (parts, channel) in [(1, 1), (2, 2), (3, 1), (4, 1)] {
        let picture = shown(parts);
        let standing = ["speaking", "final"][usize::from(parts == 4)];
        // Below the header, which also names it.
        let row = picture.lines().skip(2).find(|line| line.contains(standing));
        let row = row.unwrap_or_else(|| panic!("{picture}"));
        assert!(row.contains(&format!("channel {channel}")), "{picture}");
    }
}

#[test]
fn another_channel_does_not_interrupt_the_one_that_began_later() {
    let mut updates: Vec<Update> = call().into_iter().take(2).flatten().collect();
    let more = measured(
        &SEVEN,
        Trigger::Interval,
        (20.0, 22.0),
        ("anger", 0.9),
        true,
    );
    updates.push(on(1, more));
    let picture = text(&drawn(&state(&updates), COLOR, 80, 24));
    let row = picture
        .lines()
        .skip(2)
        .find(|line| line.contains("speaking"));
    assert!(row.unwrap().contains("channel 2"), "{picture}");
}

#[test]
fn each_channel_has_a_lane_with_its_labels() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let updates: Vec<Update> = call().into_iter().flatten().collect();
        let picture = text(&drawn(&state(&updates), COLOR, width, height));
        let marks = COLOR.marks(&SEVEN.map(str::to_owned), &[]);
        let mark = |label: &str| marks.iter().find(|mark| mark.name == label).unwrap().symbol;
        let lane = |number: u16| {
            let name = format!("channel {number} ");
            let rows = picture.lines().rev();
            let mut rows = rows.filter(|row| row.trim_start_matches(['|', ' ']).starts_with(&name));
            rows.next()
                .unwrap_or_else(|| panic!("{picture}"))
                .to_owned()
        };
        let count = |number, label| lane(number).chars().filter(|c| *c == mark(label)).count();
        let (first, second) = (count(1, "anger"), count(2, "sadness"));
        assert!(
            second > 3 && first > 2 * second,
            "{first} {second}\n{picture}"
        );
        assert_eq!(count(1, "sadness") + count(2, "anger"), 0, "{picture}");
    }
}

#[test]
fn the_channels_share_a_row_where_there_is_one() {
    let mut updates = vec![Update::Status(status(&SEVEN))];
    updates.extend(utterance(1, (10.0, 20.0), "anger").into_iter().flatten());
    updates.extend(utterance(2, (30.0, 40.0), "sadness").into_iter().flatten());
    let picture = text(&drawn(&state(&updates), COLOR, 40, 12));
    let marks = COLOR.marks(&SEVEN.map(str::to_owned), &[]);
    let mark = |label: &str| marks.iter().find(|mark| mark.name == label).unwrap().symbol;
    let both = |row: &&str| row.contains(mark("anger")) && row.contains(mark("sadness"));
    assert_eq!(picture.lines().filter(both).count(), 1, "{picture}");
}
