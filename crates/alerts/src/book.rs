//! The alert book: folds the alert stream into alerts, and decides what becomes of every command.
//!
//! An alert is keyed by its deterministic id and has two independent dimensions, the condition (rows below) and the
//! handling (columns). What a record does in each state, `-` meaning that nothing changes:
//!
//! | condition, record | not known | open | acknowledged | closed |
//! |---|---|---|---|---|
//! | any, `pending` or `inactive` | - | - | - | - |
//! | not known, `active`, `resumed` or `escalated` | new: active, open | | | |
//! | not known, `stale` | new: stale, open | | | |
//! | not known, `cleared` | new: cleared, open | | | |
//! | active, `active` or `resumed` | | - | - | |
//! | active, `stale` | | stale | stale | |
//! | active, `escalated` | | active, worse | active, worse | |
//! | active, `cleared` | | cleared | cleared | |
//! | stale, `active` or `resumed` | | active | active | |
//! | stale, `stale` | | - | - | |
//! | stale, `escalated` | | stale, worse | stale, worse | |
//! | stale, `cleared` | | cleared | cleared | |
//! | cleared, any transition | | - | - | - |
//! | any, acknowledge | unknown alert | **acknowledged** | unchanged | already closed |
//! | active or stale, close | unknown alert | still active | still active | |
//! | cleared, close | unknown alert | **closed** | **closed** | already closed |
//!
//! Active or stale and closed at once cannot be reached, since closing needs `cleared` and `cleared` is final: a new
//! episode has a new id. A transition about an unknown alert opens it whatever its state (its opening may lie before
//! the stream's start), because a shown alert too many is a nuisance and a lost one a danger.
//!
//! A transition that is not later in its partition than the newest one known of its alert is a repetition and dropped.
//!
//! **Shadow.** Transitions of a rule in shadow open no alert. Those of an alert that is known, because its rule went into
//! shadow meanwhile, count as any other: whoever was shown a beginning is shown the end.
//!
//! **Suppression.** While an alert runs of a rule named in its own rule's `inhibited_by`, in the same space, a running
//! alert is [suppressed](AlertView::inhibited_by). A record that begins or ends an alert thus changes others too, which
//! stand in [`Applied::suppression`]. An alert that ends while it is suppressed stays so: nobody need look at it. Rules in
//! shadow have no alerts, hence suppress none. Which rules are named is as of the alert's newest transition.
//!
//! **Bounds.** At most [`FINISHED_MAX`] finished alerts stay, then the oldest closed, then the longest cleared leave
//! first. At most [`ALERTS_MAX`] alerts stay in all: only there, with no finished one left, does the oldest running
//! alert leave, which the caller sees in [`Applied::evicted`] and must tell. History keeps them all.
//!
//! One record costs O(log n) in the number of alerts kept, and as much again for each alert whose suppression it changes.
//!
//! ```
//! use std::sync::Arc;
//! use vigie_alerts::book::Book;
//! use vigie_model::alert::AlertId;
//! use vigie_model::command::{Action, AlertDeed, Command, Outcome};
//! use vigie_model::stream::{AlertItem, AlertRecord};
//!
//! let (alert_id, deed) = (AlertId::from_text("no such alert"), AlertDeed::Unshelve);
//! let command = Command {
//!     action_id: "a1".into(),
//!     operator: "Ada".into(),
//!     note: None,
//!     log_time_ms: 0,
//!     action: Action::Alert { alert_id, deed },
//! };
//! let record = AlertRecord { position: 0, log_time_ms: 0, item: AlertItem::Command(Arc::new(command)) };
//! let applied = Book::default().apply(&record);
//! assert_eq!(applied.command.unwrap().outcome, Outcome::UnknownAlert);
//! ```

use crate::inhibition::Inhibition;
use crate::view::{AlertView, Condition, Handling};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState, Transition};
use vigie_model::command::{Action, AlertDeed, Command, Outcome};
use vigie_model::stream::{AlertItem, AlertRecord, AppliedCommand};

/// Finished alerts (closed or cleared) kept by default: two months of a centre at the 150 alerts a day an operator can
/// bear, and few enough to list at once.
pub const FINISHED_MAX: usize = 10_000;
/// Alerts kept by default, running ones included: some 300 MB at 1.5 kB each.
pub const ALERTS_MAX: usize = 200_000;

/// How many alerts a book keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookLimits {
    /// Most alerts kept that are closed or cleared.
    pub finished_max: usize,
    /// Most alerts kept in all; at least 1.
    pub alerts_max: usize,
}

impl Default for BookLimits {
    fn default() -> Self {
        Self { finished_max: FINISHED_MAX, alerts_max: ALERTS_MAX }
    }
}

