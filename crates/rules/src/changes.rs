//! What becomes of each rule when another rule set takes over: rules keep their identity by name (RULES.md, "Reload").

use crate::kind::RuleInput;
use crate::spec::{Rule, RuleSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleChange {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Fields changed that leave its state as it is.
    Changed,
    /// A field changed on which its state depends.
    StartedAfresh,
}

impl RuleChange {
    /// In words, for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed, its state is kept",
            Self::StartedAfresh => "changed and started afresh",
        }
    }
}

/// The rules that differ between two rule sets, by name.
#[must_use]
pub fn changes(old: &RuleSet, new: &RuleSet) -> BTreeMap<Arc<str>, RuleChange> {
    let by_name = |set: &'_ RuleSet| -> BTreeMap<Arc<str>, usize> {
        set.identities().zip(0..).map(|(identity, index)| (Arc::clone(&identity.name), index)).collect()
    };
    let (was, is) = (by_name(old), by_name(new));
    let removed = was.keys().filter(|name| !is.contains_key(*name)).map(|name| (Arc::clone(name), RuleChange::Removed));
    let now = is.iter().filter_map(|(name, index)| {
        let rule = &new.rules[*index];
        let change = match was.get(name).map(|index| &old.rules[*index]) {
            None => RuleChange::Added,
            Some(before) if before.identity.version == rule.identity.version => return None,
            Some(before) if keeps_state((old, before), (new, rule)) => RuleChange::Changed,
            Some(_) => RuleChange::StartedAfresh,
        };
        Some((Arc::clone(name), change))
    });
    removed.chain(now).collect()
}

/// Whether the state a rule has kept in one rule set means the same for it in another.
pub(crate) fn keeps_state((old, before): (&RuleSet, &Rule), (new, after): (&RuleSet, &Rule)) -> bool {
    before.kind.keeps_state(after.kind)
        && before.per == after.per
        && before.scope == after.scope
        && before.matches == after.matches
        && match (&before.input, &after.input) {
            (RuleInput::Rules(_), RuleInput::Rules(_)) => names_of_parts(old, before).eq(names_of_parts(new, after)),
            (one, other) => one == other,
        }
}

fn names_of_parts<'a>(set: &'a RuleSet, rule: &'a Rule) -> impl Iterator<Item = &'a Arc<str>> {
    rule.parts().iter().map(|part| &set.rules[*part].identity.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::load;
    use vigie_model::control::{Control, SourceFile};

    /// A rule set of one group with these rules, each as the fields of a flow mapping.
    fn set(scope: &str, rules: &[&str]) -> Arc<RuleSet> {
        let rules: String = rules.iter().map(|fields| format!("  - {{{fields}}}\n")).collect();
        let text = format!("groups:\n- name: g\n  scope: '{scope}'\n  rules:\n{rules}");
        let file = SourceFile { path: "r.yaml".into(), text: text.into() };
        let control = Control { centre: "c".into(), time_zone: "UTC".into(), rules: vec![file], ..Control::default() };
        load(&control).unwrap().rules
    }

    const SCOPE: &str = "space.kind == \"square\"";
    const LOUD: &str = "alert: Loud, kind: threshold, metric: noise, raise: 'value > 80'";
    const BUSY: &str = "alert: Busy, kind: window, metric: people, window: 10m, every: 1m, agg: sum, raise: 'value > params.max', params: {max: 9}";

    /// What becomes of [`LOUD`] and [`BUSY`] when texts in them are replaced.
    fn after(replaced: &[(&str, &str)]) -> Vec<(String, RuleChange)> {
        let edit = |text: &str| replaced.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        let (loud, busy, scope) = (edit(LOUD), edit(BUSY), edit(SCOPE));
        let changes = changes(&set(SCOPE, &[LOUD, BUSY]), &set(&scope, &[&busy, &loud]));
        changes.into_iter().map(|(name, change)| (name.to_string(), change)).collect()
    }

    #[test]
    fn only_fields_that_state_depends_on_start_a_rule_afresh() {
        let one = |name: &str, change| vec![(name.to_owned(), change)];
        assert_eq!(after(&[]), [], "their order means nothing");
        for kept in
            [("> 80", "> 81"), ("kind: threshold", "kind: threshold, for: 5m"), ("noise", "noise, severity: high")]
        {
            assert_eq!(after(&[kept]), one("Loud", RuleChange::Changed), "{kept:?}");
        }
        for kept in [("max: 9", "max: 8"), ("window: 10m", "window: 10m, keep_firing_for: 3m")] {
            assert_eq!(after(&[kept]), one("Busy", RuleChange::Changed), "{kept:?}");
        }
        for afresh in [("noise", "noise_dba"), ("kind: threshold", "kind: threshold, agg: min, per: space")] {
            assert_eq!(after(&[afresh]), one("Loud", RuleChange::StartedAfresh), "{afresh:?}");
        }
        for afresh in [("window: 10m", "window: 5m"), ("every: 1m", "every: 30s"), ("agg: sum", "agg: max")] {
            assert_eq!(after(&[afresh]), one("Busy", RuleChange::StartedAfresh), "{afresh:?}");
        }
        let both = [("Busy".to_owned(), RuleChange::StartedAfresh), ("Loud".to_owned(), RuleChange::StartedAfresh)];
        assert_eq!(after(&[("square", "station")]), both, "the scope of their group changed");
    }

    #[test]
    fn a_new_name_is_another_rule() {
        let told = after(&[("Loud", "Louder")]);
        assert_eq!(told, [("Loud".to_owned(), RuleChange::Removed), ("Louder".to_owned(), RuleChange::Added)]);
    }
}
