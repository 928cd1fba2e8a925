//! Retention that ends in the middle: the next run completes it, nothing is deleted without a certificate, and nothing is told twice.
//!
//! `cargo test -p vigie --features failpoints --test retention_crash`

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{CROWDED_RULES, PEOPLE_METRIC, count, found_centre, now_ms, run, text, vigie};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use vigie_failpoints::names::POINTS;
use vigie_model::time::format_utc;

const DAY_MS: i64 = 24 * 3_600_000;
const RETENTION: &str = "[feeds.cameras]\npurpose = \"p\"\nlegal_basis = \"l\"\nregime = \"r\"\nretention = \"10d\"\n";
/// Where a run ends, and at which times it gets there; the folder has 29 dates in each of two tables.
const ENDS: [(&str, &[u64]); 9] = [
    ("history.before_replace", &[1, 30]),
    ("retention.noted", &[1, 2, 21, 40]),
    ("retention.committed", &[1, 2, 21, 42]),
    ("retention.rows_gone", &[1]),
    ("history.before_vacuum", &[1, 20, 22]),
    ("history.before_checkpoint", &[1]),
    ("history.after_checkpoint", &[1]),
    ("retention.certificate_waits", &[1]),
    ("retention.certificate_audited", &[1]),
];
const SIGABRT: i32 = 6;

fn found(folder: &Path) {
    let now_ms = now_ms();
    let line = |days: i64| {
        let time = format_utc(now_ms - days * DAY_MS);
        let observation =
            json!({"space": "plaza", "sensor": "s1", "metric": "people_count", "value": days, "time": time});
        let incident = json!({"type": "incident", "id": format!("i-{days}"), "space": "plaza", "category": "theft",
            "severity": "low", "channel": "camera", "version": 1, "time": time});
        format!("{observation}\n{incident}\n")
    };
    // Rows of ten days go. None is nine days old, which would become ten should the test run over midnight.
    fs::write(folder.join("all.ndjson"), (1..=30).filter(|days| *days != 9).map(line).collect::<String>()).unwrap();
    let without = RETENTION.replace("retention =", "# retention =");
    found_centre(folder, &format!("{PEOPLE_METRIC}{without}"), CROWDED_RULES);
    let mut import = vigie();
    import.args(["import", "--json", "--feed", "cameras", "--config"]).arg(folder.join("vigie.toml"));
    run(import.arg("--data").arg(folder.join("data")).arg("--input").arg(folder.join("all.ndjson")), 0);
    found_centre(folder, &format!("{PEOPLE_METRIC}{RETENTION}"), CROWDED_RULES);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { _ = fs::copy(entry.path(), to).unwrap() }
    }
}

fn retention(folder: &Path) -> std::process::Command {
    let mut command = vigie();
    command.args(["retention", "run", "--format", "json", "--config"]).arg(folder.join("vigie.toml"));
    command.arg("--data").arg(folder.join("data"));
    command
}

/// The certificates on file, oldest first.
fn certificates(folder: &Path) -> Vec<Value> {
    let folder = folder.join("data/retention/certificates");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
}

/// Rows and files that the certificates tell of, by table.
fn told(certificates: &[Value]) -> Vec<(u64, u64)> {
    let number = |value: &Value| value.as_u64().unwrap();
    (0..3)
        .map(|table| {
            let of = |certificate: &Value, key: &str| number(&certificate["tables"][table][key]);
            certificates.iter().fold((0, 0), |(rows, files), certificate| {
                (rows + of(certificate, "rows_deleted"), files + of(certificate, "files_removed"))
            })
        })
        .collect()
}

fn data_files(folder: &Path) -> usize {
    let of_table = |table: &str| {
        let dates = fs::read_dir(folder.join("data/history").join(table)).unwrap().map(|entry| entry.unwrap().path());
        let dates = dates.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("date="));
        dates.map(|date| fs::read_dir(date).unwrap().count()).sum::<usize>()
    };
    of_table("observations") + of_table("incidents")
}

#[test]
fn a_run_that_ends_anywhere_is_completed_by_the_next_one() {
    let whole = tempfile::tempdir().unwrap();
    found(whole.path());
    let ended = tempfile::tempdir().unwrap();
    copy(whole.path(), ended.path());
    run(&mut retention(whole.path()), 0);
    let (expected, files) = (told(&certificates(whole.path())), data_files(whole.path()));
    assert_eq!((expected[0].0, expected[1].0, expected[2], files), (21, 21, (0, 0), 16));
    let of_retention = POINTS.iter().filter(|point| point.starts_with("retention."));
    assert!(of_retention.clone().all(|point| ENDS.iter().any(|(end, _)| end == point)), "every failpoint is tried");
    for (point, times) in ENDS.iter().flat_map(|(point, times)| times.iter().map(move |times| (point, times))) {
        let folder = tempfile::tempdir().unwrap();
        copy(ended.path(), folder.path());
        let output = retention(folder.path()).env("VIGIE_FAILPOINTS", format!("{point}={times}")).output().unwrap();
        assert_eq!(output.status.signal(), Some(SIGABRT), "{point}={times}: {}", text(&output.stderr));
        let data = folder.path().join("data");
        // What is there is of before or after each commit: all rows that stay, and some of the others.
        for table in ["observations", "incidents"] {
            let rows = count(&data, &format!("SELECT count(*) FROM {table}"));
            assert!((8..=29).contains(&rows), "{point}={times}: {rows} rows of {table}");
        }
        run(&mut retention(folder.path()), 0);
        assert_eq!(told(&certificates(folder.path())), expected, "{point}={times}: rows and files, told once");
        assert_eq!(data_files(folder.path()), files, "{point}={times}");
        assert_eq!(count(&data, "SELECT count(*) FROM observations"), 8, "{point}={times}");
        let said = text(&run(vigie().arg("verify").arg("--data").arg(&data), 0).stdout);
        assert!(said.contains("retention: whole"), "{point}={times}: {said}");
        println!("{point}={times}: completed");
    }
}
