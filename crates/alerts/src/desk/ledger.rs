//! What operators were told and did, line by line, so that the figures of any shift can be reckoned exactly.
//!
//! A line for each new alert that counts (when, of which rule, how bad), for each acknowledgement (when, how long the alert
//! had waited since it was last told) and for each command that did something. Alerts of exercises and tests have none.
//!
//! **Bounds.** Those of [`Lines`] for each kind of line. Of a shift that began before the oldest line kept, figures are
//! those of what is kept, and [`Figures::kept_from_ms`] says so.

use crate::desk::lines::{Lines, Timed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::severity::Severity;

/// The busiest rules whose share is reckoned together (EEMUA 191).
pub const TOP_RULES: usize = 10;

/// The lines; see the [module's documentation](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    told: Lines<Told>,
    acknowledged: Lines<Acknowledged>,
    actions: Lines<Acted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    at_ms: i64,
    rule: Arc<str>,
    severity: Severity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Acknowledged {
    at_ms: i64,
    waited_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Acted {
    at_ms: i64,
}

/// The figures of a span of log time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// New alerts.
    pub told: u64,
    /// Of these, by severity, from the least to the worst.
    pub by_severity: [u64; Severity::ALL.len()],
    /// Rules they came from.
    pub rules: usize,
    /// Alerts of the ten busiest rules.
    pub of_top_rules: u64,
    /// Acknowledgements.
    pub acknowledged: usize,
    /// Median time an alert had waited for its acknowledgement, the lower one of two.
    pub acknowledge_median_ms: Option<i64>,
    /// Commands that did something.
    pub actions: usize,
    /// From when on lines are kept, when that is later than the span's beginning.
    pub kept_from_ms: Option<i64>,
}

impl Ledger {
    /// Operators were told of an alert.
    pub fn told(&mut self, at_ms: i64, rule: &Arc<str>, severity: Severity) {
        self.told.push(Told { at_ms, rule: Arc::clone(rule), severity });
    }

    /// An alert was acknowledged after it had waited.
    pub fn acknowledged(&mut self, at_ms: i64, waited_ms: i64) {
        self.acknowledged.push(Acknowledged { at_ms, waited_ms: waited_ms.max(0) });
    }

    /// A command did something.
    pub fn acted(&mut self, at_ms: i64) {
        self.actions.push(Acted { at_ms });
    }

    /// The figures from `from_ms` up to, but not including, `to_ms`. O(n log n) in the lines of that span.
    #[must_use]
    pub fn figures(&self, from_ms: i64, to_ms: i64) -> Figures {
        let mut figures = Figures::default();
        let mut by_rule: BTreeMap<&str, u64> = BTreeMap::new();
        for told in self.told.within(from_ms, to_ms) {
            figures.told += 1;
            figures.by_severity[told.severity as usize] += 1;
            *by_rule.entry(&told.rule).or_default() += 1;
        }
        figures.rules = by_rule.len();
        let mut counts: Vec<_> = by_rule.into_values().collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        figures.of_top_rules = counts.iter().take(TOP_RULES).sum();
        let acknowledged = self.acknowledged.within(from_ms, to_ms);
        let mut waited_ms: Vec<_> = acknowledged.map(|line| line.waited_ms).collect();
        waited_ms.sort_unstable();
        figures.acknowledged = waited_ms.len();
        figures.acknowledge_median_ms = waited_ms.len().checked_sub(1).map(|last| waited_ms[last / 2]);
        figures.actions = self.actions.within(from_ms, to_ms).count();
        let dropped_ms =
            [self.told.dropped_ms(), self.acknowledged.dropped_ms(), self.actions.dropped_ms()].into_iter().flatten();
        figures.kept_from_ms = dropped_ms.filter(|dropped_ms| *dropped_ms >= from_ms).max().map(|dropped| dropped + 1);
        figures
    }
}

impl Timed for Told {
    fn at_ms(&self) -> i64 {
        self.at_ms
    }
}

impl Timed for Acknowledged {
    fn at_ms(&self) -> i64 {
        self.at_ms
    }
}

impl Timed for Acted {
    fn at_ms(&self) -> i64 {
        self.at_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_span_alone() {
        let mut ledger = Ledger::default();
        for at_ms in 0..12 {
            ledger.told(at_ms, &format!("rule {at_ms}").into(), Severity::Low);
        }
        ledger.told(12, &"rule 11".into(), Severity::Critical);
        for (at_ms, waited_ms) in [(5, 40), (6, 10), (7, 20), (8, 30), (20, 1_000)] {
            ledger.acknowledged(at_ms, waited_ms);
            ledger.acted(at_ms);
        }
        let all = Figures {
            told: 13,
            by_severity: [0, 12, 0, 0, 1],
            rules: 12,
            of_top_rules: 11,
            acknowledged: 4,
            acknowledge_median_ms: Some(20),
            actions: 4,
            kept_from_ms: None,
        };
        assert_eq!(ledger.figures(0, 20), all);
        let some = ledger.figures(6, 8);
        assert_eq!((some.told, some.acknowledged, some.acknowledge_median_ms), (2, 2, Some(10)));
        assert_eq!(ledger.figures(8, 6), Figures::default(), "a span that ends before it begins is empty");
        assert_eq!(ledger.figures(100, 200), Figures::default());
    }
}
