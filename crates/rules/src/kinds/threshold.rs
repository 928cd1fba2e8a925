//! `threshold`: the newest value of each member, as long as it is valid.
//!
//! A value leaves at its event time + `stale_after`; all that expire at one instant leave together. A member's older
//! values never replace its newer one.

use crate::expr::fold::Quantity;
use crate::kind::Aggregate;
use crate::saved::saved;

/// Index of a member inside its key.
pub(crate) type MemberIx = u32;

/// The newest values of one key. Costs grow with the number of members: a handful of sensors of one space. The first
/// member, for most keys the only one, stands in the key's own memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    first: Newest,
    others: Box<[Newest]>,
}

/// The newest value of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    /// In millionths.
    pub(crate) micros: i64,
    /// When it was measured; `i64::MIN` before the first.
    pub(crate) event_time_ms: i64,
    /// Whether it has not expired yet.
    pub(crate) valid: bool,
}

saved!(Newest { micros, event_time_ms, valid });
saved!(Values { first, others });

impl Default for Newest {
    /// A member that was not heard yet.
    fn default() -> Self {
        Self { micros: 0, event_time_ms: i64::MIN, valid: false }
    }
}

impl Newest {
    /// A single value, to be judged.
    pub(crate) fn single(micros: i64) -> Quantity {
        Quantity { micros: micros.into(), count: 1 }
    }
}

impl Values {
    /// The values of a key whose first member sent one.
    pub(crate) fn of_first(first: Newest) -> Self {
        Self { first, others: Box::default() }
    }

    /// The first member's newest value.
    pub(crate) const fn first(&self) -> Newest {
        self.first
    }

    /// Whether only the first member has values.
    pub(crate) const fn is_single(&self) -> bool {
        self.others.is_empty()
    }

    /// Reads the first value; the number means nothing.
    pub(crate) fn touch(&self) -> i64 {
        self.first.event_time_ms ^ i64::from(self.others.is_empty())
    }

    /// Whether the member already has a value that is as new as this.
    pub(crate) fn is_late(&self, member: MemberIx, event_time_ms: i64) -> bool {
        let newest = match member.checked_sub(1) {
            None => Some(&self.first).filter(|first| first.event_time_ms > i64::MIN),
            Some(other) => self.others.get(other as usize),
        };
        newest.is_some_and(|newest| event_time_ms <= newest.event_time_ms)
    }

    /// Takes in a value that is neither late nor expired.
    pub(crate) fn set(&mut self, member: MemberIx, micros: i64, event_time_ms: i64) {
        let newest = Newest { micros, event_time_ms, valid: true };
        let Some(other) = member.checked_sub(1) else {
            self.first = newest;
            return;
        };
        let index = other as usize;
        if index >= self.others.len() {
            let mut others = std::mem::take(&mut self.others).into_vec();
            others.resize(index + 1, Newest::default());
            self.others = others.into_boxed_slice();
        }
        self.others[index] = newest;
    }

    /// When the first of the valid values expires.
    pub(crate) fn next_expiry_ms(&self, stale_after_ms: i64) -> Option<i64> {
        if self.others.is_empty() {
            return self.first.valid.then_some(self.first.event_time_ms + stale_after_ms);
        }
        self.valid().map(|(_, newest)| newest.event_time_ms + stale_after_ms).min()
    }

    /// Drops the values that expire at or before `at_ms`.
    pub(crate) fn expire(&mut self, at_ms: i64, stale_after_ms: i64) {
        for newest in std::iter::once(&mut self.first).chain(&mut self.others) {
            newest.valid &= newest.event_time_ms.saturating_add(stale_after_ms) > at_ms;
        }
    }

    /// The aggregate of the valid values; `None` when there is none.
    pub(crate) fn quantity(&self, agg: Aggregate) -> Option<Quantity> {
        let single = |micros| Quantity { micros, count: 1 };
        if self.others.is_empty() {
            return self.first.valid.then_some(single(self.first.micros.into()));
        }
        let micros = self.valid().map(|(_, newest)| i128::from(newest.micros));
        match agg {
            Aggregate::Max => micros.max().map(single),
            Aggregate::Min => micros.min().map(single),
            Aggregate::Sum | Aggregate::Mean | Aggregate::Count => {
                let (sum, count) = micros.fold((0, 0), |(sum, count), micros| (sum + micros, count + 1));
                let count = if agg == Aggregate::Mean { count } else { count.min(1) };
                (count > 0).then_some(Quantity { micros: sum, count })
            }
        }
    }

    /// The valid values with their members.
    pub(crate) fn valid(&self) -> impl Iterator<Item = (MemberIx, &Newest)> {
        (0..).zip(std::iter::once(&self.first).chain(&self.others)).filter(|(_, newest)| newest.valid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_expire_together_and_aggregate_exactly() {
        let mut values = Values::default();
        for (member, micros, event_time_ms) in [(0, 1_000_000, 0), (2, 2_000_000, 0), (1, -6_000_000, 5)] {
            values.set(member, micros, event_time_ms);
        }
        assert_eq!(values.quantity(Aggregate::Mean), Some(Quantity { micros: -3_000_000, count: 3 }));
        assert_eq!(values.quantity(Aggregate::Sum), Some(Quantity { micros: -3_000_000, count: 1 }));
        assert_eq!(values.next_expiry_ms(10), Some(10));
        values.expire(10, 10);
        assert_eq!(values.quantity(Aggregate::Max), Some(Quantity { micros: -6_000_000, count: 1 }));
        assert!(values.is_late(0, 0) && !values.is_late(0, 1) && !values.is_late(9, i64::MIN + 1));
        values.expire(15, 10);
        assert_eq!((values.quantity(Aggregate::Min), values.next_expiry_ms(10)), (None, None));
    }
}
