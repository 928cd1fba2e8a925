//! The twin of a server: one that has the same log, whole, and nothing else, takes no snapshots and judges all of it.

use crate::common::sql;
use crate::common::wait_until;
use crate::crash::audit::{assert_same, rows};
use crate::crash::server::Server;
use crate::crash::stream::Follower;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a configuration of these tests says about snapshots, and what that of a twin says.
pub const EVERY_SECOND: &str = "snapshot_every = \"1s\"";
const OFF: &str = "snapshot_every = \"off\"";
/// After so long both servers have rolled what was about to.
const ROLLED: Duration = Duration::from_secs(20);

/// Keeps what the log in a data folder holds now, besides what was kept before. Nobody writes to it.
pub fn archive(data: &Path, archive: &Path) {
    fs::create_dir_all(archive).expect("the folder can be written");
    for entry in fs::read_dir(data.join("log")).expect("the log is a folder") {
        let entry = entry.expect("the log can be listed");
        let name = entry.file_name();
        if !name.to_string_lossy().ends_with(".tmp") {
            fs::copy(entry.path(), archive.join(name)).expect("a file of the log can be copied");
        }
    }
}

/// As [`archive`] while somebody writes: the segments that are full, and not kept yet.
pub fn archive_full(data: &Path, archive: &Path) {
    fs::create_dir_all(archive).expect("the folder can be written");
    let Ok(entries) = fs::read_dir(data.join("log")) else { return };
    let mut segments: Vec<_> = entries.map(|entry| entry.expect("the log can be listed").path()).collect();
    segments.retain(|path| path.extension().is_some_and(|end| end == "seg"));
    segments.sort_unstable();
    segments.pop();
    for segment in segments {
        let kept = archive.join(segment.file_name().expect("a file has a name"));
        if !kept.exists() {
            fs::copy(&segment, kept).expect("what was full when listed is not gone yet");
        }
    }
}

/// Founds the twin of the centre in `folder`, whose log is the archived one.
pub fn found(twin: &Path, folder: &Path, archived: &Path) {
    let config = fs::read_to_string(folder.join("vigie.toml")).expect("the centre is there");
    assert!(config.contains(EVERY_SECOND));
    fs::create_dir_all(twin).expect("the folder can be written");
    fs::write(twin.join("vigie.toml"), config.replace(EVERY_SECOND, OFF)).expect("the folder can be written");
    fs::copy(folder.join("rules.yaml"), twin.join("rules.yaml")).expect("the folder can be written");
    let log = twin.join("data/log");
    fs::create_dir_all(&log).expect("the folder can be written");
    for entry in fs::read_dir(archived).expect("there is an archive") {
        let entry = entry.expect("it can be listed");
        fs::copy(entry.path(), log.join(entry.file_name())).expect("a file of the log can be copied");
    }
}

/// What operators and analysts see of two servers whose logs end in the same records, but for what each wrote when it was started, is
/// the same to the byte. Nothing may be left that a timer changes. Both are stopped.
pub fn assert_alike(folder: &Path, mut server: Server, twin_folder: &Path, mut twin: Server) {
    let (address, of_twin) = (server.address(), twin.address());
    let get = |address: &str, path: &str| {
        let mut answer = ureq::get(format!("http://{address}{path}")).call().expect("it answers");
        let body = answer.body_mut().read_to_string().expect("the body is text");
        let mut value: serde_json::Value = serde_json::from_str(&body).expect("the body is JSON");
        if let Some(desk) = value.as_object_mut().filter(|_| path == "/v1/desk") {
            desk.remove("log_time");
        }
        value.to_string()
    };
    for path in ["/v1/alerts", "/v1/desk", "/v1/rules", "/v1/spaces"] {
        let mut last = (String::new(), String::new());
        // What rolls with the clock does so at the ticks of each; hence the desk's log time is left out, too.
        let until = Instant::now() + ROLLED;
        while Instant::now() < until && (last.0 != last.1 || last.0.is_empty()) {
            last = (get(&address, path), get(&of_twin, path));
        }
        assert!(last.0 == last.1, "{path}: {}", first_difference(&last.0, &last.1));
        println!("{path}: {} bytes alike", last.0.len());
    }
    let last = sql(&twin_folder.join("data"), "SELECT max(\"offset\") AS last FROM alerts")[0]["last"].as_u64();
    let followers = [&address, &of_twin].map(|address| {
        let follower = Follower::start(address).expect("it listens");
        wait_until("the last row of the stream", || (follower.last() == last).then_some(()));
        follower
    });
    assert_eq!((server.stop().code(), twin.stop().code()), (Some(0), Some(0)));
    let [own, whole] = followers.map(Follower::end);
    assert!(
        !own.is_empty() && whole.ends_with(&own),
        "{} rows of the stream are not the last of {}",
        own.len(),
        whole.len()
    );
    println!("{} of {} rows of the stream alike", own.len(), whole.len());

    for table in ["observations", "incidents", "perceptions", "alerts", "actions", "spaces"] {
        let all = |folder: &Path| -> Vec<String> {
            let rows = rows(&folder.join("data"), &format!("SELECT * FROM {table}"));
            // Each notes its own start, and the twin that its files stand elsewhere.
            let is_common = |row: &&serde_json::Value| row["action"] != "intake_up" && row["action"] != "rules_changed";
            rows.iter().filter(is_common).map(ToString::to_string).collect()
        };
        let (own, of_twin) = (all(folder), all(twin_folder));
        assert_same(table, &own, "those of the twin", &of_twin);
        println!("{table}: {} rows alike", own.len());
    }
}

/// Two texts around the first byte in which they differ.
fn first_difference(one: &str, other: &str) -> String {
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| {
        String::from_utf8_lossy(
            &text.as_bytes()[same.saturating_sub(100).min(text.len())..(same + 300).min(text.len())],
        )
        .into_owned()
    };
    format!("from byte {same} on\n{}\nand of the twin\n{}", around(one), around(other))
}
