//! The data files of a table, as its newest version names them, and what their names say.
//!
//! A flush writes `part-...`. Files that were put together from others begin with [`MERGED`], and those of a whole date
//! that lie one after the other in the order of spaces with [`SORTED`]: names outlive checkpoints, which keep no tags.

use crate::schema::table::DATE;
use deltalake::kernel::{LogicalFileView, Remove};
use deltalake::table::state::DeltaTableState;
use std::collections::HashSet;
use std::path::Path;

/// What names of files put together from others begin with.
const MERGED: &str = "merged-";
/// What names of the files of a whole date begin with.
const SORTED: &str = "sorted-";

/// How a data file came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// By a flush: sorted in itself.
    Flushed,
    /// From others of its date: sorted in itself.
    Merged,
    /// From all others of its date: the files of one such rewriting follow each other in the order of spaces.
    Sorted,
}

/// A data file of the newest version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataFile {
    /// Its path below the folder of the table.
    pub(crate) path: String,
    /// The date of its rows, as `2017-03-12`.
    pub(crate) date: String,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    pub(crate) kind: Kind,
}

/// The files of `state` that can be put together: of a date, with their number of rows known, and no rows deleted by
/// means of another file. Any other is none of ours and stays as it is.
pub(crate) fn data_files(state: &DeltaTableState) -> Vec<DataFile> {
    state.log_data().iter().filter_map(|file| data_file(&file)).collect()
}

fn data_file(file: &LogicalFileView) -> Option<DataFile> {
    if file.deletion_vector_descriptor().is_some() {
        return None;
    }
    let path = file.path().into_owned();
    let date = file.partition_values_map().remove(DATE).flatten()?;
    let kind = kind_of(Path::new(&path));
    Some(DataFile { date, bytes: u64::try_from(file.size()).ok()?, rows: file.num_records()? as u64, kind, path })
}

/// What the name of a file says.
pub(crate) fn kind_of(path: &Path) -> Kind {
    match path.file_name().map(|name| name.to_string_lossy()) {
        Some(name) if name.starts_with(MERGED) => Kind::Merged,
        Some(name) if name.starts_with(SORTED) => Kind::Sorted,
        _ => Kind::Flushed,
    }
}

/// A path that no other file has or will have, below the folder of the table, for a file put together from others.
pub(crate) fn path_of_rewritten(date: &str, kind: Kind) -> String {
    let prefix = if kind == Kind::Sorted { SORTED } else { MERGED };
    format!("{DATE}={date}/{prefix}{}.snappy.parquet", uuid::Uuid::new_v4())
}

/// What takes these files out of the table, with or without a change of its rows; `None` when one of them is not in it any more.
pub(crate) fn removes_of(state: &DeltaTableState, paths: &HashSet<String>, rows_change: bool) -> Option<Vec<Remove>> {
    let files = state.log_data();
    let named = files.iter().filter(|file| paths.contains(&*file.path()));
    let removes: Vec<Remove> = named.map(|file| file.remove_action(rows_change)).collect();
    (removes.len() == paths.len()).then_some(removes)
}

/// Whether the table has all these files.
pub(crate) fn has_all(state: &DeltaTableState, paths: &HashSet<String>) -> bool {
    state.log_data().iter().filter(|file| paths.contains(&*file.path())).count() == paths.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_how_a_file_came_to_be() {
        for kind in [Kind::Merged, Kind::Sorted] {
            let path = path_of_rewritten("2017-03-12", kind);
            assert!(path.starts_with("date=2017-03-12/"), "{path}");
            assert_eq!(kind_of(Path::new(&path)), kind);
        }
        assert_eq!(kind_of(Path::new("date=2017-03-12/part-00000-x-c000.snappy.parquet")), Kind::Flushed);
    }
}
