//! The ring between real threads. They stand here and not beside the ring, because `ring_model.rs` compiles that file
//! with other types, with which only it can run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use vigie_log::ring::{NoReaders, ring};

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

#[test]
fn what_is_appended_at_once_passes_through_a_smaller_ring() {
    let (writer, readers) = ring(3, |n: &usize| *n % 5, 5);
    let items: Vec<_> = (0..2_000).collect();
    std::thread::scope(|scope| {
        let takers: Vec<_> = readers
            .into_iter()
            .map(|mut reader| {
                scope.spawn(move || {
                    let mut taken = Vec::new();
                    while reader.take(&mut taken) {}
                    taken
                })
            })
            .collect();
        for items in items.chunks(700) {
            writer.append(items.iter().copied()).unwrap();
        }
        drop(writer);
        for taker in takers {
            assert_eq!(taker.join().unwrap(), items);
        }
    });
}

/// Counts its clones.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn the_last_reader_takes_the_items_themselves() {
    let (clones, mut taken) = (Arc::new(AtomicUsize::new(0)), Vec::new());
    let (writer, mut readers) = ring(100, |_: &Counted| 1, 3);
    writer.append((0..10).map(|_| Counted(Arc::clone(&clones)))).unwrap();
    for expected in [10, 20, 20] {
        readers[0].take(&mut taken);
        assert_eq!(clones.load(Ordering::Relaxed), expected);
        readers.rotate_left(1);
    }
    assert_eq!(taken.len(), 30);
}
