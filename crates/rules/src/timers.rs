//! When which slot has to be looked at next.
//!
//! Most timers move later with every input (a value's validity, a silence). So a slot keeps at most one live entry in
//! the heap, at or before its true due time; when the entry comes up too early it is simply scheduled again. Pushing
//! happens only when a due time moves earlier.
//!
//! **Invariant**: a slot with a due time has an entry at or before it; entries come out by (due time, slot), which is
//! the same on every run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Index of a slot of the engine.
pub(crate) type SlotIx = u32;
/// Stands for "no entry".
const NEVER_MS: i64 = i64::MAX;

/// Heap of due times.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(i64, SlotIx)>>,
    /// Due time of each slot's live entry.
    scheduled_ms: Vec<i64>,
}

impl Timers {
    /// Sees to it that the slot comes up no later than `due_ms`. Cost: constant when it already does, else logarithmic.
    pub(crate) fn schedule(&mut self, slot: SlotIx, due_ms: Option<i64>) {
        let Some(due_ms) = due_ms else { return };
        let index = slot as usize;
        if index >= self.scheduled_ms.len() {
            self.scheduled_ms.resize(index + 1, NEVER_MS);
        }
        if due_ms < self.scheduled_ms[index] {
            self.scheduled_ms[index] = due_ms;
            self.heap.push(Reverse((due_ms, slot)));
        }
    }

    /// Takes the earliest live entry due at or before `until_ms`. The slot has no entry until it is scheduled again.
    pub(crate) fn pop_due(&mut self, until_ms: i64) -> Option<(i64, SlotIx)> {
        while let Some(Reverse((due_ms, slot))) = self.heap.peek().copied() {
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
        None
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
}
