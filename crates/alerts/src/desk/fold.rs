//! The desk as a whole: a fold of what the alert book makes of each record, of desk commands, and of ticks.
//!
//! Whoever owns book and desk tells the desk, in the order of the alert stream, what became of alerts ([`Desk::opened`],
//! [`Desk::told`], ...), hands it the commands about the centre ([`Desk::command`]) and the clock ([`Desk::tick`]); and
//! asks it what holds for an alert ([`Desk::marks`]). What concerns one alert stays in the book.
//!
//! | told of | the desk |
//! |---|---|
//! | an alert opened | counts the opening for chatter, puts the alert into an incident file |
//! | an alert is new to operators: opened, or told again | counts it for floods and for the figures of the shift; says how it is told |
//! | an alert cleared | notes the time, for the delay proposed to rules that chatter |
//! | an alert was acknowledged | notes how long it had waited |
//! | an alert was closed, opened again, or left the book | closes the incident file that has no other |
//! | a tick | ends modes and times out of service that are over, then floods and chatter |
//!
//! Alerts of exercises and tests, and those out of service, count neither for floods nor for figures nor for chatter.
//!
//! **Invariants**
//! - A pure fold: the same calls give the same state, and so do the calls behind a stored one. It reads no clock.
//! - [`Desk::view`] costs little, whatever the desk has seen; what it shows never changes afterwards.

use crate::desk::asked::{DeskAlert, Marks, Touched};
use crate::desk::chatter::{Chatter, ChatterChange, Flapping, RuleKey};
use crate::desk::files::{FileEdit, Grouped, IncidentFiles};
use crate::desk::flood::{Flood, FloodChange, NewAlert, Telling};
use crate::desk::handover::Duty;
use crate::desk::ledger::Ledger;
use crate::desk::mode::{ModeAsked, ModeInForce, Modes};
use crate::desk::news::{Happened, News};
use crate::desk::service::Services;
use crate::desk::view::{Chattering, DeskView};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vigie_model::alert::AlertId;
use vigie_model::command::{Command, DeskDeed, Outcome};
use vigie_model::control::AlertSettings;

/// What stands at the desk; see the [module's documentation](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    settings: Arc<AlertSettings>,
    flood: Flood,
    chatter: Chatter,
    modes: Modes,
    services: Services,
    files: IncidentFiles,
    ledger: Ledger,
    duty: Arc<Duty>,
    news: News,
    /// Log time of the newest call.
    at_ms: i64,
    /// Whether anything shown has changed since [`Desk::take_changed`].
    #[serde(skip)]
    is_changed: bool,
    /// See [`Desk::take_touched`].
    #[serde(skip)]
    touched: Touched,
}

impl Desk {
    /// These settings are in force from now on.
    pub fn settings(&mut self, settings: &Arc<AlertSettings>, now_ms: i64) {
        self.settings = Arc::clone(settings);
        self.is_changed = true;
        self.settle(now_ms);
    }

    /// A tick of T, taken at `now_ms`: whatever ends at or before T ends.
    pub fn tick(&mut self, tick_ms: i64, now_ms: i64) {
        if let Some(over) = self.modes.settle(tick_ms) {
            let what = Happened::ModeEnded { mode: over.mode, name: Arc::clone(&over.name), by_itself: true };
            self.announce(now_ms, what);
        }
        for over in self.services.settle(tick_ms) {
            self.announce(now_ms, Happened::Returned { scope: over.scope.clone(), by_itself: true });
            self.touched = Touched::Any;
        }
        self.settle(now_ms);
    }

