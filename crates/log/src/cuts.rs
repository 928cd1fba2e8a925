//! When snapshots are taken, and how the parts of a set come together.
//!
//! The sequencer decides: at a tick it writes, once log time has gone on long enough and no set is under way. It takes down what it
//! knows itself, notes which record that was (`Cuts::begin`) and only then hands the record to the roles. Each of them comes
//! to it in its own time, sees that it is the one ([`Cuts::is_at`]), and writes its part. Whoever reads the alert stream knows the place
//! by its tick, which stands there behind all that follows from the record. So all parts are of one place, and nobody waits for
//! anybody.
//!
//! ```text
//!  sequencer --begin--> roles --part, part, ..--> whoever keeps sets: next, all_parts, finished
//! ```
//!
//! **Invariant**: there is one set at a time, and no next one before every role has written its part of it. Whatever fails is told and
//! costs a set, never more.

use crate::snapshots::sets::Snapshots;
use crate::snapshots::stamp::Stamp;
use crate::snapshots::writer::SetWriter;
use crate::state::TakenDown;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use vigie_failpoints::point::reach;

/// No record has this sequence.
const NOWHERE: u64 = u64::MAX;

/// What the sequencer, the roles and whoever keeps sets share; see the [module's documentation](self).
#[derive(Debug)]
pub struct Cuts {
    snapshots: Snapshots,
    every_ms: i64,
    /// Parts that roles write of a set.
    parts: usize,
    /// The sequence of the tick at which the newest set was begun, and its T.
    at: AtomicU64,
    at_tick_ms: AtomicI64,
    /// Log time from which on a set is due; `i64::MAX` while one is under way.
    due_ms: AtomicI64,
    /// Below which sequence nothing in the log is needed any more.
    forget_below: AtomicU64,
    /// A std mutex: it is held while a part is taken down, one at a time.
    shared: Mutex<Shared>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Shared {
    open: Option<OpenSet>,
    taken_down: Option<TakenDown>,
    is_closed: bool,
}

/// A set that is under way.
#[derive(Debug)]
pub struct OpenSet {
    /// What it belongs to.
    pub stamp: Stamp,
    /// Sequence of the first record that a start from it needs.
    pub needed_from: u64,
    /// Log time of its place.
    pub log_time_ms: i64,
    /// When it was begun.
    pub began: Instant,
    /// Where its parts are.
    pub writer: SetWriter,
    parts_left: usize,
}

impl Cuts {
    /// Sets in a folder, of so many parts that roles write, one every `every_ms` of log time; the first once log time has come to
    /// `first_ms`.
    #[must_use]
    pub fn new(snapshots: Snapshots, every_ms: i64, parts: usize, first_ms: i64) -> Self {
        Self {
            snapshots,
            every_ms,
            parts,
            at: AtomicU64::new(NOWHERE),
            at_tick_ms: AtomicI64::new(i64::MIN),
            due_ms: AtomicI64::new(first_ms),
            forget_below: AtomicU64::new(0),
            shared: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Whether a set is due at a log time.
    pub(crate) fn is_due(&self, log_time_ms: i64) -> bool {
        log_time_ms >= self.due_ms.load(Ordering::Acquire)
    }

    /// Begins a set at the tick of `tick_ms`, the record before `stamp.next_sequence`, which no role has seen yet.
    pub(crate) fn begin(&self, stamp: Stamp, tick_ms: i64, log_time_ms: i64, taken_down: TakenDown) {
        self.due_ms.store(i64::MAX, Ordering::Release);
        let writer = match SetWriter::start(self.snapshots.clone(), stamp.clone()) {
            Ok(writer) => writer,
            Err(error) => {
                tracing::warn!(%error, "no snapshot is taken: there is no thread to write it");
                self.finished(log_time_ms);
                return;
            }
        };
        let (at, needed_from) = (stamp.next_sequence - 1, taken_down.needed_from());
        let open = OpenSet { stamp, needed_from, log_time_ms, began: Instant::now(), writer, parts_left: self.parts };
        let mut shared = self.shared();
        shared.open = Some(open);
        shared.taken_down = Some(taken_down);
        drop(shared);
        // The record itself goes through a lock on its way to the roles, so whoever has it sees these.
        self.at_tick_ms.store(tick_ms, Ordering::Release);
        self.at.store(at, Ordering::Release);
        reach("snapshot.begun");
        self.changed.notify_all();
    }

    /// Below which sequence nothing in the log is needed, by this start's sets.
    pub(crate) fn forget_below(&self) -> u64 {
        self.forget_below.load(Ordering::Acquire)
    }

    /// Whether the newest set was begun at the record of a sequence.
    #[must_use]
    pub fn is_at(&self, sequence: u64) -> bool {
        self.at.load(Ordering::Acquire) == sequence
    }

    /// Whether the newest set was begun at the tick of `tick_ms`.
    #[must_use]
    pub fn is_at_tick(&self, tick_ms: i64) -> bool {
        self.at_tick_ms.load(Ordering::Acquire) == tick_ms
    }

    /// Writes a part of the set that is under way, as [`SetWriter::part`].
    pub fn part(&self, name: &str, take_down: impl FnOnce(&mut dyn FnMut(Vec<u8>) -> Vec<u8>)) {
        let mut shared = self.shared();
        let Some(open) = &mut shared.open else { return };
        open.writer.part(name, take_down);
        open.parts_left = open.parts_left.saturating_sub(1);
        drop(shared);
        self.changed.notify_all();
    }

    /// Whether another part can be taken down without waiting for the disk.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.shared().open.as_mut().is_none_or(|open| open.writer.is_ready())
    }

    /// Waits until a set is begun, and writes the part of the sequencer; `false` once there will be none.
    pub fn next(&self, part: &str) -> bool {
        let Some(taken_down) = self.wait(|shared| shared.taken_down.take()) else { return false };
        let mut shared = self.shared();
        if let Some(open) = &mut shared.open {
            open.writer.part(part, |hand_over| taken_down.hand_over(hand_over));
        }
        true
    }

    /// Waits until every role has written its part; `None` when the log ends before.
    #[must_use]
    pub fn all_parts(&self) -> Option<OpenSet> {
        self.wait(|shared| shared.open.take_if(|open| open.parts_left == 0))
    }

    /// The set that was begun at a log time is finished, or has failed: another one may follow.
    pub fn finished(&self, log_time_ms: i64) {
        self.due_ms.store(log_time_ms.saturating_add(self.every_ms), Ordering::Release);
    }

    /// Lets the log forget what lies below a sequence.
    pub fn forget(&self, below: u64) {
        self.forget_below.fetch_max(below, Ordering::AcqRel);
    }

    /// Ends all waiting: the log has ended.
    pub fn close(&self) {
        self.shared().is_closed = true;
        self.changed.notify_all();
    }

    /// Waits for so long; `false` once the log has ended.
    #[must_use]
    pub fn pause(&self, duration: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.shared(), duration, |shared| !shared.is_closed);
        !waited.expect("whoever panics with this lock ends the process").0.is_closed
    }

    fn wait<T>(&self, look: impl Fn(&mut Shared) -> Option<T>) -> Option<T> {
        let mut shared = self.shared();
        loop {
            if let Some(found) = look(&mut shared) {
                return Some(found);
            }
            if shared.is_closed {
                return None;
            }
            shared = self.changed.wait(shared).expect("whoever panics with this lock ends the process");
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("whoever panics with this lock ends the process")
    }
}

#[cfg(test)]
mod tests;
