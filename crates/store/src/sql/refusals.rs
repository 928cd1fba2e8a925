//! What the door refuses, and how it says so.

use super::limits::SqlLimits;
use super::samples::filled;
use crate::fixture::CENTRE;
use expect_test::expect;
use vigie_model::doors::QueryFormat;
use vigie_model::principal::Principal;

#[tokio::test]
async fn only_reading_statements_over_the_six_tables_are_run() {
    let filled = filled(SqlLimits::default()).await;
    let mut refusals = String::new();
    for sql in [
        "",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "SELECT FROM",
        "SELECT (1",
        "SELECT\n  count(*) FRM alerts",
        "DROP TABLE alerts",
        "INSERT INTO alerts VALUES (1)",
        "UPDATE alerts SET rule = 'x'",
        "DELETE FROM alerts",
        "CREATE TABLE t AS SELECT 1",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'x.csv'",
        "CREATE VIEW v AS SELECT 1",
        "COPY alerts TO 'x.csv'",
        "SET datafusion.execution.batch_size = 1",
        "RESET datafusion.execution.batch_size",
        "SHOW TABLES",
        "PREPARE p AS SELECT 1",
        "BEGIN",
        "EXPLAIN ANALYZE SELECT 1",
        "EXPLAIN DROP TABLE alerts",
        "EXPLAIN EXPLAIN SELECT 1",
        "SELECT * INTO copy FROM alerts",
        "SELECT * FROM alerts FOR UPDATE",
        "SELECT * FROM 'alerts.parquet'",
        "SELECT * FROM \"/etc/passwd\"",
        "SELECT * FROM read_csv('x.csv')",
        "SELECT * FROM generate_series(1, 10)",
        "SELECT * FROM LATERAL generate_series(1, 10)",
        "SELECT * FROM UNNEST([1, 2])",
        "SELECT range(1, 1000000000)",
        "SELECT repeat('x', 1000000000)",
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT * FROM n",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM datafusion.public.alerts",
        "SELECT (SELECT count(*) FROM information_schema.columns)",
        "SELECT * FROM alert",
        "SELECT * FROM (SELECT * FROM zebras)",
        "SELECT spce FROM alerts",
        "SELECT a.rulle\nFROM alerts AS a",
        "SELECT nosuch(1)",
        "SELECT count(*) FROM alerts GROUP BY",
        "SELECT rule, count(*) FROM alerts",
        "SELECT CAST(rule AS BIGINT) FROM alerts",
    ] {
        let answer = filled.ask(&Principal::local(CENTRE), sql, QueryFormat::Table).await;
        let error = answer.err().map_or_else(|| "ANSWERED".to_owned(), |error| error.to_string());
        refusals.push_str(&format!("{sql:?}\n    {error}\n"));
    }
    expect![[r#"
        ""
            there is no statement; write one SELECT
        "-- nothing"
            there is no statement; write one SELECT
        "SELECT 1; SELECT 2"
            2 statements; write exactly one SELECT
        "SELECT FROM"
            syntax error: Expected: identifier, found: EOF
        "SELECT (1"
            syntax error: Expected: ), found: EOF
        "SELECT\n  count(*) FRM alerts"
            syntax error: line 2, column 16: Expected: end of statement, found: alerts
        "DROP TABLE alerts"
            DROP is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "INSERT INTO alerts VALUES (1)"
            INSERT is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "UPDATE alerts SET rule = 'x'"
            UPDATE is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "DELETE FROM alerts"
            DELETE is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "CREATE TABLE t AS SELECT 1"
            CREATE is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'x.csv'"
            CREATE is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "CREATE VIEW v AS SELECT 1"
            CREATE is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "COPY alerts TO 'x.csv'"
            COPY is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "SET datafusion.execution.batch_size = 1"
            SET is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "RESET datafusion.execution.batch_size"
            RESET is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "SHOW TABLES"
            SHOW is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "PREPARE p AS SELECT 1"
            PREPARE is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "BEGIN"
            BEGIN is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "EXPLAIN ANALYZE SELECT 1"
            EXPLAIN ANALYZE is not available; use EXPLAIN, or run the statement itself
        "EXPLAIN DROP TABLE alerts"
            DROP is not available: history is read-only here; write one SELECT, or EXPLAIN of one
        "EXPLAIN EXPLAIN SELECT 1"
            EXPLAIN of an EXPLAIN; explain the SELECT itself
        "SELECT * INTO copy FROM alerts"
            SELECT INTO is not available: history is read-only here
        "SELECT * FROM alerts FOR UPDATE"
            FOR UPDATE and FOR SHARE are not available: history is read-only here
        "SELECT * FROM 'alerts.parquet'"
            unknown table 'alerts.parquet'; did you mean 'alerts'? (history has observations, incidents, perceptions, alerts, actions, spaces, incidents_current, coverage, incident_rates, rule_value, rule_recall, operator_load, sdg_16_1_4)
        "SELECT * FROM \"/etc/passwd\""
            unknown table '/etc/passwd' (history has observations, incidents, perceptions, alerts, actions, spaces, incidents_current, coverage, incident_rates, rule_value, rule_recall, operator_load, sdg_16_1_4)
        "SELECT * FROM read_csv('x.csv')"
            table function read_csv is not available; only the tables of history can be read
        "SELECT * FROM generate_series(1, 10)"
            table function generate_series is not available; only the tables of history can be read
        "SELECT * FROM LATERAL generate_series(1, 10)"
            'LATERAL generate_series(1, 10)' is not available after FROM; only tables and sub-queries are
        "SELECT * FROM UNNEST([1, 2])"
            'UNNEST([1, 2])' is not available after FROM; only tables and sub-queries are
        "SELECT range(1, 1000000000)"
            function range is not available: it can make values of any size
        "SELECT repeat('x', 1000000000)"
            function repeat is not available: it can make values of any size
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT * FROM n"
            WITH RECURSIVE is not available: it need not end
        "SELECT * FROM information_schema.tables"
            unknown table 'information_schema.tables': tables have no schema or catalog
        "SELECT * FROM datafusion.public.alerts"
            unknown table 'datafusion.public.alerts': tables have no schema or catalog; write alerts
        "SELECT (SELECT count(*) FROM information_schema.columns)"
            unknown table 'information_schema.columns': tables have no schema or catalog
        "SELECT * FROM alert"
            unknown table 'alert'; did you mean 'alerts'? (history has observations, incidents, perceptions, alerts, actions, spaces, incidents_current, coverage, incident_rates, rule_value, rule_recall, operator_load, sdg_16_1_4)
        "SELECT * FROM (SELECT * FROM zebras)"
            unknown table 'zebras' (history has observations, incidents, perceptions, alerts, actions, spaces, incidents_current, coverage, incident_rates, rule_value, rule_recall, operator_load, sdg_16_1_4)
        "SELECT spce FROM alerts"
            line 1, column 8: unknown column 'spce'; did you mean 'space'? (columns: alert_id, centre, date, event_time, evidence, feed, key, light, local_time, log_time, offset, partition, reason, rule, rule_uid, rule_version, severity, space, state, summary)
        "SELECT a.rulle\nFROM alerts AS a"
            line 1, column 8: unknown column 'rulle'; did you mean 'rule'? (columns: alert_id, centre, date, event_time, evidence, feed, key, light, local_time, log_time, offset, partition, reason, rule, rule_uid, rule_version, severity, space, state, summary)
        "SELECT nosuch(1)"
            line 1, column 8: Invalid function 'nosuch'. Did you mean 'cosh'?
        "SELECT count(*) FROM alerts GROUP BY"
            syntax error: Expected: an expression, found: EOF
        "SELECT rule, count(*) FROM alerts"
            line 1, column 8: Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column "alerts.rule" must appear in the GROUP BY clause or must be part of an aggregate function, currently only "count(Int64(1))" appears in the SELECT clause satisfies this requirement
        "SELECT CAST(rule AS BIGINT) FROM alerts"
            the statement failed on some row: Cast error: Cannot cast string 'Crowded' to value of Int64 type
    "#]].assert_eq(&refusals);
}

/// Deep trees must not overflow the stack of the thread that parses, plans, or drops them.
#[tokio::test]
async fn long_and_deep_statements_are_answered_or_refused() {
    let filled = filled(SqlLimits::default()).await;
    let chain = |count: usize, link: &str| format!("SELECT 1{} AS x", link.repeat(count));
    let nested = |count: usize| format!("SELECT {}1{}", "(".repeat(count), ")".repeat(count));
    let mut outcomes = String::new();
    for (name, sql) in [
        ("sum of 300", chain(300, "+1")),
        ("sum of 1,001", chain(1_000, "+1")),
        ("sum of 30,000", chain(30_000, "+1")),
        ("and of 900", format!("SELECT count(*) FROM spaces WHERE true{}", " AND true".repeat(900))),
        ("40 parentheses", nested(40)),
        ("900 parentheses", nested(900)),
        ("30 unions", format!("SELECT 1{}", " UNION SELECT 1".repeat(29))),
        ("900 ids", format!("SELECT count(*) FROM spaces WHERE id IN ('a'{})", ",'a'".repeat(899))),
    ] {
        let answer = filled.ask(&Principal::local(CENTRE), &sql, QueryFormat::Csv).await;
        let outcome =
            answer.map_or_else(|error| error.to_string().chars().take(100).collect(), |_| "answered".to_owned());
        outcomes.push_str(&format!("{name}: {outcome}\n"));
    }
    expect![[r#"
        sum of 300: answered
        sum of 1,001: the statement has more than 2000 words and signs
        sum of 30,000: the statement has more than 2000 words and signs
        and of 900: answered
        40 parentheses: answered
        900 parentheses: syntax error: recursion limit exceeded
        30 unions: answered
        900 ids: answered
    "#]]
    .assert_eq(&outcomes);
}

/// Sub-queries without names, each computing the same words from the one below.
#[tokio::test]
async fn the_same_words_in_sub_queries_of_sub_queries_are_computed_each_time() {
    let filled = filled(SqlLimits::default()).await;
    for (expected, sql) in [
        ("8", "SELECT x + x AS x FROM (SELECT x + x AS x FROM (SELECT x + x AS x FROM (SELECT 1 AS x)))"),
        (
            "aaaa",
            "SELECT x || x AS x FROM (SELECT x || x AS x FROM (SELECT 'a' AS x) UNION ALL SELECT 'b' WHERE false)",
        ),
        ("8", "SELECT max(x + x) AS x FROM (SELECT x + x AS x FROM (SELECT x + x AS x FROM (SELECT 1 AS x)))"),
        ("4", "WITH a AS (SELECT x + x AS x FROM (SELECT 1 AS x)) SELECT x + x AS x FROM (SELECT * FROM a)"),
    ] {
        let answer = filled.text(sql, QueryFormat::Csv).await;
        assert_eq!(answer.lines().last(), Some(expected), "{sql}");
    }
}
