//! Going on from a snapshot, at any record and any number of times, is going on; and bytes that are no snapshot do no harm.

use crate::allocated;
use crate::case::{Case, case};
use crate::chance::Chance;
use crate::common::{
    Cut, Event, change, core_after, judged_log, seeded_transitions, snapshots, transitions_over_snapshots,
};
use crate::compare::loaded;
use crate::differential::seeds;
use crate::judge::ordered;
use crate::random_rule::{rule, siblings};
use crate::render;
use crate::rule::{Kind, Rule};
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::control::Control;
use vigie_model::names::Names;
use vigie_model::record::Payload;
use vigie_model::seeds::{HourSeed, KeySeeds, Seeds};
use vigie_rules::core::RuleCore;
use vigie_rules::engine::Engine;
use vigie_rules::load::rules_of;
use vigie_rules::merger::Merger;
use vigie_rules::partition_set::{PartitionSet, Share};
use vigie_rules::spec::RuleSet;

/// Every third seed: each case runs several times here.
fn some_seeds() -> impl Iterator<Item = u64> {
    seeds().step_by(3)
}

/// When a run goes on from a snapshot: seldom, often, before every record.
const CUTS: [fn(u64) -> bool; 3] = [|sequence| sequence % 29 == 5, |sequence| sequence.is_power_of_two(), |_| true];

/// A case's rules, what history taught them, and its events, among them changes of rules.
struct Story {
    rules: Arc<RuleSet>,
    seeds: Vec<Seeds>,
    events: Vec<Event>,
    cut: Cut,
}

impl Story {
    fn of(seed: u64) -> Self {
        let (case, chance) = (case(seed), &mut Chance::new(seed ^ 0x5eed));
        let rules = loaded(&case);
        let mut events = ordered(&case.events, case.keep);
        for _ in 0..chance.of(&[0, 0, 1, 2]) {
            let at = chance.number(0, events.len() as i64) as usize;
            let time_ms = events.get(at).map_or(crate::case::START_MS, |event| event.time_ms);
            events.insert(at, change(&changed(&case, chance), time_ms));
        }
        let partitions = chance.of(&[1, 2, 7]);
        let batch_rows = chance.of(&[1, 3, 1024]);
        Self { seeds: taught(&rules, chance), rules, events, cut: Cut { partitions, batch_rows, tick_ms: 1000 } }
    }

    fn without_stop(&self) -> Vec<Transition> {
        seeded_transitions(&self.rules, self.seeds.clone(), &self.events, self.cut)
    }
}

/// Other rules for the same city: one less, other figures, others that share with them.
fn changed(case: &Case, chance: &mut Chance) -> Control {
    let mut rules = case.rules.clone();
    let has_delays = |kind: &Kind| matches!(kind, Kind::Threshold { .. } | Kind::Window { .. } | Kind::Change { .. });
    for rule in rules.iter_mut().filter(|rule| has_delays(&rule.kind)) {
        rule.hold_ms += chance.of(&[0, 5_000]);
        rule.off_ms += chance.of(&[0, 5_000]);
    }
    if chance.percent(30) {
        let more = siblings(chance, &case.rules);
        let is_new = |rule: &Rule| case.rules.iter().all(|known| known.name != rule.name);
        rules.extend(more.into_iter().filter(is_new));
    }
    if chance.percent(50) {
        let kind = chance.of(&["threshold", "absence"]);
        rules.push(rule(chance, "New".to_owned(), kind));
    }
    case.world.control(&render::file(&rules))
}

/// Some hours of the week for the baseline rules.
fn taught(rules: &RuleSet, chance: &mut Chance) -> Vec<Seeds> {
    let baselines = rules.identities().zip(rules.kinds()).filter(|(_, kind)| *kind == "baseline");
    let mut seeds = Vec::new();
    for (identity, _) in baselines {
        if chance.percent(50) {
            let hours = (40..70).map(|hour| HourSeed {
                hour,
                weeks: 5,
                newest_week: 2_800,
                weight: 2.5,
                mean: 5.0 + f64::from(hour) / 7.0,
                squares: 1.5,
            });
            let hours = hours.collect();
            let key = KeySeeds { key: "p".into(), space: "p".into(), newest_hour: 470_000, hours, part: "".into() };
            let (rule_uid, more) = (Arc::clone(&identity.uid), chance.percent(30));
            seeds.push(Seeds { rule_uid, keys: vec![key], more, ..Seeds::default() });
        }
    }
    seeds
}

#[test]
fn a_snapshot_at_any_record_changes_nothing() {
    let (mut told, mut count) = (0, 0);
    for seed in some_seeds() {
        let story = Story::of(seed);
        let expected = story.without_stop();
        for is_cut in CUTS {
            let Story { rules, seeds, events, cut } = &story;
            let found = transitions_over_snapshots(rules, seeds.clone(), events, *cut, is_cut);
            if let Some((at, (found, expected))) =
                found.iter().zip(&expected).enumerate().find(|(_, (found, expected))| found != expected)
            {
                panic!("seed {seed}, transition {at} with {cut:?}:\n{found:#?}\nis not\n{expected:#?}");
            }
            assert_eq!(found.len(), expected.len(), "seed {seed}");
        }
        (told, count) = (told + expected.len(), count + 1);
    }
    println!("{count} cases, {told} transitions");
    assert!(told > 0);
}

