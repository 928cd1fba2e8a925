//! A simple timing wheel: one bucket a second, lazy entries.
//!
//! A slot has at most one live entry, in the bucket of the first tick at or before its next due time; the slot itself
//! remembers in which. Entries whose slot names another bucket are dead. A due time beyond the wheel waits in its last bucket
//! and is looked at again there.

/// Number of buckets.
const BUCKETS: u32 = 1_024;
const BUCKET_MS: u32 = 1_000;
/// Stands for "no timer" and "no entry".
pub(crate) const NEVER: u32 = u32::MAX;

/// Keys by the second at which they have to be looked at.
#[derive(Debug)]
pub(crate) struct Wheel {
    buckets: Vec<Vec<u32>>,
    now_s: u32,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self { buckets: vec![Vec::new(); BUCKETS as usize], now_s: 0 }
    }

    /// Sees to it that a slot comes up at the first tick at or after `due`; one already overdue at the next.
    pub(crate) fn schedule(&mut self, key: u32, due: u32, scheduled_s: &mut u32) {
        if due == NEVER {
            return;
        }
        let due_s = due.div_ceil(BUCKET_MS).clamp(self.now_s + 1, self.now_s + BUCKETS - 1);
        if due_s < *scheduled_s {
            *scheduled_s = due_s;
            self.buckets[(due_s % BUCKETS) as usize].push(key);
        }
    }

    /// Goes on to the next second that is not later than `tick` and takes its keys into `keys`; `None` when there is no such
    /// second.
    pub(crate) fn turn(&mut self, tick: u32, keys: &mut Vec<u32>) -> Option<u32> {
        if self.now_s >= tick / BUCKET_MS {
            return None;
        }
        if self.now_s == 0 {
            self.now_s = tick / BUCKET_MS - 1;
        }
        self.now_s += 1;
        keys.clear();
        keys.append(&mut self.buckets[(self.now_s % BUCKETS) as usize]);
        Some(self.now_s)
    }
}
