//! `k_of_n`: the newest match of each source, as long as it counts.

use crate::kinds::threshold::MemberIx;
use crate::saved::{saved, saved_enum};
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

/// More of them are copied to find the k-th newest.
const SOURCES_AT_HAND: usize = 16;

/// The sources of one key: of those with a match within the rule's time the newest, at least as many as the rule takes. The
/// k-th newest match is always among them, so older ones decide nothing; and peers who invent names fill no memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// Event time of each one's newest match, in the order of sources.
    newest: Vec<(SourceId, i64)>,
    heard: Heard,
}

/// Newest event time of each member, matching or not. Most keys have one member, and need no memory of their own for it.
#[derive(Clone, Debug)]
enum Heard {
    One(i64),
    Many(Box<[i64]>),
}

impl Default for Heard {
    fn default() -> Self {
        Self::One(i64::MIN)
    }
}

saved_enum!(SourceId { 0 => Name { 0: name }, 1 => Channel { 0: channel } });
saved_enum!(Heard { 0 => One { 0: newest_ms }, 1 => Many { 0: newest_ms } });
saved!(Sources { newest, heard });

impl Sources {
    /// Whether an observation is not later than the newest of its member; if it is, it is the newest from now on.
    #[inline]
    pub(crate) fn is_late(&mut self, member: MemberIx, event_time_ms: i64) -> bool {
        let newest_ms = self.heard.of(member);
        if event_time_ms <= *newest_ms {
            return true;
        }
        *newest_ms = event_time_ms;
        false
    }

    /// Takes in a match, for a rule that takes `k` sources. Cost: linear in the sources that are kept.
    pub(crate) fn add(&mut self, source: SourceId, event_time_ms: i64, k: usize) {
        match self.newest.binary_search_by(|(known, _)| known.cmp(&source)) {
            Ok(place) => {
                let newest_ms = &mut self.newest[place].1;
                *newest_ms = event_time_ms.max(*newest_ms);
            }
            Err(place) => self.newest.insert(place, (source, event_time_ms)),
        }
        if self.newest.len() > k.max(SOURCES_KEPT) {
            let oldest = (0..self.newest.len()).min_by_key(|place| self.newest[*place].1);
            oldest.map(|oldest| self.newest.remove(oldest));
        }
    }

    /// Forgets the matches that no longer count at `at_ms`.
    #[inline]
    pub(crate) fn forget(&mut self, at_ms: i64, within_ms: i64) {
        if self.newest.is_empty() {
            return;
        }
        self.newest.retain(|(_, newest_ms)| *newest_ms > at_ms - within_ms);
        if self.newest.is_empty() && self.newest.capacity() > SOURCES_AT_HAND {
            self.newest = Vec::new();
        }
    }

    /// How many sources have a match that counts.
    pub(crate) fn count(&self) -> usize {
        self.newest.len()
    }

    /// When fewer than `k` will count, if at least `k` do now: the k-th newest match + `within_ms`.
    pub(crate) fn over_ms(&self, k: usize, within_ms: i64) -> Option<i64> {
        let kth = self.newest.len().checked_sub(k)?;
        let (mut at_hand, mut copied) = ([0; SOURCES_AT_HAND], Vec::new());
        let newest = match at_hand.get_mut(..self.newest.len()) {
            Some(newest) => newest,
            None => {
                copied.resize(self.newest.len(), 0);
                &mut copied[..]
            }
        };
        for (copy, (_, newest_ms)) in newest.iter_mut().zip(&self.newest) {
            *copy = *newest_ms;
        }
        Some(*newest.select_nth_unstable(kth).1 + within_ms)
    }

    /// Reads what a visit will read; the number means nothing.
    pub(crate) fn touch(&self) -> i64 {
        match &self.heard {
            Heard::One(newest_ms) => *newest_ms,
            Heard::Many(newest_ms) => newest_ms.first().copied().unwrap_or(0),
        }
    }

    /// The sources with a match that counts, and when it happened.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&SourceId, i64)> {
        self.newest.iter().map(|(source, newest_ms)| (source, *newest_ms))
    }
}

impl Heard {
    #[inline]
    fn of(&mut self, member: MemberIx) -> &mut i64 {
        let index = member as usize;
        let has = match self {
            Self::One(_) => index == 0,
            Self::Many(newest_ms) => index < newest_ms.len(),
        };
        if !has {
            self.grow(index + 1);
        }
        match self {
            Self::One(newest_ms) => newest_ms,
            Self::Many(newest_ms) => &mut newest_ms[index],
        }
    }

    #[cold]
    fn grow(&mut self, members: usize) {
        let mut newest_ms = match std::mem::take(self) {
            Self::One(newest_ms) => vec![newest_ms],
            Self::Many(newest_ms) => newest_ms.into_vec(),
        };
        newest_ms.resize(members, i64::MIN);
        *self = Self::Many(newest_ms.into_boxed_slice());
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
        assert_eq!(size_of::<Heard>(), 16, "a slot has two lines of memory");
    }
}
