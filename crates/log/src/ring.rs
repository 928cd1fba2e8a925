//! A bounded ring between one writer and several readers: every reader sees every item, in order.
//!
//! The log and the alert stream hand their records to the roles through it. The writer waits while the slowest reader
//! is more than the ring's capacity behind: a slow role slows intake, it never loses a record. An item is dropped once
//! every reader has taken it.
//!
//! A mutex with two condition variables. What is appended together stays together behind one pointer, so the lock is held
//! for a few pointers, however many the items; items are copied and dropped outside. Whoever takes a batch last takes the
//! items themselves: with one reader none is ever cloned. A thread is woken only if one waits.
//!
//! `tests/ring_model.rs` runs this file through every order in which its threads can take their turns.
//!
//! ```
//! let (writer, mut readers) = vigie_log::ring::ring(8, |_: &u32| 1, 1);
//! writer.append([1, 2]).unwrap();
//! drop(writer);
//! let mut taken = Vec::new();
//! while readers[0].take(&mut taken) {}
//! assert_eq!(taken, [1, 2]);
//! ```

use crate::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;

/// Every reader is gone: nobody would ever see the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("every reader of the ring has stopped")]
pub struct NoReaders;

/// A ring of at most `weight_max` (as weighed by `weigh`, at least 1 each) with `readers` readers.
///
/// An item heavier than the ring is taken once the ring is empty, so that no item can block for ever.
pub fn ring<T: Clone>(weight_max: usize, weigh: fn(&T) -> usize, readers: usize) -> (Writer<T>, Vec<Reader<T>>) {
    let state = State {
        batches: VecDeque::new(),
        first: 0,
        weight: 0,
        next: vec![Some(0); readers],
        woken: vec![false; readers],
        closed: false,
        readers_waiting: 0,
        writers_waiting: 0,
    };
    let shared = Arc::new(Shared {
        state: Mutex::new(state),
        written: Condvar::new(),
        taken: Condvar::new(),
        weight_max,
        weigh,
    });
    let reader = |index| Reader { shared: Arc::clone(&shared), index, taken: Vec::new(), spent: Vec::new() };
    let readers = (0..readers).map(reader).collect();
    (Writer { shared }, readers)
}

/// The writing end; dropping it closes the ring.
#[derive(Debug)]
pub struct Writer<T> {
    shared: Arc<Shared<T>>,
}

/// A reading end; dropping it lets the writer go on without it.
#[derive(Debug)]
pub struct Reader<T> {
    shared: Arc<Shared<T>>,
    index: usize,
    /// What it takes, and what nobody needs any more; both empty between two calls.
    taken: Vec<Arc<Vec<T>>>,
    spent: Vec<Batch<T>>,
}

/// Ends a reader's wait from another thread, so that it can look at something besides the ring.
#[derive(Debug)]
pub struct Waker<T> {
    shared: Arc<Shared<T>>,
    index: usize,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    written: Condvar,
    taken: Condvar,
    weight_max: usize,
    weigh: fn(&T) -> usize,
}

#[derive(Debug)]
struct State<T> {
    batches: VecDeque<Batch<T>>,
    /// Sequence of the first batch kept.
    first: u64,
    weight: usize,
    /// Next batch of each reader; `None` once it is gone.
    next: Vec<Option<u64>>,
    /// Readers that were woken and have not noticed.
    woken: Vec<bool>,
    closed: bool,
    readers_waiting: usize,
    writers_waiting: usize,
}

/// Items that were appended together.
#[derive(Debug)]
struct Batch<T> {
    items: Arc<Vec<T>>,
    weight: usize,
}

impl<T: Clone> Writer<T> {
    /// Appends items in order, waiting for room before each: those that fit at once are handed over together.
    ///
    /// # Errors
    /// [`NoReaders`] when no reader is left; items before the failing one were appended.
    pub fn append(&self, items: impl IntoIterator<Item = T>) -> Result<(), NoReaders> {
        let mut items = items.into_iter().collect::<Vec<_>>().into_iter();
        while !items.as_slice().is_empty() {
            let mut state = self.shared.lock();
            let (fitting, weight) = loop {
                if state.next.iter().all(Option::is_none) {
                    return Err(NoReaders);
                }
                match self.shared.fitting(&state, items.as_slice()) {
                    (0, _) => state = self.shared.wait_for_room(state),
                    fitting => break fitting,
                }
            };
            // All that is left is handed over as it is; a part of it is moved.
            let is_all = fitting == items.len();
            let now =
                if is_all { std::mem::take(&mut items).collect() } else { items.by_ref().take(fitting).collect() };
            state.weight += weight;
            state.batches.push_back(Batch { items: Arc::new(now), weight });
            let is_awaited = state.readers_waiting > 0;
            drop(state);
            if is_awaited {
                self.shared.written.notify_all();
            }
        }
        Ok(())
    }

