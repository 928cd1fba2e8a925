//! Opening and creating the Delta table of a history table.
//!
//! The format version is a property of the table itself, so that a folder copied elsewhere keeps it.

use crate::error::Error;
use crate::schema::table::{DATE, Table};
use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::{DeltaTable, DeltaTableBuilder};
use std::path::{Path, PathBuf};
use url::Url;

/// The newest format of history this binary reads, and the one it writes.
pub const FORMAT_VERSION: u32 = 1;
/// Table property that holds the format version.
pub const FORMAT_PROPERTY: &str = "vigie.formatVersion";

/// The folder of a table.
pub(crate) fn table_path(root: &Path, table: Table) -> PathBuf {
    root.join(table.name())
}

/// Opens the table, if it exists.
///
/// # Errors
/// When it cannot be read, is of a newer format, or is not a history table.
pub(crate) async fn open(root: &Path, table: Table) -> Result<Option<DeltaTable>, Error> {
    let path = table_path(root, table);
    if !path.is_dir() {
        return Ok(None);
    }
    let failed = |source| Error::delta("open", &path, source);
    let mut delta = handle(&path)?;
    if !delta.verify_deltatable_existence().await.map_err(failed)? {
        return Ok(None);
    }
    delta.load().await.map_err(failed)?;
    check_format(&delta, table, &path)?;
    Ok(Some(delta))
}

/// Opens the table, creating it when it does not exist.
///
/// # Errors
/// As [`open`], and when it cannot be created.
pub(crate) async fn open_or_create(root: &Path, table: Table) -> Result<DeltaTable, Error> {
    if let Some(delta) = open(root, table).await? {
        return Ok(delta);
    }
    let path = table_path(root, table);
    std::fs::create_dir_all(&path).map_err(|source| Error::Folder { path: path.clone(), source })?;
    let columns: StructType = table.schema().as_ref().try_into_kernel()?;
    let created = handle(&path)?
        .create()
        .with_table_name(table.name())
        .with_comment(table.comment())
        .with_columns(columns.fields().cloned())
        .with_partition_columns([DATE])
        .with_raise_if_key_not_exists(false)
        .with_configuration([(FORMAT_PROPERTY, Some(FORMAT_VERSION.to_string()))])
        .await;
    created.map_err(|source| Error::delta("create", &path, source))
}

/// An unloaded handle on the table in `path`.
fn handle(path: &Path) -> Result<DeltaTable, Error> {
    let absolute = std::fs::canonicalize(path).map_err(|source| Error::Folder { path: path.to_owned(), source })?;
    let url = Url::from_directory_path(&absolute).expect("a canonical path is absolute");
    DeltaTableBuilder::from_url(url)
        .and_then(DeltaTableBuilder::build)
        .map_err(|source| Error::delta("open", path, source))
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
        let same = stored.field(field.name()).is_some_and(|found| found.data_type() == field.data_type());
        if !same {
            return Err(foreign(format!("column {} is missing or of another type", field.name())));
        }
    }
    Ok(())
}
