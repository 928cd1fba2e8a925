//! Rows of `observations`, column by column from what the log has.

use super::columns::{Common, batch, instants, instants_or_null, texts, texts_or_null};
use super::observed::Observed;
use crate::schema::table::Table;
use arrow::array::{Float64Array, Int64Array, RecordBatch};
use std::sync::Arc;
use vigie_model::batch::{Observations, Quality, flags};
use vigie_model::decimal::Decimal;
use vigie_model::metric::Metrics;
use vigie_model::names::{NameIx, NameKind, Names};
use vigie_model::record::Batch;

/// The rows of a batch. Metrics without a configured unit get an empty one.
///
/// # Panics
/// When the batch uses an index that `names` has not learnt: the log then misses a dictionary record.
#[must_use]
pub fn observations(rows: &Batch<Observations>, centre: &str, names: &Names, metrics: &Arc<Metrics>) -> RecordBatch {
    let mut observed = Observed::with_capacity(rows.rows.len(), rows.rows.id_bytes(), metrics);
    observed.append(rows, 0);
    rows_of(&observed, centre, names)
}

/// The same for rows of many batches.
pub(crate) fn rows_of(observed: &Observed, centre: &str, names: &Names) -> RecordBatch {
    let Observed { columns: rows, partitions, offsets, metrics } = observed;
    let named = |kind, column: &[NameIx]| texts(column.iter().map(|index| names.name(kind, *index)));
    let named_or_null = |kind, column: &[NameIx]| texts_or_null(column.iter().map(|index| names.get(kind, *index)));
    let units = units_by_index(names, metrics);
    let columns = vec![
        instants(rows.event_time_ms.iter().copied()),
        instants_or_null(rows.sent_time_ms.iter().copied()),
        named(NameKind::Space, &rows.space),
        named_or_null(NameKind::Sensor, &rows.sensor),
        named_or_null(NameKind::Node, &rows.node),
        Arc::new(Int64Array::from_iter(rows.seq.iter().copied())),
        texts_or_null((0..rows.len()).map(|row| rows.id(row))),
        named(NameKind::Metric, &rows.metric),
        Arc::new(Float64Array::from_iter_values(rows.value_micros.iter().map(|v| Decimal::from_micros(*v).to_f64()))),
        texts(rows.metric.iter().map(|index| units[*index as usize])),
        texts(rows.quality.iter().copied().map(Quality::as_str)),
        texts(rows.flags.iter().map(|bits| flag_words(*bits))),
    ];
    let common = Common {
        centre,
        feeds: rows.feed.iter().map(|index| names.name(NameKind::Feed, *index).as_ref()).collect(),
        log_time_ms: rows.log_time_ms.clone(),
        partitions: partitions.clone(),
        offsets: offsets.clone(),
        dated_ms: rows.event_time_ms.clone(),
    };
    batch(Table::Observations, columns, &common)
}

/// The words of every combination of flags, by their bits, so that a row costs a look-up and no allocation.
const FLAG_WORDS: [&str; 8] = [
    "",
    "late",
    "backfill",
    "late,backfill",
    "time_adjusted",
    "late,time_adjusted",
    "backfill,time_adjusted",
    "late,backfill,time_adjusted",
];
const _: () = assert!(flags::LATE == 1 && flags::BACKFILL == 2 && flags::TIME_ADJUSTED == 4);

/// The words of an observation's flags, of which [`flags::REVISION`] is never one.
pub(crate) const fn flag_words(bits: u8) -> &'static str {
    FLAG_WORDS[bits as usize % FLAG_WORDS.len()]
}

/// The unit of each metric that has a name, by its index; empty where none is configured.
pub(crate) fn units_by_index<'a>(names: &Names, metrics: &'a Metrics) -> Vec<&'a str> {
    names.all(NameKind::Metric).iter().map(|name| metrics.get(name).map_or("", |spec| spec.unit.as_str())).collect()
}
