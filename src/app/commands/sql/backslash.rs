//! The editor's own commands, which begin with a backslash.

use crate::app::cli::Format;
use clap::ValueEnum as _;
use vigie_store::schema::describe::describe;

/// Commands and what they do.
pub(super) const COMMANDS: [(&str, &str); 8] = [
    ("\\d", "the tables; with a name, the columns of that table"),
    ("\\dt", "the tables"),
    ("\\format", "how rows are written: table, csv or json"),
    ("\\timing", "whether the time of each query is shown"),
    ("\\reason", "what the next queries are for; kept in the audit trail"),
    ("\\help", "this"),
    ("\\q", "end; so does Ctrl-D"),
    ("\\?", "this"),
];

/// What a line that begins with a backslash asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// A text to be shown.
    Show(String),
    Format(Format),
    Timing,
    Reason(Option<String>),
    Quit,
}

/// Reads a line.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(super) fn read(line: &str) -> Result<Command, String> {
    let (name, argument) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let argument = argument.trim().trim_end_matches(';').trim_end();
    let given = Some(argument).filter(|argument| !argument.is_empty());
    match name {
        "\\d" | "\\dt" => {
            describe(given.filter(|_| name == "\\d")).map(Command::Show).map_err(|error| error.to_string())
        }
        "\\format" => match Format::from_str(argument, true) {
            Ok(format) if format != Format::Arrow => Ok(Command::Format(format)),
            _ => Err("\\format needs table, csv or json; arrow is for files: vigie sql --format arrow --output FILE"
                .to_owned()),
        },
        "\\timing" => Ok(Command::Timing),
        "\\reason" => Ok(Command::Reason(given.map(str::to_owned))),
        "\\q" => Ok(Command::Quit),
        "\\help" | "\\?" => Ok(Command::Show(help())),
        _ => Err(format!("unknown command {name}; \\help lists all")),
    }
}

fn help() -> String {
    let mut text =
        "A statement is one SELECT and ends with ;  It may have several lines. Ctrl-C cancels it.\n\n".to_owned();
    for (name, meaning) in COMMANDS {
        text.push_str(&format!("{name:9} {meaning}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_mistakes_told() {
        assert_eq!(read("\\q"), Ok(Command::Quit));
        assert_eq!(read("\\format  CSV;"), Ok(Command::Format(Format::Csv)));
        assert_eq!(read("\\reason shift report"), Ok(Command::Reason(Some("shift report".to_owned()))));
        assert_eq!(read("\\reason"), Ok(Command::Reason(None)));
        let Ok(Command::Show(columns)) = read("\\d alerts;") else { panic!("columns") };
        assert!(columns.starts_with("alerts: "), "{columns}");
        assert_eq!(read("\\dt"), read("\\d"));
        assert!(read("\\d alrts").unwrap_err().contains("did you mean 'alerts'?"));
        assert!(read("\\format arrow").unwrap_err().contains("--output"));
        assert_eq!(read("\\x").unwrap_err(), "unknown command \\x; \\help lists all");
        let Ok(Command::Show(help)) = read("\\?") else { panic!("help") };
        assert!(COMMANDS.iter().all(|(name, _)| help.contains(name)));
    }
}
