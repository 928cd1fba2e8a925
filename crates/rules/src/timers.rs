//! When which slot has to be looked at next.
//!
//! Most timers move later with every input (a value's validity, a silence). So a slot keeps at most one live entry, at or
//! before its true due time; when the entry comes up too early it is simply scheduled again. An entry is added only when a
//! due time moves earlier.
//!
//! Due times ahead lie unsorted in buckets of a second; a bucket is sorted once its second has come. Buckets that were
//! emptied are filled again, so in the long run timers need no new memory.
//!
//! **Invariant**: a slot with a due time has an entry at or before it; entries come out by (due time, slot), which is
//! the same on every run. `open` and `late` have the entries of all buckets before `closed_from`, and no other.

use crate::saved::{Loader, Saved, Saver, Wrong, require};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// Index of a slot of the engine.
pub(crate) type SlotIx = u32;
/// Index of a line of the engine, which has timers of its own.
pub(crate) type LineIx = u32;
/// Stands for "no entry".
const NEVER_MS: i64 = i64::MAX;
/// Length of a bucket.
const BUCKET_MS: i64 = 1_000;
/// Buckets that stand in a row; what is due later is looked up by its second.
const NEAR: i64 = 1_024;
/// A bucket is kept for others as long as so many times its entries fit in.
const ROOM: usize = 4;
/// A bucket has room for so many entries from the beginning.
const FEW: usize = 64;

/// A due time and its slot.
type Entry = (i64, SlotIx);
/// Entries of one second: the millisecond above the slot, so that they sort as numbers.
type Bucket = Vec<u64>;

/// Due times of all slots.
#[derive(Clone, Debug)]
pub(crate) struct Timers {
    /// The bucket whose second has come, descending.
    open: Bucket,
    /// When its second begins.
    open_ms: i64,
    /// Entries that came after their bucket was closed.
    late: BinaryHeap<Reverse<Entry>>,
    /// The buckets from `closed_from` on, one after the other.
    near: VecDeque<Bucket>,
    /// Those that were further away when they were filled, by their number since the epoch.
    far: BTreeMap<i64, Bucket>,
    closed_from: i64,
    /// Empty buckets.
    spare: Vec<Bucket>,
    /// Due time of each slot's live entry.
    scheduled_ms: Vec<i64>,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            open: Vec::new(),
            open_ms: 0,
            late: BinaryHeap::new(),
            near: VecDeque::new(),
            far: BTreeMap::new(),
            closed_from: i64::MIN,
            spare: Vec::new(),
            scheduled_ms: Vec::new(),
        }
    }
}

