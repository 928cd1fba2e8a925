//! The reader's end of a query.

use super::explain::timed_out;
use super::limits::SqlLimits;
use super::work::Piece;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use vigie_model::doors::{AnswerParts, DoorFuture, QueryError};

/// A query tells itself that its time is over; a reader gives up this much later, should the query be unable to.
const GRACE: Duration = Duration::from_secs(1);

/// Rows on their way: parts of type `P`. Dropped, it cancels the query.
#[derive(Debug)]
pub struct Answer<P> {
    id: Arc<str>,
    schema: SchemaRef,
    rows: u64,
    /// `None` once it has ended.
    pieces: Option<mpsc::Receiver<Piece<P>>>,
    limits: SqlLimits,
}

/// The rows of a query as batches.
pub type BatchAnswer = Answer<RecordBatch>;

impl<P> Answer<P> {
    /// Waits until the query has columns.
    ///
    /// # Errors
    /// When it is refused or fails before that.
    pub(crate) async fn begun(
        id: Arc<str>,
        pieces: mpsc::Receiver<Piece<P>>,
        limits: SqlLimits,
    ) -> Result<Self, QueryError> {
        let schema = SchemaRef::new(arrow::datatypes::Schema::empty());
        let mut answer = Self { id, schema, rows: 0, pieces: Some(pieces), limits };
        match answer.piece().await? {
            Piece::Columns(schema) => Ok(Self { schema, ..answer }),
            Piece::Part { .. } | Piece::End | Piece::Failed(_) => {
                unreachable!("columns come first, failures as errors")
            }
        }
    }

    /// The query's id, as lists of running queries and the audit trail have it.
    #[must_use]
    pub const fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// The columns.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows in the parts so far.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The next part; `None` behind the last one. The answer is whole only if no error came before that.
    ///
    /// # Errors
    /// Any of [`QueryError`], once; behind it there is nothing more.
    pub async fn next(&mut self) -> Option<Result<P, QueryError>> {
        self.pieces.as_ref()?;
        match self.piece().await {
            Ok(Piece::Part { part, rows }) => {
                self.rows += rows;
                Some(Ok(part))
            }
            Ok(_) => {
                self.pieces = None;
                None
            }
            Err(error) => {
                self.pieces = None;
                Some(Err(error))
            }
        }
    }

    /// The next piece; failures are errors.
    async fn piece(&mut self) -> Result<Piece<P>, QueryError> {
        let ended = || QueryError::Unavailable("the query ended abnormally".to_owned());
        let pieces = self.pieces.as_mut().ok_or_else(ended)?;
        match timeout(self.limits.timeout + GRACE, pieces.recv()).await {
            Ok(Some(Piece::Failed(error))) => Err(error),
            Ok(Some(piece)) => Ok(piece),
            Ok(None) => Err(ended()),
            Err(_) => Err(timed_out(&self.limits)),
        }
    }
}

impl AnswerParts for Answer<Vec<u8>> {
    fn next(&mut self) -> DoorFuture<'_, Option<Result<Vec<u8>, QueryError>>> {
        Box::pin(Self::next(self))
    }

    fn rows(&self) -> u64 {
        self.rows
    }
}
