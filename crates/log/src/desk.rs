//! The sequencer behind one lock: its own thread works with it, or a sender does that finds it free.
//!
//! A request that crosses to the sequencer's thread and back waits for two threads to wake, which on a quick disk takes
//! nearly as long as its sync. So a small request that comes while nobody else waits is taken and committed by the thread
//! that brought it. As soon as there is a second one, both go through the queue, and one commit serves all that wait.

use crate::error::LogError;
use crate::receipt::Receipt;
use crate::sequencer::Sequencer;
use crate::store::{LogStore, Room};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use vigie_failpoints::point::reach;
use vigie_model::batch::Events;

/// Events a sender takes by itself at most: sequencing more would keep its thread from other work.
pub(crate) const ALONE_EVENTS_MAX: usize = 256;
/// How full the ring may be: above, handing records over may wait for a role.
const ALONE_RING_MAX: f64 = 0.25;

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The queue is full; nothing was taken.
    #[error("too many requests are waiting; nothing was taken, try again in a second")]
    Busy,
    /// The log has no room; nothing was taken.
    #[error("the log has no room for more; nothing was taken, try again later")]
    Full,
    /// The log has stopped or failed, perhaps while it took this request: what became of it is unknown.
    #[error("the log is closed; it is unknown whether anything was taken")]
    Closed,
}

/// What the sequencer's thread shows of itself.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) log_time_ms: AtomicI64,
    /// Bits of an `f64`.
    pub(crate) ring_fill: AtomicU64,
    /// Bits of an `f64`.
    pub(crate) log_fill: AtomicU64,
    pub(crate) has_room: AtomicBool,
}

/// The sequencer of a log, used by one thread at a time.
#[derive(Debug)]
pub(crate) struct Desk<S> {
    turn: Mutex<Turn<S>>,
    /// Requests in the queue: while there are any, nobody goes before them.
    pub(crate) queued: AtomicUsize,
    pub(crate) gauges: Gauges,
}

/// Whether there is a sequencer.
#[derive(Debug)]
pub(crate) enum Turn<S> {
    /// There is.
    Open(Box<Sequencer<S>>),
    /// The log has ended; the error, if a sender met one that the sequencer's thread has not told yet.
    Over(Option<LogError>),
}

/// A desk whatever its store, for the handles of senders.
pub(crate) trait Counter: fmt::Debug + Send + Sync {
    /// What the sequencer shows of itself.
    fn gauges(&self) -> &Gauges;

    /// Requests in the queue.
    fn queued(&self) -> &AtomicUsize;

    /// Whether nobody works with the sequencer or waits for it.
    fn is_free(&self) -> bool;

    /// Takes and commits events on this thread, which waits for the disk; `None` when somebody else is there first.
    fn serve(&self, events: &Events) -> Option<Result<Receipt, IntakeError>>;
}

impl<S: LogStore> Desk<S> {
    pub(crate) fn new(sequencer: Sequencer<S>) -> Self {
        let gauges = Gauges::default();
        gauges.show(&sequencer);
        Self { turn: Mutex::new(Turn::Open(Box::new(sequencer))), queued: AtomicUsize::new(0), gauges }
    }

    /// Waits for the sequencer.
    pub(crate) fn turn(&self) -> MutexGuard<'_, Turn<S>> {
        self.turn.lock().expect("whoever panics with the sequencer ends the process")
    }
}

impl<S: LogStore + fmt::Debug> Counter for Desk<S> {
    fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    fn queued(&self) -> &AtomicUsize {
        &self.queued
    }

    fn is_free(&self) -> bool {
        self.queued.load(Ordering::Acquire) == 0 && self.turn.try_lock().is_ok()
    }

    fn serve(&self, events: &Events) -> Option<Result<Receipt, IntakeError>> {
        let mut turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::WouldBlock) => return None,
            Err(TryLockError::Poisoned(_)) => return Some(Err(IntakeError::Closed)),
        };
        let Turn::Open(sequencer) = &mut *turn else { return Some(Err(IntakeError::Closed)) };
        if !sequencer.room().events || sequencer.fill() > ALONE_RING_MAX {
            return None;
        }
        let taken = sequencer.take(events).and_then(|receipt| sequencer.commit().map(|()| receipt));
        match taken {
            Ok(receipt) => {
                reach("log.before_answer");
                self.gauges.show(sequencer);
                Some(Ok(receipt))
            }
            Err(error) => {
                *turn = Turn::Over(Some(error));
                Some(Err(IntakeError::Closed))
            }
        }
    }
}

impl Gauges {
    pub(crate) fn show<S: LogStore>(&self, sequencer: &Sequencer<S>) {
        let Room { fill, events, .. } = sequencer.room();
        self.log_time_ms.store(sequencer.log_time_ms().unwrap_or(i64::MIN), Ordering::Relaxed);
        self.ring_fill.store(sequencer.fill().to_bits(), Ordering::Relaxed);
        self.log_fill.store(fill.to_bits(), Ordering::Relaxed);
        self.has_room.store(events, Ordering::Relaxed);
        metrics::gauge!("vigie_log_ring_fill_ratio").set(sequencer.fill());
        metrics::gauge!("vigie_log_fill_ratio").set(fill);
    }
}
