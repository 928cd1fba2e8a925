//! The thread that looks after history, and the same work for a folder that nobody writes to.
//!
//! It does one thing at a time, and rests after each for as long as it took or longer (`REST_SHARE`), so that intake, rules and
//! queries have most of the machine. A failure is told and tried again the next time; nothing depends on upkeep but speed
//! and the size of the folder.

use super::plan::next_job;
use super::retention::limits::TimeOfDay;
use super::retention::run::{DELETED_KEPT, Progress, Retention};
use super::rewrite::{Outcome, rewrite, sweep};
use super::vacuum::{LOG_KEPT, REMOVED_KEPT_MAX, Vacuumed, shorten_log, vacuum};
use crate::error::Error;
use crate::history::writer::{History, with_causes};
use crate::schema::table::Table;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use vigie_failpoints::point::number;
use vigie_model::time::utc_date;

/// How often it looks whether there is something to do.
pub const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How often files that nobody needs are looked for; they have days.
const VACUUM_EVERY: Duration = Duration::from_hours(1);
/// How soon retention is tried again after a failure.
const RETENTION_RETRY_EVERY: Duration = Duration::from_mins(10);
/// Memory to sort in, in bytes; beyond it rows spill.
pub const MEMORY_BYTES: usize = 128 << 20;
/// The least memory in which sorting works.
pub const MEMORY_BYTES_MIN: usize = 32 << 20;
/// Rest after a piece of work, in times of what it took.
const REST_SHARE: u32 = 2;
/// How long a piece of work may go on after a stop: it looks between two batches of rows.
const STOP_MAX: Duration = Duration::from_secs(5);

/// How history is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpkeepOptions {
    /// How often it is looked whether files should be put together.
    pub look_every: Duration,
    /// Memory to sort rows in, in bytes, at least [`MEMORY_BYTES_MIN`]; beyond it they spill to the disk.
    pub memory_bytes: usize,
    /// How long a file stays after its removal from a table, for whoever reads an older version; at most
    /// [`REMOVED_KEPT_MAX`].
    pub removed_kept: Duration,
}

impl Default for UpkeepOptions {
    fn default() -> Self {
        Self {
            look_every: number("history.upkeep_ms").map_or(LOOK_EVERY, Duration::from_millis),
            memory_bytes: MEMORY_BYTES,
            removed_kept: REMOVED_KEPT_MAX,
        }
    }
}

/// Retention once a day.
#[derive(Clone, Debug)]
pub struct DailyRetention {
    /// What is to be deleted.
    pub retention: Retention,
    /// From when on, each day.
    pub at: TimeOfDay,
}

/// What upkeep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Files that others were put in the place of.
    pub files_before: u64,
    /// Files in their place.
    pub files_after: u64,
    /// Rows that were rewritten.
    pub rows: u64,
    /// Bytes of the files before.
    pub bytes: u64,
}

/// The files of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFiles {
    /// The table.
    pub table: Table,
    /// Its data files.
    pub files: u64,
    /// Their rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Dates it has rows of.
    pub dates: u64,
    /// Files of the date that has most.
    pub files_a_date_max: u64,
}

