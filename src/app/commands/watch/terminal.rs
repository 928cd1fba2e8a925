//! The terminal while the list has it: no line editing, no echo, a screen of its own. Given back as it was, also by a panic.
//!
//! A dozen keys and full redraws need no more than this; a library for terminals would be six crates for the same.

use crate::app::commands::watch::keys::{Key, keys};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{self, Read, Write};
use tokio::sync::mpsc::Sender;

/// What a terminal that does not tell its size is taken for.
const SIZE_UNLESS_TOLD: (usize, usize) = (80, 24);
/// Other screen, no cursor.
const BEGIN: &str = "\x1b[?1049h\x1b[?25l";
/// The cursor and the screen from before.
const END: &str = "\x1b[?25h\x1b[?1049l";

/// A terminal in use.
#[derive(Debug)]
pub(super) struct Terminal {
    before: Termios,
}

impl Terminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When standard input or output is none.
    pub(super) fn take() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        let terminal = Self { before };
        write(BEGIN)?;
        Ok(terminal)
    }

    /// Columns and lines.
    #[must_use]
    pub(super) fn size(&self) -> (usize, usize) {
        match tcgetwinsize(io::stdout()) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
            _ => SIZE_UNLESS_TOLD,
        }
    }

    /// Shows these lines and nothing else, in one write, so that nothing flickers.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn draw(&self, lines: &[String]) -> io::Result<()> {
        let lines: Vec<_> = lines.iter().map(|line| format!("{line}\x1b[K")).collect();
        write(&format!("\x1b[H{}\x1b[J", lines.join("\r\n")))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _ = write(END);
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Tells the keys that are pressed, from a thread of its own; the end of input is an interrupt.
pub(super) fn tell_keys(tell: Sender<Key>) {
    std::thread::spawn(move || {
        let mut bytes = [0; 256];
        loop {
            let pressed = match io::stdin().read(&mut bytes) {
                Ok(0) | Err(_) => vec![Key::Interrupt],
                Ok(length) => keys(&bytes[..length]),
            };
            for key in pressed {
                if tell.blocking_send(key).is_err() {
                    return;
                }
            }
        }
    });
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
