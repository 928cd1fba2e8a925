//! A run of retention: rows go, then the files and versions that held them, then the certificate is filed.
//!
//! ```no_run
//! # async fn example(history: vigie_store::history::writer::History, retention: vigie_store::upkeep::retention::run::Retention)
//! # -> Result<(), vigie_store::error::Error> {
//! use std::sync::atomic::AtomicBool;
//! use std::time::Duration;
//! use vigie_store::upkeep::retention::run::Progress;
//!
//! let now_ms = 1_795_341_600_000;
//! // Nobody reads beside us, so files need not wait.
//! if let Progress::Done(certificate) = retention.run(&history, Duration::ZERO, now_ms, &AtomicBool::new(false)).await? {
//!     println!("{}", certificate.text());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! While a server answers queries, one that began before may still read a file that was replaced. So files wait for
//! [`DELETED_KEPT`] once the last row is gone, and [`Progress::Waits`] says until when; the run is gone on with then.

use super::book::HoldBook;
use super::certificate::{Certificate, Facts, TableFacts};
use super::dates::{files_to_remove, newest_date, old_files, remove_files, scanned};
use super::filed;
use super::hold::Hold;
use super::journal::{Begun, Deletion, Journal, RowsGone};
use super::limits::{FeedLimit, Limits, TimeOfDay};
use super::rule::Rule;
use super::scan::{Scanned, rewrite};
use super::tally::{self, Tally};
use crate::delta::change::{Change, Deleted};
use crate::delta::files::DataFile;
use crate::delta::open::table_path;
use crate::error::Error;
use crate::history::writer::History;
use crate::schema::table::Table;
use crate::upkeep::file::NewFiles;
use crate::upkeep::vacuum::shorten_log;
use deltalake::kernel::Add;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use vigie_failpoints::point::{number, reach};
use vigie_model::audit::AuditTrail;
use vigie_model::time::format_utc;

/// How long files stay after their rows were deleted, beside a server: longer than any query runs.
pub const DELETED_KEPT: Duration = Duration::from_hours(1);
/// Runs begin by themselves only so long after the last one: a clock that jumps ahead by more must not empty history.
pub const ALONE_WITHIN: Duration = Duration::from_hours(31 * 24);
/// The tables whose rows came by a feed.
pub(crate) const TABLES: [Table; 3] = [Table::Observations, Table::Incidents, Table::Perceptions];
/// A date is tried again so often when others change its files or the holds meanwhile.
const ATTEMPTS_MAX: u32 = 5;

/// What runs need to know.
#[derive(Clone, Debug)]
pub struct Retention {
    /// What feeds declared.
    pub limits: Limits,
    /// Declared feeds without a retention.
    pub feeds_without_limit: Vec<String>,
    /// `DATA/retention`.
    pub folder: PathBuf,
    /// The centre whose rows they are.
    pub centre: Arc<str>,
    /// The version of Vigie.
    pub vigie: &'static str,
    /// Age at which records of the log go; `None` keeps them while there is room.
    pub log_age_max_ms: Option<i64>,
    /// Where steps are kept.
    pub audit: Arc<dyn AuditTrail>,
}

/// How far a run came.
#[derive(Clone, Debug)]
pub enum Progress {
    /// All of it is done, and filed.
    Done(Box<Certificate>),
    /// Rows are gone; files go once nobody can be reading them.
    Waits {
        /// Until then.
        until_ms: i64,
    },
    /// It was told to stop; the next one goes on.
    Stopped,
}

/// What became of the rows of a date.
enum OfDate {
    /// Counts of those that went, and of those that are held.
    Done(Tally),
    /// Files or holds have changed meanwhile.
    Overtaken,
    Stopped,
}

