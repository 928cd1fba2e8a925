//! Incident files: alerts that belong to one incident, so that it is told, handed over and looked up as one thing.
//!
//! An alert is in one file at most. It comes there
//! - **by cause**: an alert that another one suppresses goes to that one's file;
//! - **by space**: an alert that opens in a space soon after another one goes to that one's file;
//! - **by hand**: an operator says so. That takes it out of the file it was in, and nothing puts it back.
//!
//! The first two make a file once there are two alerts to put in it. Alerts of an exercise and others never share a file
//! by themselves. A file that was made by itself is closed by itself once all of its alerts are closed or gone; any file
//! may be closed and opened again by hand, and a closed one takes in nothing by itself. Closing a file says nothing about
//! its alerts.
//!
//! **Bounds.** [`FILES_MAX`] files: the one closed longest ago leaves; when none is closed, a file by hand is refused and
//! none is made by itself, so the alerts just stand alone. [`ALERTS_NAMED_MAX`] alerts in a file; the next one of a space
//! begins another. [`newest::PLACES_MAX`] spaces whose newest alert is remembered.

pub mod newest;

use crate::desk::files::newest::Newest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use vigie_model::alert::AlertId;
use vigie_model::command::{ALERTS_NAMED_MAX, Command, Outcome};
use vigie_model::desk_settings::FileSettings;
use vigie_model::id::hashed_id;

/// Most files kept, closed ones included: some 15 MB with five alerts each.
pub const FILES_MAX: usize = 2_000;

/// The incident files; see the [module's documentation](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct IncidentFiles {
    /// By number, which counts the files ever made.
    files: BTreeMap<u64, Arc<IncidentFile>>,
    next: u64,
    by_id: BTreeMap<Arc<str>, u64>,
    by_alert: BTreeMap<AlertId, u64>,
    /// Files in the order in which they were closed.
    closed: VecDeque<u64>,
    newest: Newest,
}

/// An incident file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentFile {
    /// Its id: that of its command, or one that follows from its place in the alert stream.
    pub id: Arc<str>,
    /// What it is called.
    pub title: Arc<str>,
    /// The space all of its alerts were in when it was made by itself.
    pub space: Option<Arc<str>>,
    /// The alert that is the cause, in a file by cause.
    pub cause: Option<AlertId>,
    /// Who made it; `None` when it was made by itself.
    pub operator: Option<Arc<str>>,
    /// The newest note.
    pub note: Option<String>,
    /// Its alerts, in the order in which they came in.
    pub alerts: Vec<AlertId>,
    /// When it was made, in log time.
    pub opened_ms: i64,
    /// When it was closed, in log time.
    pub closed_ms: Option<i64>,
    /// Its alerts that are not closed.
    unclosed: BTreeSet<AlertId>,
}

/// What is stored; the rest follows from it.
#[derive(Serialize, Deserialize)]
struct Stored {
    files: Vec<(u64, Arc<IncidentFile>)>,
    next: u64,
    closed: VecDeque<u64>,
    newest: Newest,
}

/// An alert that opened, or became suppressed.
#[derive(Clone, Copy, Debug)]
pub struct Grouped<'a> {
    /// Its id.
    pub id: &'a AlertId,
    /// Its rule's name.
    pub rule: &'a str,
    /// Its space.
    pub space: &'a Arc<str>,
    /// The alert that suppresses it, and the name of that one's rule.
    pub cause: Option<(&'a AlertId, &'a str)>,
    /// Whether it belongs to an exercise.
    pub is_exercise: bool,
}

/// The alert that another one belongs to.
#[derive(Clone, Copy)]
struct Other<'a> {
    id: &'a AlertId,
    is_closed: bool,
    is_cause: bool,
}

/// What is to become of a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileEdit<'a> {
    /// What it is called from now on.
    pub title: Option<&'a Arc<str>>,
    /// What goes in.
    pub add: &'a [AlertId],
    /// What goes out.
    pub remove: &'a [AlertId],
    /// Whether it is closed.
    pub closed: Option<bool>,
}

