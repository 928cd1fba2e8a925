//! The files of old dates: those that may hold rows to delete, and those that nobody needs any more.

use super::journal::Journal;
use super::rule::Rule;
use super::scan::{Scanned, scan};
use crate::delta::files::{DataFile, data_files};
use crate::delta::open::table_path;
use crate::error::Error;
use crate::history::writer::History;
use crate::schema::table::{DATE, Table};
use crate::upkeep::vacuum::unneeded;
use object_store::ObjectStoreExt;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use vigie_failpoints::point::reach;
use vigie_model::time::utc_date;

/// Removes the files of old dates that no version needs; whether it came to the end.
pub(super) async fn remove_files(
    history: &History,
    table: Table,
    journal: &mut Journal,
    newest_date: &str,
    kept: Duration,
    stop: &AtomicBool,
) -> Result<bool, Error> {
    let files = files_to_remove(history, table, kept, newest_date).await?;
    journal.note_files(table.name(), files.clone())?;
    let (folder, store) = (table_path(history.root(), table), history.committed(table).log_store().object_store(None));
    for file in &files {
        if stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        reach("history.before_vacuum");
        let removed = store.delete(&file.as_str().into()).await;
        removed.map_err(|source| Error::delta("remove old files of", &folder, source.into()))?;
    }
    Ok(true)
}

/// The files of dates up to `newest_date` that no version needs since `kept`.
pub(super) async fn files_to_remove(
    history: &History,
    table: Table,
    kept: Duration,
    newest_date: &str,
) -> Result<BTreeSet<String>, Error> {
    let found = unneeded(history, table, kept).await?.into_iter().map(|file| file.path);
    Ok(found.filter(|path| date_of(path).is_some_and(|date| date <= newest_date)).collect())
}

/// The date of a data file, by its path.
fn date_of(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once(&format!("{DATE}="))?;
    Path::new(rest).iter().next()?.to_str()
}

/// The files of a table by date, up to `newest_date`.
pub(super) async fn old_files(
    history: &History,
    table: Table,
    newest_date: &str,
) -> Result<BTreeMap<String, Vec<DataFile>>, Error> {
    let state = history.committed(table).state().await?;
    let mut dates: BTreeMap<String, Vec<DataFile>> = BTreeMap::new();
    for file in data_files(&state).into_iter().filter(|file| file.date.as_str() <= newest_date) {
        dates.entry(file.date.clone()).or_default().push(file);
    }
    Ok(dates)
}

pub(super) async fn scanned(
    history: &History,
    table: Table,
    files: &[DataFile],
    rule: &Rule,
) -> Result<Vec<(DataFile, Scanned)>, Error> {
    let folder = table_path(history.root(), table);
    let mut scans = Vec::with_capacity(files.len());
    for file in files {
        scans.push((file.clone(), scan(&folder, table, file, rule).await?));
    }
    Ok(scans)
}

/// The newest UTC date that has rows before the horizon; sorts before all dates without a limit.
pub(super) fn newest_date(rule: &Rule) -> String {
    rule.horizon_ms().map_or_else(String::new, |horizon_ms| utc_date(horizon_ms.saturating_sub(1)))
}