impl Retention {
    /// Whether a run is unfinished, or none has begun since the clocks last showed `time`.
    ///
    /// # Errors
    /// When the folder cannot be read, or rows would go although the last run is [`ALONE_WITHIN`] ago: a person has to say then that
    /// the clock is right.
    pub fn is_due(&self, time: TimeOfDay, now_ms: i64) -> Result<bool, Error> {
        let journal = Journal::open(&self.folder)?;
        if journal.as_ref().is_some_and(|journal| journal.rows_gone().is_some()) {
            return Ok(true);
        }
        let last_ms = journal.as_ref().map(|journal| journal.begun().began_ms).max(filed::newest_ms(&self.folder)?);
        let every_ms = number("history.retention_ms").and_then(|every_ms| i64::try_from(every_ms).ok());
        let due_ms = every_ms.map_or_else(|| self.limits.last_due_ms(time, now_ms), |every_ms| now_ms - every_ms);
        match last_ms {
            Some(last_ms) if now_ms - last_ms > ALONE_WITHIN.as_millis() as i64 => {
                Err(Error::RetentionAlone { last: format_utc(last_ms), now: format_utc(now_ms) })
            }
            last_ms => Ok(journal.is_some() || last_ms.is_none_or(|last_ms| last_ms < due_ms)),
        }
    }

    /// Counts what a run would do, and changes nothing.
    ///
    /// # Errors
    /// When history or the holds cannot be read.
    pub async fn count(&self, history: &History, now_ms: i64) -> Result<Certificate, Error> {
        let (limits, holds) = (self.limits.in_force(now_ms), HoldBook::new(&self.folder).in_force(now_ms)?);
        let rule = Rule::new(&limits, holds.clone());
        let newest_date = newest_date(&rule);
        let mut tables = Vec::new();
        for table in TABLES {
            let (mut all, mut files) = (Tally::default(), 0);
            for of_date in old_files(history, table, &newest_date).await?.values() {
                for (_, scanned) in scanned(history, table, of_date, &rule).await? {
                    files += u64::from(scanned.goes() > 0);
                    tally::add(&mut all, &scanned.tally);
                }
            }
            files += files_to_remove(history, table, Duration::ZERO, &newest_date).await?.len() as u64;
            let version = history.committed(table).state().await?.version();
            tables.push(TableFacts { table: table.name(), versions: [version; 2], files_removed: files, tally: all });
        }
        Ok(Certificate::new(&Facts { dry_run: true, ..self.facts(now_ms, wall_ms(), &limits, &holds, tables) }))
    }

    /// Goes on with the run that is unfinished, or begins one with the limits of `now_ms`. Files are removed once `kept` is over
    /// since the last row went.
    ///
    /// # Errors
    /// When history, holds or audit log cannot be read or written. What was done stays, and the next call goes on.
    pub async fn run(
        &self,
        history: &History,
        kept: Duration,
        now_ms: i64,
        stop: &AtomicBool,
    ) -> Result<Progress, Error> {
        filed::finish_waiting(&self.folder, self.audit.as_ref())?;
        let mut journal = match Journal::open(&self.folder)? {
            Some(journal) if !filed::is_filed(&self.folder, journal.begun().began_ms) => journal,
            _ => Journal::begin(&self.folder, Begun { began_ms: now_ms, versions: versions(history).await? })?,
        };
        if journal.rows_gone().is_none() && !self.delete_rows(history, &mut journal, now_ms, stop).await? {
            return Ok(Progress::Stopped);
        }
        let gone = journal.rows_gone().expect("the last row is gone").clone();
        let kept_ms = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        let until_ms = gone.at_ms.saturating_add(kept_ms);
        if wall_ms() < until_ms {
            return Ok(Progress::Waits { until_ms });
        }
        let mut tables = Vec::new();
        for table in TABLES {
            let tally = landed(history, table, &journal, &gone).await?;
            if !remove_files(history, table, &mut journal, &gone.newest_date, kept, stop).await? {
                return Ok(Progress::Stopped);
            }
            if tally::deleted(&tally) > 0 {
                self.remove_versions(history, table, kept).await?;
            }
            let name = table.name();
            let before = journal.begun().versions.get(name).copied().unwrap_or(0);
            let versions = [before, history.committed(table).state().await?.version()];
            let files_removed = journal.files_of(name).map_or(0, BTreeSet::len) as u64;
            metrics::counter!("vigie_history_deleted_rows_total", "table" => name).increment(tally::deleted(&tally));
            tables.push(TableFacts { table: name, versions, files_removed, tally });
        }
        let facts = self.facts(journal.begun().began_ms, wall_ms(), &gone.limits, &gone.holds, tables);
        let certificate = Certificate::new(&facts);
        filed::file(&self.folder, &certificate, self.audit.as_ref())?;
        journal.end()?;
        Ok(Progress::Done(Box::new(certificate)))
    }

