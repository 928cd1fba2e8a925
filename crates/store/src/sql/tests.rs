//! What the door answers, to whom, and in which form.

use super::door::SqlDoor;
use super::examples::EXAMPLES;
use super::limits::SqlLimits;
use super::samples::filled;
use crate::fixture::{self, CENTRE};
use crate::history::options::HistoryOptions;
use crate::history::writer::History;
use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use expect_test::{Expect, expect};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use vigie_model::doors::{QueryDoor, QueryFormat};
use vigie_model::principal::Principal;

#[tokio::test]
async fn reading_statements_are_run() {
    let filled = filled(SqlLimits::default()).await;
    let who = Principal::local(CENTRE);
    for (sql, expected) in [
        ("VALUES (1, 'a')", "1,a"),
        ("WITH a AS (SELECT * FROM alerts) SELECT count(*) FROM a", "2"),
        ("WITH alerts AS (SELECT * FROM alerts WHERE state = 'active') SELECT count(*) FROM alerts;", "1"),
        ("(SELECT 1) UNION ALL (SELECT count(*) FROM spaces) ORDER BY 1", "1 2"),
        ("SELECT count(*) FROM observations WHERE date = '2017-03-12'", "8"),
        ("SELECT count(*) FROM observations WHERE date > DATE '2017-03-12'", "0"),
        ("SELECT max(event_time) FROM observations", "2017-03-12T17:00:00Z"),
        ("SELECT count(*) FROM observations WHERE event_time >= '2017-03-12T16:00:00Z'", "2"),
        ("SELECT date_trunc('day', min(event_time)) FROM observations", "2017-03-12T00:00:00Z"),
        ("SELECT \"group\" FROM perceptions LIMIT 1", "{sex: f}"),
        ("SELECT \"group\"['sex'] FROM perceptions LIMIT 1", "f"),
        ("SELECT disposition, cause FROM actions", "nuisance,market day"),
    ] {
        assert_eq!(filled.cell(&who, sql).await, expected, "{sql}");
    }
    let plan = filled.text("EXPLAIN SELECT count(*) FROM alerts", QueryFormat::Csv).await;
    assert!(plan.contains("logical_plan") && plan.contains("physical_plan"), "{plan}");
}

/// Two days are two files; a date leaves one of them unread.
#[tokio::test]
async fn a_date_prunes_files() {
    let dir = TempDir::new().unwrap();
    let history = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
    history.take_record(&fixture::dictionary()).unwrap();
    history.take_record(&fixture::observations(0, 0, 30)).unwrap();
    history.flush().await.unwrap();
    let door = SqlDoor::new(Arc::new(history), SqlLimits::default()).unwrap();
    for (condition, files) in
        [("true", 2), ("date = '2017-03-12'", 1), ("date > DATE '2017-03-12'", 1), ("date < '2017-01-01'", 0)]
    {
        let sql = format!("EXPLAIN SELECT value FROM observations WHERE {condition}");
        let plan = door.query(&Principal::local(CENTRE), &sql, QueryFormat::Csv).await.unwrap().body;
        let plan = String::from_utf8(plan).unwrap();
        assert_eq!(plan.matches(".parquet").count(), files, "{condition}: {plan}");
    }
}

