//! One shift, told by all that count: the views of SQL, the reports and the desk say the same of the same alerts.

#![cfg(all(feature = "history", feature = "console"))]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{PEOPLE_METRIC, Running, count, found_centre, now_ms, run, sql, text, vigie, wait_until};
use serde_json::{Value, json};
use std::path::Path;
use vigie_model::time::format_utc;

const SETTINGS: &str = "[log]\npartitions = 1\n[desk]\noperators = 2\n";
const RULES: &str = "\
groups:
- name: squares
  rules:
  - {alert: Crowded, kind: threshold, metric: people_count, per: space, raise: 'value >= 100', clear: 'value < 80', stale_after: 1d, severity: medium}
  - {alert: Packed, kind: threshold, metric: people_count, per: space, raise: 'value >= 1000', clear: 'value < 800', stale_after: 1d, severity: critical}
  - {alert: Empty, kind: threshold, metric: people_count, per: space, raise: 'value < 1', clear: 'value >= 1', stale_after: 1d, shadow: true}
";
const SPACES: usize = 24;

fn measured(space: &str, value: u32) -> String {
    json!({"space": space, "metric": "people_count", "value": value, "time": format_utc(now_ms())}).to_string() + "\n"
}

/// Posts counts, and waits until there are so many alerts.
fn post(server: &Running, events: &str, alerts: usize) -> Vec<Value> {
    let (status, answer) = server.post("/v1/events", "application/x-ndjson", events);
    assert_eq!(status, 200, "{answer}");
    wait_until(&format!("{alerts} alerts"), || {
        let found: Vec<Value> = serde_json::from_str(&server.get("/v1/alerts").1).unwrap();
        (found.len() == alerts).then_some(found)
    })
}

/// A report of the running server's newest rows.
fn report(data: &Path, kind: &str, from_ms: i64, to_ms: i64) -> String {
    let file = data.with_file_name(format!("{kind}.html"));
    let mut report = vigie();
    report.args(["report", kind, "--from", &format_utc(from_ms), "--to", &format_utc(to_ms), "--data"]).arg(data);
    run(report.arg("--output").arg(&file), 0);
    std::fs::read_to_string(&file).unwrap()
}

/// The cells of a table's row behind the first.
fn cells(page: &str, first: &str) -> Vec<String> {
    let (_, row) =
        page.split_once(&format!("<td>{first}</td>")).unwrap_or_else(|| panic!("no row '{first}' in {page}"));
    let (row, _) = row.split_once("</tr>").unwrap();
    row.split("</td>").filter_map(|cell| Some(cell.rsplit_once('>')?.1.to_owned())).collect()
}

fn percent(text: &str) -> f64 {
    text.trim_end_matches('%').parse().unwrap_or_else(|_| panic!("'{text}' is no share"))
}

