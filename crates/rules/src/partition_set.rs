//! The engines of some partitions, for whoever judges those.
//!
//! Partitions are dealt to workers in turn, so that each has as many as the others, or one more. Every worker takes every
//! record of the log: rows if they are of its partitions, and what concerns all partitions always.
//!
//! **Invariant**: what a set tells of a record does not depend on who judges the other partitions, or when.
//!
//! ```
//! use vigie_rules::partition_set::Share;
//!
//! let second_of_three = Share { worker: 1, workers: 3 };
//! assert!(second_of_three.has(1) && second_of_three.has(4) && !second_of_three.has(3));
//! ```

use crate::engine::{Engine, Input};
use crate::fate::Succession;
use crate::merger::Merger;
use crate::spec::RuleSet;
use crate::step::Counters;
use crate::told::Told;
use crate::unseeded::Unseeded;
use crate::why::{WhyNot, find};
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::names::NameEntry;
use vigie_model::position::PartitionIx;
use vigie_model::record::{Payload, Record};
use vigie_model::seeds::RuleStart;

/// Which of the partitions somebody judges: every `workers`-th, from `worker` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which worker this is, from 0.
    pub worker: PartitionIx,
    /// How many there are.
    pub workers: PartitionIx,
}

impl Share {
    /// All partitions.
    pub const ALL: Self = Self { worker: 0, workers: 1 };

    /// Whether a partition belongs to it.
    #[must_use]
    pub const fn has(self, partition: PartitionIx) -> bool {
        partition % self.workers == self.worker
    }
}

/// The engines of a share of the partitions.
#[derive(Clone, Debug)]
pub struct PartitionSet {
    share: Share,
    partitions: PartitionIx,
    running: Option<Running>,
}

/// What runs once the first control record has come.
#[derive(Clone, Debug)]
struct Running {
    rules: Arc<RuleSet>,
    /// In the order of their partitions.
    engines: Vec<Engine>,
    /// Seeds are for the rules that wait for them.
    unseeded: Unseeded,
}

impl PartitionSet {
    /// A share at the beginning of a log with `partitions` partitions.
    #[must_use]
    pub const fn new(share: Share, partitions: PartitionIx) -> Self {
        Self { share, partitions, running: None }
    }

    /// Rules in force from the beginning, before any record; their start is the default one.
    #[must_use]
    pub fn with_rules(rules: &Arc<RuleSet>, share: Share, partitions: PartitionIx) -> Self {
        let mut set = Self::new(share, partitions);
        set.running = Some(set.running(rules, RuleStart::default()));
        set
    }

    /// The rules in force; `None` before the first control record.
    #[must_use]
    pub fn rules(&self) -> Option<&Arc<RuleSet>> {
        self.running.as_ref().map(|running| &running.rules)
    }

    /// The engine of a partition; `None` before the first control record, and for partitions of others.
    #[must_use]
    pub fn engine(&self, partition: PartitionIx) -> Option<&Engine> {
        let engines = &self.running.as_ref().filter(|_| self.share.has(partition))?.engines;
        engines.get(usize::from(partition / self.share.workers))
    }

    /// Goes on with the engines of a share, in the order of their partitions, from where `merger` is; `None` when these do not
    /// belong together.
    pub(crate) fn of_parts(share: Share, engines: Vec<Engine>, merger: &Merger) -> Option<Self> {
        let (rules, unseeded) = merger.in_force()?;
        let partitions = merger.partitions();
        let own = (0..partitions).filter(|partition| share.has(*partition)).map(|partition| (partition, partitions));
        let is_share = engines.iter().map(Engine::place).eq(own);
        let running = Running { rules: Arc::clone(rules), engines, unseeded: unseeded.clone() };
        is_share.then_some(Self { share, partitions, running: Some(running) })
    }

