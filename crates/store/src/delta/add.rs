//! What the log of a table says about a data file that was written here: its path, date, size and statistics.
//!
//! Spelled as the `deltalake` crate spells it for the files that it writes itself.

use crate::observed::file::EncodedFile;
use crate::schema::table::DATE;
use deltalake::kernel::Add;
use deltalake::parquet::basic::LogicalType;
use deltalake::parquet::data_type::ByteArray;
use deltalake::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use deltalake::parquet::file::statistics::Statistics;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::SystemTime;
use vigie_model::time::{format_utc, utc_date};

/// Length of a UTC day.
const DAY_MS: i64 = 86_400_000;

/// The entry of a file of new rows that was published at `path`.
pub(super) fn add_of(file: &EncodedFile, path: String) -> Add {
    let bytes = file.bytes.len() as i64;
    Add { data_change: true, ..entry(path, date_of(file), bytes, &file.metadata) }
}

/// The entry of a file of `bytes` bytes that was published at `path` and holds rows of `date` that the table has already.
pub(crate) fn entry(path: String, date: String, bytes: i64, metadata: &ParquetMetaData) -> Add {
    let published = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Add {
        path,
        size: bytes,
        partition_values: HashMap::from([(DATE.to_owned(), Some(date))]),
        modification_time: i64::try_from(published.as_millis()).unwrap_or(i64::MAX),
        data_change: false,
        stats: Some(statistics(metadata).to_string()),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}

/// A path that no other file has or will have, below the folder of the table.
pub(super) fn path_of(file: &EncodedFile) -> String {
    format!("{DATE}={}/part-00000-{}-c000.snappy.parquet", date_of(file), uuid::Uuid::new_v4())
}

fn date_of(file: &EncodedFile) -> String {
    utc_date(i64::from(file.day) * DAY_MS)
}

/// The number of rows, and the smallest and largest values that the file notes: a bound of a column is only told when each
/// of the row groups that has a value has that bound.
fn statistics(metadata: &ParquetMetaData) -> Value {
    let (mut min, mut max, mut nulls) = (Map::new(), Map::new(), Map::new());
    for index in 0..metadata.file_metadata().schema_descr().num_columns() {
        let chunks = || metadata.row_groups().iter().map(|group| group.column(index));
        let noted = chunks().map(ColumnChunkMetaData::statistics).collect::<Option<Vec<_>>>();
        let (Some(noted), Some(first)) = (noted, chunks().next()) else { continue };
        let name = first.column_descr().name().to_owned();
        let null_count = noted.iter().map(|noted| noted.null_count_opt()).sum::<Option<u64>>();
        let filled = chunks().zip(&noted).filter(|(chunk, noted)| noted.null_count_opt() != Some(rows_of(chunk)));
        let bounds = filled.map(|(chunk, noted)| bounds(chunk, noted)).collect::<Option<Vec<_>>>().unwrap_or_default();
        let smallest = bounds.iter().map(|(min, _)| min).min_by(|one, other| order(one, other));
        let largest = bounds.iter().map(|(_, max)| max).max_by(|one, other| order(one, other));
        if let Some((smallest, largest)) = smallest.zip(largest) {
            min.insert(name.clone(), smallest.clone());
            max.insert(name.clone(), largest.clone());
        }
        nulls.insert(name, null_count.into());
    }
    let rows = metadata.file_metadata().num_rows();
    json!({"numRecords": rows, "minValues": min, "maxValues": max, "nullCount": nulls})
}

fn rows_of(chunk: &ColumnChunkMetaData) -> u64 {
    u64::try_from(chunk.num_values()).unwrap_or(0)
}

/// The order of two bounds of one column. Instants are texts of one length, so their order is that of the texts.
fn order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.cmp(other),
        _ => match (one.as_i64(), other.as_i64()) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => one.as_f64().unwrap_or(f64::NAN).total_cmp(&other.as_f64().unwrap_or(f64::NAN)),
        },
    }
}

