//! History being written: takes records, keeps them hot, commits them, and answers captures at any moment.
//!
//! **Order of a flush**, which makes every row visible exactly once at every instant (see [`super::source`]):
//! cut all partitions of a table under one lock, commit rows and positions, publish provider and positions together,
//! and only then trim the hot rows.
//!
//! **Locks.** `fold` and `hot` are std mutexes held for the time of a memory copy, never across an await; whoever needs
//! both takes `fold` first. Flushes and upkeep take turns at the Delta table of each (`Committed::turn`).

use super::committed::Committed;
use super::fold::{Fold, Rows};
use super::hot_rows::HotRows;
use super::options::{Full, HistoryOptions, HistoryStatus};
use super::source::{Captured, RowSource, attach_all};
use crate::delta::commit::DeltaHistory;
use crate::delta::cut::{Cut, ObservedRows};
use crate::delta::disk::{Disk, SystemDisk};
use crate::delta::open::survey;
use crate::delta::storage::Storage;
use crate::error::Error;
use crate::hot::cast_to;
use crate::positions::Positions;
use crate::rows::alerts::{STREAM_PARTITION, action, alerts, mark};
use crate::schema::table::Table;
use arrow::array::RecordBatch;
use datafusion::catalog::Session;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;
use tokio::sync::Notify;
use vigie_failpoints::point::reach;
use vigie_model::position::PartitionIx;
use vigie_model::record::{Payload, Record};
use vigie_model::stream::{AlertItem, AlertRecord, AppliedCommand};

/// History of one log, open for writing. Share it in an [`Arc`].
///
/// The caller feeds it every record of the log, in order and from its start or from where it [goes on](Self::resume), and of the alert
/// stream from any earlier place: what is already stored is dropped.
pub struct History {
    options: HistoryOptions,
    storage: Storage,
    fold: Mutex<Fold>,
    hot: Mutex<HotRows>,
    /// In the order of [`Table::ALL`].
    stores: Vec<Committed>,
    status: Mutex<HistoryStatus>,
    room: Notify,
    flush_wanted: Notify,
}

impl History {
    /// Opens the tables, creating those that are missing, and reads the positions of the log.
    ///
    /// # Errors
    /// When the folder cannot be used, history is damaged, or a table is foreign or of a newer format.
    pub async fn open(options: HistoryOptions) -> Result<Self, Error> {
        Self::open_on(options, Arc::new(SystemDisk)).await
    }

    /// [`open`](Self::open) on a disk of the caller's.
    pub(crate) async fn open_on(options: HistoryOptions, disk: Arc<dyn Disk>) -> Result<Self, Error> {
        let storage = Storage::open(&options.root, disk)?;
        let folders = survey(storage.root())?;
        let (mut positions_of, mut stores) = (Vec::new(), Vec::new());
        for (table, folder) in Table::ALL.into_iter().zip(&folders) {
            let partitions =
                partitions_of(table, options.first_partition..options.first_partition + options.partitions);
            let (log_id, per_checkpoint) = (&options.log_id, options.commits_per_checkpoint);
            let opening = DeltaHistory::open(&storage, table, folder.as_ref(), log_id, partitions, per_checkpoint);
            let delta = opening.await?;
            positions_of.push(delta.positions().clone());
            stores.push(Committed::new(table, delta).await?);
        }
        tracing::info!(root = %options.root.display(), log_id = %options.log_id, "history is open");
        Ok(Self {
            options,
            storage,
            fold: Mutex::default(),
            hot: Mutex::new(HotRows::new(positions_of)),
            stores,
            status: Mutex::default(),
            room: Notify::new(),
            flush_wanted: Notify::new(),
        })
    }

    /// The folder of the tables, absolute.
    pub(crate) fn root(&self) -> &Path {
        self.storage.root()
    }

    /// The committed side of a table.
    pub(crate) fn committed(&self, table: Table) -> &Committed {
        &self.stores[table as usize]
    }

    /// How it was opened.
    #[must_use]
    pub fn options(&self) -> &HistoryOptions {
        &self.options
    }

    /// Takes a record of the log; rows taken are visible to the next query.
    ///
    /// # Errors
    /// [`Full`] when too many rows wait for a flush; nothing was taken.
    pub fn take_record(&self, record: &Record) -> Result<(), Full> {
        if self.is_stored(&record.payload) {
            return Ok(());
        }
        self.check_room()?;
        let mut fold = self.fold();
        match &record.payload {
            Payload::Observations(batch) => {
                fold.check_names(&batch.rows);
                self.take(|hot| _ = hot.observations.take(batch, fold.metrics()));
            }
            _ => {
                if let Some(rows) = fold.apply(record, &self.options.centre) {
                    self.take(|hot| hot.take(&rows));
                }
            }
        }
        Ok(())
    }

