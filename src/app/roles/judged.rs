//! How far the rules have judged the log, for whoever waits for it.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far the rules have judged the log, and how long the alert stream is by then.
#[derive(Debug, Default)]
pub struct Judged {
    alert_position: AtomicU64,
    /// Written last: whoever sees it sees the position that belongs to it, or a later one.
    next_sequence: AtomicU64,
}

impl Judged {
    /// Sequence of the next record to be judged.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence.load(Ordering::Acquire)
    }

    /// Position of the next record of the alert stream.
    #[must_use]
    pub fn alert_position(&self) -> u64 {
        self.alert_position.load(Ordering::Acquire)
    }

    /// Shows both.
    pub fn show(&self, next_sequence: u64, alert_position: u64) {
        self.alert_position.store(alert_position, Ordering::Release);
        self.next_sequence.store(next_sequence, Ordering::Release);
    }
}