    /// How full the ring is, from 0 to 1 (above 1 while an over-heavy item is in it).
    #[must_use]
    pub fn fill(&self) -> f64 {
        self.shared.lock().weight as f64 / self.shared.weight_max as f64
    }
}

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.written.notify_all();
    }
}

impl<T: Clone> Reader<T> {
    /// What wakes this reader.
    #[must_use]
    pub fn waker(&self) -> Waker<T> {
        Waker { shared: Arc::clone(&self.shared), index: self.index }
    }

    /// Appends all items that are there to `out`, waiting for at least one or for being [woken](Waker::wake); `false` once
    /// the ring is closed and empty.
    pub fn take(&mut self, out: &mut Vec<T>) -> bool {
        let mut state = self.shared.lock();
        loop {
            let woken = std::mem::take(&mut state.woken[self.index]);
            let next = state.next[self.index].expect("a reader that exists has a place");
            let skip = usize::try_from(next - state.first).expect("a reader is inside the ring");
            if skip < state.batches.len() {
                self.taken.extend(state.batches.iter().skip(skip).map(|batch| Arc::clone(&batch.items)));
                state.next[self.index] = Some(state.first + state.batches.len() as u64);
                state.trim(&mut self.spent);
                let is_awaited = state.writers_waiting > 0 && !self.spent.is_empty();
                drop(state);
                if is_awaited {
                    self.shared.taken.notify_all();
                }
                break;
            }
            if state.closed || woken {
                return !state.closed;
            }
            state.readers_waiting += 1;
            state = self.shared.written.wait(state).expect("no holder of this lock panics");
            state.readers_waiting -= 1;
        }
        // First the ring's own pointers, so that the last reader finds itself alone.
        self.spent.clear();
        for items in self.taken.drain(..) {
            match Arc::try_unwrap(items) {
                Ok(items) => out.extend(items),
                Err(shared) => out.extend_from_slice(&shared),
            }
        }
        true
    }
}

impl<T> Waker<T> {
    /// Ends the reader's wait, or its next one if it is not waiting.
    pub fn wake(&self) {
        self.shared.lock().woken[self.index] = true;
        self.shared.written.notify_all();
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.next[self.index] = None;
        state.trim(&mut self.spent);
        drop(state);
        self.shared.taken.notify_all();
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("no holder of this lock panics")
    }

    fn wait_for_room<'a>(&self, mut state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        state.writers_waiting += 1;
        state = self.taken.wait(state).expect("no holder of this lock panics");
        state.writers_waiting -= 1;
        state
    }

    /// How many of the first items there is room for, and what they weigh.
    fn fitting(&self, state: &State<T>, items: &[T]) -> (usize, usize) {
        let (mut fitting, mut weight) = (0, 0);
        for item in items {
            let with_it = weight + (self.weigh)(item).max(1);
            let is_alone = fitting == 0 && state.batches.is_empty();
            if !is_alone && state.weight + with_it > self.weight_max {
                break;
            }
            (fitting, weight) = (fitting + 1, with_it);
        }
        (fitting, weight)
    }
}

impl<T> State<T> {
    /// Moves the batches every remaining reader has taken to `spent`, for dropping them without the lock.
    fn trim(&mut self, spent: &mut Vec<Batch<T>>) {
        let end = self.first + self.batches.len() as u64;
        let slowest = self.next.iter().flatten().min().copied().unwrap_or(end);
        let count = usize::try_from(slowest - self.first).expect("a reader is inside the ring");
        spent.extend(self.batches.drain(..count));
        self.weight -= spent.iter().map(|batch| batch.weight).sum::<usize>();
        self.first = slowest;
    }
}
