//! `vigie rules backtest`: what a server has stored, judged again, gives what the server said.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Running, found_centre, project, run, serve, sql, text, vigie};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use vigie_model::time::parse_rfc3339_ms;

const RULES: &str = "\
groups:
- name: every kind
  rules:
  - {alert: Crowded, kind: threshold, metric: density, per: space, raise: 'value > 7', clear: 'value < 5', for: 400ms,
     keep_firing_for: 300ms, stale_after: 2s, severity: low, escalate: {after: 1s, severity: high}}
  - {alert: Loud, kind: threshold, metric: noise, raise: 'value > 8', stale_after: 1s}
  - {alert: Busy, kind: window, metric: density, per: space, window: 4s, every: 500ms, agg: mean, min_count: 2, raise: 'value > 5', clear: 'value < 4.5'}
  - {alert: Surge, kind: change, metric: noise, per: sensor, over: 3s, every: 500ms, raise: 'value > 6'}
  - {alert: Silent, kind: absence, metric: noise, per: sensor, for: 1500ms}
  - {alert: Fights, kind: window, incident: 'incident.category == \"fight\"', window: 5s, every: 1s, agg: count, raise: 'value >= 3'}
  - {alert: Escalates, kind: sequence, within: 4s, keep_firing_for: 1s, steps: [{metric: noise, match: 'value > 6'}, {incident: 'incident.category == \"fight\"'}]}
  - {alert: Confirmed, kind: k_of_n, metric: noise, k: 2, within: 1s, match: 'value > 7', keep_firing_for: 500ms}
  - {alert: Trouble, kind: all_of, of: [Busy, Fights]}
  - {alert: Spreading, kind: spread, of: Fights, k: 2, within: 1m, among: adjacent}
";
const SPACES: &str = r#"{"type": "FeatureCollection", "features": [
 {"type": "Feature", "geometry": {"type": "Point", "coordinates": [2.35, 48.85]}, "properties":
  {"id": "a", "name": "A", "kind": "square", "district": "north", "adjacent": ["b", "c"], "sensors": [{"id": "s9", "metric": "noise", "expected": true}]}},
 {"type": "Feature", "geometry": {"type": "Point", "coordinates": [2.36, 48.85]}, "properties": {"id": "b", "name": "B", "kind": "square", "district": "north"}}]}"#;

/// A city that cannot sit still: densities, noise and fights, in order, late and from the future.
struct City {
    seed: u64,
    sent: u64,
}

impl City {
    fn below(&mut self, end: u64) -> u64 {
        // Knuth's MMIX generator; its upper bits are good enough for a city.
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % end
    }

    fn event(&mut self) -> Value {
        self.sent += 1;
        let late_ms = if self.below(4) == 0 { self.below(2500) } else { 0 };
        let ahead_ms = if self.below(20) == 0 { 30_000 } else { 0 };
        let time = now_ms() - late_ms + ahead_ms;
        let space = ["a", "b", "c"][usize::try_from(self.below(3)).unwrap()];
        let sensor = format!("s{}", self.below(2));
        let id = format!("e-{}", self.sent);
        match self.below(6) {
            0 => {
                json!({"type": "incident", "id": id, "space": space, "category": "fight", "severity": "high", "channel": "app", "time": time})
            }
            1 | 2 => {
                json!({"id": id, "space": space, "sensor": sensor, "metric": "density", "value": self.below(100) as f64 / 10.0, "time": time})
            }
            _ => {
                let quality = if self.below(10) == 0 { "bad" } else { "good" };
                let value = self.below(1_000_000) as f64 / 100_000.0;
                json!({"id": id, "space": space, "sensor": sensor, "metric": "noise", "value": value, "quality": quality, "time": time})
            }
        }
    }