    /// What was counted since the beginning.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let engines = self.running.iter().flat_map(|running| &running.engines).map(Engine::counters);
        engines.fold(Counters::default(), Counters::plus)
    }

    /// Why a rule has no open episode on a key now, if it has state for the key here.
    #[must_use]
    pub fn why_not(&self, rule: &str, key: &str) -> Option<WhyNot> {
        let running = self.running.as_ref()?;
        let rule = find(rule, &running.rules)?;
        let witness = running.engines.iter().find_map(|engine| engine.witness(rule, key))?;
        Some(witness.answer())
    }

    /// Takes in the next record of the log, with its rules if it is a control record (see [`rules_of`](crate::load::rules_of)),
    /// and appends what the engines tell, in the order of partitions.
    ///
    /// # Panics
    /// When rows use names that no dictionary record gave.
    pub fn step(&mut self, record: &Record, rules: Option<&Arc<RuleSet>>, out: &mut Vec<Transition>) {
        let log_time_ms = record.log_time_ms;
        if let Some(rules) = rules {
            self.change(rules, RuleStart { sequence: record.sequence, log_time_ms }, out);
        }
        let share = self.share;
        let Some(running) = &mut self.running else { return };
        match &record.payload {
            Payload::Dictionary(entries) => running.learn(entries),
            Payload::IntakeUp => running.step_all(&Input::IntakeUp { log_time_ms }, out),
            Payload::Tick { tick_ms } => running.step_all(&Input::Tick { tick_ms: *tick_ms, log_time_ms }, out),
            Payload::Observations(batch) if share.has(batch.partition) => {
                let input = Input::Observations { first_offset: batch.first_offset, rows: &batch.rows };
                running.engine(share, batch.partition).step(input, out);
            }
            Payload::Incidents(batch) if share.has(batch.partition) => {
                let input = Input::Incidents { first_offset: batch.first_offset, rows: &batch.rows };
                running.engine(share, batch.partition).step(input, out);
            }
            Payload::Seeds(seeds) => {
                if running.unseeded.takes(seeds) {
                    running.engines.iter_mut().for_each(|engine| engine.seed(seeds, log_time_ms));
                }
            }
            Payload::Observations(_)
            | Payload::Incidents(_)
            | Payload::Control(_)
            | Payload::Perceptions(_)
            | Payload::Command(_)
            | Payload::Gap(_) => {}
        }
    }

    /// As [`step`](Self::step), for whoever puts together what several workers tell.
    ///
    /// # Panics
    /// As [`step`](Self::step).
    pub fn tell(&mut self, record: &Record, rules: Option<&Arc<RuleSet>>, told: &mut Told) {
        told.of_record(record.sequence, |out| self.step(record, rules, out));
    }

    fn change(&mut self, rules: &Arc<RuleSet>, start: RuleStart, out: &mut Vec<Transition>) {
        match &mut self.running {
            Some(running) => running.change(rules, start, out),
            None => self.running = Some(self.running(rules, start)),
        }
    }

    fn running(&self, rules: &Arc<RuleSet>, start: RuleStart) -> Running {
        let own = (0..self.partitions).filter(|partition| self.share.has(*partition));
        let engines = own.map(|partition| Engine::new(Arc::clone(rules), partition, self.partitions)).collect();
        Running { rules: Arc::clone(rules), engines, unseeded: Unseeded::new(rules, start) }
    }
}

impl Running {
    fn engine(&mut self, share: Share, partition: PartitionIx) -> &mut Engine {
        &mut self.engines[usize::from(partition / share.workers)]
    }

    /// All engines share one dictionary, and give it back while it grows.
    fn learn(&mut self, entries: &[NameEntry]) {
        if self.engines.is_empty() {
            return;
        }
        let mut names = Arc::default();
        for engine in &mut self.engines {
            names = engine.share_names(Arc::default());
        }
        Arc::make_mut(&mut names).learn(entries);
        for engine in &mut self.engines {
            engine.share_names(Arc::clone(&names));
        }
    }

    fn step_all(&mut self, input: &Input<'_>, out: &mut Vec<Transition>) {
        for engine in &mut self.engines {
            engine.step(*input, out);
        }
    }

    fn change(&mut self, rules: &Arc<RuleSet>, start: RuleStart, out: &mut Vec<Transition>) {
        for engine in &mut self.engines {
            engine.change_rules(rules, start.log_time_ms, out);
        }
        self.unseeded.change(&Succession::new(&self.rules, rules, start.log_time_ms), start);
        self.rules = Arc::clone(rules);
    }
}
