//! `vigie sql`: one statement from the command line, several from standard input, or an editor on a terminal. Each asks the server
//! that writes to the data folder, else the committed rows.

mod statements;

mod place;

mod backslash;

mod words;

mod shell;

use crate::app::cli::SqlArgs;
use crate::app::commands::asker::{Asker, Manner};
use crate::app::commands::make_verifier::make_verifier;
use crate::app::commands::running::answer;
use crate::app::commands::sql::statements::{rest, take_whole};
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::exit::Failure;
use std::fs::File;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use vigie_model::doors::AnswerBounds;
use vigie_store::schema::describe::describe;

/// The longest statement from standard input, in bytes: longer than any that is run, so that the refusal names the limit.
const STATEMENT_BYTES_MAX: usize = 1 << 20;

/// Runs the command.
///
/// # Errors
/// When a statement is refused (usage), or history cannot be read.
pub fn run(args: &SqlArgs, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    if args.make_verifier {
        return make_verifier();
    }
    if let Some(table) = &args.describe {
        let table = Some(table.as_str()).filter(|table| !table.is_empty());
        let text = describe(table).map_err(|error| Failure::Usage(error.to_string()))?;
        return answer(text.as_bytes());
    }
    let bounds = AnswerBounds { rows_max: args.rows_max.map(u64::from), bytes_max: args.bytes_max.map(u64::from) };
    let manner = Manner { format: args.format, reason: args.reason.clone(), bounds };
    let asker = Asker::new(&args.data);
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if args.statement.is_none() && args.output.is_none() && is_terminal {
        return shell::run(asker, manner);
    }
    match &args.output {
        Some(path) => {
            let mut file = Unfinished::create(path)?;
            ask_all(args, &asker, &manner, &mut file.file)?;
            file.finish()
        }
        None => {
            let mut out = Listener { is_gone: false };
            let asked = ask_all(args, &asker, &manner, &mut out);
            // A reader that had enough, as in `vigie sql ... | head`, is fine.
            if out.is_gone { Ok(()) } else { asked }
        }
    }
}

/// The statement of the command line, or those of standard input, until one fails.
fn ask_all(args: &SqlArgs, asker: &Asker, manner: &Manner, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(statement) = &args.statement {
        return asker.ask(statement, manner, out);
    }
    let mut number = 0;
    let mut ask = |statement: &str| {
        number += 1;
        asker.ask(statement, manner, out).inspect_err(|failure| {
            eprintln!("statement {number}:");
            if let Some(place) = place::shown(statement, &failure.to_string()) {
                eprintln!("{place}");
            }
        })
    };
    let mut text = String::new();
    for line in io::stdin().lock().lines() {
        text.push_str(&line.map_err(|error| Failure::io("cannot read standard input", error))?);
        text.push('\n');
        if text.len() > STATEMENT_BYTES_MAX {
            let wanted =
                format!("a statement of standard input is longer than {STATEMENT_BYTES_MAX} bytes; end each with ;");
            return Err(Failure::Usage(wanted));
        }
        // Only a line with a semicolon can end a statement, so a long one is not searched again with each of its lines.
        if text.trim_end().ends_with(';') {
            take_whole(&mut text).iter().try_for_each(|statement| ask(statement))?;
        }
    }
    take_whole(&mut text).iter().chain(&rest(&text)).try_for_each(|statement| ask(statement))
}

/// Whoever reads standard output.
struct Listener {
    is_gone: bool,
}

impl Write for Listener {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = io::stdout().write(bytes);
        self.is_gone |= written.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = io::stdout().flush();
        self.is_gone |= flushed.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
        flushed
    }
}

/// A file that has its name only once all of it is written.
struct Unfinished {
    file: File,
    partial: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    fn create(path: &Path) -> Result<Self, Failure> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial)
            .map_err(|error| Failure::io(format!("cannot create {}", partial.display()), error))?;
        Ok(Self { file, partial, path: path.to_owned() })
    }

    fn finish(self) -> Result<(), Failure> {
        let named = std::fs::rename(&self.partial, &self.path);
        named.map_err(|error| Failure::io(format!("cannot write {}", self.path.display()), error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Finished, it is there no more.
        let _ = std::fs::remove_file(&self.partial);
    }
}
