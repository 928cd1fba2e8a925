//! One Delta table with its positions, and commits that carry rows and positions together.
//!
//! Every commit holds the new data files *and*, for each partition of the log it covers, an application transaction
//! `log id/table/partition` whose version is the next offset to store. A crash therefore leaves rows and position
//! both or neither, which makes each row of each table stored exactly once.
//!
//! Delta itself does not check that positions increase: a writer that reloads may repeat rows. So positions are read
//! from the very snapshot a commit builds on, and only rows above them are written. After *any* error the outcome of a
//! commit is unknown; the snapshot and its positions are read again before the next attempt.
//!
//! Data files are durable before the commit that names them is written, and the commit before [`DeltaHistory::store`]
//! returns (see [`super::durable`]). Files of a failed attempt that no commit names are removed as far as the disk allows;
//! those of a killed process stay. Nobody reads either.

use super::add::{add_of, path_of};
use super::change::{Change, Deleted, commits_id, log_rows_id};
use super::cut::{Cut, ObservedRows};
use super::files::{Kind, has_all, kind_of, removes_of};
use super::log_folder::{ACTIONS_FIELD, LOG_FOLDER, LogFolder};
use super::open::{open_or_create, table_path};
use super::provider::provider;
use super::sort::by_date_and_space;
use super::storage::Storage;
use crate::error::Error;
use crate::observed::file::encode_all;
use crate::observed::order::Ranks;
use crate::positions::Positions;
use crate::properties::writer_properties;
use crate::schema::table::{DATE, Table};
use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use deltalake::kernel::scalars::ScalarExt;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, Remove, Transaction};
use deltalake::logstore::LogStoreRef;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::table::state::DeltaTableState;
use deltalake::writer::{DeltaWriter, RecordBatchWriter, WriteMode};
use deltalake::{DeltaTable, DeltaTableError, checkpoints};
use indexmap::IndexMap;
use object_store::ObjectStoreExt;
use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_failpoints::point::reach;
use vigie_model::names::NameKind;
use vigie_model::position::{LogId, PartitionIx};

/// A commit that lost to other writers is tried again this often before the caller hears of it.
const ATTEMPTS_MAX: u32 = 5;

/// A Delta table being written for one log.
pub(crate) struct DeltaHistory {
    table: Table,
    path: PathBuf,
    storage: Storage,
    delta: DeltaTable,
    log_id: LogId,
    /// Partitions whose positions the log may use in this table.
    partitions: Range<PartitionIx>,
    /// The positions recorded in the snapshot that `delta` holds.
    positions: Positions,
    commits_since_checkpoint: u64,
    commits_per_checkpoint: u64,
    /// Commits that lost to another writer since opening.
    conflicts: u64,
    /// The order of spaces, by which observations are sorted.
    ranks: Ranks,
}

impl DeltaHistory {
    /// Opens the table, or creates it when there is no `folder` of it yet, and reads the positions of `log_id`.
    pub(crate) async fn open(
        storage: &Storage,
        table: Table,
        folder: Option<&LogFolder>,
        log_id: &LogId,
        partitions: Range<PartitionIx>,
        commits_per_checkpoint: u64,
    ) -> Result<Self, Error> {
        let delta = open_or_create(storage, table, folder.is_some()).await?;
        let mut history = Self {
            table,
            path: table_path(storage.root(), table),
            storage: storage.clone(),
            delta,
            log_id: Arc::clone(log_id),
            partitions,
            positions: Positions::default(),
            commits_since_checkpoint: folder.map_or(0, LogFolder::commits_since_checkpoint),
            commits_per_checkpoint,
            conflicts: 0,
            ranks: Ranks::default(),
        };
        history.read_positions().await?;
        Ok(history)
    }

    /// The recorded positions.
    pub(crate) fn positions(&self) -> &Positions {
        &self.positions
    }

    /// Commits that lost to another writer since opening.
    pub(crate) fn conflicts(&self) -> u64 {
        self.conflicts
    }

