//! Which alert times out next: an index of due times.
//!
//! Time-outs happen in the order (due time, alert id), so that a second judgement of a log finds the same order. Looking
//! whether anything is due is one look at the first entry; a change costs O(log n).

use std::collections::BTreeSet;
use vigie_model::alert::AlertId;

/// The index; an alert is in it once at most, with its next time-out.
#[derive(Debug, Default)]
pub(crate) struct Due {
    alerts: BTreeSet<(i64, AlertId)>,
}

impl Due {
    /// Notes when an alert times out next, instead of when it did `before`.
    pub(crate) fn set(&mut self, id: &AlertId, before_ms: Option<i64>, due_ms: Option<i64>) {
        if before_ms == due_ms {
            return;
        }
        if let Some(before_ms) = before_ms {
            self.alerts.remove(&(before_ms, id.clone()));
        }
        if let Some(due_ms) = due_ms {
            self.alerts.insert((due_ms, id.clone()));
        }
    }

    /// The alert that times out first, if that is not after `until_ms`.
    pub(crate) fn first(&self, until_ms: i64) -> Option<AlertId> {
        self.alerts.first().filter(|(due_ms, _)| *due_ms <= until_ms).map(|(_, id)| id.clone())
    }

    /// How many alerts have a time-out.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.alerts.len()
    }
}
