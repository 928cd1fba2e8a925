//! Rows of `incidents` and `perceptions`: events that come by the hundred.

use super::columns::{Common, batch, instants, instants_or_null, offset, texts, texts_or_null};
use super::observations::flag_words;
use crate::schema::table::Table;
use arrow::array::{ArrayRef, Float64Array, Int64Array, MapBuilder, MapFieldNames, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field};
use std::sync::Arc;
use vigie_model::batch::flags;
use vigie_model::decimal::Decimal;
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NameIx, NameKind, Names};
use vigie_model::record::Batch;

/// The rows of a batch of incidents.
///
/// # Panics
/// When the batch uses an index that `names` has not learnt: the log then misses a dictionary record.
#[must_use]
pub fn incidents(incidents: &Batch<Vec<Incident>>, centre: &str, names: &Names) -> RecordBatch {
    let Batch { partition, first_offset, rows } = incidents;
    let offsets = offsets(*first_offset, rows.len());
    let columns = vec![
        instants(rows.iter().map(|row| row.event_time_ms)),
        instants_or_null(rows.iter().map(|row| row.reported_time_ms)),
        ids(*partition, &offsets, rows.iter().map(|row| row.id.as_deref())),
        spaces(names, rows.iter().map(|row| row.space)),
        texts(rows.iter().map(|row| &row.category)),
        texts(rows.iter().map(|row| row.severity.as_str())),
        texts(rows.iter().map(|row| &row.channel)),
        doubles_or_null(rows.iter().map(|row| row.source_reliability)),
        texts(rows.iter().map(|row| &row.status)),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.version))),
        texts_or_null(rows.iter().map(|row| row.text.as_ref())),
        texts(rows.iter().map(|row| flag_words_of_incident(row.flags))),
    ];
    let common = Common {
        centre,
        feeds: rows.iter().map(|row| names.name(NameKind::Feed, row.feed).as_ref()).collect(),
        log_time_ms: rows.iter().map(|row| row.log_time_ms).collect(),
        partitions: vec![*partition; rows.len()],
        offsets,
        dated_ms: rows.iter().map(|row| row.event_time_ms).collect(),
    };
    batch(Table::Incidents, columns, &common)
}

/// The rows of a batch of perceptions.
///
/// # Panics
/// When the batch uses an index that `names` has not learnt: the log then misses a dictionary record.
#[must_use]
pub fn perceptions(perceptions: &Batch<Vec<Perception>>, centre: &str, names: &Names) -> RecordBatch {
    let Batch { partition, first_offset, rows } = perceptions;
    let offsets = offsets(*first_offset, rows.len());
    let columns = vec![
        instants(rows.iter().map(|row| row.event_time_ms)),
        ids(*partition, &offsets, rows.iter().map(|row| row.id.as_deref())),
        spaces(names, rows.iter().map(|row| row.space)),
        texts(rows.iter().map(|row| &row.wave)),
        texts(rows.iter().map(|row| &row.question)),
        texts_or_null(rows.iter().map(|row| row.scale.as_ref())),
        texts(rows.iter().map(|row| &row.period)),
        groups(rows),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.n))),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.unsafe_count.to_f64()))),
        doubles_or_null(rows.iter().map(|row| row.share)),
        doubles_or_null(rows.iter().map(|row| row.weight)),
    ];
    let common = Common {
        centre,
        feeds: rows.iter().map(|row| names.name(NameKind::Feed, row.feed).as_ref()).collect(),
        log_time_ms: rows.iter().map(|row| row.log_time_ms).collect(),
        partitions: vec![*partition; rows.len()],
        offsets,
        dated_ms: rows.iter().map(|row| row.event_time_ms).collect(),
    };
    batch(Table::Perceptions, columns, &common)
}

/// The words of an incident's flags.
fn flag_words_of_incident(bits: u8) -> &'static str {
    let others = flag_words(bits & !flags::REVISION);
    match (bits & flags::REVISION != 0, others) {
        (false, _) => others,
        (true, "") => "revision",
        (true, "backfill") => "revision,backfill",
        (true, "time_adjusted") => "revision,time_adjusted",
        (true, _) => "revision,backfill,time_adjusted",
    }
}

fn offsets(first: u64, rows: usize) -> Vec<i64> {
    (offset(first)..).take(rows).collect()
}

/// Ids as given, else made from the row's place in the log: an empty id would join every row without one to every other.
fn ids<'a>(partition: u16, offsets: &[i64], given: impl Iterator<Item = Option<&'a str>> + Clone) -> ArrayRef {
    let made = |offset: &i64| format!("#{partition}-{offset}");
    texts(given.zip(offsets).map(|(id, offset)| id.map_or_else(|| made(offset), str::to_owned)))
}

fn spaces(names: &Names, indices: impl Iterator<Item = NameIx> + Clone) -> ArrayRef {
    texts(indices.map(|index| names.name(NameKind::Space, index)))
}

fn doubles_or_null(values: impl Iterator<Item = Option<Decimal>>) -> ArrayRef {
    Arc::new(Float64Array::from_iter(values.map(|value| value.map(Decimal::to_f64))))
}

/// The population groups, as a map in the spelling of the schema.
fn groups(rows: &[Perception]) -> ArrayRef {
    let spelling = MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
    let mut map = MapBuilder::new(Some(spelling), StringBuilder::new(), StringBuilder::new())
        .with_values_field(Field::new("value", DataType::Utf8, false));
    for row in rows {
        for (key, value) in &row.group {
            map.keys().append_value(key);
            map.values().append_value(value);
        }
        map.append(true).expect("a key and a value were appended together");
    }
    Arc::new(map.finish())
}
