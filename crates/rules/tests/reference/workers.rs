//! What must not show: how many workers judge a log, where they cut it, and in which order they come to their turns.
//!
//! Workers and whoever puts together what they tell are driven by a seed, without threads: each turn one of them goes on, for
//! a while. What comes out is compared with the rules on one thread, record for record in their order.

use crate::case::{Case, case};
use crate::chance::Chance;
use crate::common::{Cut, JudgedLog, change, judged_log};
use crate::compare::loaded;
use crate::differential::seeds;
use crate::judge::ordered;
use crate::render;
use crate::rule::Kind;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::record::Record;
use vigie_model::seeds::{HourSeed, KeySeeds, Seeds};
use vigie_rules::load::rules_of;
use vigie_rules::merger::Merger;
use vigie_rules::partition_set::{PartitionSet, Share};
use vigie_rules::spec::RuleSet;
use vigie_rules::step::Counters;
use vigie_rules::told::{Gathering, Told};
use vigie_rules::why::WhyNot;

/// Numbers of workers; some have no partition.
const WORKERS: [u16; 4] = [1, 2, 3, 5];
/// Records that a worker takes at once, at most.
const RECORDS_MAX: i64 = 9;

/// A worker, and what it has told that nobody has heard.
struct Worker {
    set: PartitionSet,
    next: usize,
    told: Told,
    sent: VecDeque<Told>,
}

/// A record, with its rules if it is a control record.
type Entry = (Arc<Record>, Option<Arc<RuleSet>>);

/// All of them over one log.
struct Crew<'a> {
    log: &'a [Entry],
    workers: Vec<Worker>,
    gathering: Gathering,
    merger: Merger,
    merged: usize,
    out: Vec<Transition>,
}

impl<'a> Crew<'a> {
    fn new(log: &'a [Entry], rules: &Arc<RuleSet>, workers: u16, partitions: u16) -> Self {
        let worker = |worker| {
            let set = PartitionSet::with_rules(rules, Share { worker, workers }, partitions);
            Worker { set, next: 0, told: Told::default(), sent: VecDeque::new() }
        };
        Self {
            log,
            workers: (0..workers).map(worker).collect(),
            gathering: Gathering::new(usize::from(workers)),
            merger: Merger::with_rules(rules, partitions),
            merged: 0,
            out: Vec::new(),
        }
    }

    /// Takes turns until everything is merged.
    fn run(&mut self, chance: &mut Chance) {
        while self.merged < self.log.len() {
            let turn = chance.number(0, self.workers.len() as i64 + 1) as usize;
            match self.workers.get_mut(turn) {
                Some(worker) => worker.go_on(self.log, chance),
                None => self.merge(chance),
            }
        }
    }

    /// Takes what workers sent, where it is missing, for some records.
    fn merge(&mut self, chance: &mut Chance) {
        for _ in 0..chance.number(1, 2 * RECORDS_MAX) {
            let Some((record, rules)) = self.log.get(self.merged) else { return };
            while let Some(missing) = self.gathering.missing(record.sequence) {
                let Some(told) = self.workers[missing].sent.pop_front() else { return };
                self.gathering.take(missing, told);
            }
            let told = self.out.len();
            self.gathering.of_record(record.sequence, &mut self.out);
            self.merger.step(record, rules.as_ref(), told, &mut self.out);
            self.merged += 1;
        }
    }

    fn why_not(&self, rule: &str, key: &str) -> WhyNot {
        let answer = self.workers.iter().find_map(|worker| worker.set.why_not(rule, key));
        answer.unwrap_or_else(|| self.merger.why_not(rule, key))
    }
}

impl Worker {
    fn go_on(&mut self, log: &[Entry], chance: &mut Chance) {
        for _ in 0..chance.number(1, RECORDS_MAX + 1) {
            let Some((record, rules)) = log.get(self.next) else { break };
            self.set.tell(record, rules.as_ref(), &mut self.told);
            self.next += 1;
        }
        if chance.percent(80) || self.next == log.len() {
            self.sent.push_back(std::mem::take(&mut self.told));
        }
    }
}

