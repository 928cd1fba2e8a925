//! `vigie sql --make-verifier`: what a configuration keeps of a password instead of the password.

use crate::app::commands::running::answer;
use crate::exit::Failure;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal, Read, Write};
use vigie_postgres::verifier::{PASSWORD_BYTES_MAX, Verifier};

/// Asks for a password, twice on a terminal, and prints its verifier.
///
/// # Errors
/// When there is none, or it cannot be used.
pub(super) fn make_verifier() -> Result<(), Failure> {
    let password = if io::stdin().is_terminal() {
        let password = ask("password: ")?;
        if ask("the same again: ")? != password {
            return Err(Failure::Usage("the two passwords differ; try again".to_owned()));
        }
        password
    } else {
        read_line()?
    };
    let verifier = Verifier::new(&password).map_err(|error| Failure::Usage(error.to_string()))?;
    answer(verifier.to_string().as_bytes())
}

/// A line typed without being seen.
fn ask(prompt: &str) -> Result<String, Failure> {
    let told = write!(io::stderr(), "{prompt}").and_then(|()| io::stderr().flush());
    told.map_err(|error| Failure::io("cannot ask for the password", error))?;
    let line = {
        let _hidden = Hidden::begin().map_err(|error| Failure::io("cannot hide the password", error))?;
        read_line()
    };
    eprintln!();
    line
}

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    // One byte more than a password may have and its line end, so that a longer one is refused and not cut.
    let mut input = io::stdin().lock().take(PASSWORD_BYTES_MAX as u64 + 3);
    input.read_line(&mut line).map_err(|error| Failure::io("cannot read the password", error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The terminal without echo, until it is dropped.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // There is nobody to tell, and a shell sets its own modes.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