    /// Deletes all rows that are too old; whether it came to the end.
    async fn delete_rows(
        &self,
        history: &History,
        journal: &mut Journal,
        now_ms: i64,
        stop: &AtomicBool,
    ) -> Result<bool, Error> {
        let (book, limits) = (HoldBook::new(&self.folder), self.limits.in_force(now_ms));
        let mut rule = Rule::new(&limits, book.in_force(now_ms)?);
        let newest_date = newest_date(&rule);
        let mut held = BTreeMap::new();
        for table in TABLES {
            let mut of_table = Tally::default();
            for date in old_files(history, table, &newest_date).await?.into_keys() {
                let mut attempts = 0;
                let tally = loop {
                    match self.delete_date(history, table, &date, &rule, journal, now_ms, stop).await? {
                        OfDate::Done(tally) => break tally,
                        OfDate::Stopped => return Ok(false),
                        OfDate::Overtaken => rule = Rule::new(&limits, book.in_force(now_ms)?),
                    }
                    attempts += 1;
                    if attempts == ATTEMPTS_MAX {
                        let path = table_path(history.root(), table);
                        return Err(Error::Contended { path, attempts });
                    }
                };
                tally::add(&mut of_table, &tally);
            }
            of_table
                .values_mut()
                .for_each(|counts| (counts.deleted, counts.oldest_ms, counts.newest_ms) = Default::default());
            held.insert(table.name().to_owned(), of_table);
        }
        let holds = rule.holds().to_vec();
        journal.note_rows_gone(RowsGone { at_ms: wall_ms(), limits, holds, held, newest_date })?;
        reach("retention.rows_gone");
        Ok(true)
    }

    #[expect(clippy::too_many_arguments, reason = "what a run knows, and where it stands")]
    async fn delete_date(
        &self,
        history: &History,
        table: Table,
        date: &str,
        rule: &Rule,
        journal: &mut Journal,
        now_ms: i64,
        stop: &AtomicBool,
    ) -> Result<OfDate, Error> {
        let of_date = old_files(history, table, date).await?.remove(date).unwrap_or_default();
        let mut scans = scanned(history, table, &of_date, rule).await?;
        let mut all = Tally::default();
        scans.iter().for_each(|(_, scanned)| tally::add(&mut all, &scanned.tally));
        scans.retain(|(_, scanned)| scanned.goes() > 0);
        if scans.is_empty() {
            return Ok(OfDate::Done(all));
        }
        let mut new = Vec::new();
        let outcome = self.replace(history, table, &scans, rule, &all, journal, now_ms, stop, &mut new).await;
        // After an error of a commit its outcome may be unknown. The files stay then, until a vacuum knows.
        if matches!(outcome, Ok(OfDate::Overtaken | OfDate::Stopped)) {
            for files in new {
                files.discard().await;
            }
        }
        outcome
    }

