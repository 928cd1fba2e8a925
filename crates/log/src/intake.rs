//! The sequencer's thread and the handle by which many tasks reach it.
//!
//! The queue between them is bounded: when it is full the answer is "busy, nothing was taken" and the sender tries
//! again. A plain thread with a std channel, because the sequencer blocks: on the disk, and on a slow role.
//!
//! **Group commit.** The thread takes a request, and whatever else is waiting by then, up to [`COMMIT_BYTES`]; one commit
//! makes all of it durable, and then all are answered. What arrives during a commit is the next one. So one sender waits
//! for one sync, and many share one. Nobody waits for others to come.

use crate::error::LogError;
use crate::interner::Interner;
use crate::receipt::Receipt;
use crate::sequencer::Sequencer;
use crate::store::{LogStore, Room};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use vigie_failpoints::point::reach;
use vigie_model::batch::Events;
use vigie_model::command::Command;

/// Requests waiting for the sequencer. Their bytes are bounded at the door, which holds room for a body until the log has
/// answered; this bounds small ones.
pub const REQUESTS_QUEUED_MAX: usize = 80;
/// Bytes after which a commit is made although more requests are waiting.
pub const COMMIT_BYTES: usize = 1 << 20;

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

/// A handle to the sequencer; cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    queue: SyncSender<Request>,
    interner: Arc<Interner>,
    gauges: Arc<Gauges>,
}

/// What the sequencer's thread shows of itself.
#[derive(Debug, Default)]
struct Gauges {
    log_time_ms: AtomicI64,
    /// Bits of an `f64`.
    ring_fill: AtomicU64,
    /// Bits of an `f64`.
    log_fill: AtomicU64,
    has_room: AtomicBool,
}

#[derive(Debug)]
enum Request {
    Events(Box<Events>, oneshot::Sender<Result<Receipt, IntakeError>>),
    Command(Box<Command>, oneshot::Sender<Result<(), IntakeError>>),
    Stop,
}

/// Who is told what once the commit is made.
#[derive(Debug)]
enum Answer {
    Events(oneshot::Sender<Result<Receipt, IntakeError>>, Receipt),
    Command(oneshot::Sender<Result<(), IntakeError>>),
}

/// Gives a sequencer its thread. The thread ends, and with it the log, on [`Intake::stop`] or when the log fails;
/// `guard` is dropped then, also when it panics.
///
/// # Errors
/// When the thread cannot be started.
pub fn spawn<S: LogStore + 'static>(
    sequencer: Sequencer<S>,
    guard: impl Send + 'static,
) -> std::io::Result<(Intake, JoinHandle<Result<(), LogError>>)> {
    let (queue, requests) = sync_channel(REQUESTS_QUEUED_MAX);
    let gauges = Arc::new(Gauges::default());
    gauges.show(&sequencer);
    let intake = Intake { queue, interner: Arc::clone(sequencer.interner()), gauges: Arc::clone(&gauges) };
    let thread = std::thread::Builder::new().name("sequencer".to_owned()).spawn(move || {
        let _guard = guard;
        let ended = run(sequencer, &requests, &gauges);
        if let Err(error) = &ended {
            tracing::error!(%error, "the log failed; nothing more is taken");
        }
        ended
    })?;
    Ok((intake, thread))
}

impl Intake {
    /// The interner whose indices submitted events must use.
    #[must_use]
    pub const fn interner(&self) -> &Arc<Interner> {
        &self.interner
    }

    /// The log time of the newest record.
    #[must_use]
    pub fn log_time_ms(&self) -> i64 {
        self.gauges.log_time_ms.load(Ordering::Relaxed)
    }

    /// How full the queue between the sequencer and the roles is, from 0 to 1.
    #[must_use]
    pub fn ring_fill(&self) -> f64 {
        f64::from_bits(self.gauges.ring_fill.load(Ordering::Relaxed))
    }

    /// Share of the log's cap in use, from 0 to 1; 0 for a log that keeps nothing.
    #[must_use]
    pub fn log_fill(&self) -> f64 {
        f64::from_bits(self.gauges.log_fill.load(Ordering::Relaxed))
    }

