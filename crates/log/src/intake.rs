//! The sequencer's thread and the handle by which many tasks reach it.
//!
//! The queue between them is bounded: when it is full the answer is "busy, nothing was taken" and the sender tries
//! again. A plain thread with a std channel, because the sequencer blocks: on the disk, and on a slow role.
//!
//! **Group commit.** The thread takes a request, and whatever else is waiting by then, up to [`COMMIT_BYTES`]; one commit
//! makes all of it durable, and then all are answered. What arrives during a commit is the next one. So one sender waits
//! for one sync, and many share one. Nobody waits for others to come; a small request that comes alone does not even wait
//! for the thread (`desk`).

pub use crate::desk::IntakeError;
use crate::desk::{ALONE_EVENTS_MAX, Counter, Desk, Turn};
use crate::error::LogError;
use crate::interner::Interner;
use crate::receipt::{ControlChange, Receipt};
use crate::sequencer::Sequencer;
use crate::store::LogStore;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use vigie_failpoints::point::reach;
use vigie_model::batch::Events;
use vigie_model::command::Command;
use vigie_model::control::Control;
use vigie_model::seeds::Seeds;

/// Requests waiting for the sequencer. Their bytes are bounded at the door, which holds room for a body until the log has
/// answered; this bounds small ones.
pub const REQUESTS_QUEUED_MAX: usize = 80;
/// Bytes after which a commit is made although more requests are waiting.
pub const COMMIT_BYTES: usize = 1 << 20;

/// A handle to the sequencer; cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    queue: SyncSender<Request>,
    interner: Arc<Interner>,
    desk: Arc<dyn Counter>,
}

#[derive(Debug)]
enum Request {
    Events(Box<Events>, oneshot::Sender<Result<Receipt, IntakeError>>),
    Command(Box<Command>, oneshot::Sender<Result<(), IntakeError>>),
    Control(Arc<Control>, oneshot::Sender<Result<bool, IntakeError>>),
    Seeds(Arc<Seeds>, oneshot::Sender<Result<(), IntakeError>>),
    Stop,
}

/// Who is told what once the commit is made.
#[derive(Debug)]
enum Answer {
    Events(oneshot::Sender<Result<Receipt, IntakeError>>, Receipt),
    Written(oneshot::Sender<Result<(), IntakeError>>),
    Control(oneshot::Sender<Result<bool, IntakeError>>, bool),
}

