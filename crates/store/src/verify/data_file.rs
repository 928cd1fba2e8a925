//! One data file: as long as its commit says, readable to the last page, with as many rows as its commit says.

use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type};
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// What a commit says about a data file.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// Its path below the table's folder.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// Unknown when the commit was written without statistics.
    pub(super) rows: Option<u64>,
}

/// Reads the whole file and hands the (partition, offset) of every row to `each`.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn read(file: &Path, expected: &Expected, mut each: impl FnMut(i32, i64)) -> Result<(), String> {
    let opened = File::open(file).and_then(|opened| Ok((opened.metadata()?.len(), opened)));
    let (bytes, opened) = opened.map_err(|error| match error.kind() {
        ErrorKind::NotFound => "is missing".to_owned(),
        _ => format!("cannot be opened: {error}"),
    })?;
    if bytes != expected.bytes {
        return Err(format!("has {bytes} bytes instead of {}", expected.bytes));
    }
    let unreadable = |error: &dyn std::fmt::Display| format!("cannot be read: {error}");
    let reader = ParquetRecordBatchReaderBuilder::try_new(opened).map_err(|error| unreadable(&error))?;
    let mut rows = 0;
    for batch in reader.build().map_err(|error| unreadable(&error))? {
        let batch = batch.map_err(|error| unreadable(&error))?;
        rows += batch.num_rows() as u64;
        let partitions = batch.column_by_name("partition").and_then(|column| column.as_primitive_opt::<Int32Type>());
        let offsets = batch.column_by_name("offset").and_then(|column| column.as_primitive_opt::<Int64Type>());
        let (Some(partitions), Some(offsets)) = (partitions, offsets) else {
            return Err("has no columns partition and offset of the expected types".to_owned());
        };
        partitions.values().iter().zip(offsets.values()).for_each(|(partition, offset)| each(*partition, *offset));
    }
    match expected.rows {
        Some(expected) if expected != rows => Err(format!("has {rows} rows instead of {expected}")),
        _ => Ok(()),
    }
}