impl IncidentFiles {
    /// Puts an alert where it belongs; returns the alerts that are in another file now. `position` is the record's in the
    /// alert stream.
    pub fn group(&mut self, alert: &Grouped<'_>, position: u64, now_ms: i64, settings: &FileSettings) -> Vec<AlertId> {
        self.newest.forget_before(now_ms - settings.same_space_within_ms.max(0));
        if self.by_alert.contains_key(alert.id) {
            return Vec::new();
        }
        if let Some((cause, rule)) = alert.cause {
            let title = || format!("{rule}, {}", alert.space);
            let cause = Other { id: cause, is_closed: false, is_cause: true };
            return self.join(cause, alert, title, position, now_ms);
        }
        if settings.same_space_within_ms <= 0 {
            return Vec::new();
        }
        let place = (Arc::clone(alert.space), alert.is_exercise);
        let before = self.newest.put(place, alert.id, now_ms);
        let Some(before) = before.filter(|before| before.alert != *alert.id) else { return Vec::new() };
        let other = Other { id: &before.alert, is_closed: before.is_closed, is_cause: false };
        self.join(other, alert, || format!("{}, {}", alert.rule, alert.space), position, now_ms)
    }

    /// An alert was closed, or left the book; returns whether its file was closed with it.
    pub fn alert_closed(&mut self, id: &AlertId, space: &Arc<str>, now_ms: i64) -> bool {
        self.newest.alert_closed(id, space);
        self.edit_of(id, |file| {
            let is_last = file.unclosed.remove(id) && file.unclosed.is_empty();
            (is_last && file.operator.is_none() && file.closed_ms.is_none()).then_some(now_ms)
        })
    }

    /// A closed alert was opened again.
    pub fn alert_reopened(&mut self, id: &AlertId) {
        self.edit_of(id, |file| {
            file.unclosed.insert(id.clone());
            None
        });
    }

    /// An operator makes a file.
    pub fn make(&mut self, command: &Command, title: &Arc<str>, alerts: &[AlertId], closed: &[AlertId]) -> Outcome {
        let alerts: Vec<_> = alerts.iter().fold(Vec::new(), |mut all, id| {
            if !all.contains(id) {
                all.push(id.clone());
            }
            all
        });
        if alerts.len() > ALERTS_NAMED_MAX || !self.has_room() {
            return Outcome::TooMany;
        }
        for id in &alerts {
            self.take_out(id, command.log_time_ms);
        }
        let unclosed = alerts.iter().filter(|id| !closed.contains(id)).cloned().collect();
        self.insert(IncidentFile {
            id: Arc::clone(&command.action_id),
            title: Arc::clone(title),
            space: None,
            cause: None,
            operator: Some(Arc::clone(&command.operator)),
            note: command.note.clone(),
            alerts,
            opened_ms: command.log_time_ms,
            closed_ms: None,
            unclosed,
        });
        Outcome::Done
    }

    /// An operator changes a file; `closed` are those of the added alerts that are closed. All of it is done, or nothing.
    pub fn change(&mut self, command: &Command, id: &str, edit: FileEdit<'_>, closed: &[AlertId]) -> Outcome {
        let Some((number, known)) = self.numbered(id) else { return Outcome::UnknownId };
        let mut next = IncidentFile::clone(known);
        if let Some(title) = edit.title {
            next.title = Arc::clone(title);
        }
        if command.note.is_some() {
            next.note.clone_from(&command.note);
        }
        next.alerts.retain(|alert| !edit.remove.contains(alert));
        let added: Vec<_> = edit.add.iter().filter(|alert| !next.alerts.contains(alert)).cloned().collect();
        for alert in &added {
            if !next.alerts.contains(alert) {
                next.alerts.push(alert.clone());
            }
        }
        next.unclosed.extend(added.iter().filter(|alert| !closed.contains(alert)).cloned());
        next.unclosed.retain(|alert| next.alerts.contains(alert));
        match edit.closed {
            Some(true) => next.closed_ms = next.closed_ms.or(Some(command.log_time_ms)),
            Some(false) => next.closed_ms = None,
            None => {}
        }
        if next == **known {
            return Outcome::Unchanged;
        }
        if next.alerts.len() > ALERTS_NAMED_MAX {
            return Outcome::TooMany;
        }
        for alert in known.alerts.clone().iter().filter(|alert| !next.alerts.contains(alert)) {
            self.by_alert.remove(alert);
        }
        for alert in &added {
            self.take_out(alert, command.log_time_ms);
        }
        self.replace(number, next);
        Outcome::Done
    }

    /// The file an alert is in.
    #[must_use]
    pub fn of_alert(&self, id: &AlertId) -> Option<&Arc<IncidentFile>> {
        self.files.get(self.by_alert.get(id)?)
    }

