//! The public alert stream: a bounded ring of rows that any number of readers follow, each at its own pace.
//!
//! Readers *pull*: each keeps the last position it has seen and asks for the page behind it, then sleeps until the head
//! moves. So a slow reader costs one page of memory, never delays the writer or its neighbours, and cannot lose rows
//! without being told: when the ring has moved past it, its next [`Page`] begins with the [`Gap`] it missed, and history
//! has those rows.
//!
//! A reader behind the head resumes behind its position. One ahead of the head has followed a stream that is gone (the
//! process restarted with a new one) and starts from the ring's beginning.

use crate::applied::Applied;
use crate::wire::{suppression_json, transition_json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use vigie_model::alert::AlertState;
use vigie_model::principal::Principal;
use vigie_model::stream::{AlertItem, AlertRecord};

/// Rows kept by default: half a year of a centre at the 150 alerts a day an operator can bear, some 80 MB.
pub const RING_ROWS_MAX: usize = 65_536;
/// Most rows of one [`Page`]: what a reader holds in memory.
pub const PAGE_ROWS_MAX: usize = 256;

/// One transition on the public stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// Place in the alert stream.
    pub position: u64,
    /// What the condition became; never `pending` or `inactive`.
    pub state: AlertState,
    /// The space it is about.
    pub space: Arc<str>,
    /// The row as [`transition_json`] writes it.
    pub json: Arc<str>,
    /// What it changed in the suppression of alerts of its space, as [`suppression_json`] writes it, if anything.
    pub suppression: Option<Arc<str>>,
}

/// Rows that a reader missed: positions `from` to `to`, both included. Not every position is a public row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// First position missed.
    pub from: u64,
    /// Last position missed.
    pub to: u64,
}

/// The next rows of a reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// What lies between the reader and the first row, if the ring has forgotten it.
    pub gap: Option<Gap>,
    /// Rows in order; at most [`PAGE_ROWS_MAX`].
    pub rows: Vec<Arc<FeedRow>>,
    /// The position after which to ask next; `None` when the stream has no row yet.
    pub after: Option<u64>,
    /// Whether nothing was left behind this page.
    pub is_last: bool,
}

/// What wakes readers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The newest public row's position.
    pub position: Option<u64>,
    /// Whether the stream has ended, because the process is stopping.
    pub is_closed: bool,
}

/// The ring; see the [module's documentation](self).
#[derive(Debug)]
pub struct AlertFeed {
    centre: Arc<str>,
    rows_max: usize,
    /// A std mutex: it is held for a page of pointer copies, never across an await.
    ring: Mutex<Ring>,
    head: watch::Sender<Head>,
}

#[derive(Debug)]
struct Ring {
    rows: VecDeque<Arc<FeedRow>>,
    /// Positions below this one are not in the ring: they were pushed out, or lie before its start.
    begins_at: u64,
}

impl AlertFeed {
    /// An empty ring for the stream of a centre whose next record has `first_position`, keeping `rows_max` rows (at
    /// least one; [`RING_ROWS_MAX`] unless told).
    #[must_use]
    pub fn new(centre: &str, first_position: u64, rows_max: usize) -> Self {
        let ring = Mutex::new(Ring { rows: VecDeque::new(), begins_at: first_position });
        Self { centre: centre.into(), rows_max: rows_max.max(1), ring, head: watch::Sender::default() }
    }

    /// Appends a record if it is a transition of an episode, of a rule that is not in shadow, with what the book changed by
    /// it, and wakes the readers. Records come in stream order.
    pub fn push(&self, record: &AlertRecord, applied: &Applied) {
        let AlertItem::Transition(transition) = &record.item else { return };
        if !transition.state.is_of_episode() || transition.rule.shadow {
            return;
        }
        // A full book may change alerts of other spaces as well; readers of this row need not be allowed to see those.
        let suppression: Vec<_> =
            applied.suppression.iter().filter(|alert| *alert.space() == transition.space).collect();
        let row = FeedRow {
            position: record.position,
            state: transition.state,
            space: Arc::clone(&transition.space),
            json: transition_json(&self.centre, transition, record.position).into(),
            suppression: (!suppression.is_empty()).then(|| suppression_json(&transition.space, &suppression).into()),
        };
        let mut ring = self.ring();
        if ring.rows.len() == self.rows_max {
            let oldest = ring.rows.pop_front().expect("a ring holds at least one row");
            ring.begins_at = oldest.position + 1;
        }
        ring.rows.push_back(Arc::new(row));
        drop(ring);
        self.head.send_modify(|head| head.position = Some(record.position));
    }

    /// The rows behind `after` that `who` may see; from the ring's beginning when `after` is `None` or lies ahead.
    /// O(log n) plus the rows looked at.
    #[must_use]
    pub fn page(&self, who: &Principal, after: Option<u64>) -> Page {
        let ring = self.ring();
        let Some(head) = ring.rows.back().map(|row| row.position) else {
            return Page { is_last: true, after, ..Page::default() };
        };
        let after = after.filter(|&after| after <= head);
        let next = after.map_or(ring.begins_at, |after| after + 1);
        let gap = (next < ring.begins_at).then(|| Gap { from: next, to: ring.begins_at - 1 });
        let start = ring.rows.partition_point(|row| row.position < next);
        let looked_at = || ring.rows.range(start..).take(PAGE_ROWS_MAX);
        let rows = looked_at().filter(|row| who.scope.allows(&self.centre, &row.space)).cloned().collect();
        let after = looked_at().next_back().map_or(Some(head), |row| Some(row.position));
        Page { gap, rows, after, is_last: after == Some(head) }
    }

    /// The newest public row's position.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        self.head.borrow().position
    }

    /// Follows the head. Mark it seen *before* asking for a page, so that no row slips in between unnoticed.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// How many follow the head now.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.head.receiver_count()
    }

    /// Ends the stream: readers get what is left and stop. For an orderly stop of the process.
    pub fn close(&self) {
        self.head.send_modify(|head| head.is_closed = true);
    }

    /// A push or page that panicked leaves the ring whole, so its poison means nothing.
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
