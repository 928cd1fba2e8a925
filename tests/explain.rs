//! `vigie explain` with the real binary: beside a running server, and on what it has committed.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Running, found_centre, run, sql, text, vigie};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

const METRICS: &str = "\
[metrics.people_count]
label = \"people\"
unit = \"1\"
";

const RULES: &str = "\
groups:
- name: squares
  rules:
  - {alert: Trial, kind: threshold, metric: people_count, raise: 'value >= 1000', shadow: true}
  - {alert: Full, kind: threshold, metric: people_count, per: space, raise: 'value >= 1000', inhibited_by: Crowded,
     guidance: {action: Close the gates, respond_within: 5m}}
  - alert: Crowded
    kind: threshold
    metric: people_count
    per: space
    raise: 'value >= params.max'
    clear: 'value < 80'
    stale_after: 1d
    severity: high
    params: {max: 100}
";

fn people(value: u32) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    format!("{{\"space\":\"plaza\",\"sensor\":\"s1\",\"metric\":\"people_count\",\"value\":{value},\"time\":{now}}}\n")
}

/// A server at whose only space an alert is active; and the alert's id.
fn crowded(folder: &Path) -> (Running, String) {
    found_centre(folder, METRICS, RULES);
    let config = std::fs::read_to_string(folder.join("vigie.toml")).unwrap();
    std::fs::write(folder.join("vigie.toml"), config.replace("\"UTC\"", "\"Europe/Vienna\"")).unwrap();
    let server = Running::start(common::serve(folder));
    let (status, answer) = server.post("/v1/events", "application/x-ndjson", &people(1120));
    assert_eq!(status, 200, "{answer}");
    let alert = loop {
        let (_, alerts) = server.get("/v1/alerts?severity=high");
        let alerts: Value = serde_json::from_str(&alerts).unwrap();
        if let Some(id) = alerts[0]["alert_id"].as_str() {
            break id.to_owned();
        }
    };
    (server, alert)
}

fn explain(folder: &Path, arguments: &[&str], code: i32) -> Output {
    let mut command = vigie();
    command.arg("explain").args(arguments).arg("--data").arg(folder.join("data"));
    run(&mut command, code)
}

#[test]
fn an_alert_is_explained_beside_the_server_and_after_it_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (server, alert) = crowded(folder.path());
    let seen = json!({"operator": "eve", "note": "seen on camera 4"});
    assert_eq!(server.post_json(&format!("/v1/alerts/{alert}/acknowledge"), &seen).0, 200);

    let said = text(&explain(folder.path(), &[&alert[..6]], 0).stdout);
    for words in [
        &format!("Alert {alert}: rule Crowded on plaza."),
        "It is active, severity high.",
        "The rule speaks up when value >= params.max, and is over when value < 80.",
        "Parameters in force: max = 100.",
        "s1      1,120",
        "of the log.",
        "It is still open.",
        "acknowledged by eve; seen on camera 4",
        "Times are those of Europe/Vienna.",
    ] {
        assert!(said.contains(words), "'{words}' is not in:\n{said}");
    }
    let (status, body) = server.get(&format!("/v1/alerts/{alert}/explain"));
    let facts: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &facts["evidence"]["value"]), (200, &json!("1120")), "{facts}");
    let lines: Vec<_> = facts["text"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(lines.join("\n") + "\n", said, "the page has the same words");

    server.post("/v1/events", "application/x-ndjson", &people(10));
    assert_eq!(server.interrupt(), Some(0));
    let json: Value = serde_json::from_slice(&explain(folder.path(), &[&alert, "--json"], 0).stdout).unwrap();
    assert_eq!((&json["alert_id"], &json["state"]), (&json!(alert), &json!("cleared")));
    assert_eq!((&json["actions"][0]["operator"], &json["time_zone"]), (&json!("eve"), &json!("Europe/Vienna")));
}

