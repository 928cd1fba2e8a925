//! The alert book: folds the alert stream into alerts, and decides what becomes of every command about one.
//!
//! An alert is keyed by its deterministic id and has two independent dimensions, the condition, which the engine owns, and
//! the handling, which people own. `docs/alerts.md` has the whole table of states and inputs; [`crate::life`] is its code,
//! and a test reads the table there and tries every pair. This file keeps the alerts, and who suppresses whom.
//!
//! A transition about an unknown alert opens it whatever its state (its opening may lie before the stream's start), because
//! a shown alert too many is a nuisance and a lost one a danger. A transition that is not later in its partition than the
//! newest one known of its alert is a repetition and dropped.
//!
//! **Time.** The book reads no clock. What is due at or before T happens at the tick of T, in the order (due time, alert id);
//! a tick at which nothing is due costs one look at an index.
//!
//! **Shadow.** Transitions of a rule in shadow open no alert. Those of an alert that is known, because its rule went into
//! shadow meanwhile, count as any other: whoever was shown a beginning is shown the end.
//!
//! **Suppression.** While an alert runs of a rule named in its own rule's `inhibited_by`, in the same space, a running
//! alert is [suppressed](AlertView::inhibited_by). A record that begins or ends an alert thus changes others too, which
//! stand in [`Applied::suppression`]. An alert that ends while it is suppressed stays so: nobody need look at it. Rules in
//! shadow have no alerts, hence suppress none. Which rules are named is as of the alert's newest transition.
//!
//! **The desk.** Whether something is out of service, and in which mode the centre works, the book asks its [`Around`].
//! Commands about the desk are none of its business, but for a test alert, which it opens.
//!
//! **Bounds.** At most [`FINISHED_MAX`] finished alerts stay, then the oldest closed, then the longest cleared leave
//! first. At most [`ALERTS_MAX`] alerts stay in all: only there, with no finished one left, does the oldest running
//! alert leave, which the caller sees in [`Applied::evicted`] and must tell. History keeps them all.
//!
//! One record costs O(log n) in the number of alerts kept, and as much again for each alert that it changes besides.
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

use crate::applied::Applied;
use crate::around::{Around, NoDesk};
use crate::due::Due;
use crate::inhibition::Inhibition;
use crate::life::{
    Moment, after_deed, after_desk, after_suppression, after_time_out, after_transition, next_time_out, test_alert,
};
use crate::stored::{self, RestoreError, StoredBook};
use crate::view::{AlertView, Condition, Handling};
use crate::wire::alert_json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use vigie_model::alert::{AlertId, Transition};
use vigie_model::command::{Action, AlertDeed, Command, DeskDeed, Outcome};
use vigie_model::control::AlertSettings;
use vigie_model::stream::{AlertItem, AlertRecord, AppliedCommand, LogMark};

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

/// The fold; see the [module's documentation](self).
#[derive(Debug, Default)]
pub struct Book {
    limits: BookLimits,
    /// What the newest control record says.
    settings: Arc<AlertSettings>,
    alerts: HashMap<AlertId, Entry>,
    /// Every alert in the order in which it would leave. Positions of the stream are unique, so the keys are too.
    leaving: BTreeMap<(Class, u64), AlertId>,
    finished: usize,
    /// Which alerts the clock changes next.
    due: Due,
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
    /// When it times out next.
    due_ms: Option<i64>,
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

    /// Takes in the next record of the alert stream, of a centre without a desk.
    pub fn apply(&mut self, record: &AlertRecord) -> Applied {
        self.apply_around(record, &NoDesk)
    }

    /// Takes in the next record of the alert stream; `around` is the desk as the record leaves it.
    pub fn apply_around(&mut self, record: &AlertRecord, around: &dyn Around) -> Applied {
        let at = Moment { position: record.position, log_time_ms: record.log_time_ms };
        match &record.item {
            AlertItem::Transition(transition) => self.transition(transition, around, at),
            AlertItem::Command(command) => self.command(command, around, at),
            AlertItem::Tick { tick_ms } => self.tick(*tick_ms, at),
            AlertItem::Mark(mark) => self.mark(mark),
        }
    }

    /// Asks the desk anew about some alerts, or about all when none is named, and adds what changed to what `record` did.
    /// For all, O(n) in the number of alerts kept.
    pub fn refresh(
        &mut self,
        ids: Option<&[AlertId]>,
        around: &dyn Around,
        record: &AlertRecord,
        applied: &mut Applied,
    ) {
        let at = Moment { position: record.position, log_time_ms: record.log_time_ms };
        let all = || self.leaving.values().cloned().collect();
        let mut changed = Vec::new();
        for id in ids.map_or_else(all, <[_]>::to_vec) {
            let view = self.get(&id).and_then(|view| after_desk(view, around, at));
            changed.extend(view.map(|view| self.put(view)));
        }
        applied.merge(&changed);
    }

    /// The alert as it stands.
    #[must_use]
    pub fn get(&self, id: &AlertId) -> Option<&Arc<AlertView>> {
        self.alerts.get(id).map(|entry| &entry.view)
    }

    /// All alerts, in any order.
    pub fn alerts(&self) -> impl Iterator<Item = &Arc<AlertView>> {
        self.alerts.values().map(|entry| &entry.view)
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

    /// The book as bytes, to go on from with [`Self::restore`] behind the newest record applied.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let alerts = self.leaving.iter().map(|((_, since), id)| (*since, &*self.alerts[id].view));
        stored::encode(&self.settings, alerts)
    }

