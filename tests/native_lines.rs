//! The lines of the benches are the same on every machine and in every version, or figures could not be compared.

#![cfg(all(feature = "history", feature = "console"))]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../benches/native_lines/arrow.rs"]
mod arrow;
mod common;
#[path = "../benches/native_lines/generator.rs"]
mod generator;

use arrow::write_arrow;
use common::{last_json, project, run, sql, vigie};
use expect_test::expect;
use generator::City;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::path::Path;
use vigie_model::time::parse_rfc3339_ms;

const SEED: u64 = 1;
const SPACES: u32 = 1_000;
const LINES: usize = 50_000;

fn text() -> String {
    let (mut city, mut text) = (City::new(SEED, SPACES), String::new());
    (0..LINES).for_each(|_| city.write_line(&mut text));
    text
}

#[test]
fn the_first_lines_never_change() {
    let text = text();
    expect![[r#"
        {"type":"observation","id":"edge-0000-000000000","node":"edge-0000","seq":0,"space":"space-00000","sensor":"mic-00000","metric":"noise_dba","value":45.2,"time":"2026-03-14T18:00:00+01:00","quality":"good"}
        {"type":"observation","id":"edge-0000-000000001","node":"edge-0000","seq":1,"space":"space-00001","sensor":"mic-00001","metric":"noise_dba","value":40.9,"time":"2026-03-14T18:00:00.005+01:00","quality":"good"}"#]].assert_eq(&text.lines().take(2).collect::<Vec<_>>().join("\n"));
    let hash: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    expect!["25b3f9e2b1af07ea9f0c18687706fe992be0f5f3f8294db39c08e6af8be35475"].assert_eq(&hash);
}

#[test]
fn lines_are_long_unique_and_in_order() {
    let (text, mut ids, mut newest_ms) = (text(), HashSet::new(), i64::MIN);
    for line in text.lines() {
        assert!(line.len() >= 180, "{line}");
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(ids.insert(event["id"].as_str().unwrap().to_owned()), "{line}");
        let time_ms = parse_rfc3339_ms(event["time"].as_str().unwrap()).unwrap();
        assert!(time_ms >= newest_ms, "{line}");
        newest_ms = time_ms;
    }
    assert_eq!(ids.len(), LINES);
}

/// The summary of a replay of `input`.
fn replay(input: &Path, data: Option<&Path>) -> serde_json::Value {
    let mut replay = vigie();
    replay.args(["replay", "--json", "--config"]).arg(project().join("benches/native_lines/vigie.toml"));
    if let Some(data) = data {
        replay.arg("--data").arg(data);
    }
    last_json(&run(replay.arg("--input").arg(input), 0))
}

#[test]
fn the_rules_raise_and_clear_now_and_then() {
    let folder = tempfile::tempdir().unwrap();
    let lines = folder.path().join("lines.ndjson");
    std::fs::write(&lines, text()).unwrap();
    let summary = replay(&lines, None);
    let counts = ["events", "accepted", "late", "raised", "cleared"].map(|name| format!("{name} {}", summary[name]));
    expect!["events 50000, accepted 50000, late 0, raised 1037, cleared 14"].assert_eq(&counts.join(", "));
    expect!["30c46044c22abde3f35c6021ac2b27424a0ab80dd280919207a9d25e9cfd2182"]
        .assert_eq(summary["digest"].as_str().unwrap());
}

#[test]
fn lines_and_columns_give_the_same_alerts_and_the_same_history() {
    const EVENTS: u64 = 10_000;
    const ROWS: &str = "SELECT CAST(event_time AS VARCHAR) AS at, space, sensor, node, seq, id, metric, value, unit, quality, \
                        flags, centre, feed, CAST(log_time AS VARCHAR) AS taken, partition, \"offset\" \
                        FROM observations ORDER BY partition, \"offset\"";
    const ALERTS: &str = "SELECT alert_id, rule, key, state, severity, CAST(event_time AS VARCHAR) AS at, evidence, summary \
                          FROM alerts ORDER BY alert_id, at, state";
    let folder = tempfile::tempdir().unwrap();
    let (lines, columns) = (folder.path().join("lines.ndjson"), folder.path().join("lines.arrows"));
    let text: String = text().split_inclusive('\n').take(EVENTS as usize).collect();
    std::fs::write(&lines, text).unwrap();
    let written = write_arrow(&mut City::new(SEED, SPACES), EVENTS, Vec::new()).unwrap();
    std::fs::write(&columns, written).unwrap();
    let told = [&lines, &columns].map(|input| {
        let data = folder.path().join(format!("of-{}", input.extension().unwrap().display()));
        let mut summary = replay(input, Some(&data));
        for timed in ["elapsed_s", "events_per_s"] {
            summary.as_object_mut().unwrap().remove(timed);
        }
        (summary, sql(&data, ROWS), sql(&data, ALERTS))
    });
    let [of_lines, of_columns] = &told;
    assert_eq!(of_lines.0, of_columns.0);
    assert_eq!(of_lines.1.len() as u64, EVENTS);
    assert!(of_lines.1 == of_columns.1, "{:?} {:?}", of_lines.1[0], of_columns.1[0]);
    assert!(!of_lines.2.is_empty());
    assert!(of_lines.2 == of_columns.2, "{:?} {:?}", of_lines.2[0], of_columns.2[0]);
}