    /// What reads the committed rows, as of now.
    pub(crate) async fn provider(&self) -> Result<Arc<dyn TableProvider>, Error> {
        provider(&self.delta, &self.path).await
    }

    /// The newest version that is known, with its files.
    ///
    /// # Errors
    /// When the table is not loaded.
    pub(crate) fn state(&self) -> Result<&DeltaTableState, Error> {
        self.delta.snapshot().map_err(|source| self.failed("open", source))
    }

    /// Where the table's files are.
    pub(crate) fn log_store(&self) -> LogStoreRef {
        self.delta.log_store()
    }

    /// Stores the rows of a cut that are not stored yet, with their positions, in one commit; returns how many.
    ///
    /// # Errors
    /// When the disk fails or other writers keep winning; nothing is lost, the same cut can be stored later.
    pub(crate) async fn store(&mut self, cut: &Cut) -> Result<usize, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let rows = cut.rows_above(&self.positions);
            if rows == 0 {
                return Ok(0);
            }
            match self.commit(cut).await {
                Ok(()) => {
                    self.storage.claim(&self.path);
                    self.positions.advance_all(cut.next());
                    self.checkpoint_when_due().await;
                    return Ok(rows);
                }
                Err(source) => self.after_failure(source).await?,
            }
        }
        Err(Error::Contended { path: self.path.clone(), attempts: ATTEMPTS_MAX })
    }

    /// Puts files in place of others, in one commit; positions stay as they are. Returns whether they are in the table now: not
    /// when one of the others has left it, because somebody else replaced or deleted it.
    ///
    /// Delta itself would let two writers replace the same files at once, which would repeat their rows. So such a commit is
    /// for the version that was looked at, and no other.
    ///
    /// # Errors
    /// As [`Self::store`]; the table has the others, then.
    pub(crate) async fn replace(
        &mut self,
        others: &HashSet<String>,
        files: &[Add],
        change: Change,
    ) -> Result<bool, Error> {
        self.storage.check_poison()?;
        let paths: HashSet<String> = files.iter().map(|file| file.path.clone()).collect();
        for _ in 0..ATTEMPTS_MAX {
            let removes = removes_of(self.state()?, others, change.changes_rows());
            let Some(removes) = removes else { return Ok(false) };
            match self.commit_replacement(removes, files, change).await {
                Ok(()) => {
                    self.checkpoint_when_due().await;
                    return Ok(true);
                }
                Err(source) => {
                    let failure = self.after_failure(source).await;
                    // Seen is not durable: after a failed fsync the commit may be gone again.
                    if self.storage.poison().reason().is_none() && self.has_landed(&paths, change).await? {
                        return Ok(true);
                    }
                    failure?;
                }
            }
        }
        Err(Error::Contended { path: self.path.clone(), attempts: ATTEMPTS_MAX })
    }

    /// Whether a commit whose outcome was unknown is in the snapshot at hand.
    async fn has_landed(&self, paths: &HashSet<String>, change: Change) -> Result<bool, Error> {
        match change {
            Change::None => Ok(has_all(self.state()?, paths)),
            Change::Deletion(after) => Ok(self.deleted().await?.commits >= after.commits),
        }
    }

    /// What deletions have recorded.
    ///
    /// # Errors
    /// When the log of the table cannot be read.
    pub(crate) async fn deleted(&self) -> Result<Deleted, Error> {
        let commits = self.recorded(commits_id(self.table)).await?.unwrap_or(0);
        Ok(Deleted { commits, log_rows: self.recorded(log_rows_id(self.table)).await?.unwrap_or(0) })
    }

    /// What the snapshot at hand records for an application.
    async fn recorded(&self, app_id: String) -> Result<Option<i64>, Error> {
        let recorded = self.state()?.transaction_version(self.delta.log_store().as_ref(), app_id).await;
        recorded.map_err(|source| self.failed("read positions of", source))
    }

    /// Reads the table again after a commit that failed: another may be tried when it lost a race.
    async fn after_failure(&mut self, source: DeltaTableError) -> Result<(), Error> {
        let table = self.table.name();
        if let DeltaTableError::Transaction { source } = source {
            tracing::info!(table, %source, "a commit lost a race; reading positions again");
            metrics::counter!("vigie_history_conflicts_total", "table" => table).increment(1);
            self.conflicts += 1;
            return self.reload().await;
        }
        let error = self.storage.blame(self.failed("commit to", source));
        self.reload().await.unwrap_or_else(|reload| {
            tracing::warn!(table, error = %reload, "cannot read positions after a failed commit");
        });
        Err(error)
    }

    /// Writes the files, one a date, and the commit; on error `delta` keeps its snapshot.
    async fn commit(&mut self, cut: &Cut) -> Result<(), DeltaTableError> {
        let adds = match cut {
            Cut::Rows(hot) => self.write_rows(&hot.above(&self.positions)).await?,
            Cut::Observed(observed) => self.write_observed(observed).await?,
        };
        let adds: Vec<Action> = adds.into_iter().map(Action::Add).collect();
        reach("history.before_commit");
        let ahead = cut.next().iter().filter(|(partition, next)| *next > self.positions.get(*partition));
        let transactions: Vec<_> =
            ahead.map(|(partition, next)| Transaction::new(self.app_id(partition), next)).collect();
        let properties = properties(adds.len() + transactions.len()).with_application_transactions(transactions);
        let partition_by = Some(vec![DATE.to_owned()]);
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by, predicate: None };
        self.commit_actions(properties, adds, operation).await
    }

    async fn commit_replacement(
        &mut self,
        removes: Vec<Remove>,
        adds: &[Add],
        change: Change,
    ) -> Result<(), DeltaTableError> {
        reach("history.before_replace");
        let adds = adds.iter().map(|add| Action::Add(Add { data_change: change.changes_rows(), ..add.clone() }));
        let actions: Vec<Action> = removes.into_iter().map(Action::Remove).chain(adds).collect();
        let transactions = change.transactions(self.table);
        // No second try at a later version: what was read of this one would not be looked at again.
        let properties = properties(actions.len() + transactions.len())
            .with_application_transactions(transactions)
            .with_max_retries(0);
        self.commit_actions(properties, actions, change.operation()).await
    }

    async fn commit_actions(
        &mut self,
        properties: CommitProperties,
        actions: Vec<Action>,
        operation: DeltaOperation,
    ) -> Result<(), DeltaTableError> {
        let committed = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(self.delta.snapshot()?), self.delta.log_store(), operation)
            .await?;
        self.delta.state = Some(committed.snapshot());
        Ok(())
    }

    async fn write_rows(&self, missing: &[RecordBatch]) -> Result<Vec<Add>, DeltaTableError> {
        let mut writer =
            RecordBatchWriter::for_table(&self.delta)?.with_writer_properties(writer_properties(self.table));
        for rows in by_date_and_space(self.table, missing)? {
            let dates = rows.column_by_name(DATE).expect("every history table has a date");
            let date = ScalarExt::from_array(dates.as_ref(), 0).expect("a date of a row is a partition value");
            // As `write` would, but it would copy all rows once more to find that they are of one date.
            writer.write_partition(rows, &IndexMap::from([(DATE.to_owned(), date)]), WriteMode::Default).await?;
        }
        writer.flush().await
    }

    /// Observations are encoded where that may take its time, and each file is let go once it is written.
    async fn write_observed(&mut self, cut: &ObservedRows) -> Result<Vec<Add>, DeltaTableError> {
        let (cut, stored, mut ranks) = (cut.clone(), self.positions.clone(), std::mem::take(&mut self.ranks));
        let encoding = tokio::task::spawn_blocking(move || {
            ranks.learn(cut.names.all(NameKind::Space));
            let files = encode_all(&cut.cut.chunks, &stored, &ranks, &cut.centre, &cut.names);
            (files, ranks)
        });
        let (files, ranks) = encoding.await.expect("encoding does not panic");
        self.ranks = ranks;
        let store = self.delta.log_store().object_store(None);
        let mut adds = Vec::new();
        for file in files? {
            let path = path_of(&file);
            let add = add_of(&file, path.clone());
            store.put(&path.into(), file.bytes.into()).await?;
            adds.push(add);
        }
        Ok(adds)
    }

    /// Every so many commits: a checkpoint, then a handle built from it alone. Failing is harmless: the rows are
    /// stored, and the next commit tries again.
    async fn checkpoint_when_due(&mut self) {
        self.commits_since_checkpoint += 1;
        if self.commits_since_checkpoint < self.commits_per_checkpoint {
            return;
        }
        match self.checkpoint().await {
            Ok(()) => self.commits_since_checkpoint = 0,
            Err(error) => {
                let table = self.table.name();
                tracing::warn!(table, %error, "cannot write a checkpoint; reads slow down until one succeeds");
            }
        }
    }

    /// Writes a checkpoint, and reads the table again from it. Upkeep removes the log entries that it stands for.
    pub(crate) async fn checkpoint(&mut self) -> Result<(), DeltaTableError> {
        reach("history.before_checkpoint");
        checkpoints::create_checkpoint(&self.delta, None).await?;
        reach("history.after_checkpoint");
        let mut fresh = DeltaTable::new(self.delta.log_store());
        fresh.load().await?;
        self.delta = fresh;
        Ok(())
    }

    async fn reload(&mut self) -> Result<(), Error> {
        self.delta.update_incremental(None).await.map_err(|source| self.failed("open", source))?;
        self.read_positions().await?;
        self.discard_unnamed()
    }

    /// Removes the data files of a failed attempt, unless the snapshot that was read since has them: then the commit landed
    /// although it reported an error. File names are unique, so they are compared without their folders.
    fn discard_unnamed(&self) -> Result<(), Error> {
        let snapshot = self.state()?;
        let written = self.storage.claim(&self.path);
        if written.is_empty() {
            return Ok(());
        }
        let file_name = |path: &Path| path.file_name().map(ToOwned::to_owned);
        let named: HashSet<_> = snapshot.log_data().iter().map(|file| file_name(Path::new(&*file.path()))).collect();
        let log = self.path.join(LOG_FOLDER);
        // Files put together from others have no commit yet while they are written, and whoever writes them removes them.
        let is_ours = |path: &Path| !path.starts_with(&log) && kind_of(path) == Kind::Flushed;
        for path in written.iter().filter(|path| is_ours(path) && !named.contains(&file_name(path))) {
            self.storage.discard(path);
        }
        Ok(())
    }

    /// Reads the positions of the snapshot at hand. Each look-up may replay the log since the checkpoint, so this
    /// happens when opening and after a failed commit, never per flush.
    async fn read_positions(&mut self) -> Result<(), Error> {
        let mut positions = Positions::default();
        for partition in self.partitions.clone().map(i32::from) {
            if let Some(next) = self.recorded(self.app_id(partition)).await? {
                positions.advance(partition, next);
            }
        }
        self.positions = positions;
        Ok(())
    }

    fn app_id(&self, partition: i32) -> String {
        format!("{}/{}/{partition}", self.log_id, self.table.name())
    }

    fn failed(&self, action: &'static str, source: DeltaTableError) -> Error {
        Error::delta(action, &self.path, source)
    }
}

/// How every commit is made. A failing post-commit hook would report an error for a commit that landed, so both are off.
fn properties(actions: usize) -> CommitProperties {
    CommitProperties::default()
        .with_metadata([(ACTIONS_FIELD.to_owned(), actions.into())])
        .with_create_checkpoint(false)
        .with_cleanup_expired_logs(Some(false))
}
