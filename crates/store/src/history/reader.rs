//! History without a writer: the committed rows of a folder, as `vigie sql` reads them beside no server.

use super::source::{Captured, RowSource, attach_all};
use crate::delta::open::{open, survey, table_path};
use crate::delta::provider::provider;
use crate::error::Error;
use crate::schema::table::Table;
use datafusion::catalog::{Session, TableProvider};
use deltalake::logstore::LogStoreRef;
use std::path::Path;
use std::sync::Arc;

/// The committed rows at the instant of opening.
pub struct HistoryReader {
    /// In the order of [`Table::ALL`].
    tables: Vec<(Arc<dyn TableProvider>, LogStoreRef)>,
}

impl HistoryReader {
    /// Opens the tables in `root`, the folder `DATA/history`.
    ///
    /// # Errors
    /// When there is no history, it is damaged, or a table is foreign or of a newer format.
    pub async fn open(root: &Path) -> Result<Self, Error> {
        let mut tables = Vec::new();
        if survey(root)?.iter().any(Option::is_none) {
            return Err(Error::Missing { path: root.to_owned() });
        }
        for table in Table::ALL {
            let delta = open(root, table).await?;
            tables.push((provider(&delta, &table_path(root, table)).await?, delta.log_store()));
        }
        Ok(Self { tables })
    }
}

impl RowSource for HistoryReader {
    fn capture(&self, table: Table) -> Captured {
        Captured { table, committed: Arc::clone(&self.tables[table as usize].0), hot: Vec::new() }
    }

    fn attach(&self, session: &dyn Session) -> Result<(), deltalake::DeltaTableError> {
        attach_all(self.tables.iter().map(|(_, log_store)| log_store), session)
    }
}
