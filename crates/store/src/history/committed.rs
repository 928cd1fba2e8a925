//! The committed side of one table: its Delta table, which flushes and upkeep change in turn, and the version that queries see.

use super::source::Published;
use crate::delta::change::{Change, Deleted};
use crate::delta::commit::DeltaHistory;
use crate::delta::files::{DataFile, data_files};
use crate::error::Error;
use crate::positions::Positions;
use crate::schema::table::Table;
use deltalake::kernel::Add;
use deltalake::logstore::LogStoreRef;
use deltalake::table::state::DeltaTableState;
use std::collections::HashSet;
use std::sync::{Arc, RwLock};
use tokio::sync::{Mutex, MutexGuard};

/// See the module.
pub(crate) struct Committed {
    table: Table,
    /// Held during a commit. A tokio mutex: its owner waits for the disk.
    delta: Mutex<DeltaHistory>,
    published: RwLock<Arc<Published>>,
    log_store: LogStoreRef,
}

impl Committed {
    /// Shows the version of `delta`, which is of `table`.
    ///
    /// # Errors
    /// When the table is not loaded.
    pub(crate) async fn new(table: Table, delta: DeltaHistory) -> Result<Self, Error> {
        let (log_store, published) = (delta.log_store(), RwLock::new(Arc::new(published(&delta).await?)));
        Ok(Self { table, delta: Mutex::new(delta), published, log_store })
    }

    /// Whose rows these are.
    pub(crate) const fn table(&self) -> Table {
        self.table
    }

    /// Where the files are.
    pub(crate) const fn log_store(&self) -> &LogStoreRef {
        &self.log_store
    }

    /// What queries see.
    pub(crate) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published.read().expect("no holder of a published version panics"))
    }

    /// The table, once it is one's turn.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, DeltaHistory> {
        self.delta.lock().await
    }

    /// Shows the version of `delta` to queries from now on; returns its positions.
    ///
    /// # Errors
    /// When the table is not loaded.
    pub(crate) async fn publish(&self, delta: &DeltaHistory) -> Result<Positions, Error> {
        let published = published(delta).await?;
        let positions = published.positions.clone();
        *self.published.write().expect("no holder of a published version panics") = Arc::new(published);
        Ok(positions)
    }

    /// The data files of the newest version.
    ///
    /// # Errors
    /// When the table is not loaded.
    pub(crate) async fn data_files(&self) -> Result<Vec<DataFile>, Error> {
        Ok(data_files(self.turn().await.state()?))
    }

    /// The newest version.
    ///
    /// # Errors
    /// When the table is not loaded.
    pub(crate) async fn state(&self) -> Result<DeltaTableState, Error> {
        self.turn().await.state().cloned()
    }

    /// What deletions have recorded in the newest version.
    ///
    /// # Errors
    /// When the log of the table cannot be read.
    pub(crate) async fn deleted(&self) -> Result<Deleted, Error> {
        self.turn().await.deleted().await
    }

    /// Puts files in place of others; queries that begin from now on read them. Returns whether it did: not when one of the
    /// others has left the table.
    ///
    /// # Errors
    /// When the disk fails or other writers keep winning; the table has the others, then.
    pub(crate) async fn replace(&self, others: &HashSet<String>, files: &[Add], change: Change) -> Result<bool, Error> {
        let mut delta = self.turn().await;
        let positions = delta.positions().clone();
        let is_replaced = delta.replace(others, files, change).await?;
        // With other positions, rows that are hot may be stored: then the next flush publishes, and trims them.
        if is_replaced && *delta.positions() == positions {
            self.publish(&delta).await?;
        }
        Ok(is_replaced)
    }
}

async fn published(delta: &DeltaHistory) -> Result<Published, Error> {
    Ok(Published { provider: delta.provider().await?, positions: delta.positions().clone() })
}
