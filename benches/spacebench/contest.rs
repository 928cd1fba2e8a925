//! All contestants over the same rows: first their lines are compared, then their times mean something.

use crate::clock::{Spent, Stopwatch};
use crate::contender::{Contender, KeepDash, KeepDense, KeepMutex};
use crate::mark::Line;
use crate::scenario::Scenario;
use std::sync::Barrier;
use std::time::Duration;
use vigie::spacebench::options::Options;
use vigie::spacebench::rows::{Step, Steps};
use vigie::spacebench::stream::START_MS;

/// The names of the contestants, the engine first.
pub(crate) const CONTESTANTS: [&str; 4] = ["engine", "by hand", "DashMap", "mutex"];
/// Rows made at once while contestants warm up.
const WARM_ROWS: usize = 500_000;
/// At the end every timer due within a day fires.
const DAY_MS: i64 = 86_400_000;
/// Differing lines that are shown.
const SHOWN: usize = 8;

/// One scenario over one workload.
pub(crate) struct Contest {
    scenario: Scenario,
    options: Options,
    steps: Steps,
    contestants: Vec<Contestant>,
    rounds: usize,
}

struct Contestant {
    name: &'static str,
    of_threads: Vec<Box<dyn Contender>>,
    lines: Vec<Line>,
}

impl Contest {
    /// A contest of those named, over a workload for so many threads.
    pub(crate) fn new(scenario: Scenario, options: Options, threads: u16, names: &[&'static str]) -> Self {
        let options = Options { sensors: scenario.sensors, every_series_first: true, ..options };
        let spaces = options.spaces;
        let contestant = |name: &&'static str| {
            let of_threads = match *name {
                "engine" => scenario.engines(spaces, threads, START_MS),
                "by hand" => scenario.baseline::<KeepDense>(spaces, threads),
                "DashMap" => scenario.baseline::<KeepDash>(spaces, threads),
                _ => scenario.baseline::<KeepMutex>(spaces, threads),
            };
            Contestant { name, of_threads, lines: Vec::new() }
        };
        let contestants = names.iter().map(contestant).collect();
        Self { scenario, options, steps: Steps::new(&options, threads), contestants, rounds: 0 }
    }

    /// Lets every contestant see every series once, and compares what they say.
    pub(crate) fn warm_up(&mut self) {
        let mut left = usize::try_from(self.options.series()).expect("series fit in memory");
        while left > 0 {
            let rows = left.min(WARM_ROWS);
            self.round(rows);
            left -= rows;
        }
    }

    /// The next rows, made outside the measured time, for every contestant; what each of them took, and how many lines there were.
    ///
    /// # Panics
    /// When a contestant's lines differ from the first one's.
    pub(crate) fn round(&mut self, rows: usize) -> (Vec<Spent>, usize) {
        let steps = self.steps.take(rows);
        let mut spent = vec![Spent::default(); self.contestants.len()];
        self.rounds += 1;
        for turn in 0..self.contestants.len() {
            let index = (turn + self.rounds) % self.contestants.len();
            spent[index] = measured(&mut self.contestants[index].of_threads, &steps);
        }
        (spent, self.compare())
    }

    /// Fires every timer that is left, and compares a last time.
    pub(crate) fn finish(&mut self) -> usize {
        let end_ms = self.steps.log_time_ms() + DAY_MS;
        for contestant in &mut self.contestants {
            contestant.of_threads.iter_mut().for_each(|one| one.tick(end_ms));
        }
        self.compare()
    }

    fn compare(&mut self) -> usize {
        for contestant in &mut self.contestants {
            contestant.lines.clear();
            contestant.of_threads.iter_mut().for_each(|one| one.drain(&mut contestant.lines));
            contestant.lines.sort_unstable();
        }
        let (first, others) = self.contestants.split_first().expect("somebody takes part");
        if let Some(other) = others.iter().find(|other| other.lines != first.lines) {
            panic!("{}", self.difference(first, other));
        }
        first.lines.len()
    }

    fn difference(&self, first: &Contestant, other: &Contestant) -> String {
        let names = self.scenario.rule_names();
        let only = |these: &Contestant, those: &Contestant| {
            let lines = these.lines.iter().filter(|line| those.lines.binary_search(line).is_err());
            let text = lines.take(SHOWN).map(|line| format!("  {} {line:?}\n", names[line.rule as usize]));
            format!("only {}:\n{}", these.name, text.collect::<String>())
        };
        let (here, there) = (only(first, other), only(other, first));
        let counts = format!("{} and {} lines", first.lines.len(), other.lines.len());
        format!(
            "{} and {} disagree over {} in round {} of {:?}: {counts}\n{here}{there}",
            first.name, other.name, self.scenario.name, self.rounds, self.options
        )
    }
}

/// Runs all threads of one contestant over their steps.
fn measured(of_threads: &mut [Box<dyn Contender>], steps: &[Vec<Step>]) -> Spent {
    if let ([one], [steps]) = (&mut *of_threads, steps) {
        let stopwatch = Stopwatch::start();
        one.pass(steps);
        return stopwatch.stop();
    }
    let start = Barrier::new(of_threads.len());
    std::thread::scope(|scope| {
        let running: Vec<_> = of_threads
            .iter_mut()
            .zip(steps)
            .map(|(one, steps)| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    let stopwatch = Stopwatch::start();
                    one.pass(steps);
                    stopwatch.stop()
                })
            })
            .collect();
        let spent = running.into_iter().map(|thread| thread.join().expect("no contestant panics"));
        spent.fold(Spent { cpu: Duration::ZERO, wall: Duration::ZERO }, |all, one| Spent {
            cpu: all.cpu + one.cpu,
            wall: all.wall.max(one.wall),
        })
    })
}
