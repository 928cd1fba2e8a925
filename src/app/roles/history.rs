//! The history role: hands records to history, and waits while history is full.
//!
//! Transitions are handed over as many at once as there are, because a row of alerts costs little and a batch much.
//!
//! Waiting here fills the ring, which slows the sequencer, which answers senders with "busy": overload travels back to
//! where it comes from, and memory stays bounded.

use std::sync::Arc;
use tokio::runtime::Handle;
use vigie_model::record::Record;
use vigie_model::stream::{AlertItem, AlertRecord, AppliedCommand};
use vigie_store::history::options::Full;
use vigie_store::history::resume::HistoryPlace;
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

    /// Hands over records of the log, which come in order.
    pub fn records(&self, records: &[Arc<Record>]) {
        for record in records {
            self.take(|history| history.take_record(record));
        }
    }

    /// Hands over records of the alert stream, which come in order, with the commands among them and their outcomes.
    pub fn alerts(&self, records: &[AlertRecord], applied: &[AppliedCommand]) {
        let mut applied = applied.iter();
        for record in records {
            match &record.item {
                AlertItem::Mark(_) => self.take(|history| history.take_alert(record)),
                AlertItem::Command(_) => {
                    let applied = applied.next().expect("the book answers every command");
                    self.take(|history| history.take_applied(applied));
                }
                AlertItem::Transition(_) | AlertItem::Tick { .. } => {}
            }
        }
        self.take(|history| history.take_transitions(records));
    }

    /// How far history has taken the log.
    #[must_use]
    pub fn taken(&self) -> HistoryPlace {
        self.history.taken()
    }

    fn take(&self, take: impl Fn(&History) -> Result<(), Full>) {
        while take(&self.history).is_err() {
            self.runtime.block_on(self.history.room());
        }
    }
}
