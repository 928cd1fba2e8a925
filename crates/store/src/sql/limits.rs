//! The bounds of a query; each has a name that the error of a query running into it repeats.

use std::time::Duration;

/// What one query, and all queries together, may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlLimits {
    /// Longest statement, in bytes.
    pub statement_bytes_max: usize,
    /// Longest statement, in words and signs. It bounds the depth of the statement's tree, which is walked and freed by
    /// recursion: `1+1+...` is one level deeper with every sign.
    pub statement_tokens_max: usize,
    /// Longest time from asking to the answer, waiting for a free slot included.
    pub timeout: Duration,
    /// Memory of all running queries together, in bytes: sorts, joins, groups.
    pub memory_bytes_max: usize,
    /// Rows of an answer.
    pub answer_rows_max: usize,
    /// Bytes of an answer's columns in memory, and of its text.
    pub answer_bytes_max: usize,
    /// Queries running at once; others wait.
    pub queries_max: usize,
    /// Threads that run queries.
    pub threads: usize,
}

impl Default for SqlLimits {
    /// For one machine shared with intake and rules: answers a person can read or a notebook can hold, and never more
    /// than a quarter of a GiB or two threads taken from the control room.
    fn default() -> Self {
        Self {
            statement_bytes_max: 64 << 10,
            statement_tokens_max: 2_000,
            timeout: Duration::from_secs(30),
            memory_bytes_max: 256 << 20,
            answer_rows_max: 100_000,
            answer_bytes_max: 64 << 20,
            queries_max: 4,
            threads: 2,
        }
    }
}
