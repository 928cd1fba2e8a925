//! The desk of a real server: a flood from its beginning to its end, what is out of service, an incident by telephone, and
//! that all of it comes back after a restart.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Running, count, found_centre, now_ms, wait_until};
use serde_json::{Value, json};
use std::path::Path;

const CONFIG: &str = "\
[metrics.people_count]
label = \"people\"
unit = \"1\"
[log]
partitions = 1
[desk]
operators = 1
[desk.flood]
within = \"10s\"
enter = 3
leave = 2
";

const RULES: &str = "\
groups:
- name: squares
  rules:
  - alert: Crowded
    kind: threshold
    metric: people_count
    per: space
    raise: 'value >= 100'
    clear: 'value < 80'
    stale_after: 1d
    severity: medium
  - alert: Packed
    kind: threshold
    metric: people_count
    per: space
    raise: 'value >= 1000'
    clear: 'value < 800'
    stale_after: 1d
    severity: critical
";

fn serve(folder: &Path) -> Running {
    Running::start(common::serve(folder))
}

fn people(space: &str, value: u32) -> String {
    let now = now_ms();
    format!("{{\"space\":\"{space}\",\"metric\":\"people_count\",\"value\":{value},\"time\":{now}}}\n")
}

fn desk(server: &Running) -> Value {
    let (status, desk) = server.get("/v1/desk");
    assert_eq!(status, 200, "{desk}");
    serde_json::from_str(&desk).unwrap()
}

/// The desk once it is as it should be.
fn desk_when(server: &Running, is_so: impl Fn(&Value) -> bool) -> Value {
    wait_until("the desk as it should be", || Some(desk(server)).filter(&is_so))
}

fn command(server: &Running, path: &str, body: &Value) -> Value {
    let (status, answer) = server.post_json(path, body);
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

#[test]
fn a_flood_is_entered_digested_and_left_and_nothing_of_the_desk_is_lost_by_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    found_centre(folder.path(), CONFIG, RULES);
    let server = serve(folder.path());
    let calm: String = ["a", "b", "c", "d", "e", "f"].iter().map(|space| people(space, 120)).collect();
    let (status, answer) = server.post("/v1/events", "application/x-ndjson", &(calm + &people("g", 2000)));
    assert_eq!(status, 200, "{answer}");

    let flooded = desk_when(&server, |desk| desk["flood"]["new_10min"] == 8);
    let flood = &flooded["flood"];
    assert_eq!((&flood["active"], &flood["enter"], &flood["leave"]), (&json!(true), &json!(3), &json!(2)), "{flood}");
    let digested: Vec<_> = flood["digest"].as_array().unwrap().iter().map(|row| row["count"].clone()).collect();
    assert_eq!((&flood["told"], digested), (&json!(1), vec![json!(1); 4]), "the fourth alert begins it: {flood}");
    let (_, alerts) = server.get("/v1/alerts");
    let alerts: Value = serde_json::from_str(&alerts).unwrap();
    assert_eq!(alerts.as_array().unwrap().len(), 8, "nothing is dropped");
    assert!(alerts.as_array().unwrap().iter().any(|alert| alert["alert_id"] == flood["first_up"]), "{flood}");

    let left = desk_when(&server, |desk| desk["flood"]["active"] == false);
    let ended = left["news"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&ended["what"], &ended["told"], &ended["digested"]), (&json!("flood_ended"), &json!(1), &json!(4)));

    let out = json!({"operator": "Ada", "note": "the counter is broken", "rule": "Crowded", "space": "a"});
    command(&server, "/v1/out-of-service", &out);
    let alert = alerts.as_array().unwrap().iter().find(|alert| alert["space"] == "a").unwrap();
    let path = format!("/v1/alerts/{}", alert["alert_id"].as_str().unwrap());
    let (_, alert) = server.get(&path);
    assert_eq!(serde_json::from_str::<Value>(&alert).unwrap()["handling"], "out_of_service");
    command(&server, "/v1/shift/sign", &json!({"operator": "Ada", "as": "leaving"}));
    let report = json!({"operator": "Ada", "space": "b", "category": "assault", "severity": "high", "note": "two men"});
    assert_eq!(command(&server, "/v1/reports", &report)["outcome"], "accepted");
    let (_, shift) = server.get("/v1/shift");
    let shift: Value = serde_json::from_str(&shift).unwrap();
    assert_eq!((&shift["actions"], shift["open"].as_array().unwrap().len()), (&json!(2), 7), "{shift}");
    let data = folder.path().join("data");
    let reported = "SELECT count(*) FROM incidents WHERE feed = 'desk' AND channel = 'phone' AND category = 'assault'";
    assert_eq!(count(&data, reported), 1);

    let shown = |desk: &Value| {
        let parts = ["news", "out_of_service", "signed", "incident_files", "on_duty", "mode"];
        parts.map(|part| desk[part].clone())
    };
    let before = shown(&desk(&server));
    server.kill();
    let server = serve(folder.path());
    assert_eq!(shown(&desk(&server)), before);
    server.kill();
}