    /// Puts files without the rows that go in place of those with them.
    #[expect(clippy::too_many_arguments, reason = "what a run knows, and where it stands")]
    async fn replace(
        &self,
        history: &History,
        table: Table,
        scans: &[(DataFile, Scanned)],
        rule: &Rule,
        all: &Tally,
        journal: &mut Journal,
        now_ms: i64,
        stop: &AtomicBool,
        new: &mut Vec<NewFiles>,
    ) -> Result<OfDate, Error> {
        let (folder, committed) = (table_path(history.root(), table), history.committed(table));
        for (file, scanned) in scans.iter().filter(|(file, scanned)| scanned.goes() < file.rows) {
            let store = committed.log_store().object_store(None);
            match rewrite(store, &folder, table, file, rule, scanned.goes(), stop).await? {
                Some(files) => new.push(files),
                None => return Ok(OfDate::Stopped),
            }
        }
        let mut adds: Vec<Add> = Vec::new();
        for files in &mut *new {
            let written = files.end().await.map_err(|source| Error::delta("delete rows of", &folder, source))?;
            adds.extend(written.iter().cloned());
        }
        let book = HoldBook::new(&self.folder);
        let _lock = book.lock()?;
        if stop.load(Ordering::Relaxed) {
            return Ok(OfDate::Stopped);
        }
        if book.in_force(now_ms)? != rule.holds() {
            return Ok(OfDate::Overtaken);
        }
        let before = committed.deleted().await?;
        let log_rows: u64 = scans.iter().map(|(_, scanned)| scanned.log_rows).sum();
        let after = Deleted {
            commits: before.commits + 1,
            log_rows: before.log_rows.saturating_add(i64::try_from(log_rows).unwrap_or(i64::MAX)),
        };
        let mut tally = all.clone();
        tally.values_mut().for_each(|counts| (counts.held, counts.held_by) = Default::default());
        journal.note_deletion(Deletion { table: table.name().to_owned(), number: after.commits, tally })?;
        reach("retention.noted");
        let others: HashSet<String> = scans.iter().map(|(file, _)| file.path.clone()).collect();
        if !committed.replace(&others, &adds, Change::Deletion(after)).await? {
            return Ok(OfDate::Overtaken);
        }
        reach("retention.committed");
        Ok(OfDate::Done(all.clone()))
    }

    /// Removes the versions of a table that tell of deleted rows, which their statistics may quote.
    async fn remove_versions(&self, history: &History, table: Table, kept: Duration) -> Result<(), Error> {
        let path = table_path(history.root(), table);
        let checkpoint = history.committed(table).turn().await.checkpoint().await;
        checkpoint.map_err(|source| Error::delta("write a checkpoint of", &path, source))?;
        shorten_log(history, table, kept).await.map(|_| ())
    }

    fn facts<'a>(
        &'a self,
        began_ms: i64,
        ended_ms: i64,
        limits: &'a [FeedLimit],
        holds: &'a [Hold],
        tables: Vec<TableFacts>,
    ) -> Facts<'a> {
        Facts {
            centre: &self.centre,
            zone: self.limits.zone(),
            vigie: self.vigie,
            dry_run: false,
            began_ms,
            ended_ms,
            limits,
            feeds_without_limit: &self.feeds_without_limit,
            holds,
            log_age_max_ms: self.log_age_max_ms,
            tables,
        }
    }
}

/// Counts of the deletions of a run that are in the table, and of rows that are held.
async fn landed(history: &History, table: Table, journal: &Journal, gone: &RowsGone) -> Result<Tally, Error> {
    let recorded = history.committed(table).deleted().await?;
    let mut tally = gone.held.get(table.name()).cloned().unwrap_or_default();
    for (_, of_commit) in journal.deletions_of(table.name()).filter(|(number, _)| *number <= recorded.commits) {
        tally::add(&mut tally, of_commit);
    }
    Ok(tally)
}

async fn versions(history: &History) -> Result<BTreeMap<String, u64>, Error> {
    let mut versions = BTreeMap::new();
    for table in TABLES {
        versions.insert(table.name().to_owned(), history.committed(table).state().await?.version());
    }
    Ok(versions)
}

fn wall_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
