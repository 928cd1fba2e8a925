//! What dedup says of a row.

/// What the log does with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Seen for the first time.
    New,
    /// A report seen before that now says something else: kept as another version of it.
    Revision,
    /// Seen before: dropped.
    Duplicate,
    /// It has no identity: kept, and counted.
    Undeduplicated,
}