    /// The book that a [snapshot](Self::snapshot) holds, with bounds of its own.
    ///
    /// # Errors
    /// When the snapshot is of another version, or none.
    pub fn restore(snapshot: &[u8], limits: BookLimits) -> Result<Self, RestoreError> {
        let StoredBook { settings, alerts } = stored::decode(snapshot)?;
        let mut book = Self { settings, ..Self::with_limits(limits) };
        for (since, view) in alerts {
            let position = view.position;
            book.put(AlertView { position: since, ..view.clone() });
            book.put(AlertView { position, ..view });
        }
        book.firsts.clear();
        Ok(book)
    }

    /// Every alert as a line of JSON, by id: equal books have equal dumps.
    #[must_use]
    pub fn dump(&self, centre: &str) -> String {
        let by_id: BTreeMap<_, _> = self.alerts.iter().collect();
        by_id.values().map(|entry| alert_json(centre, &entry.view) + "\n").collect()
    }

    fn transition(&mut self, transition: &Arc<Transition>, around: &dyn Around, at: Moment) -> Applied {
        let known = self.get(&transition.alert_id).map(|view| &**view);
        let Some(view) = after_transition(known, transition, around, at) else { return Applied::default() };
        self.changed(view, at)
    }

    fn command(&mut self, command: &Arc<Command>, around: &dyn Around, at: Moment) -> Applied {
        let (mut applied, space, outcome) = match &command.action {
            Action::Alert { alert_id, deed } => self.deed(alert_id, deed, command, around, at),
            Action::Desk(DeskDeed::TestAlert { severity, space }) => {
                let view = test_alert(command, *severity, space.as_ref(), around, at);
                (self.changed(view, at), space.clone().unwrap_or_default(), Outcome::Done)
            }
            Action::Desk(_) => return Applied::default(),
        };
        let command = Arc::clone(command);
        applied.command = Some(AppliedCommand { position: at.position, command, space, outcome });
        applied
    }

    fn deed(
        &mut self,
        id: &AlertId,
        deed: &AlertDeed,
        command: &Arc<Command>,
        around: &dyn Around,
        at: Moment,
    ) -> (Applied, Arc<str>, Outcome) {
        let Some(known) = self.get(id) else { return (Applied::default(), Arc::default(), Outcome::UnknownAlert) };
        let space = Arc::clone(known.space());
        match after_deed(known, command, deed, around, at) {
            Ok(view) => (self.changed(view, at), space, Outcome::Done),
            Err(outcome) => (Applied::default(), space, outcome),
        }
    }

    /// Lets happen what is due.
    fn tick(&mut self, tick_ms: i64, at: Moment) -> Applied {
        let settings = Arc::clone(&self.settings);
        let escalation = settings.escalation.as_ref();
        let mut changed = Vec::new();
        while let Some(id) = self.due.first(tick_ms) {
            let known = &self.alerts[&id].view;
            let (_, time_out) = next_time_out(known, escalation).expect("whatever is in the index has a time-out");
            let view = after_time_out(known, time_out, escalation, at);
            changed.push(self.put(view));
        }
        let mut applied = Applied::default();
        applied.merge(&changed);
        applied
    }

    fn mark(&mut self, mark: &LogMark) -> Applied {
        if let Some(settings) = mark.alerts.as_ref().filter(|settings| **settings != self.settings) {
            self.settings = Arc::clone(settings);
            for (id, entry) in &mut self.alerts {
                let due_ms = next_time_out(&entry.view, settings.escalation.as_ref()).map(|(due_ms, _)| due_ms);
                self.due.set(id, entry.due_ms, due_ms);
                entry.due_ms = due_ms;
            }
        }
        Applied::default()
    }

    /// Takes in the alert that a record is about, and whatever follows for others.
    fn changed(&mut self, view: AlertView, at: Moment) -> Applied {
        let view = self.put(view);
        let evicted = self.evict();
        let suppression = self.suppress(view.id(), at);
        let alert = self.get(view.id()).map_or(view, Arc::clone);
        Applied { alert: Some(alert), suppression, evicted, ..Applied::default() }
    }

    /// Replaces an alert and moves it to its class, behind those already there.
    fn put(&mut self, view: AlertView) -> Arc<AlertView> {
        let (id, class, since) = (view.id().clone(), Class::of(&view), view.position);
        let view = Arc::new(view);
        let due_ms = next_time_out(&view, self.settings.escalation.as_ref()).map(|(due_ms, _)| due_ms);
        let stays = self.alerts.get_mut(&id).filter(|entry| entry.class == class);
        if let Some(entry) = stays {
            let (old, since) = (std::mem::replace(&mut entry.view, Arc::clone(&view)), entry.since);
            self.due.set(&id, std::mem::replace(&mut entry.due_ms, due_ms), due_ms);
            if class == Class::Running && !Arc::ptr_eq(&old.latest.rule, &view.latest.rule) {
                self.unindex(&old, since);
                self.index(&view, since);
            }
            return view;
        }
        if let Some(old) = self.alerts.insert(id.clone(), Entry { view: Arc::clone(&view), class, since, due_ms }) {
            self.leave(&old);
        }
        self.due.set(&id, None, due_ms);
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
        self.due.set(entry.view.id(), entry.due_ms, None);
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
    fn suppress(&mut self, id: &AlertId, at: Moment) -> Vec<Arc<AlertView>> {
        let mut affected = BTreeSet::from([id.clone()]);
        for (space, rule) in self.firsts.drain(..) {
            affected.extend(self.inhibition.naming(&space, &rule).cloned());
        }
        let mut changed = Vec::new();
        for id in affected {
            let Some(entry) = self.alerts.get(&id).filter(|entry| entry.class == Class::Running) else { continue };
            let inhibited_by = self.inhibition.inhibitor(entry.view.space(), &entry.view.latest.rule);
            if inhibited_by != entry.view.inhibited_by {
                let view = after_suppression(&entry.view, inhibited_by, at);
                changed.push(self.put(view));
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

#[cfg(test)]
mod tests;
