//! The committed vectors of baseline rules are what their Python script says today. The kernel's own tests compare the
//! kernel with them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const VECTORS: &str = include_str!("baseline/vectors.tsv");

/// The Python that `VIGIE_PYTHON` names; says so when there is none.
fn python(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("VIGIE_PYTHON").map(PathBuf::from);
    if python.is_none() {
        assert!(std::env::var_os("VIGIE_REQUIRE_PYTHON").is_none(), "VIGIE_REQUIRE_PYTHON is set without VIGIE_PYTHON");
        // Past the test runner's capture, so that a skipped check is seen.
        let said = "VIGIE_PYTHON is not set; any Python from 3.11 on with time zone data will do";
        writeln!(std::io::stderr(), "SKIPPED {test}: {said}").expect("standard error can be written");
    }
    python
}

/// Equal, but for the last digits of a mean or deviation: `2^x` is not the same on every platform.
fn is_same(one: &str, other: &str) -> bool {
    let near = |one: f64, other: f64| (one - other).abs() <= 1e-12 * one.abs().max(1.0);
    let number = |text: &str| text.parse::<f64>().ok().filter(|_| text.contains(['.', 'e']));
    one == other || number(one).zip(number(other)).is_some_and(|(one, other)| near(one, other))
}

#[test]
fn python_computes_the_same_vectors() {
    let Some(python) = python("python_computes_the_same_vectors") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/baseline/vectors.py");
    let output = Command::new(python).arg(script).output().expect("VIGIE_PYTHON can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let computed = String::from_utf8(output.stdout).expect("the script writes ASCII");
    assert_eq!(computed.lines().count(), VECTORS.lines().count());
    for (index, (computed, committed)) in computed.lines().zip(VECTORS.lines()).enumerate() {
        let (ours, theirs) = (committed.split('\t'), computed.split('\t'));
        let same = ours.clone().count() == theirs.clone().count() && ours.zip(theirs).all(|(a, b)| is_same(a, b));
        assert!(same, "vectors.tsv:{}: {committed}\nPython says: {computed}", index + 1);
    }
}
