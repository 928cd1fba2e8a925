//! Removal of what nobody needs any more: data files that no version of a table names (those that were replaced, and those that
//! a killed process left without a commit), and old entries of the table's log.
//!
//! A file that a version named until a moment ago may still be read, by a query that began before or by a reader in another
//! process. So its removal waits: from the removal that the table's log tells, or, where the log tells of none, from the time
//! it was written. Delta keeps removals in its checkpoints for seven days, hence [`REMOVED_KEPT_MAX`].

use crate::delta::open::table_path;
use crate::error::Error;
use crate::history::writer::History;
use crate::schema::table::{DATE, Table};
use deltalake::checkpoints::cleanup_expired_logs_for;
use deltalake::logstore::LogStoreRef;
use deltalake::table::state::DeltaTableState;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use std::collections::{HashMap, HashSet};
use std::fs::DirEntry;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use vigie_failpoints::point::reach;

/// The longest that a file may be kept after its removal from the table.
pub const REMOVED_KEPT_MAX: Duration = Duration::from_hours(7 * 24);

/// Age of commits and checkpoints after which they are removed once a newer checkpoint stands for them. Whoever reads a
/// table has its version in memory; several thousand files of a busy table are as many as a listing should meet.
pub(super) const LOG_KEPT: Duration = Duration::from_hours(6);

/// Data files and bytes that were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Number of files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Removes the files of a table that nobody needs since `kept` or longer.
///
/// # Errors
/// When the table or its folder cannot be read. A file that cannot be removed is left to the next time.
pub(crate) async fn vacuum(
    history: &History,
    table: Table,
    kept: Duration,
    stop: &AtomicBool,
) -> Result<Vacuumed, Error> {
    let store = history.committed(table).log_store().object_store(None);
    let mut vacuumed = Vacuumed::default();
    for file in unneeded(history, table, kept).await? {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        reach("history.before_vacuum");
        match store.delete(&file.path.as_str().into()).await {
            Ok(()) => {
                vacuumed.files += 1;
                vacuumed.bytes += file.bytes;
            }
            Err(error) => {
                let (table, path) = (table.name(), &file.path);
                tracing::warn!(table, path, %error, "cannot remove a file that nobody needs");
            }
        }
    }
    metrics::counter!("vigie_history_vacuumed_files_total", "table" => table.name()).increment(vacuumed.files);
    Ok(vacuumed)
}

/// The files of a table that nobody needs since `kept` or longer.
///
/// # Errors
/// When the table or its folder cannot be read.
pub(super) async fn unneeded(history: &History, table: Table, kept: Duration) -> Result<Vec<Found>, Error> {
    let folder = table_path(history.root(), table);
    // First the files, then the version: a file that is committed in between is young.
    let found = found_below(&folder)?;
    let committed = history.committed(table);
    let state = committed.state().await?;
    let named: HashSet<String> = state.log_data().iter().map(|file| file.path().into_owned()).collect();
    let removed = removals(&state, committed.log_store(), &folder).await?;
    let until = SystemTime::now().checked_sub(kept.min(REMOVED_KEPT_MAX));
    let is_unneeded = |file: &Found| {
        let since = removed.get(&file.path).copied().unwrap_or(file.written).max(file.written);
        !named.contains(&file.path) && until.is_some_and(|until| since <= until)
    };
    Ok(found.into_iter().filter(is_unneeded).collect())
}

/// Removes the entries of a table's log that a newer checkpoint stands for since `kept` or longer; returns how many.
///
/// # Errors
/// When the log cannot be read, or an entry not be removed.
pub(super) async fn shorten_log(history: &History, table: Table, kept: Duration) -> Result<usize, Error> {
    let committed = history.committed(table);
    let version = committed.state().await?.version();
    // An entry of this very millisecond is old enough for whoever keeps none.
    let now = SystemTime::now() + Duration::from_millis(u64::from(kept.is_zero()));
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let kept_from_ms = i64::try_from(since_epoch.saturating_sub(kept).as_millis()).unwrap_or(i64::MAX);
    let cleaning = cleanup_expired_logs_for(version, committed.log_store().as_ref(), kept_from_ms, None);
    let folder = table_path(history.root(), table);
    cleaning.await.map_err(|source| Error::delta("shorten the log of", &folder, source))
}

/// A data file in the folder of a table.
pub(super) struct Found {
    /// Its path below that folder.
    pub(super) path: String,
    bytes: u64,
    written: SystemTime,
}

/// The data files of all dates.
fn found_below(folder: &Path) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    let prefix = format!("{DATE}=");
    for date in entries(folder)? {
        let name = date.file_name().to_string_lossy().into_owned();
        if !name.starts_with(&prefix) {
            continue;
        }
        for file in entries(&date.path())? {
            let file_name = file.file_name().to_string_lossy().into_owned();
            // It may have been removed a moment ago.
            let Ok(metadata) = file.metadata() else { continue };
            if metadata.is_file() && file_name.ends_with(".parquet") {
                let written = metadata.modified().unwrap_or_else(|_| SystemTime::now());
                found.push(Found { path: format!("{name}/{file_name}"), bytes: metadata.len(), written });
            }
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>, Error> {
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(failed),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

/// When files left the table, as far as its log still tells.
async fn removals(
    state: &DeltaTableState,
    log_store: &LogStoreRef,
    folder: &Path,
) -> Result<HashMap<String, SystemTime>, Error> {
    let failed = |source| Error::delta("read removals of", folder, source);
    let mut tombstones = state.all_tombstones(log_store.as_ref());
    let mut removals = HashMap::new();
    while let Some(tombstone) = tombstones.try_next().await.map_err(failed)? {
        let since_epoch = tombstone.deletion_timestamp().and_then(|ms| u64::try_from(ms).ok());
        // One without a time counts as one of now: its file stays.
        let at = since_epoch.map_or_else(SystemTime::now, |ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms));
        removals.insert(tombstone.path().into_owned(), at);
    }
    Ok(removals)
}
