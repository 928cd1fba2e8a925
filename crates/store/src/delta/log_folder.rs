//! The `_delta_log` folder of a table, looked at before Delta reads it.
//!
//! Delta takes an empty newest commit for one that is absent, and a commit cut at the end of a line for a whole one. Both
//! would bring back old positions without a word. So the commits after the newest checkpoint, which are the ones that
//! Delta reads, are checked here: contiguous, each whole, each a list of JSON objects. Our own commits say how many actions
//! they hold ([`ACTIONS_FIELD`]).

use crate::error::Error;
use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder of the commits, in the folder of the table.
pub(crate) const LOG_FOLDER: &str = "_delta_log";
/// Field of a commit's first line: how many lines follow.
pub(crate) const ACTIONS_FIELD: &str = "vigieActions";
/// What to do about a file without which the table cannot be read.
const RESTORE: &str = "restore it from a backup, or move the whole history folder away and store the log again";
/// What to do about the newest commit: without it the table stands where it stood one commit before.
const RESTORE_NEWEST: &str =
    "restore it from a backup, or, if the log still holds the newest rows, delete it, so that they are stored again";
/// Digits of a version in the name of a file.
const VERSION_DIGITS: usize = 20;

/// What the folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogFolder {
    /// The newest version.
    pub(crate) newest: u64,
    /// The newest version with a checkpoint.
    pub(crate) checkpoint: Option<u64>,
}

impl LogFolder {
    /// Reads the folder of the table in `table`; `None` when the table was never created.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a file is missing, cut or no commit; [`Error::Folder`] when it cannot be read.
    pub(crate) fn read(table: &Path) -> Result<Option<Self>, Error> {
        let folder = table.join(LOG_FOLDER);
        let (mut commits, mut checkpoints) = (BTreeMap::new(), BTreeMap::new());
        for entry in entries(&folder)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some((version, kind)) = version_of(&name) else { continue };
            match kind {
                ".json" => commits.insert(version, entry.path()),
                kind if kind.starts_with(".checkpoint.") => checkpoints.insert(version, entry.path()),
                _ => None,
            };
        }
        let newest = commits.last_key_value().max(checkpoints.last_key_value()).map(|(version, _)| *version);
        let Some(newest) = newest else {
            return match entries(table)?.iter().find(|entry| entry.file_name().to_string_lossy().starts_with("date=")) {
                Some(_) => Err(damaged(&folder, "has no commits although the table has data", RESTORE)),
                None => Ok(None),
            };
        };
        let checkpoint = checkpoints.last_key_value().map(|(version, _)| *version);
        check_checkpoints(&checkpoints)?;
        check_tail(&folder, &commits, checkpoint, newest)?;
        Ok(Some(Self { newest, checkpoint }))
    }

    /// Commits since the newest checkpoint.
    pub(crate) fn commits_since_checkpoint(&self) -> u64 {
        self.newest - self.checkpoint.unwrap_or(0)
    }
}

/// Splits `00000000000000000042.json`.
fn version_of(name: &str) -> Option<(u64, &str)> {
    let (digits, kind) = name.split_at_checked(VERSION_DIGITS)?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((digits.parse().ok().filter(|_| all_digits)?, kind))
}

/// The entries of a folder; none when it does not exist.
fn entries(folder: &Path) -> Result<Vec<DirEntry>, Error> {
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(failed),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

fn check_checkpoints(checkpoints: &BTreeMap<u64, PathBuf>) -> Result<(), Error> {
    for path in checkpoints.values() {
        match std::fs::metadata(path) {
            Ok(found) if found.len() == 0 => return Err(damaged(path, "is empty", RESTORE)),
            Ok(_) => {}
            // An old one that upkeep removed meanwhile; were it the newest, Delta would miss it.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Folder { path: path.clone(), source }),
        }
    }
    Ok(())
}

fn check_tail(
    folder: &Path,
    commits: &BTreeMap<u64, PathBuf>,
    checkpoint: Option<u64>,
    newest: u64,
) -> Result<(), Error> {
    for version in checkpoint.map_or(0, |version| version + 1)..=newest {
        let remedy = if version == newest { RESTORE_NEWEST } else { RESTORE };
        // A listing may miss a name that was added meanwhile, so a missing commit is looked for by its name too.
        let path = commits.get(&version).cloned().unwrap_or_else(|| folder.join(format!("{version:020}.json")));
        let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => damaged(&path, "is missing", remedy),
            ErrorKind::InvalidData => damaged(&path, "is cut or overwritten: it is no text", remedy),
            _ => Error::Folder { path: path.clone(), source },
        })?;
        if let Some(wrong) = wrong_with_commit(&text) {
            return Err(damaged(&path, &wrong, remedy));
        }
    }
    Ok(())
}