/// Workers go on from snapshots of their partitions, however many they are, and whoever puts together what they tell from its own.
#[test]
fn workers_go_on_from_snapshots_of_their_shares() {
    for seed in seeds().step_by(10) {
        let story = Story::of(seed);
        let (partitions, mut core) = (story.cut.partitions, RuleCore::with_rules(&story.rules, story.cut.partitions));
        let log = judged_log(&story.rules, story.seeds.clone(), &story.events, story.cut).records;
        let (before, after) = log.split_at(log.len() / 2);
        let (mut names, mut out) = (Names::default(), Vec::new());
        for record in before {
            core.step(record, &mut out).unwrap();
            if let Payload::Dictionary(entries) = &record.payload {
                names.learn(entries);
            }
        }
        let (rules, names, (engines, city)) = (core.rules().unwrap(), Arc::new(names), snapshots(&core, partitions));
        let mut merger = Merger::restore(rules, partitions, &city).unwrap();
        let share = |worker| Share { worker, workers: 3 };
        let mut workers: Vec<_> = (0..3)
            .map(|worker| {
                let own = (0..partitions).zip(&engines).filter(|(partition, _)| share(worker).has(*partition));
                let own = own.map(|(_, bytes)| Engine::restore(rules, &names, bytes).unwrap()).collect();
                PartitionSet::restore(share(worker), own, &merger).unwrap()
            })
            .collect();
        assert!(PartitionSet::restore(Share::ALL, Vec::new(), &merger).is_err(), "engines are missing");
        for record in after {
            let rules = rules_of(record).unwrap();
            let (mut found, mut expected) = (Vec::new(), Vec::new());
            workers.iter_mut().for_each(|worker| worker.step(record, rules.as_ref(), &mut found));
            found.sort_by_key(|transition| transition.position.partition);
            merger.step(record, rules.as_ref(), 0, &mut found);
            core.step(record, &mut expected).unwrap();
            assert_eq!(found, expected, "seed {seed}, record {}", record.sequence);
        }
    }
}

/// Memory that reading takes at the most: tables of metrics, and so many bytes for each that is read.
const MEMORY_MAX: (u64, u64) = (20_000_000, 100);

/// Reads bytes that may be anything.
fn read(rules: &Arc<RuleSet>, names: &Arc<Names>, bytes: &[u8]) -> bool {
    let (allocated, read) = allocated::while_at(|| Engine::restore(rules, names, bytes).is_ok());
    let (tables, each) = MEMORY_MAX;
    assert!(allocated <= tables + each * bytes.len() as u64, "{allocated} bytes to read {}", bytes.len());
    read
}

#[test]
fn damaged_bytes_do_no_harm() {
    let (mut refused, mut taken) = (0, 0);
    for seed in seeds().step_by(15) {
        let story = Story::of(seed);
        let events = &story.events[..story.events.len() * 2 / 3];
        let (core, names) = core_after(&story.rules, story.seeds.clone(), events, story.cut);
        let (rules, chance) = (core.rules().unwrap(), &mut Chance::new(seed));
        let (engines, city) = snapshots(&core, story.cut.partitions);
        for bytes in &engines {
            assert!(read(rules, &names, bytes));
            for end in [0, 4, 11, bytes.len() / 2, bytes.len() - 1] {
                assert!(!read(rules, &names, &bytes[..end]));
            }
            assert!(!read(rules, &names, &[bytes, &[0][..]].concat()), "something more");
            for _ in 0..100 {
                let mut damaged = bytes.clone();
                for _ in 0..chance.of(&[1, 1, 2, 5]) {
                    let at = chance.number(0, damaged.len() as i64) as usize;
                    let end = damaged.len().min(at + chance.of(&[1, 1, 4, 8]));
                    let value = chance.of(&[0x00, 0x01, 0x7f, 0x80, 0xff]);
                    damaged[at..end].iter_mut().for_each(|byte| *byte ^= value);
                }
                *(if read(rules, &names, &damaged) { &mut taken } else { &mut refused }) += 1;
            }
        }
        for end in 0..city.len() {
            assert!(Merger::restore(rules, story.cut.partitions, &city[..end]).is_err());
        }
        for at in 0..city.len() {
            let mut damaged = city.clone();
            damaged[at] ^= chance.of(&[0x01, 0x80, 0xff]);
            let _ = Merger::restore(rules, story.cut.partitions, &damaged);
        }
    }
    println!("{refused} refused, {taken} taken");
    assert!(refused > taken / 10);
}
