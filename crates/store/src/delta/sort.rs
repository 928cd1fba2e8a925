//! The order of rows inside a data file: by space and time, then by place in the log.
//!
//! Rows of one space that lie together compress well and are found by a file's own statistics. The order is made over
//! integers: the distinct spaces of a commit are few, and once they have ranks no text is compared again. The rows are
//! then copied once, from wherever they lie to their place.

use crate::schema::table::{DATE, OFFSET, PARTITION, Table};
use arrow::array::{Array, AsArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{ArrowPrimitiveType, Date32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use std::collections::HashMap;

/// What a row is sorted by, and where it lies. Comparing it as a whole is comparing these in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    date: i32,
    space_rank: u32,
    time_us: i64,
    partition: i32,
    offset: i64,
    batch: u32,
    row: u32,
}

/// The columns of one batch that make its keys.
struct Columns<'a> {
    date: &'a PrimitiveArray<Date32Type>,
    space: &'a StringArray,
    time: &'a PrimitiveArray<TimestampMicrosecondType>,
    partition: &'a PrimitiveArray<Int32Type>,
    offset: &'a PrimitiveArray<Int64Type>,
}

/// All rows of the batches, which have the stored schema of `table`, in one batch for each date.
pub(crate) fn by_date_and_space(table: Table, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>, ArrowError> {
    let keys = sorted_keys(&batches.iter().map(|rows| Columns::of(table, rows)).collect::<Vec<_>>());
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let of_one_date = |keys: &[Key]| {
        let places: Vec<_> = keys.iter().map(|key| (key.batch as usize, key.row as usize)).collect();
        interleave_record_batch(&batches, &places)
    };
    keys.chunk_by(|one, next| one.date == next.date).map(of_one_date).collect()
}

fn sorted_keys(batches: &[Columns<'_>]) -> Vec<Key> {
    let ranks = ranks(batches.iter().flat_map(|columns| columns.space.iter().flatten()));
    let mut keys = Vec::with_capacity(batches.iter().map(|columns| columns.offset.len()).sum());
    for (batch, columns) in (0..).zip(batches) {
        keys.extend((0..).zip(0..columns.offset.len()).map(|(row, index)| Key {
            date: columns.date.value(index),
            space_rank: ranks[columns.space.value(index)],
            time_us: columns.time.value(index),
            partition: columns.partition.value(index),
            offset: columns.offset.value(index),
            batch,
            row,
        }));
    }
    keys.sort_unstable();
    keys
}

/// Each distinct text with its place among them.
fn ranks<'a>(texts: impl Iterator<Item = &'a str>) -> HashMap<&'a str, u32> {
    let mut ranks: HashMap<&str, u32> = texts.map(|text| (text, 0)).collect();
    let mut distinct: Vec<&str> = ranks.keys().copied().collect();
    distinct.sort_unstable();
    for (rank, text) in (0..).zip(distinct) {
        ranks.insert(text, rank);
    }
    ranks
}

impl<'a> Columns<'a> {
    fn of(table: Table, rows: &'a RecordBatch) -> Self {
        let column = |name| rows.column_by_name(name).expect("sort keys are columns of every history table");
        fn numbers<T: ArrowPrimitiveType>(column: &dyn Array) -> &PrimitiveArray<T> {
            column.as_primitive::<T>()
        }
        Self {
            date: numbers(column(DATE)),
            space: column(table.space_column()).as_string(),
            time: numbers(column(table.time_column())),
            partition: numbers(column(PARTITION)),
            offset: numbers(column(OFFSET)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::rows::observations::observations;
    use vigie_model::names::Names;
    use vigie_model::record::{Payload, Record};

    fn rows(partition: u16, first: u64, count: u64) -> RecordBatch {
        let mut names = Names::default();
        let Payload::Dictionary(entries) = fixture::dictionary().payload else { unreachable!() };
        names.learn(&entries);
        let Record { payload: Payload::Observations(rows), .. } = fixture::observations(partition, first, count) else {
            unreachable!()
        };
        observations(&rows, "melbourne", &names, &Default::default())
    }

    /// Hourly rows from 10:00: offset 14 begins the next day; even offsets are of town-hall, odd ones of city-square.
    #[test]
    fn dates_then_spaces_then_times_then_places() {
        let sorted = by_date_and_space(Table::Observations, &[rows(1, 12, 4), rows(0, 13, 1), rows(0, 10, 2)]).unwrap();
        let places = |rows: &RecordBatch| {
            let column = |name| rows.column_by_name(name).unwrap();
            let (space, partition) =
                (column("space").as_string::<i32>(), column(PARTITION).as_primitive::<Int32Type>());
            let offset = column(OFFSET).as_primitive::<Int64Type>();
            let place = |row| format!("{} {}/{}", space.value(row), partition.value(row), offset.value(row));
            let date = column(DATE).as_primitive::<Date32Type>().value(0);
            (date, (0..rows.num_rows()).map(place).collect::<Vec<_>>().join(", "))
        };
        assert_eq!(
            sorted.iter().map(places).collect::<Vec<_>>(),
            [
                (
                    17_237,
                    "city-square 0/11, city-square 0/13, city-square 1/13, town-hall 0/10, town-hall 1/12".to_owned()
                ),
                (17_238, "city-square 1/15, town-hall 1/14".to_owned()),
            ]
        );
        assert!(by_date_and_space(Table::Observations, &[]).unwrap().is_empty());
    }
}
