//! Upkeep of history: files become few and sorted, no row or position changes, whoever races, stops or crashes meanwhile.

use super::disk::{Loss, TestDisk, copy_folder, files_below};
use super::{COUNTS, ask, fill, open, stored};
use crate::delta::files::{DataFile, Kind};
use crate::error::Error;
use crate::fixture::{self, CENTRE};
use crate::history::options::HistoryOptions;
use crate::history::reader::HistoryReader;
use crate::history::source::RowSource;
use crate::history::writer::History;
use crate::schema::table::Table;
use crate::sql::door::SqlDoor;
use crate::sql::limits::SqlLimits;
use crate::upkeep::keeper::{Upkeep, UpkeepOptions, compact, files_of, remove_unneeded};
use crate::upkeep::plan::{Job, next_job};
use crate::upkeep::rewrite::{Outcome, SPILL, rewrite};
use crate::verify::verify;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use vigie_model::audit::KeptNowhere;
use vigie_model::doors::{QueryDoor, QueryFormat, Question};
use vigie_model::principal::Principal;

/// A day after those of the fixture.
const LATER: &str = "2017-04-01";
const MEMORY: usize = 32 << 20;

/// Commits of observations of three days, a few rows each; only one of the last day.
async fn many_commits(history: &History) {
    for first in (0..40).step_by(2) {
        history.take_record(&fixture::observations(0, first, 2)).unwrap();
        history.flush().await.unwrap();
    }
}

async fn job(history: &History, table: Table) -> Job {
    next_job(history.committed(table).data_files().await.unwrap(), LATER).unwrap()
}

async fn run(history: &History, job: &Job) -> Result<Outcome, Error> {
    rewrite(history, Table::Observations, job, MEMORY, &AtomicBool::new(false)).await
}

async fn compact_all(history: &History) -> Result<(), Error> {
    for table in Table::ALL {
        compact(history, table, &UpkeepOptions::default(), |_| {}).await?;
    }
    Ok(())
}

/// The paths of all data files on disk, of all tables.
fn on_disk(root: &Path) -> BTreeSet<String> {
    let files = files_below(root).into_keys();
    let below = files.map(|path| path.strip_prefix(root).unwrap().display().to_string());
    below.filter(|path| path.contains("date=")).collect()
}

async fn named(history: &History) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for table in Table::ALL {
        let files = history.committed(table).data_files().await.unwrap();
        named.extend(files.iter().map(|DataFile { path, .. }| format!("{}/{path}", table.name())));
    }
    named
}

#[tokio::test]
async fn files_become_few_and_sorted_and_rows_and_positions_stay() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    many_commits(&history).await;
    let rows = "SELECT space, event_time, sensor, node, seq, id, metric, value, unit, quality, flags, sent_time, feed,
                log_time, \"partition\", \"offset\", date FROM observations ORDER BY \"offset\"";
    let (before, stored_before) = (ask(history.clone(), rows).await, stored(dir.path()).await.unwrap());
    let reader = Arc::new(HistoryReader::open(dir.path()).await.unwrap());
    let files = files_of(&history, Table::Observations).await.unwrap();
    assert_eq!((files.files, files.dates, files.rows), (20, 3, 40));

    compact_all(&history).await.unwrap();
    let files = files_of(&history, Table::Observations).await.unwrap();
    assert_eq!((files.files, files.files_a_date_max, files.rows), (3, 1, 40));
    let sorted = history.committed(Table::Observations).data_files().await.unwrap();
    let sorted = sorted.iter().filter(|file| file.kind == Kind::Sorted).count();
    assert_eq!(sorted, 2, "a file alone is left as it is");
    assert_eq!(ask(history.clone(), rows).await, before, "the next query reads the new files");
    let after = stored(dir.path()).await.unwrap();
    let set = |rows: &[(i32, i64)]| rows.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(after.each_ref().map(|rows| set(rows)), stored_before.each_ref().map(|rows| set(rows)));
    let place = |offset: i64| (offset % 2 == 0, offset);
    let of_days = [0..14, 14..38, 38..40].map(|day| (i64::from(day.start), i64::from(day.end)));
    assert!(
        after[0].windows(2).all(|two| {
            let day = |offset: i64| of_days.iter().position(|(start, end)| (*start..*end).contains(&offset));
            day(two[0].1) != day(two[1].1) || place(two[0].1) < place(two[1].1)
        }),
        "{:?}",
        after[0]
    );
    assert_eq!(ask(reader, rows).await, before, "who opened before reads the files of then");
    assert_eq!(verify(dir.path(), None).await.len(), 0);
    drop(history);

    let again = open(dir.path(), "log-a").await;
    again.take_record(&fixture::observations(0, 0, 41)).unwrap();
    assert_eq!(again.flush().await.unwrap(), 1, "positions are those of before");
    assert_eq!(ask(again.clone(), "SELECT count(*), count(DISTINCT \"offset\") FROM observations").await, "41,41");
}

