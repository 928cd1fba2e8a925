//! Answers on their way: bounded parts, readers that go away or dawdle, cancelling, and what the audit trail keeps of it.

use super::limits::SqlLimits;
use super::samples::{Filled, filled};
use crate::fixture::{self, CENTRE};
use arrow::ipc::reader::StreamReader;
use expect_test::expect;
use std::sync::atomic::Ordering;
use std::time::Duration;
use vigie_model::audit::{AuditRecord, QueryOutcome};
use vigie_model::doors::{AnswerBounds, AnswerStream, QueryDoor, QueryError, QueryFormat, Question};
use vigie_model::principal::Principal;

/// 8^6 rows, far more than a reader has ready.
const MANY: &str = "SELECT a.space, b.value FROM observations a, observations b, observations c, observations d, \
                    observations e, observations f";
const MANY_ROWS: u64 = 262_144;

fn who() -> Principal {
    Principal::local(CENTRE)
}

fn many(format: QueryFormat) -> Question {
    let bounds = AnswerBounds { rows_max: Some(MANY_ROWS), bytes_max: Some(1 << 30) };
    Question { bounds, ..Question::new(MANY, format, "test") }
}

/// The parts until the end or an error, and which.
async fn drained(mut answer: AnswerStream) -> (Vec<Vec<u8>>, Option<QueryError>) {
    let mut parts = Vec::new();
    while let Some(part) = answer.parts.next().await {
        match part {
            Ok(part) => parts.push(part),
            Err(error) => return (parts, Some(error)),
        }
    }
    (parts, None)
}

