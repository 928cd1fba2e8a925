//! Where records go: the store behind the sequencer.
//!
//! The trait is small enough to be implemented more than once: in memory here, segments on disk and Kafka later.
//! [`MemoryLog`] hands records to the roles through a ring and keeps nothing else.

use crate::ring::{NoReaders, Reader, Writer, ring};
use std::sync::Arc;
use vigie_model::record::{Payload, Record};

/// Rows a memory log holds for its slowest role: at some 150 bytes each, 40 MB.
pub const RING_ROWS_MAX: usize = 1 << 18;

/// Why records were not appended. The log must not be used afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Every role has stopped.
    #[error("the log has no reader left: every role has stopped")]
    NoRole(#[from] NoReaders),
}

/// Takes records in order.
pub trait LogStore: Send {
    /// Appends records and returns once they are as safe as this store makes them; waits while roles are far behind.
    ///
    /// # Errors
    /// [`AppendError`] when a record could not be appended; the store is unusable from then on.
    fn append(&mut self, records: Vec<Record>) -> Result<(), AppendError>;

    /// How full the store's queue to the roles is, from 0 to 1.
    fn fill(&self) -> f64;
}

/// Keeps records only until every role has taken them.
#[derive(Debug)]
pub struct MemoryLog {
    writer: Writer<Arc<Record>>,
}

impl MemoryLog {
    /// A log and one reader for each of `roles` roles; `rows_max` is the ring's capacity in rows.
    #[must_use]
    pub fn new(rows_max: usize, roles: usize) -> (Self, Vec<Reader<Arc<Record>>>) {
        let (writer, readers) = ring(rows_max, rows_of, roles);
        (Self { writer }, readers)
    }
}

impl LogStore for MemoryLog {
    fn append(&mut self, records: Vec<Record>) -> Result<(), AppendError> {
        self.writer.append(records.into_iter().map(Arc::new))?;
        Ok(())
    }

    fn fill(&self) -> f64 {
        self.writer.fill()
    }
}

fn rows_of(record: &Arc<Record>) -> usize {
    match &record.payload {
        Payload::Observations(batch) => batch.rows.len(),
        Payload::Incidents(batch) => batch.rows.len(),
        Payload::Perceptions(batch) => batch.rows.len(),
        Payload::Dictionary(entries) => entries.len(),
        Payload::Control(_) | Payload::IntakeUp | Payload::Tick { .. } | Payload::Command(_) => 1,
    }
}
