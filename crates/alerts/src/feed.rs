//! The public alert stream: a bounded ring of rows that any number of readers follow, each at its own pace.
//!
//! Readers *pull*: each keeps the last position it has seen and asks for the page behind it, then sleeps until the head
//! moves. So a slow reader costs one page of memory, never delays the writer or its neighbours, and cannot lose rows
//! without being told: when the ring has moved past it, its next [`Page`] begins with the [`Gap`] it missed, and history
//! has those rows.
//!
//! A row is what one record changed, in [parts](Part), each for whoever may see its space. A reader that lost its
//! connection may have seen the first part only, so it asks for [the rest](AlertFeed::rest_of) when it resumes; every part
//! says how something stands since the row, so that hearing it twice does no harm.
//!
//! A reader behind the head resumes behind its position. One ahead of the head has followed a stream that is gone (the
//! process restarted with a new one) and starts from the ring's beginning.
//!
//! A restart judges the tail of the log anew and so makes the newest rows again; those before, as many as [`ROWS_SAVED_MAX`], come
//! with a snapshot ([`AlertFeed::saved`]). Whoever resumes below them is told the gap.

use crate::applied::Applied;
use crate::view::AlertView;
use crate::wire::{alert_json, suppression_json, transition_json};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use vigie_model::alert::AlertState;
use vigie_model::principal::Principal;
use vigie_model::stream::{AlertItem, AlertRecord};

/// Rows kept by default: weeks of a centre at the 150 alerts a day an operator can bear, with what is done about them; some
/// 150 MB.
pub const RING_ROWS_MAX: usize = 65_536;
/// Rows that a snapshot holds: weeks of them, in some 6 MB.
pub const ROWS_SAVED_MAX: usize = 4_096;
/// Most rows of one [`Page`]: what a reader holds in memory.
pub const PAGE_ROWS_MAX: usize = 256;

/// Most alerts of which one row tells how they are handled; when a record changed more, the row says so instead.
pub const HANDLING_TOLD_MAX: usize = 64;

/// What one record changed, as far as readers are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedRow {
    /// Place in the alert stream.
    pub position: u64,
    /// What it changed; never empty.
    pub parts: Vec<Arc<Part>>,
}

/// A part of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The space it is about; `None` for what concerns the whole centre.
    pub space: Option<Arc<str>>,
    /// What it tells.
    pub told: Told,
}

/// What a part of a row tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// A condition changed.
    Transition {
        /// What it became; never `pending` or `inactive`.
        state: AlertState,
        /// The row as [`transition_json`] writes it.
        json: Arc<str>,
    },
    /// Alerts of the space became suppressed, or are so no more, as [`suppression_json`] writes it.
    Suppression(Arc<str>),
    /// A person, the clock or the desk changed an alert: how it stands, as [`alert_json`] writes it.
    Handling(Arc<str>),
    /// So many alerts changed that they are better listed anew.
    TooMany,
    /// The desk changed; it is to be asked how it stands.
    Desk,
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
    /// The newest tick folded; it wakes nobody.
    pub tick: Option<Ticked>,
    /// Whether the stream has ended, because the process is stopping.
    pub is_closed: bool,
}

/// A tick that the control room has folded: proof that alerts are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticked {
    /// T of the tick.
    pub tick_ms: i64,
    /// Log time at which it was written.
    pub log_time_ms: i64,
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

/// The newest rows of a ring, to go on from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRows {
    begins_at: u64,
    rows: Vec<Arc<FeedRow>>,
}

impl AlertFeed {
    /// An empty ring for the stream of a centre whose next record has `first_position`, keeping `rows_max` rows (at
    /// least one; [`RING_ROWS_MAX`] unless told).
    #[must_use]
    pub fn new(centre: &str, first_position: u64, rows_max: usize) -> Self {
        let ring = Mutex::new(Ring { rows: VecDeque::new(), begins_at: first_position });
        Self { centre: centre.into(), rows_max: rows_max.max(1), ring, head: watch::Sender::default() }
    }

    /// The newest rows.
    #[must_use]
    pub fn saved(&self) -> SavedRows {
        let ring = self.ring();
        let left_out = ring.rows.len().saturating_sub(ROWS_SAVED_MAX);
        let begins_at = left_out.checked_sub(1).map_or(ring.begins_at, |last| ring.rows[last].position + 1);
        SavedRows { begins_at, rows: ring.rows.iter().skip(left_out).cloned().collect() }
    }

    /// Goes on from rows of before, which nobody was told of by this ring.
    pub fn resume(&self, saved: SavedRows) {
        let SavedRows { begins_at, rows } = saved;
        let position = rows.last().map(|row| row.position);
        let mut ring = self.ring();
        (ring.begins_at, ring.rows) = (begins_at, rows.into());
        drop(ring);
        self.head.send_modify(|head| head.position = position);
    }

