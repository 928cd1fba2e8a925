//! What reads the committed rows of a table, and leaves out of a scan what the notes on its files have decided.
//!
//! Each query of a caller names the caller's centre, and nearly every folder has the rows of one centre alone. Where all
//! files note that, the scan is not asked to look: it reads no row of the column, and counts rows without opening a file.
//!
//! **Invariant**: a condition is left out only when every file of the version notes that all of its rows meet it. A file that
//! notes nothing, as those of earlier builds, decides nothing.

use crate::error::Error;
use crate::schema::table::CENTRE;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use deltalake::DeltaTable;
use deltalake::table::state::DeltaTableState;
use serde_json::Value;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// What reads the newest version of a table at `path` that is known.
///
/// # Errors
/// When the table is not loaded.
pub(crate) async fn provider(delta: &DeltaTable, path: &Path) -> Result<Arc<dyn TableProvider>, Error> {
    let state = delta.snapshot().map_err(|source| Error::delta("open", path, source))?.clone();
    Ok(Arc::new(Noted { rows: delta.table_provider().await?, state, centre: OnceLock::new() }))
}

/// A version of a table, and the centre that all of its rows are of, once somebody has asked.
#[derive(Debug)]
struct Noted {
    rows: Arc<dyn TableProvider>,
    state: DeltaTableState,
    centre: OnceLock<Option<String>>,
}

impl Noted {
    /// Whether all rows meet a condition. The first time: reads the notes on all files.
    fn decides(&self, condition: &Expr) -> bool {
        let Some(asked) = centre_asked_for(condition) else { return false };
        self.centre.get_or_init(|| only_centre(&self.state)).as_deref() == Some(asked)
    }
}

#[async_trait]
impl TableProvider for Noted {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    fn table_type(&self) -> TableType {
        self.rows.table_type()
    }

    fn supports_filters_pushdown(
        &self,
        conditions: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        let mut supported = self.rows.supports_filters_pushdown(conditions)?;
        for (condition, support) in conditions.iter().zip(&mut supported) {
            if self.decides(condition) {
                *support = TableProviderFilterPushDown::Exact;
            }
        }
        Ok(supported)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.rows.statistics()
    }

    async fn scan(
        &self,
        session: &dyn Session,
        columns: Option<&Vec<usize>>,
        conditions: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let open: Vec<Expr> = conditions.iter().filter(|condition| !self.decides(condition)).cloned().collect();
        self.rows.scan(session, columns, &open, limit).await
    }
}

/// The centre of a condition `centre = 'x'`.
fn centre_asked_for(condition: &Expr) -> Option<&str> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition else { return None };
    let (Expr::Column(column), Expr::Literal(value, _)) = (&**left, &**right) else { return None };
    value.try_as_str().flatten().filter(|_| column.name == CENTRE)
}

fn only_centre(state: &DeltaTableState) -> Option<String> {
    let mut only = None;
    for file in state.log_data().iter() {
        let centre = centre_in(&file.stats()?)?;
        if *only.get_or_insert_with(|| centre.clone()) != centre {
            return None;
        }
    }
    only
}

/// The centre of all rows of a file, if its notes say so.
fn centre_in(notes: &str) -> Option<String> {
    let notes: Value = serde_json::from_str(notes).ok()?;
    let [smallest, largest] = ["minValues", "maxValues"].map(|bound| notes[bound][CENTRE].as_str());
    // Long texts are noted shortened, the largest so that it lies above all others: then the two differ.
    (smallest == largest && notes["nullCount"][CENTRE] == 0).then(|| smallest.map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{col, lit};
    use serde_json::json;

    #[test]
    fn only_notes_that_leave_no_doubt_decide() {
        let notes = |min: Value, max: Value, nulls: Value| {
            json!({"minValues": {CENTRE: min}, "maxValues": {CENTRE: max}, "nullCount": {CENTRE: nulls}}).to_string()
        };
        assert_eq!(centre_in(&notes("a".into(), "a".into(), 0.into())).as_deref(), Some("a"));
        for undecided in [
            notes("a".into(), "b".into(), 0.into()),
            notes("a".into(), "a".into(), 1.into()),
            notes("a".into(), "a".into(), Value::Null),
            notes(Value::Null, Value::Null, 0.into()),
            // As files of earlier builds, and no notes at all.
            json!({"numRecords": 3, "minValues": {"space": "a"}, "nullCount": {"space": 0}}).to_string(),
            String::new(),
        ] {
            assert_eq!(centre_in(&undecided), None, "{undecided}");
        }
    }

    #[test]
    fn a_condition_is_on_the_centre_alone() {
        assert_eq!(centre_asked_for(&col(CENTRE).eq(lit("a"))), Some("a"));
        let or = col(CENTRE).eq(lit("a")).or(col("space").eq(lit("b")));
        for other in [col("space").eq(lit("a")), col(CENTRE).not_eq(lit("a")), col(CENTRE).eq(col("space")), or] {
            assert_eq!(centre_asked_for(&other), None, "{other}");
        }
    }
}
