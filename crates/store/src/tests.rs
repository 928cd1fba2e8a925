//! History as its callers see it: taken, committed, reopened, raced, broken, and asked meanwhile.

use crate::delta::open::survey;
use crate::error::Error;
use crate::fixture::{self, CENTRE, HOUR_MS, START_MS};
use crate::history::flusher::Flusher;
use crate::history::log_time::log_time_max_ms;
use crate::history::options::{Full, HistoryOptions};
use crate::history::reader::HistoryReader;
use crate::history::source::RowSource;
use crate::history::writer::History;
use crate::schema::table::Table;
use crate::sql::door::SqlDoor;
use crate::sql::limits::SqlLimits;
use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type};
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use vigie_model::alert::AlertState;
use vigie_model::audit::KeptNowhere;
use vigie_model::control::{Control, SourceFile};
use vigie_model::doors::{QueryDoor, QueryFormat, Question};
use vigie_model::principal::Principal;
use vigie_model::record::{Payload, Record};
use vigie_model::space::Space;

mod crash;
mod damage;
mod disk;
mod older;
mod retention;
mod store;
mod stored;
mod upkeep;
mod verifying;
mod writing;

async fn open(root: &Path, log_id: &str) -> Arc<History> {
    let history = History::open(HistoryOptions::new(root, CENTRE, log_id)).await.unwrap();
    history.take_record(&fixture::control()).unwrap();
    history.take_record(&fixture::dictionary()).unwrap();
    Arc::new(history)
}

async fn ask(source: Arc<dyn RowSource>, sql: &str) -> String {
    let door = SqlDoor::new(source, SqlLimits::default(), Arc::new(KeptNowhere)).unwrap();
    let answer = door.whole(&Principal::local(CENTRE), Question::new(sql, QueryFormat::Csv, "test")).await.unwrap();
    String::from_utf8(answer.body).unwrap().lines().skip(1).collect::<Vec<_>>().join(" ")
}

/// (partition, offset) of the committed rows of each table, read from the files that its newest version names.
async fn stored(root: &Path) -> Result<[Vec<(i32, i64)>; 6], Box<dyn std::error::Error>> {
    survey(root)?;
    let mut rows = [const { Vec::new() }; 6];
    for table in Table::ALL {
        let delta = crate::delta::open::open(root, table).await?;
        for file in delta.snapshot()?.log_data().iter() {
            let file = std::fs::File::open(root.join(table.name()).join(&*file.path()))?;
            for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
                let batch = batch?;
                let partitions = batch.column_by_name("partition").unwrap().as_primitive::<Int32Type>().values();
                let offsets = batch.column_by_name("offset").unwrap().as_primitive::<Int64Type>().values();
                rows[table as usize].extend(partitions.iter().copied().zip(offsets.iter().copied()));
            }
        }
    }
    Ok(rows)
}

/// Rows of every table; filling twice is what a repeated replay does.
fn fill(history: &History) {
    for first in [0, 3] {
        history.take_record(&fixture::observations(0, first, 3)).unwrap();
    }
    history.take_record(&fixture::observations(1, 0, 2)).unwrap();
    history.take_record(&fixture::incidents(5)).unwrap();
    history.take_record(&fixture::perceptions(5)).unwrap();
    history.take_alert(&fixture::alert(2, AlertState::Active, START_MS)).unwrap();
    history.take_alert(&fixture::alert(3, AlertState::Pending, START_MS)).unwrap();
    history.take_alert(&fixture::alert(5, AlertState::Cleared, START_MS + HOUR_MS)).unwrap();
    history.take_applied(&fixture::closed(6)).unwrap();
}

const COUNTS: &str = "SELECT (SELECT count(*) FROM observations) AS o, (SELECT count(*) FROM incidents) AS i,
  (SELECT count(*) FROM perceptions) AS p, (SELECT count(*) FROM alerts) AS a, (SELECT count(*) FROM actions) AS c,
  (SELECT count(*) FROM spaces) AS s";

#[tokio::test]
async fn rows_are_seen_at_once_survive_reopening_and_a_repeat_adds_nothing() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    fill(&history);
    assert_eq!(ask(history.clone(), COUNTS).await, "8,1,1,2,1,2");
    assert_eq!(history.flush().await.unwrap(), 15);
    assert_eq!(history.rows_hot(), 0);
    assert_eq!(ask(history.clone(), COUNTS).await, "8,1,1,2,1,2");
    fill(&history);
    assert_eq!(history.rows_hot(), 0, "a repeat in the same process");
    drop(history);

    let again = open(dir.path(), "log-a").await;
    fill(&again);
    assert_eq!(again.rows_hot(), 0, "a repeat after reopening");
    again.take_record(&fixture::observations(0, 4, 4)).unwrap();
    assert_eq!(ask(again.clone(), COUNTS).await, "10,1,1,2,1,2", "only what is new");
    let committed = Arc::new(HistoryReader::open(dir.path()).await.unwrap());
    assert_eq!(ask(committed.clone(), COUNTS).await, "8,1,1,2,1,2", "a reader sees committed rows only");
    let newest = log_time_max_ms(committed.as_ref(), CENTRE).await.unwrap();
    assert_eq!(newest, Some(START_MS + 5 * HOUR_MS + 5));
    assert_eq!(log_time_max_ms(committed.as_ref(), "dublin").await.unwrap(), None);

    let other = open(dir.path(), "log-b").await;
    other.take_record(&fixture::observations(0, 0, 1)).unwrap();
    assert_eq!(other.flush().await.unwrap(), 3, "positions of different logs never compare");
}

