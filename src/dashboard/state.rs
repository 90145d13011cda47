//! The state of the dashboard: applies updates and keys, and holds the picture. It
//! knows no terminal and no clock; time comes with the audio.

pub mod ahead;
pub mod find;
pub mod history;
pub mod menu;
pub mod meter;
pub mod picture;
mod pointer;
pub mod prediction;
pub mod recordings;
mod replay;
pub mod scale;
pub mod speakers;
pub mod totals;
pub mod utterance;
pub mod voice_activity;

use menu::DeviceMenu;
use picture::Picture;
use pointer::Grip;
pub use pointer::PointerTarget;
use recordings::RecordingMenu;
pub use scale::TimeScale;

use super::keys::{Key, MIN_HELP_ROWS, help_lines};
use crate::messages::{Control, Update};

/// What covers the picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The keys and the legend, scrolled to a line.
    Help(usize),
    /// The list of inputs.
    Devices(DeviceMenu),
    /// The typed part of the label to search for.
    Find(String),
    /// The typed name of a speaker.
    Name(speakers::ChannelSpeaker, String),
    /// The recordings of a folder, on the whole screen.
    Recordings(RecordingMenu),
}

/// What an update requires of the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Nothing: the picture is the same.
    None,
    /// Draw a new picture.
    Redraw,
    /// The session has ended; leave.
    End(Result<(), String>),
}

/// What a key or the mouse requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Nothing.
    None,
    /// Draw a new picture.
    Redraw,
    /// Send a message to the session and draw a new picture.
    Send(Control),
    /// Save the picture as a file.
    Save,
    /// Leave.
    Quit,
    /// Return to the list that the recording was chosen from.
    Back,
    /// Open a recording from the list, by its number.
    Open(usize),
    /// Suspend the program and return to the shell.
    Suspend,
}

/// The whole state of the dashboard.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "none depends on another")]
pub struct State {
    live: Picture,
    frozen: Option<Box<Picture>>,
    overlay: Overlay,
    quit_at_end: bool,
    reduced_motion: bool,
    /// The scale that the user chose.
    scale: Option<TimeScale>,
    /// The label of the last search.
    found: Option<String>,
    page: Option<String>,
    /// Whether the recording was chosen from a list.
    from_list: bool,
    over: bool,
    grip: Grip,
}

impl State {
    /// The state before the first update. With `quit_at_end` a replay closes the screen
    /// at its end; otherwise its picture stays until a key is pressed.
    pub fn new(quit_at_end: bool) -> Self {
        Self {
            quit_at_end,
            ..Self::default()
        }
    }

    /// The state with or without reduced motion.
    #[must_use]
    pub fn with_reduced_motion(self, reduced_motion: bool) -> Self {
        Self {
            reduced_motion,
            ..self
        }
    }

    /// The state with the address of the session's page.
    #[must_use]
    pub fn with_page(self, page: Option<String>) -> Self {
        Self { page, ..self }
    }

    /// Whether motion is reduced.
    pub fn reduced_motion(&self) -> bool {
        self.reduced_motion
    }

    /// The time range that is shown.
    pub fn scale(&self) -> TimeScale {
        let first = || {
            self.length_s()
                .map_or(TimeScale::default(), TimeScale::first)
        };
        self.scale.unwrap_or_else(first)
    }

    /// The length of a recording whose timeline is shown, in seconds.
    fn length_s(&self) -> Option<f64> {
        let position = self.live.position.filter(|_| self.live.ahead.is_some())?;
        position.total_s
    }

    /// The visible picture: the frozen one or the live one.
    pub fn picture(&self) -> &Picture {
        self.frozen.as_deref().unwrap_or(&self.live)
    }

    /// The live picture, even if another one is frozen.
    pub fn latest(&self) -> &Picture {
        &self.live
    }

    /// Whether the picture is frozen while the audio continues.
    pub fn frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// What covers the picture.
    pub fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// Whether the session has ended.
    pub fn over(&self) -> bool {
        self.over
    }

    /// Applies an update.
    pub fn apply(&mut self, update: &Update) -> Effect {
        let changed = match update {
            Update::Event(event) => self.live.take_event(event),
            Update::Level(level) => self.live.take_level(level),
            Update::Status(status) => self.live.take_status(status),
            Update::Analyzed(part) => {
                self.live.take_analyzed(part);
                true
            }
            Update::Position(position) => {
                let changed = self.live.take_position(position);
                self.over &= self.live.ended; // playback continues after a seek back
                changed
            }
            Update::Notice(text) => {
                self.live.notify(text.clone());
                true
            }
            Update::Devices(devices) => {
                return self.in_menu(|menu| {
                    menu.list(devices);
                    true
                });
            }
            Update::DeviceLevel { id, peak_dbfs } => {
                return self.in_menu(|menu| menu.level(id, *peak_dbfs));
            }
            Update::RecordingLength { number, length_s } => self.take_length(*number, length_s),
            Update::Ended(Ok(())) if self.live.status.replay && !self.quit_at_end => {
                self.live.ended = true;
                self.over = true;
                true
            }
            Update::Ended(result) => return Effect::End(result.clone()),
        };
        if changed && self.frozen.is_none() {
            Effect::Redraw
        } else {
            Effect::None
        }
    }

