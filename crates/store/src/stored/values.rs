//! Good values of some metrics in the order in which they were measured, whenever they arrived.
//!
//! They are read week by week, so that what a sort spills to disk is a week of them and not all there ever were.

use super::columns::{Columns, Texts};
use super::session::{SORT_BYTES_MAX, in_order, rows, session};
use crate::error::Error;
use crate::history::source::RowSource;
use crate::schema::table::{OFFSET, PARTITION, Table};
use arrow::array::{Array, RecordBatch};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::functions_aggregate::expr_fn::min;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, col, lit};
use datafusion::scalar::ScalarValue;
use futures::StreamExt;
use vigie_model::batch::Quality;
use vigie_model::decimal::Decimal;

const COLUMNS: [&str; 9] = ["event_time", "log_time", PARTITION, OFFSET, "space", "sensor", "node", "metric", "value"];
/// By event time; of one instant, in the order of the log.
const ORDER: [&str; 4] = ["event_time", "log_time", PARTITION, OFFSET];

/// A week, in milliseconds.
const WEEK_MS: i64 = 7 * 86_400_000;

/// A stored observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredValue<'a> {
    /// Its space.
    pub space: &'a str,
    /// The sensor, if it has one.
    pub sensor: Option<&'a str>,
    /// The edge node, if it has one.
    pub node: Option<&'a str>,
    /// The metric.
    pub metric: &'a str,
    /// The value in millionths.
    pub micros: i64,
    /// When it was measured.
    pub event_time_ms: i64,
}

/// Values in order, as of the instant of opening.
pub struct StoredValues {
    rows: DataFrame,
    /// The week being read.
    week: Option<SendableRecordBatchStream>,
    /// Whether it had a row.
    has_rows: bool,
    /// Where the next week begins.
    next_ms: i64,
}

impl StoredValues {
    /// The values of a centre measured before `before_ms` whose sources vouch for them.
    ///
    /// # Errors
    /// When history cannot be read.
    pub fn open(source: &dyn RowSource, centre: &str, metrics: &[&str], before_ms: i64) -> Result<Self, Error> {
        Self::open_within(source, centre, metrics, before_ms, SORT_BYTES_MAX)
    }

    /// [`Self::open`], with so much memory to sort in.
    pub(crate) fn open_within(
        source: &dyn RowSource,
        centre: &str,
        metrics: &[&str],
        before_ms: i64,
        sort_bytes: usize,
    ) -> Result<Self, Error> {
        let wanted = col("event_time")
            .lt(instant(before_ms))
            .and(col("quality").eq(lit(Quality::Good.as_str())))
            .and(col("metric").in_list(metrics.iter().map(|metric| lit(*metric)).collect(), false));
        let rows = rows(&session(source, sort_bytes)?, source, (Table::Observations, centre), Some(wanted))?;
        Ok(Self { rows, week: None, has_rows: false, next_ms: i64::MIN / 1000 })
    }

    /// The next values, some thousand at most; none at the end.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn next(&mut self) -> Result<Option<ValueBatch>, Error> {
        loop {
            let batch = match &mut self.week {
                Some(week) => week.next().await,
                None => None,
            };
            if let Some(batch) = batch {
                self.has_rows = true;
                return ValueBatch::of(&batch?).map(Some);
            }
            if !self.has_rows {
                let Some(first_ms) = first_ms(self.rows.clone(), self.next_ms).await? else { return Ok(None) };
                self.next_ms = first_ms;
            }
            let end_ms = self.next_ms.saturating_add(WEEK_MS);
            let inside = col("event_time").gt_eq(instant(self.next_ms)).and(col("event_time").lt(instant(end_ms)));
            self.week = Some(in_order(self.rows.clone().filter(inside)?, &COLUMNS, &ORDER).await?);
            (self.has_rows, self.next_ms) = (false, end_ms);
        }
    }
}

/// When the first of these values from an instant on was measured.
async fn first_ms(rows: DataFrame, from_ms: i64) -> Result<Option<i64>, Error> {
    let later = rows.filter(col("event_time").gt_eq(instant(from_ms)))?;
    let first = later.aggregate(Vec::new(), vec![min(col("event_time")).alias("first")])?.collect().await?;
    let found = first.iter().find(|batch| batch.column(0).null_count() < batch.num_rows());
    found.map(|batch| Ok(Columns(batch).instants_ms("first")?[0])).transpose()
}

/// An instant as the columns of times have it.
fn instant(time_ms: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(time_ms.saturating_mul(1000)), Some("UTC".into())))
}

/// Some values in order.
pub struct ValueBatch {
    spaces: Texts,
    sensors: Texts,
    nodes: Texts,
    metrics: Texts,
    values: Vec<f64>,
    event_times: Vec<i64>,
}

impl ValueBatch {
    fn of(batch: &RecordBatch) -> Result<Self, Error> {
        let columns = Columns(batch);
        Ok(Self {
            spaces: columns.texts("space")?,
            sensors: columns.texts("sensor")?,
            nodes: columns.texts("node")?,
            metrics: columns.texts("metric")?,
            values: columns.doubles("value")?,
            event_times: columns.instants_ms("event_time")?,
        })
    }

    /// The values.
    ///
    /// # Errors
    /// When one is none that Vigie wrote.
    pub fn iter(&self) -> impl Iterator<Item = Result<StoredValue<'_>, Error>> {
        self.values.iter().zip(0..).map(|(value, row)| {
            let micros = Decimal::from_f64(*value).map(Decimal::micros);
            Ok(StoredValue {
                space: self.spaces.text(row),
                sensor: self.sensors.get(row),
                node: self.nodes.get(row),
                metric: self.metrics.text(row),
                micros: micros.ok_or_else(|| Error::Row { reason: format!("value {value} of an observation") })?,
                event_time_ms: self.event_times[row],
            })
        })
    }
}

#[cfg(test)]
mod tests;
