//! The bounds of a query; each has a name that the error of a query running into it repeats.

use std::time::Duration;
use vigie_model::doors::{AnswerBounds, QueryError};

/// What one query, and all queries together, may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlLimits {
    /// Longest statement, in bytes.
    pub statement_bytes_max: usize,
    /// Longest statement, in words and signs. It bounds the depth of the statement's tree, which is walked and freed by
    /// recursion: `1+1+...` is one level deeper with every sign.
    pub statement_tokens_max: usize,
    /// Longest time of work, waiting for a free slot included, but not waiting for the reader.
    pub timeout: Duration,
    /// Longest wait for the reader to take a part of the answer.
    pub reader_wait_max: Duration,
    /// Longest time from asking to the last row, everything included.
    pub answer_time_max: Duration,
    /// Memory of all running queries together, in bytes: sorts, joins, groups.
    pub memory_bytes_max: usize,
    /// Rows of an answer, unless who asks sets another bound.
    pub answer_rows_default: u64,
    /// Bytes of an answer's columns in memory, and of its text, unless who asks sets another bound.
    pub answer_bytes_default: u64,
    /// The highest bound of rows that may be set. A table for people is built whole, and keeps the default.
    pub answer_rows_max: u64,
    /// The highest bound of bytes that may be set, likewise.
    pub answer_bytes_max: u64,
    /// Bytes of a part of an answer, counted in its columns: what is in memory of a streamed answer is a few of them.
    pub part_bytes_max: usize,
    /// Queries running at once; others wait.
    pub queries_max: usize,
    /// Queries waiting; further ones are refused.
    pub waiting_max: usize,
    /// Threads that run queries.
    pub threads: usize,
}

impl Default for SqlLimits {
    /// For one machine shared with intake and rules: answers a person can read or a notebook can hold, unless more is
    /// asked for, and never more than a quarter of a GiB or two threads taken from the control room.
    fn default() -> Self {
        Self {
            statement_bytes_max: 64 << 10,
            statement_tokens_max: 2_000,
            timeout: Duration::from_secs(30),
            reader_wait_max: Duration::from_secs(30),
            answer_time_max: Duration::from_secs(600),
            memory_bytes_max: 256 << 20,
            answer_rows_default: 100_000,
            answer_bytes_default: 64 << 20,
            answer_rows_max: 50_000_000,
            answer_bytes_max: 4_000_000_000,
            part_bytes_max: 256 << 10,
            queries_max: 4,
            waiting_max: 64,
            threads: 2,
        }
    }
}

impl SqlLimits {
    /// The bounds of one answer.
    ///
    /// # Errors
    /// When a bound that was asked for is higher than it may be.
    pub(crate) fn bounds(&self, asked: AnswerBounds, is_table: bool) -> Result<Bounds, QueryError> {
        let highest = |highest, default| if is_table { default } else { highest };
        let rows_highest = highest(self.answer_rows_max, self.answer_rows_default);
        let bytes_highest = highest(self.answer_bytes_max, self.answer_bytes_default);
        Ok(Bounds {
            rows: bound("rows_max", asked.rows_max, self.answer_rows_default, rows_highest)?,
            bytes: bound("bytes_max", asked.bytes_max, self.answer_bytes_default, bytes_highest)?,
        })
    }

    /// The highest bounds of a streamed answer, or those that were asked for where they are lower.
    pub(crate) fn bounds_unless(&self, asked: AnswerBounds) -> Bounds {
        let lower = |asked: Option<u64>, highest: u64| asked.map_or(highest, |asked| asked.min(highest));
        Bounds {
            rows: lower(asked.rows_max, self.answer_rows_max),
            bytes: lower(asked.bytes_max, self.answer_bytes_max),
        }
    }
}

/// How large one answer may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

fn bound(name: &str, asked: Option<u64>, default: u64, highest: u64) -> Result<u64, QueryError> {
    let bound = asked.unwrap_or(default);
    if bound > highest {
        return Err(QueryError::Refused(format!("{name} is {bound}, and at most {highest} for this format")));
    }
    Ok(bound)
}