/// A control record of the fixture's spaces and rules of the given text; `quay` tells whether there is a third space.
fn control(rules: &str, quay: bool) -> Record {
    let Payload::Control(control) = fixture::control().payload else { unreachable!() };
    let mut control = Control::clone(&control);
    control.rules = vec![SourceFile { path: "r.yaml".into(), text: rules.into() }];
    if quay {
        Arc::make_mut(&mut control.spaces).push(Space::registered("quay"));
    }
    fixture::record(Payload::Control(Arc::new(control)))
}

#[tokio::test]
async fn spaces_are_written_again_only_when_they_differ_also_over_restarts() {
    let dir = TempDir::new().unwrap();
    let spaces = "SELECT count(*) AS n, count(DISTINCT \"offset\") AS d, count(DISTINCT id) AS s FROM spaces";
    let log = [control("a", false), control("b", false), control("b", true), control("c", true), control("c", false)];
    let counts = ["2,2,2", "2,2,2", "5,5,3", "5,5,3", "7,7,3"];
    for known in 0..log.len() {
        // Each start reads the log from its beginning, and one record more is written.
        let history = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
        log[..known].iter().for_each(|record| history.take_record(record).unwrap());
        assert_eq!(history.rows_hot(), 0, "what is stored is known");
        history.take_record(&log[known]).unwrap();
        let history = Arc::new(history);
        assert_eq!(ask(history.clone(), spaces).await, counts[known]);
        history.flush().await.unwrap();
    }
}

#[tokio::test]
async fn one_commit_has_rows_and_positions_and_columns_have_comments() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    fill(&history);
    history.flush().await.unwrap();
    let log = dir.path().join("observations/_delta_log");
    let commit = std::fs::read_to_string(log.join("00000000000000000001.json")).unwrap();
    assert_eq!(commit.matches(r#"{"add""#).count(), 1, "{commit}");
    assert!(commit.contains(r#""partitionValues":{"date":"2017-03-12"}"#), "{commit}");
    for position in [r#""appId":"log-a/observations/0","version":6"#, r#""appId":"log-a/observations/1","version":2"#] {
        assert!(commit.contains(position), "{commit}");
    }
    let created = std::fs::read_to_string(log.join("00000000000000000000.json")).unwrap();
    for text in [
        "vigie.formatVersion",
        r#"\"comment\":\"what was measured\""#,
        r#"\"unit\":\"UTC\""#,
        Table::Observations.comment(),
    ] {
        assert!(created.contains(text), "{text} in {created}");
    }
}

#[tokio::test]
async fn rows_are_stored_sorted_by_space_and_time() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    history.take_record(&fixture::observations(0, 0, 6)).unwrap();
    history.flush().await.unwrap();
    assert_eq!(ask(history.clone(), "SELECT \"offset\" FROM observations").await, "1 3 5 0 2 4");
}

#[tokio::test]
async fn the_loser_of_a_race_stores_only_what_is_missing() {
    let dir = TempDir::new().unwrap();
    let (winner, loser) = (open(dir.path(), "log-a").await, open(dir.path(), "log-a").await);
    winner.take_record(&fixture::observations(0, 0, 4)).unwrap();
    loser.take_record(&fixture::observations(0, 0, 6)).unwrap();
    loser.take_record(&fixture::observations(1, 0, 1)).unwrap();
    winner.flush().await.unwrap();
    assert_eq!(loser.flush().await.unwrap(), 3);
    let rows = "SELECT count(*), count(DISTINCT \"offset\") FROM observations WHERE \"partition\" = 0";
    assert_eq!(ask(loser.clone(), rows).await, "6,6");
    assert_eq!(ask(loser.clone(), "SELECT count(*) FROM spaces").await, "2");
    assert_eq!(loser.rows_hot(), 0);
}

#[tokio::test]
async fn a_failing_flush_loses_nothing_and_shows_in_the_status() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    history.take_record(&fixture::observations(0, 0, 4)).unwrap();
    let (log, away) = (dir.path().join("observations/_delta_log"), dir.path().join("away"));
    std::fs::rename(&log, &away).unwrap();
    std::fs::write(&log, "a file where the folder should be").unwrap();
    for failures in 1..=2 {
        assert!(matches!(history.flush().await.unwrap_err(), Error::Delta { .. }));
        let status = history.status();
        assert_eq!((status.failures_in_a_row, status.rows_hot), (failures, 4), "{status:?}");
        assert!(status.last_error.unwrap().contains("observations"));
    }
    assert_eq!(ask(history.clone(), "SELECT count(*) FROM spaces").await, "2", "other tables go on");
    std::fs::remove_file(&log).unwrap();
    std::fs::rename(&away, &log).unwrap();
    assert_eq!(history.flush().await.unwrap(), 4);
    let status = history.status();
    assert_eq!((status.failures_in_a_row, status.last_error, status.rows_committed), (0, None, 6));
    assert_eq!(ask(history.clone(), "SELECT count(*) FROM observations").await, "4");
}

#[tokio::test]
async fn a_full_buffer_makes_the_caller_wait_for_the_flusher() {
    let dir = TempDir::new().unwrap();
    let options =
        HistoryOptions { rows_hot_max: 10, rows_per_flush: 8, ..HistoryOptions::new(dir.path(), CENTRE, "log-a") };
    let history = Arc::new(History::open(options).await.unwrap());
    history.take_record(&fixture::dictionary()).unwrap();
    history.take_record(&fixture::observations(0, 0, 10)).unwrap();
    assert_eq!(history.take_record(&fixture::observations(0, 10, 1)), Err(Full));
    let flusher = Flusher::start(Arc::clone(&history));
    for first in (10..40).step_by(5) {
        while history.take_record(&fixture::observations(0, first, 5)) == Err(Full) {
            history.room().await;
        }
    }
    flusher.stop().await.unwrap();
    assert_eq!(history.rows_hot(), 0);
    assert_eq!(ask(history.clone(), "SELECT count(*), max(value) FROM observations").await, "40,39.0");
}

#[tokio::test]
async fn checkpoints_keep_positions() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    for first in 0..52 {
        history.take_record(&fixture::observations(0, first, 1)).unwrap();
        history.flush().await.unwrap();
    }
    assert!(dir.path().join("observations/_delta_log/_last_checkpoint").exists());
    let again = open(dir.path(), "log-a").await;
    again.take_record(&fixture::observations(0, 0, 53)).unwrap();
    assert_eq!(again.rows_hot(), 1);
    assert_eq!(ask(again.clone(), "SELECT count(*), count(DISTINCT \"offset\") FROM observations").await, "53,53");
}