    /// Takes a record of the alert stream; commands come by [`Self::take_applied`], with their outcome.
    ///
    /// # Errors
    /// [`Full`] when too many rows wait for a flush; nothing was taken.
    pub fn take_alert(&self, record: &AlertRecord) -> Result<(), Full> {
        if !matches!(record.item, AlertItem::Mark(_)) {
            return self.take_transitions(std::slice::from_ref(record));
        }
        if self.has_taken(Table::Actions, STREAM_PARTITION, record.position + 1) {
            return Ok(());
        }
        self.check_room()?;
        if let Some(batch) = mark(record, &self.options.centre) {
            let rows = Rows::new(Table::Actions, STREAM_PARTITION, batch, record.position + 1);
            self.take(|hot| hot.take(&rows));
        }
        Ok(())
    }

    /// Takes the transitions among records of the alert stream, which come in order, at a fraction of the cost of one by one.
    ///
    /// # Errors
    /// [`Full`] when too many rows wait for a flush; nothing was taken.
    pub fn take_transitions(&self, records: &[AlertRecord]) -> Result<(), Full> {
        let Some(next) = records.last().map(|last| last.position + 1) else { return Ok(()) };
        if self.has_taken(Table::Alerts, STREAM_PARTITION, next) {
            return Ok(());
        }
        self.check_room()?;
        if let Some(batch) = alerts(records, &self.options.centre) {
            let rows = Rows::new(Table::Alerts, STREAM_PARTITION, batch, next);
            self.take(|hot| hot.take(&rows));
        }
        Ok(())
    }

    /// Takes a command with its outcome.
    ///
    /// # Errors
    /// [`Full`] when too many rows wait for a flush; nothing was taken.
    pub fn take_applied(&self, applied: &AppliedCommand) -> Result<(), Full> {
        if self.has_taken(Table::Actions, STREAM_PARTITION, applied.position + 1) {
            return Ok(());
        }
        self.check_room()?;
        let batch = action(applied, &self.options.centre);
        let rows = Rows::new(Table::Actions, STREAM_PARTITION, batch, applied.position + 1);
        self.take(|hot| hot.take(&rows));
        Ok(())
    }

    /// Waits until there is room for another record. Somebody has to flush meanwhile.
    pub async fn room(&self) {
        loop {
            let freed = self.room.notified();
            if self.check_room().is_ok() {
                return;
            }
            freed.await;
        }
    }

    /// Waits until there are enough hot rows for a flush before its interval.
    pub(crate) async fn flush_wanted(&self) {
        self.flush_wanted.notified().await;
    }

