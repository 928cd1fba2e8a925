//! `k_of_n`: the newest match of each source, as long as it counts.

use crate::kinds::threshold::MemberIx;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::names::NameIx;

/// What tells sources apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SourceId {
    /// A sensor or node; all inputs without one are one source.
    Name(NameIx),
    /// A channel of incidents; all without one are one source.
    Channel(Arc<str>),
}

/// Sources kept at least: enough to tell of all in most cases.
const SOURCES_KEPT: usize = 256;

/// The sources of one key: of those with a match within the rule's time the newest, at least as many as the rule takes. The
/// k-th newest match is always among them, so older ones decide nothing; and peers who invent names fill no memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// Event time of each one's newest match.
    newest: BTreeMap<SourceId, i64>,
    /// Newest event time of each member, matching or not.
    heard: Vec<i64>,
}

impl Sources {
    /// Whether an observation is not later than the newest of its member; if it is, it is the newest from now on.
    pub(crate) fn is_late(&mut self, member: MemberIx, event_time_ms: i64) -> bool {
        let index = member as usize;
        if index >= self.heard.len() {
            self.heard.resize(index + 1, i64::MIN);
        }
        if event_time_ms <= self.heard[index] {
            return true;
        }
        self.heard[index] = event_time_ms;
        false
    }

    /// Takes in a match, for a rule that takes `k` sources. Cost: linear in the sources once too many are known.
    pub(crate) fn add(&mut self, source: SourceId, event_time_ms: i64, k: usize) {
        let newest_ms = self.newest.entry(source).or_insert(event_time_ms);
        *newest_ms = event_time_ms.max(*newest_ms);
        if self.newest.len() > k.max(SOURCES_KEPT) {
            let oldest = self.newest.iter().min_by_key(|(_, newest_ms)| **newest_ms).map(|(source, _)| source.clone());
            if let Some(oldest) = oldest {
                self.newest.remove(&oldest);
            }
        }
    }

    /// Forgets the matches that no longer count at `at_ms`.
    pub(crate) fn forget(&mut self, at_ms: i64, within_ms: i64) {
        self.newest.retain(|_, newest_ms| *newest_ms > at_ms - within_ms);
    }

    /// How many sources have a match that counts.
    pub(crate) fn count(&self) -> usize {
        self.newest.len()
    }

    /// When fewer than `k` will count, if at least `k` do now: the k-th newest match + `within_ms`.
    pub(crate) fn over_ms(&self, k: usize, within_ms: i64) -> Option<i64> {
        let mut newest: Vec<_> = self.newest.values().copied().collect();
        let kth = newest.len().checked_sub(k)?;
        Some(*newest.select_nth_unstable(kth).1 + within_ms)
    }

    /// The sources with a match that counts, and when it happened.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&SourceId, i64)> {
        self.newest.iter().map(|(source, newest_ms)| (source, *newest_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kth_newest_match_decides_how_long_it_counts() {
        let mut sources = Sources::default();
        for (name, event_time_ms) in [(1, 100), (2, 103), (3, 103), (1, 109), (1, 50)] {
            sources.add(SourceId::Name(name), event_time_ms, 3);
        }
        assert_eq!(sources.over_ms(3, 10), Some(113));
        assert_eq!(sources.over_ms(1, 10), Some(119));
        assert_eq!(sources.over_ms(4, 10), None);
        sources.forget(113, 10);
        assert_eq!((sources.count(), sources.over_ms(3, 10)), (1, None));
    }

    #[test]
    fn invented_sources_fill_no_memory_and_change_no_answer() {
        let mut sources = Sources::default();
        for number in 0..1_000_i64 {
            sources.add(SourceId::Channel(format!("{number}").into()), number / 3, 300);
        }
        assert_eq!(sources.count(), 300);
        assert_eq!(sources.over_ms(300, 10), Some(700 / 3 + 10));
    }

    #[test]
    fn lateness_goes_by_member_also_without_a_match() {
        let mut sources = Sources::default();
        assert!(!sources.is_late(2, 10));
        assert!(sources.is_late(2, 10) && !sources.is_late(0, 5) && !sources.is_late(2, 11));
    }
}