    /// Appends what the control room made of a record, if anybody is told of it, and wakes the readers. Records come in
    /// stream order.
    pub fn push(&self, record: &AlertRecord, applied: &Applied, desk_has_changed: bool) {
        if let AlertItem::Tick { tick_ms } = record.item {
            let tick = Ticked { tick_ms, log_time_ms: record.log_time_ms };
            self.head.send_if_modified(|head| {
                head.tick = Some(tick);
                false
            });
        }
        let mut parts = self.transition(record, applied);
        let handled = handled(record, applied);
        if handled.len() > HANDLING_TOLD_MAX {
            parts.push(Part { space: None, told: Told::TooMany });
        } else {
            let part = |view: &&AlertView| Part {
                space: Some(Arc::clone(view.space())),
                told: Told::Handling(alert_json(&self.centre, view).into()),
            };
            parts.extend(handled.iter().map(part));
        }
        if desk_has_changed {
            parts.push(Part { space: None, told: Told::Desk });
        }
        if parts.is_empty() {
            return;
        }
        let row = FeedRow { position: record.position, parts: parts.into_iter().map(Arc::new).collect() };
        let mut ring = self.ring();
        if ring.rows.len() == self.rows_max {
            let oldest = ring.rows.pop_front().expect("a ring holds at least one row");
            ring.begins_at = oldest.position + 1;
        }
        ring.rows.push_back(Arc::new(row));
        drop(ring);
        self.head.send_modify(|head| head.position = Some(record.position));
    }

    /// The parts of a transition of an episode, of a rule that is not in shadow.
    fn transition(&self, record: &AlertRecord, applied: &Applied) -> Vec<Part> {
        let AlertItem::Transition(transition) = &record.item else { return Vec::new() };
        if !transition.state.is_of_episode() || transition.rule.shadow {
            return Vec::new();
        }
        let part = |told| Part { space: Some(Arc::clone(&transition.space)), told };
        let json = transition_json(&self.centre, transition, record.position).into();
        let mut parts = vec![part(Told::Transition { state: transition.state, json })];
        // A full book may change alerts of other spaces as well; readers of this part need not be allowed to see those.
        let suppression: Vec<_> =
            applied.suppression.iter().filter(|alert| *alert.space() == transition.space).collect();
        if !suppression.is_empty() {
            parts.push(part(Told::Suppression(suppression_json(&transition.space, &suppression).into())));
        }
        parts
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
        let rows = looked_at().filter_map(|row| self.visible(who, row)).collect();
        let after = looked_at().next_back().map_or(Some(head), |row| Some(row.position));
        Page { gap, rows, after, is_last: after == Some(head) }
    }

    /// The parts behind the first of the row at `position` that `who` may see: a reader that has its id may have lost them.
    #[must_use]
    pub fn rest_of(&self, who: &Principal, position: u64) -> Vec<Arc<Part>> {
        let ring = self.ring();
        let Ok(index) = ring.rows.binary_search_by_key(&position, |row| row.position) else { return Vec::new() };
        self.visible(who, &ring.rows[index]).map_or_else(Vec::new, |row| row.parts[1..].to_vec())
    }

    /// As much of a row as `who` may see.
    fn visible(&self, who: &Principal, row: &Arc<FeedRow>) -> Option<Arc<FeedRow>> {
        let may_see = |part: &Arc<Part>| match (&part.space, &part.told) {
            (Some(space), _) => who.scope.allows(&self.centre, space),
            (None, _) => *who.scope.centre == *self.centre,
        };
        if row.parts.iter().all(may_see) {
            return Some(Arc::clone(row));
        }
        let parts: Vec<_> = row.parts.iter().filter(|part| may_see(part)).cloned().collect();
        (!parts.is_empty()).then(|| Arc::new(FeedRow { position: row.position, parts }))
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

/// The alerts of which a row tells how they are handled.
fn handled<'a>(record: &AlertRecord, applied: &'a Applied) -> Vec<&'a AlertView> {
    let by_engine = match &record.item {
        AlertItem::Transition(transition) => !transition.rule.shadow,
        _ => false,
    };
    // A transition says how a known alert stands, but for what it changed in its handling.
    let says_more = |view: &AlertView| {
        view.opened.position == view.latest.position
            || view.shelved.is_some()
            || view.out_of_service.is_some()
            || view.chattering.is_some()
    };
    let subject = applied.alert.iter().filter(|view| !by_engine || says_more(view));
    // What is suppressed no more may be told again.
    let again = |view: &AlertView| view.waiting.is_some_and(|waiting| waiting.position == record.position);
    let subject_id = applied.alert.as_ref().map(|view| view.id());
    let told_again = applied.suppression.iter().filter(|view| again(view) && Some(view.id()) != subject_id);
    subject.chain(told_again).chain(&applied.changed).map(|view| &**view).collect()
}

#[cfg(test)]
mod tests;