/// The running thread.
pub struct Upkeep {
    stopping: Arc<AtomicBool>,
    /// Dropped to wake the thread.
    awake: Option<Sender<()>>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start(history: Arc<History>, options: UpkeepOptions, retention: Option<DailyRetention>) -> io::Result<Self> {
        let stopping = Arc::<AtomicBool>::default();
        let ((awake, sleeping), (ending, ended)) = (channel(), channel());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = Arc::clone(&stopping);
        let removed_kept = number("history.removed_kept_ms").map_or(options.removed_kept, Duration::from_millis);
        let options = UpkeepOptions { removed_kept, ..options };
        let work = move || {
            // Dropped at the end, also by a panic.
            let _ending = ending;
            let keeper = Keeper { history, options, retention, stop, sleeping };
            runtime.block_on(keeper.run());
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("vigie-upkeep".to_owned()).spawn(work)?;
        Ok(Self { stopping, awake: Some(awake), ended, thread: Some(thread) })
    }

    /// Ends the thread, in the middle of its work if need be: what was not committed was never there.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.awake = None;
        let Some(thread) = self.thread.take() else { return };
        if matches!(self.ended.recv_timeout(STOP_MAX), Err(RecvTimeoutError::Timeout)) {
            tracing::warn!("upkeep of history does not end in time and is left to the end of the process");
            return;
        }
        if thread.join().is_err() {
            tracing::error!("upkeep of history has panicked");
        }
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the thread has.
struct Keeper {
    history: Arc<History>,
    options: UpkeepOptions,
    retention: Option<DailyRetention>,
    stop: Arc<AtomicBool>,
    sleeping: Receiver<()>,
}

impl Keeper {
    async fn run(&self) {
        sweep(self.history.root());
        let every = number("history.vacuum_ms").map_or(VACUUM_EVERY, Duration::from_millis);
        let (mut vacuumed, mut failed) = (None::<Instant>, None::<Instant>);
        self.retain(&mut failed).await;
        while self.rest(self.options.look_every) {
            self.retain(&mut failed).await;
            for table in Table::ALL {
                if let Err(error) = self.put_together(table).await {
                    tracing::warn!(table = table.name(), error = with_causes(&error), "cannot put files together");
                }
                if vacuumed.is_none_or(|at| at.elapsed() >= every)
                    && let Err(error) = clear(&self.history, table, self.options.removed_kept, &self.stop).await
                {
                    tracing::warn!(table = table.name(), error = with_causes(&error), "cannot look for old files");
                }
            }
            if vacuumed.is_none_or(|at| at.elapsed() >= every) {
                vacuumed = Some(Instant::now());
            }
        }
    }

    /// Deletes what is too old, when it is time to; after a failure later again.
    async fn retain(&self, failed: &mut Option<Instant>) {
        let Some(DailyRetention { retention, at }) = &self.retention else { return };
        if failed.is_some_and(|at| at.elapsed() < RETENTION_RETRY_EVERY) {
            return;
        }
        let kept = self.options.removed_kept.min(DELETED_KEPT);
        let turn = async {
            let now_ms = now_ms();
            if !retention.is_due(*at, now_ms)? {
                return Ok(());
            }
            if let Progress::Done(certificate) = retention.run(&self.history, kept, now_ms, &self.stop).await? {
                let (deleted, held) = (certificate.rows_deleted, certificate.rows_held);
                tracing::info!(deleted, held, "retention has run, and its certificate is filed");
            }
            Ok::<(), Error>(())
        };
        *failed = match turn.await {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(
                    error = with_causes(&error),
                    "retention cannot delete what is too old; it is tried again"
                );
                Some(Instant::now())
            }
        };
    }

    /// Does one job of a table after the other, with rests.
    async fn put_together(&self, table: Table) -> Result<(), Error> {
        loop {
            let started = Instant::now();
            let done = step(&self.history, table, &self.options, &self.stop).await?;
            let rests = done.is_some() && self.rest(started.elapsed() * REST_SHARE);
            if !rests {
                return Ok(());
            }
        }
    }

    /// Sleeps; returns whether to go on.
    fn rest(&self, pause: Duration) -> bool {
        let woken = self.sleeping.recv_timeout(pause);
        matches!(woken, Err(RecvTimeoutError::Timeout)) && !self.stop.load(Ordering::Relaxed)
    }
}

/// Puts together all files of a table that should be, as upkeep does beside a server; tells of each step.
///
/// # Errors
/// When a file cannot be read or written.
pub async fn compact(
    history: &History,
    table: Table,
    options: &UpkeepOptions,
    mut tell: impl FnMut(&Done),
) -> Result<Done, Error> {
    sweep(history.root());
    let (mut all, stop) = (Done::default(), AtomicBool::new(false));
    while let Some(done) = step(history, table, options, &stop).await? {
        tell(&done);
        all.files_before += done.files_before;
        all.files_after += done.files_after;
        all.rows += done.rows;
        all.bytes += done.bytes;
    }
    Ok(all)
}

/// Removes the data files of a table that no version needs since [`UpkeepOptions::removed_kept`], and old entries of its log.
///
/// # Errors
/// When the table or its folder cannot be read.
pub async fn remove_unneeded(history: &History, table: Table, options: &UpkeepOptions) -> Result<Vacuumed, Error> {
    clear(history, table, options.removed_kept, &AtomicBool::new(false)).await
}

async fn clear(history: &History, table: Table, kept: Duration, stop: &AtomicBool) -> Result<Vacuumed, Error> {
    let vacuumed = vacuum(history, table, kept, stop).await?;
    shorten_log(history, table, LOG_KEPT).await?;
    Ok(vacuumed)
}

/// How many files a table has.
///
/// # Errors
/// When the table is not loaded.
pub async fn files_of(history: &History, table: Table) -> Result<TableFiles, Error> {
    let files = history.committed(table).data_files().await?;
    let mut dates = std::collections::BTreeMap::<&str, u64>::new();
    files.iter().for_each(|file| *dates.entry(&file.date).or_default() += 1);
    Ok(TableFiles {
        table,
        files: files.len() as u64,
        rows: files.iter().map(|file| file.rows).sum(),
        bytes: files.iter().map(|file| file.bytes).sum(),
        dates: dates.len() as u64,
        files_a_date_max: dates.values().copied().max().unwrap_or(0),
    })
}

/// Does the next job of a table, if there is one.
async fn step(
    history: &History,
    table: Table,
    options: &UpkeepOptions,
    stop: &AtomicBool,
) -> Result<Option<Done>, Error> {
    let files = history.committed(table).data_files().await?;
    metrics::gauge!("vigie_history_files", "table" => table.name()).set(files.len() as f64);
    let Some(job) = next_job(files, &today()) else { return Ok(None) };
    let started = Instant::now();
    let outcome = rewrite(history, table, &job, options.memory_bytes.max(MEMORY_BYTES_MIN), stop).await?;
    let Outcome::Replaced(files_after) = outcome else {
        tracing::debug!(table = table.name(), date = job.date, ?outcome, "files were not put together");
        return Ok(None);
    };
    let done = Done {
        files_before: job.inputs.len() as u64,
        files_after: files_after as u64,
        rows: job.rows(),
        bytes: job.bytes(),
    };
    metrics::histogram!("vigie_history_compaction_seconds").record(started.elapsed().as_secs_f64());
    metrics::counter!("vigie_history_compaction_bytes_total", "table" => table.name()).increment(done.bytes);
    let (table, date) = (table.name(), job.date);
    tracing::debug!(table, date, done.files_before, done.files_after, done.rows, "put files together");
    Ok(Some(done))
}

/// Today's date in UTC.
fn today() -> String {
    utc_date(now_ms())
}

fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