#[tokio::test]
async fn every_table_can_be_put_together() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    fill(&history);
    history.flush().await.unwrap();
    for offset in 6..9 {
        history.take_record(&fixture::incidents(offset)).unwrap();
        history.take_record(&fixture::perceptions(offset)).unwrap();
        history
            .take_alert(&fixture::alert(offset + 1, vigie_model::alert::AlertState::Cleared, fixture::START_MS))
            .unwrap();
        history.take_applied(&fixture::closed(offset + 1)).unwrap();
        history.flush().await.unwrap();
    }
    let seen = async || {
        let mut seen = Vec::new();
        for table in ["incidents", "perceptions", "alerts", "actions", "spaces"] {
            let sql = format!("SELECT * FROM {table} ORDER BY \"partition\", \"offset\"");
            seen.push(ask(history.clone(), &sql).await);
        }
        seen
    };
    let (before, counts) = (seen().await, ask(history.clone(), COUNTS).await);
    compact_all(&history).await.unwrap();
    assert_eq!((seen().await, ask(history.clone(), COUNTS).await), (before, counts));
    for table in [Table::Incidents, Table::Perceptions, Table::Alerts, Table::Actions] {
        let files = files_of(&history, table).await.unwrap();
        assert_eq!(files.files, files.dates, "{table}");
    }
    assert_eq!(verify(dir.path(), None).await.len(), 0);
}

#[tokio::test]
async fn a_flush_meanwhile_is_kept_and_neither_fails() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    many_commits(&history).await;
    let job = job(&history, Table::Observations).await;
    history.take_record(&fixture::observations(0, 40, 3)).unwrap();
    assert_eq!(history.flush().await.unwrap(), 3);
    history.take_record(&fixture::observations(0, 43, 1)).unwrap();
    assert_eq!(run(&history, &job).await.unwrap(), Outcome::Replaced(1));
    let count = "SELECT count(*), count(DISTINCT \"offset\") FROM observations";
    assert_eq!(ask(history.clone(), count).await, "44,44", "hot rows too");
    assert_eq!(history.flush().await.unwrap(), 1);
    assert_eq!((ask(history.clone(), count).await, history.status().conflicts), ("44,44".to_owned(), 0));
}

/// Delta would let both commit, and every row would be there twice.
#[tokio::test]
async fn of_two_that_replace_the_same_files_one_gives_way() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    many_commits(&history).await;
    let other = open(dir.path(), "log-a").await;
    let late = job(&other, Table::Observations).await;
    assert_eq!(run(&history, &job(&history, Table::Observations).await).await.unwrap(), Outcome::Replaced(1));
    let files = on_disk(dir.path());
    assert_eq!(run(&other, &late).await.unwrap(), Outcome::Overtaken);
    assert_eq!(on_disk(dir.path()), files, "it takes its files away again");
    let count = "SELECT count(*), count(DISTINCT \"offset\") FROM observations";
    assert_eq!(ask(other.clone(), count).await, "40,40");
    assert_eq!(stored(dir.path()).await.unwrap()[0].len(), 40);
    // A flush of the other in between is a race that can be run again.
    other.take_record(&fixture::observations(0, 40, 1)).unwrap();
    other.flush().await.unwrap();
    assert_eq!(run(&history, &job(&history, Table::Observations).await).await.unwrap(), Outcome::Replaced(1));
    assert_eq!(stored(dir.path()).await.unwrap()[0].len(), 41);
}

