//! What the state of a million spaces takes: R2 on four metrics, in the sixteen partitions of a log.

use crate::scenario::SCENARIOS;
use std::sync::Arc;
use vigie::spacebench::names::{METRICS, dictionary};
use vigie::spacebench::options::Options;
use vigie::spacebench::rows::Steps;
use vigie::spacebench::stream::START_MS;
use vigie_model::position::PARTITIONS_DEFAULT;
use vigie_model::record::{Batch, Payload, Record};
use vigie_rules::core::RuleCore;

const SPACES: u32 = 1_000_000;
/// How often every series is heard on average, the first time aside.
const ROUNDS: u64 = 3;
/// Rows in memory at once.
const ROWS: usize = 100_000;
/// Rules of R2 that read one metric.
const RULES: u64 = 5;

/// Prints resident memory before and after, and bytes for each (space, metric, rule).
pub(crate) fn print() {
    let scenario = SCENARIOS.into_iter().find(|scenario| scenario.name == "R2").expect("there is an R2");
    let options = Options { spaces: SPACES, every_series_first: true, ..Options::default() };
    let mut core = RuleCore::new(PARTITIONS_DEFAULT);
    let (mut sequence, mut out) = (0, Vec::new());
    let mut step = |log_time_ms, payload| {
        core.step(&Record { sequence, log_time_ms, payload }, &mut out).expect("the rules of the bench are right");
        sequence += 1;
        out.clear();
    };
    let mut steps = Steps::new(&options, PARTITIONS_DEFAULT);
    let empty = resident();
    step(START_MS, Payload::Control(Arc::new(scenario.control(SPACES))));
    step(START_MS, Payload::Dictionary(dictionary(SPACES, 1)));
    step(START_MS, Payload::IntakeUp);
    let named = resident();
    let mut left = options.series() * (1 + ROUNDS);
    while left > 0 {
        let taken = steps.take(left.min(ROWS as u64) as usize);
        left -= left.min(ROWS as u64);
        let ticks = taken[0].iter().filter_map(|step| step.tick);
        for (tick_ms, log_time_ms) in ticks.collect::<Vec<_>>() {
            step(log_time_ms, Payload::Tick { tick_ms });
        }
        for (partition, of_partition) in (0..).zip(taken) {
            for one in of_partition.into_iter().filter(|one| !one.rows.is_empty()) {
                let log_time_ms = steps.log_time_ms();
                let rows = Batch { partition, first_offset: one.first_offset, rows: one.rows };
                step(log_time_ms, Payload::Observations(rows));
            }
        }
    }
    let judged = resident();
    let slots = u64::from(SPACES) * METRICS.len() as u64 * RULES;
    let per_slot = |bytes: u64| bytes as f64 / slots as f64;
    println!("| {SPACES} spaces, {} metrics, R2 | resident | a (space, metric, rule) |", METRICS.len());
    println!("|---|---|---|");
    println!("| names, rules | {} MB | {:.1} bytes |", (named - empty) / 1_000_000, per_slot(named - empty));
    println!("| state | {} MB | {:.1} bytes |", (judged - named) / 1_000_000, per_slot(judged - named));
    println!("| the whole process | {} MB | {:.1} bytes |", judged / 1_000_000, per_slot(judged));
}

/// Resident memory of this process in bytes, as Linux tells it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the memory report needs Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells resident memory");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("VmRSS is in kB");
    kib * 1024
}
