//! `all_of` and `any_of`: which episodes of the rules they name are open in a space.

use crate::saved::saved;
use crate::verdict::Verdict;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState, Transition};

/// A transition of another rule, as far as composite rules read it.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// When.
    pub(crate) event_time_ms: i64,
    /// Uid of the rule.
    pub(crate) rule_uid: Arc<str>,
    /// Its name.
    pub(crate) rule: Arc<str>,
    /// The key.
    pub(crate) key: Arc<str>,
    /// The key's space.
    pub(crate) space: Arc<str>,
    /// What the condition became.
    pub(crate) state: AlertState,
    /// The episode.
    pub(crate) alert_id: AlertId,
    /// Feed of the newest input.
    pub(crate) feed: Arc<str>,
}

impl Part {
    /// What a composite rule reads of a transition.
    pub(crate) fn of(transition: &Transition) -> Self {
        Self {
            event_time_ms: transition.event_time_ms,
            rule_uid: Arc::clone(&transition.rule.uid),
            rule: Arc::clone(&transition.rule.name),
            key: Arc::clone(&transition.key),
            space: Arc::clone(&transition.space),
            state: transition.state,
            alert_id: transition.alert_id.clone(),
            feed: Arc::clone(&transition.feed),
        }
    }
}

/// An open episode of a rule that a composite names.
#[derive(Clone, Debug)]
pub(crate) struct OpenPart {
    /// Name of the rule.
    pub(crate) rule: Arc<str>,
    /// The episode.
    pub(crate) alert_id: AlertId,
    /// When it began.
    pub(crate) active_ms: i64,
    /// Whether the data that would decide is missing.
    pub(crate) stale: bool,
}

saved!(Part { event_time_ms, rule_uid, rule, key, space, state, alert_id, feed });
saved!(OpenPart { rule, alert_id, active_ms, stale });

/// The open episodes of one space, by uid of their rule and by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    open: BTreeMap<(Arc<str>, Arc<str>), OpenPart>,
}

saved!(Parts { open });

impl Parts {
    /// Takes in a transition of a rule that the composite names.
    pub(crate) fn apply(&mut self, part: &Part) {
        let id = (Arc::clone(&part.rule_uid), Arc::clone(&part.key));
        match part.state {
            AlertState::Active => {
                let (rule, alert_id) = (Arc::clone(&part.rule), part.alert_id.clone());
                self.open.insert(id, OpenPart { rule, alert_id, active_ms: part.event_time_ms, stale: false });
            }
            AlertState::Stale | AlertState::Resumed => {
                if let Some(open) = self.open.get_mut(&id) {
                    open.stale = part.state == AlertState::Stale;
                }
            }
            AlertState::Cleared => {
                if self.open.get(&id).is_some_and(|open| open.alert_id == part.alert_id) {
                    self.open.remove(&id);
                }
            }
            AlertState::Pending | AlertState::Inactive | AlertState::Escalated => {}
        }
    }

    /// Whether no episode is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// What follows for rules with these uids: `all` of them, or any.
    pub(crate) fn verdict<'a>(&self, uids: impl Iterator<Item = &'a Arc<str>>, all: bool) -> Verdict {
        let (mut some_hold, mut all_hold, mut some_surely, mut all_surely) = (false, true, false, true);
        for uid in uids {
            let from = (Arc::clone(uid), Arc::from(""));
            let mut open =
                self.open.range(from..).take_while(|((of, _), _)| of == uid).map(|(_, open)| open).peekable();
            let holds = open.peek().is_some();
            let surely = open.any(|open| !open.stale);
            some_hold |= holds;
            all_hold &= holds;
            some_surely |= surely;
            all_surely &= surely;
        }
        let (holds, surely) = if all { (all_hold, all_surely) } else { (some_hold, some_surely) };
        match (holds, surely) {
            (_, true) => Verdict::Raise,
            (true, false) => Verdict::Missing,
            (false, false) => Verdict::Clear,
        }
    }

    /// The open episodes with their keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &OpenPart)> {
        self.open.iter().map(|((_, key), open)| (key, open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AlertState::{Active, Cleared, Resumed, Stale};

    fn part(rule: &str, key: &str, state: AlertState, id: &str) -> Part {
        Part {
            event_time_ms: 0,
            rule_uid: rule.into(),
            rule: rule.into(),
            key: key.into(),
            space: "s".into(),
            state,
            alert_id: AlertId::from_text(id),
            feed: "".into(),
        }
    }

    #[test]
    fn stale_parts_hold_but_not_surely() {
        let uids: [Arc<str>; 2] = ["a".into(), "b".into()];
        let mut parts = Parts::default();
        let steps = [
            (part("a", "s/1", Active, "1"), Verdict::Clear, Verdict::Raise),
            (part("b", "s", Active, "2"), Verdict::Raise, Verdict::Raise),
            (part("a", "s/1", Stale, "1"), Verdict::Missing, Verdict::Raise),
            (part("b", "s", Stale, "2"), Verdict::Missing, Verdict::Missing),
            (part("a", "s/2", Active, "3"), Verdict::Missing, Verdict::Raise),
            (part("b", "s", Resumed, "2"), Verdict::Raise, Verdict::Raise),
            (part("a", "s/2", Cleared, "3"), Verdict::Missing, Verdict::Raise),
            (part("a", "s/1", Cleared, "another"), Verdict::Missing, Verdict::Raise),
            (part("a", "s/1", Cleared, "1"), Verdict::Clear, Verdict::Raise),
            (part("b", "s", Cleared, "2"), Verdict::Clear, Verdict::Clear),
        ];
        for (part, all, any) in steps {
            parts.apply(&part);
            assert_eq!(parts.verdict(uids.iter(), true), all, "{part:?}");
            assert_eq!(parts.verdict(uids.iter(), false), any, "{part:?}");
        }
        assert!(parts.is_empty());
    }
}
