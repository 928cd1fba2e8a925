//! The notes of an unfinished run, `DATA/retention/run.jsonl`: what it is about to do, before it does it.
//!
//! A deletion is noted with the number that its commit will record in the table (`delta::change`): it landed when the table has
//! recorded that number, and otherwise never was, and a later note with the same number is of the one that came instead. So a
//! run that was killed is gone on with, and its certificate tells of each deletion once.

use super::hold::Hold;
use super::limits::FeedLimit;
use super::plain_file::{add_line, put, read, remove, whole_lines};
use super::tally::Tally;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const FILE: &str = "run.jsonl";

/// How a run began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) began_ms: i64,
    /// Versions of the tables then, by name.
    pub(super) versions: BTreeMap<String, u64>,
}

/// Rows of one table and date that are about to go in one commit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Deletion {
    pub(super) table: String,
    pub(super) number: i64,
    pub(super) tally: Tally,
}

/// All rows are gone from the newest versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RowsGone {
    pub(super) at_ms: i64,
    pub(super) limits: Vec<FeedLimit>,
    pub(super) holds: Vec<Hold>,
    /// Rows that are held, by table.
    pub(super) held: BTreeMap<String, Tally>,
    /// The newest date that may have held deleted rows; empty without a limit.
    pub(super) newest_date: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Begun(Begun),
    Deletion(Deletion),
    RowsGone(RowsGone),
    /// Files that are about to be removed, below the folder of a table.
    Files(String, BTreeSet<String>),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    begun: Begun,
    /// By table and number.
    deletions: BTreeMap<(String, i64), Tally>,
    rows_gone: Option<RowsGone>,
    files: BTreeMap<String, BTreeSet<String>>,
}

impl Journal {
    /// The notes of the run that is unfinished, if one is.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE);
        let text = read(&path)?;
        let mut journal: Option<Self> = None;
        for line in whole_lines(&text) {
            let damaged = || Error::Damaged {
                path: path.clone(),
                wrong: format!("has the line '{line}', which is no note of a run"),
                remedy: "restore it from a copy, or remove it: the certificate will lack what was deleted before",
            };
            let line = serde_json::from_str(line).map_err(|_| damaged())?;
            match (&mut journal, line) {
                (None, Line::Begun(begun)) => journal = Some(Self::new(path.clone(), begun)),
                (Some(journal), line) => journal.take(line),
                (None, _) => return Err(damaged()),
            }
        }
        Ok(journal)
    }

    /// Notes that a run begins.
    pub(super) fn begin(folder: &Path, begun: Begun) -> Result<Self, Error> {
        let path = folder.join(FILE);
        put(&path, format!("{}\n", text_of(&Line::Begun(begun.clone()))).as_bytes())?;
        Ok(Self::new(path, begun))
    }

    fn new(path: PathBuf, begun: Begun) -> Self {
        Self { path, begun, deletions: BTreeMap::new(), rows_gone: None, files: BTreeMap::new() }
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Begun(begun) => self.begun = begun,
            Line::Deletion(Deletion { table, number, tally }) => _ = self.deletions.insert((table, number), tally),
            Line::RowsGone(rows_gone) => self.rows_gone = Some(rows_gone),
            Line::Files(table, files) => self.files.entry(table).or_default().extend(files),
        }
    }

    fn note(&mut self, line: Line) -> Result<(), Error> {
        add_line(&self.path, &text_of(&line))?;
        self.take(line);
        Ok(())
    }

    /// Notes a deletion; it may be committed when this returns.
    pub(super) fn note_deletion(&mut self, deletion: Deletion) -> Result<(), Error> {
        self.note(Line::Deletion(deletion))
    }

    /// Notes that no row is left to delete.
    pub(super) fn note_rows_gone(&mut self, rows_gone: RowsGone) -> Result<(), Error> {
        self.note(Line::RowsGone(rows_gone))
    }

    /// Notes files of a table; they may be removed when this returns.
    pub(super) fn note_files(&mut self, table: &str, files: BTreeSet<String>) -> Result<(), Error> {
        if self.files_of(table).is_some_and(|noted| files.is_subset(noted)) {
            return Ok(());
        }
        self.note(Line::Files(table.to_owned(), files))
    }

    pub(super) const fn begun(&self) -> &Begun {
        &self.begun
    }

    pub(super) const fn rows_gone(&self) -> Option<&RowsGone> {
        self.rows_gone.as_ref()
    }

    /// The deletions of a table that were noted, by number.
    pub(super) fn deletions_of<'a>(&'a self, table: &'a str) -> impl Iterator<Item = (i64, &'a Tally)> {
        self.deletions.iter().filter(move |((of, _), _)| of == table).map(|((_, number), tally)| (*number, tally))
    }

    /// The files of a table that were noted.
    pub(super) fn files_of(&self, table: &str) -> Option<&BTreeSet<String>> {
        self.files.get(table)
    }

    /// Forgets the run, which is on file.
    pub(super) fn end(self) -> Result<(), Error> {
        remove(&self.path)
    }
}

fn text_of(line: &Line) -> String {
    serde_json::to_string(line).expect("a note has text keys and plain values")
}