    /// A command about the centre; `known` says of an alert whether it is in the book, and then whether it is closed.
    pub fn command(&mut self, command: &Command, deed: &DeskDeed, known: impl Fn(&AlertId) -> Option<bool>) -> Outcome {
        let now_ms = command.log_time_ms;
        let outcome = match deed {
            DeskDeed::OutOfService { scope, until_ms } => {
                let outcome = self.services.take_out(command, scope, *until_ms);
                if let Some(entry) = self.services.get(&command.action_id).cloned() {
                    self.touched = Touched::Any;
                    self.announce(now_ms, Happened::OutOfService(entry));
                }
                outcome
            }
            DeskDeed::Return { id } => match self.services.give_back(id) {
                Some(entry) => {
                    self.touched = Touched::Any;
                    self.announce(now_ms, Happened::Returned { scope: entry.scope.clone(), by_itself: false });
                    Outcome::Done
                }
                None => Outcome::UnknownId,
            },
            DeskDeed::Mode { mode, name, coordinator, until_ms, spaces } => {
                let (name, coordinator) = (name.as_ref(), coordinator.as_ref());
                let asked = ModeAsked { mode: *mode, name, coordinator, until_ms: *until_ms, spaces };
                self.mode(command, asked)
            }
            // The book opens its alert.
            DeskDeed::TestAlert { .. } => Outcome::Done,
            DeskDeed::FileNew { title, alerts } => match closed_of(alerts, known) {
                Some(closed) => {
                    self.touch(alerts);
                    self.files.make(command, title, alerts, &closed)
                }
                None => Outcome::UnknownAlert,
            },
            DeskDeed::FileChange { id, title, add, remove, closed } => match closed_of(add, known) {
                Some(closed_alerts) => {
                    self.touch(add);
                    self.touch(remove);
                    let edit = FileEdit { title: title.as_ref(), add, remove, closed: *closed };
                    self.files.change(command, id, edit, &closed_alerts)
                }
                None => Outcome::UnknownAlert,
            },
            DeskDeed::SignShift { side } => Arc::make_mut(&mut self.duty).sign(command, *side),
            DeskDeed::SoundCheck { heard } => Arc::make_mut(&mut self.duty).check_sound(command, *heard),
        };
        if outcome == Outcome::Done {
            self.acted(now_ms);
            self.settle(now_ms);
        }
        outcome
    }

    /// What holds for an alert of this rule on this key.
    #[must_use]
    pub fn marks(&self, rule: &str, space: &str, key: &str) -> Marks {
        Marks {
            mode: self.modes.covering(space).cloned(),
            out_of_service: self.services.covering(rule, space, key).cloned(),
        }
    }

    /// An alert opened; `position` is the record's in the alert stream, `event_ms` when it opened in event time.
    pub fn opened(&mut self, alert: &DeskAlert<'_>, event_ms: i64, position: u64, now_ms: i64) {
        if alert.counts() {
            let at = alert.at();
            for change in self.chatter.opened(&at, alert.id, event_ms, now_ms, &self.settings.desk.chatter) {
                self.chatters(change, now_ms);
            }
            if self.chatter.flapping(&at).is_some() {
                self.touch(std::slice::from_ref(alert.id));
                self.is_changed = true;
            }
        }
        self.group(alert, position, now_ms);
    }

    /// An alert became suppressed by another one.
    pub fn suppressed(&mut self, alert: &DeskAlert<'_>, position: u64, now_ms: i64) {
        self.group(alert, position, now_ms);
    }

    /// Operators are told of an alert that is new to them; says how.
    pub fn told(&mut self, alert: &DeskAlert<'_>, now_ms: i64) -> Telling {
        if !alert.counts() {
            return Telling::OneByOne;
        }
        self.at_ms = self.at_ms.max(now_ms);
        self.is_changed = true;
        self.ledger.told(now_ms, alert.rule, alert.severity);
        // First without it, so that its own counting is what begins a flood.
        self.settle(now_ms);
        let was_flood = self.flood.now().is_some();
        let new = NewAlert { id: alert.id, space: alert.space, severity: alert.severity };
        let telling = self.flood.tell(&new, now_ms, self.operators(), &self.settings.desk.flood);
        if !was_flood && self.flood.now().is_some() {
            self.announce(now_ms, Happened::FloodBegan);
        }
        telling
    }

    /// The episode of an alert is over, in event time.
    pub fn cleared(&mut self, rule: &Arc<str>, key: &Arc<str>, event_ms: i64) {
        self.chatter.cleared(&RuleKey { rule: Arc::clone(rule), key: Arc::clone(key) }, event_ms);
    }

    /// Somebody did something with an alert.
    pub fn acted(&mut self, now_ms: i64) {
        self.ledger.acted(now_ms);
        self.is_changed = true;
    }

    /// An alert that counts was acknowledged, so long after operators were told of it.
    pub fn acknowledged(&mut self, now_ms: i64, waited_ms: i64) {
        self.ledger.acknowledged(now_ms, waited_ms);
    }

    /// An alert was closed, or left the book.
    pub fn closed(&mut self, id: &AlertId, space: &Arc<str>, now_ms: i64) {
        self.is_changed |= self.files.alert_closed(id, space, now_ms);
    }

    /// A closed alert was opened again.
    pub fn reopened(&mut self, id: &AlertId) {
        self.files.alert_reopened(id);
    }

    /// The incident file an alert is in.
    #[must_use]
    pub fn file_of(&self, id: &AlertId) -> Option<&Arc<str>> {
        self.files.of_alert(id).map(|file| &file.id)
    }

