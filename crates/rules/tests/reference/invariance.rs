//! What must not show: the spacing of ticks for input in order, and that rules go on from a copy of their state.

use crate::case::{Case, case};
use crate::chance::Chance;
use crate::common::{Cut, What, transitions_from_copies};
use crate::compare::{described, engine, loaded, records, reference, smallest};
use crate::differential::seeds;
use crate::judge::ordered;
use crate::mutant::Mutant;

/// Every third seed: each case runs many times here.
fn some_seeds() -> impl Iterator<Item = u64> {
    seeds().step_by(3)
}

/// A case in order. A pause of the sequencer is left out: what silences it ends depends on the ticks before it.
fn in_order(seed: u64) -> Case {
    let mut case = case(seed);
    case.keep = false;
    case.events.retain(|event| event.what != What::IntakeUp);
    case
}

#[test]
fn the_spacing_of_ticks_does_not_show_for_input_in_order() {
    let cut = |tick_ms| Cut { partitions: 2, batch_rows: 7, tick_ms };
    for seed in some_seeds() {
        for tick_ms in [100, 7_000, 3_600_000] {
            let expected = |case: &Case| engine(case, &loaded(case), cut(1000));
            let differs = |case: &Case| engine(case, &loaded(case), cut(tick_ms)) != expected(case);
            if differs(&in_order(seed)) {
                let case = smallest(in_order(seed), differs);
                let found = engine(&case, &loaded(&case), cut(tick_ms));
                panic!("seed {seed}, ticks of {tick_ms} ms:\n{}", described(&case, &found, &expected(&case)));
            }
            let case = in_order(seed);
            let (found, expected) = (reference(&case, tick_ms, Mutant::None), reference(&case, 1000, Mutant::None));
            assert!(found == expected, "of the reference, seed {seed}:\n{}", described(&case, &found, &expected));
        }
    }
}

#[test]
fn a_copy_of_the_state_goes_on_as_the_state_does() {
    for seed in some_seeds() {
        let case = case(seed);
        let (rules, cut) = (loaded(&case), Cut { partitions: 2, batch_rows: 3, tick_ms: 1000 });
        let expected = engine(&case, &rules, cut);
        let events = ordered(&case.events, case.keep);
        let copied_at = (0..3).map(|index| Chance::new(seed + index).number(0, events.len() as i64) as usize);
        for (at, found) in transitions_from_copies(&rules, &events, cut, &copied_at.collect::<Vec<_>>()) {
            let found = records(&found);
            assert!(found == expected, "seed {seed}, copied at event {at}:\n{}", described(&case, &found, &expected));
        }
    }
}
