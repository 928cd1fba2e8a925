//! The published conformance cases, byte for byte, for every cut of the log into partitions and batches.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Cut, digest, event, lines, ordered, rules, transitions, transitions_over_snapshots};
use std::path::{Path, PathBuf};

const KINDS: [(&str, usize); 7] =
    [("threshold", 16), ("window", 10), ("absence", 1), ("change", 2), ("k-of-n", 3), ("sequence", 3), ("mixed", 2)];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rules-conformance")
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    cases
}

#[expect(clippy::disallowed_methods, reason = "a test reads its cases from files")]
fn read(path: &Path, name: &str) -> String {
    std::fs::read_to_string(path.join(name)).unwrap()
}

#[test]
fn all_cases_of_these_kinds_are_here() {
    for (kind, count) in KINDS {
        let found = cases().iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(kind)).count();
        assert_eq!(found, count, "{kind}");
    }
    assert_eq!(cases().len(), 37);
}

#[test]
fn every_case_comes_out_as_published() {
    for path in cases() {
        let case: serde_json::Value = serde_json::from_str(&read(&path, "case.json")).unwrap();
        let rules = rules(&read(&path, "rules.yaml"));
        let events = read(&path, "input.ndjson").lines().map(event).collect();
        let events = ordered(events, case["order"] == "keep");
        let expected = read(&path, "expected.tsv");
        let cut = Cut { partitions: 2, batch_rows: 7, tick_ms: 1000 };
        let (every, seeds) = (|_| true, Vec::new());
        let over_snapshots = transitions_over_snapshots(&rules, seeds, &events, cut, every);
        assert_eq!(
            over_snapshots,
            transitions(&rules, &events, cut),
            "a snapshot before each record of {}",
            path.display()
        );
        for partitions in [1, 2, 7] {
            for batch_rows in [1, 7, 1024] {
                let cut = Cut { partitions, batch_rows, tick_ms: 1000 };
                let found = lines(&transitions(&rules, &events, cut));
                assert_eq!(found, expected, "{} with {cut:?}", path.display());
                assert_eq!(digest(&found), case["digest"].as_str().unwrap(), "{}", path.display());
            }
        }
    }
}
