//! Servers that go on from snapshots, and logs that have forgotten their beginning: killed while sets are written and segments removed,
//! and in between. In the end a twin that has judged the whole log, kept aside, shows the same to the byte.
//!
//! `cargo test -p vigie --features failpoints --test snapshots`

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;
mod crash;

use common::{found_centre, run, text, vigie, wait_until, wait_within};
use crash::audit::audit;
use crash::dice::Dice;
use crash::load::{Load, Round};
use crash::server::{RECALLED, RESUMED, Server};
use crash::twin;
use serde_json::Value;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Rules whose timers all end soon, whatever is sent or not afterwards.
const RULES: &str = "\
groups:
- name: squares
  rules:
  - {alert: Loud, kind: threshold, metric: noise_dba, per: sensor, raise: 'value >= 80', clear: 'value < 60', for: 300ms, keep_firing_for: 200ms, stale_after: 1h}
  - {alert: Crowded, kind: threshold, metric: people_count, per: space, agg: sum, raise: 'value >= 100', clear: 'value < 70', for: 1s, stale_after: 1h}
  - {alert: Flowing, kind: window, metric: flow, per: space, window: 4s, every: 1s, agg: mean, raise: 'value > 50', clear: 'value < 45'}
  - {alert: Thefts, kind: window, incident: 'incident.category == \"theft\"', window: 3s, every: 1s, agg: count, raise: 'value >= 4'}
";
/// Longer than any of these timers.
const TIMERS_END: Duration = Duration::from_secs(8);
const EVENTS_PER_REQUEST: u64 = 20;
/// Small segments, quick commits of history, and a log that has to forget before the test ends.
const NUMBERS: &str =
    "log.segment_bytes=32768,log.kept_bytes=1048576,history.flush_ms=100,history.commits_per_checkpoint=5";
/// Where the process ends, and when.
const ENDS: [(&str, &[u64]); 6] = [
    ("snapshot.begun", &[2, 1]),
    ("snapshot.after_part", &[9, 1, 30]),
    ("log.segment_removed", &[1, 3, 6]),
    ("snapshot.before_manifest", &[1, 2]),
    ("snapshot.after_manifest", &[1, 2]),
    ("snapshot.after_removal", &[1, 2]),
];
/// Pause between two looks at the segments, which go some seconds after they are full.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// The last of these ends comes after some sets, which are seconds apart.
const END_WAIT_MAX: Duration = Duration::from_secs(300);
/// Kills at any moment besides.
const KILLS: u64 = 5;
const COMPLETE: &str = "a set of snapshots is complete";
const SIGKILL: i32 = 9;
const SIGABRT: i32 = 6;

fn centre(folder: &Path) {
    found_centre(folder, &format!("[log]\nmax_mib = 256\n{}\n", twin::EVERY_SECOND), RULES);
}

