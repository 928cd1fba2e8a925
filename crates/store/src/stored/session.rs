//! Sorted streams over stored rows.

use crate::error::Error;
use crate::history::source::RowSource;
use crate::schema::table::{CENTRE, Table};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, col, lit};
use std::sync::Arc;

/// Memory of all sorts together, in bytes; beyond it they spill.
pub(crate) const SORT_BYTES_MAX: usize = 256 << 20;
/// The share of the memory set aside for merging what was spilled is one in so many.
const MERGE_SHARE: usize = 8;

/// A session that reads one history and may spill what does not fit in `sort_bytes`.
pub(crate) fn session(source: &dyn RowSource, sort_bytes: usize) -> Result<SessionContext, Error> {
    let environment =
        RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(sort_bytes))).build_arc()?;
    // One thread for each sort, of committed and hot rows together: merging several would take memory that cannot be spilled
    // when it runs out.
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .with_repartition_sorts(false)
        .with_sort_spill_reservation_bytes(sort_bytes / MERGE_SHARE);
    let session = SessionContext::new_with_config_rt(config, environment);
    source.attach(&session.state()).map_err(|source| Error::Query(source.into()))?;
    Ok(session)
}

/// The rows of a centre in a table, some columns, sorted by others.
pub(crate) async fn sorted(
    session: &SessionContext,
    source: &dyn RowSource,
    table: (Table, &str),
    columns: &[&str],
    order: &[&str],
    condition: Option<Expr>,
) -> Result<SendableRecordBatchStream, Error> {
    in_order(rows(session, source, table, condition)?, columns, order).await
}

/// The rows of a centre in a table, as of now.
pub(crate) fn rows(
    session: &SessionContext,
    source: &dyn RowSource,
    (table, centre): (Table, &str),
    condition: Option<Expr>,
) -> Result<DataFrame, Error> {
    let rows = source.capture(table).rows(session)?.filter(col(CENTRE).eq(lit(centre)))?;
    Ok(match condition {
        Some(condition) => rows.filter(condition)?,
        None => rows,
    })
}

/// Some columns of rows, sorted by others.
pub(crate) async fn in_order(
    rows: DataFrame,
    columns: &[&str],
    order: &[&str],
) -> Result<SendableRecordBatchStream, Error> {
    let column = |name: &str| col(format!("\"{name}\""));
    let rows = rows.select(columns.iter().map(|name| column(name)).collect::<Vec<_>>())?;
    let order = order.iter().map(|name| column(name).sort(true, true)).collect();
    Ok(rows.sort(order)?.execute_stream().await?)
}
