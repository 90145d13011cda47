//! A pseudo-terminal that runs the program, and a screen (the `vt100` crate) that
//! interprets its output.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// Longest wait for a condition; a loaded machine is slow.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A program as the session leader of its own terminal.
pub struct Terminal {
    /// `None` once it was closed.
    ends: Option<(File, File)>,
    screen: vt100::Parser,
    /// All output of the program.
    pub written: Vec<u8>,
    modes: String,
    child: Child,
}

impl Terminal {
    /// Starts a program (with its arguments and environment) in a terminal of that size.
    pub fn start(rows: u16, columns: u16, program: &Command) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        rustix::io::ioctl_fionbio(&master, true).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        tcsetwinsize(&slave, size(rows, columns)).unwrap();
        let end = || OwnedFd::from(slave.try_clone().unwrap());
        // It makes this its controlling terminal and executes the program.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(program.get_program());
        command.args(program.get_args());
        if let Some(folder) = program.get_current_dir() {
            command.current_dir(folder);
        }
        for (name, value) in program.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("RUST_BACKTRACE", "0")
            .env_remove("NO_COLOR")
            .stdin(end())
            .stdout(end())
            .stderr(end());
        let modes = modes(&slave);
        Self {
            screen: vt100::Parser::new(nonzero(rows), nonzero(columns), 0),
            written: Vec::new(),
            modes,
            child: command.spawn().unwrap(),
            ends: Some((File::from(master), slave)),
        }
    }

    /// Reads the output since the last call.
    pub fn read(&mut self) {
        let Some((master, _)) = &mut self.ends else {
            return;
        };
        let mut block = [0; 4096];
        loop {
            match master.read(&mut block) {
                Ok(0) => return,
                Ok(count) => {
                    self.screen.process(&block[..count]);
                    self.written.extend_from_slice(&block[..count]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Reads until a condition holds; fails after the longest wait.
    pub fn until(&mut self, what: &str, so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        loop {
            self.read();
            if so(self) {
                return;
            }
            let late = start.elapsed() > LONGEST_WAIT;
            assert!(!late, "never: {what}; on the screen:\n{}", self.contents());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the picture of the dashboard.
    pub fn until_drawn(&mut self) {
        self.until("the dashboard", |terminal| {
            terminal.taken() && terminal.contents().contains("neutral")
        });
    }

    /// Reads for a time, so that the program never blocks on output.
    pub fn read_for(&mut self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            self.read();
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The text on the screen.
    pub fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Whether the program controls the screen: the alternate screen is shown, and the
    /// terminal is in raw mode.
    pub fn taken(&self) -> bool {
        let (_, slave) = self.ends.as_ref().expect("an open terminal");
        self.screen.screen().alternate_screen() && modes(slave) != self.modes
    }

    /// Whether line discipline, screen, cursor and input modes are as before.
    pub fn restored(&self) -> bool {
        let (_, slave) = self.ends.as_ref().expect("an open terminal");
        let screen = self.screen.screen();
        modes(slave) == self.modes
            && !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && !screen.application_cursor()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
            && screen.fgcolor() == vt100::Color::Default
    }

    /// Whether the program asked the terminal to report presses and drags.
    pub fn reports_the_mouse(&self) -> bool {
        self.screen.screen().mouse_protocol_mode() == vt100::MouseProtocolMode::ButtonMotion
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        let (master, _) = self.ends.as_mut().expect("an open terminal");
        master.write_all(keys.as_bytes()).unwrap();
    }

    /// Resizes the terminal without reading the output.
    pub fn resize_alone(&self, rows: u16, columns: u16) {
        let (_, slave) = self.ends.as_ref().expect("an open terminal");
        tcsetwinsize(slave, size(rows, columns)).unwrap();
    }

    /// Resizes the terminal.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        self.resize_alone(rows, columns);
        let screen = self.screen.screen_mut();
        screen.set_size(nonzero(rows), nonzero(columns));
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// Whether the program is stopped, as the system sees it.
    pub fn stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        stat.rsplit(')').next().unwrap().trim().starts_with('T')
    }

    /// Closes the terminal while the program runs, like a window that is closed.
    pub fn close(&mut self) {
        self.ends = None;
    }

    /// Waits for the end of the program; its exit code, as a shell reports it.
    pub fn ended(&mut self) -> i32 {
        let start = Instant::now();
        loop {
            self.read();
            if let Some(status) = self.child.try_wait().unwrap() {
                self.read();
                return code(status);
            }
            let late = start.elapsed() > LONGEST_WAIT;
            assert!(
                !late,
                "it does not end; on the screen:\n{}",
                self.contents()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    /// A failed test leaves no running program.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn code(status: ExitStatus) -> i32 {
    let killed = || 128 + status.signal().unwrap_or(0);
    status.code().unwrap_or_else(killed)
}

/// All settings of the line discipline.
fn modes(terminal: &File) -> String {
    format!("{:?}", tcgetattr(terminal).unwrap())
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn nonzero(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).unwrap()
}
