//! Which running alerts suppress which: an index by space over the rules' `inhibited_by`.
//!
//! An alert is suppressed while an alert of a rule that it names runs in its space. Only the *first* alert of each rule
//! in a space matters, the one that has been running longest: so a second one of the same rule changes nothing for
//! anybody, and [`Inhibition::put`] and [`Inhibition::remove`] tell when a first one changed. A rule that names itself
//! is not heard: an alert would otherwise hide itself.
//!
//! One change costs O(log n) in the running alerts of a space, and a change of a first one as much for each alert that
//! names its rule.

use crate::view::{AlertView, Inhibitor};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use vigie_model::alert::{AlertId, RuleIdentity};

/// The index; empty spaces take no memory.
#[derive(Debug, Default)]
pub(crate) struct Inhibition {
    spaces: HashMap<Arc<str>, SpaceIndex>,
}

#[derive(Debug, Default)]
struct SpaceIndex {
    /// Running alerts of each rule, from the one that has been running longest.
    running: BTreeMap<Arc<str>, BTreeSet<(u64, AlertId)>>,
    /// Running alerts by each rule that their own rule names.
    naming: BTreeMap<Arc<str>, BTreeSet<AlertId>>,
}

impl Inhibition {
    /// Takes in an alert that runs since a position of the stream; returns whether the first of its rule changed.
    pub(crate) fn put(&mut self, view: &AlertView, since: u64) -> bool {
        let index = self.spaces.entry(Arc::clone(view.space())).or_default();
        let rule = &view.latest.rule;
        for named in named(rule) {
            index.naming.entry(Arc::clone(named)).or_default().insert(view.id().clone());
        }
        let running = index.running.entry(Arc::clone(&rule.name)).or_default();
        running.insert((since, view.id().clone())) && is_first(running, view.id())
    }

    /// Forgets an alert as it was put; returns whether the first of its rule changed.
    pub(crate) fn remove(&mut self, view: &AlertView, since: u64) -> bool {
        let Some(index) = self.spaces.get_mut(view.space()) else { return false };
        let rule = &view.latest.rule;
        for named in named(rule) {
            if let Some(naming) = index.naming.get_mut(named) {
                naming.remove(view.id());
                if naming.is_empty() {
                    index.naming.remove(named);
                }
            }
        }
        let Some(running) = index.running.get_mut(&rule.name) else { return false };
        let was_first = is_first(running, view.id());
        running.remove(&(since, view.id().clone()));
        if running.is_empty() {
            index.running.remove(&rule.name);
        }
        if index.running.is_empty() {
            self.spaces.remove(view.space());
        }
        was_first
    }

    /// What suppresses an alert of this rule in this space: of all that do, the one that has been running longest.
    pub(crate) fn inhibitor(&self, space: &str, rule: &RuleIdentity) -> Option<Inhibitor> {
        let index = self.spaces.get(space)?;
        let firsts = named(rule).filter_map(|named| Some((index.running.get(named)?.first()?, named)));
        let ((_, alert_id), rule) = firsts.min()?;
        Some(Inhibitor { rule: Arc::clone(rule), alert_id: alert_id.clone() })
    }

    /// The running alerts of a space whose rules name this one.
    pub(crate) fn naming(&self, space: &str, rule: &str) -> impl Iterator<Item = &AlertId> {
        self.spaces.get(space).and_then(|index| index.naming.get(rule)).into_iter().flatten()
    }
}

/// The rules that may suppress alerts of this one.
fn named(rule: &RuleIdentity) -> impl Iterator<Item = &Arc<str>> {
    rule.inhibited_by.iter().filter(|named| **named != rule.name)
}

fn is_first(running: &BTreeSet<(u64, AlertId)>, id: &AlertId) -> bool {
    running.first().is_some_and(|(_, first)| first == id)
}
