//! A baseline rule that begins with weeks of history behind it speaks at the first unusual value, and says the same again
//! after a kill: what history taught it stands in the log, once.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;
mod crash;

use common::{found_centre, wait_until};
use crash::audit::assert_same;
use crash::http::{Connection, TAKEN};
use crash::server::{RECALLED, Server};
use crash::stream::{Follower, Row};
use crash::surviving::{judged_again, records};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use vigie_model::alert::rule_uid;
use vigie_model::record::{Payload, Record};
use vigie_model::seeds::Seeds;

const HOUR_MS: u64 = 3_600_000;
/// Weeks of history: one more than the rules ask for.
const WEEKS: u64 = 5;
const FIRST: &str =
    "groups: [{name: first, rules: [{alert: Flood, kind: threshold, metric: water, raise: 'value > 9'}]}]\n";
/// Rules that begin later: about values that history has, and about some it does not have.
const BASELINES: &str = "\
groups:
- name: baselines
  rules:
  - {alert: Unusual, kind: baseline, metric: people_count, per: sensor, z: 4, sigma_floor: 5, stale_after: 2h}
  - {alert: Strange, kind: baseline, metric: noise_dba, per: space, z: 4, sigma_floor: 5, stale_after: 2h}
";
/// What a server says when it begins to seed rules, and when it has.
const BEGINS: &str = "baseline rules that begin are taught from history";
const SEEDED: &str = "baseline rules go on from history";

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn people(value: u64, time_ms: u64) -> String {
    let id = format!("{value} {time_ms}");
    json!({"id": id, "space": "plaza", "sensor": "s1", "metric": "people_count", "value": value, "time": time_ms})
        .to_string()
}

fn send(address: &str, events: &[String]) {
    let answer = Connection::open(address).unwrap().post_events(&events.join("\n")).unwrap();
    assert_eq!((answer.0, &answer.1["accepted"]), (TAKEN, &json!(events.len())), "{}", answer.1);
}

/// A server whose history holds a value of each hour of the last weeks, about 100, sent as an archive would send it:
/// weeks late, the newest week first.
fn with_history(folder: &Path) -> (Server, String) {
    found_centre(folder, "", FIRST);
    let mut server = Server::start(folder, "");
    let address = server.address();
    let now_ms = now_ms();
    for week in 0..WEEKS {
        let hours = (week * 168 + 1..=(week + 1) * 168).rev();
        let events: Vec<_> = hours.map(|hour| people(98 + hour % 5, now_ms - hour * HOUR_MS)).collect();
        send(&address, &events);
    }
    (server, address)
}

fn begin_baselines(folder: &Path) {
    let config = fs::read_to_string(folder.join("vigie.toml")).unwrap();
    fs::write(folder.join("baselines.yaml"), BASELINES).unwrap();
    fs::write(folder.join("vigie.toml"), config.replace("\"rules.yaml\"", "\"rules.yaml\", \"baselines.yaml\""))
        .unwrap();
}

