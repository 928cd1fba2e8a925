//! What is out of service: rules, spaces, sensors and nodes whose alerts count for nothing until they return.
//!
//! An entry names a rule, a space, a sensor, a node, or several of them, and then means alerts that match all it names.
//! Sensor and node are compared with the second part of an alert's key, `space/sensor` or `space/node`. An entry has a
//! reason, the note of its command, and may have an end. Taking out again what is out already replaces the entry, so that
//! each scope has one. `docs/desk.md` has the whole table.
//!
//! **Bounds.** [`ENTRIES_MAX`] entries; looking up an alert looks at each.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vigie_model::command::{Command, Outcome, ServiceScope};

/// Most entries at one time: more could not be looked after, and a broken network should be one entry.
pub const ENTRIES_MAX: usize = 500;

/// What is out of service; see the [module's documentation](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Services {
    /// In the order in which they were taken out.
    out: Vec<Arc<OutOfService>>,
}

/// Something that is out of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutOfService {
    /// The id of the command that took it out.
    pub id: Arc<str>,
    /// What.
    pub scope: ServiceScope,
    /// Who took it out.
    pub operator: Arc<str>,
    /// Why.
    pub note: Option<String>,
    /// Since when, in log time.
    pub since_ms: i64,
    /// When it returns by itself, in log time.
    pub until_ms: Option<i64>,
}

impl OutOfService {
    /// Whether an alert of this rule on this key of this space is out of service by it.
    #[must_use]
    pub fn covers(&self, rule: &str, space: &str, key: &str) -> bool {
        let ServiceScope { rule: of_rule, space: of_space, sensor, node } = &self.scope;
        let part = key.split_once('/').map(|(_, part)| part);
        let is_part = |named: &Option<Arc<str>>| named.is_none() || part == named.as_deref();
        of_rule.as_deref().is_none_or(|named| named == rule)
            && of_space.as_deref().is_none_or(|named| named == space)
            && is_part(sensor)
            && is_part(node)
    }
}

impl Services {
    /// Takes something out of service.
    pub fn take_out(&mut self, command: &Command, scope: &ServiceScope, until_ms: Option<i64>) -> Outcome {
        if *scope == ServiceScope::default() {
            return Outcome::UnknownId;
        }
        if until_ms.is_some_and(|until_ms| until_ms <= command.log_time_ms) {
            return Outcome::UntilPassed;
        }
        let entry = OutOfService {
            id: Arc::clone(&command.action_id),
            scope: scope.clone(),
            operator: Arc::clone(&command.operator),
            note: command.note.clone(),
            since_ms: command.log_time_ms,
            until_ms,
        };
        let entries = self.out.len();
        match self.out.iter_mut().find(|known| known.scope == *scope) {
            Some(known) if (known.until_ms, &known.note) == (until_ms, &entry.note) => return Outcome::Unchanged,
            Some(known) => *known = Arc::new(OutOfService { since_ms: known.since_ms, ..entry }),
            None if entries >= ENTRIES_MAX => return Outcome::TooMany,
            None => self.out.push(Arc::new(entry)),
        }
        Outcome::Done
    }

    /// Something returns because somebody says so.
    pub fn give_back(&mut self, id: &str) -> Option<Arc<OutOfService>> {
        let index = self.out.iter().position(|entry| *entry.id == *id)?;
        Some(self.out.remove(index))
    }

    /// An entry by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<OutOfService>> {
        self.out.iter().find(|entry| *entry.id == *id)
    }

    /// Time has come to `now_ms`: what returns by itself, in the order of its end.
    pub fn settle(&mut self, now_ms: i64) -> Vec<Arc<OutOfService>> {
        let is_over = |entry: &Arc<OutOfService>| entry.until_ms.is_some_and(|until_ms| until_ms <= now_ms);
        let mut over: Vec<_> = self.out.iter().filter(|entry| is_over(entry)).cloned().collect();
        if !over.is_empty() {
            self.out.retain(|entry| !is_over(entry));
            over.sort_by_key(|entry| entry.until_ms);
        }
        over
    }

    /// What takes an alert of this rule on this key out of service: of several entries the oldest.
    #[must_use]
    pub fn covering(&self, rule: &str, space: &str, key: &str) -> Option<&Arc<OutOfService>> {
        self.out.iter().find(|entry| entry.covers(rule, space, key))
    }

    /// All entries, in the order in which they were taken out.
    #[must_use]
    pub fn all(&self) -> &[Arc<OutOfService>] {
        &self.out
    }
}
