//! Opening and creating the Delta tables of a history.
//!
//! The format version is a property of each table itself, so that a folder copied elsewhere keeps it.
//!
//! **A history has all its tables.** They are created one after the other, so a crash in the middle of the first start
//! leaves the first few, all without rows; the next start creates the rest. Any other missing table was lost, and is
//! refused: an empty one in its place would hide that.

use super::log_folder::{LOG_FOLDER, LogFolder};
use super::object_store::DurableStore;
use super::storage::Storage;
use crate::error::Error;
use crate::schema::table::{DATE, Table};
use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::{DeltaTable, DeltaTableBuilder};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

/// The newest format of history this binary reads, and the one it writes.
pub const FORMAT_VERSION: u32 = 1;
/// Table property that holds the format version.
pub const FORMAT_PROPERTY: &str = "vigie.formatVersion";

/// The folder of a table.
pub(crate) fn table_path(root: &Path, table: Table) -> PathBuf {
    root.join(table.name())
}

/// Where each table of the history in `root` stands, in the order of [`Table::ALL`]; `None` for those to be created yet.
///
/// # Errors
/// [`Error::Damaged`] when a commit is missing or cut, or a table is missing from a history that was in use.
pub(crate) fn survey(root: &Path) -> Result<Vec<Option<LogFolder>>, Error> {
    let tables = Table::ALL.map(|table| LogFolder::read(&table_path(root, table)));
    let tables: Vec<_> = tables.into_iter().collect::<Result<_, _>>()?;
    check_complete(root, &tables)?;
    Ok(tables)
}

/// Whether those that are missing, in the order of [`Table::ALL`], are still to be created.
///
/// # Errors
/// [`Error::Damaged`] when one was lost.
pub(crate) fn check_complete(root: &Path, tables: &[Option<LogFolder>]) -> Result<(), Error> {
    let in_use = tables.iter().flatten().any(|folder| folder.newest > 0);
    let last = tables.iter().rposition(Option::is_some);
    let first_missing = tables.iter().position(Option::is_none);
    match first_missing {
        Some(missing) if in_use || last > Some(missing) => Err(Error::Damaged {
            path: table_path(root, Table::ALL[missing]),
            wrong: "is missing from a history that has its other tables".to_owned(),
            remedy: "restore the table from a backup, or move the whole history folder away and store the log again",
        }),
        _ => Ok(()),
    }
}

/// Opens the table for reading; it exists.
///
/// # Errors
/// When it cannot be read, is of a newer format, or is not a history table.
pub(crate) async fn open(root: &Path, table: Table) -> Result<DeltaTable, Error> {
    let path = table_path(root, table);
    load(handle(&path, None)?, table, &path).await
}

/// Opens the table for writing, creating it when `exists` says so. What it holds is made durable first: positions that
/// a power failure would still take back must not be trusted.
///
/// # Errors
/// As [`open`], and when it cannot be created or synced.
pub(crate) async fn open_or_create(storage: &Storage, table: Table, exists: bool) -> Result<DeltaTable, Error> {
    let path = table_path(storage.root(), table);
    storage.settle(&path)?;
    let unloaded = handle(&path, Some(storage.store()))?;
    if exists {
        storage.settle(&path.join(LOG_FOLDER))?;
        let loaded = load(unloaded, table, &path).await?;
        return widened(loaded, table, &path).await.map_err(|error| storage.blame(error));
    }
    let columns: StructType = table.schema().as_ref().try_into_kernel()?;
    let created = unloaded
        .create()
        .with_table_name(table.name())
        .with_comment(table.comment())
        .with_columns(columns.fields().cloned())
        .with_partition_columns([DATE])
        .with_raise_if_key_not_exists(false)
        .with_configuration([(FORMAT_PROPERTY, Some(FORMAT_VERSION.to_string()))])
        .await;
    created.map_err(|source| storage.blame(Error::delta("create", &path, source)))
}

/// An unloaded handle on the table in `path`, which writes through `store`.
fn handle(path: &Path, store: Option<Arc<DurableStore>>) -> Result<DeltaTable, Error> {
    let absolute = std::fs::canonicalize(path).map_err(|source| Error::Folder { path: path.to_owned(), source })?;
    let url = Url::from_directory_path(&absolute).expect("a canonical path is absolute");
    let builder = DeltaTableBuilder::from_url(url.clone()).map(|builder| match store {
        Some(store) => builder.with_storage_backend(store, url),
        None => builder,
    });
    builder.and_then(DeltaTableBuilder::build).map_err(|source| Error::delta("open", path, source))
}

/// Loads a table, which need not have the columns of today's that may be null.
async fn load(mut delta: DeltaTable, table: Table, path: &Path) -> Result<DeltaTable, Error> {
    delta.load().await.map_err(|source| Error::delta("open", path, source))?;
    check_format(&delta, table, path)?;
    Ok(delta)
}

/// A table of an earlier version with the columns that came later; its rows have null in them.
async fn widened(delta: DeltaTable, table: Table, path: &Path) -> Result<DeltaTable, Error> {
    let failed = |source| Error::delta("add columns to", path, source);
    let stored = delta.snapshot().map_err(failed)?.schema();
    let expected: StructType = table.schema().as_ref().try_into_kernel()?;
    let missing: Vec<_> = expected.fields().filter(|field| stored.field(field.name()).is_none()).cloned().collect();
    if missing.is_empty() {
        return Ok(delta);
    }
    tracing::info!(table = table.name(), columns = missing.len(), "adding columns to a table of an earlier version");
    delta.add_columns().with_fields(missing).await.map_err(failed)
}

fn check_format(delta: &DeltaTable, table: Table, path: &Path) -> Result<(), Error> {
    let foreign = |reason: String| Error::Foreign { path: path.to_owned(), reason };
    let metadata = delta.snapshot().map_err(|source| Error::delta("open", path, source))?.metadata().clone();
    let version = metadata.configuration().get(FORMAT_PROPERTY).and_then(|text| text.parse::<u32>().ok());
    let found = version.ok_or_else(|| foreign(format!("it has no property {FORMAT_PROPERTY}")))?;
    if found > FORMAT_VERSION {
        return Err(Error::NewerFormat { path: path.to_owned(), found, supported: FORMAT_VERSION });
    }
    let stored = metadata.parse_schema().map_err(|source| foreign(source.to_string()))?;
    let expected: StructType = table.schema().as_ref().try_into_kernel()?;
    for field in expected.fields() {
        // Tables of an earlier version lack columns that came later, all of which may be null.
        let same = match stored.field(field.name()) {
            Some(found) => found.data_type() == field.data_type(),
            None => field.is_nullable(),
        };
        if !same {
            return Err(foreign(format!("column {} is missing or of another type", field.name())));
        }
    }
    Ok(())
}
