//! The newest log time that history holds, from which a demo goes on.

use super::source::RowSource;
use crate::error::Error;
use crate::schema::table::{CENTRE, PARTITION, Table};
use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::prelude::{SessionContext, col, lit};
use vigie_model::position::BACKFILL_PARTITION;

/// The tables whose log time is the log's own clock.
const CLOCKED: [Table; 4] = [Table::Observations, Table::Incidents, Table::Perceptions, Table::Alerts];

/// The newest log time of the committed rows that a log of a centre had, in epoch milliseconds; `None` when there are none.
///
/// Cost: reads one column of every file that Delta's statistics cannot rule out.
///
/// # Errors
/// When history cannot be read.
pub async fn log_time_max_ms(source: &dyn RowSource, centre: &str) -> Result<Option<i64>, Error> {
    let session = SessionContext::new();
    source.attach(&session.state()).map_err(datafusion::error::DataFusionError::from)?;
    let mut newest = None;
    let of_log = col(CENTRE).eq(lit(centre)).and(col(PARTITION).lt(lit(i32::from(BACKFILL_PARTITION))));
    for table in CLOCKED {
        let rows = session.read_table(source.capture(table).committed)?.filter(of_log.clone())?;
        for batch in rows.aggregate(vec![], vec![max(col("log_time"))])?.collect().await? {
            let values = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            newest = newest.max(values.iter().flatten().max());
        }
    }
    Ok(newest.map(|micros| micros.div_euclid(1_000)))
}
