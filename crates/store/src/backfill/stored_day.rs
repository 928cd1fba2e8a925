//! The identities of the rows that history has of one UTC day.

use super::day::Day;
use super::identity::{Fields, ObservationFields};
use crate::error::Error;
use crate::history::source::RowSource;
use crate::schema::table::{CENTRE, DATE, Table};
use crate::stored::columns::Columns;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Date32Type;
use datafusion::prelude::{DataFrame, SessionContext, col, lit};
use datafusion::scalar::ScalarValue;
use futures::StreamExt;
use std::collections::BTreeSet;

/// The tables that archives have rows for.
const TABLES: [Table; 3] = [Table::Observations, Table::Incidents, Table::Perceptions];

/// The days of which history has rows for a centre, in days since 1970.
pub(super) async fn days(
    source: &dyn RowSource,
    session: &SessionContext,
    centre: &str,
) -> Result<BTreeSet<i32>, Error> {
    let mut days = BTreeSet::new();
    for table in TABLES {
        let mut rows =
            of_centre(source, session, table, centre)?.select(vec![col(DATE)])?.distinct()?.execute_stream().await?;
        while let Some(batch) = rows.next().await {
            days.extend(batch?.column(0).as_primitive::<Date32Type>().values());
        }
    }
    Ok(days)
}

/// Adds the identities of the rows that history has of a day.
pub(super) async fn learn(
    source: &dyn RowSource,
    session: &SessionContext,
    centre: &str,
    fields: &mut Fields,
    day: &mut Day,
) -> Result<(), Error> {
    for table in TABLES {
        let of_day = col(DATE).eq(lit(ScalarValue::Date32(Some(day.number()))));
        let columns: &[&str] = match table {
            Table::Observations => &[
                "feed",
                "space",
                "sensor",
                "node",
                "seq",
                "id",
                "metric",
                "event_time",
                "sent_time",
                "value",
                "quality",
            ],
            Table::Incidents => &["feed", "space", "id", "version", "status"],
            _ => &["feed", "space", "id"],
        };
        let columns = columns.iter().map(|name| col(*name)).collect::<Vec<_>>();
        let rows = of_centre(source, session, table, centre)?.filter(of_day)?.select(columns)?;
        let mut rows = rows.execute_stream().await?;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            match table {
                Table::Observations => learn_observations(&batch, fields, day)?,
                Table::Incidents => learn_incidents(&batch, fields, day)?,
                _ => learn_perceptions(&batch, fields, day)?,
            }
        }
    }
    Ok(())
}

fn of_centre(source: &dyn RowSource, session: &SessionContext, table: Table, centre: &str) -> Result<DataFrame, Error> {
    Ok(source.capture(table).rows(session)?.filter(col(CENTRE).eq(lit(centre)))?)
}

fn learn_observations(batch: &RecordBatch, fields: &mut Fields, day: &mut Day) -> Result<(), Error> {
    let columns = Columns(batch);
    let [feeds, spaces, metrics, qualities] =
        [columns.texts("feed")?, columns.texts("space")?, columns.texts("metric")?, columns.texts("quality")?];
    let [sensors, nodes, ids] = [columns.texts("sensor")?, columns.texts("node")?, columns.texts("id")?];
    let (times, values) = (columns.instants_ms("event_time")?, columns.doubles("value")?);
    let (sent, numbers) = (columns.instants_ms_or_none("sent_time")?, columns.integers_or_none("seq")?);
    for row in 0..batch.num_rows() {
        day.insert(fields.of_observation(&ObservationFields {
            feed: feeds.text(row),
            space: spaces.text(row),
            sensor: sensors.get(row),
            node: nodes.get(row),
            seq: numbers[row],
            id: ids.get(row),
            metric: metrics.text(row),
            time_ms: sent[row].unwrap_or(times[row]),
            value: values[row],
            quality: qualities.text(row),
        }))?;
    }
    Ok(())
}

fn learn_incidents(batch: &RecordBatch, fields: &mut Fields, day: &mut Day) -> Result<(), Error> {
    let columns = Columns(batch);
    let [feeds, spaces] = [columns.texts("feed")?, columns.texts("space")?];
    let [ids, states] = [columns.texts("id")?, columns.texts("status")?];
    for (row, version) in columns.integers("version")?.into_iter().enumerate() {
        let status = states.text(row);
        day.insert(fields.of_incident(feeds.text(row), spaces.text(row), ids.text(row), version, status))?;
    }
    Ok(())
}

fn learn_perceptions(batch: &RecordBatch, fields: &mut Fields, day: &mut Day) -> Result<(), Error> {
    let columns = Columns(batch);
    let [feeds, spaces, ids] = [columns.texts("feed")?, columns.texts("space")?, columns.texts("id")?];
    for row in 0..batch.num_rows() {
        day.insert(fields.of_perception(feeds.text(row), spaces.text(row), ids.text(row)))?;
    }
    Ok(())
}