/// The smallest and largest value as JSON; `None` when no row has one.
fn bounds(column: &ColumnChunkMetaData, noted: &Statistics) -> Option<(Value, Value)> {
    match noted {
        Statistics::Int32(noted) => noted.min_opt().zip(noted.max_opt()).map(|(min, max)| (json!(min), json!(max))),
        Statistics::Double(noted) => noted.min_opt().zip(noted.max_opt()).map(|(min, max)| (json!(min), json!(max))),
        Statistics::Int64(noted) => {
            let is_instant = matches!(column.column_descr().logical_type_ref(), Some(LogicalType::Timestamp { .. }));
            let json = |number: &i64| if is_instant { json!(instant(*number)) } else { json!(number) };
            noted.min_opt().zip(noted.max_opt()).map(|(min, max)| (json(min), json(max)))
        }
        Statistics::ByteArray(noted) => {
            let json = |text: &ByteArray| json!(String::from_utf8_lossy(text.data()));
            noted.min_opt().zip(noted.max_opt()).map(|(min, max)| (json(min), json(max)))
        }
        _ => None,
    }
}

/// An instant with milliseconds, which is all that instants of the log have.
fn instant(micros: i64) -> String {
    let (epoch_ms, rest) = (micros.div_euclid(1_000_000) * 1_000, micros.rem_euclid(1_000_000) / 1_000);
    let whole = format_utc(epoch_ms);
    format!("{}.{rest:03}Z", whole.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::observed::file::encode_all;
    use crate::observed::order::Ranks;
    use crate::positions::Positions;
    use crate::rows::observed::Observed;
    use expect_test::expect;
    use std::sync::Arc;
    use vigie_model::names::{NameKind, Names};
    use vigie_model::record::Payload;

    /// The spelling is that of entries written by `deltalake` itself, which old versions of a table have.
    #[test]
    fn entries_have_date_size_and_what_prunes_files() {
        let (mut names, mut rows, mut ranks) = (Names::default(), Observed::default(), Ranks::default());
        let Payload::Dictionary(entries) = fixture::dictionary().payload else { unreachable!() };
        names.learn(&entries);
        ranks.learn(names.all(NameKind::Space));
        let Payload::Observations(batch) = fixture::observations(3, 4, 2).payload else { unreachable!() };
        rows.append(&batch, 0);
        let files = encode_all(&[Arc::new(rows)], &Positions::default(), &ranks, "melbourne", &names).unwrap();
        let [file] = files.as_slice() else { panic!("two rows of one date are one file") };
        let add = add_of(file, path_of(file));
        assert_eq!(add.size, file.bytes.len() as i64);
        assert_eq!(add.partition_values[DATE].as_deref(), Some("2017-03-12"));
        assert!(add.path.starts_with("date=2017-03-12/part-00000-"), "{}", add.path);
        assert_ne!(path_of(file), path_of(file));
        let noted: Value = serde_json::from_str(add.stats.as_deref().unwrap()).unwrap();
        expect![[r#"
            {
              "maxValues": {
                "centre": "melbourne",
                "event_time": "2017-03-12T15:00:00.000Z",
                "log_time": "2017-03-12T15:00:00.005Z",
                "metric": "people_count",
                "offset": 5,
                "partition": 3,
                "sensor": "s2",
                "space": "town-hall",
                "value": 5.0
              },
              "minValues": {
                "centre": "melbourne",
                "event_time": "2017-03-12T14:00:00.000Z",
                "log_time": "2017-03-12T14:00:00.005Z",
                "metric": "people_count",
                "offset": 4,
                "partition": 3,
                "sensor": "s1",
                "space": "city-square",
                "value": 4.0
              },
              "nullCount": {
                "centre": 0,
                "event_time": 0,
                "log_time": 0,
                "metric": 0,
                "offset": 0,
                "partition": 0,
                "sensor": 0,
                "space": 0,
                "value": 0
              },
              "numRecords": 2
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&noted).unwrap());
    }

    #[test]
    fn instants_before_the_epoch_are_floored() {
        assert_eq!(instant(-1_000), "1969-12-31T23:59:59.999Z");
        assert_eq!(instant(1_489_312_800_005_000), "2017-03-12T10:00:00.005Z");
    }
}
