//! Incidents that their source revises and withdraws: every version is stored, once; none but the first is judged.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Running, found_centre, last_json, run, serve, sql, vigie};
use serde_json::{Value, json};
use std::path::Path;

const RULES: &str = "\
groups:
- name: streets
  rules:
  - {alert: Fights, kind: window, incident: 'incident.category == \"fight\"', window: 1h, every: 5m, agg: count, raise: 'value >= 2'}
";

fn version(id: &str, version: u32, status: &str, severity: &str) -> Value {
    json!({"type": "incident", "id": id, "space": "plaza", "category": "fight", "severity": severity, "channel": "dispatch",
        "status": status, "version": version, "time": "2026-03-11T18:00:00Z"})
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// How many were accepted, and how many the log had.
fn send(server: &Running, events: &[Value]) -> (u64, u64) {
    let (status, answer) = server.post("/v1/events", "application/x-ndjson", &lines(events));
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["rejected"], json!([]), "{answer}");
    (answer["accepted"].as_u64().unwrap(), answer["duplicates"].as_u64().unwrap())
}

fn versions(data: &Path, table: &str) -> Vec<String> {
    let rows = sql(data, &format!("SELECT id, version, status, severity, flags FROM {table} ORDER BY id, \"offset\""));
    let word = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let line = |row: &Value| {
        let [id, status, severity, flags] = ["id", "status", "severity", "flags"].map(|name| word(row, name));
        format!("{id} {} {status} {severity} {flags}", row["version"]).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[test]
fn versions_survive_a_kill_and_are_told_from_duplicates() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    found_centre(folder.path(), "", RULES);
    let server = Running::start(serve(folder.path()));
    let first = version("c-1", 1, "open", "low");
    let revised = version("c-1", 2, "revised", "high");
    assert_eq!(send(&server, &[first.clone(), first.clone(), revised.clone(), revised.clone()]), (2, 2));
    assert_eq!(send(&server, &[version("c-2", 1, "open", "low"), version("c-2", 1, "withdrawn", "low")]), (2, 0));
    server.kill();

    let server = Running::start(serve(folder.path()));
    assert_eq!(send(&server, &[first, revised, version("c-1", 3, "open", "medium")]), (1, 2));
    let all = ["c-1 1 open low", "c-1 2 revised high revision", "c-1 3 open medium revision", "c-2 1 open low"];
    assert_eq!(versions(&data, "incidents")[..4], all);
    assert_eq!(versions(&data, "incidents")[4..], ["c-2 1 withdrawn low revision"]);
    assert_eq!(versions(&data, "incidents_current"), ["c-1 3 open medium revision"], "as the server sees it");
    assert_eq!(server.interrupt(), Some(0));
    assert_eq!(versions(&data, "incidents_current"), ["c-1 3 open medium revision"], "and as the files have it");
}

#[test]
fn a_replay_judges_an_incident_once_and_stores_its_versions() {
    let folder = tempfile::tempdir().unwrap();
    found_centre(folder.path(), "", RULES);
    let [of_one, of_two] = ["one.ndjson", "two.ndjson"].map(|name| folder.path().join(name));
    let versions_of_one =
        [version("c-1", 1, "open", "low"), version("c-1", 2, "revised", "high"), version("c-1", 2, "revised", "high")];
    std::fs::write(&of_one, lines(&versions_of_one)).unwrap();
    std::fs::write(&of_two, lines(&[version("c-2", 1, "open", "low")])).unwrap();
    let replay = |inputs: &[&Path], data: &Path| {
        let mut command = vigie();
        command.args(["replay", "--json", "--config"]).arg(folder.path().join("vigie.toml")).arg("--data").arg(data);
        last_json(&run(command.arg("--input").args(inputs), 0))
    };
    let data = folder.path().join("one");
    let summary = replay(&[&of_one], &data);
    assert_eq!((&summary["accepted"], &summary["duplicates"], &summary["raised"]), (&json!(2), &json!(1), &json!(0)));
    assert_eq!(versions(&data, "incidents"), ["c-1 1 open low", "c-1 2 revised high revision"]);
    let summary = replay(&[&of_one, &of_two], &folder.path().join("two"));
    assert_eq!((&summary["accepted"], &summary["raised"]), (&json!(3), &json!(1)), "two incidents are two");
}

/// What is judged again from history leaves revisions out as well.
#[test]
fn a_backtest_finds_what_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    found_centre(folder.path(), "", RULES);
    let input = folder.path().join("input.ndjson");
    std::fs::write(&input, lines(&[version("c-1", 1, "open", "low"), version("c-1", 2, "open", "low")])).unwrap();
    let mut replay = vigie();
    replay.args(["replay", "--json", "--config"]).arg(folder.path().join("vigie.toml")).arg("--data").arg(&data);
    assert_eq!(last_json(&run(replay.arg("--input").arg(&input), 0))["raised"], 0);
    let mut backtest = vigie();
    backtest.args(["rules", "backtest", "--json", "--config"]).arg(folder.path().join("vigie.toml"));
    let report = last_json(&run(backtest.arg("--data").arg(&data), 0));
    let text = report.to_string();
    assert!(text.contains("\"incidents\":2"), "{text}");
    assert!(!text.contains("\"alerts\":1"), "{text}");
}