#[tokio::test]
async fn missing_newer_and_foreign_tables_are_refused_with_a_way_out() {
    let dir = TempDir::new().unwrap();
    let missing = HistoryReader::open(&dir.path().join("none")).await.err().unwrap();
    assert!(missing.to_string().contains("run `vigie replay`"), "{missing}");
    drop(open(dir.path(), "log-a").await);
    let created = dir.path().join("alerts/_delta_log/00000000000000000000.json");
    let text = std::fs::read_to_string(&created).unwrap();
    for (property, expected) in [(r#""vigie.formatVersion":"2""#, "format version 2"), (r#""a":"b""#, "no property")] {
        std::fs::write(&created, text.replace(r#""vigie.formatVersion":"1""#, property)).unwrap();
        let refused = HistoryReader::open(dir.path()).await.err().unwrap();
        assert!(refused.to_string().contains(expected), "{refused}");
    }
}

/// Queries while rows are taken and flushed: each sees every acknowledged row exactly once, also in two scans.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_are_exact_while_flushes_commit() {
    const FLUSHES: u64 = 40;
    const CHECKS_MIN: u64 = 4;
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    let door = Arc::new(SqlDoor::new(history.clone(), SqlLimits::default(), Arc::new(KeptNowhere)).unwrap());
    let (taken, checks) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let writer = {
        let (history, taken, checks) = (history.clone(), taken.clone(), checks.clone());
        tokio::spawn(async move {
            let flushes = (0..).take_while(|flush| *flush < FLUSHES || checks.load(Ordering::SeqCst) < CHECKS_MIN);
            for first in flushes.map(|flush| flush * 7) {
                for partition in [0, 1] {
                    history.take_record(&fixture::observations(partition, first, 7)).unwrap();
                    taken.fetch_add(7, Ordering::SeqCst);
                }
                history.flush().await.unwrap();
            }
        })
    };
    let sql = "SELECT count(*), (SELECT count(DISTINCT \"partition\" * 1000 + \"offset\") FROM observations) FROM observations";
    while !writer.is_finished() {
        let before = taken.load(Ordering::SeqCst);
        let answer = door.whole(&Principal::local(CENTRE), Question::new(sql, QueryFormat::Csv, "test")).await.unwrap();
        // The writer takes a batch just before it counts it.
        let after = taken.load(Ordering::SeqCst) + 7;
        let text = String::from_utf8(answer.body).unwrap();
        let counts: Vec<u64> = text.lines().nth(1).unwrap().split(',').map(|n| n.parse().unwrap()).collect();
        assert_eq!(counts[0], counts[1], "a row was seen twice, or two scans saw two instants");
        assert!((before..=after).contains(&counts[0]), "{before} <= {} <= {after}", counts[0]);
        checks.fetch_add(1, Ordering::SeqCst);
    }
    writer.await.unwrap();
    let taken = taken.load(Ordering::SeqCst);
    assert_eq!(ask(history.clone(), "SELECT count(*) FROM observations").await, taken.to_string());
}
