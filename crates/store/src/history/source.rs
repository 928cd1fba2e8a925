//! What a query reads: one instant of each table, captured once and then fixed.
//!
//! A reader takes the hot rows **first** and the published version **second**, then drops hot rows below the version's
//! positions. The version is at least as new as anything already trimmed, so nothing is missed; the positions remove
//! what it holds, so nothing is seen twice. A provider that captured while scanning would see two instants in a
//! self-join; hence the capture happens once per query, before planning.

use crate::positions::Positions;
use crate::schema::table::Table;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, SessionContext, lit};
use datafusion::scalar::ScalarValue;
use deltalake::DeltaTable;
use deltalake::logstore::LogStoreRef;
use std::sync::Arc;

/// A committed version of a table. Provider and positions always travel together.
#[derive(Clone)]
pub(crate) struct Published {
    /// Reads the committed rows.
    pub(crate) provider: Arc<dyn TableProvider>,
    /// What they hold.
    pub(crate) positions: Positions,
}

/// One table at one instant. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Captured {
    /// Which it is.
    pub(crate) table: Table,
    /// Reads the committed rows.
    pub(crate) committed: Arc<dyn TableProvider>,
    /// The rows not committed yet, in the schema of `committed`.
    pub(crate) hot: Vec<RecordBatch>,
}

impl Captured {
    /// The columns a query sees.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.committed.schema()
    }

    /// Its rows, committed and hot.
    ///
    /// # Errors
    /// When they cannot be planned, which means that committed and hot rows differ in type.
    pub(crate) fn rows(self, session: &SessionContext) -> Result<DataFrame, DataFusionError> {
        let Self { table, committed, hot } = self;
        let mut rows = session.read_table(committed)?;
        // Tables of an earlier version lack columns that came later; such a table has no hot rows.
        for column in table.columns() {
            if rows.schema().field_with_unqualified_name(column.name).is_err() {
                rows = rows.with_column(column.name, lit(ScalarValue::try_from(&column.kind.arrow())?))?;
            }
        }
        if hot.is_empty() {
            return Ok(rows);
        }
        rows.union(session.read_batches(hot)?)
    }
}

/// Where queries get their rows.
pub trait RowSource: Send + Sync {
    /// The table as of now. Cost: all hot rows are made into the columns that queries see.
    fn capture(&self, table: Table) -> Captured;

    /// Makes the files of the tables readable in a session and all sessions sharing its runtime environment.
    ///
    /// # Errors
    /// When Delta cannot register its store.
    fn attach(&self, session: &dyn Session) -> Result<(), deltalake::DeltaTableError>;
}

/// Registers the stores of several tables, see [`RowSource::attach`].
pub(crate) fn attach_all<'a>(
    stores: impl IntoIterator<Item = &'a LogStoreRef>,
    session: &dyn Session,
) -> Result<(), deltalake::DeltaTableError> {
    stores.into_iter().try_for_each(|store| DeltaTable::new(Arc::clone(store)).update_datafusion_session(session))
}