#[tokio::test]
async fn rows_that_do_not_fit_in_memory_spill_and_files_are_cut_where_they_should() {
    let dir = TempDir::new().unwrap();
    let options = HistoryOptions { rows_hot_max: 100_000, ..HistoryOptions::new(dir.path(), CENTRE, "log-a") };
    let history = Arc::new(History::open(options).await.unwrap());
    history.take_record(&fixture::dictionary()).unwrap();
    for part in 0..3 {
        history.take_record(&fixture::observations_of_one_day(part * 10_000, 10_000)).unwrap();
        history.flush().await.unwrap();
    }
    let all = Job { rows_per_file: 12_000, ..job(&history, Table::Observations).await };
    let outcome = rewrite(&history, Table::Observations, &all, 3 << 20, &AtomicBool::new(false)).await.unwrap();
    assert_eq!(outcome, Outcome::Replaced(3));
    let rows: Vec<u64> =
        history.committed(Table::Observations).data_files().await.unwrap().iter().map(|file| file.rows).collect();
    assert_eq!(rows.iter().sum::<u64>(), 30_000);
    assert!(rows.contains(&12_000) && rows.contains(&6_000), "{rows:?}");
    let count = "SELECT count(*), count(DISTINCT \"offset\") FROM observations";
    assert_eq!(ask(history.clone(), count).await, "30000,30000");
    let left = std::fs::read_dir(dir.path().join(SPILL)).unwrap().count();
    assert_eq!(left, 0, "what was spilled is gone");
}

#[tokio::test]
async fn a_stop_leaves_everything_as_it_was() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    many_commits(&history).await;
    let (job, files) = (job(&history, Table::Observations).await, on_disk(dir.path()));
    let stopped = rewrite(&history, Table::Observations, &job, MEMORY, &AtomicBool::new(true)).await.unwrap();
    assert_eq!((stopped, on_disk(dir.path())), (Outcome::Stopped, files));
}

#[tokio::test]
async fn a_date_with_a_damaged_file_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    many_commits(&history).await;
    let job = job(&history, Table::Observations).await;
    let whole = dir.path().join("observations").join(&job.inputs[0].path);
    // Another whole file of the table, with other rows than its commit says.
    std::fs::copy(dir.path().join("observations").join(&job.inputs[1].path), &whole).unwrap();
    let shorter = Job {
        inputs: job.inputs.iter().cloned().map(|file| DataFile { rows: file.rows + 1, ..file }).collect(),
        ..job
    };
    let error = run(&history, &shorter).await.unwrap_err().to_string();
    assert!(error.contains("history is damaged") && error.contains("rows in files that should hold"), "{error}");
    assert_eq!(files_of(&history, Table::Observations).await.unwrap().files, 20);
}

#[tokio::test]
async fn a_vacuum_removes_what_no_version_needs_and_only_after_its_time() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    many_commits(&history).await;
    compact_all(&history).await.unwrap();
    // Of a process that was killed between file and commit.
    let orphan = dir.path().join("observations/date=2017-03-12/part-00000-orphan-c000.snappy.parquet");
    std::fs::write(&orphan, "half a file").unwrap();
    let before = on_disk(dir.path());
    let vacuum = async |kept| {
        let options = UpkeepOptions { removed_kept: kept, ..UpkeepOptions::default() };
        let mut files = 0;
        for table in Table::ALL {
            files += remove_unneeded(&history, table, &options).await.unwrap().files;
        }
        files
    };
    assert_eq!((vacuum(Duration::from_secs(3_600)).await, on_disk(dir.path())), (0, before));
    assert_eq!(vacuum(Duration::ZERO).await, 20, "nineteen that were replaced, and the orphan");
    assert_eq!(on_disk(dir.path()), named(&history).await);
    assert_eq!(ask(history.clone(), "SELECT count(*) FROM observations").await, "40");
    assert_eq!(verify(dir.path(), None).await.len(), 0);
}