/// What one record changed.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The alert that the record is about, as it stands now, when the record changed it.
    pub alert: Option<Arc<AlertView>>,
    /// Every alert whose suppression the record changed, as it stands now; `alert` may be among them.
    pub suppression: Vec<Arc<AlertView>>,
    /// The command with its outcome, when the record was one; always present then.
    pub command: Option<AppliedCommand>,
    /// Alerts that left the book to keep its bounds, as they last stood.
    pub evicted: Vec<Arc<AlertView>>,
}

/// The fold; see the [module's documentation](self).
#[derive(Debug, Default)]
pub struct Book {
    limits: BookLimits,
    alerts: HashMap<AlertId, Entry>,
    /// Every alert in the order in which it would leave. Positions of the stream are unique, so the keys are too.
    leaving: BTreeMap<(Class, u64), AlertId>,
    finished: usize,
    /// Which running alerts suppress which.
    inhibition: Inhibition,
    /// Space and rule of each first running alert that the record being applied changed; empty between records.
    firsts: Vec<(Arc<str>, Arc<str>)>,
}

#[derive(Debug)]
struct Entry {
    view: Arc<AlertView>,
    class: Class,
    /// Stream position of the record that brought the alert into its class.
    since: u64,
}

/// Classes in the order in which their alerts leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Closed,
    Cleared,
    Running,
}

impl Book {
    /// An empty book with bounds of its own.
    #[must_use]
    pub fn with_limits(limits: BookLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes in the next record of the alert stream.
    pub fn apply(&mut self, record: &AlertRecord) -> Applied {
        match &record.item {
            AlertItem::Transition(transition) => self.transition(transition, record.position),
            AlertItem::Command(command) => self.command(command, record.position),
            AlertItem::Tick { .. } | AlertItem::Mark(_) => Applied::default(),
        }
    }

    /// The alert as it stands.
    #[must_use]
    pub fn get(&self, id: &AlertId) -> Option<&Arc<AlertView>> {
        self.alerts.get(id).map(|entry| &entry.view)
    }

    /// Number of alerts kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.alerts.len()
    }

    /// Whether no alert is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }

    fn transition(&mut self, transition: &Arc<Transition>, position: u64) -> Applied {
        let known = self.alerts.get(&transition.alert_id).map(|entry| &*entry.view);
        let Some(view) = next_view(known, transition, position) else { return Applied::default() };
        let view = self.put(view);
        let evicted = self.evict();
        let suppression = self.suppress(view.id(), position);
        let alert = self.get(view.id()).map_or(view, Arc::clone);
        Applied { alert: Some(alert), suppression, command: None, evicted }
    }

    fn command(&mut self, command: &Arc<Command>, position: u64) -> Applied {
        let known = command.action.alert_id().and_then(|id| self.get(id)).cloned();
        let outcome = known.as_ref().map_or(Outcome::UnknownAlert, |view| outcome_of(view, &command.action));
        let space = known.as_ref().map_or_else(|| Arc::from(""), |view| Arc::clone(view.space()));
        let alert = known.filter(|_| outcome == Outcome::Done).map(|view| {
            let mut view = AlertView { position, ..AlertView::clone(&view) };
            match &command.action {
                Action::Alert { deed: AlertDeed::Close { .. }, .. } => view.closed = Some(Arc::clone(command)),
                _ => view.acknowledged = Some(Arc::clone(command)),
            }
            self.put(view)
        });
        let applied = AppliedCommand { position, command: Arc::clone(command), space, outcome };
        Applied { alert, command: Some(applied), ..Applied::default() }
    }

    /// Replaces an alert and moves it to its class, behind those already there.
    fn put(&mut self, view: AlertView) -> Arc<AlertView> {
        let (id, class, since) = (view.id().clone(), Class::of(&view), view.position);
        let view = Arc::new(view);
        let stays = self.alerts.get_mut(&id).filter(|entry| entry.class == class);
        if let Some(entry) = stays {
            let (old, since) = (std::mem::replace(&mut entry.view, Arc::clone(&view)), entry.since);
            if class == Class::Running && !Arc::ptr_eq(&old.latest.rule, &view.latest.rule) {
                self.unindex(&old, since);
                self.index(&view, since);
            }
            return view;
        }
        if let Some(old) = self.alerts.insert(id.clone(), Entry { view: Arc::clone(&view), class, since }) {
            self.leave(&old);
        }
        match class {
            Class::Running => self.index(&view, since),
            Class::Closed | Class::Cleared => self.finished += 1,
        }
        self.leaving.insert((class, since), id);
        view
    }

    /// Takes an entry that is no more out of everything but the alerts.
    fn leave(&mut self, entry: &Entry) {
        self.leaving.remove(&(entry.class, entry.since));
        match entry.class {
            Class::Running => self.unindex(&entry.view, entry.since),
            Class::Closed | Class::Cleared => self.finished -= 1,
        }
    }

