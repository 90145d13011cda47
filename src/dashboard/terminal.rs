//! Takes over the terminal once and restores it once, in every case.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::mem::ManuallyDrop;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use crossterm::cursor::{Hide, Show};
use crossterm::event::{self, DisableMouseCapture, Event};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{Command, execute, queue};
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::cycle::{self, InputEvent};
use super::keys::{Key, Pointer, typed};
use super::state::{PointerTarget, State};
use super::theme::Theme;
use super::{Options, svg, view};
use crate::failpoint::failpoint;
use crate::files::create_numbered;

/// How long a panic in another thread waits for the current picture.
const DRAWING_TIMEOUT: Duration = Duration::from_millis(300);

/// What has to be restored; the panic hook can reach it from any thread.
static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);
/// Held while the screen is opened or a picture is written, so that nothing is written
/// after a restore.
static DRAWING: Mutex<()> = Mutex::new(());

struct Taken {
    stderr: Option<File>,
    mouse: bool,
    inputs: Sender<InputEvent>,
}

/// The open screen.
pub(super) struct TerminalScreen {
    /// Never dropped: its drop prints to standard error on failure, and panics where
    /// that is closed as well.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<File>>>>,
    theme: Theme,
    log: Option<std::path::PathBuf>,
    mouse: bool,
    /// Size of the last picture.
    area: Rect,
    inputs: Sender<InputEvent>,
}

impl TerminalScreen {
    /// Takes over the terminal.
    pub(super) fn open(options: &Options, inputs: Sender<InputEvent>) -> io::Result<Self> {
        // A separate handle: the lock of `io::stdout` could keep a panicking thread
        // from restoring the terminal.
        let out = BufWriter::with_capacity(1 << 16, terminal_file()?);
        hook_panics(options.caught);
        let mut screen = Self {
            terminal: ManuallyDrop::new(Terminal::new(CrosstermBackend::new(out))?),
            theme: options.theme,
            log: options.log.clone(),
            mouse: options.mouse,
            area: Rect::ZERO,
            inputs,
        };
        screen.enter()?;
        Ok(screen)
    }

    fn enter(&mut self) -> io::Result<()> {
        // A thread that panics meanwhile waits. Otherwise it would restore only part of
        // the state, and nothing would restore the rest.
        let _drawing = lock(&DRAWING);
        // Set first, so that the drop undoes everything if a later step fails.
        lock(&TAKEN).get_or_insert_with(|| Taken {
            stderr: divert_stderr(self.log.as_deref()),
            mouse: self.mouse,
            inputs: self.inputs.clone(),
        });
        // Another program may have changed the modes while this one was stopped.
        restore_modes();
        enable_raw_mode()?;
        execute!(self.terminal.backend_mut(), EnterAlternateScreen, Hide)?;
        if self.mouse {
            execute!(self.terminal.backend_mut(), EnableMouse)?;
        }
        let size = self.terminal.size()?;
        // Not `clear`: it queries the cursor position, and the thread that reads keys
        // would consume the reply.
        self.terminal.resize(size.into())
    }
}

impl cycle::Screen for TerminalScreen {
    fn draw(&mut self, state: &State) -> io::Result<()> {
        let _drawing = lock(&DRAWING);
        if lock(&TAKEN).is_none() {
            return Ok(()); // a panic has restored the terminal
        }
        let theme = self.theme;
        failpoint("screen");
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let drawn = self
            .terminal
            .draw(|frame| view::draw(frame, state, &theme))?;
        self.area = drawn.area;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        Backend::flush(self.terminal.backend_mut())
    }

    fn save(&self, state: &State) -> io::Result<PathBuf> {
        let mut buffer = Buffer::empty(self.area);
        view::draw_on(&mut buffer, state, &self.theme);
        let (mut file, path) = create_numbered(Path::new("emoscope.svg"))?;
        file.write_all(svg::of(&buffer, svg::Background::of(&self.theme)).as_bytes())?;
        Ok(path)
    }

    fn target(&self, state: &State, column: u16, row: u16) -> PointerTarget {
        view::target(self.area, state, &self.theme, column, row)
    }

    fn suspend(&mut self) -> io::Result<()> {
        restore();
        stop_program()?;
        self.enter()
    }

    fn resume(&mut self) -> io::Result<()> {
        self.enter()
    }
}

impl Drop for TerminalScreen {
    fn drop(&mut self) {
        restore();
    }
}

/// Requests presses, drags and the wheel. Not every motion, as crossterm's own command
/// does, so that a moving mouse does not wake the program.
struct EnableMouse;

impl Command for EnableMouse {
    fn write_ansi(&self, out: &mut impl std::fmt::Write) -> std::fmt::Result {
        out.write_str("\x1b[?1000h\x1b[?1002h\x1b[?1006h")
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        event::EnableMouseCapture.execute_winapi()
    }