impl Filled {
    /// Waits until no query runs any more, and tells how the newest ended.
    async fn last_end(&self) -> (QueryOutcome, Option<String>) {
        let ended = async {
            loop {
                let (running, ended) = self.door.queries(&who());
                if let (true, Some(last)) = (running.is_empty(), ended.first()) {
                    return (last.outcome, last.error.clone());
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ended).await.expect("the query ends")
    }

    fn audited(&self) -> String {
        let records = self.audit.records.lock().unwrap();
        let line = |record: &AuditRecord| match record {
            AuditRecord::Begun(begun) => {
                format!("{} by {} for {:?} reads {:?}\n", begun.door, begun.who, begun.reason, begun.reads)
            }
            AuditRecord::Ended(ended) => format!("{} {}\n", ended.outcome.word(), ended.rows),
            other => unreachable!("{other:?} is of no query"),
        };
        records.iter().map(line).collect()
    }
}

#[tokio::test]
async fn a_large_answer_comes_in_bounded_parts_and_a_table_is_bounded_by_the_default() {
    let filled = filled(SqlLimits::default()).await;
    for format in [QueryFormat::Csv, QueryFormat::Json, QueryFormat::Arrow] {
        let (parts, error) = drained(filled.door.ask(&who(), many(format)).await.unwrap()).await;
        assert_eq!(error, None, "{format:?}");
        let longest = parts.iter().map(Vec::len).max().unwrap();
        // Text of a value is longer than the value; what matters is that it does not grow with the answer.
        assert!(parts.len() > 10 && longest < 4 << 20, "{format:?}: {} parts, {longest} bytes", parts.len());
        let whole = parts.concat();
        let rows = match format {
            QueryFormat::Csv => whole.iter().filter(|byte| **byte == b'\n').count() - 1,
            QueryFormat::Json => whole.iter().filter(|byte| **byte == b'}').count(),
            _ => StreamReader::try_new(&whole[..], None).unwrap().map(|batch| batch.unwrap().num_rows()).sum(),
        };
        assert_eq!(rows as u64, MANY_ROWS, "{format:?}");
    }
    let refused = filled.door.ask(&who(), many(QueryFormat::Table)).await.unwrap_err();
    expect!["rows_max is 262144, and at most 100000 for this format"].assert_eq(&refused.to_string());
    let mut batches = filled.door.open(&who(), many(QueryFormat::Table)).await.unwrap();
    assert_eq!(batches.schema().fields().len(), 2);
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        rows += batch.unwrap().num_rows() as u64;
    }
    assert_eq!((rows, batches.rows()), (MANY_ROWS, MANY_ROWS));
}

/// Names and one long text, which JSON and tables repeat with every row, count like rows.
#[tokio::test]
async fn long_names_and_texts_are_bounded_too() {
    let filled =
        filled(SqlLimits { part_bytes_max: 4 << 10, answer_bytes_default: 1 << 20, ..SqlLimits::default() }).await;
    let name = "n".repeat(3_000);
    let sql = format!("SELECT 1 AS \"{name}\" FROM observations a JOIN observations b ON a.metric = b.metric");
    let (parts, error) =
        drained(filled.door.ask(&who(), Question::new(&sql, QueryFormat::Json, "test")).await.unwrap()).await;
    assert!(error.is_none() && parts.len() >= 32, "{} parts of 64 rows, {error:?}", parts.len());
    let sql = format!(
        "SELECT CASE WHEN a.value = 0 AND b.value = 0 THEN '{name}' END AS x FROM observations a \
         JOIN observations b ON a.metric = b.metric JOIN observations c ON b.metric = c.metric"
    );
    let refused = filled.text(&sql, QueryFormat::Table).await;
    expect![[r#"
        the answer cannot be written in this format: Invalid argument error: 512 rows of 3000 characters are more than 1048576 bytes; ask for csv or json, or fewer columns
    "#]]
    .assert_eq(&refused);
    assert_eq!(filled.text(&sql, QueryFormat::Csv).await.lines().count(), 513);
}

/// Cut short by a bound, JSON has no closing bracket and Arrow no end-of-stream marker.
#[tokio::test]
async fn an_answer_that_breaks_off_shows_it() {
    let filled = filled(SqlLimits::default()).await;
    for format in [QueryFormat::Json, QueryFormat::Arrow] {
        let question = Question { bounds: AnswerBounds { rows_max: Some(50_000), bytes_max: None }, ..many(format) };
        let (parts, error) = drained(filled.door.ask(&who(), question).await.unwrap()).await;
        let said = error.unwrap().to_string();
        assert!(said.starts_with("the answer has more than 50000 rows; narrow it"), "{said}");
        let whole = parts.concat();
        assert!(!whole.is_empty());
        match format {
            QueryFormat::Json => assert!(!whole.ends_with(b"]")),
            _ => assert!(!whole.ends_with(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])),
        }
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_or_cancels_frees_the_slot() {
    let filled = filled(SqlLimits { queries_max: 1, ..SqlLimits::default() }).await;
    let mut gone = filled.door.ask(&who(), many(QueryFormat::Csv)).await.unwrap();
    gone.parts.next().await.unwrap().unwrap();
    drop(gone);
    assert_eq!(filled.last_end().await, (QueryOutcome::Cancelled, Some("the query was cancelled".to_owned())));

    let question = Question { id: Some("mine".into()), ..many(QueryFormat::Csv) };
    let running = filled.door.ask(&who(), question.clone()).await.unwrap();
    assert_eq!(filled.door.queries(&who()).0[0].id, running.id);
    let taken = filled.door.ask(&who(), question).await.unwrap_err();
    expect!["a query with the id 'mine' is running; choose another, or none"].assert_eq(&taken.to_string());
    let waiter = who();
    let waiting = filled.door.whole(&waiter, Question::new("SELECT 1", QueryFormat::Csv, "test"));
    let stranger = Principal { name: "somebody".into(), ..who() };
    assert_eq!(filled.door.queries(&stranger).0, []);
    assert!(!filled.door.cancel(&stranger, "mine"), "another one's query");
    assert!(filled.door.cancel(&who(), "mine") && !filled.door.cancel(&who(), "none"));
    let (_, error) = drained(running).await;
    assert_eq!(error, Some(QueryError::Cancelled));
    assert_eq!(waiting.await.unwrap().rows, 1, "the slot is free");
}

#[tokio::test]
async fn a_reader_that_dawdles_loses_its_answer() {
    let limits = SqlLimits { queries_max: 1, reader_wait_max: Duration::from_millis(50), ..SqlLimits::default() };
    let filled = filled(limits).await;
    let answer = filled.door.ask(&who(), many(QueryFormat::Csv)).await.unwrap();
    let (outcome, error) = filled.last_end().await;
    let said = "nobody took a part of the answer for 0.05 s; read faster, or ask for fewer rows";
    assert_eq!((outcome, error.as_deref()), (QueryOutcome::Limited, Some(said)));
    let (parts, error) = drained(answer).await;
    assert!(parts.len() <= 3 && error.is_some(), "{} parts, {error:?}", parts.len());
}

#[tokio::test]
async fn too_many_that_wait_are_refused() {
    let filled = filled(SqlLimits { queries_max: 1, waiting_max: 0, ..SqlLimits::default() }).await;
    let _running = filled.door.ask(&who(), many(QueryFormat::Csv)).await.unwrap();
    let refused = filled.door.ask(&who(), many(QueryFormat::Csv)).await.unwrap_err();
    expect!["0 queries are waiting already; try again later"].assert_eq(&refused.to_string());
}

#[tokio::test]
async fn every_query_is_begun_before_its_first_row_and_ended_behind_its_last() {
    let filled = filled(SqlLimits::default()).await;
    let sql = "SELECT rule FROM alerts a JOIN spaces s ON s.id = a.space WHERE a.event_time > '2017-01-01' AND state = 'active'";
    let reason: Option<std::sync::Arc<str>> = Some("shift report".into());
    let question = Question { reason: reason.clone(), ..Question::new(sql, QueryFormat::Json, "test") };
    let answer = filled.door.ask(&who(), question).await.unwrap();
    assert!(matches!(filled.audit.records.lock().unwrap()[..], [AuditRecord::Begun(_), ..]), "begun before its rows");
    drained(answer).await;
    for sql in [
        "SELECT count(*) FROM incidents",
        "DROP TABLE alerts",
        "SELECT 1 FROM actions WHERE false",
        "EXPLAIN SELECT id FROM spaces",
    ] {
        let _ = filled.ask(&fixture::partner("city-square"), sql, QueryFormat::Csv).await;
    }
    let long = Question { reason: Some("line\nline".into()), ..Question::new("SELECT 1", QueryFormat::Csv, "test") };
    expect!["the reason has to be one line of at most 1000 bytes"]
        .assert_eq(&filled.door.ask(&who(), long).await.unwrap_err().to_string());
    expect![[r#"
        test by local for Some("shift report") reads {"alerts": {"event_time", "rule", "space", "state"}, "spaces": {"id"}}
        answered 1
        test by local for None reads {"incidents": {"space"}}
        answered 1
        test by local for None reads {}
        refused 0
        test by local for None reads {"actions": {}}
        answered 0
        test by local for None reads {"spaces": {"id"}}
        answered 1
    "#]].assert_eq(&filled.audited());
}

#[tokio::test]
async fn without_its_trail_nothing_is_answered() {
    let filled = filled(SqlLimits::default()).await;
    filled.audit.is_failing.store(true, Ordering::SeqCst);
    let question = || Question::new("SELECT count(*) FROM alerts", QueryFormat::Csv, "test");
    let refused = filled.door.ask(&who(), question()).await.unwrap_err();
    expect!["no query is answered, because the audit trail cannot be written: the disk is full"]
        .assert_eq(&refused.to_string());
    filled.audit.is_failing.store(false, Ordering::SeqCst);
    let answer = filled.door.ask(&who(), many(QueryFormat::Csv)).await.unwrap();
    filled.audit.is_failing.store(true, Ordering::SeqCst);
    let (_, error) = drained(answer).await;
    assert!(
        matches!(error, Some(QueryError::Unaudited(_))),
        "an answer without its end in the trail is none: {error:?}"
    );
}
