//! History being written while something goes wrong: a failed fsync, a second writer, a full disk under running queries.

use super::disk::{Call, TestDisk, Verdict, files_below};
use super::{ask, open, stored};
use crate::delta::log_folder::LOG_FOLDER;
use crate::error::Error;
use crate::fixture::{self, CENTRE};
use crate::history::flusher::Flusher;
use crate::history::options::HistoryOptions;
use crate::history::writer::History;
use crate::sql::door::SqlDoor;
use crate::sql::limits::SqlLimits;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use tempfile::TempDir;
use vigie_model::audit::KeptNowhere;
use vigie_model::doors::{QueryDoor, QueryFormat, Question};
use vigie_model::principal::Principal;

async fn open_on(root: &Path, disk: &TestDisk) -> Arc<History> {
    let history = History::open_on(HistoryOptions::new(root, CENTRE, "log-a"), Arc::new(disk.clone())).await.unwrap();
    history.take_record(&fixture::control()).unwrap();
    history.take_record(&fixture::dictionary()).unwrap();
    Arc::new(history)
}

fn is_commit(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

/// A name is never visible before its bytes are durable, and a commit never before the files that it names.
#[tokio::test]
async fn everything_is_durable_before_it_is_visible() {
    let dir = TempDir::new().unwrap();
    let (root, disk) = (dir.path().join("history"), TestDisk::sound());
    let history = open_on(&root, &disk).await;
    for first in (0..60).step_by(20) {
        history.take_record(&fixture::observations(0, first, 20)).unwrap();
        history.flush().await.unwrap();
    }
    let journal = disk.journal();
    let (mut synced, mut published, mut durable) = (BTreeSet::new(), HashMap::new(), HashMap::new());
    for (place, call) in journal.iter().enumerate() {
        match call {
            Call::Write(path, _) => drop(synced.remove(path)),
            Call::SyncFile(path) => drop(synced.insert(path.clone())),
            Call::Link(from, to) | Call::Rename(from, to) => {
                assert!(synced.contains(from), "{to:?} is visible before it is durable");
                published.insert(to.clone(), place);
            }
            Call::SyncFolder(folder) => {
                for path in published.keys().filter(|path| path.parent() == Some(folder)) {
                    durable.entry(path.clone()).or_insert(place);
                }
            }
            _ => {}
        }
    }
    let files = files_below(&root);
    assert_eq!(files.keys().collect::<BTreeSet<_>>(), published.keys().collect(), "nothing is written past the disk");
    let mut adds = 0;
    for commit in files.keys().filter(|path| is_commit(path)) {
        let text = std::fs::read_to_string(commit).unwrap();
        for add in text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
            let Some(path) = add["add"]["path"].as_str() else { continue };
            let data = commit.parent().unwrap().parent().unwrap().join(path);
            assert!(durable[&data] < published[commit], "{commit:?} names {data:?}, which is not durable");
            adds += 1;
        }
    }
    assert!(adds >= 6, "{adds} data files");
    assert!(files.keys().all(|path| durable.contains_key(path)));
}

#[tokio::test]
async fn a_failed_fsync_ends_all_writing_and_is_never_retried() {
    for failing in [
        |call: &Call| matches!(call, Call::SyncFile(_)),
        |call: &Call| matches!(call, Call::SyncFolder(folder) if folder.ends_with(LOG_FOLDER)),
    ] {
        let dir = TempDir::new().unwrap();
        let disk = TestDisk::sound();
        let history = open_on(&dir.path().join("history"), &disk).await;
        history.take_record(&fixture::observations(0, 0, 4)).unwrap();
        let (failed, later) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&later);
        disk.set_rule(move |call| {
            if failed.load(Ordering::SeqCst) {
                counted.fetch_add(u64::from(!matches!(call, Call::Remove(_))), Ordering::SeqCst);
                return Verdict::Do;
            }
            failed.store(failing(call), Ordering::SeqCst);
            if failing(call) { Verdict::Fail } else { Verdict::Do }
        });
        let waiting = tokio::spawn({
            let history = Arc::clone(&history);
            async move { history.poisoned().await }
        });
        assert!(!history.status().is_poisoned);
        for _ in 0..3 {
            let error = history.flush().await.unwrap_err();
            assert!(matches!(error, Error::Poisoned { .. }), "{error:?}");
            assert!(error.to_string().contains("restart the process"), "{error}");
        }
        assert!(waiting.await.unwrap().contains("fsync of"));
        assert!(history.status().is_poisoned);
        assert_eq!(later.load(Ordering::SeqCst), 0, "the disk would have worked again, but was not asked");
        assert_eq!(ask(history.clone(), "SELECT count(*) FROM observations").await, "4", "queries go on");
        let stopped = Flusher::start(Arc::clone(&history)).stop().await;
        assert!(matches!(stopped, Err(Error::Poisoned { .. })), "{stopped:?}");
        drop(history);
        let again = open(&dir.path().join("history"), "log-a").await;
        again.take_record(&fixture::observations(0, 0, 4)).unwrap();
        again.flush().await.unwrap();
        let rows = stored(&dir.path().join("history")).await.unwrap();
        assert_eq!((rows[0].len(), rows[5].len()), (4, 2), "the next process stores every row once");
    }
}

