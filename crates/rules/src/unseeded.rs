//! The baseline rules that began with nothing learnt and were given no seeds since.
//!
//! **Invariant**: a rule waits from the record that starts it until the last record of its seeds for that very start.

use crate::fate::Succession;
use crate::kind::Kind;
use crate::saved::saved;
use crate::spec::RuleSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::seeds::{RuleStart, Seeds};

/// Starts of the rules that wait, by uid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unseeded(BTreeMap<Arc<str>, RuleStart>);

saved!(Unseeded { 0: starts });

impl Unseeded {
    /// The baseline rules of a first rule set.
    pub(crate) fn new(rules: &RuleSet, start: RuleStart) -> Self {
        Self(baselines(rules).map(|uid| (Arc::clone(uid), start)).collect())
    }

    /// Other rules are in force: those that are new, or start afresh, start here.
    pub(crate) fn change(&mut self, change: &Succession, start: RuleStart) {
        let kept: BTreeSet<_> = change.kept().collect();
        self.0.retain(|uid, _| kept.contains(uid));
        self.0.extend(baselines(&change.new).filter(|uid| !kept.contains(uid)).map(|uid| (Arc::clone(uid), start)));
    }

    /// Whether these seeds are for a rule that waits for them.
    pub(crate) fn takes(&mut self, seeds: &Seeds) -> bool {
        let waits = self.0.get(&seeds.rule_uid) == Some(&seeds.start);
        if waits && !seeds.more {
            self.0.remove(&seeds.rule_uid);
        }
        waits
    }

    /// Starts of the rules that wait, by uid.
    pub(crate) const fn starts(&self) -> &BTreeMap<Arc<str>, RuleStart> {
        &self.0
    }
}

fn baselines(rules: &RuleSet) -> impl Iterator<Item = &Arc<str>> {
    let rules = rules.rules.iter().filter(|rule| matches!(rule.kind, Kind::Baseline { .. }));
    rules.map(|rule| &rule.identity.uid)
}
