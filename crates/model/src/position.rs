//! Positions: where in the log something stands, and how spaces map to partitions.

use crate::names::NameIx;
use std::sync::Arc;

/// Identity of one log; positions of different logs never compare.
pub type LogId = Arc<str>;
/// Index of a partition.
pub type PartitionIx = u16;
/// The default number of partitions; fixed when a log is created.
pub const PARTITIONS_DEFAULT: PartitionIx = 16;
/// The largest number of partitions a log may have.
pub const PARTITIONS_MAX: PartitionIx = 1024;

/// The partition of rows that never were in a log: those of archives. Behind all partitions of any log.
pub const BACKFILL_PARTITION: PartitionIx = PARTITIONS_MAX;

/// A row of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Partition.
    pub partition: PartitionIx,
    /// Offset in the partition, counted in rows from 0.
    pub offset: u64,
}

/// The partition of a space: the first 8 bytes of BLAKE3 over its id, modulo the partition count. Fixed for ever; the
/// same on every machine, for the log, the engine and its snapshots.
#[must_use]
pub fn partition_of(space: &str, partitions: PartitionIx) -> PartitionIx {
    let hash = blake3::hash(space.as_bytes());
    let first: [u8; 8] = hash.as_bytes()[..8].try_into().expect("a BLAKE3 hash has 32 bytes");
    let partition = u64::from_le_bytes(first) % u64::from(partitions.max(1));
    PartitionIx::try_from(partition).expect("a remainder of a u16 fits in a u16")
}

/// [`partition_of`] by interned space, computed once per space.
#[derive(Debug)]
pub struct PartitionTable {
    partitions: PartitionIx,
    by_space: Vec<PartitionIx>,
}

impl PartitionTable {
    /// An empty table for a log with `partitions` partitions.
    #[must_use]
    pub const fn new(partitions: PartitionIx) -> Self {
        Self { partitions, by_space: Vec::new() }
    }

    /// Number of partitions.
    #[must_use]
    pub const fn partitions(&self) -> PartitionIx {
        self.partitions
    }

    /// Adds the next interned space.
    pub fn push(&mut self, space: &str) {
        self.by_space.push(partition_of(space, self.partitions));
    }

    /// The partition of an interned space that was pushed.
    #[must_use]
    pub fn get(&self, space: NameIx) -> PartitionIx {
        self.by_space[space as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fixed by contract: changing any of these would scatter the rows of existing logs.
    #[test]
    fn the_partition_of_a_space_never_changes() {
        let partitions: Vec<_> = ["town-hall", "birrarung-marr", "a", "b"].map(|s| partition_of(s, 16)).into();
        assert_eq!(partitions, [13, 6, 7, 0]);
        assert!(["x", "y", "z"].iter().all(|space| partition_of(space, 1) == 0));
    }
}
