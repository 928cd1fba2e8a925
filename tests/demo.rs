//! `vigie demo` from start to end, and what a newcomer then asks.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Running, count, run, sql, text, vigie};
use serde_json::json;
use std::path::Path;

/// When the demo opens, as the README says: Thursday 9 March 2017, 12:00 in Melbourne.
const OPENS: &str = "2017-03-09T01:00:00Z";

fn demo(data: &Path, extra: &[&str]) -> Running {
    let mut command = vigie();
    command.args(["demo", "--data"]).arg(data).args(extra);
    Running::start(command)
}

/// City hours from the opening to the first row of a query with an `event_time`; one hour passes a second by default.
fn hours_after_opening(data: &Path, condition: &str) -> f64 {
    let statement = format!(
        "SELECT (date_part('epoch', min(event_time)) - date_part('epoch', TIMESTAMP '{OPENS}')) / 3600 AS hours \
         FROM alerts WHERE state = 'active' AND {condition}"
    );
    sql(data, &statement)[0]["hours"].as_f64().expect("there is such an alert")
}

#[test]
fn two_weeks_of_a_city_become_alerts_in_words_and_rows_that_answer_sql() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = demo(folder.path(), &["--fresh", "--speed", "1d"]);
    demo.wait_for("Birrarung Marr: 7,665 people in the hour to 21:00");
    demo.wait_for("the demo's two weeks are over");
    let data = folder.path();

    // At the end it waits, and everything taken can be queried, from outside and with the page's own API.
    let expected = "SELECT count(*) FROM observations WHERE feed = 'pedestrian'";
    assert_eq!(count(data, expected), 14 * 24 * 43 - missing_rows());
    assert_eq!(count(data, "SELECT count(*) - count(DISTINCT id) FROM observations"), 0);
    assert!(demo.get("/").1.contains("<html"), "the page is served");
    let spaces: serde_json::Value = serde_json::from_str(&demo.get("/v1/spaces").1).unwrap();
    assert_eq!(spaces["features"].as_array().unwrap().len(), 43);

    // A posted event far from the demo's day is moved to it, and the reply says so.
    let event = json!({"space": "southbank", "metric": "people_count", "value": 5, "time": "2026-01-01T00:00:00Z"});
    let (_, answer) = demo.post_json("/v1/events", &event);
    assert_eq!(answer["time_adjusted"], 1, "{answer}");
    assert!(answer["notes"][0].as_str().unwrap().contains("the clock of this demo"), "{answer}");

    assert!(demo.said.contains("page: http://127.0.0.1:"), "{}", demo.said);
    assert_eq!(demo.said.matches("vigie sql").count() + demo.said.matches("curl -sN").count(), 3, "{}", demo.said);
    assert_eq!(demo.interrupt(), Some(0));
    assert_eq!(digest_lines(data), golden(), "what the oracle expects without Vigie's code");
    let mut backtest = vigie();
    backtest.args(["rules", "backtest", "--config"]).arg(data.join("demo/vigie.toml")).arg("--data").arg(data);
    let judged_again = text(&run(&mut backtest, 0).stdout);
    assert!(judged_again.contains("production: identical: true (165 recorded transitions of 6"), "{judged_again}");
    assert!(hours_after_opening(data, "true") <= 20.0);
    assert!(hours_after_opening(data, "space = 'birrarung-marr' AND summary LIKE '%7,665 people%'") <= 90.0);
}

/// The alerts in history as lines of a digest.
fn digest_lines(data: &Path) -> String {
    let statement = "SELECT rule, key, state, CAST(date_part('epoch', event_time) * 1000 AS BIGINT) AS ms \
                     FROM alerts WHERE state <> 'resumed'";
    let line = |row: &serde_json::Value| {
        let word = |name: &str| row[name].as_str().unwrap().to_owned();
        format!("{}\t{}\t{}\t{}\n", word("rule"), word("key"), word("state"), row["ms"])
    };
    let mut lines: Vec<_> = sql(data, statement).iter().map(line).collect();
    lines.sort_unstable();
    lines.concat()
}

fn golden() -> String {
    std::fs::read_to_string(common::project().join("tests/oracle/golden/melbourne-demo.tsv")).unwrap()
}

/// Hours of the demo in which a counter sent nothing, counted from the file itself.
fn missing_rows() -> u64 {
    let file = std::fs::read_to_string(common::project().join("configs/melbourne/pedestrian_03_2017.csv")).unwrap();
    // Rows are labelled by the hour's start: those whose end lies in (9 March 12:00, 23 March 12:00].
    let in_demo = |line: &&str| {
        let mut fields = line.split(',');
        let day: u32 = fields.next().unwrap()[..2].parse().unwrap();
        let hour: u32 = fields.next().unwrap().parse().unwrap();
        (9 * 24 + 12..23 * 24 + 12).contains(&(day * 24 + hour))
    };
    let missing = |line: &str| line.split(',').skip(2).filter(|value| matches!(*value, "-1" | "")).count() as u64;
    file.lines().skip(1).filter(in_demo).map(missing).sum()
}

#[test]
fn a_demo_goes_on_where_it_ended_and_takes_the_next_free_port() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut first = demo(folder.path(), &["--speed", "12h", "--port", &port]);
    assert!(!first.url.ends_with(&port), "the port is taken: {}", first.url);
    assert!(first.said.contains(&format!("port {port} is taken")), "{}", first.said);
    first.wait_for("  active");
    first.kill();

    let mut second = demo(folder.path(), &["--speed", "2d", "--until-end"]);
    second.wait_for("going on where the last demo ended");
    second.wait_for("the demo's two weeks are over");
    assert_eq!(
        second.said.matches("Alfred Place: 1,383 people in the hour to 13:00").count(),
        0,
        "told before the kill"
    );
    assert_eq!(second.wait(), Some(0));
    assert_eq!(digest_lines(folder.path()), golden(), "a killed demo ends with the alerts of one that ran through");
    assert_eq!(count(folder.path(), "SELECT count(*) - count(DISTINCT id) FROM observations"), 0, "nothing twice");
    assert_eq!(count(folder.path(), "SELECT count(*) FROM observations"), 14 * 24 * 43 - missing_rows());
}

#[test]
fn wrong_options_say_what_is_expected() {
    let mut command = vigie();
    command.args(["demo", "--speed", "fast"]);
    assert!(text(&run(&mut command, 2).stderr).contains("--speed fast: not a duration"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(demo(folder.path(), &["--speed", "2d", "--until-end"]).wait(), Some(0));
    let mut command = vigie();
    command.args(["demo", "--from", "2017-03-12T12:00:00+11:00", "--data"]).arg(folder.path());
    assert!(text(&run(&mut command, 2).stderr).contains("add --fresh"), "rows would be stored twice");
    let mut command = vigie();
    command.args(["demo", "--from", "yesterday"]);
    assert!(text(&run(&mut command, 2).stderr).contains("--from: not an instant"));
}