/// The second writer commits between the first one's data files and its commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loser_of_a_race_rewrites_what_is_missing_and_removes_its_files() {
    let dir = TempDir::new().unwrap();
    let (root, disk) = (dir.path().join("history"), TestDisk::sound());
    let loser = open_on(&root, &disk).await;
    let winner = open(&root, "log-a").await;
    loser.flush().await.unwrap();
    loser.take_record(&fixture::observations(0, 0, 6)).unwrap();
    loser.take_record(&fixture::observations(1, 0, 1)).unwrap();
    winner.take_record(&fixture::observations(0, 0, 4)).unwrap();
    let (reached, at_commit) = mpsc::channel();
    let (go, gone) = mpsc::channel();
    let mut is_first = true;
    disk.set_rule(move |call| {
        if is_first && matches!(call, Call::Link(_, to) if is_commit(to)) {
            is_first = false;
            reached.send(()).unwrap();
            gone.recv().unwrap();
        }
        Verdict::Do
    });
    let losing = tokio::spawn({
        let loser = Arc::clone(&loser);
        async move { loser.flush().await.unwrap() }
    });
    tokio::task::spawn_blocking(move || at_commit.recv().unwrap()).await.unwrap();
    winner.flush().await.unwrap();
    go.send(()).unwrap();
    assert_eq!(losing.await.unwrap(), 3, "two rows of partition 0 and one of partition 1");
    assert_eq!(loser.status().conflicts, 1);
    assert_eq!(ask(loser, "SELECT count(*) FROM observations").await, "7");
    let mut rows = stored(&root).await.unwrap()[0].clone();
    rows.sort_unstable();
    assert_eq!(rows, [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 0)]);
    assert_eq!(unnamed_files(&root.join("observations")), Vec::<PathBuf>::new());
}

/// The data files of a table that no commit names.
fn unnamed_files(table: &Path) -> Vec<PathBuf> {
    let files = files_below(table);
    let commits: String =
        files.keys().filter(|path| is_commit(path)).map(|p| std::fs::read_to_string(p).unwrap()).collect();
    let is_data = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "parquet");
    let data = files.keys().filter(is_data).filter(|path| !path.parent().unwrap().ends_with(LOG_FOLDER));
    data.filter(|path| !commits.contains(path.file_name().unwrap().to_str().unwrap())).cloned().collect()
}

/// Two writers of the same log, each taking everything in steps of its own and flushing as it likes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_of_one_log_store_every_row_once() {
    const ROWS: u64 = 60;
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("history");
    let writers = [open(&root, "log-a").await, open(&root, "log-a").await];
    let steps = [4, 5];
    let racing = writers.iter().zip(steps).map(|(history, step)| {
        let history = Arc::clone(history);
        tokio::spawn(async move {
            for first in (0..ROWS).step_by(step as usize) {
                history.take_record(&fixture::observations(0, first, step)).unwrap();
                while let Err(error) = history.flush().await {
                    assert!(matches!(error, Error::Contended { .. }), "{error:?}");
                }
            }
        })
    });
    for writer in racing.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert!(writers.iter().map(|history| history.status().conflicts).sum::<u64>() > 0, "there must have been a race");
    let mut rows = stored(&root).await.unwrap();
    rows[0].sort_unstable();
    assert_eq!(rows[0], (0..ROWS as i64).map(|offset| (0, offset)).collect::<Vec<_>>());
    assert_eq!(rows[5].len(), 2);
    assert_eq!(unnamed_files(&root.join("observations")), Vec::<PathBuf>::new());
}

