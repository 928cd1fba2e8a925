//! Helpers shared by the builders: instants, days, texts, and the six common columns.

use crate::schema::column::UTC;
use crate::schema::table::Table;
use arrow::array::{
    ArrayRef, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use std::sync::Arc;
use vigie_model::position::PartitionIx;

/// Length of a UTC day.
const DAY_MS: i64 = 86_400_000;

/// The columns every table ends with, one entry a row.
pub(super) struct Common<'a> {
    pub(super) centre: &'a str,
    pub(super) feeds: Vec<&'a str>,
    pub(super) log_time_ms: Vec<i64>,
    pub(super) partitions: Vec<PartitionIx>,
    pub(super) offsets: Vec<i64>,
    /// The instants whose UTC dates are the rows' dates.
    pub(super) dated_ms: Vec<i64>,
}

/// A batch of `table` from its own columns and the common ones.
///
/// # Panics
/// When the columns do not follow the table's schema: the builders of this module are written against it.
pub(super) fn batch(table: Table, mut columns: Vec<ArrayRef>, common: &Common<'_>) -> RecordBatch {
    let rows = common.offsets.len();
    columns.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(common.centre, rows))));
    columns.push(texts(common.feeds.iter()));
    columns.push(instants(common.log_time_ms.iter().copied()));
    columns.push(Arc::new(Int32Array::from_iter_values(common.partitions.iter().copied().map(i32::from))));
    columns.push(Arc::new(Int64Array::from_iter_values(common.offsets.iter().copied())));
    columns.push(Arc::new(Date32Array::from_iter_values(common.dated_ms.iter().map(|ms| utc_day(*ms)))));
    RecordBatch::try_new(table.schema(), columns).expect("builders follow the schema of their table")
}

/// A column of texts. They are gone through twice, so that memory is asked for once and none is left over: hot rows keep
/// it for seconds.
pub(super) fn texts<T: AsRef<str>>(values: impl Iterator<Item = T> + Clone) -> ArrayRef {
    texts_or_null(values.map(Some))
}

/// As [`texts`]; some may be missing.
pub(super) fn texts_or_null<T: AsRef<str>>(values: impl Iterator<Item = Option<T>> + Clone) -> ArrayRef {
    let (mut rows, mut bytes) = (0, 0);
    for value in values.clone() {
        (rows, bytes) = (rows + 1, bytes + value.map_or(0, |text| text.as_ref().len()));
    }
    let mut column = StringBuilder::with_capacity(rows, bytes);
    values.for_each(|value| column.append_option(value));
    Arc::new(column.finish())
}

pub(super) fn instants(values_ms: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(values_ms.map(micros)).with_timezone(UTC))
}

pub(super) fn instants_or_null(values_ms: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter(values_ms.map(|ms| ms.map(micros))).with_timezone(UTC))
}

/// Offsets as stored; a log has fewer than 2^63 rows.
pub(super) fn offset(value: u64) -> i64 {
    i64::try_from(value).expect("a log has fewer than 2^63 rows")
}

fn micros(epoch_ms: i64) -> i64 {
    epoch_ms.saturating_mul(1_000)
}

/// Days since the epoch; instants are within the years 1900 to 2199 (model, `time`), so the clamp never bites.
pub(crate) fn utc_day(epoch_ms: i64) -> i32 {
    let day = epoch_ms.div_euclid(DAY_MS);
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_floored_also_before_the_epoch() {
        assert_eq!(utc_day(0), 0);
        assert_eq!(utc_day(DAY_MS - 1), 0);
        assert_eq!(utc_day(-1), -1);
        assert_eq!(utc_day(1_489_312_800_000), 17_237); // 2017-03-12
    }
}
