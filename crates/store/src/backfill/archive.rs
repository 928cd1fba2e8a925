//! Rows of archives on their way into history.

use super::sieve::Sifted;
use crate::error::Error;
use crate::history::writer::History;
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_model::names::NameEntry;
use vigie_model::position::BACKFILL_PARTITION;
use vigie_model::record::{Batch, Payload, Record};

/// Rows after which a commit is made. Nobody reads beside an import, and few large files cost less than many small ones.
const ROWS_PER_COMMIT: usize = 200_000;

/// An import being written. A commit has whole batches; one that never comes is made up for by repeating the import.
pub struct Archive {
    history: Arc<History>,
    log_time_ms: i64,
    next_offset: u64,
    sequence: u64,
}

impl Archive {
    /// Begins behind what earlier imports stored, with the spaces and units of `control`.
    ///
    /// # Errors
    /// When history cannot be written.
    pub async fn begin(history: Arc<History>, control: &Arc<Control>, log_time_ms: i64) -> Result<Self, Error> {
        let next_offset = history.next_offsets().into_iter().max().unwrap_or(0);
        let mut archive = Self { history, log_time_ms, next_offset, sequence: 0 };
        archive.take(Payload::Control(Arc::clone(control))).await?;
        Ok(archive)
    }

    /// Takes what a sieve let through, and the names that its rows are the first to use.
    ///
    /// # Errors
    /// When a commit fails: rows since the last one are not stored.
    pub async fn store(&mut self, names: Vec<NameEntry>, sifted: Sifted) -> Result<(), Error> {
        if !names.is_empty() {
            self.take(Payload::Dictionary(names)).await?;
        }
        let Sifted { observations, incidents, perceptions, .. } = sifted;
        if !observations.is_empty() {
            let batch = self.placed(observations.len(), observations);
            self.take(Payload::Observations(batch)).await?;
        }
        if !incidents.is_empty() {
            let batch = self.placed(incidents.len(), incidents);
            self.take(Payload::Incidents(batch)).await?;
        }
        if !perceptions.is_empty() {
            let batch = self.placed(perceptions.len(), perceptions);
            self.take(Payload::Perceptions(batch)).await?;
        }
        if self.history.rows_hot() >= ROWS_PER_COMMIT {
            self.history.flush().await?;
        }
        Ok(())
    }

    /// Commits the rest.
    ///
    /// # Errors
    /// As [`Self::store`].
    pub async fn finish(self) -> Result<(), Error> {
        self.history.flush().await.map(|_| ())
    }

    fn placed<R>(&mut self, count: usize, rows: R) -> Batch<R> {
        let first_offset = self.next_offset;
        self.next_offset += count as u64;
        Batch { partition: BACKFILL_PARTITION, first_offset, rows }
    }

    async fn take(&mut self, payload: Payload) -> Result<(), Error> {
        let record = Record { sequence: self.sequence, log_time_ms: self.log_time_ms, payload };
        self.sequence += 1;
        while self.history.take_record(&record).is_err() {
            self.history.flush().await?;
        }
        Ok(())
    }
}
