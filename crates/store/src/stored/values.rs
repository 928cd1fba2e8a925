//! Good values of some metrics in the order in which they were measured, whenever they arrived.

use super::columns::{Columns, Texts};
use super::session::{SORT_BYTES_MAX, session, sorted};
use crate::error::Error;
use crate::history::source::RowSource;
use crate::schema::table::{OFFSET, PARTITION, Table};
use arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{col, lit};
use datafusion::scalar::ScalarValue;
use futures::StreamExt;
use vigie_model::batch::Quality;
use vigie_model::decimal::Decimal;

const COLUMNS: [&str; 9] = ["event_time", "log_time", PARTITION, OFFSET, "space", "sensor", "node", "metric", "value"];
/// By event time; of one instant, in the order of the log.
const ORDER: [&str; 4] = ["event_time", "log_time", PARTITION, OFFSET];

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
pub struct StoredValues(SendableRecordBatchStream);

impl StoredValues {
    /// The values of a centre measured before `before_ms` whose sources vouch for them.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn open(source: &dyn RowSource, centre: &str, metrics: &[&str], before_ms: i64) -> Result<Self, Error> {
        Self::open_within(source, centre, metrics, before_ms, SORT_BYTES_MAX).await
    }

    /// [`Self::open`], with so much memory to sort in.
    pub(crate) async fn open_within(
        source: &dyn RowSource,
        centre: &str,
        metrics: &[&str],
        before_ms: i64,
        sort_bytes: usize,
    ) -> Result<Self, Error> {
        let before = ScalarValue::TimestampMicrosecond(Some(before_ms.saturating_mul(1000)), Some("UTC".into()));
        let wanted = col("event_time")
            .lt(lit(before))
            .and(col("quality").eq(lit(Quality::Good.as_str())))
            .and(col("metric").in_list(metrics.iter().map(|metric| lit(*metric)).collect(), false));
        let session = session(source, sort_bytes)?;
        sorted(&session, source, (Table::Observations, centre), &COLUMNS, &ORDER, Some(wanted)).await.map(Self)
    }

    /// The next values, some thousand at most; none at the end.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn next(&mut self) -> Result<Option<ValueBatch>, Error> {
        match self.0.next().await {
            Some(batch) => ValueBatch::of(&batch?).map(Some),
            None => Ok(None),
        }
    }
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
