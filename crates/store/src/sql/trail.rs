//! The two records of a query in the audit trail, and its metrics.

use super::reads::Reads;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::block_in_place;
use vigie_model::audit::{AuditRecord, AuditTrail, QueryBegun, QueryEnded, QueryOutcome};
use vigie_model::doors::QueryError;

/// The records of one query: a beginning, then an end, and each once.
#[derive(Debug)]
pub(crate) struct Trail {
    audit: Arc<dyn AuditTrail>,
    begun: QueryBegun,
    is_begun: bool,
    asked: Instant,
}

impl Trail {
    /// Nothing is written yet.
    pub(crate) fn new(audit: Arc<dyn AuditTrail>, begun: QueryBegun) -> Self {
        Self { audit, begun, is_begun: false, asked: Instant::now() }
    }

    /// When the query was asked.
    pub(crate) const fn asked(&self) -> Instant {
        self.asked
    }

    /// Writes the beginning: before any row is handed out.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn begin(&mut self, reads: Reads) -> Result<(), QueryError> {
        self.begun.reads = reads;
        let record = [AuditRecord::Begun(self.begun.clone())];
        // It waits for the disk, on a thread that others would wait for.
        block_in_place(|| self.audit.write(&record)).map_err(|error| QueryError::Unaudited(error.to_string()))?;
        self.is_begun = true;
        Ok(())
    }

    /// Writes the end, and the beginning too of a query that was refused before it began. Returns how it ended: an answer
    /// whose end cannot be kept is none.
    pub(crate) fn end(&self, ended: Result<(), QueryError>, rows: u64) -> Result<(), QueryError> {
        let outcome = ended.as_ref().map_or_else(QueryError::outcome, |()| QueryOutcome::Answered);
        let elapsed = self.asked.elapsed();
        let elapsed_ms = elapsed.as_secs_f64() * 1e3;
        let end = AuditRecord::Ended(QueryEnded { id: Arc::clone(&self.begun.id), outcome, rows, elapsed_ms });
        let begun = (!self.is_begun).then(|| AuditRecord::Begun(self.begun.clone()));
        let records: Vec<AuditRecord> = begun.into_iter().chain([end]).collect();
        let written = block_in_place(|| self.audit.write(&records));
        tracing::debug!(
            id = &*self.begun.id,
            door = self.begun.door,
            outcome = outcome.word(),
            rows,
            elapsed_ms,
            "query"
        );
        metrics::counter!("vigie_sql_queries_total", "outcome" => outcome.word()).increment(1);
        metrics::histogram!("vigie_sql_query_seconds").record(elapsed.as_secs_f64());
        match written {
            Ok(()) => ended,
            Err(error) => {
                tracing::error!(%error, "a query's end is missing in the audit trail");
                ended.and(Err(QueryError::Unaudited(error.to_string())))
            }
        }
    }
}
