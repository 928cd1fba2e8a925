//! The history role: hands records to history, and waits while history is full.
//!
//! Waiting here fills the ring, which slows the sequencer, which answers senders with "busy": overload travels back to
//! where it comes from, and memory stays bounded.

use std::sync::Arc;
use tokio::runtime::Handle;
use vigie_model::record::Record;
use vigie_model::stream::{AlertRecord, AppliedCommand};
use vigie_store::history::options::Full;
use vigie_store::history::writer::History;

/// Feeds history from threads that are not part of the async runtime.
#[derive(Clone)]
pub struct HistoryFeed {
    history: Arc<History>,
    runtime: Handle,
}

impl HistoryFeed {
    /// Feeds `history`, which somebody flushes on `runtime`.
    #[must_use]
    pub const fn new(history: Arc<History>, runtime: Handle) -> Self {
        Self { history, runtime }
    }

    /// Hands over a record of the log.
    pub fn record(&self, record: &Record) {
        self.take(|history| history.take_record(record));
    }

    /// Hands over a record of the alert stream.
    pub fn alert(&self, record: &AlertRecord) {
        self.take(|history| history.take_alert(record));
    }

    /// Hands over a command with its outcome.
    pub fn applied(&self, applied: &AppliedCommand) {
        self.take(|history| history.take_applied(applied));
    }

    fn take(&self, take: impl Fn(&History) -> Result<(), Full>) {
        while take(&self.history).is_err() {
            self.runtime.block_on(self.history.room());
        }
    }
}
