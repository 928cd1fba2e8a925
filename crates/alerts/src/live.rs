//! The live table: every alert of the book as the API reads it, from many threads, while the book's owner writes.
//!
//! The book belongs to one thread and is never locked; its owner hands each [`Applied`] to [`LiveAlerts::apply`]. It
//! does so *before* it appends the row to the [feed](crate::feed), so that whoever hears of a change finds it here.
//!
//! Why a concurrent map: reads come from every connection, writes a few times a second, and neither needs the whole at
//! one instant. Entries are `Arc`s, so a reader copies pointers and no guard of the map leaves this file.

use crate::applied::Applied;
use crate::book::Book;
use crate::view::{AlertView, Condition, Handling};
use dashmap::DashMap;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use vigie_model::alert::AlertId;
use vigie_model::principal::Principal;
use vigie_model::severity::Severity;

/// The alerts of one centre as they stand.
#[derive(Debug)]
pub struct LiveAlerts {
    centre: Arc<str>,
    alerts: DashMap<AlertId, Arc<AlertView>>,
    handled: AtomicU64,
}

/// What the alerts of one space, or of all, amount to. Closed alerts do not count; those that are suppressed, on the shelf
/// or out of service by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertSum {
    /// The worst alert's condition; `None` when nothing is to be done.
    pub worst: Option<(Condition, Severity)>,
    /// Alerts whose episode is still open.
    pub running: usize,
    /// Alerts nobody has acknowledged, running or cleared.
    pub unacknowledged: usize,
    /// Alerts that are open or acknowledged.
    pub open: usize,
    /// Alerts that are suppressed by another; they count nowhere else.
    pub suppressed: usize,
    /// Alerts on the shelf; they count nowhere else.
    pub shelved: usize,
    /// Alerts out of service; they count nowhere else.
    pub out_of_service: usize,
}

impl LiveAlerts {
    /// An empty table for a centre.
    #[must_use]
    pub fn new(centre: &str) -> Self {
        Self { centre: centre.into(), alerts: DashMap::new(), handled: AtomicU64::new(0) }
    }

    /// The centre whose alerts these are.
    #[must_use]
    pub const fn centre(&self) -> &Arc<str> {
        &self.centre
    }

    /// Shows a book that goes on from a snapshot, behind so many records that changed an alert untold.
    pub fn show(&self, book: &Book, handled: u64) {
        for alert in book.alerts() {
            self.alerts.insert(alert.id().clone(), Arc::clone(alert));
        }
        self.handled.store(handled, Ordering::Release);
    }

    /// Shows what the book changed.
    pub fn apply(&self, applied: &Applied) {
        for alert in applied.suppression.iter().chain(&applied.alert).chain(&applied.changed) {
            self.alerts.insert(alert.id().clone(), Arc::clone(alert));
        }
        if applied.alert.as_ref().is_some_and(|alert| applied.command.is_some() || alert.latest.rule.shadow) {
            // Release: whoever sees the new count also finds the alert it counts.
            self.handled.fetch_add(1, Ordering::Release);
        }
        for gone in &applied.evicted {
            self.alerts.remove(gone.id());
        }
    }

    /// How many records changed an alert since the log began without being told on the public stream: commands, and
    /// transitions of rules that went into shadow. A page compares it to learn that another operator acted.
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.handled.load(Ordering::Acquire)
    }

    /// One alert, if `who` may see it.
    #[must_use]
    pub fn get(&self, who: &Principal, id: &AlertId) -> Option<Arc<AlertView>> {
        let alert = self.alerts.get(id).map(|entry| Arc::clone(entry.value()))?;
        self.may_see(who, &alert).then_some(alert)
    }

    /// The alerts that `who` may see in the order of [`Handling::ALL`]; of each the worst first, then the newest. O(n log n).
    #[must_use]
    pub fn list(&self, who: &Principal) -> Vec<Arc<AlertView>> {
        let mut alerts = self.visible(who);
        alerts.sort_by_cached_key(|alert| {
            let newest = Reverse(alert.opened.event_time_ms);
            (alert.handling(), Reverse(alert.severity()), newest, alert.id().clone())
        });
        alerts
    }

    /// What the alerts that `who` may see amount to, per space; spaces without alerts that are not closed are absent.
    #[must_use]
    pub fn worst_by_space(&self, who: &Principal) -> BTreeMap<Arc<str>, AlertSum> {
        let mut sums: BTreeMap<Arc<str>, AlertSum> = BTreeMap::new();
        for alert in self.visible(who).iter().filter(|alert| alert.handling() != Handling::Closed) {
            sums.entry(Arc::clone(alert.space())).or_default().add(alert);
        }
        sums
    }

    /// What all alerts that `who` may see amount to.
    #[must_use]
    pub fn sum(&self, who: &Principal) -> AlertSum {
        let mut sum = AlertSum::default();
        self.visible(who).iter().for_each(|alert| sum.add(alert));
        sum
    }

    fn visible(&self, who: &Principal) -> Vec<Arc<AlertView>> {
        let all = self.alerts.iter().map(|entry| Arc::clone(entry.value()));
        all.filter(|alert| self.may_see(who, alert)).collect()
    }

    fn may_see(&self, who: &Principal, alert: &AlertView) -> bool {
        who.scope.allows(&self.centre, alert.space())
    }
}

impl AlertSum {
    fn add(&mut self, alert: &AlertView) {
        match alert.handling() {
            Handling::Closed => return,
            Handling::OutOfService => return self.out_of_service += 1,
            Handling::Suppressed => return self.suppressed += 1,
            Handling::Shelved => return self.shelved += 1,
            Handling::Open | Handling::Acknowledged => {}
        }
        let badness = |&(condition, severity): &(Condition, Severity)| (condition.is_running(), severity, condition);
        let this = (alert.condition, alert.severity());
        self.worst = self.worst.into_iter().chain([this]).max_by_key(badness);
        self.running += usize::from(alert.condition.is_running());
        self.unacknowledged += usize::from(alert.handling() == Handling::Open);
        self.open += 1;
    }
}

#[cfg(test)]
mod tests;
