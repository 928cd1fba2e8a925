//! What the state of a million spaces takes: R2 on four metrics, in the sixteen partitions of a log.

use crate::scenario::SCENARIOS;
use std::sync::Arc;
use vigie::spacebench::names::{METRICS, dictionary};
use vigie::spacebench::options::Options;
use vigie::spacebench::rows::Steps;
use vigie::spacebench::stream::START_MS;
use vigie_model::alert::Transition;
use vigie_model::position::PARTITIONS_DEFAULT;
use vigie_model::record::{Batch, Payload, Record};
use vigie_rules::core::RuleCore;

pub(crate) const SPACES: u32 = 1_000_000;
/// How often every series is heard on average, the first time aside.
const ROUNDS: u64 = 3;
/// Rows in memory at once.
const ROWS: usize = 100_000;
/// Rules of R2 that read one metric.
const RULES: u64 = 5;

/// Prints resident memory before and after, and bytes for each (space, metric, rule).
pub(crate) fn print() {
    let empty = resident();
    let mut named = 0;
    let city = City::filled(SPACES, || named = resident());
    let judged = resident();
    drop(city);
    let slots = u64::from(SPACES) * METRICS.len() as u64 * RULES;
    let per_slot = |bytes: u64| bytes as f64 / slots as f64;
    println!("| {SPACES} spaces, {} metrics, R2 | resident | a (space, metric, rule) |", METRICS.len());
    println!("|---|---|---|");
    println!("| names, rules | {} MB | {:.1} bytes |", (named - empty) / 1_000_000, per_slot(named - empty));
    println!("| state | {} MB | {:.1} bytes |", (judged - named) / 1_000_000, per_slot(judged - named));
    println!("| the whole process | {} MB | {:.1} bytes |", judged / 1_000_000, per_slot(judged));
}

/// Rules that have judged a city, and the rows that come next.
pub(crate) struct City {
    pub(crate) core: RuleCore,
    steps: Steps,
    sequence: u64,
    out: Vec<Transition>,
}

impl City {
    /// R2 over so many spaces, every series heard some times; `named` is called once names and rules are there.
    pub(crate) fn filled(spaces: u32, named: impl FnOnce()) -> Self {
        let scenario = SCENARIOS.into_iter().find(|scenario| scenario.name == "R2").expect("there is an R2");
        let options = Options { spaces, every_series_first: true, ..Options::default() };
        let core = RuleCore::new(PARTITIONS_DEFAULT);
        let mut city = Self { core, steps: Steps::new(&options, PARTITIONS_DEFAULT), sequence: 0, out: Vec::new() };
        city.step(START_MS, Payload::Control(Arc::new(scenario.control(spaces))));
        city.step(START_MS, Payload::Dictionary(dictionary(spaces, 1)));
        city.step(START_MS, Payload::IntakeUp);
        named();
        city.judge(options.series() * (1 + ROUNDS));
        city
    }

    /// Judges the next rows.
    pub(crate) fn judge(&mut self, rows: u64) {
        let mut left = rows;
        while left > 0 {
            let taken = self.steps.take(left.min(ROWS as u64) as usize);
            left -= left.min(ROWS as u64);
            let ticks = taken[0].iter().filter_map(|step| step.tick);
            for (tick_ms, log_time_ms) in ticks.collect::<Vec<_>>() {
                self.step(log_time_ms, Payload::Tick { tick_ms });
            }
            for (partition, of_partition) in (0..).zip(taken) {
                for one in of_partition.into_iter().filter(|one| !one.rows.is_empty()) {
                    let log_time_ms = self.steps.log_time_ms();
                    let rows = Batch { partition, first_offset: one.first_offset, rows: one.rows };
                    self.step(log_time_ms, Payload::Observations(rows));
                }
            }
        }
    }

    fn step(&mut self, log_time_ms: i64, payload: Payload) {
        let record = Record { sequence: self.sequence, log_time_ms, payload };
        self.core.step(&record, &mut self.out).expect("the rules of the bench are right");
        self.sequence += 1;
        self.out.clear();
    }
}

/// Resident memory of this process in bytes, as Linux tells it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the memory report needs Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells resident memory");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("VmRSS is in kB");
    kib * 1024
}