    /// Commits every hot row; returns how many. A table that fails does not keep the others from being committed.
    ///
    /// # Errors
    /// The first failure; its rows stay hot and are committed by a later flush. [`Error::Poisoned`] is the last word: no
    /// later flush succeeds.
    pub async fn flush(&self) -> Result<u64, Error> {
        let started = Instant::now();
        let (mut rows, mut first_error) = (0, None);
        for store in &self.stores {
            match self.flush_table(store).await {
                Ok(stored) => rows += stored,
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        self.room.notify_waiters();
        metrics::histogram!("vigie_history_flush_seconds").record(started.elapsed().as_secs_f64());
        metrics::gauge!("vigie_history_hot_rows").set(self.rows_hot() as f64);
        let mut status = self.status.lock().expect("no holder of the status panics");
        if let Some(error) = first_error {
            status.failures_in_a_row = status.failures_in_a_row.saturating_add(1);
            status.last_error = Some(with_causes(&error));
            metrics::counter!("vigie_history_flush_failures_total").increment(1);
            return Err(error);
        }
        (status.failures_in_a_row, status.last_error) = (0, None);
        Ok(rows)
    }

    /// How history is doing.
    #[must_use]
    pub fn status(&self) -> HistoryStatus {
        let status = self.status.lock().expect("no holder of the status panics").clone();
        HistoryStatus { rows_hot: self.rows_hot(), is_poisoned: self.storage.poison().reason().is_some(), ..status }
    }

    /// Waits until an fsync has failed; returns which, and what the system said. Nothing is committed from then on, and
    /// what the disk holds is unknown, so whoever runs the process has to end it: the next one reads what is really there
    /// and takes the rest from the log again.
    pub async fn poisoned(&self) -> String {
        self.storage.poison().wait().await.to_owned()
    }

    /// The offset of the next row of each partition of the log, from the first one on, that no table has committed.
    #[must_use]
    pub fn next_offsets(&self) -> Vec<u64> {
        let of_log = [Table::Observations, Table::Incidents, Table::Perceptions];
        let next = |partition: PartitionIx| of_log.map(|table| self.committed_to(table, partition)).into_iter().max();
        let first = self.options.first_partition;
        (first..first + self.options.partitions).map(|partition| next(partition).unwrap_or(0)).collect()
    }

    /// The next position of the alert stream that no table has committed.
    #[must_use]
    pub fn next_alert_position(&self) -> u64 {
        let committed = |table| self.committed_to(table, STREAM_PARTITION);
        committed(Table::Alerts).max(committed(Table::Actions))
    }

    fn committed_to(&self, table: Table, partition: PartitionIx) -> u64 {
        let position = self.committed(table).published().positions.get(i32::from(partition));
        u64::try_from(position).unwrap_or(0)
    }

    /// Rows taken but not committed yet.
    #[must_use]
    pub fn rows_hot(&self) -> usize {
        self.hot().rows()
    }

    async fn flush_table(&self, store: &Committed) -> Result<u64, Error> {
        self.storage.check_poison()?;
        let table = store.table();
        let mut delta = store.turn().await;
        let cut = self.cut(table, delta.positions());
        // A commit may have landed although it reported an error: then nothing is left to store, but to publish.
        if cut.next().is_empty() && store.published().positions == *delta.positions() {
            return Ok(0);
        }
        let conflicts = delta.conflicts();
        let stored = delta.store(&cut).await;
        self.status.lock().expect("no holder of the status panics").conflicts += delta.conflicts() - conflicts;
        let stored = stored? as u64;
        reach("history.before_publish");
        let positions = store.publish(&delta).await?;
        self.hot().trim(table, &positions);
        tracing::debug!(table = table.name(), rows = stored, "committed");
        metrics::counter!("vigie_history_rows_total", "table" => table.name()).increment(stored);
        let mut status = self.status.lock().expect("no holder of the status panics");
        status.rows_committed += stored;
        status.commits += u64::from(stored > 0);
        Ok(stored)
    }

    /// The rows of a table to commit next.
    fn cut(&self, table: Table, stored: &Positions) -> Cut {
        if table != Table::Observations {
            return Cut::Rows(self.hot().table(table).cut(stored));
        }
        let cut = self.hot().observations.cut(stored);
        // Names never change, so those of now, after the cut, are the names of its rows.
        Cut::Observed(ObservedRows { cut, names: self.fold().names(), centre: Arc::clone(&self.options.centre) })
    }

    /// Puts rows into the hot buffers.
    fn take(&self, take: impl FnOnce(&mut HotRows)) {
        let mut hot = self.hot();
        take(&mut hot);
        let rows_hot = hot.rows();
        drop(hot);
        if rows_hot >= self.options.rows_per_flush {
            self.flush_wanted.notify_one();
        }
    }

    /// Whether every row of a record was taken before. A restart reads the log from its beginning, and most of it is stored:
    /// those records are recognised before their rows are built.
    fn is_stored(&self, payload: &Payload) -> bool {
        let (table, partition, first_offset, rows) = match payload {
            Payload::Observations(batch) => {
                (Table::Observations, batch.partition, batch.first_offset, batch.rows.len())
            }
            Payload::Incidents(batch) => (Table::Incidents, batch.partition, batch.first_offset, batch.rows.len()),
            Payload::Perceptions(batch) => (Table::Perceptions, batch.partition, batch.first_offset, batch.rows.len()),
            _ => return false,
        };
        self.has_taken(table, partition, first_offset + rows as u64)
    }

    /// Whether the rows of a partition below `next` were taken.
    fn has_taken(&self, table: Table, partition: PartitionIx, next: u64) -> bool {
        let taken = self.hot().taken(table, i32::from(partition));
        u64::try_from(taken).is_ok_and(|taken| next <= taken)
    }

    fn check_room(&self) -> Result<(), Full> {
        if self.rows_hot() < self.options.rows_hot_max {
            return Ok(());
        }
        self.flush_wanted.notify_one();
        Err(Full)
    }

    pub(super) fn fold(&self) -> MutexGuard<'_, Fold> {
        self.fold.lock().expect("no holder of the fold panics")
    }

    pub(super) fn hot(&self) -> MutexGuard<'_, HotRows> {
        self.hot.lock().expect("no holder of the hot rows panics")
    }
}

impl RowSource for History {
    fn capture(&self, table: Table) -> Captured {
        let hot = self.hot().snapshot(table);
        let store = &self.stores[table as usize];
        let published = store.published();
        // Names never change, so those of now, after the snapshot, are the names of its rows.
        let names = self.fold().names();
        let above = hot.above(&published.positions, &self.options.centre, &names);
        // Queries see the same values in other column types. Far more rows are committed than are queried while hot.
        let schema = published.provider.schema();
        let seen = |rows| cast_to(&rows, &schema).expect("stored and queried types of a column are the same values");
        let hot = above.into_iter().filter(|rows: &RecordBatch| rows.num_rows() > 0).map(seen).collect();
        Captured { table, hot, committed: Arc::clone(&published.provider) }
    }

    fn attach(&self, session: &dyn Session) -> Result<(), deltalake::DeltaTableError> {
        attach_all(self.stores.iter().map(Committed::log_store), session)
    }
}

/// Only log tables are partitioned like the log; the others are one order each.
const fn partitions_of(table: Table, log_partitions: Range<PartitionIx>) -> Range<PartitionIx> {
    match table {
        Table::Observations | Table::Incidents | Table::Perceptions => log_partitions,
        Table::Alerts | Table::Actions | Table::Spaces => 0..1,
    }
}

/// An error with its causes on one line, for people who see only this line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
