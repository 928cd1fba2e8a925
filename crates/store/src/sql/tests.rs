//! What the door answers, to whom, and in which form.

use super::door::SqlDoor;
use super::examples::EXAMPLES;
use super::limits::SqlLimits;
use super::samples::{filled, filled_in};
use crate::fixture::{self, CENTRE};
use crate::history::options::HistoryOptions;
use crate::history::writer::History;
use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use expect_test::{Expect, expect};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use vigie_model::audit::KeptNowhere;
use vigie_model::doors::{QueryDoor, QueryFormat, Question};
use vigie_model::principal::Principal;

mod dated;
mod pruning;

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

/// Bounds on long values cost time, so they stand only where such values are made; conditions on columns make none.
#[tokio::test]
async fn long_values_are_bounded_where_they_are_made() {
    let filled = filled(SqlLimits::default()).await;
    let long = format!("'{}', value", "x".repeat(2_000));
    for (columns, condition, is_bounded) in [
        (long.as_str(), "true", true),
        ("count(*)", "date = '2017-03-12' AND value > 1 AND space IN ('town-hall', 'city-square')", false),
        ("left(space, 3)", "metric LIKE 'people%'", false),
        ("space || metric", "true", true),
        ("count(*)", "space || metric = 'town-hallpeople_count'", true),
        ("'short', value", "space <> 'short'", false),
    ] {
        let sql = format!("EXPLAIN SELECT {columns} FROM observations WHERE {condition}");
        let plan = filled.text(&sql, QueryFormat::Csv).await;
        assert_eq!(plan.contains("Portions"), is_bounded, "{sql}: {plan}");
    }
}