    fn in_menu(&mut self, change: impl FnOnce(&mut DeviceMenu) -> bool) -> Effect {
        if let Overlay::Devices(menu) = &mut self.overlay
            && change(menu)
        {
            Effect::Redraw
        } else {
            Effect::None
        }
    }

    /// Applies a key.
    pub fn press(&mut self, key: Key) -> Action {
        if self.live.ahead.is_some() {
            self.live.dismiss_notice(); // the time may be paused
        }
        match (key, &mut self.overlay) {
            (Key::Escape, Overlay::None) if self.from_list => Action::Back,
            (Key::Quit, _) | (Key::Escape, Overlay::None) => Action::Quit,
            (Key::Suspend, _) => Action::Suspend,
            (_, Overlay::Recordings(_)) => self.press_in_list(key),
            (_, Overlay::Devices(_)) => self.press_in_menu(key),
            (Key::Help | Key::Escape, Overlay::Help(_)) => self.show(Overlay::None),
            (Key::Up | Key::Down, Overlay::Help(first)) => {
                let lines = help_lines(&self.live.status);
                let step = if key == Key::Up { -1 } else { 1 };
                let last = lines.saturating_sub(MIN_HELP_ROWS);
                *first = first.saturating_add_signed(step).min(last);
                Action::Redraw
            }
            (_, Overlay::Find(_)) => self.press_in_find(key),
            (_, Overlay::Name(..)) => self.press_in_naming(key),
            (Key::Help, Overlay::None) => self.show(Overlay::Help(0)),
            (Key::Scale, _) => {
                self.scale = Some(self.scale().next(self.length_s()));
                Action::Redraw
            }
            (Key::Save, _) => Action::Save,
            (Key::Page, _) => self.show_page(),
            (Key::Name, _) => self.open_naming(),
            (Key::Devices, _) => self.open_menu(),
            (Key::Forget, _) if self.live.status.analyzed_ahead => self.refuse(
                "a recording is analyzed as a whole: only a live input can start a new speaker",
            ),
            (Key::Forget, _) => {
                self.forget_speakers();
                Action::Send(Control::ResetSpeaker)
            }
            _ if self.live.status.replay => self.press_in_replay(key),
            (Key::Mark, _) => Action::Send(Control::Mark),
            (Key::Record, _) => Action::Send(Control::ToggleRecording),
            (Key::Hold, _) => {
                self.frozen = match self.frozen {
                    Some(_) => None,
                    None => Some(Box::new(self.live.clone())),
                };
                Action::Redraw
            }
            _ => Action::None,
        }
    }

    fn show(&mut self, overlay: Overlay) -> Action {
        self.overlay = overlay;
        Action::Redraw
    }

    fn open_menu(&mut self) -> Action {
        if self.live.status.replay {
            return self.refuse("a recording is playing: there is no input to choose");
        }
        self.show(Overlay::Devices(DeviceMenu::default()));
        Action::Send(Control::OpenPicker)
    }

    /// Shows the address of the page.
    fn show_page(&mut self) -> Action {
        let text = match &self.page {
            Some(address) => format!("page: {address}"),
            None => "there is no page of this session: start emoscope with --web".to_owned(),
        };
        self.notify(&text);
        self.show(Overlay::None)
    }

    /// Tells the user why a key has no effect here.
    fn refuse(&mut self, why: &str) -> Action {
        self.live.notify(why.to_owned());
        self.show(Overlay::None)
    }

    fn press_in_menu(&mut self, key: Key) -> Action {
        let Overlay::Devices(menu) = &mut self.overlay else {
            return Action::None;
        };
        let control = match key {
            Key::Up | Key::Down => {
                menu.move_by(if key == Key::Up { -1 } else { 1 });
                return Action::Redraw;
            }
            Key::Escape | Key::Devices => Control::ClosePicker,
            Key::Enter => match menu.selected() {
                Some(choice) if !choice.device.current => {
                    Control::SwitchDevice(choice.device.id.clone())
                }
                _ => Control::ClosePicker,
            },
            _ => return Action::None,
        };
        self.overlay = Overlay::None;
        Action::Send(control)
    }

    /// Shows a sentence for a while, also on a frozen picture.
    pub fn notify(&mut self, text: &str) {
        for picture in self
            .frozen
            .as_deref_mut()
            .into_iter()
            .chain([&mut self.live])
        {
            picture.notify(text.to_owned());
        }
    }
}
