//! One Parquet file of plain observations, for whoever is to read the same rows as Vigie without reading its history.
//!
//! Columns: `ts_ms` (64-bit integer), `space`, `sensor`, `metric` (text, dictionary encoded), `value` (double, as in history:
//! every reader computes with doubles, and the shortest decimal of each is the number that was written). Rows are buffered for one
//! row group only, so a file may be of any length.
//!
//! **Invariant**: a file whose [`FlatFile::finish`] was not reached has no footer, and no reader takes it for whole.

use crate::error::Error;
use arrow::array::{ArrayRef, Float64Builder, Int64Builder, RecordBatch, StringBuilder};
use deltalake::parquet::arrow::ArrowWriter;
use deltalake::parquet::basic::Compression;
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows collected before they are encoded.
const BATCH_ROWS: usize = 65_536;
/// Rows of a row group.
const GROUP_ROWS: usize = 1_048_576;

/// One row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlatRow<'a> {
    /// Event time, milliseconds since the epoch.
    pub ts_ms: i64,
    /// Space.
    pub space: &'a str,
    /// Sensor.
    pub sensor: &'a str,
    /// Metric.
    pub metric: &'a str,
    /// Value.
    pub value: f64,
}

/// A file being written.
#[derive(Debug)]
pub struct FlatFile {
    path: PathBuf,
    writer: ArrowWriter<File>,
    rows: Rows,
}

/// Rows not encoded yet.
#[derive(Debug, Default)]
struct Rows {
    ts_ms: Int64Builder,
    space: StringBuilder,
    sensor: StringBuilder,
    metric: StringBuilder,
    value: Float64Builder,
    count: usize,
}

impl FlatFile {
    /// A new file; one that is there already is replaced.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let properties = WriterProperties::builder()
            .set_created_by(concat!("vigie ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let mut rows = Rows::default();
        let writer = File::create(path)
            .map_err(ParquetError::from)
            .and_then(|file| ArrowWriter::try_new(file, rows.take().schema(), Some(properties)))
            .map_err(|source| Error::Flat { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), writer, rows })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn push(&mut self, row: FlatRow<'_>) -> Result<(), Error> {
        self.rows.push(row);
        if self.rows.count == BATCH_ROWS { self.encode() } else { Ok(()) }
    }

    /// Writes what is left, and the footer.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> Result<(), Error> {
        self.encode()?;
        self.writer.close().map(drop).map_err(|source| Error::Flat { path: self.path, source })
    }

    fn encode(&mut self) -> Result<(), Error> {
        let written = self.writer.write(&self.rows.take());
        written.map_err(|source| Error::Flat { path: self.path.clone(), source })
    }
}

impl Rows {
    fn push(&mut self, row: FlatRow<'_>) {
        self.ts_ms.append_value(row.ts_ms);
        self.space.append_value(row.space);
        self.sensor.append_value(row.sensor);
        self.metric.append_value(row.metric);
        self.value.append_value(row.value);
        self.count += 1;
    }

    fn take(&mut self) -> RecordBatch {
        self.count = 0;
        let columns: [(&str, ArrayRef); 5] = [
            ("ts_ms", Arc::new(self.ts_ms.finish())),
            ("space", Arc::new(self.space.finish())),
            ("sensor", Arc::new(self.sensor.finish())),
            ("metric", Arc::new(self.metric.finish())),
            ("value", Arc::new(self.value.finish())),
        ];
        let columns = columns.map(|(name, column)| (name, column, false));
        RecordBatch::try_from_iter_with_nullable(columns).expect("every row has every column")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, StringArray};
    use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    #[test]
    fn every_row_is_read_again_over_several_batches() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let count = BATCH_ROWS + 10;
        let mut file = FlatFile::create(&path).unwrap();
        let space = |row: usize| format!("sp-{}", row % 7);
        for row in 0..count {
            let (space, value) = (space(row), row as f64 / 10.0);
            file.push(FlatRow { ts_ms: row as i64, space: &space, sensor: "s1", metric: "noise", value }).unwrap();
        }
        file.finish().unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap().build().unwrap();
        let mut row = 0;
        for batch in reader.map(Result::unwrap) {
            let texts = |name: &str| batch[name].as_any().downcast_ref::<StringArray>().unwrap().clone();
            let times = batch["ts_ms"].as_any().downcast_ref::<Int64Array>().unwrap();
            let values = batch["value"].as_any().downcast_ref::<Float64Array>().unwrap();
            for index in 0..batch.num_rows() {
                let names =
                    [texts("space"), texts("sensor"), texts("metric")].map(|column| column.value(index).to_owned());
                assert_eq!(names, [space(row), "s1".to_owned(), "noise".to_owned()]);
                assert_eq!((times.value(index), values.value(index)), (row as i64, row as f64 / 10.0));
                row += 1;
            }
        }
        assert_eq!(row, count);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = FlatFile::create("/nowhere/rows.parquet".as_ref()).unwrap_err().to_string();
        assert!(error.contains("/nowhere/rows.parquet"), "{error}");
    }
}
