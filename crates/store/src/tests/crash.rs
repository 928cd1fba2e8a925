//! Crashes and power failures at every call on the disk, one after the other.
//!
//! The oracle is counting: what a flush acknowledged is there after the crash, each table has all or nothing of the flush
//! that was interrupted, and taking the same records again leaves every row there exactly once.

use super::disk::{Call, Loss, TestDisk, Verdict, copy_folder, shape};
use super::{open, stored};
use crate::delta::log_folder::LOG_FOLDER;
use crate::error::Error;
use crate::fixture::{self, CENTRE, HOUR_MS, START_MS};
use crate::history::options::HistoryOptions;
use crate::history::writer::History;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tempfile::TempDir;
use vigie_model::alert::AlertState;

/// Rows of each table after the first flush, and after the second.
const FIRST: [usize; 6] = [4, 0, 0, 1, 0, 2];
const BOTH: [usize; 6] = [19, 1, 0, 2, 1, 2];

/// What folders looked like after the crashes that were checked.
type Shapes = BTreeSet<Vec<(PathBuf, u64)>>;

fn take_first(history: &History) {
    history.take_record(&fixture::control()).unwrap();
    history.take_record(&fixture::dictionary()).unwrap();
    history.take_record(&fixture::observations(0, 0, 4)).unwrap();
    history.take_alert(&fixture::alert(2, AlertState::Active, START_MS)).unwrap();
}

/// Rows of four tables, observations of two dates and two partitions.
fn take_second(history: &History) {
    history.take_record(&fixture::observations(0, 4, 12)).unwrap();
    history.take_record(&fixture::observations(1, 0, 3)).unwrap();
    history.take_record(&fixture::incidents(5)).unwrap();
    history.take_alert(&fixture::alert(5, AlertState::Cleared, START_MS + HOUR_MS)).unwrap();
    history.take_applied(&fixture::closed(6)).unwrap();
}

async fn open_on(root: &Path, disk: &TestDisk) -> Result<History, Error> {
    History::open_on(HistoryOptions::new(root, CENTRE, "log-a"), Arc::new(disk.clone())).await
}

/// The losses that make a difference.
fn losses(disk: &TestDisk) -> impl Iterator<Item = Loss> {
    let would_lose = disk.would_lose();
    Loss::ALL.into_iter().filter(move |loss| *loss == Loss::Nothing || would_lose)
}

/// What is wrong with the history in `root` after a crash in the second flush, if anything.
async fn fault(root: &Path) -> Option<String> {
    let found = match stored(root).await {
        Ok(found) => found.map(|rows| rows.len()),
        Err(error) => return Some(format!("cannot be read: {error}")),
    };
    if (0..6).any(|table| found[table] != FIRST[table] && found[table] != BOTH[table]) {
        return Some(format!("has {found:?} committed rows, neither {FIRST:?} nor {BOTH:?}"));
    }
    let history = match History::open(HistoryOptions::new(root, CENTRE, "log-a")).await {
        Ok(history) => history,
        Err(error) => return Some(format!("cannot be opened: {error}")),
    };
    take_first(&history);
    take_second(&history);
    if let Err(error) = history.flush().await {
        return Some(format!("cannot be flushed: {error}"));
    }
    let all = stored(root).await.unwrap();
    let distinct = all.clone().map(|rows| rows.into_iter().collect::<BTreeSet<_>>().len());
    let all = all.map(|rows| rows.len());
    (all != BOTH || distinct != BOTH).then(|| format!("has {all:?} rows, {distinct:?} distinct, instead of {BOTH:?}"))
}

/// A folder whose history holds the first flush.
async fn after_first_flush(disk: &TestDisk) -> TempDir {
    let dir = TempDir::new().unwrap();
    let history = open_on(&dir.path().join("history"), disk).await.unwrap();
    take_first(&history);
    history.flush().await.unwrap();
    dir
}

/// What is wrong after a stop at the `index`-th call of the second flush in `dir` and each kind of loss; `None` once the
/// flush came to its end.
async fn faults_of_a_stop_at(index: usize, dir: &Path, disk: &TestDisk, seen: &mut Shapes) -> Option<Vec<String>> {
    let (root, copy) = (dir.join("history"), dir.join("copy"));
    let history = open_on(&root, disk).await.unwrap();
    take_first(&history);
    take_second(&history);
    let stopped = disk.stop_at(index);
    let flushed = history.flush().await;
    let stopped = stopped.load(Ordering::SeqCst);
    assert!(flushed.is_err() || !stopped, "a flush that was stopped at call {index} must say so");
    drop(history);
    let mut faults = Vec::new();
    for loss in losses(disk) {
        copy_folder(&root, &copy);
        disk.lose(loss, &root, &copy);
        if seen.insert(shape(&copy)) {
            faults.extend(fault(&copy).await.map(|fault| format!("call {index}, loss {loss:?}: history {fault}")));
        }
        std::fs::remove_dir_all(&copy).unwrap();
    }
    stopped.then_some(faults)
}

#[tokio::test]
async fn a_crash_at_any_call_of_a_flush_loses_and_doubles_nothing() {
    let before = after_first_flush(&TestDisk::sound()).await;
    let (mut index, mut seen) = (0, Shapes::new());
    loop {
        let dir = TempDir::new().unwrap();
        copy_folder(before.path(), dir.path());
        let faults = faults_of_a_stop_at(index, dir.path(), &TestDisk::sound(), &mut seen).await;
        let Some(faults) = faults else { break };
        assert_eq!(faults, [""; 0]);
        index += 1;
    }
    assert!(index > 50 && seen.len() > 15, "four tables are more than {index} calls, {} cases", seen.len());
}

