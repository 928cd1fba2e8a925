//! The mark of a disk whose promise failed once.
//!
//! After a failed fsync the system may have dropped the very pages it could not write and report success the next time
//! (<https://www.usenix.org/conference/atc20/presentation/rebello>). So a failed fsync is never retried and nothing more
//! is written: the process has to end, and the next one reads what the disk really holds.

use std::path::Path;
use std::sync::OnceLock;
use tokio::sync::Notify;

/// Set once, never cleared.
#[derive(Debug, Default)]
pub(crate) struct Poison {
    reason: OnceLock<String>,
    told: Notify,
}

impl Poison {
    /// Sets the mark; the first reason stays.
    pub(crate) fn set(&self, path: &Path, error: &std::io::Error) {
        let reason = format!("fsync of {} failed: {error}", path.display());
        tracing::error!(reason, "history is no longer written; restart the process");
        if self.reason.set(reason).is_ok() {
            metrics::counter!("vigie_history_poisoned_total").increment(1);
        }
        self.told.notify_waiters();
    }

    /// Why nothing may be written any more.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// Waits until the mark is set; returns why.
    pub(crate) async fn wait(&self) -> &str {
        loop {
            let told = self.told.notified();
            if let Some(reason) = self.reason() {
                return reason;
            }
            told.await;
        }
    }
}