impl Timers {
    /// Sees to it that the slot comes up no later than `due_ms`. Cost: constant when that is within some minutes, else
    /// logarithmic in the number of buckets.
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
        let number = due_ms.div_euclid(BUCKET_MS);
        if number < self.closed_from {
            self.late.push(Reverse((due_ms, slot)));
            return;
        }
        let packed = due_ms.rem_euclid(BUCKET_MS).unsigned_abs() << 32 | u64::from(slot);
        let ahead = number.saturating_sub(self.closed_from);
        if ahead >= NEAR {
            self.far.entry(number).or_default().push(packed);
            return;
        }
        let place = usize::try_from(ahead).expect("not negative, and small");
        if place >= self.near.len() {
            self.near.resize_with(place + 1, Vec::new);
        }
        let bucket = &mut self.near[place];
        if bucket.capacity() == 0 {
            *bucket = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(FEW));
        }
        bucket.push(packed);
    }

    /// Writes the live entry of each slot, and where buckets begin.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        let Self { open: _, open_ms: _, late: _, near: _, far: _, closed_from, spare: _, scheduled_ms } = self;
        closed_from.save(to);
        let live = || (0..).zip(scheduled_ms).filter(|(_, due_ms)| **due_ms != NEVER_MS);
        to.count(live().count());
        for (slot, due_ms) in live() {
            SlotIx::save(&slot, to);
            to.each(due_ms);
        }
    }

    /// Reads the timers of so many slots. Entries come out in the order of due times and slots, in whatever buckets they lie.
    pub(crate) fn load(slots: usize, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let mut timers = Self { closed_from: i64::load(from)?, ..Self::default() };
        for _ in 0..from.count()? {
            let (slot, due_ms) = (SlotIx::load(from)?, i64::load(from)?);
            require((slot as usize) < slots, "a timer is of nobody")?;
            timers.schedule(slot, Some(due_ms));
        }
        Ok(timers)
    }

    /// Takes the earliest live entry due at or before `until_ms`. The slot has no entry until it is scheduled again.
    pub(crate) fn pop_due(&mut self, until_ms: i64) -> Option<Entry> {
        loop {
            let open = self.open.last().map(|packed| unpacked(*packed, self.open_ms));
            let late = self.late.peek().map(|Reverse(entry)| *entry);
            let Some(entry) = open.into_iter().chain(late).min() else {
                if self.open_bucket(until_ms.div_euclid(BUCKET_MS)) {
                    continue;
                }
                return None;
            };
            let (due_ms, slot) = entry;
            if due_ms > until_ms {
                return None;
            }
            if open == Some(entry) {
                self.open.pop();
            } else {
                self.late.pop();
            }
            let live_ms = &mut self.scheduled_ms[slot as usize];
            if *live_ms == due_ms {
                *live_ms = NEVER_MS;
                return Some(entry);
            }
        }
    }

    /// The slots of the next entries, as far as they are known: a guess, for whoever wants to look ahead.
    pub(crate) fn upcoming(&self) -> impl Iterator<Item = SlotIx> {
        self.open.iter().rev().map(|packed| unpacked(*packed, 0).1)
    }

    /// Sorts the first bucket that has entries, if its number is at most `until`.
    fn open_bucket(&mut self, until: i64) -> bool {
        let mut near = (self.closed_from..=until).zip(&self.near);
        let near = near.find(|(_, bucket)| !bucket.is_empty()).map(|(number, _)| number);
        let far = self.far.first_key_value().map(|(number, _)| *number).filter(|number| *number <= until);
        let Some(number) = near.into_iter().chain(far).min() else {
            self.close_before(until.saturating_add(1));
            return false;
        };
        self.close_before(number);
        if let Some(mut bucket) = self.near.pop_front() {
            self.open.append(&mut bucket);
            self.keep(bucket);
        }
        if let Some(bucket) = self.far.remove(&number) {
            self.open.extend(bucket);
        }
        (self.open_ms, self.closed_from) = (number * BUCKET_MS, number + 1);
        let (open_ms, scheduled_ms) = (self.open_ms, &self.scheduled_ms);
        self.open.retain(|packed| {
            let (due_ms, slot) = unpacked(*packed, open_ms);
            scheduled_ms[slot as usize] == due_ms
        });
        self.open.sort_unstable_by_key(|packed| Reverse(*packed));
        true
    }

    /// Goes past buckets that are empty.
    fn close_before(&mut self, number: i64) {
        while self.closed_from < number {
            let Some(bucket) = self.near.pop_front() else { break };
            self.keep(bucket);
            self.closed_from += 1;
        }
        self.closed_from = self.closed_from.max(number);
    }

    /// Keeps an empty bucket that another may fill.
    fn keep(&mut self, bucket: Bucket) {
        if (1..=FEW.max(ROOM * self.open.len())).contains(&bucket.capacity()) {
            self.spare.push(bucket);
        }
    }
}

/// The entry of a bucket whose second begins at `bucket_ms`.
const fn unpacked(packed: u64, bucket_ms: i64) -> Entry {
    (bucket_ms + (packed >> 32) as i64, packed as SlotIx)
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
                let ahead_ms = if below(20) == 0 { 2_000_000 } else { 9_000 };
                let (slot, due_ms) = (below(40) as SlotIx, until_ms - 3_000 + below(ahead_ms) as i64);
                timers.schedule(slot, Some(due_ms));
                let earliest_ms = live.entry(slot).or_insert(due_ms);
                *earliest_ms = due_ms.min(*earliest_ms);
            }
            let pause_ms = if below(200) == 0 { 1_500_000 } else { 2_500 };
            until_ms += below(pause_ms) as i64;
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
