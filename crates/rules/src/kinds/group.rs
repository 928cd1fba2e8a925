//! `spread`: in which spaces of a group episodes of a rule begin and go on.

use crate::kinds::parts::Part;
use crate::saved::saved;
use crate::verdict::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState};

/// The newest beginning of an episode in a space.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    /// The key.
    pub(crate) key: Arc<str>,
    /// The episode.
    pub(crate) alert_id: AlertId,
    /// When it began.
    pub(crate) active_ms: i64,
    /// Feed of the newest input then.
    pub(crate) feed: Arc<str>,
}

/// What happens in one space.
#[derive(Clone, Debug, Default)]
struct SpaceState {
    /// Open episodes.
    open: BTreeSet<AlertId>,
    /// The newest beginning, as long as it counts.
    begun: Option<Begun>,
}

saved!(Begun { key, alert_id, active_ms, feed });
saved!(SpaceState { open, begun });

/// The spaces of one group in which something happens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    spaces: BTreeMap<Arc<str>, SpaceState>,
}

saved!(Group { spaces });

impl Group {
    /// Takes in a transition of the rule in a space of the group.
    pub(crate) fn apply(&mut self, part: &Part) {
        match part.state {
            AlertState::Active => {
                let space = self.spaces.entry(Arc::clone(&part.space)).or_default();
                space.open.insert(part.alert_id.clone());
                if space.begun.as_ref().is_none_or(|begun| begun.active_ms <= part.event_time_ms) {
                    space.begun = Some(Begun {
                        key: Arc::clone(&part.key),
                        alert_id: part.alert_id.clone(),
                        active_ms: part.event_time_ms,
                        feed: Arc::clone(&part.feed),
                    });
                }
            }
            AlertState::Cleared => {
                if let Some(space) = self.spaces.get_mut(&part.space) {
                    space.open.remove(&part.alert_id);
                }
            }
            _ => {}
        }
    }

    /// Forgets what no longer counts at `at_ms`.
    pub(crate) fn forget(&mut self, at_ms: i64, within_ms: i64) {
        self.spaces.retain(|_, space| {
            space.begun = space.begun.take().filter(|begun| begun.active_ms > at_ms - within_ms);
            space.begun.is_some() || !space.open.is_empty()
        });
    }

    /// What follows when `k` spaces must have begun.
    pub(crate) fn verdict(&self, k: usize) -> Verdict {
        if self.begun().count() >= k {
            Verdict::Raise
        } else if self.spaces.len() < k {
            Verdict::Clear
        } else {
            Verdict::Between
        }
    }

    /// When fewer than `k` spaces will have begun or have an open episode, if no more is told; `None` when that holds already,
    /// or never will.
    pub(crate) fn clears_ms(&self, k: usize, within_ms: i64) -> Option<i64> {
        let (open, over): (Vec<_>, Vec<_>) = self.spaces.values().partition(|space| !space.open.is_empty());
        let begun = over.into_iter().filter_map(|space| space.begun.as_ref());
        let mut ends_ms: Vec<_> = begun.map(|begun| begun.active_ms + within_ms).collect();
        ends_ms.sort_unstable();
        let wanted = k.checked_sub(open.len()).filter(|wanted| *wanted > 0)?;
        ends_ms.len().checked_sub(wanted).map(|last| ends_ms[last])
    }

    /// Whether at `at_ms` no episode is open and no beginning counts.
    pub(crate) fn is_over(&self, at_ms: i64, within_ms: i64) -> bool {
        let counts = |begun: &Begun| begun.active_ms > at_ms.saturating_sub(within_ms);
        self.spaces.values().all(|space| space.open.is_empty() && !space.begun.as_ref().is_some_and(counts))
    }

    /// The spaces that have begun.
    pub(crate) fn begun(&self) -> impl Iterator<Item = (&Arc<str>, &Begun)> {
        self.spaces.iter().filter_map(|(id, space)| Some((id, space.begun.as_ref()?)))
    }

    /// The space that began last; of several at one instant the last by id.
    pub(crate) fn newest(&self) -> Option<(&Arc<str>, &Begun)> {
        self.begun().max_by_key(|(id, begun)| (begun.active_ms, Arc::clone(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(space: &str, state: AlertState, id: &str, event_time_ms: i64) -> Part {
        Part {
            event_time_ms,
            rule_uid: "u".into(),
            rule: "r".into(),
            key: space.into(),
            space: space.into(),
            state,
            alert_id: AlertId::from_text(id),
            feed: "".into(),
        }
    }

    #[test]
    fn raise_needs_beginnings_and_clear_needs_ends() {
        let mut group = Group::default();
        group.apply(&part("a", AlertState::Active, "1", 0));
        assert_eq!((group.verdict(2), group.clears_ms(2, 10)), (Verdict::Clear, None));
        group.apply(&part("b", AlertState::Active, "2", 5));
        assert_eq!(group.verdict(2), Verdict::Raise);
        assert_eq!(group.newest().unwrap().0.as_ref(), "b");
        assert_eq!(group.clears_ms(2, 10), None, "both are open");
        group.forget(10, 10);
        assert_eq!(group.verdict(2), Verdict::Between, "a still has an open episode");
        group.apply(&part("b", AlertState::Cleared, "2", 11));
        assert_eq!(group.clears_ms(2, 10), Some(15), "when the beginning of b is over");
        group.apply(&part("a", AlertState::Cleared, "1", 12));
        group.forget(12, 10);
        assert_eq!(group.verdict(2), Verdict::Clear);
        group.apply(&part("b", AlertState::Cleared, "2", 13));
        group.forget(20, 10);
        assert!(group.is_over(20, 10));
    }
}