#[tokio::test]
async fn a_crash_at_any_call_of_the_first_start_leaves_what_the_next_start_completes() {
    let (mut index, mut seen) = (0, Shapes::new());
    loop {
        let dir = TempDir::new().unwrap();
        let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
        std::fs::create_dir(&data).unwrap();
        let disk = TestDisk::sound();
        let stopped = disk.stop_at(index);
        let opened = open_on(&data.join("history"), &disk).await.map(drop);
        let stopped = stopped.load(Ordering::SeqCst);
        assert_eq!(opened.is_err(), stopped, "call {index}: {opened:?}");
        for loss in losses(&disk) {
            copy_folder(&data, &copy);
            disk.lose(loss, &data, &copy);
            if seen.insert(shape(&copy)) {
                let history = open(&copy.join("history"), "log-a").await;
                take_second(&history);
                history.flush().await.unwrap();
                let rows = stored(&copy.join("history")).await.unwrap().map(|rows| rows.len());
                assert_eq!(rows, [15, 1, 0, 1, 1, 2], "call {index}, loss {loss:?}");
            }
            std::fs::remove_dir_all(&copy).unwrap();
        }
        if !stopped {
            break;
        }
        index += 1;
    }
    assert!(index > 40, "six tables are more than {index} calls");
}

/// The fourth commit of a table, here, is followed by a checkpoint, which the next start reads.
#[tokio::test]
async fn a_crash_at_any_call_of_a_checkpoint_loses_and_doubles_nothing() {
    const COMMITS: u64 = 3;
    let before = TempDir::new().unwrap();
    let history = open(&before.path().join("history"), "log-a").await;
    for first in 0..COMMITS {
        history.take_record(&fixture::observations(0, first, 1)).unwrap();
        history.flush().await.unwrap();
    }
    drop(history);
    let (mut index, mut seen) = (0, Shapes::new());
    loop {
        let dir = TempDir::new().unwrap();
        let (root, copy, disk) = (dir.path().join("history"), dir.path().join("copy"), TestDisk::sound());
        copy_folder(before.path(), dir.path());
        let options = HistoryOptions { commits_per_checkpoint: 4, ..HistoryOptions::new(&root, CENTRE, "log-a") };
        let history = History::open_on(options, Arc::new(disk.clone())).await.unwrap();
        history.take_record(&fixture::dictionary()).unwrap();
        history.take_record(&fixture::observations(0, COMMITS, 1)).unwrap();
        let stopped = disk.stop_at(index);
        // Without a checkpoint the rows are stored all the same, so a flush may succeed although the disk has stopped.
        let flushed = history.flush().await.is_ok();
        for loss in losses(&disk) {
            copy_folder(&root, &copy);
            disk.lose(loss, &root, &copy);
            if !seen.insert(shape(&copy)) {
                std::fs::remove_dir_all(&copy).unwrap();
                continue;
            }
            let rows = stored(&copy).await.unwrap()[0].len() as u64;
            assert!(rows == COMMITS + 1 || rows == COMMITS && !flushed, "call {index}, loss {loss:?}: {rows} rows");
            let again = open(&copy, "log-a").await;
            again.take_record(&fixture::observations(0, 0, COMMITS + 1)).unwrap();
            again.flush().await.unwrap();
            let mut rows = stored(&copy).await.unwrap()[0].clone();
            rows.sort_unstable();
            let expected: Vec<_> = (0..=COMMITS as i64).map(|offset| (0, offset)).collect();
            assert_eq!(rows, expected, "call {index}, loss {loss:?}");
            std::fs::remove_dir_all(&copy).unwrap();
        }
        if !stopped.load(Ordering::SeqCst) {
            assert!(root.join("observations/_delta_log/_last_checkpoint").exists());
            break;
        }
        index += 1;
    }
    assert!(index > 15, "a commit and a checkpoint are more than {index} calls");
}

/// The check is worth something only if it fails where it must: without the fsync of files, and without that of the folders
/// of commits or of data.
#[tokio::test]
async fn without_any_of_the_fsyncs_a_power_failure_is_noticed() {
    let forgotten: [fn(&Call) -> bool; 3] = [
        |call| matches!(call, Call::SyncFile(_)),
        |call| matches!(call, Call::SyncFolder(folder) if folder.ends_with(LOG_FOLDER)),
        |call| matches!(call, Call::SyncFolder(folder) if folder.to_string_lossy().contains("date=")),
    ];
    for (index, forgets) in forgotten.into_iter().enumerate() {
        let disk = TestDisk::new(move |call| if forgets(call) { Verdict::Forget } else { Verdict::Do });
        let dir = after_first_flush(&disk).await;
        let mut faults = Vec::new();
        for loss in losses(&disk) {
            let copy = TempDir::new().unwrap();
            copy_folder(&dir.path().join("history"), copy.path());
            disk.lose(loss, &dir.path().join("history"), copy.path());
            faults.extend(fault(copy.path()).await);
        }
        assert!(!faults.is_empty(), "forgetting of kind {index} went unnoticed");
    }
}
