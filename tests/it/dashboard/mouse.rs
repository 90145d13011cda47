//! The mouse: a press acts on what the screen shows at that cell.

use emoscope::dashboard::keys::{Key, Pointer};
use emoscope::dashboard::state::{Action, Overlay, PointerTarget, State};
use emoscope::dashboard::view::target;
use emoscope::messages::Control;
use ratatui::layout::Rect;

use super::scenes::{COLOR, SEVEN, devices, drawn, replay, state, talk, text};

const SIZE: (u16, u16) = (80, 24);

/// Column and row of a text on the screen, the last one.
fn find(state: &State, wanted: &str) -> (u16, u16) {
    let picture = text(&drawn(state, COLOR, SIZE.0, SIZE.1));
    let lines = picture.lines().skip(1).zip(0_u16..);
    let found = lines.filter_map(|(line, row)| {
        let at = line.find(wanted)?;
        Some((line[..at].chars().count() as u16 - 1, row))
    });
    found.last().unwrap()
}

/// The first column of a row with that character.
fn find_first(state: &State, row: u16, wanted: &str) -> u16 {
    let picture = text(&drawn(state, COLOR, SIZE.0, SIZE.1));
    let line = picture.lines().nth(usize::from(row) + 1).unwrap();
    let at = line.find(wanted).unwrap();
    line[..at].chars().count() as u16 - 1
}

fn point(state: &mut State, pointer: Pointer, (column, row): (u16, u16)) -> Action {
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let target = target(area, state, &COLOR, column, row);
    state.point(pointer, target)
}

fn seeks(action: &Action) -> f64 {
    match action {
        Action::Send(Control::SeekTo(seconds)) => *seconds,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_press_on_the_seek_bar_seeks_and_a_drag_continues() {
    let mut state = state(&replay());
    let (_, row) = find(&state, " / 2:30");
    let playhead = find(&state, "┃").0;
    let start = find_first(&state, row, "★");
    let end = find(&state, "  1:04 / 2:30").0 - 1;
    let length = f64::from(end + 1 - start);
    let first = seeks(&point(&mut state, Pointer::Press, (start, row)));
    assert!(first < 150.0 / length, "{first}");
    let there = seeks(&point(&mut state, Pointer::Drag, (playhead, row)));
    assert!((there - 64.0).abs() < 150.0 / length, "{there}");
    // A drag that leaves the bar continues.
    let last = seeks(&point(&mut state, Pointer::Drag, (79, 2)));
    assert!((last - 150.0).abs() < 1e-9, "{last}");
    point(&mut state, Pointer::Release, (79, 2));
    assert_eq!(
        point(&mut state, Pointer::Drag, (playhead, row)),
        Action::None
    );
    assert_eq!(
        point(&mut state, Pointer::Press, (start - 3, row)),
        Action::None
    );
}

#[test]
fn a_press_on_the_timeline_seeks_also_ahead() {
    let mut replayed = state(&replay());
    for (time, seconds) in [("0:30", 30.0), ("2:00", 120.0)] {
        let (column, row) = find(&replayed, time);
        let then = seeks(&point(&mut replayed, Pointer::Press, (column, row - 1)));
        assert!((then - seconds).abs() <= 3.0, "{then}");
    }
    // Past audio of a microphone is not kept.
    let mut live = state(&talk(&SEVEN));
    let (column, row) = find(&live, "30 s");
    assert_eq!(
        point(&mut live, Pointer::Press, (column, row - 2)),
        Action::None
    );
}

#[test]
fn an_input_is_chosen_from_the_list() {
    let mut state = state(&talk(&SEVEN));
    state.press(Key::Devices);
    state.apply(&devices());
    assert_eq!(point(&mut state, Pointer::Wheel(1), (0, 0)), Action::Redraw);
    assert!(matches!(state.overlay(), Overlay::Devices(menu) if menu.selected == 1));
    let place = find(&state, "Monitor of Speakers");
    let switch = Control::SwitchDevice("pulse:out.monitor".into());
    assert_eq!(
        point(&mut state, Pointer::Press, place),
        Action::Send(switch)
    );
    assert_eq!(*state.overlay(), Overlay::None);
}

#[test]
fn a_press_beside_a_box_closes_it_and_one_inside_does_not() {
    let mut state = state(&replay());
    state.press(Key::Help);
    let inside = find(&state, "to the start");
    assert_eq!(point(&mut state, Pointer::Press, inside), Action::None);
    assert_eq!(point(&mut state, Pointer::Press, (0, 0)), Action::Redraw);
    assert_eq!(*state.overlay(), Overlay::None);
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    assert_eq!(target(area, &state, &COLOR, 0, 0), PointerTarget::Nothing);
}
