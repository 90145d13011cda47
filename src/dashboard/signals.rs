//! Turns signals into inputs.

use std::io;

use crossbeam_channel::Sender;

use super::cycle::InputEvent;

#[cfg(unix)]
pub(super) use unix::watch;

/// Does nothing: there are no signals on this system.
#[cfg(not(unix))]
pub(super) fn watch(_inputs: Sender<InputEvent>) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
mod unix {
    use std::thread::{self, JoinHandle};

    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
    use signal_hook::iterator::{Handle, Signals};
    use signal_hook::low_level::emulate_default_handler;

    use super::{InputEvent, Sender, io};
    use crate::dashboard::terminal;

    /// Watches until dropped.
    pub struct Watch {
        handle: Handle,
        thread: Option<JoinHandle<()>>,
    }

    pub fn watch(inputs: Sender<InputEvent>) -> io::Result<Watch> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT])?;
        let handle = signals.handle();
        let thread = thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let mut asked = false;
                for signal in &mut signals {
                    let input = match signal {
                        SIGTSTP => InputEvent::Suspend,
                        SIGCONT => InputEvent::Resumed,
                        // The second request: the screen hangs on a terminal that
                        // accepts no output.
                        _ if asked => {
                            terminal::restore_modes();
                            let _ = emulate_default_handler(signal);
                            return;
                        }
                        _ => {
                            asked = true;
                            InputEvent::Signal(signal)
                        }
                    };
                    let _ = inputs.send(input);
                }
            })?;
        Ok(Watch {
            handle,
            thread: Some(thread),
        })
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            self.handle.close();
            if let Some(thread) = self.thread.take() {
                let _ = thread.join();
            }
        }
    }
}
