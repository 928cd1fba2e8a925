//! Rows of `spaces`: the spaces of a control record, each one version.

use super::columns::{Common, batch, instants, instants_or_null, offset, texts};
use crate::schema::table::Table;
use arrow::array::{Int64Array, RecordBatch};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_model::space::Space;

/// Space versions are one order, stored as one partition.
pub(crate) const SPACES_PARTITION: u16 = 0;

/// The rows of a control record taken at `log_time_ms`, numbered from `first_ordinal`.
#[must_use]
pub fn spaces(control: &Control, centre: &str, log_time_ms: i64, first_ordinal: u64) -> RecordBatch {
    let rows = control.spaces.as_slice();
    let valid_from = |space: &Space| space.valid_from_ms.unwrap_or(log_time_ms);
    let columns = vec![
        texts(rows.iter().map(|space| &space.id)),
        texts(rows.iter().map(|space| &space.name)),
        texts(rows.iter().map(|space| &space.kind)),
        texts(rows.iter().map(|space| &space.district)),
        texts(rows.iter().map(|space| &space.geometry)),
        Arc::new(Int64Array::from_iter(rows.iter().map(|space| space.capacity))),
        texts(rows.iter().map(params_json)),
        instants(rows.iter().map(valid_from)),
        instants_or_null(rows.iter().map(|space| space.valid_to_ms)),
    ];
    let first = offset(first_ordinal);
    let common = Common {
        centre,
        feeds: vec![""; rows.len()],
        log_time_ms: vec![log_time_ms; rows.len()],
        partitions: vec![SPACES_PARTITION; rows.len()],
        offsets: (first..).take(rows.len()).collect(),
        dated_ms: rows.iter().map(valid_from).collect(),
    };
    batch(Table::Spaces, columns, &common)
}

/// Parameters as JSON, numbers exactly as their decimals print.
fn params_json(space: &Space) -> String {
    let number = |value: &vigie_model::decimal::Decimal| {
        RawValue::from_string(value.to_string()).expect("a decimal prints as a JSON number")
    };
    let params: BTreeMap<&str, BTreeMap<&str, Box<RawValue>>> = space
        .params
        .iter()
        .map(|(rule, params)| {
            (rule.as_str(), params.iter().map(|(name, value)| (name.as_str(), number(value))).collect())
        })
        .collect();
    serde_json::to_string(&params).expect("texts and numbers are JSON")
}
