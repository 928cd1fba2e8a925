//! The full profile: every scenario over every workload, contestants in turn over the same rows, medians as Markdown.

use crate::clock::Spent;
use crate::contest::{CONTESTANTS, Contest};
use crate::scenario::{SCENARIOS, Scenario};
use std::time::Duration;
use vigie::spacebench::options::Options;
use vigie::spacebench::popularity::Distribution;

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Full {
    /// Words that must all be among the first four cells of a line, as in `R2 10000 uniform 1`.
    pub(crate) words: Vec<String>,
    /// Measured rounds; the median counts.
    pub(crate) rounds: usize,
    /// Rows of a round.
    pub(crate) rows: usize,
    /// See [`Options::interval_ms`].
    pub(crate) interval_ms: i64,
    pub(crate) contestants: Vec<&'static str>,
}

/// Spaces of the largest city.
const MILLION: u32 = 1_000_000;
/// Scenarios that are run over a million spaces only when they are named: they may need tens of gigabytes.
const HEAVY: [&str; 4] = ["R7", "R8", "R1x10", "R1x1000"];

/// Prints the table.
pub(crate) fn print(full: &Full) {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u16);
    let all_threads = if cores > 1 { vec![1, cores] } else { vec![1] };
    println!(
        "| rules | spaces | over spaces | threads | lines in a million events | {} |",
        full.contestants.join(" | ")
    );
    println!("|---|---|---|---|---|{}", "---|".repeat(full.contestants.len()));
    for spaces in [10_000, MILLION] {
        for (distribution, over) in [(Distribution::Uniform, "uniform"), (Distribution::Zipf, "zipf")] {
            for threads in &all_threads {
                for scenario in SCENARIOS {
                    let name = [scenario.name, &spaces.to_string(), over, &threads.to_string()].map(str::to_owned);
                    let is_asked = full.words.iter().all(|word| name.contains(word));
                    if !is_asked
                        || spaces == MILLION && HEAVY.contains(&scenario.name) && !full.words.contains(&name[0])
                    {
                        continue;
                    }
                    let options = Options { spaces, distribution, interval_ms: full.interval_ms, ..Options::default() };
                    println!("| {} | {} |", name.join(" | "), line(full, scenario, options, *threads));
                }
            }
        }
    }
}

/// The cells of one contest: for each contestant million events a second of processor time, its ratio to the first, and on several
/// threads million events a second on the wall.
fn line(full: &Full, scenario: Scenario, options: Options, threads: u16) -> String {
    let events = Options { sensors: scenario.sensors, ..options }.series() + (full.rows * (full.rounds + 1)) as u64;
    let mut contest = Contest::new(scenario, Options { events, ..options }, threads, &full.contestants);
    contest.warm_up();
    contest.round(full.rows);
    let (mut spent, mut lines) = (Vec::new(), 0);
    for _ in 0..full.rounds {
        let (round, here) = contest.round(full.rows);
        spent.push(round);
        lines += here;
    }
    contest.finish();
    let of = |index: usize, what: fn(&Spent) -> Duration| -> Duration {
        median(spent.iter().map(|round| what(&round[index])).collect())
    };
    let cells = (0..full.contestants.len()).map(|index| {
        let ratios: Vec<f64> =
            spent.iter().map(|round| round[index].cpu.as_secs_f64() / round[0].cpu.as_secs_f64()).collect();
        let rate = |time: Duration| full.rows as f64 / time.as_secs_f64() / 1e6;
        let mut cell = format!("{:.1}", rate(of(index, |spent| spent.cpu)));
        if index > 0 {
            cell += &format!(" ({:.2})", median(ratios));
        }
        if threads > 1 {
            cell += &format!(", wall {:.1}", rate(of(index, |spent| spent.wall)));
        }
        cell
    });
    let per_million = lines as f64 * 1e6 / (full.rows * full.rounds) as f64;
    format!("{per_million:.0} | {}", cells.collect::<Vec<_>>().join(" | "))
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("times and ratios are numbers"));
    values[values.len() / 2]
}

impl Default for Full {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            rounds: 7,
            rows: 500_000,
            interval_ms: Options::default().interval_ms,
            contestants: CONTESTANTS.to_vec(),
        }
    }
}
