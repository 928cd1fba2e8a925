//! A thread that writes a set, so that whoever takes state down waits for no disk.
//!
//! State comes in pieces through a bounded queue ([`PIECES_MAX`]). Two parts are under way at the most: one on its way to the disk, and
//! the next. Whoever would begin a third asks [`SetWriter::is_ready`] first and does something else meanwhile. A part of more
//! than half the queue may have to wait for the disk all the same, as memory is bounded.

use crate::error::LogError;
use crate::snapshots::part::NewPart;
use crate::snapshots::sets::{Set, Snapshots};
use crate::snapshots::stamp::Stamp;
use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};
use vigie_failpoints::point::reach;

/// Pieces on their way to the disk. Those of rules have about a megabyte.
pub const PIECES_MAX: usize = 64;
/// Memory for a piece: a megabyte and what its last part may have too much.
const PIECE_BYTES: usize = (1 << 20) + (1 << 12);
/// Parts on their way to the disk.
const PARTS_UNDER_WAY_MAX: usize = 2;

/// What the thread is told.
#[derive(Debug)]
enum Order {
    Begin(String),
    Piece(Vec<u8>),
    End,
    /// And which older set is to be kept.
    Commit(Option<Stamp>),
}

/// A set that a thread writes. Without [`commit`](Self::commit) nothing comes of it.
#[derive(Debug)]
pub struct SetWriter {
    orders: SyncSender<Order>,
    /// One for each part that is on the disk.
    ends: Receiver<()>,
    /// Memory of pieces that are written.
    spare: Receiver<Vec<u8>>,
    under_way: usize,
    thread: JoinHandle<Result<Option<Set>, LogError>>,
}

impl SetWriter {
    /// Begins a set.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(snapshots: Snapshots, stamp: Stamp) -> io::Result<Self> {
        let (orders, told) = sync_channel(PIECES_MAX);
        let ((end, ends), (give_back, spare)) = (channel(), channel());
        let work = move || {
            // Memory that was never touched is slow to write into: here, rather than there.
            (0..PIECES_MAX).try_for_each(|_| give_back.send(touched())).ok();
            let answers = Answers { end, give_back };
            obey(&told, &answers, &snapshots, &stamp)
        };
        let thread = Builder::new().name("snapshot".to_owned()).spawn(work)?;
        Ok(Self { orders, ends, spare, under_way: 0, thread })
    }

    /// Whether another part can be taken down without waiting for the disk.
    pub fn is_ready(&mut self) -> bool {
        while self.ends.try_recv().is_ok() {
            self.under_way -= 1;
        }
        self.under_way < PARTS_UNDER_WAY_MAX || self.thread.is_finished()
    }

    /// Waits until it is.
    pub fn wait(&mut self) {
        while !self.is_ready() && self.ends.recv().is_ok() {
            self.under_way -= 1;
        }
    }

    /// Takes a part down: `take_down` hands over its pieces, and is given memory for the next. Whether the disk keeps them shows at
    /// the commit.
    pub fn part(&mut self, name: &str, take_down: impl FnOnce(&mut dyn FnMut(Vec<u8>) -> Vec<u8>)) {
        self.tell(Order::Begin(name.to_owned()));
        take_down(&mut |piece| {
            self.tell(Order::Piece(piece));
            self.spare.try_recv().unwrap_or_default()
        });
        self.tell(Order::End);
        self.under_way += 1;
    }

    /// Waits until all is on the disk, and makes the set the newest; `kept` stays beside it, and no other.
    ///
    /// # Errors
    /// When the disk was full or failed at any part; the newest set is then the one before.
    ///
    /// # Panics
    /// When the thread has.
    pub fn commit(self, kept: Option<Stamp>) -> Result<Set, LogError> {
        self.tell(Order::Commit(kept));
        let written = self.thread.join().expect("writing brings errors, not panics")?;
        Ok(written.expect("a commit was asked for, and no part failed"))
    }

    /// A thread that has stopped because of an error says so at the commit.
    fn tell(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

/// What the thread says.
struct Answers {
    end: Sender<()>,
    give_back: Sender<Vec<u8>>,
}

/// Memory for a piece that is there already.
fn touched() -> Vec<u8> {
    let mut piece = vec![1; PIECE_BYTES];
    piece.clear();
    piece
}

/// Writes what it is told; no set if nobody asks for the commit.
fn obey(
    orders: &Receiver<Order>,
    answers: &Answers,
    snapshots: &Snapshots,
    stamp: &Stamp,
) -> Result<Option<Set>, LogError> {
    let (mut part, mut parts) = (None, Vec::new());
    for order in orders {
        match order {
            Order::Begin(name) => part = Some(snapshots.begin(stamp, &name)?),
            Order::Piece(piece) => {
                part.iter_mut().try_for_each(|part| part.write(&piece))?;
                if piece.capacity() > 0 {
                    // Whoever takes state down may be done with it.
                    let _ = answers.give_back.send(piece);
                }
            }
            Order::End => {
                parts.extend(part.take().map(NewPart::finish).transpose()?);
                reach("snapshot.after_part");
                let _ = answers.end.send(());
            }
            Order::Commit(kept) => return snapshots.commit(stamp, parts, kept.as_ref()).map(Some),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SystemDisk;
    use std::sync::Arc;

    fn stamp(next_sequence: u64) -> Stamp {
        Stamp { log_id: "l".into(), semantics: 1, control: [0; 32], partitions: 1, next_sequence }
    }

    fn take_down(writer: &mut SetWriter, pieces: u8) {
        for part in ["partition-0", "partition-1", "partition-2", "city"] {
            writer.wait();
            writer.part(part, |hand_over| (0..pieces).for_each(|piece| drop(hand_over(vec![piece; 1_000]))));
        }
    }

    #[test]
    fn a_set_is_there_once_it_is_committed() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = Snapshots::open(Arc::new(SystemDisk), &folder.path().join("s")).unwrap();
        let mut writer = SetWriter::start(snapshots.clone(), stamp(7)).unwrap();
        take_down(&mut writer, 100);
        let set = writer.commit(None).unwrap();
        assert_eq!(snapshots.sets(&stamp(0)).unwrap(), (vec![set.clone()], Vec::new()));
        let mut room = Vec::new();
        let body = snapshots.read(&set, "partition-2", &mut room).unwrap();
        assert!(body.len() == 100_000 && body.is_sorted());

        let mut abandoned = SetWriter::start(snapshots.clone(), stamp(8)).unwrap();
        take_down(&mut abandoned, 3);
        let SetWriter { orders, thread, .. } = abandoned;
        drop(orders);
        assert_eq!(thread.join().unwrap().unwrap(), None);
        assert_eq!(snapshots.sets(&stamp(0)).unwrap().0, [set]);
    }

    #[test]
    fn a_disk_that_fails_is_told_at_the_commit() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = Snapshots::open(Arc::new(SystemDisk), &folder.path().join("s")).unwrap();
        std::fs::remove_dir(folder.path().join("s")).unwrap();
        let mut writer = SetWriter::start(snapshots, stamp(7)).unwrap();
        take_down(&mut writer, 100);
        let told = writer.commit(None).unwrap_err().to_string();
        assert!(told.contains("partition-0"), "{told}");
    }
}