/// Beside every row: the centre's clocks, and the sun at its space, or where all spaces are.
#[tokio::test]
async fn rows_show_local_time_and_light() {
    let filled = filled_in(SqlLimits::default(), "Australia/Melbourne").await;
    let check = async |sql: &str, expected: Expect| expected.assert_eq(&filled.text(sql, QueryFormat::Csv).await);
    // Sunset over Melbourne was at 19:40 that day, sunrise at 7:15 the next (timeanddate.com).
    check(
        "SELECT space, event_time, local_time, light FROM observations WHERE value IN (0, 1, 7) ORDER BY event_time",
        expect![[r#"
            space,event_time,local_time,light
            town-hall,2017-03-12T10:00:00Z,2017-03-12T21:00:00,night
            city-square,2017-03-12T11:00:00Z,2017-03-12T22:00:00,night
            city-square,2017-03-12T17:00:00Z,2017-03-13T04:00:00,night
        "#]],
    )
    .await;
    check(
        "SELECT light, count(*) AS rows FROM incidents GROUP BY light \
         UNION ALL SELECT light, count(*) FROM alerts GROUP BY light ORDER BY rows",
        expect![[r#"
            light,rows
            night,1
            night,2
        "#]],
    )
    .await;
    check(
        "SELECT period, local_time FROM perceptions LIMIT 1",
        expect![[r#"
            period,local_time
            night,2017-03-12T21:00:00
        "#]],
    )
    .await;
    check(
        "SELECT date_trunc('day', local_time) AS day, CAST(local_time AS DATE) AS date, count(*) AS n FROM observations \
         GROUP BY 1, 2 ORDER BY day",
        expect![[r#"
            day,date,n
            2017-03-12T00:00:00,2017-03-12,3
            2017-03-13T00:00:00,2017-03-13,5
        "#]],
    )
    .await;
    check(
        "SELECT light FROM perceptions",
        expect![[r#"
            line 1, column 8: unknown column 'light'; did you mean 'weight'? (columns: centre, date, event_time, feed, group, id, local_time, log_time, n, offset, partition, period, question, scale, share, space, unsafe, wave, weight)
        "#]],
    )
    .await;
    // Without a query that names them, they are in no plan.
    let plan =
        filled.text("EXPLAIN SELECT max(value) FROM observations WHERE space = 'town-hall'", QueryFormat::Csv).await;
    assert!(!plan.contains("light(") && !plan.contains("local_time("), "{plan}");
    let plan = filled.text("EXPLAIN SELECT max(local_time) FROM observations", QueryFormat::Csv).await;
    assert!(!plan.contains("light(") && plan.contains("local_time("), "{plan}");
}

/// Of the versions of an incident the newest, wherever it lies now; none once it is withdrawn.
#[tokio::test]
async fn incidents_current_has_the_newest_version_of_each() {
    let dir = TempDir::new().unwrap();
    let history = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
    let (town_hall, city_square) = (0, 1);
    for record in [
        fixture::control(),
        fixture::dictionary(),
        fixture::incident_version(0, "kept", 1, "open", town_hall),
        fixture::incident_version(1, "corrected", 1, "open", town_hall),
        fixture::incident_version(2, "corrected", 3, "closed", town_hall),
        fixture::incident_version(3, "corrected", 2, "open", town_hall),
        fixture::incident_version(4, "withdrawn", 1, "open", town_hall),
        fixture::incident_version(5, "moved", 1, "open", town_hall),
    ] {
        history.take_record(&record).unwrap();
    }
    history.flush().await.unwrap();
    for record in [
        fixture::incident_version(6, "withdrawn", 2, "Withdrawn", town_hall),
        fixture::incident_version(0, "moved", 2, "open", city_square),
        // Without an id, twice.
        fixture::incidents(7),
        fixture::incidents(8),
    ] {
        history.take_record(&record).unwrap();
    }
    let door = SqlDoor::new(Arc::new(history), SqlLimits::default(), Arc::new(KeptNowhere)).unwrap();
    let ask = async |who: &Principal, sql: &str| {
        let answer = door.whole(who, Question::new(sql, QueryFormat::Csv, "test")).await;
        String::from_utf8(answer.unwrap().body).unwrap()
    };
    let sql = "SELECT id, version, status, space, flags, light FROM incidents_current ORDER BY id";
    expect![[r#"
        id,version,status,space,flags,light
        #1-7,1,,town-hall,,night
        #1-8,1,,town-hall,,night
        corrected,3,closed,town-hall,revision,night
        kept,1,open,town-hall,,night
        moved,2,open,city-square,revision,night
    "#]]
    .assert_eq(&ask(&Principal::local(CENTRE), sql).await);
    // Whoever sees only the space it was moved from does not see an old version of it.
    let (before, now) = (fixture::partner("town-hall"), fixture::partner("city-square"));
    let moved = "SELECT count(*) FROM incidents_current WHERE id = 'moved'";
    assert_eq!(
        (ask(&before, moved).await.as_str(), ask(&now, moved).await.as_str()),
        ("count(*)\n0\n", "count(*)\n1\n")
    );
    let both =
        "SELECT count(*) FROM incidents AS i JOIN incidents_current AS c ON i.id = c.id AND i.version < c.version";
    assert_eq!(ask(&Principal::local(CENTRE), both).await, "count(*)\n3\n");
    assert_eq!(ask(&Principal::local("dublin"), "SELECT count(*) FROM incidents_current").await, "count(*)\n0\n");
}

/// A partner sees the light of its own spaces; where no space has an outline, there is none.
#[tokio::test]
async fn light_needs_an_outline() {
    let filled = filled(SqlLimits::default()).await;
    let partner = fixture::partner("city-square");
    assert_eq!(filled.cell(&partner, "SELECT DISTINCT light FROM observations").await, "night");
    let dir = TempDir::new().unwrap();
    let history = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
    history.take_record(&fixture::dictionary()).unwrap();
    history.take_record(&fixture::observations(0, 0, 2)).unwrap();
    let door = SqlDoor::new(Arc::new(history), SqlLimits::default(), Arc::new(KeptNowhere)).unwrap();
    let sql = "SELECT count(*), count(light), max(local_time) FROM observations";
    let body = door.whole(&Principal::local(CENTRE), Question::new(sql, QueryFormat::Csv, "test")).await.unwrap().body;
    assert_eq!(String::from_utf8(body).unwrap().lines().nth(1), Some("2,0,2017-03-12T11:00:00"), "local time is UTC");
}

/// Two days are two files; a date leaves one of them unread.
#[tokio::test]
async fn a_date_prunes_files() {
    let dir = TempDir::new().unwrap();
    let history = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
    history.take_record(&fixture::dictionary()).unwrap();
    history.take_record(&fixture::observations(0, 0, 30)).unwrap();
    history.flush().await.unwrap();
    let door = SqlDoor::new(Arc::new(history), SqlLimits::default(), Arc::new(KeptNowhere)).unwrap();
    for (condition, files) in
        [("true", 2), ("date = '2017-03-12'", 1), ("date > DATE '2017-03-12'", 1), ("date < '2017-01-01'", 0)]
    {
        let sql = format!("EXPLAIN SELECT value FROM observations WHERE {condition}");
        let plan =
            door.whole(&Principal::local(CENTRE), Question::new(&sql, QueryFormat::Csv, "test")).await.unwrap().body;
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
    let limits = SqlLimits { answer_rows_default: 3, statement_bytes_max: 100, ..SqlLimits::default() };
    let small = filled(limits).await;
    expect![[r#"
        the answer has more than 3 rows; narrow it: fewer days (date >= '2017-03-10'), fewer columns, count(*) or avg() instead of rows, or LIMIT, or ask for more rows_max
    "#]].assert_eq(&small.text("SELECT * FROM observations", QueryFormat::Csv).await);
    expect![[r#"
        the statement is longer than 100 bytes
    "#]]
    .assert_eq(&small.text(&"x".repeat(101), QueryFormat::Csv).await);
    let bytes = filled(SqlLimits { answer_bytes_default: 64, ..SqlLimits::default() }).await;
    expect![[r#"
        the answer is larger than 64 bytes; narrow it: fewer days (date >= '2017-03-10'), fewer columns, count(*) or avg() instead of rows, or LIMIT, or ask for more bytes_max
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
    let door = SqlDoor::new(Arc::new(empty), SqlLimits::default(), Arc::new(KeptNowhere)).unwrap();
    let filled = filled(SqlLimits::default()).await;
    let mut answers = String::new();
    for (title, sql) in EXAMPLES {
        let nothing = door.whole(&Principal::local(CENTRE), Question::new(sql, QueryFormat::Csv, "test")).await;
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