    /// Posts requests of one to four events for a while.
    fn live(&mut self, server: &Running, during: Duration) {
        let end = Instant::now() + during;
        while Instant::now() < end {
            let events: Vec<_> = (0..=self.below(3)).map(|_| self.event()).collect();
            assert_eq!(server.post_json("/v1/events", &Value::Array(events)).0, 200);
        }
    }
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Asks until a sensor has fallen silent.
fn wait_for_silence(server: &Running, key: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    let is_it = |alert: &Value| alert["rule"] == "Silent" && alert["key"] == key && alert["state"] == "active";
    loop {
        let alerts: Vec<Value> = serde_json::from_str(&server.get("/v1/alerts").1).unwrap();
        if alerts.iter().any(is_it) {
            return;
        }
        assert!(Instant::now() < end, "{key} was never silent");
        std::thread::yield_now();
    }
}

fn backtest(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = vigie();
    command.args(["rules", "backtest", "--config", "vigie.toml", "--data", "data"]).args(arguments);
    run(command.current_dir(folder), 0)
}

fn report(folder: &Path, arguments: &[&str]) -> Value {
    let output = backtest(folder, &[&["--json"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Everything of transitions that a backtest makes again, one text each: not the log time at which the clock's tick came,
/// which stands in the evidence of silences too, nor the number of ticks, which is the position of a spread.
fn transitions(rows: impl Iterator<Item = Value>) -> Vec<String> {
    let fields =
        ["alert_id", "rule", "rule_uid", "rule_version", "key", "space", "state", "severity", "reason", "summary"];
    let line = |row: Value| {
        let words = fields.map(|name| row[name].as_str().unwrap_or("-").to_owned()).join(" ");
        let event_time_ms = parse_rfc3339_ms(row["event_time"].as_str().unwrap()).unwrap();
        let evidence = row["evidence"].as_str().map(|text| serde_json::from_str(text).unwrap());
        let mut evidence: Value = evidence.unwrap_or_else(|| row["evidence"].clone());
        if let Some(fields) = evidence.as_object_mut() {
            fields.remove("log_time_ms");
            if fields.get("kind") == Some(&"spread".into()) {
                fields.remove("position");
            }
        }
        let evidence = if evidence.as_object().is_none_or(serde_json::Map::is_empty) { Value::Null } else { evidence };
        format!("{words} {event_time_ms} {evidence}")
    };
    let mut lines: Vec<_> = rows.map(line).collect();
    lines.sort();
    lines
}

fn recorded(data: &Path) -> Vec<String> {
    transitions(sql(data, "SELECT * FROM alerts").into_iter())
}

fn written(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    transitions(text.lines().map(|line| serde_json::from_str(line).unwrap()))
}

/// Compares lines without printing those that are the same.
fn assert_same(judged: &[String], recorded: &[String]) {
    let only = |these: &[String], others: &[String]| {
        these.iter().filter(|line| !others.contains(line)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(only(judged, recorded), only(recorded, judged));
    assert_eq!(judged.len(), recorded.len());
}

/// A server lives through everything at once: every kind, late rows, rows from the future, silence, a kill and a pause.
#[test]
fn a_backtest_says_what_a_server_said() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    found_centre(root, "[time]\ntick = \"100ms\"\n", RULES);
    let config = std::fs::read_to_string(root.join("vigie.toml")).unwrap();
    std::fs::write(root.join("spaces.geojson"), SPACES).unwrap();
    std::fs::write(root.join("vigie.toml"), config.replace("[spaces]\n", "[spaces]\nfile = \"spaces.geojson\"\n"))
        .unwrap();
    let seed = std::env::var("VIGIE_SEED").map_or_else(|_| now_ms(), |seed| seed.parse().unwrap());
    println!("VIGIE_SEED={seed}");
    let mut city = City { seed, sent: 0 };

    let server = Running::start(serve(root));
    city.live(&server, Duration::from_secs(3));
    wait_for_silence(&server, "a/s9");
    city.live(&server, Duration::from_secs(1));
    server.kill();
    let server = Running::start(serve(root));
    city.live(&server, Duration::from_secs(2));
    // Noticed by ticks behind the last row, before the intake comes up again and silences count anew.
    wait_for_silence(&server, "b/s1");
    assert_eq!(server.interrupt(), Some(0));
    let server = Running::start(serve(root));
    city.live(&server, Duration::from_secs(1));
    wait_for_silence(&server, "c/s0");
    let beside = report(root, &[]);
    assert!(beside["notes"][0].as_str().unwrap().starts_with("another process writes to this folder"), "{beside:#}");
    assert_eq!(server.interrupt(), Some(0));

    let file = root.join("judged.ndjson");
    let report = report(root, &["--transitions", file.to_str().unwrap()]);
    assert_eq!(report["production"]["identical"], true, "{report:#}");
    assert_same(&written(&file), &recorded(&root.join("data")));
    let rules: BTreeSet<_> = sql(&root.join("data"), "SELECT DISTINCT rule FROM alerts")
        .iter()
        .map(|row| row["rule"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(rules.len(), 10, "every rule has spoken: {rules:?}");
    assert!(report["production"]["transitions"].as_u64().unwrap() > 50, "{report:#}");

    // Rows in another order, or ticks elsewhere, would show: most transitions need both.
    let states = sql(&root.join("data"), "SELECT DISTINCT state FROM alerts");
    assert!(states.len() >= 4, "{states:?}");
    let marks =
        sql(&root.join("data"), "SELECT action, count(*) AS times FROM actions GROUP BY action ORDER BY action");
    assert_eq!(marks[0]["action"], "intake_up");
    assert!(marks[0]["times"].as_u64().unwrap() >= 3, "{marks:?}");
}

/// A month of Melbourne, replayed into a folder with history, and then judged again from there.
#[test]
fn a_month_of_a_city_is_judged_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let melbourne = project().join("configs/melbourne");
    let config = melbourne.join("vigie.toml");
    let mut replay = vigie();
    replay.arg("replay").arg("--config").arg(&config).arg("--input").arg(melbourne.join("pedestrian_03_2017.csv"));
    run(replay.args(["--data", "data", "--json"]).current_dir(root), 0);
    let config = config.to_str().unwrap();
    let mut command = vigie();
    command.args(["rules", "backtest", "--config", config, "--data", "data", "--transitions", "judged.ndjson"]);
    let said = text(&run(command.current_dir(root), 0).stdout);
    assert!(said.contains("production: identical: true (349 recorded transitions of 6 unchanged rules)"), "{said}");
    assert_same(&written(&root.join("judged.ndjson")), &recorded(&root.join("data")));

    // A week in the middle, from a state of all rows before.
    let mut command = vigie();
    command.args(["rules", "backtest", "--config", config, "--data", "data", "--json"]);
    command.args(["--from", "2017-03-10T00:00:00+11:00", "--to", "2017-03-17T00:00:00+11:00"]);
    let week: Value = serde_json::from_slice(&run(command.current_dir(root), 0).stdout).unwrap();
    assert_eq!((&week["production"]["identical"], &week["hours"]), (&true.into(), &168.0.into()), "{week:#}");
    let counted = "SELECT count(*) AS n FROM alerts WHERE event_time >= '2017-03-09T13:00:00Z' AND event_time < '2017-03-16T13:00:00Z'";
    assert_eq!(week["production"]["transitions"], sql(&root.join("data"), counted)[0]["n"]);
}

/// Two squares and four incidents, with every figure computed by hand. Crowded becomes active in `a` at 0, 40 and 98 min, in
/// `b` at 3 min. Fights: in `a` at 6, 14, 56 and 105 min, in `b` at 2 min; the theft is no truth.
#[test]
fn alerts_are_measured_against_incidents_right_to_the_row() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let rules = "groups:\n- name: a\n  rules:\n  \
        - {alert: Crowded, kind: threshold, metric: density, per: space, raise: 'value > 5', stale_after: 1h}\n  \
        - {alert: Never, kind: threshold, metric: density, per: space, raise: 'value > 50', stale_after: 1h}\n";
    found_centre(root, "", rules);
    let at = |minute: u32| format!("2026-03-02T{:02}:{:02}:00Z", 10 + minute / 60, minute % 60);
    let density = |space: &str, minute, value: u32| json!({"space": space, "metric": "density", "value": value, "time": at(minute)});
    let incident = |space: &str, category: &str, minute| json!({"type": "incident", "id": format!("{category}-{minute}"), "space": space, "category": category, "time": at(minute)});
    let mut events = Vec::new();
    for (space, minute) in [("a", 0), ("a", 40), ("a", 98), ("b", 3)] {
        events.extend([density(space, minute, 6), density(space, minute + 1, 1)]);
    }
    for (space, minute) in [("a", 6), ("a", 14), ("a", 56), ("a", 105), ("b", 2)] {
        events.push(incident(space, "fight", minute));
    }
    events.push(incident("a", "theft", 41));
    let lines: Vec<_> = events.iter().map(ToString::to_string).collect();
    std::fs::write(root.join("events.ndjson"), lines.join("\n")).unwrap();
    let mut replay = vigie();
    replay.args(["replay", "--config", "vigie.toml", "--input", "events.ndjson", "--data", "data", "--json"]);
    run(replay.current_dir(root), 0);

    let range = ["--from", "2026-03-02T10:00:00Z", "--to", "2026-03-02T11:40:00Z"];
    let truth = ["--truth", "incident.category == \"fight\"", "--matches", "matches.ndjson"];
    let found = report(root, &[&range[..], &truth[..]].concat());
    let crowded = &found["rules"][0];
    assert_eq!(crowded["alerts"], 4);
    assert_eq!(crowded["alerts_per_shift"], 19.2, "4 in 100 of 480 minutes");
    let rounded =
        |share: &Value| [&share["low"], &share["high"]].map(|end| (end.as_f64().unwrap() * 1e4).round() / 1e4);
    // 0 matches 6 and 14; 40 matches none, as 56 is 16 minutes later; 98 matches 105, which is in no count; b's matches 2.
    assert_eq!((&crowded["precision"]["count"], &crowded["precision"]["of"]), (&3.into(), &4.into()));
    assert_eq!(rounded(&crowded["precision"]), [0.3006, 0.9544]);
    assert_eq!((&crowded["recall"]["count"], &crowded["recall"]["of"]), (&3.into(), &4.into()));
    assert_eq!(crowded["lead_median_s"], 360.0, "6 min, 14 min and -1 min");
    assert_eq!(crowded["false_alerts"], 1);
    assert_eq!(crowded["false_alerts_per_operator_hour"], 0.6);
    let never = &found["rules"][1];
    assert_eq!(
        (&never["alerts"], &never["precision"]["share"], &never["recall"]["share"]),
        (&0.into(), &Value::Null, &0.0.into())
    );
    assert_eq!(found["production"]["identical"], true);

    let matches = std::fs::read_to_string(root.join("matches.ndjson")).unwrap();
    let rows: Vec<Value> = matches.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let alerts: Vec<_> =
        rows.iter().filter(|row| row["rule"] == "Crowded").map(|row| row["incidents"].clone()).collect();
    assert_eq!(alerts, [json!(["fight-6", "fight-14"]), json!(["fight-2"]), json!([]), json!(["fight-105"])]);
    let incidents: Vec<_> = rows
        .iter()
        .filter(|row| row["incident"].is_string())
        .map(|row| (row["incident"].clone(), row["alerts"][0]["lead_s"].clone()))
        .collect();
    let leads =
        [("fight-2", json!(-60.0)), ("fight-6", json!(360.0)), ("fight-14", json!(840.0)), ("fight-56", Value::Null)];
    assert_eq!(incidents, leads.map(|(id, lead)| (json!(id), lead)));

    // Other rules: the one that changed is not compared, the other one is.
    std::fs::write(root.join("proposed.yaml"), rules.replace("value > 5'", "value > 6'")).unwrap();
    let proposed = report(root, &["--rules", "proposed.yaml"]);
    let compared: Vec<_> = proposed["rules"].as_array().unwrap().iter().map(|rule| rule["compared"] == true).collect();
    assert_eq!((compared, &proposed["rules"][0]["alerts"]), (vec![false, true, false], &0.into()));

    let wrong = ["rules", "backtest", "--config", "vigie.toml", "--data", "data", "--truth", "incident.categry == 1"];
    let said = text(&run(vigie().args(wrong).current_dir(root), 2).stderr);
    assert!(said.contains("error: --truth: at character 1: "), "{said}");
}

/// A state from a few rows before the range is a guess; one from all rows is not.
#[test]
fn a_short_warm_up_sees_less() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let rules = "groups:\n- name: a\n  rules:\n  - {alert: Crowded, kind: threshold, metric: density, per: space, raise: 'value > 5', for: 90m, stale_after: 2d}\n";
    found_centre(root, "", rules);
    let line = |time: &str| format!(r#"{{"space": "a", "metric": "density", "value": 6, "time": "{time}"}}"#);
    let lines = ["2026-03-01T23:00:00Z", "2026-03-02T00:10:00Z", "2026-03-02T03:00:00Z"].map(line);
    std::fs::write(root.join("events.ndjson"), lines.join("\n")).unwrap();
    let mut replay = vigie();
    replay.args(["replay", "--config", "vigie.toml", "--input", "events.ndjson", "--data", "data", "--json"]);
    run(replay.current_dir(root), 0);
    let range = ["--from", "2026-03-02T00:00:00Z", "--to", "2026-03-02T02:00:00Z"];
    let whole = report(root, &range);
    assert_eq!((&whole["production"]["identical"], &whole["production"]["transitions"]), (&true.into(), &1.into()));
    let short = report(root, &[&range[..], &["--warm-up", "30m"]].concat());
    assert_eq!(short["production"]["identical"], false, "its hold began seventy minutes later: {short:#}");
    assert_eq!(short["warm_up_from"], "2026-03-01T23:30:00Z");
    for outside in [["--from", "2027-01-01T00:00:00Z"], ["--to", "2025-01-01T00:00:00Z"]] {
        let mut command = vigie();
        command.args(["rules", "backtest", "--config", "vigie.toml", "--data", "data"]).args(outside);
        let said = text(&run(command.current_dir(root), 1).stderr);
        assert!(said.contains("no rows of this centre in that time"), "{said}");
    }
}

/// A replay's last tick comes a day after its newest row, between two ticks: what is due right then is due in a backtest too.
#[test]
fn the_last_tick_of_a_replay_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let rules = "groups:\n- name: a\n  rules:\n  - {alert: Crowded, kind: threshold, metric: density, per: space, raise: 'value > 5', stale_after: 1d}\n";
    found_centre(root, "", rules);
    let line = r#"{"space": "a", "metric": "density", "value": 6, "time": "2026-03-01T23:00:00.700Z"}"#;
    std::fs::write(root.join("events.ndjson"), line).unwrap();
    let mut replay = vigie();
    replay.args(["replay", "--config", "vigie.toml", "--input", "events.ndjson", "--data", "data", "--json"]);
    run(replay.current_dir(root), 0);
    let found = report(root, &[]);
    let states = sql(&root.join("data"), "SELECT state FROM alerts ORDER BY \"offset\"");
    assert_eq!(states, [json!({"state": "active"}), json!({"state": "stale"})]);
    assert_eq!(found["production"]["identical"], true, "{found:#}");

    // A second replay of other rows into the same folder is another log; nobody can say which row came first.
    std::fs::write(root.join("others.ndjson"), line.replace("23:00", "22:00")).unwrap();
    let mut replay = vigie();
    replay.args(["replay", "--config", "vigie.toml", "--input", "others.ndjson", "--data", "data", "--json"]);
    run(replay.current_dir(root), 0);
    let mut command = vigie();
    command.args(["rules", "backtest", "--config", "vigie.toml", "--data", "data"]);
    let said = text(&run(command.current_dir(root), 3).stderr);
    assert!(said.contains("history holds the rows of several logs (offset 0 of partition"), "{said}");
}

/// What a page may ask of a running server: the rows of its earlier life, judged by rules that are not in force.
#[test]
fn a_running_server_backtests_proposed_rules() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let rule = |name: &str, raise: u32| {
        let fields = format!("kind: threshold, metric: density, per: space, raise: 'value > {raise}', stale_after: 1h");
        format!("groups:\n- name: a\n  rules:\n  - {{alert: {name}, {fields}}}\n")
    };
    found_centre(root, "", &rule("Crowded", 50));
    let server = Running::start(serve(root));
    let ask = |server: &Running, asked: &Value| server.post_json("/v1/rules/backtest", asked);
    let (status, problem) = ask(&server, &json!({}));
    assert_eq!(status, 404, "{problem}");
    assert_eq!(problem["detail"], "history has no rows of this centre in that time");

    // Before their log time: what lies behind the last row is not in the range.
    let now = now_ms() - 1000;
    let density = |space: &str, value: u32, ms: u64| json!({"id": format!("{space}{ms}"), "space": space, "metric": "density", "value": value, "time": now + ms});
    let fight = json!({"type": "incident", "id": "f", "space": "a", "category": "fight", "time": now + 3});
    let events = [density("a", 6, 0), density("a", 1, 1), density("a", 7, 2), density("b", 6, 0), fight];
    assert_eq!(server.post_json("/v1/events", &json!(events)).0, 200);
    assert_eq!(server.interrupt(), Some(0));
    let server = Running::start(serve(root));

    let (status, report) =
        ask(&server, &json!({"rules": rule("Fuller", 5), "truth": "incident.category == 'fight'", "shift": "2h"}));
    assert_eq!(status, 200, "{report:#}");
    let fuller = &report["rules"][0];
    assert_eq!((&fuller["rule"], &fuller["alerts"], &report["shift"]), (&"Fuller".into(), &3.into(), &"2h".into()));
    assert_eq!((&fuller["precision"]["count"], &fuller["precision"]["of"]), (&2.into(), &3.into()));
    assert!(report["notes"][0].as_str().unwrap().starts_with("another process writes to this folder"), "{report:#}");
    let (status, report) = ask(&server, &json!({}));
    assert_eq!(
        (status, &report["production"]["identical"], &report["rules"][0]["alerts"]),
        (200, &true.into(), &0.into())
    );

    // Mistakes tell where they are, and nothing of where the server keeps its files.
    let (status, problem) =
        ask(&server, &json!({"rules": "groups:\n- name: a\n  rules:\n  - {alert: X, kind: threshhold}\n"}));
    let detail = problem["detail"].as_str().unwrap();
    assert!(status == 400 && detail.starts_with("proposed.yaml:4:"), "{status} {problem}");
    for (asked, wrong) in [
        (json!({"truth": "incident.colour == 'red'"}), "'truth': "),
        (json!({"from": "yesterday"}), "'from' is not an instant"),
        (json!({"window": "soon"}), "'window': not a duration"),
        (json!({"rule": "X"}), "unknown field 'rule'"),
    ] {
        let (status, problem) = ask(&server, &asked);
        assert!(status == 400 && problem["detail"].as_str().unwrap().starts_with(wrong), "{status} {problem}");
    }
    let (status, problem) = ask(&server, &json!({"from": "2099-01-01T00:00:00Z", "to": "2099-01-02T00:00:00Z"}));
    assert_eq!(status, 404, "{problem}");

    // One at a time. Two that are sent together overlap, sooner or later.
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let both = std::thread::scope(|scope| {
            [(); 2].map(|()| scope.spawn(|| ask(&server, &json!({})))).map(|asking| asking.join().unwrap())
        });
        assert!(both.iter().any(|(status, _)| *status == 200), "{both:?}");
        if let Some((status, problem)) = both.iter().find(|(status, _)| *status != 200) {
            assert_eq!(*status, 503, "{problem}");
            assert_eq!(problem["detail"], "another backtest is running; try again when it is done");
            break;
        }
        assert!(Instant::now() < end, "two backtests never met");
    }

    // Rules in force that are wrong by now are nobody's request.
    std::fs::write(root.join("rules.yaml"), "groups: 1\n").unwrap();
    let (status, problem) = ask(&server, &json!({}));
    assert!(status == 409 && problem["detail"].as_str().unwrap().contains("rules.yaml:1:"), "{status} {problem}");
    assert_eq!(server.interrupt(), Some(0));
}