#[test]
fn a_start_from_snapshots_is_a_start_from_the_whole_log() {
    let mut dice = Dice::seeded("snapshots", 20_261_122);
    let place = tempfile::tempdir().unwrap();
    let (folder, archive, twin_folder) = ["centre", "archive", "twin"].map(|name| place.path().join(name)).into();
    fs::create_dir(&folder).unwrap();
    centre(&folder);
    let data = folder.join("data");
    let mut load = Load::new(EVENTS_PER_REQUEST, &mut dice);
    let (mut resumed, mut after_deletion) = (0, 0);
    let mut live = |load: &mut Load, end: &dyn Fn(&mut Server, &mut Load) -> Round, point: &str, times: u64| {
        let had_forgotten = first_segment(&data) > 0;
        let failpoint = if point.is_empty() { String::new() } else { format!(",{point}={times}") };
        let mut server = Server::start(&folder, &format!("{NUMBERS}{failpoint}"));
        let round = end(&mut server, load);
        let said = server.said();
        let has_resumed = said.contains(RESUMED);
        resumed += u64::from(has_resumed);
        after_deletion += u64::from(has_resumed && had_forgotten);
        assert!(!had_forgotten || has_resumed || !said.contains(RECALLED), "{said}");
        twin::archive(&data, &archive);
        println!("{point}={times}: from a set: {has_resumed}, log from {}: {round:?}", first_segment(&data));
    };
    for (point, times) in ENDS.iter().flat_map(|(point, times)| times.iter().map(move |times| (*point, *times))) {
        let end = |server: &mut Server, load: &mut Load| {
            let mut round = Round::default();
            // Some are met before it listens.
            if let Some(address) = server.address_if_it_lives() {
                round = load.run(&address, |_| {
                    acknowledge_one(&address);
                    let until = Instant::now() + END_WAIT_MAX;
                    while server.has_ended().is_none() {
                        assert!(Instant::now() < until, "{point}={times}: {}", server.said());
                        twin::archive_full(&data, &archive);
                        sleep(LOOK_PAUSE);
                    }
                });
            }
            assert_eq!(server.wait_to_end().signal(), Some(SIGABRT), "{point}={times}: {}", server.said());
            round
        };
        live(&mut load, &end, point, times);
    }
    for _ in 0..KILLS {
        let moment = Duration::from_millis(dice.below(4_000));
        let end = |server: &mut Server, load: &mut Load| {
            let address = server.address();
            load.run(&address, |progress| {
                acknowledge_one(&address);
                let killed_at = Instant::now() + moment;
                while Instant::now() < killed_at {
                    twin::archive_full(&data, &archive);
                    sleep(LOOK_PAUSE);
                }
                progress.killing();
                assert_eq!(server.kill().signal(), Some(SIGKILL));
            })
        };
        live(&mut load, &end, "", 0);
    }
    println!("{resumed} starts from a set, {after_deletion} of them of a log without its beginning");
    assert!(resumed > KILLS && after_deletion > 2);

    let mut server = Server::start(&folder, NUMBERS);
    load.settle(&server.address());
    sleep(TIMERS_END);
    assert_eq!(server.stop().code(), Some(0));
    twin::archive(&data, &archive);
    twin::found(&twin_folder, &folder, &archive);
    let (server, twin) = (Server::start(&folder, NUMBERS), Server::start(&twin_folder, "log.segment_bytes=32768"));
    let mut pair = [server, twin];
    let said = pair.each_mut().map(|server| {
        server.address();
        server.said()
    });
    assert!(said[0].contains(RESUMED) && !said[1].contains(RESUMED) && said[1].contains(RECALLED), "{said:?}");
    let [server, twin] = pair;
    twin::assert_alike(&folder, server, &twin_folder, twin);
    audit(&twin_folder.join("data"), &load.acknowledged());
    assert!(first_segment(&data) > 0 && first_segment(&twin_folder.join("data")) == 0);

    let mut verify = vigie();
    verify.args(["verify", "--data"]).arg(&data);
    let said = text(&run(&mut verify, 0).stdout);
    assert!(said.contains("log: it begins with record") && said.contains("snapshots: 2 sets"), "{said}");
    what_is_damaged_is_told(&folder);
}

/// Of a stopped server whose log has lost its beginning.
fn what_is_damaged_is_told(folder: &Path) {
    let data = folder.join("data");
    let newest = manifests(&data).pop().unwrap();
    flip(&part_of(&newest, "partition-3"));
    let mut server = Server::start(folder, NUMBERS);
    server.address();
    let said = server.said();
    let told = said.lines().find(|line| line.contains("is not used")).unwrap();
    assert!(told.contains("partition-3") && told.contains("damaged") && said.contains(RESUMED), "{said}");
    assert_eq!(server.stop().code(), Some(0));

    let aside = folder.join("aside");
    fs::rename(data.join("history"), &aside).unwrap();
    let said = refused(folder);
    assert!(said.contains("history lacks rows") && said.contains("begins with record"), "{said}");
    fs::remove_dir_all(data.join("history")).unwrap();
    fs::rename(&aside, data.join("history")).unwrap();

    manifests(&data).iter().for_each(|manifest| flip(manifest));
    let said = refused(folder);
    assert!(said.contains("is not used") && said.contains("has been deleted"), "{said}");
    let mut verify = vigie();
    verify.args(["verify", "--data"]).arg(&data);
    let said = text(&run(&mut verify, 1).stdout);
    assert!(said.contains("snapshots: not whole") && said.contains("has been deleted"), "{said}");
}

