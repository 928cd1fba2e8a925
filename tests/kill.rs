//! `kill -9` during `vigie serve` under load, and during the start that follows: what was answered stays, once; what an
//! operator was shown stays as it was shown; and the transitions are those of the log that survived.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;
mod crash;

use common::{digest_lines, project, python, run, text};
use crash::audit::{Audited, assert_same, audit, time_ms};
use crash::dice::Dice;
use crash::load::Load;
use crash::server::{RECALLED, RECALLS, Server};
use crash::stream::{Row, Shown};
use crash::surviving;
use serde_json::Value;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// Events of a request: history commits some times during the test.
const EVENTS_PER_REQUEST: u64 = 100;
/// Kills under load.
const KILLS: u64 = 20;
/// Of these, those that must interrupt at least one open request.
const KILLS_OF_OPEN_REQUESTS_MIN: u64 = 15;
/// Kills while the log is judged again, and attempts at most.
const KILLS_OF_STARTS: usize = 3;
const KILLS_OF_STARTS_TRIED_MAX: usize = 20;
const SIGKILL: i32 = 9;

#[test]
fn nothing_answered_is_lost_or_doubled_by_twenty_kills() {
    let mut dice = Dice::seeded("kill", 20_260_301);
    let folder = tempfile::tempdir().unwrap();
    crash::centre::found(folder.path());
    let mut load = Load::new(EVENTS_PER_REQUEST, &mut dice);
    let mut shown = Shown::default();
    let (mut with_open_request, mut found_again, mut starts_killed) = (0, 0, 0);
    for kill in 0..KILLS {
        if kill >= KILLS / 2 && starts_killed < KILLS_OF_STARTS {
            starts_killed += kill_starts(folder.path(), &mut dice);
        }
        let mut server = Server::start(folder.path(), "");
        let address = server.address();
        let follower = shown.follow(&address);
        check_alerts(&address, &shown.rows);
        let (requests, moment) = (2 + dice.below(24), Duration::from_micros(dice.below(20_000)));
        let round = load.run(&address, |progress| {
            progress.wait_answered(requests);
            // A moment chosen by the seed, anywhere in the requests that follow.
            sleep(moment);
            progress.killing();
            assert_eq!(server.kill().signal(), Some(SIGKILL));
        });
        with_open_request += u64::from(round.open > 0);
        found_again += round.found_again;
        shown.take(follower);
    }
    println!(
        "{with_open_request} of {KILLS} kills cut open requests; {found_again} requests cut were in the log; {starts_killed} starts killed"
    );
    assert!(with_open_request >= KILLS_OF_OPEN_REQUESTS_MIN, "{with_open_request} of {KILLS}");
    assert!(starts_killed >= KILLS_OF_STARTS);

    let mut server = Server::start(folder.path(), "");
    let address = server.address();
    load.settle(&address);
    let follower = shown.follow(&address);
    assert_eq!(server.stop().code(), Some(0));
    shown.take(follower);

    let data = folder.path().join("data");
    let audited = audit(&data, &load.acknowledged());
    check_stream(&shown.rows, &audited);
    ask_the_oracle(folder.path(), &audited);
}

/// Kills one start while it judges the log again; how many times that succeeded: 1, unless every attempt came too late.
fn kill_starts(folder: &Path, dice: &mut Dice) -> usize {
    for _ in 0..KILLS_OF_STARTS_TRIED_MAX {
        let mut server = Server::start(folder, "");
        server.wait_to_hear(RECALLS);
        sleep(Duration::from_micros(dice.below(60_000)));
        assert_eq!(server.kill().signal(), Some(SIGKILL), "{}", server.said());
        if !server.said().contains(RECALLED) {
            return 1;
        }
    }
    0
}

/// Every alert that was shown is listed with the same id, rule, key and beginning.
fn check_alerts(address: &str, shown: &[Row]) {
    let mut answer = ureq::get(format!("http://{address}/v1/alerts")).call().unwrap();
    let listed: Vec<Value> = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    let opened = |row: &Value| ["alert_id", "rule", "key", "event_time"].map(|name| row[name].to_string());
    let listed: std::collections::BTreeSet<_> = listed.iter().map(opened).collect();
    for (position, row) in shown {
        let row: Value = serde_json::from_str(row).unwrap();
        assert!(row["state"] != "active" || listed.contains(&opened(&row)), "not listed any more: {position} {row}");
    }
}

/// The public stream and the table `alerts` tell the same.
fn check_stream(shown: &[Row], audited: &Audited) {
    let line = |position: &Value, row: &Value| {
        let words = ["alert_id", "rule", "key", "state", "summary"].map(|name| row[name].to_string());
        format!("{position} {} {}", words.join(" "), time_ms(row, "event_time"))
    };
    let streamed: Vec<_> =
        shown.iter().map(|(at, row)| line(&(*at).into(), &serde_json::from_str(row).unwrap())).collect();
    let stored: Vec<_> = audited.alerts.iter().map(|row| line(&row["offset"], row)).collect();
    assert_same("rows of the stream", &streamed, "those of the table", &stored);
}

/// A judge that shares no code with Vigie reads the surviving log.
fn ask_the_oracle(folder: &Path, audited: &Audited) {
    let Some(python) = python("ask_the_oracle") else { return };
    let log = folder.join("log.ndjson");
    fs::write(&log, surviving::lines(&audited.records)).unwrap();
    let mut oracle = Command::new(python);
    oracle.arg(project().join("tests/oracle/rules_oracle.py")).arg("log").arg(folder.join("rules.yaml")).arg(&log);
    let said = text(&run(&mut oracle, 0).stdout);
    let stored: String = audited.alerts.iter().map(|row| row.to_string() + "\n").collect();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_same("transitions in history", &lines(&digest_lines(&stored)), "the oracle's", &lines(&said));
    println!("the oracle found the same {} transitions", said.lines().count());
}