#[tokio::test]
async fn another_centre_sees_nothing_and_a_partner_only_its_spaces() {
    let filled = filled(SqlLimits::default()).await;
    let (stranger, partner) = (Principal::local("dublin"), fixture::partner("city-square"));
    for table in ["observations", "incidents", "perceptions", "alerts", "actions", "spaces"] {
        for sql in [
            format!("SELECT count(*) FROM {table}"),
            format!("SELECT count(*) FROM (SELECT * FROM {table} WHERE true OR centre = 'melbourne')"),
            format!("WITH t AS (SELECT * FROM {table}) SELECT count(*) FROM t"),
            format!("SELECT (SELECT count(*) FROM {table} WHERE centre = 'melbourne')"),
            format!("SELECT count(*) FROM {table} AS a JOIN {table} AS b ON a.\"offset\" = b.\"offset\""),
        ] {
            assert_eq!(filled.cell(&stranger, &sql).await, "0", "{sql}");
        }
    }
    for (sql, expected) in [
        ("SELECT count(*), min(space), max(space) FROM observations", "4,city-square,city-square"),
        ("SELECT count(*) FROM observations WHERE space = 'town-hall' OR true", "4"),
        (
            "SELECT count(*) FROM (SELECT space FROM alerts UNION ALL SELECT space FROM actions UNION ALL SELECT space FROM incidents)",
            "0",
        ),
        ("SELECT id FROM spaces", "city-square"),
        ("SELECT count(*) FROM perceptions", "2"),
        ("SELECT count(*) FROM spaces AS s LEFT JOIN observations AS o ON o.space = s.id", "4"),
        ("SELECT count(*) FROM observations WHERE EXISTS (SELECT 1 FROM spaces WHERE id = 'town-hall')", "0"),
    ] {
        assert_eq!(filled.cell(&partner, sql).await, expected, "{sql}");
    }
    let nobody = fixture::partner("nowhere");
    assert_eq!(filled.cell(&nobody, "SELECT count(*) FROM spaces").await, "0");
    let failing = filled.ask(&partner, "SELECT CAST(space AS BIGINT) FROM observations", QueryFormat::Csv).await;
    expect!["the statement failed on some row; check casts and divisions"].assert_eq(&failing.unwrap_err().to_string());
}

