//! Damage is told, not skipped: opening refuses it with the name of the file and what to do.

use super::disk::files_below;
use super::open;
use crate::fixture::{self, CENTRE};
use crate::history::options::HistoryOptions;
use crate::history::reader::HistoryReader;
use crate::history::writer::History;
use crate::sql::door::SqlDoor;
use crate::sql::limits::SqlLimits;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use vigie_model::audit::KeptNowhere;
use vigie_model::doors::{QueryDoor, QueryError, QueryFormat, Question};
use vigie_model::principal::Principal;

/// A history with two commits of observations.
async fn history() -> TempDir {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    for first in [0, 4] {
        history.take_record(&fixture::observations(0, first, 4)).unwrap();
        history.flush().await.unwrap();
    }
    dir
}

/// What a writer and a reader say; they say the same.
async fn refusal(root: &Path) -> String {
    let reader = HistoryReader::open(root).await.err().expect("a reader refuses").to_string();
    let writer = History::open(HistoryOptions::new(root, CENTRE, "log-a")).await.err().expect("a writer refuses");
    assert_eq!(writer.to_string(), reader);
    reader
}

#[tokio::test]
async fn a_cut_commit_is_refused_wherever_it_was_cut() {
    let dir = history().await;
    let newest = dir.path().join("observations/_delta_log/00000000000000000002.json");
    let whole = std::fs::read(&newest).unwrap();
    let line_ends = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place);
    for length in line_ends.flat_map(|end| [end, end + 1]).chain([0, 1, whole.len() - 1]) {
        std::fs::write(&newest, &whole[..length]).unwrap();
        let refused = refusal(dir.path()).await;
        assert!(refused.contains("00000000000000000002.json is ") && refused.contains("restore it"), "{refused}");
    }
    std::fs::write(&newest, &whole).unwrap();
    HistoryReader::open(dir.path()).await.unwrap();
}

#[tokio::test]
async fn a_missing_commit_and_a_missing_table_are_refused() {
    let dir = history().await;
    let older = dir.path().join("observations/_delta_log/00000000000000000001.json");
    let whole = std::fs::read(&older).unwrap();
    std::fs::remove_file(&older).unwrap();
    let refused = refusal(dir.path()).await;
    assert!(refused.contains("00000000000000000001.json is missing"), "{refused}");
    std::fs::write(&older, whole).unwrap();
    for table in ["observations", "incidents", "spaces"] {
        let (path, away) = (dir.path().join(table), dir.path().join("away"));
        std::fs::rename(&path, &away).unwrap();
        let refused = refusal(dir.path()).await;
        assert!(refused.contains(&format!("{table} is missing from a history")), "{refused}");
        assert!(!path.exists(), "nothing was created in its place");
        std::fs::rename(&away, &path).unwrap();
    }
    HistoryReader::open(dir.path()).await.unwrap();
}

/// The newest commit, deleted as the message says: its rows are taken from the log again.
#[tokio::test]
async fn without_its_newest_commit_a_table_stands_one_commit_before() {
    let dir = history().await;
    std::fs::remove_file(dir.path().join("observations/_delta_log/00000000000000000002.json")).unwrap();
    let again = open(dir.path(), "log-a").await;
    again.take_record(&fixture::observations(0, 0, 8)).unwrap();
    assert_eq!(again.rows_hot(), 4);
    again.flush().await.unwrap();
    assert_eq!(super::stored(dir.path()).await.unwrap()[0].len(), 8);
}

/// A query fails, with the name of the file, instead of answering without its rows.
#[tokio::test]
async fn a_query_over_a_missing_or_cut_data_file_fails_and_names_it() {
    let dir = history().await;
    let files = files_below(&dir.path().join("observations"));
    let (file, length) = files.into_iter().find(|(path, _)| path.to_string_lossy().contains("/date=")).unwrap();
    for keep in [Some(length - 1), Some(0), None] {
        match keep {
            Some(length) => std::fs::File::options().write(true).open(&file).unwrap().set_len(length).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let reader = HistoryReader::open(dir.path()).await.unwrap();
        let door = SqlDoor::new(Arc::new(reader), SqlLimits::default(), Arc::new(KeptNowhere)).unwrap();
        let sql = "SELECT sum(value) FROM observations";
        let asked = door.whole(&Principal::local(CENTRE), Question::new(sql, QueryFormat::Csv, "test")).await;
        let QueryError::Unavailable(said) = asked.unwrap_err() else { panic!("no answer without the file") };
        assert!(said.contains("run `vigie verify`"), "{said}");
        println!("{keep:?}: {said}");
        assert!(said.contains(file.file_name().unwrap().to_str().unwrap()), "{keep:?}: {said}");
    }
}
