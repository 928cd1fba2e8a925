//! The ring through every order in which its threads can take their turns, as [loom](https://docs.rs/loom) finds them.
//!
//! The ring's own file is compiled here once more, with loom's mutex and condition variables. Each case below runs in all
//! its interleavings, of which those with more than [`PREEMPTIONS_MAX`] turns taken away from a running thread are left out.
//! A thread that would wait for ever is found as a deadlock, and an item lost, repeated or out of order by what readers
//! have at the end.

/// What the ring takes its turns with, watched.
mod sync {
    pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
}

#[expect(dead_code, unreachable_pub, reason = "the cases do not need all of it, and here nobody else sees it")]
#[path = "../src/ring.rs"]
mod ring;

use loom::model::Builder;
use loom::thread::{JoinHandle, spawn};
use ring::{NoReaders, Reader, ring};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Nearly every mistake between threads needs one or two.
const PREEMPTIONS_MAX: usize = 3;

/// Runs a case in every order; how many there were.
fn in_every_order(case: impl Fn() + Send + Sync + 'static) -> usize {
    let orders = Arc::new(AtomicUsize::new(0));
    let mut builder = Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS_MAX);
    let counted = Arc::clone(&orders);
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        case();
    });
    orders.load(Ordering::Relaxed)
}

/// A thread that takes until the ring ends.
fn take_all(mut reader: Reader<usize>) -> JoinHandle<Vec<usize>> {
    spawn(move || {
        let mut taken = Vec::new();
        while reader.take(&mut taken) {}
        taken
    })
}

#[test]
fn every_reader_has_everything_in_order_and_the_end_reaches_all() {
    let orders = in_every_order(|| {
        let (writer, readers) = ring(2, |_| 1, 2);
        let readers: Vec<_> = readers.into_iter().map(take_all).collect();
        writer.append([1, 2, 3]).unwrap();
        drop(writer);
        for reader in readers {
            assert_eq!(reader.join().unwrap(), [1, 2, 3]);
        }
    });
    assert!(orders > 1_000, "{orders}");
}

#[test]
fn a_full_ring_holds_the_writer_only_until_there_is_room() {
    in_every_order(|| {
        let (writer, mut readers) = ring(3, |item| *item, 1);
        let reader = take_all(readers.remove(0));
        writer.append([2, 2, 9, 1]).unwrap();
        drop(writer);
        assert_eq!(reader.join().unwrap(), [2, 2, 9, 1]);
    });
}

#[test]
fn a_reader_that_stops_lets_the_others_and_the_writer_go_on() {
    in_every_order(|| {
        let (writer, mut readers) = ring(1, |_| 1, 2);
        let mut stops = readers.remove(0);
        let goes_on = take_all(readers.remove(0));
        let stops = spawn(move || {
            let mut taken = Vec::new();
            stops.take(&mut taken);
            taken
        });
        writer.append([1, 2]).unwrap();
        drop(writer);
        assert_eq!(goes_on.join().unwrap(), [1, 2]);
        assert!([1, 2].starts_with(&stops.join().unwrap()));
    });
}

#[test]
fn the_last_reader_that_stops_sends_the_writer_away() {
    in_every_order(|| {
        let (writer, readers) = ring(1, |_| 1, 2);
        let readers: Vec<_> = readers.into_iter().map(|reader| spawn(move || drop(reader))).collect();
        let mut appended = 0;
        while writer.append([appended]).is_ok() && appended < 2 {
            appended += 1;
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert_eq!(writer.append([9]), Err(NoReaders));
    });
}

#[test]
fn whoever_is_woken_looks_up_once_and_loses_nothing() {
    in_every_order(|| {
        let (writer, mut readers) = ring(1, |_| 1, 1);
        let mut reader = readers.remove(0);
        let waker = reader.waker();
        let waking = spawn(move || waker.wake());
        let mut taken = Vec::new();
        // The ring stays open and empty: only being woken ends this wait.
        assert!(reader.take(&mut taken) && taken.is_empty());
        waking.join().unwrap();
        let reader = take_all(reader);
        writer.append([1]).unwrap();
        drop(writer);
        assert_eq!(reader.join().unwrap(), [1]);
    });
}

#[test]
fn the_one_who_is_woken_hears_it_while_another_waits_for_items() {
    in_every_order(|| {
        let (writer, mut readers) = ring(1, |_| 1, 2);
        let (other, mut reader) = (take_all(readers.remove(1)), readers.remove(0));
        let waker = reader.waker();
        let woken = spawn(move || {
            let mut taken = Vec::new();
            assert!(reader.take(&mut taken) && taken.is_empty());
            reader
        });
        waker.wake();
        let woken = take_all(woken.join().unwrap());
        writer.append([1]).unwrap();
        drop(writer);
        assert_eq!(other.join().unwrap(), [1]);
        assert_eq!(woken.join().unwrap(), [1]);
    });
}

/// Counts its clones; made by std's counter, which no thread waits for.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn an_item_is_cloned_at_most_once_for_a_reader_and_dropped_at_the_end() {
    in_every_order(|| {
        let clones = Arc::new(AtomicUsize::new(0));
        let (writer, readers) = ring(4, |_| 1, 2);
        let readers: Vec<_> = readers
            .into_iter()
            .map(|mut reader| spawn(move || while reader.take(&mut Vec::<Counted>::new()) {}))
            .collect();
        writer.append([Counted(Arc::clone(&clones)), Counted(Arc::clone(&clones))]).unwrap();
        drop(writer);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert!(clones.load(Ordering::Relaxed) <= 4);
        assert_eq!(Arc::strong_count(&clones), 1);
    });
}