#[tokio::test]
async fn answers_come_in_four_formats() {
    let filled = filled(SqlLimits::default()).await;
    let check = async |sql: &str, format, expected: Expect| expected.assert_eq(&filled.text(sql, format).await);
    let rows = "SELECT event_time, space, node, value, date FROM observations ORDER BY event_time LIMIT 2";
    check(
        rows,
        QueryFormat::Table,
        expect![[r#"
        +----------------------+-------------+------+-------+------------+
        | event_time           | space       | node | value | date       |
        +----------------------+-------------+------+-------+------------+
        | 2017-03-12T10:00:00Z | town-hall   | n1   | 0.0   | 2017-03-12 |
        | 2017-03-12T11:00:00Z | city-square |      | 1.0   | 2017-03-12 |
        +----------------------+-------------+------+-------+------------+
    "#]],
    )
    .await;
    check(
        rows,
        QueryFormat::Csv,
        expect![[r#"
        event_time,space,node,value,date
        2017-03-12T10:00:00Z,town-hall,n1,0.0,2017-03-12
        2017-03-12T11:00:00Z,city-square,,1.0,2017-03-12
    "#]],
    )
    .await;
    check(rows, QueryFormat::Json, expect![[r#"[{"event_time":"2017-03-12T10:00:00Z","space":"town-hall","node":"n1","value":0.0,"date":"2017-03-12"},{"event_time":"2017-03-12T11:00:00Z","space":"city-square","node":null,"value":1.0,"date":"2017-03-12"}]"#]]).await;
    let nested = "SELECT \"group\", event_time + INTERVAL '1 millisecond' AS later FROM perceptions LIMIT 1";
    check(nested, QueryFormat::Json, expect![[r#"[{"group":{"sex":"f"},"later":"2017-03-12T10:00:00.001Z"}]"#]]).await;
    let none = "SELECT rule FROM alerts WHERE false";
    check(
        none,
        QueryFormat::Table,
        expect![[r#"
        +------+
        | rule |
        +------+
        +------+
    "#]],
    )
    .await;
    check(
        none,
        QueryFormat::Csv,
        expect![[r#"
        rule
    "#]],
    )
    .await;
    check(none, QueryFormat::Json, expect!["[]"]).await;
    let arrow = filled.ask(&Principal::local(CENTRE), "SELECT * FROM perceptions", QueryFormat::Arrow).await.unwrap();
    let batches: Vec<_> = StreamReader::try_new(arrow.body.as_slice(), None).unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    assert_eq!(arrow.content_type, "application/vnd.apache.arrow.stream");
}

#[tokio::test]
async fn limits_have_names_and_say_how_to_narrow() {
    let limits = SqlLimits { answer_rows_max: 3, statement_bytes_max: 100, ..SqlLimits::default() };
    let small = filled(limits).await;
    expect![[r#"
        the answer has more than 3 rows; narrow it: fewer days (date >= '2017-03-10'), fewer columns, count(*) or avg() instead of rows, or LIMIT
    "#]].assert_eq(&small.text("SELECT * FROM observations", QueryFormat::Csv).await);
    expect![[r#"
        the statement is longer than 100 bytes
    "#]]
    .assert_eq(&small.text(&"x".repeat(101), QueryFormat::Csv).await);
    let bytes = filled(SqlLimits { answer_bytes_max: 64, ..SqlLimits::default() }).await;
    expect![[r#"
        the answer is larger than 64 bytes; narrow it: fewer days (date >= '2017-03-10'), fewer columns, count(*) or avg() instead of rows, or LIMIT
    "#]].assert_eq(&bytes.text("SELECT * FROM observations", QueryFormat::Csv).await);
    let memory = filled(SqlLimits { memory_bytes_max: 1 << 10, ..SqlLimits::default() }).await;
    expect![[r#"
        the query needs more memory than the 1024 bytes all queries share; narrow it: fewer days (date >= '2017-03-10'), fewer columns, count(*) or avg() instead of rows, or LIMIT
    "#]].assert_eq(&memory.text("SELECT space, count(*) FROM observations GROUP BY space", QueryFormat::Csv).await);
    let hasty = filled(SqlLimits { timeout: Duration::ZERO, ..SqlLimits::default() }).await;
    expect![[r#"
        the query took longer than its timeout of 0 s; narrow it: fewer days (date >= '2017-03-10'), fewer columns, count(*) or avg() instead of rows, or LIMIT
    "#]].assert_eq(&hasty.text("SELECT * FROM observations", QueryFormat::Csv).await);
}

#[tokio::test]
async fn examples_run_on_an_empty_and_on_a_filled_history() {
    let dir = TempDir::new().unwrap();
    let empty = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
    let door = SqlDoor::new(Arc::new(empty), SqlLimits::default()).unwrap();
    let filled = filled(SqlLimits::default()).await;
    let mut answers = String::new();
    for (title, sql) in EXAMPLES {
        let nothing = door.query(&Principal::local(CENTRE), sql, QueryFormat::Csv).await;
        assert_eq!(nothing.unwrap_or_else(|error| panic!("{title}: {error}")).rows, 0, "{title}");
        answers.push_str(&format!("# {title}\n{}", filled.text(sql, QueryFormat::Csv).await));
    }
    expect![[r#"
        # Alerts per rule and day
        date,rule,severity,alerts
        2017-03-12,Crowded,high,1
        # The busiest spaces
        space,counts,mean,peak
        city-square,4,4,7.0
        town-hall,4,3,6.0
        # How long alerts stayed open, in minutes
        rule,episodes,mean,longest
        Crowded,1,60.0,60.0
        # Gaps in the data: sensors silent for more than two hours
        space,sensor,metric,silent_from,silent_until,hours
        # What was measured around the newest alert
        rule,summary,event_time,sensor,metric,value,unit
        Crowded,Town Hall: 7 people,2017-03-12T10:00:00Z,s1,people_count,0.0,1
        Crowded,Town Hall: 7 people,2017-03-12T12:00:00Z,s1,people_count,2.0,1
        # Where people feel unsafe, and what was reported there
        space,asked,unsafe_share,incidents
        city-square,234,0.19658119658119658,0
    "#]]
    .assert_eq(&answers);
}