/// Gives a sequencer its thread. The thread ends, and with it the log, on [`Intake::stop`] or when the log fails;
/// `guard` is dropped then, also when it panics.
///
/// # Errors
/// When the thread cannot be started.
pub fn spawn<S: LogStore + Debug + 'static>(
    sequencer: Sequencer<S>,
    guard: impl Send + 'static,
) -> std::io::Result<(Intake, JoinHandle<Result<(), LogError>>)> {
    let (queue, requests) = sync_channel(REQUESTS_QUEUED_MAX);
    let (interner, tick_real) = (Arc::clone(sequencer.interner()), sequencer.tick_real());
    let desk = Arc::new(Desk::new(sequencer));
    let intake = Intake { queue, interner, desk: Arc::clone(&desk) as Arc<dyn Counter> };
    let thread = std::thread::Builder::new().name("sequencer".to_owned()).spawn(move || {
        let _guard = guard;
        let ended = run(&desk, &requests, tick_real);
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
        self.desk.gauges().log_time_ms.load(Ordering::Relaxed)
    }

    /// How full the queue between the sequencer and the roles is, from 0 to 1.
    #[must_use]
    pub fn ring_fill(&self) -> f64 {
        f64::from_bits(self.desk.gauges().ring_fill.load(Ordering::Relaxed))
    }

    /// Share of the log's cap in use, from 0 to 1; 0 for a log that keeps nothing.
    #[must_use]
    pub fn log_fill(&self) -> f64 {
        f64::from_bits(self.desk.gauges().log_fill.load(Ordering::Relaxed))
    }

    /// Whether the log has room for events.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.desk.gauges().has_room.load(Ordering::Relaxed)
    }

    /// Hands events to the log and answers once they are as safe as it makes them: for the embedded log, on stable
    /// storage.
    ///
    /// # Errors
    /// [`IntakeError`]; on `Busy` and `Full` nothing was taken.
    pub async fn submit(&self, events: Events) -> Result<Receipt, IntakeError> {
        if events.len() <= ALONE_EVENTS_MAX
            && may_wait_here()
            && self.desk.is_free()
            && let Some(answer) = block_in_place(|| self.desk.serve(&events))
        {
            return answer;
        }
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

    /// Changes rules, spaces and calendars from this place of the log on, and answers once that is durable: whether they
    /// differ from those of the newest control record. They must have been checked.
    ///
    /// # Errors
    /// [`IntakeError`]; on `Busy` and `Full` nothing was changed.
    pub async fn change_control(&self, control: Arc<Control>) -> Result<bool, IntakeError> {
        let (reply, changed) = oneshot::channel();
        self.send(Request::Control(control, reply))?;
        changed.await.unwrap_or(Err(IntakeError::Closed))
    }

    /// Hands what a baseline rule starts with, or a part of it, to the log, and answers once that is durable. As telemetry
    /// does, it waits while the log is nearly full.
    ///
    /// # Errors
    /// [`IntakeError`]; on `Busy` and `Full` nothing was taken.
    pub async fn seeds(&self, seeds: Arc<Seeds>) -> Result<(), IntakeError> {
        let (reply, taken) = oneshot::channel();
        self.send(Request::Seeds(seeds, reply))?;
        taken.await.unwrap_or(Err(IntakeError::Closed))
    }

    /// Ends the log after what is queued; roles see its end. Waits for a place in the queue.
    pub fn stop(&self) {
        // The thread may have ended already, with an error its join handle tells.
        self.desk.queued().fetch_add(1, Ordering::AcqRel);
        let _ = self.queue.send(Request::Stop);
    }

    fn send(&self, request: Request) -> Result<(), IntakeError> {
        self.desk.queued().fetch_add(1, Ordering::AcqRel);
        self.queue.try_send(request).map_err(|error| {
            self.desk.queued().fetch_sub(1, Ordering::AcqRel);
            match error {
                TrySendError::Full(_) => IntakeError::Busy,
                TrySendError::Disconnected(_) => IntakeError::Closed,
            }
        })
    }
}

/// Whether this thread may wait for a disk: the async runtime can give its other work to another one.
fn may_wait_here() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

fn run<S: LogStore>(desk: &Desk<S>, requests: &Receiver<Request>, tick_real: Duration) -> Result<(), LogError> {
    loop {
        let request = requests.recv_timeout(tick_real);
        let mut turn = desk.turn();
        let ended = match &mut *turn {
            Turn::Over(error) => error.take().map_or(Ok(true), Err),
            Turn::Open(sequencer) => serve_all(sequencer, request, requests, desk),
        };
        if !matches!(ended, Ok(false)) {
            *turn = Turn::Over(None);
            return ended.map(drop);
        }
    }
}

/// Serves whoever waits, with one commit; whether that was the end.
fn serve_all<S: LogStore>(
    sequencer: &mut Sequencer<S>,
    first: Result<Request, RecvTimeoutError>,
    requests: &Receiver<Request>,
    desk: &Desk<S>,
) -> Result<bool, LogError> {
    let mut answers = Vec::new();
    let mut is_over = false;
    match first {
        Ok(request) => {
            is_over = take(sequencer, request, &mut answers, &desk.queued)?;
            while !is_over && sequencer.pending_bytes() < COMMIT_BYTES {
                let Ok(request) = requests.try_recv() else { break };
                is_over = take(sequencer, request, &mut answers, &desk.queued)?;
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
    desk.gauges.show(sequencer);
    Ok(is_over)
}

/// Takes one request; whether it was the last.
fn take<S: LogStore>(
    sequencer: &mut Sequencer<S>,
    request: Request,
    answers: &mut Vec<Answer>,
    queued: &AtomicUsize,
) -> Result<bool, LogError> {
    queued.fetch_sub(1, Ordering::AcqRel);
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
        Request::Control(_, reply) if !room.ticks => {
            let _ = reply.send(Err(IntakeError::Full));
            sequencer.make_room();
        }
        Request::Seeds(_, reply) if !room.events => {
            let _ = reply.send(Err(IntakeError::Full));
            sequencer.make_room();
        }
        Request::Events(events, reply) => answers.push(Answer::Events(reply, sequencer.take(&events)?)),
        Request::Command(command, reply) => {
            sequencer.command(*command)?;
            answers.push(Answer::Written(reply));
        }
        Request::Seeds(seeds, reply) => {
            sequencer.seeds(&seeds)?;
            answers.push(Answer::Written(reply));
        }
        Request::Control(control, reply) => match sequencer.change_control(&control)? {
            ControlChange::Written => answers.push(Answer::Control(reply, true)),
            ControlChange::Same => answers.push(Answer::Control(reply, false)),
            ControlChange::NoRoom => drop(reply.send(Err(IntakeError::Full))),
        },
        Request::Stop => return Ok(true),
    }
    Ok(false)
}

impl Answer {
    fn send(self) {
        // As above.
        match self {
            Self::Events(reply, receipt) => drop(reply.send(Ok(receipt))),
            Self::Written(reply) => drop(reply.send(Ok(()))),
            Self::Control(reply, is_new) => drop(reply.send(Ok(is_new))),
        }
    }
}

#[cfg(test)]
mod tests;
