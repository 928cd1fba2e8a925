//! What the random cases are worth: they tell the reference from every one that is wrong on purpose.

use crate::case::{Case, case};
use crate::compare::reference;
use crate::differential::{CASES, SEED};
use crate::mutant::{MUTANTS, Mutant};

#[test]
fn the_cases_find_every_mutant() {
    let cases: Vec<Case> = (SEED..SEED + CASES).map(case).collect();
    let right: Vec<_> = cases.iter().map(|case| reference(case, 1000, Mutant::None)).collect();
    let is_found = |mutant: &Mutant| {
        let mut compared = cases.iter().zip(&right);
        compared.position(|(case, right)| reference(case, 1000, *mutant) != *right)
    };
    let found: Vec<_> = MUTANTS.iter().map(|mutant| (mutant, is_found(mutant))).collect();
    println!("{found:?}");
    let missed: Vec<_> = found.iter().filter(|(_, case)| case.is_none()).map(|(mutant, _)| mutant).collect();
    assert!(missed.is_empty(), "not found by {} cases: {missed:?}", cases.len());
}
