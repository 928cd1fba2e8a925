//! What a check of history reports, and what it may be told about the log.

use crate::error::Error;
use crate::history::writer::with_causes;
use std::fmt;
use std::path::{Path, PathBuf};
use vigie_model::position::LogId;

/// What to do about data that is gone or wrong.
pub(crate) const RESTORE: &str =
    "restore it from a backup, or move the whole history folder away and store the log again";
/// Findings that one check reports; a broken disk makes thousands alike.
pub const FINDINGS_MAX: usize = 200;

/// Something wrong with history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file or folder.
    pub place: PathBuf,
    /// What is wrong with it.
    pub wrong: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place.display(), self.wrong, self.remedy)
    }
}

/// Where the log whose rows are stored stands; history may be behind it, never ahead.
#[derive(Clone, Debug)]
pub struct LogPositions {
    /// Its identity.
    pub log_id: LogId,
    /// The next offset of each of its partitions, by index.
    pub next_offsets: Vec<u64>,
    /// The next position of the alert stream, if known.
    pub alert_stream_next: Option<u64>,
}

/// Findings so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: Vec<Finding>,
    untold: usize,
}

impl Findings {
    pub(super) fn push(&mut self, place: &Path, wrong: impl Into<String>, remedy: &str) {
        if self.found.len() < FINDINGS_MAX {
            self.found.push(Finding { place: place.to_owned(), wrong: wrong.into(), remedy: remedy.to_owned() });
        } else {
            self.untold += 1;
        }
    }

    /// Reports an error of opening the table in `place`.
    pub(super) fn push_error(&mut self, place: &Path, error: &Error) {
        match error {
            Error::Damaged { path, wrong, remedy } => self.push(path, wrong.as_str(), remedy),
            other => self.push(place, with_causes(other), "do what the message says, or restore it from a backup"),
        }
    }

    /// All of them, and how many there were besides.
    pub(super) fn into_vec(mut self, root: &Path) -> Vec<Finding> {
        if self.untold > 0 {
            let wrong = format!("{} more findings are not listed", self.untold);
            let remedy = "mend those above, then check again".to_owned();
            self.found.push(Finding { place: root.to_owned(), wrong, remedy });
        }
        self.found
    }
}
