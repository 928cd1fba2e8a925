//! From the state of a key to a verdict.

use crate::expr::fold::{Folded, Quantity};
use crate::input::SlotInput;
use crate::kind::Kind;
use crate::kinds::baseline::Expected;
use crate::spec::{Plan, Rule, RuleSet};
use crate::state::{State, Unusual};
use crate::step::Counters;
use crate::verdict::Verdict;

/// A verdict and what it rests on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judgement {
    /// What was found.
    pub(crate) verdict: Verdict,
    /// The value judged, if the kind has one.
    pub(crate) quantity: Option<Quantity>,
    /// What is usual, for a baseline.
    pub(crate) expected: Option<Expected>,
}

/// Judges a state at an instant. A silence is judged by its timer and a run by its steps: both are `Between` here.
pub(crate) fn judgement(
    state: &State,
    at_ms: i64,
    rule: &Rule,
    plan: &Plan,
    rules: &RuleSet,
    counters: &mut Counters,
) -> Judgement {
    let quantity = state.quantity();
    let of = |verdict| Judgement { verdict, quantity, expected: None };
    match state {
        State::Threshold { .. } | State::Window(_) | State::Change(_) => {
            of(quantity.map_or(Verdict::Missing, |quantity| compared(plan, quantity, counters)))
        }
        State::KOfN(confirmed) => of(raise_or_clear(confirmed.sources.count() >= confirmed.k)),
        State::Baseline(unusual) => against_usual(unusual, quantity, at_ms, rules),
        State::Parts(parts) => {
            let uids = rule.parts().iter().map(|part| &rules.rules[*part].identity.uid);
            of(parts.verdict(uids, rule.kind == Kind::AllOf))
        }
        State::Spread(spreading) => of(spreading.group.verdict(spreading.k)),
        State::Absence { silence, .. } if silence.is_too_long() => of(Verdict::Raise),
        State::Absence { .. } | State::Sequence(_) => of(Verdict::Between),
    }
}

/// Whether a condition holds; one that meets an arithmetic fault does not, and is counted.
fn holds(condition: &Folded, quantity: Quantity, counters: &mut Counters) -> bool {
    condition.holds(quantity).unwrap_or_else(|_| {
        counters.arithmetic_faults += 1;
        false
    })
}

/// Which sources of the rule an input belongs to and meets the match condition of, one bit for each.
pub(crate) fn matching(input: &SlotInput<'_>, state: &State, plan: &Plan, counters: &mut Counters) -> u32 {
    if let Some(incident) = &input.incident {
        return incident.matching;
    }
    let reading = match state {
        State::Sequence(run) => run.reading(input.member),
        _ => 1,
    };
    let quantity = Quantity { micros: input.micros.into(), count: 1 };
    (0..).zip(&plan.matches).fold(reading, |matching, (bit, condition)| match condition {
        Some(condition) if matching & 1 << bit != 0 && !holds(condition, quantity, counters) => matching & !(1 << bit),
        _ => matching,
    })
}

fn compared(plan: &Plan, quantity: Quantity, counters: &mut Counters) -> Verdict {
    if holds(&plan.raise, quantity, counters) {
        Verdict::Raise
    } else if plan.clear.as_ref().is_none_or(|clear| holds(clear, quantity, counters)) {
        Verdict::Clear
    } else {
        Verdict::Between
    }
}

fn against_usual(unusual: &Unusual, quantity: Option<Quantity>, at_ms: i64, rules: &RuleSet) -> Judgement {
    let expected = quantity.and_then(|_| unusual.learnt.expectation(&rules.zone, at_ms));
    let is_unusual =
        quantity.zip(expected).and_then(|(quantity, expected)| expected.is_unusual(quantity.micros, &unusual.usual));
    let verdict = is_unusual.map_or(Verdict::Missing, raise_or_clear);
    Judgement { verdict, quantity, expected }
}

const fn raise_or_clear(raise: bool) -> Verdict {
    if raise { Verdict::Raise } else { Verdict::Clear }
}
