//! The conformance cases through `vigie replay`: byte for byte, for any number of partitions and any batch size.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{digest_lines, found_centre, last_json, project, run, vigie};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// All published cases.
fn cases() -> Vec<PathBuf> {
    let folder = project().join("tests/rules-conformance");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let cases: BTreeSet<_> = entries.filter(|path| path.join("case.json").exists()).collect();
    assert_eq!(cases.len(), 37);
    cases.into_iter().collect()
}

#[test]
fn every_case_has_its_transitions_and_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let work = folder.path().join(&name);
        fs::create_dir(&work).unwrap();
        found_centre(&work, "", &fs::read_to_string(case.join("rules.yaml")).unwrap());
        for partitions in ["1", "2", "7"] {
            let streams = ["1", "7", "1024"].map(|batch| check(&case, &work, partitions, batch));
            assert!(streams.iter().all(|stream| *stream == streams[0]), "{name}: the batch size shows in the stream");
        }
    }
}

/// Checks one run; its alert stream.
fn check(case: &Path, work: &Path, partitions: &str, batch: &str) -> String {
    let about: serde_json::Value = serde_json::from_slice(&fs::read(case.join("case.json")).unwrap()).unwrap();
    let alerts = work.join("alerts.ndjson");
    let mut replay = vigie();
    replay.args(["replay", "--json", "--partitions", partitions, "--batch", batch]);
    replay.arg("--config").arg(work.join("vigie.toml")).arg("--input").arg(case.join("input.ndjson"));
    replay.arg("--alerts").arg(&alerts);
    if about["order"] == "keep" {
        replay.arg("--keep-order");
    }
    let summary = last_json(&run(&mut replay, 0));
    let run_of = format!("{} with {partitions} partitions, batches of {batch}", case.display());
    assert_eq!(summary["digest"], about["digest"], "{run_of}");
    let expected = fs::read_to_string(case.join("expected.tsv")).unwrap();
    let stream = fs::read_to_string(&alerts).unwrap();
    assert_eq!(digest_lines(&stream), expected, "{run_of}");
    stream
}
