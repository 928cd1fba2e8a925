//! The sequencer's thread and the handle by which many tasks reach it.
//!
//! The queue between them is bounded: when it is full the answer is "busy, nothing was taken" and the sender tries
//! again. A plain thread with a std channel, because the sequencer blocks: on a slow role, later on the disk.

use crate::interner::Interner;
use crate::receipt::Receipt;
use crate::sequencer::Sequencer;
use crate::store::{AppendError, LogStore};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use vigie_model::batch::Events;
use vigie_model::command::Command;

/// Requests waiting for the sequencer; with bodies of at most 1 MiB some tens of MB of decoded rows.
pub const REQUESTS_QUEUED_MAX: usize = 32;

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The queue is full; nothing was taken.
    #[error("too many requests are waiting; nothing was taken, try again in a second")]
    Busy,
    /// The log has stopped or failed.
    #[error("the log is closed")]
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
}

#[derive(Debug)]
enum Request {
    Events(Box<Events>, oneshot::Sender<Receipt>),
    Command(Box<Command>, oneshot::Sender<()>),
    Stop,
}

/// Gives a sequencer its thread. The thread ends, and with it the log, on [`Intake::stop`] or when the log fails;
/// `guard` is dropped then, also when it panics.
///
/// # Errors
/// When the thread cannot be started.
pub fn spawn<S: LogStore + 'static>(
    sequencer: Sequencer<S>,
    guard: impl Send + 'static,
) -> std::io::Result<(Intake, JoinHandle<Result<(), AppendError>>)> {
    let (queue, requests) = sync_channel(REQUESTS_QUEUED_MAX);
    let gauges = Arc::new(Gauges::default());
    gauges.show(&sequencer);
    let intake = Intake { queue, interner: Arc::clone(sequencer.interner()), gauges: Arc::clone(&gauges) };
    let thread = std::thread::Builder::new().name("sequencer".to_owned()).spawn(move || {
        let _guard = guard;
        run(sequencer, &requests, &gauges)
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

    /// Hands events to the log and answers once they are in it.
    ///
    /// # Errors
    /// [`IntakeError`]; on `Busy` nothing was taken.
    pub async fn submit(&self, events: Events) -> Result<Receipt, IntakeError> {
        let (reply, receipt) = oneshot::channel();
        self.send(Request::Events(Box::new(events), reply))?;
        receipt.await.map_err(|_| IntakeError::Closed)
    }

    /// Hands an operator's command to the log and answers once it is in it; its outcome comes from the alert book.
    ///
    /// # Errors
    /// [`IntakeError`]; on `Busy` nothing was taken.
    pub async fn command(&self, command: Command) -> Result<(), IntakeError> {
        let (reply, taken) = oneshot::channel();
        self.send(Request::Command(Box::new(command), reply))?;
        taken.await.map_err(|_| IntakeError::Closed)
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
) -> Result<(), AppendError> {
    let tick_real = sequencer.tick_real();
    loop {
        match requests.recv_timeout(tick_real) {
            Ok(Request::Events(events, reply)) => {
                let receipt = sequencer.take(&events)?;
                // A sender that no longer waits does not undo what is in the log.
                let _ = reply.send(receipt);
            }
            Ok(Request::Command(command, reply)) => {
                sequencer.command(*command)?;
                let _ = reply.send(());
            }
            Err(RecvTimeoutError::Timeout) => sequencer.tick()?,
            Ok(Request::Stop) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        gauges.show(&sequencer);
    }
}

impl Gauges {
    fn show<S: LogStore>(&self, sequencer: &Sequencer<S>) {
        self.log_time_ms.store(sequencer.log_time_ms().unwrap_or(i64::MIN), Ordering::Relaxed);
        self.ring_fill.store(sequencer.fill().to_bits(), Ordering::Relaxed);
        metrics::gauge!("vigie_log_ring_fill_ratio").set(sequencer.fill());
    }
}
