//! Real data of four cities, by their `[[csv]]` mappings alone: every row counted, every alert as the oracle has it.
//!
//! The expected counts and alerts were computed from the files and the rule texts by `tests/oracle`, which shares no code
//! with Vigie; continuous integration computes them anew.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{digest_lines, last_json, project, run, vigie};
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