    /// Whether the log has room for events.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.gauges.has_room.load(Ordering::Relaxed)
    }

    /// Hands events to the log and answers once they are as safe as it makes them: for the embedded log, on stable
    /// storage.
    ///
    /// # Errors
    /// [`IntakeError`]; on `Busy` and `Full` nothing was taken.
    pub async fn submit(&self, events: Events) -> Result<Receipt, IntakeError> {
        let (reply, receipt) = oneshot::channel();
        self.send(Request::Events(Box::new(events), reply))?;
        receipt.await.unwrap_or(Err(IntakeError::Closed))
    }

    /// Hands an operator's command to the log and answers once it is in it; its outcome comes from the alert book.
    ///
    /// # Errors
    /// [`IntakeError`]; on `Busy` and `Full` nothing was taken.
    pub async fn command(&self, command: Command) -> Result<(), IntakeError> {
        let (reply, taken) = oneshot::channel();
        self.send(Request::Command(Box::new(command), reply))?;
        taken.await.unwrap_or(Err(IntakeError::Closed))
    }

    /// Ends the log after what is queued; roles see its end. Waits for a place in the queue.
    pub fn stop(&self) {
        // The thread may have ended already, with an error its join handle tells.
        let _ = self.queue.send(Request::Stop);
    }

    fn send(&self, request: Request) -> Result<(), IntakeError> {
        self.queue.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => IntakeError::Busy,
            TrySendError::Disconnected(_) => IntakeError::Closed,
        })
    }
}

fn run<S: LogStore>(
    mut sequencer: Sequencer<S>,
    requests: &Receiver<Request>,
    gauges: &Gauges,
) -> Result<(), LogError> {
    let tick_real = sequencer.tick_real();
    let mut answers = Vec::new();
    let mut is_over = false;
    while !is_over {
        match requests.recv_timeout(tick_real) {
            Ok(request) => {
                is_over = take(&mut sequencer, request, &mut answers)?;
                while !is_over && sequencer.pending_bytes() < COMMIT_BYTES {
                    let Ok(request) = requests.try_recv() else { break };
                    is_over = take(&mut sequencer, request, &mut answers)?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                sequencer.make_room();
                if sequencer.room().ticks {
                    sequencer.tick()?;
                }
            }
            Err(RecvTimeoutError::Disconnected) => is_over = true,
        }
        sequencer.commit()?;
        if !answers.is_empty() {
            reach("log.before_answer");
        }
        answers.drain(..).for_each(Answer::send);
        gauges.show(&sequencer);
    }
    Ok(())
}

/// Takes one request; whether it was the last.
fn take<S: LogStore>(
    sequencer: &mut Sequencer<S>,
    request: Request,
    answers: &mut Vec<Answer>,
) -> Result<bool, LogError> {
    let room = sequencer.room();
    // A sender that no longer waits does not undo what is in the log.
    match request {
        Request::Events(_, reply) if !room.events => {
            let _ = reply.send(Err(IntakeError::Full));
            sequencer.make_room();
        }
        Request::Command(_, reply) if !room.ticks => {
            let _ = reply.send(Err(IntakeError::Full));
            sequencer.make_room();
        }
        Request::Events(events, reply) => answers.push(Answer::Events(reply, sequencer.take(&events)?)),
        Request::Command(command, reply) => {
            sequencer.command(*command)?;
            answers.push(Answer::Command(reply));
        }
        Request::Stop => return Ok(true),
    }
    Ok(false)
}

impl Answer {
    fn send(self) {
        // As above.
        match self {
            Self::Events(reply, receipt) => drop(reply.send(Ok(receipt))),
            Self::Command(reply) => drop(reply.send(Ok(()))),
        }
    }
}

impl Gauges {
    fn show<S: LogStore>(&self, sequencer: &Sequencer<S>) {
        let Room { fill, events, .. } = sequencer.room();
        self.log_time_ms.store(sequencer.log_time_ms().unwrap_or(i64::MIN), Ordering::Relaxed);
        self.ring_fill.store(sequencer.fill().to_bits(), Ordering::Relaxed);
        self.log_fill.store(fill.to_bits(), Ordering::Relaxed);
        self.has_room.store(events, Ordering::Relaxed);
        metrics::gauge!("vigie_log_ring_fill_ratio").set(sequencer.fill());
        metrics::gauge!("vigie_log_fill_ratio").set(fill);
    }
}
