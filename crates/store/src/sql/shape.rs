//! What becomes of an answer's batches before they leave the door: batches again, or bytes in a format.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

/// Makes the parts of an answer.
pub(crate) trait Shape: Send + 'static {
    /// A part.
    type Part: Send + 'static;

    /// What stands before the rows; `None` for nothing.
    fn begin(&mut self, schema: &SchemaRef) -> Result<Option<Self::Part>, ArrowError>;

    /// Some rows; `None` when they are kept for a later part.
    fn rows(&mut self, batch: RecordBatch) -> Result<Option<Self::Part>, ArrowError>;

    /// What stands behind the rows.
    fn end(&mut self) -> Result<Option<Self::Part>, ArrowError>;

    /// Bytes of a part, if it is text.
    fn bytes(part: &Self::Part) -> u64;
}

/// Batches as they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batches;

impl Shape for Batches {
    type Part = RecordBatch;

    fn begin(&mut self, _: &SchemaRef) -> Result<Option<RecordBatch>, ArrowError> {
        Ok(None)
    }

    fn rows(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>, ArrowError> {
        Ok(Some(batch))
    }

    fn end(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        Ok(None)
    }

    /// Its columns are counted already.
    fn bytes(_: &RecordBatch) -> u64 {
        0
    }
}

/// The bytes of a batch: of its columns, and of their names with each row, as some formats write them.
pub(crate) fn bytes_of(batch: &RecordBatch) -> usize {
    let columns = batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0));
    let names = batch.schema_ref().fields().iter().map(|field| field.name().len());
    columns.sum::<usize>() + names.sum::<usize>() * batch.num_rows()
}

/// The batch in slices of about `bytes_max` of its `bytes` each, of one row at least.
pub(crate) fn slices(
    batch: &RecordBatch,
    bytes: usize,
    bytes_max: usize,
) -> impl Iterator<Item = RecordBatch> + use<'_> {
    let rows = batch.num_rows();
    let parts = bytes.div_ceil(bytes_max.max(1)).clamp(1, rows.max(1));
    let step = rows.div_ceil(parts).max(1);
    (0..rows).step_by(step).map(move |from| batch.slice(from, step.min(rows - from)))
}
