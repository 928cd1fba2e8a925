//! The alert book: folds the alert stream into alerts, and decides what becomes of every command.
//!
//! An alert is keyed by its deterministic id and has two independent dimensions, the condition (rows below) and the
//! handling (columns). What a record does in each state, `-` meaning that nothing changes:
//!
//! | condition, record | not known | open | acknowledged | closed |
//! |---|---|---|---|---|
//! | any, `pending` or `inactive` | - | - | - | - |
//! | not known, `active` or `resumed` | new: active, open | | | |
//! | not known, `stale` | new: stale, open | | | |
//! | not known, `cleared` | new: cleared, open | | | |
//! | active, `active` or `resumed` | | - | - | |
//! | active, `stale` | | stale | stale | |
//! | active, `cleared` | | cleared | cleared | |
//! | stale, `active` or `resumed` | | active | active | |
//! | stale, `stale` | | - | - | |
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
//! **Bounds.** At most [`FINISHED_MAX`] finished alerts stay, then the oldest closed, then the longest cleared leave
//! first. At most [`ALERTS_MAX`] alerts stay in all: only there, with no finished one left, does the oldest running
//! alert leave, which the caller sees in [`Applied::evicted`] and must tell. History keeps them all.
//!
//! One record costs O(log n) in the number of alerts kept.
//!
//! ```
//! use std::sync::Arc;
//! use vigie_alerts::book::Book;
//! use vigie_model::alert::AlertId;
//! use vigie_model::command::{Action, Command, Outcome};
//! use vigie_model::stream::{AlertItem, AlertRecord};
//!
//! let command = Command {
//!     action_id: "a1".into(),
//!     alert_id: AlertId::from_text("no such alert"),
//!     operator: "Ada".into(),
//!     action: Action::Acknowledge,
//!     note: None,
//!     log_time_ms: 0,
//! };
//! let record = AlertRecord { position: 0, log_time_ms: 0, item: AlertItem::Command(Arc::new(command)) };
//! let applied = Book::default().apply(&record);
//! assert_eq!(applied.command.unwrap().outcome, Outcome::UnknownAlert);
//! ```

use crate::view::{AlertView, Condition, Handling};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState, Transition};
use vigie_model::command::{Action, Command, Outcome};
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
    /// The alert as it stands now, when the record changed it.
    pub alert: Option<Arc<AlertView>>,
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
            AlertItem::Transition(transition) => {
                let alert = self.transition(transition, record.position);
                let evicted = self.evict();
                Applied { alert, command: None, evicted }
            }
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

    fn transition(&mut self, transition: &Arc<Transition>, position: u64) -> Option<Arc<AlertView>> {
        let known = self.alerts.get(&transition.alert_id).map(|entry| &entry.view);
        let condition = next_condition(known.map(|view| view.condition), transition.state)?;
        let view = match known {
            Some(view) if is_repetition(&view.latest, transition) => return None,
            Some(view) => AlertView { latest: Arc::clone(transition), condition, position, ..AlertView::clone(view) },
            None => AlertView {
                opened: Arc::clone(transition),
                latest: Arc::clone(transition),
                condition,
                acknowledged: None,
                closed: None,
                position,
            },
        };
        Some(self.put(view))
    }

    fn command(&mut self, command: &Arc<Command>, position: u64) -> Applied {
        let known = self.alerts.get(&command.alert_id).map(|entry| Arc::clone(&entry.view));
        let outcome = known.as_ref().map_or(Outcome::UnknownAlert, |view| outcome_of(view, &command.action));
        let space = known.as_ref().map_or_else(|| Arc::from(""), |view| Arc::clone(view.space()));
        let alert = known.filter(|_| outcome == Outcome::Done).map(|view| {
            let mut view = AlertView { position, ..AlertView::clone(&view) };
            match command.action {
                Action::Acknowledge => view.acknowledged = Some(Arc::clone(command)),
                Action::Close { .. } => view.closed = Some(Arc::clone(command)),
            }
            self.put(view)
        });
        let applied = AppliedCommand { position, command: Arc::clone(command), space, outcome };
        Applied { alert, command: Some(applied), evicted: Vec::new() }
    }

    /// Replaces an alert and moves it to its class, behind those already there.
    fn put(&mut self, view: AlertView) -> Arc<AlertView> {
        let (id, class, since) = (view.id().clone(), Class::of(&view), view.position);
        let view = Arc::new(view);
        let stays = self.alerts.get_mut(&id).filter(|entry| entry.class == class);
        if let Some(entry) = stays {
            entry.view = Arc::clone(&view);
            return view;
        }
        if let Some(old) = self.alerts.insert(id.clone(), Entry { view: Arc::clone(&view), class, since }) {
            self.leaving.remove(&(old.class, old.since));
            self.finished -= usize::from(old.class != Class::Running);
        }
        self.finished += usize::from(class != Class::Running);
        self.leaving.insert((class, since), id);
        view
    }

    fn evict(&mut self) -> Vec<Arc<AlertView>> {
        let mut evicted = Vec::new();
        while self.finished > self.limits.finished_max || self.alerts.len() > self.limits.alerts_max.max(1) {
            let ((class, _), id) = self.leaving.pop_first().expect("every alert stands in the order of leaving");
            self.finished -= usize::from(class != Class::Running);
            evicted.extend(self.alerts.remove(&id).map(|entry| entry.view));
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

/// The condition after a transition; `None` when nothing changes.
const fn next_condition(known: Option<Condition>, state: AlertState) -> Option<Condition> {
    match (known, state) {
        (_, AlertState::Pending | AlertState::Inactive) | (Some(Condition::Cleared), _) => None,
        (Some(Condition::Active), AlertState::Active | AlertState::Resumed) => None,
        (Some(Condition::Stale), AlertState::Stale) => None,
        (Some(_), AlertState::Escalated) => None,
        (_, AlertState::Active | AlertState::Resumed | AlertState::Escalated) => Some(Condition::Active),
        (_, AlertState::Stale) => Some(Condition::Stale),
        (_, AlertState::Cleared) => Some(Condition::Cleared),
    }
}

/// What becomes of a command about this alert.
const fn outcome_of(view: &AlertView, action: &Action) -> Outcome {
    match (action, view.handling()) {
        (_, Handling::Closed) => Outcome::AlreadyClosed,
        (Action::Acknowledge, Handling::Open) => Outcome::Done,
        (Action::Acknowledge, Handling::Acknowledged) => Outcome::Unchanged,
        (Action::Close { .. }, _) if view.condition.is_running() => Outcome::StillActive,
        (Action::Close { .. }, _) => Outcome::Done,
    }
}

/// An alert has one key, a key one partition, and a partition one order.
fn is_repetition(latest: &Transition, transition: &Transition) -> bool {
    latest.position.partition == transition.position.partition
        && (transition.position.offset, transition.ordinal) <= (latest.position.offset, latest.ordinal)
}

#[cfg(test)]
mod tests;
