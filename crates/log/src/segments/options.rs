//! How the embedded log is kept, and what opening it found.

use std::ops::Range;
use std::path::PathBuf;
use vigie_failpoints::point::number;

/// The length of a segment by default.
pub const SEGMENT_BYTES: u64 = 64 << 20;
/// The size of a log by default.
pub const LOG_BYTES_MAX: u64 = 10 << 30;
/// How the embedded log is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// Its folder: `DATA/log`. The parent exists.
    pub folder: PathBuf,
    /// Length of a segment; a commit is never longer.
    pub segment_bytes: u64,
    /// Bytes of all segments at most.
    pub bytes_max: u64,
    /// Sequence of the first record that this start needs: of segments before it, only the headers are read.
    pub needed_from: u64,
}

impl LogOptions {
    /// The defaults for a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let segment_bytes = number("log.segment_bytes").unwrap_or(SEGMENT_BYTES);
        Self { folder: folder.into(), segment_bytes, bytes_max: LOG_BYTES_MAX, needed_from: 0 }
    }
}

/// What opening a log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Sequence of the next record; 0 for a new log.
    pub next_sequence: u64,
    /// Sequence of the first record that is there; 0 for a new log.
    pub first_sequence: u64,
    /// Number of segments.
    pub segments: usize,
    /// The end of a commit nobody was answered for, which was cut off.
    pub cut: Option<Cut>,
    /// Damage elsewhere: acknowledged records are lost, and people must know.
    pub holes: Vec<Quarantined>,
}

/// A torn end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The segment.
    pub segment: PathBuf,
    /// Where the cut is.
    pub at: u64,
    /// Bytes cut off, up to the last that was not zero.
    pub bytes: u64,
}

/// Records that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The segment; of several missing ones, where the first would be.
    pub segment: PathBuf,
    /// The damaged bytes in it.
    pub bytes: Range<u64>,
    /// The sequences of the records lost.
    pub sequences: Range<u64>,
    /// Where the damaged bytes were copied to.
    pub kept: PathBuf,
}