    #[cfg(windows)]
    fn is_ansi_code_supported(&self) -> bool {
        false
    }
}

/// Restores the terminal if it was taken over; returns the input channel then.
fn restore() -> Option<Sender<InputEvent>> {
    let taken = lock(&TAKEN).take()?;
    // Every step runs, even if an earlier one failed.
    if let Ok(mut out) = terminal_file() {
        if taken.mouse {
            let _ = execute!(out, DisableMouseCapture);
        }
        let _ = execute!(out, EndSynchronizedUpdate, LeaveAlternateScreen, Show);
    }
    restore_modes();
    if let Some(stderr) = &taken.stderr {
        set_stderr(stderr);
    }
    Some(taken.inputs)
}

/// Restores the line discipline without output.
pub(super) fn restore_modes() {
    let _ = disable_raw_mode();
}

/// Makes every uncaught panic restore the terminal before its message is printed.
fn hook_panics(caught: fn() -> bool) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if caught() {
                return;
            }
            let _drawing = wait_for(&DRAWING);
            if let Some(inputs) = restore() {
                let _ = inputs.send(InputEvent::Panicked);
            }
            previous(info);
        }));
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lock, unless this thread or a hanging one keeps it.
fn wait_for<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    let step = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(guard)) => return Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) if waited >= DRAWING_TIMEOUT => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(step),
        }
        waited += step;
    }
}

/// Standard output, unbuffered and unlocked.
#[cfg(unix)]
fn terminal_file() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn terminal_file() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
}

/// Redirects a standard error that is this terminal to the log, or discards it; returns
/// the original.
#[cfg(unix)]
fn divert_stderr(log: Option<&Path>) -> Option<File> {
    use std::os::fd::AsFd;
    if !io::stderr().is_terminal() {
        return None;
    }
    let append = |path: &Path| OpenOptions::new().append(true).create(true).open(path).ok();
    let nowhere = || OpenOptions::new().write(true).open("/dev/null").ok();
    let target = log.and_then(append).or_else(nowhere)?;
    let back = io::stderr().as_fd().try_clone_to_owned().ok()?;
    rustix::stdio::dup2_stderr(&target).ok()?;
    Some(back.into())
}

#[cfg(unix)]
fn set_stderr(stderr: &File) {
    let _ = io::stderr().flush();
    let _ = rustix::stdio::dup2_stderr(stderr);
}

#[cfg(not(unix))]
fn divert_stderr(_log: Option<&Path>) -> Option<File> {
    None
}

#[cfg(not(unix))]
fn set_stderr(_stderr: &File) {}

/// Suspends the program like the shell's job control; returns when it continues.
#[cfg(unix)]
fn stop_program() -> io::Result<()> {
    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)
}

#[cfg(not(unix))]
fn stop_program() -> io::Result<()> {
    Ok(())
}

/// The thread that reads keys.
pub(super) struct Reader {
    stop: Arc<AtomicBool>,
    done: Receiver<()>,
}

impl Reader {
    /// Starts to read.
    pub(super) fn start(inputs: Sender<InputEvent>) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (finished, done) = bounded(1);
        let stopped = Arc::clone(&stop);
        thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || {
                while !stopped.load(Ordering::Acquire) && read(&inputs) {}
                let _ = finished.send(());
            })?;
        Ok(Self { stop, done })
    }
}

/// Reads one event; returns whether to continue.
fn read(inputs: &Sender<InputEvent>) -> bool {
    let input = match event::read() {
        Ok(Event::Key(key)) => {
            failpoint("keys");
            match (typed(&key), Key::from_event(&key)) {
                (Some(typed), key) => InputEvent::Typed(typed, key),
                (None, Some(key)) => InputEvent::Key(key),
                (None, None) => return true,
            }
        }
        Ok(Event::Mouse(mouse)) => match Pointer::from_event(&mouse) {
            Some(pointer) => InputEvent::Mouse(pointer, mouse.column, mouse.row),
            None => return true,
        },
        Ok(Event::Resize(..)) => InputEvent::Resize,
        Ok(_) => return true,
        Err(error) => {
            let _ = inputs.send(InputEvent::Broken(error.to_string()));
            return false;
        }
    };
    inputs.send(input).is_ok()
}

impl Drop for Reader {
    /// Wakes the thread with a resize signal of unchanged size, so that it consumes no
    /// key typed afterwards. Does not wait for a terminal that is gone.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        #[cfg(unix)]
        {
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGWINCH);
            let _ = self.done.recv_timeout(Duration::from_millis(100));
        }
        #[cfg(not(unix))]
        let _ = self.done.try_recv();
    }
}
