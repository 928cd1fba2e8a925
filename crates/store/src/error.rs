//! The error of this crate's writing side: what went wrong with history on disk, and what to do about it.
//!
//! Queries have an error of their own, [`vigie_model::doors::QueryError`], because callers treat a refused statement
//! and a broken disk differently.

use std::path::{Path, PathBuf};

/// Why history cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder cannot be made or is no folder.
    #[error("cannot use {} as the history folder; check that it is a writable folder", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no history yet; only a writer creates it.
    #[error("there is no history in {}; run `vigie replay`, `vigie serve` or `vigie demo` with this data folder first", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// Written by a newer version of Vigie.
    #[error(
        "table {} has format version {found}, this binary reads up to {supported}; use the newer Vigie that wrote it, or another data folder",
        path.display()
    )]
    NewerFormat {
        /// The table's folder.
        path: PathBuf,
        /// The version found.
        found: u32,
        /// The newest version this binary reads.
        supported: u32,
    },
    /// A Delta table that Vigie did not write, or not like this.
    #[error("table {} is not a history table of Vigie: {reason}; move it away and start again", path.display())]
    Foreign {
        /// The table's folder.
        path: PathBuf,
        /// What is missing or different.
        reason: String,
    },
    /// A file of history is not what was written.
    #[error("history is damaged: {} {wrong}; {remedy}", path.display())]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, as what follows its name in a sentence.
        wrong: String,
        /// What to do.
        remedy: &'static str,
    },
    /// An fsync failed; what the disk holds is unknown, and nothing is written any more.
    #[error("history is no longer written: {reason}; check the disk and restart the process")]
    Poisoned {
        /// Which fsync, and what the system said.
        reason: String,
    },
    /// A Delta operation failed.
    #[error(
        "cannot {action} table {}; check space and permissions of the disk, and run `vigie verify` to look for damage",
        path.display()
    )]
    Delta {
        /// What was tried: `open`, `commit to`.
        action: &'static str,
        /// The table's folder.
        path: PathBuf,
        /// What Delta said.
        source: Box<deltalake::DeltaTableError>,
    },
    /// Other writers kept winning.
    #[error("table {} changed under every one of {attempts} attempts to commit; is another Vigie writing here?", path.display())]
    Contended {
        /// The table's folder.
        path: PathBuf,
        /// Attempts made.
        attempts: u32,
    },
    /// A stored row is none that Vigie wrote.
    #[error("history cannot be judged: {reason}; run `vigie verify` to look for damage")]
    Row {
        /// What is wrong, and where.
        reason: String,
    },
    /// More rows than fit in memory at once.
    #[error("history has more than {max} {what}; choose fewer with --from and --to")]
    TooMany {
        /// Rows of what.
        what: &'static str,
        /// The most that are read.
        max: usize,
    },
    /// A day has more rows than an import compares.
    #[error(
        "the UTC day {date} has more than {max} rows, which is more than an import compares; leave that day out of it"
    )]
    DayTooLarge {
        /// The day.
        date: String,
        /// The most rows that are compared.
        max: usize,
    },
    /// A file of plain rows cannot be written.
    #[error("cannot write {}; check the folder, and space and permissions of the disk", path.display())]
    Flat {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        source: deltalake::parquet::errors::ParquetError,
    },
    /// A file of retention (holds, the notes of a run, a certificate) cannot be read or written.
    #[error("cannot {action} {}; check space and permissions of the disk; until then retention deletes nothing", path.display())]
    Retention {
        /// What was tried: `read`, `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A run of retention does not begin by itself.
    #[error(
        "the last run of retention began at {last} and the clock shows {now}, so either may be wrong, and nothing is deleted; if the \
         clock is right, stop the server and use `vigie retention run`, with --dry-run first"
    )]
    RetentionAlone {
        /// When the last run began.
        last: String,
        /// What the clock shows.
        now: String,
    },
    /// A hold that cannot be made or released like this.
    #[error("{reason}")]
    Hold {
        /// Why, and what to do.
        reason: String,
    },
    /// The audit log cannot be written.
    #[error(
        "the audit log cannot be written, and without its entry nothing is confirmed; mend it and repeat the command"
    )]
    Audit(#[from] vigie_model::audit::AuditError),
    /// A query over the tables failed.
    #[error("cannot read history")]
    Query(#[from] datafusion::error::DataFusionError),
    /// Columns do not fit together: a bug of ours or a foreign table.
    #[error("cannot build history rows")]
    Arrow(#[from] arrow::error::ArrowError),
}

impl Error {
    pub(crate) fn delta(action: &'static str, path: &Path, source: deltalake::DeltaTableError) -> Self {
        Self::Delta { action, path: path.to_owned(), source: Box::new(source) }
    }
}