#[test]
fn views_reports_and_the_desk_count_alike() {
    let folder = tempfile::tempdir().unwrap();
    found_centre(folder.path(), &format!("{PEOPLE_METRIC}{SETTINGS}"), RULES);
    let data = folder.path().join("data");
    let server = Running::start(common::serve(folder.path()));
    let began_ms = now_ms() / 1000 * 1000;
    let (from_ms, to_ms) = (began_ms - 60_000, began_ms + 60_000);

    let count_of = |space: usize| if space == 0 { 2_000 } else { 150 };
    let events: String = (0..SPACES).map(|space| measured(&format!("s{space}"), count_of(space))).collect();
    let events = events + &measured("unseen", 0);
    // Twenty-five alerts that are shown, one in shadow: more than ten for each of two operators.
    let alerts = post(&server, &events, SPACES + 1);
    let id = |rule: &str, space: usize| {
        let space = format!("s{space}");
        let such = alerts.iter().find(|alert| alert["rule"] == rule && alert["space"] == space.as_str());
        such.unwrap()["alert_id"].as_str().unwrap().to_owned()
    };
    let act = |operator: &str, id: &str, verb: &str, more: Value| {
        let mut body = more;
        body["operator"] = operator.into();
        let (status, answer) = server.post_json(&format!("/v1/alerts/{id}/{verb}"), &body);
        assert_eq!((status, &answer["outcome"]), (200, &json!("done")), "{verb}: {answer}");
    };
    for space in 0..5 {
        act(if space < 3 { "Ada" } else { "Bo" }, &id("Crowded", space), "acknowledge", json!({}));
    }
    act("Ada", &id("Packed", 0), "acknowledge", json!({}));
    let calm: String = (0..5).map(|space| measured(&format!("s{space}"), 10)).collect();
    post(&server, &calm, SPACES + 1);
    let cleared = "SELECT count(*) FROM alerts WHERE state = 'cleared'";
    wait_until("six alerts that cleared", || (count(&data, cleared) >= 6).then_some(()));
    for (rule, space, disposition) in [
        ("Crowded", 0, "true"),
        ("Crowded", 1, "false"),
        ("Crowded", 2, "nuisance"),
        ("Crowded", 3, "duplicate"),
        ("Packed", 0, "true"),
    ] {
        act("Ada", &id(rule, space), "close", json!({"disposition": disposition}));
    }
    // What was closed by mistake counts as it was closed in the end, and what was opened again does not count.
    act("Bo", &id("Crowded", 0), "reopen", json!({}));
    act("Bo", &id("Crowded", 0), "close", json!({"disposition": "false"}));
    act("Bo", &id("Crowded", 3), "reopen", json!({}));
    let done = "SELECT count(*) FROM actions WHERE operator <> 'vigie' AND outcome = 'done'";
    wait_until("all commands in history", || (count(&data, done) >= 14).then_some(()));

    let (shift, rules) = (report(&data, "shift", from_ms, to_ms), report(&data, "rules", from_ms, to_ms));
    let query = format!("/v1/shift?from={}&to={}", format_utc(from_ms), format_utc(to_ms));
    let handover: Value = serde_json::from_str(&server.get(&query).1).unwrap();
    let kpi = |name: &str| {
        handover["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == name).unwrap()["value"].clone()
    };

    let values = sql(&data, "SELECT * FROM rule_value ORDER BY rule");
    assert_eq!(values.len(), 2, "what is in shadow is not counted: {values:?}");
    for value in &values {
        let row = cells(&rules, value["rule"].as_str().unwrap());
        let of_view = ["alerts", "true_alerts", "false_alerts", "not_judged"].map(|column| value[column].to_string());
        assert_eq!([&row[0], &row[3], &row[4], &row[5]], of_view.each_ref(), "{value}");
        let precision = value["precision"].as_f64().unwrap() * 100.0;
        let drawn = format!(
            "{} ({}/{}) {precision:.0}%",
            value["rule"].as_str().unwrap(),
            of_view[1],
            row[3].parse::<u64>().unwrap() + row[4].parse::<u64>().unwrap()
        );
        assert!(rules.contains(&drawn), "{drawn}");
    }
    assert_eq!(
        [&values[0]["true_alerts"], &values[0]["false_alerts"], &values[0]["set_aside"]],
        [0, 3, 0],
        "{values:?}"
    );

    let load = &sql(
        &data,
        "SELECT sum(alerts) AS alerts, sum(acknowledged) AS acknowledged, max(busiest_10min) AS busiest, max(operators) AS operators FROM operator_load",
    )[0];
    assert_eq!(load["alerts"].to_string(), cells(&shift, "Alerts opened")[0]);
    assert_eq!(load["acknowledged"].to_string(), cells(&shift, "Acknowledged")[0]);
    assert_eq!((load["busiest"].as_u64(), load["operators"].as_u64()), (Some(SPACES as u64 + 1), Some(2)));
    assert!(shift.contains("Operators: 2"));
    let a_day = kpi("alerts_per_day_per_operator").as_f64().unwrap();
    assert_eq!(cells(&shift, "Alerts a day for each operator")[0].replace(',', ""), format!("{a_day:.0}"));
    // The desk goes by log time, reports by the time of events: seconds apart, of two minutes.
    let (of_desk, of_report) = (kpi("time_in_flood").as_f64().unwrap(), percent(&cells(&shift, "Time in flood")[0]));
    assert!(of_desk > 40.0 && (of_desk - of_report).abs() < 5.0, "{of_desk} and {of_report} percent in flood");
    let (of_desk, median) = (
        kpi("time_to_acknowledge").as_f64().unwrap(),
        sql(
            &data,
            "SELECT median(a.s) AS s FROM (SELECT acknowledge_s AS s FROM operator_load WHERE acknowledged > 0) AS a",
        ),
    );
    assert!((of_desk - median[0]["s"].as_f64().unwrap()).abs() < 2.0, "{of_desk} and {median:?} seconds");
    assert_eq!(server.interrupt(), Some(0));
    assert_eq!(
        text(
            &run(
                vigie()
                    .args(["report", "rules", "--check"])
                    .arg(data.with_file_name("rules.html"))
                    .arg("--data")
                    .arg(&data),
                0
            )
            .stdout
        )
        .split(':')
        .next(),
        Some("the same")
    );
}