    /// A file by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<IncidentFile>> {
        self.numbered(id).map(|(_, file)| file)
    }

    /// All files, from the newest.
    pub fn all(&self) -> impl Iterator<Item = &Arc<IncidentFile>> {
        self.files.values().rev()
    }

    /// Puts an alert into the file of another one, or both into a new one.
    fn join(
        &mut self,
        other: Other<'_>,
        alert: &Grouped<'_>,
        title: impl FnOnce() -> String,
        position: u64,
        now_ms: i64,
    ) -> Vec<AlertId> {
        if let Some(number) = self.by_alert.get(other.id).copied() {
            let file = &self.files[&number];
            if file.closed_ms.is_some() || file.alerts.len() >= ALERTS_NAMED_MAX {
                return Vec::new();
            }
            let mut file = IncidentFile::clone(file);
            file.alerts.push(alert.id.clone());
            file.unclosed.insert(alert.id.clone());
            self.replace(number, file);
            return vec![alert.id.clone()];
        }
        if !self.has_room() {
            return Vec::new();
        }
        let both = [other.id.clone(), alert.id.clone()];
        let unclosed = both.iter().skip(usize::from(other.is_closed)).cloned().collect();
        self.insert(IncidentFile {
            id: hashed_id(&["incident-file", &position.to_string(), alert.id.as_str()]).into(),
            title: title().into(),
            space: Some(Arc::clone(alert.space)),
            cause: other.is_cause.then(|| other.id.clone()),
            operator: None,
            note: None,
            unclosed,
            alerts: both.to_vec(),
            opened_ms: now_ms,
            closed_ms: None,
        });
        both.into()
    }

    fn numbered(&self, id: &str) -> Option<(u64, &Arc<IncidentFile>)> {
        let number = *self.by_id.get(id)?;
        Some((number, self.files.get(&number)?))
    }

    /// Whether another file may be made, for which the one closed longest ago may have to leave.
    fn has_room(&self) -> bool {
        self.files.len() < FILES_MAX || !self.closed.is_empty()
    }

    fn insert(&mut self, file: IncidentFile) {
        if self.files.len() >= FILES_MAX
            && let Some(leaving) = self.closed.pop_front()
            && let Some(gone) = self.files.remove(&leaving)
        {
            self.by_id.remove(&gone.id);
            for alert in &gone.alerts {
                self.by_alert.remove(alert);
            }
        }
        let number = self.next;
        self.next += 1;
        self.by_id.insert(Arc::clone(&file.id), number);
        self.replace(number, file);
    }

    fn replace(&mut self, number: u64, file: IncidentFile) {
        self.by_alert.extend(file.alerts.iter().map(|alert| (alert.clone(), number)));
        let (was_closed, is_closed) = (self.closed.contains(&number), file.closed_ms.is_some());
        if was_closed && !is_closed {
            self.closed.retain(|closed| *closed != number);
        } else if is_closed && !was_closed {
            self.closed.push_back(number);
        }
        self.files.insert(number, Arc::new(file));
    }

    /// Takes an alert out of the file it is in; one that was made by itself is closed when nothing in it is left to do.
    fn take_out(&mut self, id: &AlertId, now_ms: i64) {
        self.edit_of(id, |file| {
            file.alerts.retain(|alert| alert != id);
            let is_last = file.unclosed.remove(id) && file.unclosed.is_empty();
            (is_last && file.operator.is_none() && file.closed_ms.is_none()).then_some(now_ms)
        });
        self.by_alert.remove(id);
    }

    /// Changes the file an alert is in, and closes it when `edit` says at which time; returns whether it was closed.
    fn edit_of(&mut self, id: &AlertId, edit: impl FnOnce(&mut IncidentFile) -> Option<i64>) -> bool {
        let Some(number) = self.by_alert.get(id).copied() else { return false };
        let mut file = IncidentFile::clone(&self.files[&number]);
        let closed_ms = edit(&mut file);
        file.closed_ms = file.closed_ms.or(closed_ms);
        self.replace(number, file);
        closed_ms.is_some()
    }
}

impl From<IncidentFiles> for Stored {
    fn from(files: IncidentFiles) -> Self {
        let IncidentFiles { files, next, closed, newest, .. } = files;
        Self { files: files.into_iter().collect(), next, closed, newest }
    }
}

impl From<Stored> for IncidentFiles {
    fn from(stored: Stored) -> Self {
        let Stored { files, next, closed, newest } = stored;
        let by_id = files.iter().map(|(number, file)| (Arc::clone(&file.id), *number)).collect();
        let alerts = files.iter().flat_map(|(number, file)| file.alerts.iter().map(|alert| (alert.clone(), *number)));
        let by_alert = alerts.collect();
        Self { files: files.into_iter().collect(), next, by_id, by_alert, closed, newest }
    }
}

#[cfg(test)]
mod tests;
