//! Real data of cities, by their `[[csv]]` mappings alone: every row counted, every alert as the oracle has it, and what
//! surveys and police published as history has it.
//!
//! The expected counts and alerts were computed from the files and the rule texts by `tests/oracle`, which shares no code
//! with Vigie; continuous integration computes them anew.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{digest_lines, last_json, project, run, sql, vigie};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// Replays the data that a configuration ships and compares it with what is expected of it.
fn check(city: &str) {
    let folder = project().join("configs").join(city);
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let work = tempfile::tempdir().unwrap();
    let alerts = work.path().join("alerts.ndjson");
    let mut replay = vigie();
    replay.args(["replay", "--json", "--config"]).arg(folder.join("vigie.toml")).arg("--alerts").arg(&alerts);
    replay.arg("--input").args(inputs(&folder));
    let summary = last_json(&run(&mut replay, 0));
    let mappings = expected["sample"].as_object().expect("an object by mapping").values();
    let events: u64 = mappings.map(|mapping| mapping["events"].as_u64().expect("a number of events")).sum();
    assert_eq!(summary["rejected"], 0, "{summary}");
    let known = summary["accepted"].as_u64().unwrap() + summary["duplicates"].as_u64().unwrap();
    assert_eq!(known, events, "{summary}");
    let golden = project().join("tests/oracle/golden").join(format!("{city}-replay.tsv"));
    assert_eq!(digest_lines(&fs::read_to_string(alerts).unwrap()), fs::read_to_string(golden).unwrap());
}

/// The CSV files of a configuration's folder, in the order of their names.
fn inputs(folder: &std::path::Path) -> Vec<PathBuf> {
    let sample = folder.join("sample");
    let folder = if sample.exists() { &sample } else { folder };
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "csv")).collect();
    files.sort();
    files
}

#[test]
fn melbourne_march_2017_wide_with_missing_markers() {
    check("melbourne");
}

#[test]
fn melbourne_2015_and_2016_long_in_utc() {
    check("melbourne-2015");
}

#[test]
fn dublin_noise_separated_by_tabs() {
    check("dublin");
}

#[test]
fn seattle_newest_first_with_gaps() {
    check("seattle");
}

/// Brings data into history by a command, whose summary has `taken` rows, and compares history, by plain SQL, with what is
/// expected of each feed.
fn check_history(city: &str, command: &str, taken: &str) {
    let folder = project().join("configs").join(city);
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let mappings: Vec<&Value> = expected["sample"].as_object().expect("an object by mapping").values().collect();
    let sum = |key: &str| mappings.iter().map(|mapping| mapping[key].as_u64().expect("a number")).sum::<u64>();
    let work = tempfile::tempdir().unwrap();
    let data = work.path().join("data");
    let mut bring = vigie();
    bring.args([command, "--json", "--config"]).arg(folder.join("vigie.toml")).arg("--data").arg(&data);
    bring.arg("--input").args(inputs(&folder));
    let summary = last_json(&run(&mut bring, 0));
    assert_eq!(
        (summary[taken].as_u64(), summary["rejected"].as_u64(), summary["duplicates"].as_u64()),
        (Some(sum("events")), Some(sum("refused")), Some(0)),
        "{summary}"
    );
    for mapping in mappings {
        let feed = mapping["feed"].as_str().unwrap();
        let (table, figures, groups): (_, &[&str], &[&str]) = match mapping["event"].as_str().unwrap() {
            "perception" => ("perceptions", &["n", "unsafe", "share"], &["space", "wave", "period"]),
            "incident" => ("incidents", &[], &["space", "category"]),
            _ => ("observations", &["value"], &["space"]),
        };
        let of_feed = format!("FROM {table} WHERE feed = '{feed}'");
        for figure in figures {
            let rows = sql(&data, &format!("SELECT sum({figure}) AS total {of_feed}"));
            let expected: f64 = mapping[format!("sum_{figure}")].as_str().unwrap().parse().unwrap();
            let found = rows[0]["total"].as_f64().unwrap();
            assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{feed}: {figure} is {found}, not {expected}");
        }
        for group in groups {
            let rows = sql(&data, &format!("SELECT {group} AS word, count(*) AS events {of_feed} GROUP BY {group}"));
            let found: serde_json::Map<String, Value> =
                rows.iter().map(|row| (row["word"].as_str().unwrap().to_owned(), row["events"].clone())).collect();
            assert_eq!(Value::Object(found), mapping[format!("by_{group}")], "{feed} by {group}");
        }
        let bounds = "to_unixtime(min(event_time)) AS first, to_unixtime(max(event_time)) AS last";
        let rows = sql(&data, &format!("SELECT {bounds} {of_feed}"));
        let seconds = |key: &str| mapping[key].as_i64().unwrap().div_euclid(1000);
        let expected = (Some(seconds("first_event_ms")), Some(seconds("last_event_ms")));
        assert_eq!((rows[0]["first"].as_i64(), rows[0]["last"].as_i64()), expected, "{feed}");
    }
}

#[test]
fn london_2019_crime_by_month_searches_by_position_and_the_survey_of_the_region() {
    check_history("london-2019", "replay", "accepted");
}

#[test]
fn melbourne_2018_to_2020_how_safe_residents_feel() {
    check_history("melbourne-2018-2020", "import", "taken");
}
