//! What becomes of a slot when the rules change (RULES.md, "Reload").

use crate::changes::keeps_state;
use crate::kind::RuleIx;
use crate::routes::covers;
use crate::spec::{Rule, RuleSet};
use crate::step::Counters;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::alert::reason;

/// From one rule set to the next.
#[derive(Debug)]
pub(crate) struct Succession {
    /// The rules so far.
    pub(crate) old: Arc<RuleSet>,
    /// The rules from now on.
    pub(crate) new: Arc<RuleSet>,
    /// For each old rule its index in the new set, and whether its state still means the same.
    fates: Vec<Option<(RuleIx, bool)>>,
    /// Log time of the change.
    pub(crate) log_time_ms: i64,
}

/// What becomes of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on under the rule of this index.
    GoesOn(RuleIx),
    /// What goes on ends for this reason.
    Ends(&'static str),
}

impl Succession {
    /// The change from one set to another.
    pub(crate) fn new(old: &Arc<RuleSet>, new: &Arc<RuleSet>, log_time_ms: i64) -> Self {
        let by_uid: BTreeMap<_, _> =
            new.rules.iter().zip(0..).map(|(rule, index)| (&rule.identity.uid, index)).collect();
        let fate = |rule: &Rule| {
            let index: RuleIx = *by_uid.get(&rule.identity.uid)?;
            Some((index, keeps_state((old, rule), (new, &new.rules[index]))))
        };
        let fates = old.rules.iter().map(fate).collect();
        Self { old: Arc::clone(old), new: Arc::clone(new), fates, log_time_ms }
    }

    /// Uids of the rules that go on with their state.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Arc<str>> {
        let fates = self.old.rules.iter().zip(&self.fates);
        fates.filter(|(_, fate)| matches!(fate, Some((_, true)))).map(|(rule, _)| &rule.identity.uid)
    }

    /// Uids of the rules from now on.
    pub(crate) fn uids(&self) -> BTreeSet<&Arc<str>> {
        self.new.identities().map(|identity| &identity.uid).collect()
    }

    /// What becomes of a rule's state in a space; a district has none.
    pub(crate) fn fate(&self, rule: RuleIx, space: &str, counters: &mut Counters) -> Fate {
        match self.fates[rule] {
            None => Fate::Ends(reason::RULE_DELETED),
            Some((rule, true)) if self.still_covers(rule, space, counters) => Fate::GoesOn(rule),
            Some(_) => Fate::Ends(reason::RULE_CHANGED),
        }
    }

    /// A district is covered as long as the rule is; which of its spaces count is asked for each of their episodes.
    fn still_covers(&self, rule: RuleIx, space: &str, counters: &mut Counters) -> bool {
        let spec = &self.new.rules[rule];
        spec.is_spread_of_districts() || covers(spec, space, &self.new, counters)
    }
}