#[test]
fn a_rule_that_says_nothing_is_asked_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = crowded(folder.path());
    let calm = "{\"space\":\"quay\",\"metric\":\"people_count\",\"value\":70,\"time\":\"2017-03-12T10:00:00Z\"}";
    assert_eq!(server.post("/v1/events", "application/json", calm).0, 200);
    let said = text(&explain(folder.path(), &["--why-not", "Crowded", "quay"], 0).stdout);
    assert!(said.starts_with("Crowded on quay: inactive\nThe value is 70"), "{said}");
    let facts = explain(folder.path(), &["--why-not", "Crowded", "quay", "--json"], 0).stdout;
    let facts: Value = serde_json::from_slice(&facts).unwrap();
    assert_eq!((&facts["rule"], &facts["key"]), (&json!("Crowded"), &json!("quay")), "{facts}");
    let (status, body) = server.get("/v1/rules/why-not?rule=Crowded&key=plaza");
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["state"], "active", "{body}");
    let said = text(&explain(folder.path(), &["--why-not", "Crowded", "nowhere"], 0).stdout);
    assert!(said.contains("has come for nowhere"), "{said}");
    let said = text(&explain(folder.path(), &["--why-not", "Crowdde", "quay"], 1).stderr);
    assert!(said.contains("There is no rule 'Crowdde'; did you mean 'Crowded'?"), "{said}");

    let (_, rules) = server.get("/v1/rules");
    let rules: Value = serde_json::from_str(&rules).unwrap();
    assert_eq!((&rules[0]["name"], &rules[0]["shadow"]), (&json!("Trial"), &json!(true)), "{rules}");
    assert_eq!((&rules[2]["kind"], &rules[2]["severity"]), (&json!("threshold"), &json!("high")), "{rules}");

    assert_eq!(server.interrupt(), Some(0));
    let said = text(&explain(folder.path(), &["--why-not", "Crowded", "quay"], 3).stderr);
    assert!(said.contains("no server runs on"), "{said}");
}

#[test]
fn what_is_suppressed_or_in_shadow_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (server, crowded) = crowded(folder.path());
    let data = folder.path().join("data");
    let alert_of = |rule: &str| {
        let found = sql(&data, &format!("SELECT alert_id, reason FROM alerts WHERE rule = '{rule}'"));
        (found[0]["alert_id"].as_str().unwrap().to_owned(), found[0]["reason"].clone())
    };
    let (full, reason) = alert_of("Full");
    assert_eq!(reason, Value::Null);
    let (_, shown) = server.get(&format!("/v1/alerts/{full}"));
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["inhibited_by"], json!({"rule": "Crowded", "alert_id": crowded}), "{shown}");
    assert_eq!(shown["guidance"], json!({"action": "Close the gates", "respond_within": "5m"}));
    let said = text(&explain(folder.path(), &[&full], 0).stdout);
    assert!(said.contains("It is suppressed by") && said.contains("What to do: Close the gates"), "{said}");
    let said = text(&explain(folder.path(), &["--why-not", "Full", "plaza"], 0).stdout);
    assert!(said.contains("suppressed by an alert of Crowded"), "{said}");

    let (trial, reason) = alert_of("Trial");
    assert_eq!(reason, "shadow");
    assert_eq!(server.get(&format!("/v1/alerts/{trial}")).0, 404);
    let said = text(&explain(folder.path(), &[&trial], 0).stdout);
    assert!(said.contains("nobody was shown it"), "{said}");
    let said = text(&explain(folder.path(), &["--why-not", "Trial", "plaza/s1"], 0).stdout);
    assert!(said.contains("The rule is in shadow"), "{said}");
    let (_, status) = server.get("/v1/status");
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!((&status["open"], &status["suppressed"]), (&json!(1), &json!(1)), "{status}");
}

#[test]
fn what_cannot_be_explained_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (server, alert) = crowded(folder.path());
    let unknown = "0123456789abcdef0123456789abcdef";
    for id in [unknown, &unknown[..8]] {
        let said = text(&explain(folder.path(), &[id], 1).stderr);
        assert!(said.contains("no alert has an id that begins with") && said.contains("/v1/alerts"), "{said}");
    }
    for no_id in ["Crowded", &alert[..5], "../status"] {
        let said = text(&explain(folder.path(), &[no_id], 2).stderr);
        assert!(said.contains("is not the id of an alert; expected 32 hex digits"), "{said}");
    }
    assert_eq!(server.get("/v1/alerts/Crowded/explain").0, 400);
    assert_eq!(server.get(&format!("/v1/alerts/{unknown}/explain")).0, 404);
    assert_eq!(server.interrupt(), Some(0));
    let said = text(&explain(folder.path(), &[unknown], 1).stderr);
    assert!(said.contains("vigie sql"), "{said}");
    run(vigie().args(["explain"]), 2);
}
