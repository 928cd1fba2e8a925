//! Rows of a stream or file, as many at a time as are wanted.

use crate::decode::arrow_ipc::column::Column;
use crate::decode::arrow_ipc::error::Unreadable;
use crate::decode::arrow_ipc::rows::{RowReader, RowSink};
use crate::decode::arrow_ipc::stream::{Batch, Bounds, Stream};
use crate::decode::report::Report;
use std::io::BufRead;
use std::ops::RangeInclusive;

/// Reads observations out of Arrow IPC.
#[derive(Debug)]
pub(crate) struct ArrowReader<R> {
    stream: Stream<R>,
    rows: RowReader,
    /// The batch being read, and its first row that is not.
    current: Option<(Batch, usize)>,
    /// Rows read so far, of all batches.
    rows_read: u32,
}

impl<R: BufRead> ArrowReader<R> {
    /// Reads the schema.
    pub(crate) fn open(input: R, bounds: Bounds) -> Result<Self, Unreadable> {
        let stream = Stream::open(input, bounds, is_any)?;
        Ok(Self { stream, rows: RowReader::new(), current: None, rows_read: 0 })
    }

    /// Bytes taken from the input so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.stream.bytes_read()
    }

    /// Appends at most `rows_max` rows of one batch, refused ones included; false when there are no more.
    pub(crate) fn read(&mut self, rows_max: usize, sink: &mut RowSink<'_>) -> Result<bool, Unreadable> {
        let (batch, start) = match self.current.take() {
            Some(current) => current,
            None => match self.stream.next_batch()? {
                None => return Ok(false),
                Some(batch) => {
                    self.drop_columns(batch.rows as u64, sink.report);
                    (batch, 0)
                }
            },
        };
        let end = batch.rows.min(start.saturating_add(rows_max));
        let first_line = self.rows_read.saturating_add(1);
        self.rows.read(&batch, &self.stream.dictionaries, start..end, first_line, sink);
        self.rows_read = self.rows_read.saturating_add(u32::try_from(end - start).unwrap_or(u32::MAX));
        self.current = (end < batch.rows).then_some((batch, end));
        Ok(true)
    }

    /// Passes over the rows of a batch; their numbers, or `None` when there are no more.
    pub(crate) fn pass_over(&mut self) -> Result<Option<RangeInclusive<u32>>, Unreadable> {
        let (batch, start) = match self.current.take() {
            Some(current) => current,
            None => match self.stream.next_batch()? {
                None => return Ok(None),
                Some(batch) => (batch, 0),
            },
        };
        let first_line = self.rows_read.saturating_add(1);
        self.rows_read = self.rows_read.saturating_add(u32::try_from(batch.rows - start).unwrap_or(u32::MAX));
        Ok(Some(first_line..=self.rows_read))
    }

    /// A column that is not read counts as one field of each row.
    fn drop_columns(&self, rows: u64, report: &mut Report) {
        let dropped = self.stream.dropped();
        for name in &dropped.names {
            report.drop_fields(name, rows);
        }
        report.fields_dropped += dropped.more as u64 * rows;
    }
}

fn is_any(_: Column) -> bool {
    true
}
