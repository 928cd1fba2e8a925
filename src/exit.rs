//! How a command ends: exit codes and the words that go with them.
//!
//! 0: fine. 1: the answer is no. 2: usage or configuration. 3: input, output or data. The codes are contract; scripts
//! branch on them.

use std::fmt;
use std::process::ExitCode;
use vigie_model::diagnostic::Diagnostic;

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// The command ran; what it was asked is answered with no.
    No(String),
    /// The command was called wrongly; the text says how to call it.
    Usage(String),
    /// Files people wrote have mistakes; all of them.
    Configuration(Vec<Diagnostic>),
    /// Something could not be read, written, bound or opened.
    Io(String),
}

impl Failure {
    /// Wraps an error of the outside world with what was being done.
    pub fn io(doing: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Io(format!("{doing}: {error}"))
    }

    /// The process exit code.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        match self {
            Self::No(_) => ExitCode::from(1),
            Self::Usage(_) | Self::Configuration(_) => ExitCode::from(2),
            Self::Io(_) => ExitCode::from(3),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::No(text) | Self::Usage(text) | Self::Io(text) => write!(f, "error: {text}"),
            Self::Configuration(diagnostics) => {
                for diagnostic in diagnostics {
                    writeln!(f, "{diagnostic}")?;
                }
                let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
                write!(f, "{}", count(errors, "error"))?;
                match diagnostics.len() - errors {
                    0 => Ok(()),
                    warnings => write!(f, ", {}", count(warnings, "warning")),
                }
            }
        }
    }
}

/// `1 error`, `2 errors`.
#[must_use]
pub fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_printed_and_counted() {
        let failure = Failure::Configuration(vec![
            Diagnostic::error("a.toml", 1, 2, "x"),
            Diagnostic::warning("a.toml", 3, 0, "y"),
            Diagnostic::error("b.yaml", 4, 0, "z"),
        ]);
        assert_eq!(
            failure.to_string(),
            "a.toml:1:2: error: x\na.toml:3: warning: y\nb.yaml:4: error: z\n2 errors, 1 warning"
        );
        assert_eq!(format!("{:?}", failure.code()), format!("{:?}", ExitCode::from(2)));
    }
}
