//! The editor: statements over several lines, history, completion, and Ctrl-C that ends a query and not the session.

use super::backslash::{self, Command};
use super::place::shown;
use super::statements::{rest, take_whole};
use super::words::Words;
use crate::app::commands::asker::{Asker, Manner};
use crate::exit::Failure;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};

const PROMPT: &str = "vigie> ";
/// Inputs that the history file keeps.
const HISTORY_LINES_MAX: usize = 1_000;

/// Runs the editor until it is left.
///
/// # Errors
/// When the terminal cannot be used, or signals cannot be received.
pub(super) fn run(asker: Asker, mut manner: Manner) -> Result<(), Failure> {
    let unusable = |error: ReadlineError| Failure::io("cannot use the terminal", error);
    let config = Config::builder().completion_type(CompletionType::List).auto_add_history(false);
    let config = config.max_history_size(HISTORY_LINES_MAX).map_err(unusable)?.build();
    let mut editor: Editor<Hand, FileHistory> = Editor::with_config(config).map_err(unusable)?;
    editor.set_helper(Some(Hand(Words::new())));
    let history = history_file();
    if let Some(history) = &history {
        // The first session has none.
        let _ = editor.load_history(history);
    }
    let asker = Arc::new(asker);
    let mut is_timed = false;
    println!("SQL over history: end a statement with ;  \\help shows commands, \\q ends.");
    loop {
        let input = match editor.readline(PROMPT) {
            Ok(input) => input,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(unusable(error)),
        };
        if !input.trim().is_empty() {
            let _ = editor.add_history_entry(input.as_str());
            if let Some(history) = &history
                && let Err(error) = editor.append_history(history)
            {
                eprintln!("note: the input is not kept in {}: {error}", history.display());
            }
        }
        if input.trim_start().starts_with('\\') {
            match backslash::read(&input) {
                Ok(Command::Quit) => return Ok(()),
                Ok(Command::Show(text)) => println!("{}", text.trim_end()),
                Ok(Command::Format(format)) => manner.format = format,
                Ok(Command::Reason(reason)) => manner.reason = reason,
                Ok(Command::Timing) => {
                    is_timed = !is_timed;
                    println!("The time of each query is {}.", if is_timed { "shown" } else { "not shown" });
                }
                Err(wrong) => eprintln!("error: {wrong}"),
            }
            continue;
        }
        let mut text = input;
        for statement in take_whole(&mut text) {
            let begun = Instant::now();
            if let Err(failure) = ask(&asker, &statement, &manner)? {
                tell(&statement, &failure);
                break;
            }
            if is_timed {
                println!("Time: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
}

/// Says what went wrong, and shows where.
fn tell(statement: &str, failure: &Failure) {
    let said = failure.to_string();
    eprintln!("{said}");
    if let Some(place) = shown(statement, &said) {
        eprintln!("{place}");
    }
}

/// Asks on a thread of its own, so that Ctrl-C can cancel meanwhile. The outer error ends the session.
fn ask(asker: &Arc<Asker>, statement: &str, manner: &Manner) -> Result<Result<(), Failure>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("cannot start", error))?;
    runtime.block_on(async {
        let interrupted = signal(SignalKind::interrupt());
        let mut interrupted = interrupted.map_err(|error| Failure::io("cannot receive signals", error))?;
        let (own, statement, manner) = (Arc::clone(asker), statement.to_owned(), manner.clone());
        let mut asking = tokio::task::spawn_blocking(move || {
            // Part by part, so that no other writer waits for the whole answer.
            own.ask(&statement, &manner, &mut std::io::stdout())
        });
        loop {
            tokio::select! {
                asked = &mut asking => {
                    return asked.map_err(|error| Failure::io("the question ended abnormally", error));
                }
                _ = interrupted.recv() => {
                    let asker = Arc::clone(asker);
                    // It may ask a server, and so wait; a second Ctrl-C tries again.
                    tokio::task::spawn_blocking(move || asker.cancel());
                    let _ = writeln!(std::io::stderr(), "cancelling");
                }
            }
        }
    })
}

/// Where inputs are kept, in the user's state folder, which is made if need be; `None` without one.
fn history_file() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")))?;
    let own = state.join("vigie");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&own).ok()?;
    Some(own.join("sql_history"))
}

/// What helps at typing.
#[derive(Debug)]
struct Hand(Words);

impl Helper for Hand {}

impl Highlighter for Hand {}

impl Hinter for Hand {
    type Hint = String;
}

impl Completer for Hand {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.0.complete(line, at))
    }
}

impl Validator for Hand {
    /// An input is whole at the end of a statement, or when it is a command.
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let mut text = context.input().to_owned();
        let is_command = text.trim_start().starts_with('\\');
        take_whole(&mut text);
        let is_whole = is_command || rest(&text).is_none();
        Ok(if is_whole { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}