/// What a server says that does not start.
fn refused(folder: &Path) -> String {
    let mut server = Server::start(folder, NUMBERS);
    assert_eq!(server.wait_to_end().code(), Some(3), "{}", server.said());
    server.said()
}

/// While the log is whole, sets are worth time and nothing else.
#[test]
fn without_a_set_that_can_be_used_the_whole_log_is_judged() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    centre(folder);
    let data = folder.join("data");
    let mut load = Load::new(EVENTS_PER_REQUEST, &mut Dice::seeded("without", 20_261_123));
    let mut server = Server::start(folder, NUMBERS);
    let address = server.address();
    load.run(&address, |progress| {
        progress.wait_answered(40);
        wait_within(END_WAIT_MAX, "two sets", || (server.said().matches(COMPLETE).count() >= 2).then_some(()));
        progress.enough();
    });
    assert_eq!(server.stop().code(), Some(0));
    let before = manifests(&data);
    assert_eq!(before.len(), 2, "{before:?}");

    // Other rules come behind the set, as they come behind the log.
    let rules = RULES.replace("metric: people_count", "metric: people_counted");
    fs::write(folder.join("rules.yaml"), &rules).unwrap();
    let shown = |server: &mut Server| {
        let address = server.address();
        load_alerts(&address).into_iter().map(|alert| alert["alert_id"].to_string()).collect::<Vec<_>>()
    };
    let mut server = Server::start(folder, NUMBERS);
    let alerts = shown(&mut server);
    assert!(server.said().contains(RESUMED) && !alerts.is_empty(), "{}", server.said());
    assert!(
        load_alerts(&server.address()).iter().all(|alert| alert["rule"] != "Crowded" || alert["state"] == "cleared")
    );
    assert_eq!(server.stop().code(), Some(0));

    manifests(&data).iter().for_each(|manifest| flip(&part_of(manifest, "book")));
    let mut server = Server::start(folder, NUMBERS);
    // Timers may have ended meanwhile.
    let whole = shown(&mut server);
    assert!(alerts.iter().all(|alert| whole.contains(alert)), "{alerts:?}, then {whole:?}");
    let said = server.said();
    assert!(!said.contains(RESUMED) && said.contains(RECALLED) && said.matches("is not used").count() == 2, "{said}");
    fs::rename(data.join("snapshots"), data.join("elsewhere")).unwrap();
    server.wait_to_hear("a set of snapshots could not be written");
    let note = "note: the newest set of snapshots could not be written";
    wait_until("the note", || {
        get(&server.address(), "/readyz").is_some_and(|ready| ready.contains(note)).then_some(())
    });
    assert_eq!(server.stop().code(), Some(0));
    audit(&data, &load.acknowledged());
}

/// Acknowledges an alert that nobody has acknowledged, if there is one.
fn acknowledge_one(address: &str) {
    let Some(alert) = load_alerts(address).into_iter().find(|alert| alert["handling"] == "open") else { return };
    let id = alert["alert_id"].as_str().unwrap();
    let request = ureq::post(format!("http://{address}/v1/alerts/{id}/acknowledge"));
    // The server may end before it answers.
    let _ = request.header("content-type", "application/json").send(r#"{"operator": "eve", "note": "seen"}"#);
}

/// The alerts as they are listed; none when the server has ended.
fn load_alerts(address: &str) -> Vec<Value> {
    get(address, "/v1/alerts").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// What a server answers; nothing when it has ended.
fn get(address: &str, path: &str) -> Option<String> {
    ureq::get(format!("http://{address}{path}")).call().ok()?.body_mut().read_to_string().ok()
}

/// Sequence of the first record of the log.
fn first_segment(data: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(data.join("log")) else { return 0 };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".seg")?.parse().ok()).min().unwrap_or(0)
}

/// The manifests of the sets, from the oldest.
fn manifests(data: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(data.join("snapshots")).unwrap().map(|entry| entry.unwrap().path());
    let mut manifests: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "set")).collect();
    manifests.sort_unstable();
    manifests
}

/// The file of a part of a set.
fn part_of(manifest: &Path, part: &str) -> PathBuf {
    let set = manifest.file_stem().unwrap().to_string_lossy().into_owned();
    manifest.with_file_name(format!("{set}-{part}.part"))
}

/// Flips a bit in the middle of a file.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}
