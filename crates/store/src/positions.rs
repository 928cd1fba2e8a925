//! Positions: for each partition, the next offset to store. A row is stored exactly when its offset is below.

use std::collections::BTreeMap;

/// Next offset by partition; partitions never seen stand at 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Positions(BTreeMap<i32, i64>);

impl Positions {
    /// The next offset of a partition.
    pub(crate) fn get(&self, partition: i32) -> i64 {
        self.0.get(&partition).copied().unwrap_or(0)
    }

    /// Moves a partition forward; positions never go back.
    pub(crate) fn advance(&mut self, partition: i32, next: i64) {
        let position = self.0.entry(partition).or_insert(0);
        *position = next.max(*position);
    }

    /// Moves every partition of `other` forward.
    pub(crate) fn advance_all(&mut self, other: &Self) {
        for (partition, next) in other.iter() {
            self.advance(partition, next);
        }
    }

    /// Partitions and their next offsets, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i32, i64)> {
        self.0.iter().map(|(partition, next)| (*partition, *next))
    }

    /// The next offsets of partitions 0 and up, as far as they are known: what is looked up for every row.
    pub(crate) fn dense(&self) -> Vec<i64> {
        let known = self.0.last_key_value().map_or(0, |(last, _)| last + 1);
        (0..known).map(|partition| self.get(partition)).collect()
    }

    /// Whether no partition is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(i32, i64)> for Positions {
    fn from_iter<I: IntoIterator<Item = (i32, i64)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}
