//! The control room: the alert book and the desk as one fold of the alert stream.
//!
//! For each record, in this order:
//! 1. The desk takes what is its own: its commands, the clock, its settings.
//! 2. The book takes the record, and asks the desk where it opens an alert.
//! 3. The desk is told what became of alerts, and counts, groups and notes; the book asks it anew about alerts of which it
//!    says something else now.
//! 4. The desk is told which alerts operators are told of, and the book asks again.
//!
//! So [`Stepped`] tells of each alert once, as the record leaves it, and of the desk when anything shown of it changed.
//!
//! **Invariant**: a pure fold. The same records give the same room, whatever the cuts, snapshots and restarts between them.

use crate::applied::Applied;
use crate::around::{Around, Chattering, ModeThen, OutOfService};
use crate::book::{Book, BookLimits};
use crate::desk;
use crate::desk::asked::{DeskAlert, Touched};
use crate::desk::fold::Desk;
use crate::desk::view::DeskView;
use crate::stored::RestoreError;
use crate::view::{AlertView, Condition, Handling};
use std::sync::Arc;
use vigie_model::alert::{AlertId, Transition};
use vigie_model::command::{Action, Command, DeskDeed, Outcome};
use vigie_model::stream::{AlertItem, AlertRecord, AppliedCommand};

/// Book and desk; see the [module's documentation](self).
#[derive(Debug, Default)]
pub struct ControlRoom {
    book: Book,
    desk: Desk,
}

/// What one record changed in the control room.
#[derive(Clone, Debug, Default)]
pub struct Stepped {
    /// Among the alerts; every command is here with its outcome.
    pub applied: Applied,
    /// The desk as it stands now, when anything shown of it changed.
    pub desk: Option<Arc<DeskView>>,
}

impl ControlRoom {
    /// An empty room whose book has bounds of its own.
    #[must_use]
    pub fn with_limits(limits: BookLimits) -> Self {
        Self { book: Book::with_limits(limits), desk: Desk::default() }
    }

    /// The alerts.
    #[must_use]
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// The desk.
    #[must_use]
    pub const fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Takes in the next record of the alert stream.
    pub fn apply(&mut self, record: &AlertRecord) -> Stepped {
        let decided = self.desk_first(record);
        let before = subject(record).and_then(|id| self.book.get(&id)).cloned();
        let mut applied = self.book.apply_around(record, &AtDesk(&self.desk));
        if applied.command.is_none() {
            applied.command = decided;
        }
        self.tell_what_became(before.as_deref(), &applied, record);
        self.refresh(record, &mut applied);
        self.tell_who_is_told(before.is_some(), &applied, record);
        self.refresh(record, &mut applied);
        let desk = self.desk.take_changed().then(|| Arc::new(self.desk.view(record.position)));
        Stepped { applied, desk }
    }

