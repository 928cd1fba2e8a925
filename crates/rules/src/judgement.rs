//! From the state of a key to a verdict.

use crate::expr::fold::{Folded, Quantity};
use crate::kind::Kind;
use crate::kinds::baseline::Expected;
use crate::spec::{Plan, Rule, RuleSet};
use crate::state::{State, Unusual};
use crate::step::Counters;
use crate::verdict::Verdict;

/// Judges a state at an instant. A silence is judged by its timer and a run by its steps: until then both are `Between`.
pub(crate) fn verdict(
    state: &State,
    at_ms: i64,
    rule: &Rule,
    plan: &Plan,
    rules: &RuleSet,
    counters: &mut Counters,
) -> Verdict {
    let compared = |quantity: Option<Quantity>, counters: &mut Counters| {
        quantity.map_or(Verdict::Missing, |quantity| compared(plan, quantity, counters))
    };
    match state {
        State::Threshold { values, agg, .. } => compared(values.quantity(*agg), counters),
        State::Window(window) => compared(window.quantity(), counters),
        State::Change(change) => compared(change.quantity(), counters),
        State::KOfN { sources, k, .. } => raise_or_clear(sources.count() >= *k as usize),
        State::Baseline(unusual) => against_usual(unusual, at_ms, rules),
        State::Parts(parts) => {
            let uids = rule.parts().iter().map(|part| &rules.rules[*part].identity.uid);
            parts.verdict(uids, rule.kind == Kind::AllOf)
        }
        State::Spread(spreading) => spreading.group.verdict(spreading.k),
        State::Absence { silence, .. } if silence.is_too_long() => Verdict::Raise,
        State::Absence { .. } | State::Sequence(_) => Verdict::Between,
    }
}

/// What is usual at an instant, for a baseline that knows.
pub(crate) fn expected(state: &State, at_ms: i64, rules: &RuleSet) -> Option<Expected> {
    match state {
        State::Baseline(unusual) => unusual.learnt.expectation(&rules.zone, at_ms),
        _ => None,
    }
}

/// Whether a condition holds; one that meets an arithmetic fault does not, and is counted.
fn holds(condition: &Folded, quantity: Quantity, counters: &mut Counters) -> bool {
    condition.holds(quantity).unwrap_or_else(|_| {
        counters.arithmetic_faults += 1;
        false
    })
}

/// Which of the sources `reading` a value it counts for, one bit for each.
#[inline]
pub(crate) fn matching(micros: i64, reading: u32, plan: &Plan, counters: &mut Counters) -> u32 {
    let mut matching = reading;
    for (bit, source) in (0..).zip(&plan.matches) {
        let Some(source) = source.as_ref().filter(|_| reading & 1 << bit != 0) else { continue };
        let takes = source.takes(micros).unwrap_or_else(|_| {
            counters.arithmetic_faults += 1;
            false
        });
        matching &= !(u32::from(!takes) << bit);
    }
    matching
}

/// What a plan finds in a value.
pub(crate) fn compared(plan: &Plan, quantity: Quantity, counters: &mut Counters) -> Verdict {
    if holds(&plan.raise, quantity, counters) {
        Verdict::Raise
    } else if plan.clear.as_ref().is_none_or(|clear| holds(clear, quantity, counters)) {
        Verdict::Clear
    } else {
        Verdict::Between
    }
}

fn against_usual(unusual: &Unusual, at_ms: i64, rules: &RuleSet) -> Verdict {
    let Some(quantity) = unusual.quantity() else { return Verdict::Missing };
    let expected = unusual.learnt.expectation(&rules.zone, at_ms);
    let is_unusual = expected.and_then(|expected| expected.is_unusual(quantity.micros, &unusual.usual));
    is_unusual.map_or(Verdict::Missing, raise_or_clear)
}

const fn raise_or_clear(raise: bool) -> Verdict {
    if raise { Verdict::Raise } else { Verdict::Clear }
}
