//! Sending the rows of an answer, as many as are asked for at a time, with an eye on whoever may stop it.

use super::formats::Formats;
use super::limits::{COLUMNS_MAX, WRITE_BYTES};
use super::link::Link;
use super::refusal::{CANCELLED, Refusal};
use super::values::encode::{WireColumn, wire_columns};
use crate::sql::answer::BatchAnswer;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::futures::Notified;
use tokio::time::{Sleep, sleep};

/// Why a statement ends before its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The client is told why.
    Refused(Refusal),
    /// The client is gone.
    Gone(io::Error),
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

/// Whoever may stop a statement while it runs: another connection, the clock, the client's going.
pub(crate) struct Watch<'a> {
    cancelled: Pin<Box<Notified<'a>>>,
    timeout: Option<Pin<Box<Sleep>>>,
    inbox_bytes_max: usize,
}

impl<'a> Watch<'a> {
    /// Watches from now on; what was asked before means another statement.
    pub(crate) fn new(cancelled: Notified<'a>, timeout: Option<Duration>, inbox_bytes_max: usize) -> Self {
        let mut cancelled = Box::pin(cancelled);
        cancelled.as_mut().enable();
        Self { cancelled, timeout: timeout.map(|timeout| Box::pin(sleep(timeout))), inbox_bytes_max }
    }

    /// Does something that takes its time.
    pub(crate) async fn over<T>(&mut self, link: &mut Link, work: impl Future<Output = T>) -> Result<T, Stopped> {
        let bytes_max = self.inbox_bytes_max;
        tokio::select! {
            biased;
            stopped = self.stopped() => Err(stopped.into()),
            done = work => Ok(done),
            () = link.gone(bytes_max) => Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
        }
    }

    /// Sends what waits to be sent.
    async fn flush(&mut self, link: &mut Link) -> Result<(), Stopped> {
        tokio::select! {
            biased;
            stopped = self.stopped() => Err(stopped.into()),
            sent = link.flush() => Ok(sent?),
        }
    }

    async fn stopped(&mut self) -> Refusal {
        let timeout = async {
            match &mut self.timeout {
                Some(timeout) => timeout.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = &mut self.cancelled => Refusal::new(CANCELLED, "canceling statement due to user request"),
            () = timeout => Refusal::new(CANCELLED, "canceling statement due to statement timeout"),
        }
    }
}

/// Whether there are more rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    No,
    Perhaps,
}

/// An answer of which some rows may be sent already.
pub(crate) struct OpenRows {
    answer: BatchAnswer,
    formats: Formats,
    columns: Vec<WireColumn>,
    /// The next row of `columns`.
    row: usize,
    rows: usize,
}

impl OpenRows {
    pub(crate) fn new(answer: BatchAnswer, formats: Formats) -> Self {
        Self { answer, formats, columns: Vec::new(), row: 0, rows: 0 }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        self.answer.schema()
    }

    /// Sends at most `rows_max` rows; how many it were, and whether there may be more.
    pub(crate) async fn send(
        &mut self,
        link: &mut Link,
        watch: &mut Watch<'_>,
        rows_max: usize,
    ) -> Result<(usize, More), Stopped> {
        let mut sent = 0;
        while sent < rows_max {
            if self.row == self.rows {
                match watch.over(link, self.answer.next()).await? {
                    None => return Ok((sent, More::No)),
                    Some(batch) => self.begin(&batch.map_err(Refusal::from)?).map_err(|error| unwritable(&error))?,
                }
                continue;
            }
            let columns = &self.columns;
            let row = self.row;
            link.out
                .row(columns.len(), |column, out| columns[column].put(row, out))
                .map_err(|error| unwritable(&error))?;
            self.row += 1;
            sent += 1;
            if link.out.len() >= WRITE_BYTES {
                watch.flush(link).await?;
            }
        }
        Ok((sent, More::Perhaps))
    }

    fn begin(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.columns = wire_columns(batch, |column| self.formats.is_binary(column))?;
        (self.row, self.rows) = (0, batch.num_rows());
        Ok(())
    }
}

/// # Errors
/// When there are more columns than a client can be told of.
pub(crate) fn check_columns(schema: &SchemaRef) -> Result<(), Refusal> {
    if schema.fields().len() > COLUMNS_MAX {
        return Err(Refusal::new("54011", format!("the answer has more than {COLUMNS_MAX} columns")));
    }
    Ok(())
}

fn unwritable(error: &ArrowError) -> Refusal {
    Refusal::new("22000", format!("a value cannot be written: {error}"))
}
