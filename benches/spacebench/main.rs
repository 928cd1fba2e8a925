//! SpaceBench: the rule engine over decoded batches, beside three baselines with the same semantics.
//!
//! Scenarios R1 to R8 and copies of R1 run over seeded rows of `vigie::spacebench`, with a tick each second of event time. Every
//! series has been seen once before the clock starts, and rows are made while it stands still, so what is measured is the steady
//! state of judging alone. Before and during every measurement the lines of all contestants are compared; a difference ends
//! the run with the lines and the seed. Figures are events a second of processor time.
//!
//! ```text
//! cargo bench --no-default-features --bench spacebench                        # criterion, 10,000 spaces, one thread
//! cargo bench --no-default-features --bench spacebench -- --test              # each once, few spaces
//! cargo bench --no-default-features --bench spacebench -- check 100           # lines alone, a hundred seeds
//! cargo bench --no-default-features --bench spacebench -- table [R2 uniform]  # everything, as Markdown
//! cargo bench --no-default-features --bench spacebench -- memory              # bytes of a million spaces
//! cargo bench --no-default-features --features runtime --bench spacebench -- snapshot [SPACES [ROUNDS [FOLDER]]]
//! ```

mod clock;
mod mark;

mod wheel;

mod slots;

mod lane;

mod sequence;
mod silence;
mod thresholds;
mod votes;
mod windows;

mod contender;

mod scenario;

mod contest;

mod memory;
#[cfg(feature = "runtime")]
mod snapshot;
mod table;

use contest::{CONTESTANTS, Contest};
use criterion::{Criterion, Throughput};
use scenario::SCENARIOS;
use std::time::Duration;
use table::Full;
use vigie::spacebench::options::Options;

/// Spaces and rows of a measured pass under criterion.
const CRITERION: (u32, usize) = (10_000, 200_000);
/// The same when each case only has to run once.
const ONCE: (u32, usize) = (200, 10_000);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.first().map(String::as_str) {
        Some("table") => table::print(&full(&words[1..])),
        Some("memory") => memory::print(),
        #[cfg(feature = "runtime")]
        Some("snapshot") => {
            let number = |place: usize| words.get(place).and_then(|word| word.parse().ok());
            let folder = words.get(3).map_or_else(std::env::temp_dir, Into::into);
            snapshot::print(number(1).unwrap_or(memory::SPACES), number(2).unwrap_or(5) as usize, &folder);
        }
        Some("check") => check(words.get(1).and_then(|word| word.parse().ok()).expect("check NUMBER_OF_SEEDS")),
        _ => {
            let (spaces, rows) = if words.iter().any(|word| word == "--test") { ONCE } else { CRITERION };
            under_criterion(spaces, rows);
        }
    }
}

/// Compares the lines of all contestants over so many small cities, with slow series and many late events, so that whatever seldom
/// happens does.
fn check(seeds: u64) {
    for seed in 1..=seeds {
        let interval_ms = [5_000, 20_000, 60_000, 200_000][seed as usize % 4];
        let late = [(99, 1), (3_000, 500), (1_000, 3_000)][seed as usize % 3];
        let options = Options { spaces: 20, interval_ms, late, seed, events: 20_000, ..Options::default() };
        let mut lines = 0;
        for scenario in SCENARIOS {
            let mut contest = Contest::new(scenario, options, 1 + (seed % 2) as u16, &CONTESTANTS);
            contest.warm_up();
            lines += (0..4).map(|_| contest.round(5_000).1).sum::<usize>() + contest.finish();
        }
        println!("seed {seed}: {lines} lines agree");
    }
}

/// What the words after `table` ask for.
fn full(words: &[String]) -> Full {
    let mut full = Full::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{word} NUMBER"));
        match word.as_str() {
            "--rounds" => full.rounds = number(),
            "--rows" => full.rows = number(),
            "--interval-ms" => full.interval_ms = number() as i64,
            "--contestants" => full.contestants.truncate(number().max(1)),
            word => full.words.push(word.to_owned()),
        }
    }
    full
}

/// A group for each scenario, a function for each contestant.
fn under_criterion(spaces: u32, rows: usize) {
    let mut criterion = Criterion::default().configure_from_args();
    let options = Options { spaces, ..Options::default() };
    for scenario in SCENARIOS {
        let mut all = Contest::new(scenario, options, 1, &CONTESTANTS);
        all.warm_up();
        all.round(rows);
        all.finish();
        let mut group = criterion.benchmark_group(format!("spacebench/{}", scenario.name));
        group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
        group.throughput(Throughput::Elements(rows as u64));
        for name in CONTESTANTS {
            let mut contest = None;
            group.bench_function(name, |bencher| {
                let contest = contest.get_or_insert_with(|| {
                    let mut contest = Contest::new(scenario, options, 1, &[name]);
                    contest.warm_up();
                    contest
                });
                bencher.iter_custom(|times| (0..times).map(|_| contest.round(rows).0[0].cpu).sum());
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
