//! A bounded ring between one writer and several readers: every reader sees every item, in order.
//!
//! The log and the alert stream hand their records to the roles through it. The writer waits while the slowest reader
//! is more than the ring's capacity behind: a slow role slows intake, it never loses a record. An item is dropped once
//! every reader has taken it.
//!
//! A std mutex with two condition variables: roles are threads that take records in batches, so the lock is taken a few
//! thousand times a second at most and never across a call.
//!
//! ```
//! let (writer, mut readers) = vigie_log::ring::ring(8, |_: &u32| 1, 1);
//! writer.append([1, 2]).unwrap();
//! drop(writer);
//! let mut taken = Vec::new();
//! while readers[0].take(&mut taken) {}
//! assert_eq!(taken, [1, 2]);
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Every reader is gone: nobody would ever see the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("every reader of the ring has stopped")]
pub struct NoReaders;

/// A ring of at most `weight_max` (as weighed by `weigh`, at least 1 each) with `readers` readers.
///
/// An item heavier than the ring is taken once the ring is empty, so that no item can block for ever.
pub fn ring<T: Clone>(weight_max: usize, weigh: fn(&T) -> usize, readers: usize) -> (Writer<T>, Vec<Reader<T>>) {
    let (next, woken) = (vec![Some(0); readers], vec![false; readers]);
    let state = State { items: VecDeque::new(), first: 0, weight: 0, next, woken, closed: false };
    let shared = Arc::new(Shared {
        state: Mutex::new(state),
        written: Condvar::new(),
        taken: Condvar::new(),
        weight_max,
        weigh,
    });
    let readers = (0..readers).map(|index| Reader { shared: Arc::clone(&shared), index }).collect();
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
    items: VecDeque<T>,
    /// Sequence of the first item kept.
    first: u64,
    weight: usize,
    /// Next sequence of each reader; `None` once it is gone.
    next: Vec<Option<u64>>,
    /// Readers that were woken and have not noticed.
    woken: Vec<bool>,
    closed: bool,
}

impl<T: Clone> Writer<T> {
    /// Appends items in order, waiting for room before each.
    ///
    /// # Errors
    /// [`NoReaders`] when no reader is left; items before the failing one were appended.
    pub fn append(&self, items: impl IntoIterator<Item = T>) -> Result<(), NoReaders> {
        for item in items {
            let weight = (self.shared.weigh)(&item).max(1);
            let mut state = self.shared.lock();
            loop {
                if state.next.iter().all(Option::is_none) {
                    return Err(NoReaders);
                }
                if state.items.is_empty() || state.weight + weight <= self.shared.weight_max {
                    break;
                }
                state = self.shared.taken.wait(state).expect("no holder of this lock panics");
            }
            state.weight += weight;
            state.items.push_back(item);
            drop(state);
            self.shared.written.notify_all();
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
            if skip < state.items.len() {
                out.extend(state.items.iter().skip(skip).cloned());
                state.next[self.index] = Some(state.first + state.items.len() as u64);
                state.trim(self.shared.weigh);
                drop(state);
                self.shared.taken.notify_one();
                return true;
            }
            if state.closed || woken {
                return !state.closed;
            }
            state = self.shared.written.wait(state).expect("no holder of this lock panics");
        }
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
        state.trim(self.shared.weigh);
        drop(state);
        self.shared.taken.notify_one();
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl<T> State<T> {
    /// Drops the items every remaining reader has taken.
    fn trim(&mut self, weigh: fn(&T) -> usize) {
        let end = self.first + self.items.len() as u64;
        let slowest = self.next.iter().flatten().min().copied().unwrap_or(end);
        while self.first < slowest {
            let item = self.items.pop_front().expect("first + len is the end");
            self.weight -= weigh(&item).max(1);
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_sees_everything_in_order_through_a_small_ring() {
        let (writer, readers) = ring(3, |_: &u64| 1, 3);
        std::thread::scope(|scope| {
            let sums: Vec<_> = readers
                .into_iter()
                .map(|mut reader| {
                    scope.spawn(move || {
                        let mut taken = Vec::new();
                        while reader.take(&mut taken) {}
                        taken
                    })
                })
                .collect();
            for n in 0..10_000 {
                writer.append([n]).unwrap();
            }
            drop(writer);
            for sum in sums {
                assert_eq!(sum.join().unwrap(), (0..10_000).collect::<Vec<_>>());
            }
        });
    }

    #[test]
    fn a_reader_that_stops_does_not_block_the_others() {
        let (writer, mut readers) = ring(2, |_: &u32| 1, 2);
        drop(readers.remove(0));
        let mut taken = Vec::new();
        for n in 0..4 {
            writer.append([n]).unwrap();
            readers[0].take(&mut taken);
        }
        assert_eq!(taken, [0, 1, 2, 3]);
        drop(readers);
        assert_eq!(writer.append([4]), Err(NoReaders));
    }

    #[test]
    fn a_woken_reader_takes_nothing_once_and_waits_again() {
        let (writer, mut readers) = ring(2, |_: &u32| 1, 1);
        let (mut reader, mut taken) = (readers.remove(0), Vec::new());
        let waker = reader.waker();
        waker.wake();
        assert!(reader.take(&mut taken) && taken.is_empty());
        waker.wake();
        writer.append([1]).unwrap();
        assert!(reader.take(&mut taken) && taken == [1], "items come first, and being woken is then noticed too");
        std::thread::scope(|scope| {
            scope.spawn(|| waker.wake());
            assert!(reader.take(&mut taken) && taken == [1]);
        });
        drop(writer);
        waker.wake();
        assert!(!reader.take(&mut taken));
    }

    #[test]
    fn an_item_heavier_than_the_ring_passes_alone() {
        let (writer, mut readers) = ring(2, |n: &usize| *n, 1);
        writer.append([100]).unwrap();
        assert!(writer.fill() > 1.0);
        let mut taken = Vec::new();
        readers[0].take(&mut taken);
        writer.append([1, 1]).unwrap();
        readers[0].take(&mut taken);
        assert_eq!(taken, [100, 1, 1]);
    }
}
