//! Keeps sets of snapshots: a thread that waits for their parts and for history, and commits them.
//!
//! A set counts once history has committed all rows up to its place, for a start from it takes none of them again. The set before it stays
//! as well: the log keeps what a start from that one needs, so that a damaged newest set costs time and nothing else. What fails is told, and
//! costs a set.

use crate::app::roles::resumed::LOG_PART;
use crate::exit::Failure;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use vigie_log::cuts::{Cuts, OpenSet};
use vigie_log::error::LogError;
use vigie_log::snapshots::sets::Set;
use vigie_log::snapshots::stamp::Stamp;
use vigie_store::history::writer::History;

/// How often it is looked whether history has committed enough; it commits every few seconds.
const HISTORY_LOOK: Duration = Duration::from_millis(100);
/// Sets take at most one part in so many of the time, however fast log time runs; waiting for history is no work.
const PACE: u32 = 10;

/// Why the newest set could not be written, for whoever asks whether the process is ready.
#[derive(Debug, Default)]
pub struct KeptSets {
    /// A std mutex: it is held for a clone or a swap of one pointer.
    failure: Mutex<Option<Arc<str>>>,
}

impl KeptSets {
    /// Why the newest set could not be written; `None` when it was, or when there was none yet.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<str>> {
        self.failure.lock().expect("no holder of this lock panics").clone()
    }

    fn set(&self, failure: Option<Arc<str>>) {
        *self.failure.lock().expect("no holder of this lock panics") = failure;
    }
}

/// The set a start can go on from, and the first record it needs for that.
type Kept = Option<(Stamp, u64)>;

/// The running thread; dropping it ends it.
#[derive(Debug)]
pub struct Keeper {
    /// How the newest set went.
    pub sets: Arc<KeptSets>,
    cuts: Arc<Cuts>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Keeps the sets of `cuts`; `newest` is the set that this start goes on from, with the first record it needs.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(cuts: Arc<Cuts>, history: Arc<History>, newest: Option<(Stamp, u64)>) -> Result<Self, Failure> {
        let sets = Arc::<KeptSets>::default();
        let (told, of_thread) = (Arc::clone(&sets), Arc::clone(&cuts));
        let run = move || keep(&of_thread, &history, newest, &told);
        let thread = std::thread::Builder::new().name("keeper".to_owned()).spawn(run);
        let thread = thread.map_err(|error| Failure::io("cannot start the thread that keeps snapshots", error))?;
        Ok(Self { sets, cuts, thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.cuts.close();
        if let Some(thread) = self.thread.take() {
            // Its panic was told when it happened, and ends no more than itself.
            let _ = thread.join();
        }
    }
}

fn keep(cuts: &Cuts, history: &History, mut newest: Kept, told: &KeptSets) {
    while cuts.next(LOG_PART)
        && let Some(open) = cuts.all_parts()
    {
        let (log_time_ms, needed_from, began) = (open.log_time_ms, open.needed_from, open.began);
        let (taken, waits) = (history.taken(), Instant::now());
        while !history.has_committed(&taken) {
            if !cuts.pause(HISTORY_LOOK) {
                return;
            }
        }
        let waited = waits.elapsed();
        let next_sequence = open.stamp.next_sequence;
        match commit(open, newest.as_ref().map(|(stamp, _)| stamp)) {
            Ok(set) => {
                let (bytes, elapsed_s) = (set.bytes(), began.elapsed().as_secs_f64());
                tracing::info!(next_sequence, needed_from, bytes, elapsed_s, "a set of snapshots is complete");
                metrics::counter!("vigie_snapshots_total").increment(1);
                metrics::histogram!("vigie_snapshot_seconds").record(elapsed_s);
                metrics::gauge!("vigie_snapshot_bytes").set(bytes as f64);
                told.set(None);
                // What the older one needs stays, should this one turn out to be damaged.
                if let Some((_, floor)) = newest.replace((set.stamp().clone(), needed_from)) {
                    cuts.forget(floor);
                }
            }
            Err(error) => {
                tracing::warn!(%error, next_sequence, "a set of snapshots could not be written; the next start reads more of the log");
                metrics::counter!("vigie_snapshot_failures_total").increment(1);
                told.set(Some(format!("the newest set of snapshots could not be written: {error}").into()));
            }
        }
        if !cuts.pause(began.elapsed().saturating_sub(waited) * PACE) {
            return;
        }
        cuts.finished(log_time_ms);
    }
}

fn commit(open: OpenSet, kept: Option<&Stamp>) -> Result<Set, LogError> {
    open.writer.commit(kept.cloned())
}
