//! `vigie verify` on the folder of a server that ran: whole, then damaged in one way after the other.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Running, found_centre, run, serve, text, vigie};
use std::fs;
use std::path::{Path, PathBuf};

const RULES: &str = "\
groups:
- name: squares
  rules:
  - {alert: Crowded, kind: threshold, metric: people_count, per: space, raise: 'value >= 100', clear: 'value < 80', stale_after: 1d, severity: high}
";

/// Runs a server, posts events in two requests, and ends it.
fn fill(folder: &Path) -> PathBuf {
    found_centre(folder, "", RULES);
    let server = Running::start(serve(folder));
    for values in [[120, 50], [130, 60]] {
        let line = |(index, value): (usize, &u32)| {
            format!(
                "{{\"id\":\"{value}-{index}\",\"space\":\"plaza\",\"metric\":\"people_count\",\"value\":{value},\"time\":{}}}\n",
                1_790_000_000_000_u64 + u64::from(*value) * 1000
            )
        };
        let body: String = values.iter().enumerate().map(line).collect();
        assert_eq!(server.post("/v1/events", "application/x-ndjson", &body).0, 200);
    }
    assert_eq!(server.interrupt(), Some(0));
    folder.join("data")
}

fn verify(data: &Path, code: i32) -> String {
    let mut command = vigie();
    command.args(["verify", "--data"]).arg(data);
    text(&run(&mut command, code).stdout)
}

fn segment(data: &Path) -> PathBuf {
    data.join("log/00000000000000000000.seg")
}

#[test]
fn a_folder_that_is_whole_is_said_to_be_and_damage_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = fill(folder.path());
    let said = verify(&data, 0);
    assert!(said.contains("log: whole; 1 segment") && said.contains("history: whole"), "{said}");

    let whole = fs::read(segment(&data)).unwrap();
    let mut flipped = whole.clone();
    let at = flipped.windows(5).position(|window| window == b"120-0").unwrap();
    flipped[at] ^= 1;
    fs::write(segment(&data), &flipped).unwrap();
    let said = verify(&data, 1);
    assert!(said.contains("log: not whole") && said.contains("cannot be read") && said.contains("backup"), "{said}");
    assert_eq!(fs::read(segment(&data)).unwrap(), flipped, "nothing is changed");

    // A log that lost its end: history has rows that it does not hold.
    let mut short = whole.clone();
    let second = whole.windows(5).position(|window| window == b"130-0").unwrap();
    short[second - 200..].fill(0);
    fs::write(segment(&data), &short).unwrap();
    let said = verify(&data, 1);
    assert!(said.contains("but the log ends at"), "{said}");
    fs::write(segment(&data), &whole).unwrap();
    verify(&data, 0);

    let file = data_file(&data.join("history/observations"));
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let said = verify(&data, 1);
    assert!(said.contains(&*file.file_name().unwrap().to_string_lossy()), "{said}");
    fs::write(&file, &bytes).unwrap();
    verify(&data, 0);
}

/// A log put back from an older copy lacks its newest records, which history has: rows and alerts that come afterwards must
/// not pass for those.
#[test]
fn a_log_that_lost_its_end_goes_on_behind_what_history_has() {
    let folder = tempfile::tempdir().unwrap();
    let data = fill(folder.path());
    let whole = fs::read(segment(&data)).unwrap();
    let mut short = whole.clone();
    let second = whole.windows(5).position(|window| window == b"130-0").unwrap();
    short[second - 200..].fill(0);
    fs::write(segment(&data), &short).unwrap();
    let server = Running::start(serve(folder.path()));
    let event = |id: &str, value: u32, second: u32| {
        format!(
            "{{\"id\":\"{id}\",\"space\":\"plaza\",\"metric\":\"people_count\",\"value\":{value},\"time\":{}}}\n",
            1_790_000_200_000_u64 + u64::from(second) * 1000
        )
    };
    let body = event("new-1", 500, 1) + &event("new-2", 1, 2);
    assert_eq!(server.post("/v1/events", "application/x-ndjson", &body).0, 200);
    assert_eq!(server.interrupt(), Some(0));
    assert_eq!(common::count(&data, "SELECT count(*) FROM observations"), 6);
    assert_eq!(common::count(&data, "SELECT count(*) FROM observations WHERE id LIKE 'new-%'"), 2);
    let of_new = "SELECT count(*) FROM alerts WHERE event_time >= TIMESTAMP '2026-09-21T14:16:40Z'";
    assert_eq!(common::count(&data, of_new), 2, "active and cleared");
    assert_eq!(common::count(&data, "SELECT count(*) - count(DISTINCT \"offset\") FROM alerts"), 0);
    verify(&data, 0);
}

/// A data file of a table.
fn data_file(table: &Path) -> PathBuf {
    let mut folders = vec![table.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("_delta_log") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "parquet") {
                return path;
            }
        }
    }
    panic!("the table has a data file");
}

#[test]
fn a_folder_in_use_or_of_nobody_is_not_verified() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = vigie();
    command.args(["verify", "--data"]).arg(folder.path());
    assert!(text(&run(&mut command, 3).stderr).contains("is not a data folder"));
    found_centre(folder.path(), "", RULES);
    let _server = Running::start(serve(folder.path()));
    let mut command = vigie();
    command.args(["verify", "--data"]).arg(folder.path().join("data"));
    assert!(text(&run(&mut command, 3).stderr).contains("in use by the server at"));
}
