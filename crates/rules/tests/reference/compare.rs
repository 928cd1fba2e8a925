//! The real engine and the reference on the same case, and the smallest part of a case on which they still differ.

use crate::case::Case;
use crate::common::{Cut, Event, transitions};
use crate::episode::Record;
use crate::judge::{Records, judge, ordered};
use crate::mutant::Mutant;
use crate::render;
use std::fmt::Write as _;
use std::sync::Arc;
use vigie_model::alert::{AlertState, Transition};
use vigie_rules::load::load;
use vigie_rules::spec::RuleSet;

/// What the reference finds.
pub(crate) fn reference(case: &Case, tick_ms: i64, mutant: Mutant) -> Records {
    judge(&case.rules, &case.world, &ordered(&case.events, case.keep), tick_ms, mutant)
}

/// The case's rules, loaded.
pub(crate) fn loaded(case: &Case) -> Arc<RuleSet> {
    let text = render::file(&case.rules);
    load(&case.world.control(&text)).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}")).rules
}

/// What the engine finds.
pub(crate) fn engine(case: &Case, rules: &Arc<RuleSet>, cut: Cut) -> Records {
    records(&transitions(rules, &ordered(&case.events, case.keep), cut))
}

/// The transitions of each rule and key, in their order.
pub(crate) fn records(transitions: &[Transition]) -> Records {
    let mut records = Records::new();
    for transition in transitions {
        let note = match transition.state {
            AlertState::Escalated => transition.severity.to_string(),
            AlertState::Cleared => {
                transition.reason.filter(|reason| *reason != "shadow").unwrap_or_default().to_owned()
            }
            _ => String::new(),
        };
        let key = (transition.rule.name.to_string(), transition.key.to_string());
        let record = Record { state: transition.state.as_str(), time_ms: transition.event_time_ms, note };
        records.entry(key).or_default().push(record);
    }
    records
}

/// The smallest part of a case that a loop finds on which `differs` still holds.
pub(crate) fn smallest(mut case: Case, differs: impl Fn(&Case) -> bool) -> Case {
    loop {
        let before = (case.events.len(), case.rules.len());
        let mut chunk = case.events.len();
        while chunk > 0 {
            let mut from = 0;
            while from < case.events.len() {
                let mut less = case.clone();
                less.events.drain(from..(from + chunk).min(case.events.len()));
                if differs(&less) { case = less } else { from += chunk }
            }
            chunk /= 2;
        }
        for index in (0..case.rules.len()).rev() {
            let mut less = case.clone();
            let name = less.rules.remove(index).name;
            let is_named = render::file(&less.rules).split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
            if !is_named && !less.rules.is_empty() && differs(&less) {
                case = less;
            }
        }
        if before == (case.events.len(), case.rules.len()) {
            return case;
        }
    }
}

/// A case and what differs, for people.
pub(crate) fn described(case: &Case, found: &Records, expected: &Records) -> String {
    let mut text = render::file(&case.rules);
    for event in ordered(&case.events, case.keep) {
        let Event { id, space, time_ms, sensor, node, what } = event;
        let time = time_ms - crate::case::START_MS;
        let (sensor, node) = (sensor.unwrap_or_default(), node.unwrap_or_default());
        writeln!(text, "{time:>8} {space} sensor={sensor} node={node} {what:?} id={id}").expect("a string takes all");
    }
    for key in expected.keys().chain(found.keys()).collect::<std::collections::BTreeSet<_>>() {
        let lines = |records: &Records| {
            let records = records.get(key).into_iter().flatten();
            records.map(|r| format!("{} {} {}", r.state, r.time_ms - crate::case::START_MS, r.note)).collect::<Vec<_>>()
        };
        let (found, expected) = (lines(found), lines(expected));
        if found != expected {
            write!(text, "{key:?}\n   engine: {found:?}\nreference: {expected:?}\n").expect("a string takes all");
        }
    }
    text
}
