//! The process ends at every failpoint, at several counts, under load: whatever was half done is whole or undone.
//!
//! `cargo test -p vigie --features failpoints --test failpoints`

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;
mod crash;

use common::count;
use crash::audit::audit;
use crash::dice::Dice;
use crash::load::{Load, Round};
use crash::server::Server;
use crash::stream::{Follower, Shown};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::{Duration, Instant};
use vigie_failpoints::names::POINTS;

/// Events of a request: some ends are a second away, and the log is read at every start.
const EVENTS_PER_REQUEST: u64 = 20;
/// Small segments roll, quick flushes commit and few commits make a checkpoint while a test is looking.
const NUMBERS: &str = "log.segment_bytes=32768,history.flush_ms=200,history.commits_per_checkpoint=2";
/// Upkeep of history looks at once, and removes what earlier lives left. A commit takes far less than ten seconds, so none of its
/// files is removed before it. Segments have their full size: it takes some seconds until there are enough files to put together.
const UPKEEP_NUMBERS: &str =
    "history.flush_ms=100,history.upkeep_ms=100,history.removed_kept_ms=10000,history.vacuum_ms=1000";
/// At which times the process ends at a point, besides the first.
const LATER: [(&str, &[u64]); 12] = [
    ("log.recall", &[40]),
    ("log.before_write", &[2, 9]),
    ("log.before_sync", &[2, 7]),
    ("log.after_sync", &[2, 8]),
    ("log.before_answer", &[5]),
    ("log.roll_header_synced", &[2]),
    // The first is the last segment's, written anew when the log is opened; then come rolls.
    ("log.after_rename", &[2, 3]),
    ("log.roll_folder_synced", &[2]),
    // Several tables are committed in turn.
    ("history.before_commit", &[2, 3, 4, 5]),
    ("history.before_publish", &[2, 3]),
    ("history.before_checkpoint", &[2]),
    ("history.after_checkpoint", &[2]),
];
/// The points of upkeep.
const UPKEEP: [&str; 3] = ["history.rewritten", "history.before_replace", "history.before_vacuum"];
/// Points at which the process stands still until it is killed.
const PAUSES: [&str; 4] = ["history.before_commit", "log.before_write", "log.before_sync", "log.before_answer"];
/// Ends between a data file and its commit, at least.
const ORPHANING_ENDS_MIN: usize = 3;
/// How long a test looks for what must not be there; a mistake shows within milliseconds.
const LOOK: Duration = Duration::from_millis(500);
const SIGKILL: i32 = 9;
const SIGABRT: i32 = 6;

#[test]
fn whatever_was_half_done_at_a_failpoint_is_whole_or_undone() {
    let folder = tempfile::tempdir().unwrap();
    crash::centre::found(folder.path());
    let mut load = Load::new(EVENTS_PER_REQUEST, &mut Dice::seeded("failpoints", 20_260_302));
    let mut shown = Shown::default();
    // A first life, so that there is something to recall.
    end_at(folder.path(), &mut load, &mut shown, NUMBERS, ("log.before_answer", 30));
    let history = folder.path().join("data/history");
    let mut orphaning_ends = 0;
    for (point, later) in LATER {
        for times in [1].iter().chain(later) {
            let before = orphans(&history);
            end_at(folder.path(), &mut load, &mut shown, NUMBERS, (point, *times));
            let more = orphans(&history).saturating_sub(before);
            assert!(point != "history.before_commit" || more > 0, "no data file without a commit at {point}={times}");
            orphaning_ends += usize::from(more > 0);
        }
    }
    let told: BTreeSet<_> = LATER.iter().map(|(point, _)| *point).chain(UPKEEP).collect();
    // Those of snapshots, and of what they make superfluous, are tried in tests/snapshots.rs, and those of retention in
    // tests/retention_crash.rs.
    let is_elsewhere = |point: &str| point.starts_with("snapshot.") || point.starts_with("retention.");
    let is_here = |point: &&str| !is_elsewhere(point) && *point != "log.segment_removed";
    assert_eq!(told, POINTS.into_iter().filter(is_here).collect(), "every failpoint is tried");
    println!("{orphaning_ends} ends left a data file without a commit");
    assert!(orphaning_ends >= ORPHANING_ENDS_MIN);

    for point in PAUSES {
        let round = kill_in_pause(folder.path(), &mut load, point);
        println!("{point} paused: {round:?}");
    }
    let mut server = Server::start(folder.path(), NUMBERS);
    let address = server.address();
    // What stood still between its commit and its answer is there, and is not taken twice.
    assert!(load.settle(&address).found_again > 0);
    let follower = shown.follow(&address);
    assert_eq!(server.stop().code(), Some(0));
    shown.take(follower);
    let audited = audit(&folder.path().join("data"), &load.acknowledged());
    assert_eq!(shown.rows.len(), audited.alerts.len());
}

