//! `verify` finds each kind of damage, and nothing where there is none.

use super::disk::{copy_folder, files_below};
use super::{fill, open};
use crate::fixture;
use crate::verify::finding::LogPositions;
use crate::verify::verify;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A history with rows in every table and a checkpoint of `observations`.
async fn history() -> TempDir {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    fill(&history);
    history.flush().await.unwrap();
    for first in 6..60 {
        history.take_record(&fixture::observations(0, first, 1)).unwrap();
        history.flush().await.unwrap();
    }
    dir
}

fn log(next_offsets: [u64; 3], alert_stream_next: Option<u64>) -> LogPositions {
    LogPositions { log_id: "log-a".into(), next_offsets: next_offsets.to_vec(), alert_stream_next }
}

async fn texts(root: &Path, log: Option<&LogPositions>) -> Vec<String> {
    verify(root, log).await.iter().map(ToString::to_string).collect()
}

/// The only finding after a change of a copy of `root`.
async fn only_finding(root: &Path, change: impl FnOnce(&Path)) -> String {
    let copy = TempDir::new().unwrap();
    copy_folder(root, copy.path());
    change(copy.path());
    let found = texts(copy.path(), None).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

fn first_data_file(root: &Path, table: &str) -> PathBuf {
    let files = files_below(&root.join(table));
    files.into_keys().find(|path| path.to_string_lossy().contains("/date=")).unwrap()
}

#[tokio::test]
async fn an_intact_history_has_no_findings_and_none_is_none() {
    let dir = history().await;
    assert_eq!(texts(dir.path(), None).await, [""; 0]);
    assert_eq!(texts(dir.path(), Some(&log([60, 6, 6], Some(7)))).await, [""; 0]);
    assert_eq!(texts(&dir.path().join("none"), None).await, [""; 0]);
    // Another log in the same folder has rows at the same places.
    let other = open(dir.path(), "log-b").await;
    fill(&other);
    other.flush().await.unwrap();
    assert_eq!(texts(dir.path(), Some(&log([60, 6, 6], Some(7)))).await, [""; 0]);
}

#[tokio::test]
async fn a_history_ahead_of_its_log_is_found() {
    let dir = history().await;
    let behind = texts(dir.path(), Some(&log([59, 6, 6], Some(7)))).await;
    assert_eq!(behind.len(), 1, "{behind:#?}");
    assert!(behind[0].contains("position 60 of partition 0, but the log ends at 59"), "{behind:#?}");
    let behind = texts(dir.path(), Some(&log([60, 6, 6], Some(6)))).await;
    assert!(behind.len() == 1 && behind[0].contains("actions: stands at position 7"), "{behind:#?}");
    assert_eq!(texts(dir.path(), Some(&log([60, 6, 6], None))).await, [""; 0]);
    let fewer = LogPositions { log_id: "log-a".into(), next_offsets: vec![60], alert_stream_next: None };
    assert_eq!(texts(dir.path(), Some(&fewer)).await.len(), 3, "partitions that the log does not have");
}

#[tokio::test]
async fn each_kind_of_damage_is_found() {
    let dir = history().await;
    let root = dir.path();
    let newest = "observations/_delta_log/00000000000000000055.json";
    let found = only_finding(root, |root| std::fs::write(root.join(newest), "").unwrap()).await;
    assert!(found.contains("00055.json: is empty; restore it"), "{found}");
    let found = only_finding(root, |root| std::fs::remove_dir_all(root.join("alerts")).unwrap()).await;
    assert!(found.contains("alerts: is missing from a history"), "{found}");
    let found = only_finding(root, |root| std::fs::remove_file(first_data_file(root, "alerts")).unwrap()).await;
    assert!(found.contains(".parquet: is missing; restore it"), "{found}");
    let found = only_finding(root, |root| {
        let file = std::fs::File::options().write(true).open(first_data_file(root, "alerts")).unwrap();
        file.set_len(100).unwrap();
    });
    let found = found.await;
    assert!(found.contains(".parquet: has 100 bytes instead of "), "{found}");
    let found = only_finding(root, |root| {
        let (first, second) = (first_data_file(root, "alerts"), first_data_file(root, "incidents"));
        let wrong = std::fs::read(&second).unwrap();
        let length = std::fs::metadata(&first).unwrap().len() as usize;
        std::fs::write(first, wrong.into_iter().cycle().take(length).collect::<Vec<_>>()).unwrap();
    });
    assert!(found.await.contains(".parquet: cannot be read: "));
    let found = only_finding(root, |root| {
        let checkpoint = root.join("observations/_delta_log/00000000000000000050.checkpoint.parquet");
        std::fs::write(checkpoint, "").unwrap();
    });
    assert!(found.await.contains("checkpoint.parquet: is empty"));
}

/// A flipped byte is found where it makes the file unreadable or changes how many rows it has: here all of the tail (the
/// footer's length and the magic) and the magic at the start; of the rest of the footer those that count.
#[tokio::test]
async fn flipped_bytes_of_the_frame_are_found() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    history.flush().await.unwrap();
    let file = first_data_file(dir.path(), "spaces");
    let whole = std::fs::read(&file).unwrap();
    for place in whole.len() - 8..whole.len() {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x10;
        std::fs::write(&file, flipped).unwrap();
        assert_eq!(texts(dir.path(), None).await.len(), 1, "byte {place} of {}", whole.len());
    }
    std::fs::write(&file, whole).unwrap();
    assert_eq!(texts(dir.path(), None).await, [""; 0]);
}

/// What a writer without positions of its own would do: store the same commit again.
#[tokio::test]
async fn rows_stored_twice_and_rows_without_a_position_are_found() {
    let dir = history().await;
    let log = dir.path().join("incidents/_delta_log");
    let commit = std::fs::read_to_string(log.join("00000000000000000001.json")).unwrap();
    let file = first_data_file(dir.path(), "incidents");
    let copied = file.with_file_name("copied.parquet");
    std::fs::copy(&file, copied).unwrap();
    let again = commit.replace(file.file_name().unwrap().to_str().unwrap(), "copied.parquet");
    std::fs::write(log.join("00000000000000000002.json"), &again).unwrap();
    let found = texts(dir.path(), None).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].contains("1 rows of observations, incidents, perceptions have the place of another"),
        "{found:#?}"
    );
    std::fs::remove_file(log.join("00000000000000000002.json")).unwrap();
    let lower =
        commit.replace(r#""appId":"log-a/incidents/1","version":6"#, r#""appId":"log-a/incidents/1","version":5"#);
    assert_ne!(lower, commit);
    std::fs::write(log.join("00000000000000000001.json"), lower).unwrap();
    let found = texts(dir.path(), None).await;
    assert!(found.len() == 1 && found[0].contains("1 rows of partition 1 above every recorded position"), "{found:#?}");
}
