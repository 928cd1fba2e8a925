//! Located messages about files people write: configuration, rules, spaces.
//!
//! A reader of such a file never stops at the first mistake: it collects a [`Diagnostic`] for each, with what was found,
//! what was expected and what to do, and the caller prints them all.
//!
//! ```
//! use vigie_model::diagnostic::{Diagnostic, did_you_mean};
//! let hint = did_you_mean("severty", ["severity", "summary"]);
//! let message = Diagnostic::error("rules.yaml", 4, 7, "unknown field 'severty'").hint_opt(hint);
//! assert_eq!(message.to_string(), "rules.yaml:4:7: error: unknown field 'severty'; did you mean 'severity'?");
//! ```

use std::fmt;
use std::sync::Arc;

/// Texts less similar than this (Jaro-Winkler, 0 to 1) are not suggested; found to keep typing slips and drop the rest.
const SIMILARITY_MIN: f64 = 0.8;

/// Whether a message prevents the file from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The file cannot be used.
    Error,
    /// The file can be used, but somebody should look.
    Warning,
}

/// One message about one place in one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// Line from 1; 0 when the message concerns the whole file.
    pub line: u32,
    /// Column from 1, in characters; 0 when unknown.
    pub column: u32,
    /// Error or warning.
    pub level: Level,
    /// What was found.
    pub message: String,
    /// What would have been right, when that helps.
    pub expected: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A message that prevents the file from being used.
    pub fn error(file: impl Into<Arc<str>>, line: u32, column: u32, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line,
            column,
            level: Level::Error,
            message: message.into(),
            expected: None,
            hint: None,
        }
    }

    /// A message that does not prevent the file from being used.
    pub fn warning(file: impl Into<Arc<str>>, line: u32, column: u32, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(file, line, column, message) }
    }

    /// Adds what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what to do, if there is something.
    #[must_use]
    pub fn hint_opt(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Whether the message prevents the file from being used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        let level = if self.is_error() { "error" } else { "warning" };
        write!(f, ": {level}: {}", self.message)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

/// A hint naming the candidate most like `word`, when one is like enough.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| format!("did you mean '{candidate}'?"))
}

/// Line and column, both from 1, of a byte offset in a text; the column counts characters.
#[must_use]
pub fn line_column(text: &str, byte_offset: usize) -> (u32, u32) {
    let before = &text.as_bytes()[..byte_offset.min(text.len())];
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_where_what_and_what_to_do() {
        let message = Diagnostic::warning("vigie.toml", 3, 0, "feed 'a' declares no purpose")
            .expected("a purpose")
            .hint("add one");
        assert_eq!(
            message.to_string(),
            "vigie.toml:3: warning: feed 'a' declares no purpose; expected a purpose; add one"
        );
        assert_eq!(Diagnostic::error("x", 0, 0, "gone").to_string(), "x: error: gone");
    }

    #[test]
    fn suggestions_are_close_or_absent() {
        assert_eq!(did_you_mean("threshhold", ["threshold", "window"]).as_deref(), Some("did you mean 'threshold'?"));
        assert_eq!(did_you_mean("zebra", ["threshold", "window"]), None);
    }

    #[test]
    fn counts_lines_and_characters_from_one() {
        assert_eq!(line_column("ab\nçd", 0), (1, 1));
        assert_eq!(line_column("ab\nçd", 5), (2, 2));
        assert_eq!(line_column("ab\nçd", 99), (2, 3));
    }
}