#[test]
fn upkeep_that_ends_in_the_middle_changes_no_row() {
    let folder = tempfile::tempdir().unwrap();
    crash::centre::found(folder.path());
    let mut load = Load::new(EVENTS_PER_REQUEST, &mut Dice::seeded("upkeep", 20_261_122));
    let mut shown = Shown::default();
    for point in UPKEEP {
        end_at(folder.path(), &mut load, &mut shown, UPKEEP_NUMBERS, (point, 1));
    }
    let mut server = Server::start(folder.path(), NUMBERS);
    let address = server.address();
    load.settle(&address);
    assert_eq!(server.stop().code(), Some(0));
    audit(&folder.path().join("data"), &load.acknowledged());
}

/// One commit stands still before its write: neither the stream nor a query may know of it, and after a kill it never was.
#[test]
fn nothing_is_shown_before_it_is_durable() {
    let folder = tempfile::tempdir().unwrap();
    crash::centre::found(folder.path());
    let config = folder.path().join("vigie.toml");
    let quiet = fs::read_to_string(&config).unwrap() + "[time]\ntick = \"1h\"\n";
    fs::write(&config, quiet).unwrap();
    let mut load = Load::new(EVENTS_PER_REQUEST, &mut Dice::seeded("durable", 20_260_303));
    // The first commit opens the log; ticks are far away.
    let mut server = Server::start(folder.path(), "log.before_write=2:pause");
    let address = server.address();
    let round = load.run(&address, |progress| {
        server.wait_to_hear("failpoint log.before_write: standing still");
        let follower = Follower::start(&address).unwrap();
        let until = Instant::now() + LOOK;
        while Instant::now() < until {
            let found = count(&folder.path().join("data"), "SELECT count(*) FROM observations");
            assert_eq!((follower.seen(), found), (0, 0), "shown before it is durable");
        }
        progress.killing();
        assert_eq!(server.kill().signal(), Some(SIGKILL));
    });
    assert_eq!((round.answered, round.found_again), (0, 0));
    let mut server = Server::start(folder.path(), "");
    let round = load.settle(&server.address());
    assert!(round.answered > 0 && round.found_again == 0, "{round:?}");
    assert_eq!(server.stop().code(), Some(0));
    audit(&folder.path().join("data"), &load.acknowledged());
}

/// One life under load, which ends when `point` is reached for the given time.
fn end_at(folder: &Path, load: &mut Load, shown: &mut Shown, numbers: &str, (point, times): (&str, u64)) {
    let mut server = Server::start(folder, &format!("{numbers},{point}={times}"));
    let mut ended = None;
    // Some points are met before it listens.
    if let Some(address) = server.address_if_it_lives() {
        let follower = Follower::start(&address);
        let round = load.run(&address, |_| ended = Some(server.wait_to_end()));
        follower.map(|follower| shown.take_what_there_is(follower)).unwrap_or_default();
        println!("{point}={times}: {round:?}");
    }
    let ended = ended.unwrap_or_else(|| server.wait_to_end());
    let said = server.said();
    assert_eq!(ended.signal(), Some(SIGABRT), "{point}={times}: {said}");
    assert!(said.contains(&format!("failpoint {point}: ending the process")), "{point}={times}: {said}");
}

/// One life under load, killed while the thread that reached `point` stands still.
fn kill_in_pause(folder: &Path, load: &mut Load, point: &str) -> Round {
    let mut server = Server::start(folder, &format!("{NUMBERS},{point}=6:pause"));
    let address = server.address();
    load.run(&address, |progress| {
        server.wait_to_hear(&format!("failpoint {point}: standing still"));
        progress.killing();
        assert_eq!(server.kill().signal(), Some(SIGKILL));
    })
}

/// Data files below a folder of tables that no commit names.
fn orphans(history: &Path) -> usize {
    let (mut files, mut named) = (BTreeSet::new(), String::new());
    for table in fs::read_dir(history).unwrap() {
        collect(&table.unwrap().path(), &mut files, &mut named);
    }
    files.iter().filter(|name| !named.contains(name.as_str())).count()
}

/// Names of the data files below a folder, and the text of all commits.
fn collect(folder: &Path, files: &mut BTreeSet<String>, named: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let in_log = folder.ends_with("_delta_log");
        if path.is_dir() {
            collect(&path, files, named);
        } else if in_log && name.ends_with(".json") {
            named.push_str(&fs::read_to_string(&path).unwrap());
        } else if !in_log && name.ends_with(".parquet") {
            files.insert(name);
        }
    }
}

#[test]
fn a_start_that_takes_long_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    crash::centre::found(folder.path());
    let mut first = Server::start(folder.path(), "");
    first.address();
    assert!(first.stop().success());
    let mut stands_still = Server::start(folder.path(), "log.recall=1:pause");
    stands_still.wait_to_hear("the log is judged again before requests are taken");
    assert!(stands_still.stop().success());
    let mut third = Server::start(folder.path(), "");
    third.address();
    assert!(third.stop().success());
}