    /// Book and desk as bytes, to go on from behind the newest record applied.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let book = self.book.snapshot();
        let mut bytes = (book.len() as u64).to_le_bytes().to_vec();
        bytes.extend(book);
        bytes.extend(desk::stored::snapshot(&self.desk));
        bytes
    }

    /// The room that a [snapshot](Self::snapshot) holds, whose book has bounds of its own.
    ///
    /// # Errors
    /// When the snapshot is of another version, or none.
    pub fn restore(snapshot: &[u8], limits: BookLimits) -> Result<Self, RestoreError> {
        let unreadable = || RestoreError::Unreadable;
        let (length, rest) = snapshot.split_first_chunk().ok_or_else(unreadable)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| unreadable())?;
        let (book, desk) = rest.split_at_checked(length).ok_or_else(unreadable)?;
        let book = Book::restore(book, limits)?;
        Ok(Self { book, desk: desk::stored::restore(desk)? })
    }

    /// What is the desk's own; the outcome, when it decides a command.
    fn desk_first(&mut self, record: &AlertRecord) -> Option<AppliedCommand> {
        match &record.item {
            AlertItem::Tick { tick_ms } => self.desk.tick(*tick_ms, record.log_time_ms),
            AlertItem::Mark(mark) => {
                if let Some(settings) = &mark.alerts {
                    self.desk.settings(settings, record.log_time_ms);
                }
            }
            AlertItem::Command(command) => {
                let Action::Desk(deed) = &command.action else { return None };
                let book = &self.book;
                let known = |id: &AlertId| book.get(id).map(|view| view.closed.is_some());
                let outcome = self.desk.command(command, deed, known);
                let (position, command) = (record.position, Arc::clone(command));
                return Some(AppliedCommand { position, command, space: Arc::default(), outcome });
            }
            AlertItem::Transition(_) => {}
        }
        None
    }

    /// Lets the book ask about alerts of which the desk says something else now.
    fn refresh(&mut self, record: &AlertRecord, applied: &mut Applied) {
        let touched = match self.desk.take_touched() {
            Touched::Any => None,
            Touched::Some(ids) => Some(ids),
        };
        self.book.refresh(touched.as_deref(), &AtDesk(&self.desk), record, applied);
    }

    /// Tells the desk of alerts that are new to operators: they opened, or are told again.
    fn tell_who_is_told(&mut self, was_known: bool, applied: &Applied, record: &AlertRecord) {
        let subject = applied.alert.as_ref();
        let others = applied.suppression.iter().chain(&applied.changed);
        let others = others.filter(|view| subject.is_none_or(|subject| subject.id() != view.id()));
        let is_told = |view: &AlertView| view.waiting.is_some_and(|waiting| waiting.position == record.position);
        let again = others.filter(|view| view.reannounced.is_some() && is_told(view));
        let first = subject.filter(|view| is_told(view) && (!was_known || view.reannounced.is_some()));
        for view in first.into_iter().chain(again) {
            self.desk.told(&desk_alert(view), record.log_time_ms);
        }
    }

    /// Tells the desk what became of alerts; `before` is the record's subject as it stood.
    fn tell_what_became(&mut self, before: Option<&AlertView>, applied: &Applied, record: &AlertRecord) {
        let now_ms = record.log_time_ms;
        if let Some(alert) = &applied.alert {
            self.tell_of_subject(before, alert, record);
        }
        for view in applied.suppression.iter().filter(|view| view.inhibited_by.is_some()) {
            self.desk.suppressed(&desk_alert(view), record.position, now_ms);
        }
        for gone in applied.evicted.iter().filter(|gone| gone.closed.is_none()) {
            self.desk.closed(gone.id(), gone.space(), now_ms);
        }
        let of_alert = |command: &AppliedCommand| command.command.action.alert_id().is_some();
        if applied.command.as_ref().is_some_and(|command| of_alert(command) && command.outcome == Outcome::Done) {
            self.desk.acted(now_ms);
        }
    }

    fn tell_of_subject(&mut self, before: Option<&AlertView>, alert: &AlertView, record: &AlertRecord) {
        let (position, now_ms) = (record.position, record.log_time_ms);
        let Some(before) = before else {
            self.desk.opened(&desk_alert(alert), alert.opened.event_time_ms, position, now_ms);
            return;
        };
        if before.condition.is_running() && alert.condition == Condition::Cleared {
            self.desk.cleared(&alert.opened.rule.name, &alert.opened.key, alert.condition_since_ms);
        }
        let waited = before.waiting.filter(|_| alert.acknowledged.is_some() && before.acknowledged.is_none());
        if let Some(waited) = waited.filter(|_| desk_alert(alert).counts()) {
            self.desk.acknowledged(now_ms, now_ms - waited.since_ms);
        }
        match (before.handling(), alert.handling()) {
            (Handling::Closed, Handling::Closed) => {}
            (_, Handling::Closed) => self.desk.closed(alert.id(), alert.space(), now_ms),
            (Handling::Closed, _) => self.desk.reopened(alert.id()),
            _ => {}
        }
    }
}

/// The alert that a record is about, which it may open.
fn subject(record: &AlertRecord) -> Option<AlertId> {
    match &record.item {
        AlertItem::Transition(transition) => Some(transition.alert_id.clone()),
        AlertItem::Command(command) => match &**command {
            Command { action: Action::Alert { alert_id, .. }, .. } => Some(alert_id.clone()),
            Command { action: Action::Desk(DeskDeed::TestAlert { .. }), action_id, .. } => {
                Some(AlertId::of_test(action_id))
            }
            _ => None,
        },
        AlertItem::Tick { .. } | AlertItem::Mark(_) => None,
    }
}

fn desk_alert(view: &AlertView) -> DeskAlert<'_> {
    DeskAlert {
        id: view.id(),
        rule: &view.opened.rule.name,
        key: &view.opened.key,
        space: view.space(),
        severity: view.severity(),
        cause: view.inhibited_by.as_ref().map(|by| (&by.alert_id, &*by.rule)),
        is_exercise: view.mode.is_exercise,
        is_test: view.is_test,
        is_out_of_service: view.out_of_service.is_some(),
    }
}

/// The desk as the book asks it.
struct AtDesk<'a>(&'a Desk);

impl Around for AtDesk<'_> {
    fn out_of_service(&self, alert: &Transition) -> Option<Arc<OutOfService>> {
        let out = self.0.marks(&alert.rule.name, &alert.space, &alert.key).out_of_service?;
        Some(Arc::new(OutOfService {
            id: Arc::clone(&out.id),
            operator: Arc::clone(&out.operator),
            log_time_ms: out.since_ms,
            note: out.note.clone(),
            until_ms: out.until_ms,
        }))
    }

    fn mode(&self, space: &str) -> ModeThen {
        let marks = self.0.marks("", space, "");
        ModeThen { is_exercise: marks.is_exercise(), name: marks.mode.map(|mode| Arc::clone(&mode.name)) }
    }

    fn incident_file(&self, alert: &AlertId) -> Option<Arc<str>> {
        self.0.file_of(alert).cloned()
    }

    fn chattering(&self, alert: &Transition) -> Option<Chattering> {
        let flapping = self.0.flapping(&alert.rule.name, &alert.key)?;
        Some(Chattering { since_ms: flapping.since_ms, count: flapping.count })
    }
}

#[cfg(test)]
mod tests;
