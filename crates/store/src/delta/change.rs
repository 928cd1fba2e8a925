//! What a commit that puts files in place of others does to the rows of a table, and the counters that deletions leave in it.
//!
//! Upkeep keeps all rows; retention deletes some. Each deletion raises two application transactions of the table, in its own commit:
//! the number of deletions, by which a run that was cut short learns whether its last commit landed, and the number of rows of
//! the log that were deleted, by which `verify` tells rows that were deleted from rows that are lost.

use crate::schema::table::Table;
use deltalake::kernel::Transaction;
use deltalake::protocol::DeltaOperation;

/// What becomes of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The new files have the rows of the others.
    None,
    /// They lack some; the counters stand like this once they do.
    Deletion(Deleted),
}

/// The counters of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// Commits that deleted rows.
    pub(crate) commits: i64,
    /// Rows of logs that they deleted; rows of archives are in no log and do not count.
    pub(crate) log_rows: i64,
}

impl Change {
    /// Whether readers of changes should hear of it.
    pub(super) const fn changes_rows(self) -> bool {
        matches!(self, Self::Deletion(_))
    }

    /// What the commit records besides files.
    pub(super) fn transactions(self, table: Table) -> Vec<Transaction> {
        match self {
            Self::None => Vec::new(),
            Self::Deletion(after) => vec![
                Transaction::new(commits_id(table), after.commits),
                Transaction::new(log_rows_id(table), after.log_rows),
            ],
        }
    }

    /// What the commit calls itself.
    pub(super) const fn operation(self) -> DeltaOperation {
        match self {
            Self::None => DeltaOperation::Optimize { predicate: None, target_size: 0 },
            Self::Deletion(_) => DeltaOperation::Delete { predicate: None },
        }
    }
}

/// The application id of [`Deleted::commits`].
pub(super) fn commits_id(table: Table) -> String {
    format!("retention:{}:commits", table.name())
}

/// The application id of [`Deleted::log_rows`].
pub(crate) fn log_rows_id(table: Table) -> String {
    format!("retention:{}:rows", table.name())
}
