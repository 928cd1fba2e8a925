//! A server that is started again knows what it knew: open alerts, what operators did, the public stream. And it says
//! what it found when its log was changed behind its back.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;
mod crash;

use common::{count, found_centre, sql};
use crash::http::TAKEN;
use crash::server::Server;
use crash::stream::Follower;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const RULES: &str = "\
groups:
- name: squares
  rules:
  - {alert: Crowded, kind: threshold, metric: people_count, per: space, raise: 'value >= 100', clear: 'value < 80', stale_after: 1d}
";

fn centre() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    found_centre(folder.path(), "", RULES);
    folder
}

fn start(folder: &Path) -> (Server, String) {
    let mut server = Server::start(folder, "");
    let address = server.address();
    (server, address)
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// One observation, taken as new.
fn people(address: &str, space: &str, value: u32, id: &str) {
    let now_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let body = json!({"id": id, "space": space, "metric": "people_count", "value": value, "time": u64::try_from(now_ms).unwrap()});
    let request = agent().post(format!("http://{address}/v1/events")).header("content-type", "application/json");
    let mut answer = request.send(body.to_string()).unwrap();
    assert_eq!(answer.status(), TAKEN);
    let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    assert_eq!(answer["accepted"], 1, "{answer}");
}

fn acknowledge(address: &str, alert: &str) {
    let request = agent().post(format!("http://{address}/v1/alerts/{alert}/acknowledge"));
    let answer = request.header("content-type", "application/json").send(r#"{"operator": "eve", "note": "seen"}"#);
    assert_eq!(answer.unwrap().status(), 200);
}

/// Id, space, state and handling of every alert, by space.
fn alerts(address: &str) -> Vec<[String; 4]> {
    let mut answer = agent().get(format!("http://{address}/v1/alerts")).call().unwrap();
    let alerts: Vec<Value> = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    let words = |alert: &Value| ["alert_id", "space", "state", "handling"].map(|name| word(alert, name));
    let mut alerts: Vec<_> = alerts.iter().map(words).collect();
    alerts.sort_by(|a, b| a[1].cmp(&b[1]));
    alerts
}

fn word(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

fn parsed(row: &str) -> Value {
    serde_json::from_str(row).unwrap()
}

#[test]
fn an_acknowledged_alert_and_the_stream_survive_a_stop_and_a_kill() {
    let folder = centre();
    let (server, address) = start(folder.path());
    people(&address, "plaza", 120, "a");
    let raised = Follower::start(&address).unwrap().wait_for(1).remove(0);
    let plaza = word(&parsed(&raised.1), "alert_id");
    acknowledge(&address, &plaza);
    assert_eq!(server.stop().code(), Some(0));

    let (mut server, address) = start(folder.path());
    let alert = |id: &str, space: &str, state: &str, handling: &str| [id, space, state, handling].map(str::to_owned);
    assert_eq!(alerts(&address), [alert(&plaza, "plaza", "active", "acknowledged")]);
    let resumed = Follower::resume(&address, Some(raised.0)).unwrap();
    people(&address, "quay", 150, "b");
    let second = resumed.wait_for(1).remove(0);
    let quay = word(&parsed(&second.1), "alert_id");
    assert_eq!(
        (word(&parsed(&second.1), "space"), word(&parsed(&second.1), "state")),
        ("quay".into(), "active".into())
    );
    acknowledge(&address, &quay);
    server.kill();

    let (server, address) = start(folder.path());
    let both = [alert(&plaza, "plaza", "active", "acknowledged"), alert(&quay, "quay", "active", "acknowledged")];
    assert_eq!(alerts(&address), both);
    assert_eq!(
        Follower::start(&address).unwrap().wait_for(2),
        [raised, second.clone()],
        "the stream is as it was shown"
    );
    let resumed = Follower::resume(&address, Some(second.0)).unwrap();
    people(&address, "plaza", 10, "c");
    let cleared = parsed(&resumed.wait_for(1)[0].1);
    assert_eq!((word(&cleared, "alert_id"), word(&cleared, "state")), (plaza, "cleared".to_owned()));
    assert_eq!(server.stop().code(), Some(0));
    let data = folder.path().join("data");
    let states = sql(&data, "SELECT space, state FROM alerts ORDER BY \"offset\"");
    let row = |space: &str, state: &str| json!({"space": space, "state": state});
    assert_eq!(states, [row("plaza", "active"), row("quay", "active"), row("plaza", "cleared")]);
    assert_eq!(count(&data, "SELECT count(*) FROM actions WHERE alert_id IS NOT NULL"), 2);
}

#[test]
fn changed_rules_end_open_alerts_and_say_why() {
    let folder = centre();
    let (mut server, address) = start(folder.path());
    people(&address, "plaza", 120, "a");
    let raised = Follower::start(&address).unwrap().wait_for(1).remove(0);
    server.kill();

    fs::write(folder.path().join("rules.yaml"), RULES.replace("people_count", "noise_dba")).unwrap();
    for _ in 0..2 {
        let (mut server, address) = start(folder.path());
        let rows = Follower::start(&address).unwrap().wait_for(2);
        assert_eq!(rows[0], raised);
        let ended = parsed(&rows[1].1);
        assert_eq!(
            (word(&ended, "state"), word(&ended, "reason")),
            ("cleared".into(), "rule_changed".into()),
            "{ended}"
        );
        assert_eq!(alerts(&address)[0][2], "cleared");
        server.kill();
    }
}

#[test]
fn another_number_of_partitions_is_refused_with_what_to_do() {
    let folder = centre();
    let (server, _) = start(folder.path());
    assert_eq!(server.stop().code(), Some(0));
    found_centre(folder.path(), "[log]\npartitions = 8\n", RULES);
    let mut refused = Server::start(folder.path(), "");
    assert_eq!(refused.wait_to_end().code(), Some(3));
    let said = refused.said();
    assert!(said.contains("was created with 16 partitions") && said.contains("set it to 16"), "{said}");
}

#[test]
fn a_torn_end_of_the_log_is_cut_with_a_warning() {
    let folder = centre();
    let (mut server, address) = start(folder.path());
    people(&address, "plaza", 120, "a");
    let raised = Follower::start(&address).unwrap().wait_for(1);
    server.kill();
    let segment = last_segment(folder.path());
    let written = fs::read(&segment).unwrap();
    let end = written.iter().rposition(|byte| *byte != 0).unwrap().next_multiple_of(8) + 8;
    File::options().write(true).open(&segment).unwrap().write_all_at(&[0xA5; 300], end as u64).unwrap();

    let (server, address) = start(folder.path());
    let said = server.said();
    assert!(said.contains("WARN") && said.contains("cut the torn end of the log") && said.contains("bytes="), "{said}");
    assert_eq!(Follower::start(&address).unwrap().wait_for(1), raised);
    people(&address, "plaza", 130, "b");
    assert_eq!(server.stop().code(), Some(0));
    assert_eq!(count(&folder.path().join("data"), "SELECT count(*) FROM observations"), 2);
    let (server, _) = start(folder.path());
    assert!(!server.said().contains("cut the torn end"), "once is enough: {}", server.said());
}

#[test]
fn a_damaged_record_in_the_middle_is_an_error_that_names_the_bytes_kept() {
    let folder = centre();
    let (mut server, address) = start(folder.path());
    for id in ["before", "in-the-middle", "after", "and-after"] {
        people(&address, "plaza", 120, id);
    }
    Follower::start(&address).unwrap().wait_for(1);
    server.kill();
    let segment = last_segment(folder.path());
    let written = fs::read(&segment).unwrap();
    let at = written.windows(13).position(|bytes| bytes == b"in-the-middle").unwrap();
    File::options().write(true).open(&segment).unwrap().write_all_at(&[written[at] ^ 0x10], at as u64).unwrap();

    let (server, _) = start(folder.path());
    let said = server.said();
    let told = said.lines().find(|line| line.contains("records of the log are damaged and left out")).unwrap();
    assert!(told.contains("ERROR") && told.contains("records=1"), "{told}");
    let kept = told.split("kept=").nth(1).unwrap().split_whitespace().next().unwrap();
    let kept = fs::read(kept).unwrap();
    assert!(kept.windows(12).any(|bytes| bytes == b"n-the-middle"), "the damaged bytes are kept");
    assert_eq!(server.stop().code(), Some(0));
    let ids = sql(&folder.path().join("data"), "SELECT id FROM observations ORDER BY \"offset\"");
    assert_eq!(ids, ["before", "after", "and-after"].map(|id| json!({"id": id})), "only what was damaged is missing");
}

/// The newest segment of the log in `folder/data`.
fn last_segment(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder.join("data/log")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|end| end == "seg")).max().unwrap()
}
