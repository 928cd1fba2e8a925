//! The engine against the reference, on random cases.

use crate::case::{Case, case};
use crate::common::Cut;
use crate::compare::{described, engine, loaded, reference, smallest};
use crate::judge::Records;
use crate::mutant::Mutant;

/// The first seed and the number of cases, unless the environment says otherwise.
pub(crate) const SEED: u64 = 1;
pub(crate) const CASES: u64 = 300;

/// The seeds to run.
#[expect(clippy::disallowed_methods, reason = "the environment says which cases to repeat")]
pub(crate) fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let first = number("VIGIE_SEED", SEED);
    first..first + number("VIGIE_CASES", CASES)
}

/// How the engine deviates from the text for now, as mutants of the reference.
const TOLERATED: &[Mutant] = &[];

/// The first cut under which the engine says something else, if there is one.
fn difference(case: &Case) -> Option<(Cut, Records, Records)> {
    let (rules, expected) = (loaded(case), reference(case, 1000, Mutant::None));
    for partitions in [1, 2, 7] {
        for batch_rows in [1, 7, 1024] {
            let cut = Cut { partitions, batch_rows, tick_ms: 1000 };
            let found = engine(case, &rules, cut);
            if found != expected && !is_tolerated(case, &found, &expected) {
                return Some((cut, found, expected));
            }
        }
    }
    None
}

/// Whether the records of each rule are as expected, or as of one mutant that is tolerated.
fn is_tolerated(case: &Case, found: &Records, expected: &Records) -> bool {
    let tolerated = TOLERATED.iter().map(|mutant| reference(case, 1000, *mutant));
    let accepted: Vec<Records> = tolerated.chain([expected.clone()]).collect();
    let of = |records: &Records, rule: &str| -> Records {
        records
            .iter()
            .filter(|((name, _), _)| name == rule)
            .map(|(key, records)| (key.clone(), records.clone()))
            .collect()
    };
    let mut names = case.rules.iter().map(|rule| rule.name.as_str());
    names.all(|name| accepted.iter().any(|records| of(records, name) == of(found, name)))
}

#[test]
fn the_engine_agrees_with_the_reference() {
    let (mut records, mut failures) = (0, Vec::new());
    for seed in seeds() {
        let case = case(seed);
        records += reference(&case, 1000, Mutant::None).values().map(Vec::len).sum::<usize>();
        if difference(&case).is_some() {
            let case = smallest(case, |case| difference(case).is_some());
            let (cut, found, expected) = difference(&case).unwrap();
            failures.push(format!(
                "seed {seed}, {cut:?}, keep {}:\n{}",
                case.keep,
                described(&case, &found, &expected)
            ));
        }
    }
    println!("{} cases from seed {}, {records} records", seeds().count(), seeds().start);
    assert!(records > 0);
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}