/// A case over a log of so many partitions, in which the rules become those of another case for a while.
fn log_of(case: &Case, partitions: u16, chance: &mut Chance) -> (Arc<RuleSet>, JudgedLog) {
    let (rules, other) = (loaded(case), crate::case::case(chance.number(10_000, 20_000) as u64));
    let mut events = ordered(&case.events, case.keep);
    let of = |case: &Case| case.world.control(&render::file(&case.rules));
    for (number, control) in (0..).zip([of(&other), of(case)]) {
        let at = chance.number(0, events.len() as i64) as usize;
        let time_ms = events[at].time_ms + number;
        events.insert(at, change(&control, time_ms));
    }
    let baselines = case.rules.iter().filter(|rule| matches!(rule.kind, Kind::Baseline { .. }));
    let uid = |name: &str| rules.identities().find(|own| *own.name == *name).unwrap().uid.clone();
    let seeds = baselines.map(|rule| Seeds { rule_uid: uid(&rule.name), keys: learnt(), ..Seeds::default() }).collect();
    let cut = Cut { partitions, batch_rows: chance.number(1, 9) as usize, tick_ms: 1000 };
    let log = judged_log(&rules, seeds, &events, cut);
    (rules, log)
}

/// That something around five has been usual at every hour of the week for some weeks, in two spaces.
fn learnt() -> Vec<KeySeeds> {
    let hour = |hour| HourSeed { hour, weeks: 5, newest_week: 2811, weight: 4.0, mean: 5.0, squares: 3.0 };
    let key = |space: &str| KeySeeds {
        key: space.into(),
        space: space.into(),
        newest_hour: 472_000,
        hours: (0..168).map(hour).collect(),
        ..KeySeeds::default()
    };
    vec![key("p"), key("q")]
}

fn keys(transitions: &[Transition]) -> BTreeSet<Arc<str>> {
    transitions.iter().map(|transition| Arc::clone(&transition.key)).chain(["nowhere".into(), "p".into()]).collect()
}

#[test]
fn neither_the_number_of_workers_nor_their_turns_show() {
    let mut told = 0;
    // Every third seed: each case runs many times here.
    for seed in seeds().step_by(3) {
        let chance = &mut Chance::new(seed);
        let partitions = chance.of(&[1, 2, 7, 16]);
        let (rules, JudgedLog { records, core, transitions }) = log_of(&case(seed), partitions, chance);
        told += transitions.len();
        let entry = |record: Arc<Record>| (Arc::clone(&record), rules_of(&record).unwrap());
        let log: Vec<Entry> = records.into_iter().map(entry).collect();
        for workers in WORKERS {
            let mut crew = Crew::new(&log, &rules, workers, partitions);
            crew.run(chance);
            let what = format!("seed {seed}, {workers} workers, {partitions} partitions");
            assert_eq!(crew.out.len(), transitions.len(), "{what}");
            for (found, expected) in crew.out.iter().zip(&transitions) {
                assert_eq!(found, expected, "{what}");
            }
            let counters = crew.workers.iter().map(|worker| worker.set.counters());
            let counters = counters.fold(crew.merger.counters(), Counters::plus);
            assert_eq!((counters, crew.merger.unseeded()), (core.counters(), core.unseeded()), "{what}");
            for (rule, key) in core.rules().unwrap().identities().zip(keys(&transitions).iter().cycle()) {
                let json = |answer: WhyNot| serde_json::to_string(&answer).unwrap();
                let (found, expected) = (crew.why_not(&rule.name, key), core.why_not(&rule.name, key));
                assert_eq!(json(found), json(expected), "{what}");
            }
        }
    }
    assert!(told > 1000, "{told} transitions say little");
}