/// Commits paused altogether: nobody flushes.
#[tokio::test]
async fn with_commits_paused_a_row_is_seen_by_the_very_next_query() {
    let dir = TempDir::new().unwrap();
    let history = open(&dir.path().join("history"), "log-a").await;
    for first in 0..20 {
        history.take_record(&fixture::observations(0, first, 1)).unwrap();
        let seen =
            ask(history.clone(), "SELECT count(*), count(DISTINCT \"offset\"), max(value) FROM observations").await;
        assert_eq!(seen, format!("{0},{0},{first}.0", first + 1));
    }
    assert_eq!(history.status().commits, 0);
}

/// Queries while rows are taken and flushed, and every third flush fails, at a data file or at the commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_are_exact_while_flushes_fail() {
    const FLUSHES: u64 = 24;
    const CHECKS_MIN: u64 = 4;
    let dir = TempDir::new().unwrap();
    let disk = TestDisk::sound();
    let history = open_on(&dir.path().join("history"), &disk).await;
    let door = Arc::new(SqlDoor::new(history.clone(), SqlLimits::default(), Arc::new(KeptNowhere)).unwrap());
    let (taken, checks) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let writer = {
        let (history, taken, checks) = (history.clone(), taken.clone(), checks.clone());
        tokio::spawn(async move {
            let mut failures = 0;
            // Whole rounds of six, so that the last flush is one that fails.
            let goes_on = |flush: &u64| {
                *flush < FLUSHES || !flush.is_multiple_of(6) || checks.load(Ordering::SeqCst) < CHECKS_MIN
            };
            for flush in (0..).take_while(goes_on) {
                history.take_record(&fixture::observations(0, flush * 7, 7)).unwrap();
                taken.fetch_add(7, Ordering::SeqCst);
                disk.set_rule(move |call| {
                    let fails = match flush % 6 {
                        2 => matches!(call, Call::Rename(..)),
                        5 => matches!(call, Call::Link(_, to) if is_commit(to)),
                        _ => false,
                    };
                    if fails { Verdict::Fail } else { Verdict::Do }
                });
                failures += u64::from(history.flush().await.is_err());
            }
            failures
        })
    };
    let sql = "SELECT count(*), (SELECT count(DISTINCT \"offset\") FROM observations) FROM observations";
    while !writer.is_finished() {
        let before = taken.load(Ordering::SeqCst);
        let answer = door.whole(&Principal::local(CENTRE), Question::new(sql, QueryFormat::Csv, "test")).await.unwrap();
        let after = taken.load(Ordering::SeqCst) + 7;
        let text = String::from_utf8(answer.body).unwrap();
        let counts: Vec<u64> = text.lines().nth(1).unwrap().split(',').map(|n| n.parse().unwrap()).collect();
        assert_eq!(counts[0], counts[1], "a row was seen twice, or two scans saw two instants");
        assert!((before..=after).contains(&counts[0]), "{before} <= {} <= {after}", counts[0]);
        checks.fetch_add(1, Ordering::SeqCst);
    }
    let failures: u64 = writer.await.unwrap();
    assert_eq!(failures * 7 * 3, taken.load(Ordering::SeqCst), "every third flush must really have failed");
    assert!(!history.status().is_poisoned);
    history.flush().await.unwrap_err();
}

#[tokio::test]
async fn a_record_that_is_stored_costs_no_room_and_builds_no_rows() {
    let dir = TempDir::new().unwrap();
    let options =
        HistoryOptions { rows_hot_max: 4, ..HistoryOptions::new(dir.path().join("history"), CENTRE, "log-a") };
    let history = Arc::new(History::open(options).await.unwrap());
    history.take_record(&fixture::dictionary()).unwrap();
    history.take_record(&fixture::observations(0, 0, 4)).unwrap();
    history.take_record(&fixture::observations(0, 0, 4)).unwrap();
    history.take_record(&fixture::observations(0, 1, 2)).unwrap();
    assert!(history.take_record(&fixture::observations(0, 3, 2)).is_err(), "one of its rows is new");
    history.flush().await.unwrap();
    history.take_record(&fixture::observations(0, 3, 2)).unwrap();
    assert_eq!(ask(history, "SELECT count(*), count(DISTINCT \"offset\") FROM observations").await, "5,5");

    let options = HistoryOptions::new(dir.path().join("history"), CENTRE, "log-a");
    let again = History::open(options).await.unwrap();
    // Rows that are built look up their names; these have not been learnt, so building them would panic.
    again.take_record(&fixture::observations(0, 0, 4)).unwrap();
}
