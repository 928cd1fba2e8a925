//! The published cases through the reference: they prove it before it judges the engine.

use crate::common::{digest, event};
use crate::flow;
use crate::judge::{judge, ordered};
use crate::mutant::Mutant;
use crate::world::World;
use std::path::{Path, PathBuf};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rules-conformance");
    let mut cases: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    cases
}

#[expect(clippy::disallowed_methods, reason = "a test reads its cases from files")]
fn read(path: &Path, name: &str) -> String {
    std::fs::read_to_string(path.join(name)).unwrap()
}

#[test]
fn the_reference_gives_every_case_as_published() {
    let cases = cases();
    assert_eq!(cases.len(), 37);
    for path in cases {
        let about: serde_json::Value = serde_json::from_str(&read(&path, "case.json")).unwrap();
        let rules = flow::rules(&read(&path, "rules.yaml"));
        let events: Vec<_> = read(&path, "input.ndjson").lines().map(event).collect();
        let events = ordered(&events, about["order"] == "keep");
        let mut lines = Vec::new();
        for ((rule, key), records) in judge(&rules, &World::default(), &events, 1000, Mutant::None) {
            let digested = records.iter().filter(|record| matches!(record.state, "active" | "stale" | "cleared"));
            lines.extend(digested.map(|record| format!("{rule}\t{key}\t{}\t{}\n", record.state, record.time_ms)));
        }
        lines.sort();
        let found = lines.concat();
        assert_eq!(found, read(&path, "expected.tsv"), "{}", path.display());
        assert_eq!(digest(&found), about["digest"].as_str().unwrap(), "{}", path.display());
    }
}
