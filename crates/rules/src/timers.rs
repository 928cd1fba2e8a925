//! When which slot has to be looked at next.
//!
//! Most timers move later with every input (a value's validity, a silence). So a slot keeps at most one live entry in
//! the heap, at or before its true due time; when the entry comes up too early it is simply scheduled again. Pushing
//! happens only when a due time moves earlier.
//!
//! Due times far ahead lie unsorted in buckets of a second; a bucket is sorted once its second has come. So the heap
//! holds what is due within a second, not a timer of every slot.
//!
//! **Invariant**: a slot with a due time has an entry at or before it; entries come out by (due time, slot), which is
//! the same on every run. The heap has the entries of all buckets before `closed_from`, and no other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Index of a slot of the engine.
pub(crate) type SlotIx = u32;
/// Index of a line of the engine, which has timers of its own.
pub(crate) type LineIx = u32;
/// Stands for "no entry".
const NEVER_MS: i64 = i64::MAX;
/// Length of a bucket.
const BUCKET_MS: i64 = 1_000;

/// A due time and its slot.
type Entry = (i64, SlotIx);

/// Due times of all slots.
#[derive(Clone, Debug)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<Entry>>,
    /// Entries of the buckets from `closed_from` on, by the number of the bucket since the epoch.
    far: BTreeMap<i64, Vec<Entry>>,
    closed_from: i64,
    /// Due time of each slot's live entry.
    scheduled_ms: Vec<i64>,
}

impl Default for Timers {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), far: BTreeMap::new(), closed_from: i64::MIN, scheduled_ms: Vec::new() }
    }
}

impl Timers {
    /// Sees to it that the slot comes up no later than `due_ms`. Cost: constant when it already does, else logarithmic
    /// in the number of buckets.
    pub(crate) fn schedule(&mut self, slot: SlotIx, due_ms: Option<i64>) {
        let Some(due_ms) = due_ms else { return };
        let index = slot as usize;
        if index >= self.scheduled_ms.len() {
            self.scheduled_ms.resize(index + 1, NEVER_MS);
        }
        if due_ms >= self.scheduled_ms[index] {
            return;
        }
        self.scheduled_ms[index] = due_ms;
        let bucket = due_ms.div_euclid(BUCKET_MS);
        if bucket < self.closed_from {
            self.heap.push(Reverse((due_ms, slot)));
        } else {
            self.far.entry(bucket).or_default().push((due_ms, slot));
        }
    }

    /// Takes the earliest live entry due at or before `until_ms`. The slot has no entry until it is scheduled again.
    pub(crate) fn pop_due(&mut self, until_ms: i64) -> Option<Entry> {
        loop {
            let Some(Reverse((due_ms, slot))) = self.heap.peek().copied() else {
                if self.open_bucket(until_ms) {
                    continue;
                }
                return None;
            };
            if due_ms > until_ms {
                return None;
            }
            self.heap.pop();
            let live_ms = &mut self.scheduled_ms[slot as usize];
            if *live_ms == due_ms {
                *live_ms = NEVER_MS;
                return Some((due_ms, slot));
            }
        }
    }

    /// Moves the live entries of the first bucket into the empty heap, if it begins at or before `until_ms`.
    fn open_bucket(&mut self, until_ms: i64) -> bool {
        let Some(first) = self.far.first_entry().filter(|first| *first.key() <= until_ms.div_euclid(BUCKET_MS)) else {
            return false;
        };
        let (bucket, entries) = first.remove_entry();
        self.closed_from = bucket + 1;
        let live = entries.into_iter().filter(|(due_ms, slot)| self.scheduled_ms[*slot as usize] == *due_ms);
        self.heap.extend(live.map(Reverse));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_live_entry_comes_first() {
        let mut timers = Timers::default();
        timers.schedule(1, Some(30));
        timers.schedule(0, Some(20));
        timers.schedule(1, Some(10));
        timers.schedule(1, Some(40));
        timers.schedule(2, None);
        assert_eq!(timers.pop_due(9), None);
        assert_eq!(timers.pop_due(25), Some((10, 1)));
        assert_eq!(timers.pop_due(25), Some((20, 0)));
        assert_eq!(timers.pop_due(100), None, "the entry at 30 was replaced by the one at 10");
    }

    /// Against one sorted list, with due times before and after what was taken already.
    #[test]
    fn entries_come_out_by_due_time_and_slot_over_any_buckets() {
        let mut state = 7u64;
        let mut below = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        let (mut timers, mut live) = (Timers::default(), std::collections::BTreeMap::new());
        let mut until_ms = -20_000;
        for _ in 0..2_000 {
            for _ in 0..below(8) {
                let (slot, due_ms) = (below(40) as SlotIx, until_ms - 3_000 + below(9_000) as i64);
                timers.schedule(slot, Some(due_ms));
                let earliest_ms = live.entry(slot).or_insert(due_ms);
                *earliest_ms = due_ms.min(*earliest_ms);
            }
            until_ms += below(2_500) as i64;
            loop {
                let due = live.iter().map(|(slot, due_ms)| (*due_ms, *slot)).min();
                let due = due.filter(|(due_ms, _)| *due_ms <= until_ms);
                assert_eq!(timers.pop_due(until_ms), due);
                let Some((_, slot)) = due else { break };
                live.remove(&slot);
            }
        }
    }
}
