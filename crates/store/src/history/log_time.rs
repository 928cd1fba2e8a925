//! The newest log time that history holds, from which a demo goes on.

use super::source::RowSource;
use crate::error::Error;
use crate::schema::table::{CENTRE, Table};
use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::prelude::{SessionContext, col, lit};

/// The tables whose log time is the log's own clock.
const CLOCKED: [Table; 4] = [Table::Observations, Table::Incidents, Table::Perceptions, Table::Alerts];

/// The newest log time of the committed rows of a centre, in epoch milliseconds; `None` when there are none.
///
/// Cost: reads one column of every file that Delta's statistics cannot rule out.
///
/// # Errors
/// When history cannot be read.
pub async fn log_time_max_ms(source: &dyn RowSource, centre: &str) -> Result<Option<i64>, Error> {
    let session = SessionContext::new();
    source.attach(&session.state()).map_err(datafusion::error::DataFusionError::from)?;
    let mut newest = None;
    for table in CLOCKED {
        let rows = session.read_table(source.capture(table).committed)?.filter(col(CENTRE).eq(lit(centre)))?;
        for batch in rows.aggregate(vec![], vec![max(col("log_time"))])?.collect().await? {
            let values = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            newest = newest.max(values.iter().flatten().max());
        }
    }
    Ok(newest.map(|micros| micros.div_euclid(1_000)))
}