fn metric(address: &str, name: &str) -> f64 {
    let mut answer = ureq::get(format!("http://{address}/metrics")).call().unwrap();
    let metrics = answer.body_mut().read_to_string().unwrap();
    let line = metrics.lines().find(|line| line.split(' ').next() == Some(name)).unwrap_or_else(|| panic!("{metrics}"));
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

fn seeds(records: &[Record]) -> Vec<Arc<Seeds>> {
    let seeds = records.iter().filter_map(|record| match &record.payload {
        Payload::Seeds(seeds) => Some(Arc::clone(seeds)),
        _ => None,
    });
    seeds.collect()
}

/// Id and state of what the stream showed, sorted.
fn shown(rows: &[Row]) -> Vec<String> {
    let words = |(_, row): &Row| {
        let row: Value = serde_json::from_str(row).unwrap();
        format!("{}\t{}", row["alert_id"].as_str().unwrap(), row["state"].as_str().unwrap())
    };
    let mut words: Vec<_> = rows.iter().map(words).collect();
    words.sort_unstable();
    words
}

/// Id and state of what the log says without any history, sorted.
fn judged(records: &[Record]) -> Vec<String> {
    let words = |row: String| {
        let columns: Vec<_> = row.split('\t').collect();
        format!("{}\t{}", columns[0], columns[6])
    };
    let mut words: Vec<_> = judged_again(records).into_iter().map(words).collect();
    words.sort_unstable();
    words
}

/// One complete set of seeds for each rule: what history knows of the first, nothing of the second.
fn check_seeds(records: &[Record]) {
    let seeds = seeds(records);
    let mut of: Vec<_> = seeds.iter().map(|seeds| (&*seeds.rule_uid, seeds.keys.len(), seeds.more)).collect();
    of.sort_unstable_by_key(|(_, keys, _)| *keys);
    let [unusual, strange] = ["Unusual", "Strange"].map(|name| rule_uid("testville", name, 0));
    assert_eq!(of, [(&*strange, 0, false), (&*unusual, 1, false)]);
    let key = seeds.iter().find_map(|seeds| seeds.keys.first()).unwrap();
    assert_eq!((&*key.key, key.hours.len()), ("plaza/s1", 168));
    assert!(key.hours.iter().all(|hour| u64::from(hour.weeks) >= WEEKS - 1), "{key:?}");
}

#[test]
fn a_baseline_rule_that_begins_with_history_speaks_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, address) = with_history(folder.path());
    let follower = Follower::start(&address).unwrap();
    begin_baselines(folder.path());
    wait_until(SEEDED, || server.said().contains(SEEDED).then_some(()));
    let said = server.said();
    let told = said.lines().find(|line| line.contains(SEEDED)).unwrap();
    let rows = WEEKS * 168;
    assert!(told.contains("rules=2") && told.contains(&format!("rows={rows}")) && told.contains("keys=1"), "{told}");
    assert_eq!(
        (metric(&address, "vigie_seeds_rows_total"), metric(&address, "vigie_seeds_keys_total")),
        (rows as f64, 1.0)
    );
    wait_until("no rule waits", || (metric(&address, "vigie_rules_unseeded") == 0.0).then_some(()));
    // Also when the hour is over between both, the usual stays what it was.
    send(&address, &[people(100, now_ms())]);
    send(&address, &[people(500, now_ms())]);
    let raised = follower.wait_for(1);
    let alert: Value = serde_json::from_str(&raised[0].1).unwrap();
    let summary = alert["summary"].as_str().unwrap();
    assert!(alert["rule"] == "Unusual" && summary.contains("500") && summary.contains("usually 100"), "{alert}");
    server.kill();

    let mut server = Server::start(folder.path(), "");
    let address = server.address();
    assert!(server.said().contains(RECALLED) && !server.said().contains(BEGINS), "{}", server.said());
    let follower = Follower::start(&address).unwrap();
    assert_eq!(follower.wait_for(1), raised, "the same alert");
    // A change that keeps what the rules have learnt asks for no seeds either.
    fs::write(folder.path().join("baselines.yaml"), BASELINES.replace("z: 4", "z: 5")).unwrap();
    server.wait_to_hear("the changed files are in force");
    send(&address, &[people(101, now_ms())]);
    let rows = follower.wait_for(2);
    assert_eq!(server.stop().code(), Some(0));
    let (records, _) = records(&folder.path().join("data"));
    check_seeds(&records);
    assert_same("what was shown", &shown(&rows), "what the log says without history", &judged(&records));
}

#[test]
fn rules_that_begin_in_the_moment_of_a_kill_are_seeded_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, _) = with_history(folder.path());
    begin_baselines(folder.path());
    server.wait_to_hear("the changed files are in force");
    server.kill();
    // Whether the log holds the seeds by now is a matter of milliseconds; after this start it does.
    let (before, _) = records(&folder.path().join("data"));
    let mut server = Server::start(folder.path(), "");
    let address = server.address();
    if seeds(&before).len() < 2 {
        wait_until(SEEDED, || server.said().contains(SEEDED).then_some(()));
    }
    let follower = Follower::start(&address).unwrap();
    send(&address, &[people(500, now_ms())]);
    let rows = follower.wait_for(1);
    assert_eq!(server.stop().code(), Some(0));
    let (records, _) = records(&folder.path().join("data"));
    check_seeds(&records);
    assert_same("what was shown", &shown(&rows), "what the log says without history", &judged(&records));
}

#[test]
fn a_rule_that_came_while_nobody_ran_is_seeded_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = with_history(folder.path());
    assert_eq!(server.stop().code(), Some(0));
    begin_baselines(folder.path());
    let mut server = Server::start(folder.path(), "");
    let address = server.address();
    wait_until(SEEDED, || server.said().contains(SEEDED).then_some(()));
    let follower = Follower::start(&address).unwrap();
    send(&address, &[people(500, now_ms())]);
    follower.wait_for(1);
    assert_eq!(server.stop().code(), Some(0));
    check_seeds(&records(&folder.path().join("data")).0);
}
