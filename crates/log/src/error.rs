//! What can go wrong with a log, and what to do about it.

use crate::ring::NoReaders;
use std::io;
use std::path::{Path, PathBuf};

/// Why a log cannot be opened, read or written. After an error of a write the log must not be used any more.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Every role has stopped.
    #[error("the log has no reader left: every role has stopped")]
    NoRole(#[from] NoReaders),
    /// The disk failed. Nothing that was not acknowledged before is known to be stored, and nothing is tried again.
    #[error("cannot {action} {}: {source}; check the disk, then start again: what was acknowledged is recovered", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier write failed; see [`LogError::Disk`].
    #[error("the log is closed because a write to {} failed before; start the process again", folder.display())]
    Poisoned {
        /// The log's folder.
        folder: PathBuf,
    },
    /// There is no room for another segment.
    #[error("the log in {} is full: {why}", folder.display())]
    Full {
        /// The log's folder.
        folder: PathBuf,
        /// Which bound was reached, and what to do.
        why: String,
    },
    /// One record does not fit in a segment.
    #[error("a record of {bytes} bytes does not fit in a segment of {segment_bytes}; send smaller requests")]
    TooLarge {
        /// The record's size.
        bytes: usize,
        /// The segment's size.
        segment_bytes: u64,
    },
    /// Written by a newer version of Vigie.
    #[error(
        "{} has log format {found}, this binary reads {supported}; use the newer Vigie that wrote it, or another data folder",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format this binary reads.
        supported: u32,
    },
    /// Written by an older version of Vigie.
    #[error(
        "{} has log format {found}, this binary reads {supported}; use the older Vigie that wrote it, or another data folder",
        path.display()
    )]
    OlderFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format this binary reads.
        supported: u32,
    },
    /// Judged by rules that mean something else than this binary's.
    #[error(
        "the log in {} was judged by engine semantics {found}, this binary has {supported}; use the Vigie that wrote it, or another data folder",
        folder.display()
    )]
    OtherSemantics {
        /// The log's folder.
        folder: PathBuf,
        /// The semantics recorded.
        found: u32,
        /// Those of this binary.
        supported: u32,
    },
    /// A file of the log is not what the log wrote, and there is no way to go on behind the damage.
    #[error("{} is damaged: {what}; `vigie verify` shows all damage. Restore the log folder from a copy, or move it away: history keeps what it has committed", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The folder holds another log.
    #[error("{} holds the log {found}, not {expected}; choose another data folder", folder.display())]
    Foreign {
        /// The log's folder.
        folder: PathBuf,
        /// The log found.
        found: String,
        /// The log looked for.
        expected: String,
    },
}

impl LogError {
    pub(crate) fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Disk { action, path, source }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}
