//! Parquet files as Arrow IPC, which is what the door of archives reads.

use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatchReader;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake::parquet::errors::ParquetError;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Rows of a batch: what a reader holds at once.
const BATCH_ROWS: usize = 8192;

/// Why a Parquet file could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is no Parquet file, or damaged.
    #[error("it is no Parquet file that can be read: {0}")]
    Parquet(#[from] ParquetError),
    /// It has values that Arrow IPC has not.
    #[error("its values cannot be read: {0}")]
    Arrow(#[from] ArrowError),
}

/// Copies the rows of a Parquet file into an Arrow IPC stream, a batch at a time; memory is that of a row group's pages.
///
/// # Errors
/// When one cannot be read, or the other not be written.
pub fn to_arrow(parquet: &Path, arrow: &Path) -> Result<(), ConvertError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(parquet)?)?.with_batch_size(BATCH_ROWS).build()?;
    let schema = reader.schema();
    let out = BufWriter::new(File::create(arrow)?);
    let mut writer = StreamWriter::try_new(out, &schema)?;
    for batch in reader {
        writer.write(&batch?)?;
    }
    writer.finish()?;
    writer.into_inner()?.flush()?;
    Ok(())
}
