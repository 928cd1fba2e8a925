//! How history is kept, and how it is doing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use vigie_failpoints::point::number;
use vigie_model::position::{BACKFILL_PARTITION, LogId, PARTITIONS_DEFAULT, PartitionIx};

/// Hot rows after which a caller has to wait; at some 150 bytes a row about 30 MB.
pub const ROWS_HOT_MAX: usize = 200_000;
/// Hot rows after which a flush starts at once: files of this size compress well and are quickly written.
pub const ROWS_PER_FLUSH: usize = 20_000;
/// Age of a hot row after which it is flushed; short enough to lose little, long enough to make few small files.
pub const FLUSH_INTERVAL: Duration = Duration::from_secs(5);

/// Commits of a table between checkpoints. A table slows down with every commit since its checkpoint (11 ms to 209 ms at
/// 490 when measured), so it is checkpointed and loaded afresh well before.
pub const COMMITS_PER_CHECKPOINT: u64 = 50;

/// How history is kept.
#[derive(Clone, Debug)]
pub struct HistoryOptions {
    /// The folder of the tables: `DATA/history`.
    pub root: PathBuf,
    /// The centre in every row.
    pub centre: Arc<str>,
    /// Identity of the log whose records are taken; positions of different logs never compare.
    pub log_id: LogId,
    /// The first partition of that log: 0, but for imports, whose rows all have [`BACKFILL_PARTITION`].
    pub first_partition: PartitionIx,
    /// Partitions of that log.
    pub partitions: PartitionIx,
    /// Hot rows, over all tables, from which on taking is refused until a flush makes room.
    pub rows_hot_max: usize,
    /// Hot rows, over all tables, from which on the flusher does not wait for its interval.
    pub rows_per_flush: usize,
    /// How often the flusher commits hot rows.
    pub flush_interval: Duration,
    /// Commits of a table between checkpoints.
    pub commits_per_checkpoint: u64,
}

impl HistoryOptions {
    /// For rows of archives, instead of those of a log.
    #[must_use]
    pub fn for_backfill(self) -> Self {
        Self { first_partition: BACKFILL_PARTITION, partitions: 1, ..self }
    }

    /// The defaults for a folder, a centre and a log.
    pub fn new(root: impl Into<PathBuf>, centre: impl Into<Arc<str>>, log_id: impl Into<LogId>) -> Self {
        Self {
            root: root.into(),
            centre: centre.into(),
            log_id: log_id.into(),
            first_partition: 0,
            partitions: PARTITIONS_DEFAULT,
            rows_hot_max: ROWS_HOT_MAX,
            rows_per_flush: ROWS_PER_FLUSH,
            flush_interval: number("history.flush_ms").map_or(FLUSH_INTERVAL, Duration::from_millis),
            commits_per_checkpoint: number("history.commits_per_checkpoint").unwrap_or(COMMITS_PER_CHECKPOINT),
        }
    }
}

/// How history is doing, for `/readyz` and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryStatus {
    /// Rows taken but not committed yet.
    pub rows_hot: usize,
    /// Rows committed since opening.
    pub rows_committed: u64,
    /// Commits since opening.
    pub commits: u64,
    /// Flushes that failed since the last one that succeeded; 0 means healthy.
    pub failures_in_a_row: u32,
    /// What the last failure said; `None` once a flush succeeded again.
    pub last_error: Option<String>,
    /// Commits since opening that lost to another writer and were written again without what that one had stored; more
    /// than a few mean that two processes write here.
    pub conflicts: u64,
    /// Whether an fsync failed. Nothing is written any more and nothing will be: the process has to end, see
    /// `History::poisoned`.
    pub is_poisoned: bool,
}

/// History holds as many hot rows as it may; nothing was taken. Wait for `History::room`, then take the same record
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("history has no room for more rows until the next flush succeeds")]
pub struct Full;
