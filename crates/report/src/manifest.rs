//! What a report was made from: enough to make it again, and to see whether the data behind it are still the same.
//!
//! Every question a report asks is bounded by [`Manifest::as_of`], an instant of log time. History only grows at its end, so
//! the same questions with the same bound get the same rows later, until retention or an erasure takes some of them; the
//! hash of an answer tells.
//!
//! A report for publication has neither hashes nor numbers of rows: a small count that is hidden could be found by trying which one
//! gives the hash. Such a report is made again from [`Manifest::terms`] and has to come out the same, byte for byte.

use crate::language::Language;
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Version of the manifest's form.
pub const MANIFEST_FORMAT: u32 = 2;

/// What a report was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// Kind of report: `shift`, `rules`, `perception`.
    pub report: String,
    /// Version of the program.
    pub vigie: String,
    /// The centre.
    pub centre: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// Only rows the log had taken up to here count, RFC 3339.
    pub as_of: String,
    /// The command that makes it again.
    pub command: String,
    /// What was asked for.
    pub terms: Terms,
    /// The tables as they were.
    pub tables: Vec<TableVersion>,
    /// The questions asked, in order.
    pub questions: Vec<Question>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Beginning of the span, RFC 3339.
    pub from: String,
    /// Its end, itself left out.
    pub to: String,
    /// The language.
    pub lang: Language,
    /// The measures looked at, before and after.
    pub measures: Vec<Measure>,
}

/// How far a table had grown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableVersion {
    /// Name of the table.
    pub table: String,
    /// Rows up to [`Manifest::as_of`]; `None` in a report for publication.
    pub rows: Option<u64>,
    /// Log time of the newest of them, RFC 3339; `None` in an empty table.
    pub last_log_time: Option<String>,
}

/// One question to history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What it asks for.
    pub name: String,
    /// The statement.
    pub sql: String,
    /// Rows of the answer; `None` in a report for publication.
    pub rows: Option<usize>,
    /// BLAKE3 of the answer as JSON, in hex; `None` in a report for publication.
    pub answer: Option<String>,
}

impl Manifest {
    /// Whether it holds what tells if the data are still the same. Otherwise the report has to be made again.
    #[must_use]
    pub fn has_hashes(&self) -> bool {
        self.questions.iter().all(|question| question.answer.is_some())
    }

    /// Without anything that hidden counts could be found from.
    pub(crate) fn for_publication(mut self) -> Self {
        for table in &mut self.tables {
            table.rows = None;
        }
        for question in &mut self.questions {
            (question.rows, question.answer) = (None, None);
        }
        self
    }
}