/// A server's life in small: flushes, upkeep and queries at once; no query misses a row or sees one twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn queries_see_every_row_once_while_files_are_put_together() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    let options = UpkeepOptions { look_every: Duration::from_millis(1), ..UpkeepOptions::default() };
    let upkeep = Upkeep::start(Arc::clone(&history), options, None).unwrap();
    let door =
        SqlDoor::new(history.clone() as Arc<dyn RowSource>, SqlLimits::default(), Arc::new(KeptNowhere)).unwrap();
    let (mut taken, mut compacted) = (0, false);
    while !(compacted && taken >= 60) {
        history.take_record(&fixture::observations(0, taken, 2)).unwrap();
        taken += 2;
        history.flush().await.unwrap();
        let sql = "SELECT count(*), count(DISTINCT \"offset\") FROM observations";
        let answer = door.whole(&Principal::local(CENTRE), Question::new(sql, QueryFormat::Csv, "test")).await.unwrap();
        let counts = String::from_utf8(answer.body).unwrap();
        assert_eq!(counts.lines().nth(1), Some(format!("{taken},{taken}").as_str()));
        compacted = history
            .committed(Table::Observations)
            .data_files()
            .await
            .unwrap()
            .iter()
            .any(|file| file.kind == Kind::Sorted);
    }
    upkeep.stop();
    assert_eq!(verify(dir.path(), None).await.len(), 0);
}

#[tokio::test]
async fn a_crash_at_any_call_of_upkeep_loses_and_doubles_nothing() {
    let before = TempDir::new().unwrap();
    let history = open(&before.path().join("history"), "log-a").await;
    history.take_record(&fixture::observations(0, 0, 4)).unwrap();
    history.flush().await.unwrap();
    history.take_record(&fixture::observations(0, 4, 4)).unwrap();
    history.flush().await.unwrap();
    drop(history);
    let (mut index, mut replaced) = (0, 0);
    loop {
        let dir = TempDir::new().unwrap();
        copy_folder(before.path(), dir.path());
        let (root, copy, disk) = (dir.path().join("history"), dir.path().join("copy"), TestDisk::sound());
        let options = HistoryOptions::new(&root, CENTRE, "log-a");
        let history = History::open_on(options, Arc::new(disk.clone())).await.unwrap();
        let stopped = disk.stop_at(index);
        let done = compact(&history, Table::Observations, &UpkeepOptions::default(), |_| {}).await;
        let stopped = stopped.load(Ordering::SeqCst);
        assert!(done.is_err() || !stopped, "upkeep that was stopped at call {index} must say so");
        drop(history);
        let would_lose = disk.would_lose();
        for loss in Loss::ALL.into_iter().filter(|loss| *loss == Loss::Nothing || would_lose) {
            copy_folder(&root, &copy);
            disk.lose(loss, &root, &copy);
            let rows = stored(&copy).await.unwrap()[0].to_vec();
            let distinct = rows.iter().collect::<BTreeSet<_>>().len();
            assert_eq!((rows.len(), distinct), (8, 8), "call {index}, loss {loss:?}");
            let again = open(&copy, "log-a").await;
            again.take_record(&fixture::observations(0, 0, 9)).unwrap();
            assert_eq!(again.rows_hot(), 1, "call {index}, loss {loss:?}: positions stay");
            replaced += usize::from(again.committed(Table::Observations).data_files().await.unwrap().len() == 1);
            drop(again);
            std::fs::remove_dir_all(&copy).unwrap();
        }
        if !stopped {
            break;
        }
        index += 1;
    }
    println!("{index} calls, {replaced} crashes after the commit");
    assert!(index > 5 && replaced > 0);
}