    /// How a rule chatters on a key, if it does.
    #[must_use]
    pub fn flapping(&self, rule: &Arc<str>, key: &Arc<str>) -> Option<Flapping> {
        self.chatter.flapping(&RuleKey { rule: Arc::clone(rule), key: Arc::clone(key) })
    }

    /// Operators that a flood is measured by.
    #[must_use]
    pub fn operators(&self) -> u16 {
        self.settings.desk.operators.unwrap_or_else(|| self.duty.operators()).max(1)
    }

    /// Whether anything shown has changed since this was asked last.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// Of which alerts the desk says something else since this was asked last; the book has to ask it about those.
    pub fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }

    /// What stands at the desk now, for readers. `position` is that of the newest record in the alert stream.
    #[must_use]
    pub fn view(&self, position: u64) -> DeskView {
        let chattering = self.chatter.all().map(|(at, flapping, proposed_delay_ms)| Chattering {
            at: at.clone(),
            flapping,
            proposed_delay_ms,
        });
        DeskView {
            position,
            at_ms: self.at_ms,
            settings: Arc::clone(&self.settings),
            operators: self.operators(),
            flood: self.flood.clone(),
            mode: self.modes.now().cloned(),
            out_of_service: self.services.all().to_vec(),
            chattering: chattering.collect(),
            files: self.files.all().cloned().collect(),
            duty: Arc::clone(&self.duty),
            ledger: self.ledger.clone(),
            news: self.news.clone(),
        }
    }

    fn mode(&mut self, command: &Command, asked: ModeAsked<'_>) -> Outcome {
        let before = self.modes.now().cloned();
        let outcome = self.modes.set(command, asked);
        if outcome == Outcome::Done {
            let is_other =
                |now: &ModeInForce, before: &ModeInForce| (now.mode, &now.name) != (before.mode, &before.name);
            let now = self.modes.now().cloned();
            if let Some(before) = before.filter(|before| now.as_ref().is_none_or(|now| is_other(now, before))) {
                let name = Arc::clone(&before.name);
                self.announce(command.log_time_ms, Happened::ModeEnded { mode: before.mode, name, by_itself: false });
            }
            if let Some(now) = now {
                self.announce(command.log_time_ms, Happened::ModeBegan(now));
            }
        }
        outcome
    }

    fn group(&mut self, alert: &DeskAlert<'_>, position: u64, now_ms: i64) {
        if alert.is_test || alert.is_out_of_service {
            return;
        }
        let DeskAlert { id, rule, space, cause, is_exercise, .. } = *alert;
        let grouped = Grouped { id, rule, space, cause, is_exercise };
        let moved = self.files.group(&grouped, position, now_ms, &self.settings.desk.files);
        self.is_changed |= !moved.is_empty();
        self.touch(&moved);
    }

    /// Floods and chatter as of `now_ms`.
    fn settle(&mut self, now_ms: i64) {
        self.at_ms = self.at_ms.max(now_ms);
        let counted = self.flood.counted();
        match self.flood.settle(now_ms, self.operators(), &self.settings.desk.flood) {
            Some(FloodChange::Began) => self.announce(now_ms, Happened::FloodBegan),
            Some(FloodChange::Ended) => {
                let over = self.flood.over().iter().next_back().cloned();
                if let Some(over) = over {
                    self.announce(now_ms, Happened::FloodEnded(over));
                }
            }
            None => {}
        }
        self.is_changed |= counted != self.flood.counted();
        for change in self.chatter.settle(now_ms, &self.settings.desk.chatter) {
            self.chatters(change, now_ms);
        }
    }

    fn chatters(&mut self, change: ChatterChange, now_ms: i64) {
        self.touch(std::slice::from_ref(&change.alert));
        self.announce(now_ms, Happened::Chatter(change));
    }

    fn touch(&mut self, ids: &[AlertId]) {
        if let Touched::Some(touched) = &mut self.touched {
            touched.extend_from_slice(ids);
        }
    }

    fn announce(&mut self, now_ms: i64, what: Happened) {
        self.news.tell(now_ms, what);
        self.is_changed = true;
    }
}

/// Which of these alerts are closed; `None` when one is not in the book.
fn closed_of(alerts: &[AlertId], known: impl Fn(&AlertId) -> Option<bool>) -> Option<Vec<AlertId>> {
    let mut closed = Vec::new();
    for id in alerts {
        if known(id)? {
            closed.push(id.clone());
        }
    }
    Some(closed)
}

#[cfg(test)]
mod tests;
