//! Old data files: which of their rows go, and the same files without them.
//!
//! A scan reads feed, space, time and partition only, and of row groups and pages whose bounds say that none of their rows can be
//! too old nothing. A file that loses some of its rows is read again as a whole; the order of the rows that stay is that of before,
//! so a sorted file stays sorted.

use super::rule::Rule;
use super::tally::{Tally, deleted};
use crate::delta::files::{DataFile, Kind};
use crate::error::Error;
use crate::schema::table::{PARTITION, Table};
use crate::upkeep::file::{NewFiles, Wanted};
use crate::upkeep::rewrite::schema_of_files;
use arrow::array::{AsArray, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Int32Type, TimestampMicrosecondType};
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionConfig, SessionContext, col, lit};
use futures::StreamExt;
use object_store::ObjectStore;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vigie_model::position::BACKFILL_PARTITION;

const FEED: &str = "feed";
/// Rows handled at once.
const BATCH_ROWS: usize = 8_192;
const MICROS_PER_MS: i64 = 1_000;

/// What a file holds of rows that are too old.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// By feed, those that go and those that are held.
    pub(super) tally: Tally,
    /// Those that go and came by a log.
    pub(super) log_rows: u64,
}

impl Scanned {
    /// Rows that go.
    pub(super) fn goes(&self) -> u64 {
        deleted(&self.tally)
    }
}

/// Counts the rows of a file that are too old.
///
/// # Errors
/// When it cannot be read.
pub(super) async fn scan(folder: &Path, table: Table, file: &DataFile, rule: &Rule) -> Result<Scanned, Error> {
    let mut scanned = Scanned::default();
    let Some(horizon_ms) = rule.horizon_ms() else { return Ok(scanned) };
    let time = table.time_column();
    let DataType::Timestamp(_, zone) = table.schema().field_with_name(time)?.data_type().clone() else {
        unreachable!("the time of a row is a timestamp")
    };
    let horizon = ScalarValue::TimestampMicrosecond(Some(horizon_ms.saturating_mul(MICROS_PER_MS)), zone);
    let of_limited_feed = col(FEED).in_list(rule.feeds().map(lit).collect(), false);
    let may_be_old = of_limited_feed.and(col(time).lt(lit(horizon)));
    let rows = read(folder, table, file).await?.filter(may_be_old)?;
    let rows = rows.select_columns(&[FEED, table.space_column(), time, PARTITION])?;
    let mut batches = rows.execute_stream().await?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let columns = Columns::of(&batch, table)?;
        let partitions = cast(column(&batch, PARTITION)?, &DataType::Int32)?;
        let partitions = partitions.as_primitive::<Int32Type>();
        for row in 0..batch.num_rows() {
            let (feed, space, time_ms) = columns.row(row);
            if !rule.is_expired(feed, time_ms) {
                continue;
            }
            if !scanned.tally.contains_key(feed) {
                scanned.tally.insert(feed.to_owned(), super::tally::FeedTally::default());
            }
            let counts = scanned.tally.get_mut(feed).expect("it was put there");
            let mut is_held = false;
            for hold in rule.holds_of(feed, space, time_ms) {
                is_held = true;
                *counts.held_by.entry(hold.id.clone()).or_default() += 1;
            }
            if is_held {
                counts.held += 1;
            } else {
                counts.delete(time_ms);
                scanned.log_rows += u64::from(partitions.value(row) != i32::from(BACKFILL_PARTITION));
            }
        }
    }
    Ok(scanned)
}

/// Writes a file without the rows that go, of which a scan has found `goes`; `None` after a stop.
///
/// # Errors
/// When it cannot be read or written, or its rows are not as many as the table says; then nothing is left of the new file.
pub(super) async fn rewrite(
    store: Arc<dyn ObjectStore>,
    folder: &Path,
    table: Table,
    file: &DataFile,
    rule: &Rule,
    goes: u64,
    stop: &AtomicBool,
) -> Result<Option<NewFiles>, Error> {
    let kind = if file.kind == Kind::Sorted { Kind::Sorted } else { Kind::Merged };
    let (schema, date) = (schema_of_files(table), file.date.clone());
    let mut new = NewFiles::new(store, Wanted { table, schema, date, kind, rows_per_file: usize::MAX });
    match write(&mut new, folder, table, file, rule, goes, stop).await {
        Ok(true) => Ok(Some(new)),
        unfinished => {
            new.discard().await;
            unfinished.map(|_| None)
        }
    }
}

/// Whether it came to the end.
async fn write(
    new: &mut NewFiles,
    folder: &Path,
    table: Table,
    file: &DataFile,
    rule: &Rule,
    goes: u64,
    stop: &AtomicBool,
) -> Result<bool, Error> {
    let failed = |source| Error::delta("delete rows of", folder, source);
    let schema = schema_of_files(table);
    let mut batches: SendableRecordBatchStream = read(folder, table, file).await?.execute_stream().await?;
    let (mut read, mut kept) = (0, 0);
    while let Some(batch) = batches.next().await {
        if stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        // The same columns without what reading added to their descriptions.
        let batch = RecordBatch::try_new(Arc::clone(&schema), batch?.columns().to_vec())?;
        let columns = Columns::of(&batch, table)?;
        let stays = |row| {
            let (feed, space, time_ms) = columns.row(row);
            !rule.is_expired(feed, time_ms) || rule.holds_of(feed, space, time_ms).next().is_some()
        };
        let stays: BooleanArray = (0..batch.num_rows()).map(|row| Some(stays(row))).collect();
        let rows = filter_record_batch(&batch, &stays)?;
        read += batch.num_rows() as u64;
        kept += rows.num_rows() as u64;
        new.write(&rows).await.map_err(failed)?;
    }
    if read != file.rows || kept + goes != read {
        return Err(Error::Damaged {
            path: folder.join(&file.path),
            wrong: format!(
                "holds {read} rows, {kept} to keep and {goes} to delete, where its commit says {}",
                file.rows
            ),
            remedy: "run `vigie verify`, and restore the file from a backup; until then none of its rows is deleted",
        });
    }
    new.end().await.map_err(failed)?;
    Ok(true)
}

/// All rows of a file, in their order.
async fn read(folder: &Path, table: Table, file: &DataFile) -> Result<DataFrame, Error> {
    let config =
        SessionConfig::new().with_target_partitions(1).with_batch_size(BATCH_ROWS).with_collect_statistics(false);
    let session = SessionContext::new_with_config(config);
    let schema = schema_of_files(table);
    let path = folder.join(&file.path).display().to_string();
    // Files of an earlier version lack columns that came later; with the schema of today these are null.
    Ok(session.read_parquet(path, ParquetReadOptions::default().schema(&schema)).await?)
}

/// What decides about a row.
struct Columns {
    feed: StringArray,
    space: StringArray,
    time: TimestampMicrosecondArray,
}

impl Columns {
    fn of(batch: &RecordBatch, table: Table) -> Result<Self, Error> {
        let text = |name| Ok::<_, Error>(cast(column(batch, name)?, &DataType::Utf8)?.as_string::<i32>().clone());
        let time = column(batch, table.time_column())?.as_primitive::<TimestampMicrosecondType>().clone();
        Ok(Self { feed: text(FEED)?, space: text(table.space_column())?, time })
    }

    /// Feed, space and event time in milliseconds.
    fn row(&self, row: usize) -> (&str, &str, i64) {
        (self.feed.value(row), self.space.value(row), self.time.value(row).div_euclid(MICROS_PER_MS))
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a arrow::array::ArrayRef, Error> {
    Ok(batch.column(batch.schema().index_of(name)?))
}
