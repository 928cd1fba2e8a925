//! Whoever takes part: takes steps of one partition and tells its transitions as lines.

use crate::lane::{Kernel, Lane, Now};
use crate::mark::{BASE_MS, Line, State, since_base};
use crate::slots::{Dash, Dense, OneMutex, Slot, Slots};
use std::collections::HashMap;
use std::sync::Arc;
use vigie::spacebench::names::{METRICS, space_of};
use vigie::spacebench::rows::Step;
use vigie_model::alert::{AlertState, Transition};
use vigie_rules::engine::{Engine, Input};

/// One thread's part of a contestant.
pub(crate) trait Contender: Send {
    /// Judges steps; this is what is measured.
    fn pass(&mut self, steps: &[Step]);

    /// Fires everything due by `tick_ms`.
    fn tick(&mut self, tick_ms: i64);

    /// Moves the lines since the last call into `lines`.
    fn drain(&mut self, lines: &mut Vec<Line>);
}

/// Vigie's engine.
pub(crate) struct Judge {
    engine: Engine,
    out: Vec<Transition>,
    rules: Arc<HashMap<Arc<str>, u32>>,
}

impl Judge {
    /// `rules` gives the index of each rule's name.
    pub(crate) fn new(engine: Engine, rules: Arc<HashMap<Arc<str>, u32>>) -> Self {
        Self { engine, out: Vec::new(), rules }
    }
}

impl Contender for Judge {
    fn pass(&mut self, steps: &[Step]) {
        for step in steps {
            if let Some((tick_ms, log_time_ms)) = step.tick {
                self.engine.step(Input::Tick { tick_ms, log_time_ms }, &mut self.out);
            }
            let (first_offset, rows) = (step.first_offset, &step.rows);
            self.engine.step(Input::Observations { first_offset, rows }, &mut self.out);
        }
    }

    fn tick(&mut self, tick_ms: i64) {
        self.engine.step(Input::Tick { tick_ms, log_time_ms: tick_ms }, &mut self.out);
    }

    fn drain(&mut self, lines: &mut Vec<Line>) {
        lines.extend(self.out.drain(..).filter_map(|transition| {
            let state = match transition.state {
                AlertState::Active => State::Active,
                AlertState::Stale => State::Stale,
                AlertState::Cleared => State::Cleared,
                _ => return None,
            };
            let space = space_of(&transition.key).expect("every rule of a bench is per space");
            Some(Line { rule: self.rules[&transition.rule.name], space, at_ms: transition.event_time_ms, state })
        }));
    }
}

/// A baseline, and which rules of the scenario its marks are of.
pub(crate) struct ByHand<K, S> {
    pub(crate) lane: Lane<K, S>,
    pub(crate) lines: LineOf,
}

/// How a baseline's keys and levels become spaces and rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineOf {
    /// Index of the first of its rules.
    pub(crate) first_rule: u32,
    /// Whether keys are spaces, not (space, metric).
    pub(crate) is_per_space: bool,
    /// Rules of a district.
    pub(crate) levels: u32,
    /// Space s lies in district s modulo this.
    pub(crate) districts: u32,
}

impl<K: Kernel, S: Slots<K::Slot>> Contender for ByHand<K, S> {
    fn pass(&mut self, steps: &[Step]) {
        self.lane.pass(steps);
    }

    fn tick(&mut self, tick_ms: i64) {
        let at = since_base(tick_ms);
        self.lane.tick(Now { tick: at, log: at });
    }

    fn drain(&mut self, lines: &mut Vec<Line>) {
        let LineOf { first_rule, is_per_space, levels, districts } = self.lines;
        let metrics = METRICS.len() as u32;
        lines.extend(self.lane.out.drain(..).map(|mark| {
            let (space, metric) = if is_per_space { (mark.key, 0) } else { (mark.key / metrics, mark.key % metrics) };
            let rule = first_rule + (space % districts * levels + u32::from(mark.level)) * metrics + metric;
            Line { rule, space, at_ms: BASE_MS + i64::from(mark.at), state: mark.state }
        }));
    }
}

/// Several baselines, one after the other.
pub(crate) struct InTurn(pub(crate) Vec<Box<dyn Contender>>);

impl Contender for InTurn {
    fn pass(&mut self, steps: &[Step]) {
        self.0.iter_mut().for_each(|one| one.pass(steps));
    }

    fn tick(&mut self, tick_ms: i64) {
        self.0.iter_mut().for_each(|one| one.tick(tick_ms));
    }

    fn drain(&mut self, lines: &mut Vec<Line>) {
        self.0.iter_mut().for_each(|one| one.drain(lines));
    }
}

/// A way to keep state, for any slot.
pub(crate) trait Keeping {
    type Slots<T: Slot>: Slots<T> + 'static;

    /// For each thread its own, or its share of one.
    fn make<T: Slot>(keys: usize, threads: usize) -> Vec<Self::Slots<T>>;
}

/// A dense array for each thread.
pub(crate) struct KeepDense;
/// One DashMap.
pub(crate) struct KeepDash;
/// One mutex.
pub(crate) struct KeepMutex;

impl Keeping for KeepDense {
    type Slots<T: Slot> = Dense<T>;

    fn make<T: Slot>(keys: usize, threads: usize) -> Vec<Dense<T>> {
        (0..threads).map(|_| Dense::new(keys)).collect()
    }
}

impl Keeping for KeepDash {
    type Slots<T: Slot> = Dash<T>;

    fn make<T: Slot>(keys: usize, threads: usize) -> Vec<Dash<T>> {
        vec![Dash::new(keys); threads]
    }
}

impl Keeping for KeepMutex {
    type Slots<T: Slot> = OneMutex<T>;

    fn make<T: Slot>(keys: usize, threads: usize) -> Vec<OneMutex<T>> {
        vec![OneMutex::new(keys); threads]
    }
}
