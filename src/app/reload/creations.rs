//! Numbers the creations of rules: a rule that is deleted and comes back is another rule, with another uid.
//!
//! The numbers stand in the control record, so that whoever judges the log again gives the same uids. A server continues
//! them from the newest control record of its log, while it runs and at a start alike.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_rules::load::load;
use vigie_rules::spec::RuleSet;

/// The newest creation of each name that ever was in force.
type Creations = BTreeMap<Arc<str>, u32>;

/// The same control record with the creations of its `rules`, as it follows `newest`, the newest one of the log.
///
/// # Panics
/// When the rules of `newest` do not load: they were checked before they were logged.
#[must_use]
pub fn following(newest: Option<&Control>, control: Control, rules: &RuleSet) -> Control {
    let names = |rules: &RuleSet| rules.identities().map(|identity| Arc::clone(&identity.name)).collect();
    let (seen, in_force) = newest.map_or_else(Default::default, |newest| {
        let loaded = load(newest).expect("rules are checked before they are logged");
        (newest.creations.clone(), names(&loaded.rules))
    });
    Control { creations: next(seen, &in_force, &names(rules)), ..control }
}

/// A name that stays keeps its number, one that comes back gets the next, a new one 0; the others keep theirs, so that they
/// count on.
fn next(mut creations: Creations, in_force: &BTreeSet<Arc<str>>, names: &BTreeSet<Arc<str>>) -> Creations {
    for name in names.difference(in_force) {
        creations.entry(Arc::clone(name)).and_modify(|number| *number += 1).or_insert(0);
    }
    for name in names.intersection(in_force) {
        creations.entry(Arc::clone(name)).or_insert(0);
    }
    creations
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::control::SourceFile;

    fn set(names: &str) -> BTreeSet<Arc<str>> {
        names.split_whitespace().map(Arc::from).collect()
    }

    #[test]
    fn names_that_come_back_are_counted() {
        // Rules in force one after the other, and the creations of a, b and c that follow.
        let lives = [
            ("a b", "a0 b0"),
            ("a b", "a0 b0"),
            ("a", "a0 b0"),
            ("a c", "a0 b0 c0"),
            ("a b c", "a0 b1 c0"),
            ("", "a0 b1 c0"),
            ("c", "a0 b1 c1"),
            ("a b c", "a1 b2 c1"),
        ];
        let (mut creations, mut in_force) = (Creations::new(), set(""));
        for (names, expected) in lives {
            creations = next(creations, &in_force, &set(names));
            in_force = set(names);
            let told: Vec<_> = creations.iter().map(|(name, number)| format!("{name}{number}")).collect();
            assert_eq!(told.join(" "), expected, "with {names}");
        }
    }

    fn control(names: &str) -> Control {
        let rule = |name: &str| format!("  - {{alert: {name}, kind: absence, metric: m, for: 5m}}\n");
        let rules: String = names.split_whitespace().map(rule).collect();
        let rules = if rules.is_empty() { "  []".to_owned() } else { rules };
        let file = SourceFile { path: "r.yaml".into(), text: format!("groups:\n- name: g\n  rules:\n{rules}").into() };
        Control { centre: "c".into(), time_zone: "UTC".into(), rules: vec![file], ..Control::default() }
    }

    #[test]
    fn a_control_record_continues_the_newest_of_the_log() {
        let after = |newest: Option<&Control>, names: &str| {
            let control = control(names);
            let rules = load(&control).unwrap().rules;
            following(newest, control, &rules)
        };
        let first = after(None, "A B");
        assert_eq!(after(Some(&first), "A B"), first, "the same files are the same control record");
        let second = after(Some(&first), "A");
        let third = after(Some(&second), "A B");
        assert_eq!(third.creations, [("A".into(), 0), ("B".into(), 1)].into());
        let uid = |control: &Control| load(control).unwrap().rules.identities().map(|id| id.uid.to_string()).collect();
        let (before, now): (Vec<_>, Vec<_>) = (uid(&first), uid(&third));
        assert!(before[0] == now[0] && before[1] != now[1], "{before:?} {now:?}");
    }
}
