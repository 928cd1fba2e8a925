//! Transitions of a backtest against those recorded in production, for rules that are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_store::stored::recorded::RecordedTransition;

/// What is compared of a transition, in the order of a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    event_time_ms: i64,
    rule: Arc<str>,
    key: Arc<str>,
    state: Arc<str>,
    alert_id: Arc<str>,
    severity: Arc<str>,
    reason: Option<Arc<str>>,
}

impl Line {
    fn of(transition: &Transition) -> Self {
        Self {
            event_time_ms: transition.event_time_ms,
            rule: Arc::clone(&transition.rule.name),
            key: Arc::clone(&transition.key),
            state: transition.state.as_str().into(),
            alert_id: transition.alert_id.as_str().into(),
            severity: transition.severity.as_str().into(),
            reason: transition.reason.map(Into::into),
        }
    }

    fn of_recorded(row: &RecordedTransition) -> Self {
        Self {
            event_time_ms: row.event_time_ms,
            rule: Arc::clone(&row.rule),
            key: Arc::clone(&row.key),
            state: Arc::clone(&row.state),
            alert_id: Arc::clone(&row.alert_id),
            severity: Arc::clone(&row.severity),
            reason: row.reason.clone(),
        }
    }

    /// The fields, separated by tabs.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { event_time_ms, rule, key, state, alert_id, severity, reason } = self;
        let reason = reason.as_deref().unwrap_or("");
        format!("{rule}\t{key}\t{state}\t{event_time_ms}\t{alert_id}\t{severity}\t{reason}")
    }
}

/// How far two runs agree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Transitions compared, of production.
    pub recorded: usize,
    /// Transitions in production only.
    pub only_recorded: Vec<Line>,
    /// Transitions in the backtest only.
    pub only_judged: Vec<Line>,
}

impl Comparison {
    /// Compares the transitions of some rules.
    #[must_use]
    pub fn new(judged: &[Transition], recorded: &[RecordedTransition], rules: &BTreeSet<Arc<str>>) -> Self {
        let mut counts: BTreeMap<Line, i64> = BTreeMap::new();
        let mut total = 0;
        for row in recorded.iter().filter(|row| rules.contains(&row.rule)) {
            *counts.entry(Line::of_recorded(row)).or_default() += 1;
            total += 1;
        }
        for transition in judged.iter().filter(|transition| rules.contains(&transition.rule.name)) {
            *counts.entry(Line::of(transition)).or_default() -= 1;
        }
        let mut comparison = Self { recorded: total, ..Self::default() };
        for (line, difference) in counts {
            let (side, times) = if difference > 0 {
                (&mut comparison.only_recorded, difference)
            } else {
                (&mut comparison.only_judged, -difference)
            };
            side.extend(std::iter::repeat_n(line, usize::try_from(times).unwrap_or(0)));
        }
        comparison
    }

    /// Whether both runs said the same.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.only_recorded.is_empty() && self.only_judged.is_empty()
    }
}