/// What is wrong with the text of a commit.
fn wrong_with_commit(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".to_owned());
    }
    let mut announced = None;
    for (index, line) in text.lines().enumerate() {
        let Ok(action) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line) else {
            return Some(format!("is cut or overwritten: line {} is no JSON object", index + 1));
        };
        let info = action.get("commitInfo").and_then(|info| info.get(ACTIONS_FIELD));
        announced = announced.or_else(|| info.and_then(serde_json::Value::as_u64));
    }
    let follow = text.lines().count() as u64 - 1;
    let expected = announced.filter(|expected| *expected != follow)?;
    Some(format!("is cut or overwritten: {follow} actions instead of {expected}"))
}

fn damaged(path: &Path, wrong: &str, remedy: &'static str) -> Error {
    Error::Damaged { path: path.to_owned(), wrong: wrong.to_owned(), remedy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const WHOLE: &str = "{\"commitInfo\":{\"vigieActions\":2}}\n{\"add\":{}}\n{\"txn\":{}}";

    fn commit(version: u64) -> String {
        format!("{LOG_FOLDER}/{version:020}.json")
    }

    /// A table with these files.
    fn table(files: &[(&str, &str)]) -> TempDir {
        let dir = TempDir::new().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn refusal(files: &[(&str, &str)]) -> String {
        LogFolder::read(table(files).path()).unwrap_err().to_string()
    }

    #[test]
    fn a_whole_folder_says_where_the_table_stands() {
        assert_eq!(LogFolder::read(table(&[]).path()).unwrap(), None);
        assert_eq!(LogFolder::read(table(&[("_delta_log/notes.txt", "")]).path()).unwrap(), None);
        let (zero, one, seven) = (commit(0), commit(1), commit(7));
        let whole = LogFolder::read(table(&[(&zero, "{}"), (&one, WHOLE)]).path()).unwrap().unwrap();
        assert_eq!(whole, LogFolder { newest: 1, checkpoint: None });
        let checkpoint = "_delta_log/00000000000000000006.checkpoint.parquet";
        let kept = table(&[(checkpoint, "PAR1"), (&seven, WHOLE), ("_delta_log/_last_checkpoint", "{}")]);
        let kept = LogFolder::read(kept.path()).unwrap().unwrap();
        assert_eq!((kept.newest, kept.checkpoint, kept.commits_since_checkpoint()), (7, Some(6), 1));
    }

    #[test]
    fn damage_is_refused_with_the_name_of_the_file() {
        let (zero, one, two) = (commit(0), commit(1), commit(2));
        let newest = refusal(&[(&zero, "{}"), (&one, "")]);
        assert!(newest.contains("00000000000000000001.json is empty") && newest.contains("delete it"), "{newest}");
        let older = refusal(&[(&zero, ""), (&one, WHOLE)]);
        assert!(older.contains("00000000000000000000.json is empty") && !older.contains("delete it"), "{older}");
        assert!(refusal(&[(&zero, "{}"), (&two, WHOLE)]).contains("00000000000000000001.json is missing"));
        let data = refusal(&[("date=2017-03-12/part.parquet", "PAR1")]);
        assert!(data.contains("no commits although the table has data"), "{data}");
        let checkpoint = refusal(&[(&zero, "{}"), ("_delta_log/00000000000000000000.checkpoint.parquet", "")]);
        assert!(checkpoint.contains("checkpoint.parquet is empty"), "{checkpoint}");
    }

    #[test]
    fn a_commit_cut_at_any_byte_is_refused() {
        for end in 0..WHOLE.len() {
            assert!(wrong_with_commit(&WHOLE[..end]).is_some(), "cut at byte {end}");
        }
        assert_eq!(wrong_with_commit(WHOLE), None);
        assert_eq!(wrong_with_commit(&format!("{WHOLE}\n")), None);
    }
}