    fn index(&mut self, view: &AlertView, since: u64) {
        if self.inhibition.put(view, since) {
            self.firsts.push((Arc::clone(view.space()), Arc::clone(&view.opened.rule.name)));
        }
    }

    fn unindex(&mut self, view: &AlertView, since: u64) {
        if self.inhibition.remove(view, since) {
            self.firsts.push((Arc::clone(view.space()), Arc::clone(&view.opened.rule.name)));
        }
    }

    /// Settles what suppresses the alert that the record is about, and those that depend on a first alert it changed.
    fn suppress(&mut self, id: &AlertId, position: u64) -> Vec<Arc<AlertView>> {
        let mut affected = BTreeSet::from([id.clone()]);
        for (space, rule) in self.firsts.drain(..) {
            affected.extend(self.inhibition.naming(&space, &rule).cloned());
        }
        let mut changed = Vec::new();
        for id in affected {
            let Some(entry) = self.alerts.get_mut(&id).filter(|entry| entry.class == Class::Running) else { continue };
            let inhibited_by = self.inhibition.inhibitor(entry.view.space(), &entry.view.latest.rule);
            if inhibited_by != entry.view.inhibited_by {
                entry.view = Arc::new(AlertView { inhibited_by, position, ..AlertView::clone(&entry.view) });
                changed.push(Arc::clone(&entry.view));
            }
        }
        changed
    }

    fn evict(&mut self) -> Vec<Arc<AlertView>> {
        let mut evicted = Vec::new();
        while self.finished > self.limits.finished_max || self.alerts.len() > self.limits.alerts_max.max(1) {
            let (_, id) = self.leaving.first_key_value().expect("every alert stands in the order of leaving");
            let entry = self.alerts.remove(id).expect("whatever may leave is here");
            self.leave(&entry);
            evicted.push(entry.view);
        }
        evicted
    }
}

impl Class {
    const fn of(view: &AlertView) -> Self {
        match (view.handling(), view.condition) {
            (Handling::Closed, _) => Self::Closed,
            (_, Condition::Cleared) => Self::Cleared,
            (_, Condition::Active | Condition::Stale) => Self::Running,
        }
    }
}

/// The alert after a transition; `None` when nothing changes.
fn next_view(known: Option<&AlertView>, transition: &Arc<Transition>, position: u64) -> Option<AlertView> {
    let condition = next_condition(known.map(|view| view.condition), transition.state)?;
    let latest = Arc::clone(transition);
    let at_ms = transition.event_time_ms;
    let escalated_ms = (transition.state == AlertState::Escalated).then_some(at_ms);
    match known {
        Some(view) if is_repetition(&view.latest, transition) => None,
        Some(view) => Some(AlertView {
            latest,
            condition,
            condition_since_ms: if condition == view.condition { view.condition_since_ms } else { at_ms },
            escalated_ms: escalated_ms.or(view.escalated_ms),
            position,
            ..view.clone()
        }),
        None if transition.rule.shadow => None,
        None => Some(AlertView {
            opened: Arc::clone(transition),
            latest,
            condition,
            condition_since_ms: at_ms,
            escalated_ms,
            inhibited_by: None,
            acknowledged: None,
            closed: None,
            position,
        }),
    }
}

/// The condition after a transition; `None` when nothing changes.
const fn next_condition(known: Option<Condition>, state: AlertState) -> Option<Condition> {
    match (known, state) {
        (_, AlertState::Pending | AlertState::Inactive) | (Some(Condition::Cleared), _) => None,
        (Some(Condition::Active), AlertState::Active | AlertState::Resumed) => None,
        (Some(Condition::Stale), AlertState::Stale) => None,
        (Some(same), AlertState::Escalated) => Some(same),
        (_, AlertState::Active | AlertState::Resumed | AlertState::Escalated) => Some(Condition::Active),
        (_, AlertState::Stale) => Some(Condition::Stale),
        (_, AlertState::Cleared) => Some(Condition::Cleared),
    }
}

/// What becomes of a command about this alert.
const fn outcome_of(view: &AlertView, action: &Action) -> Outcome {
    let Action::Alert { deed, .. } = action else { return Outcome::UnknownAlert };
    match (deed, view.handling()) {
        (_, Handling::Closed) => Outcome::AlreadyClosed,
        (AlertDeed::Acknowledge { .. }, Handling::Open) => Outcome::Done,
        (AlertDeed::Close { .. }, _) if view.condition.is_running() => Outcome::StillActive,
        (AlertDeed::Close { .. }, _) => Outcome::Done,
        _ => Outcome::Unchanged,
    }
}

/// An alert has one key, a key one partition, and a partition one order.
fn is_repetition(latest: &Transition, transition: &Transition) -> bool {
    latest.position.partition == transition.position.partition
        && (transition.position.offset, transition.ordinal) <= (latest.position.offset, latest.ordinal)
}

#[cfg(test)]
mod tests;
