//! The engine: one partition's rules as a pure state machine.
//!
//! It takes the records of the log in order and appends transitions. It reads no clock, knows no thread and makes no
//! I/O, so the same records give the same transitions, bit for bit, for any number of partitions and any cut into
//! batches (RULES.md, "Time and order").
//!
//! **Invariants**
//! - A slot's transitions never run backwards in event time.
//! - Every slot with a due timer has an entry in the timer heap at or before it.
//! - Rows flagged as backfill move the position and nothing else.
//!
//! ```
//! use vigie_model::control::{Control, SourceFile};
//! use vigie_rules::engine::{Engine, Input};
//!
//! let text = "groups:\n- name: a\n  rules:\n  - {alert: Silent, kind: absence, metric: heartbeat, for: 30s}\n";
//! let control = Control {
//!     centre: "melbourne".into(),
//!     time_zone: "Australia/Melbourne".into(),
//!     tick_ms: 1000,
//!     rules: vec![SourceFile { path: "rules.yaml".into(), text: text.into() }],
//!     spaces: Default::default(),
//!     metrics: Default::default(),
//!     ..Control::default()
//! };
//! let rules = vigie_rules::load::load(&control).unwrap().rules;
//! let mut engine = Engine::new(rules, 0, 1);
//! let mut transitions = Vec::new();
//! engine.step(Input::IntakeUp { log_time_ms: 0 }, &mut transitions);
//! engine.step(Input::Tick { tick_ms: 60_000, log_time_ms: 60_001 }, &mut transitions);
//! assert!(transitions.is_empty(), "nobody was ever heard, and nobody is expected");
//! ```

use crate::kind::{Kind, Per};
use crate::routes::{Growing, Routes, Series, covers};
use crate::slot::Slot;
use crate::spec::RuleSet;
use crate::state::{Member, SlotInput};
use crate::step::{Counters, Step};
use crate::timers::{SlotIx, Timers};
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::batch::{Observations, Quality, flags};
use vigie_model::decimal::MICROS_PER_UNIT;
use vigie_model::event::Incident;
use vigie_model::names::{NameEntry, NameKind, Names};
use vigie_model::position::{PartitionIx, Position, partition_of};

/// Rows whose slots are fetched from memory together.
const ROWS_AHEAD: usize = 16;

/// One record of the log, as far as rules are concerned.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Names for indices used from here on.
    Names(&'a [NameEntry]),
    /// The sequencer started, or goes on after a pause: silences count anew.
    IntakeUp {
        /// Log time.
        log_time_ms: i64,
    },
    /// Every timer due at or before T fires, in order of due time.
    Tick {
        /// T.
        tick_ms: i64,
        /// Log time.
        log_time_ms: i64,
    },
    /// Observations of this partition.
    Observations {
        /// Offset of the first row.
        first_offset: u64,
        /// The rows, with their log times.
        rows: &'a Observations,
    },
    /// Incidents of this partition.
    Incidents {
        /// Offset of the first row.
        first_offset: u64,
        /// The rows, with their log times.
        rows: &'a [Incident],
    },
}

/// The rules of one partition with all their state.
#[derive(Debug)]
pub struct Engine {
    rules: Arc<RuleSet>,
    partitions: PartitionIx,
    names: Names,
    routes: Routes,
    slots: Vec<Slot>,
    timers: Timers,
    position: Position,
    /// Number of the next transition at `position`.
    ordinal: u32,
    /// Whether the first intake-up was seen, from which expected sensors count.
    started: bool,
    counters: Counters,
}

impl Engine {
    /// An engine without state for partition `partition` of `partitions`. The caller hands it that partition's rows only.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, partition: PartitionIx, partitions: PartitionIx) -> Self {
        Self {
            rules,
            partitions,
            names: Names::default(),
            routes: Routes::default(),
            slots: Vec::new(),
            timers: Timers::default(),
            position: Position { partition, offset: 0 },
            ordinal: 0,
            started: false,
            counters: Counters::default(),
        }
    }

    /// Goes on with other rules: open episodes end with the reason `rule_changed`, and every key starts afresh.
    pub fn change_rules(&mut self, rules: Arc<RuleSet>, log_time_ms: i64, out: &mut Vec<Transition>) {
        for index in 0..self.slots.len() {
            let index = SlotIx::try_from(index).expect("slots are counted by their own index type");
            self.with_slot(index, log_time_ms, out, Slot::end_for_change);
        }
        let fresh = Self::new(rules, self.position.partition, self.partitions);
        let (names, counters) = (std::mem::take(&mut self.names), self.counters);
        *self = Self { names, counters, position: self.position, ordinal: self.ordinal, ..fresh };
    }

    /// Takes in the next record of the log and appends the transitions it brings about.
    ///
    /// # Panics
    /// When rows use names that no earlier [`Input::Names`] gave.
    pub fn step(&mut self, input: Input<'_>, out: &mut Vec<Transition>) {
        match input {
            Input::Names(entries) => self.names.learn(entries),
            Input::IntakeUp { log_time_ms } => self.intake_up(log_time_ms),
            Input::Tick { tick_ms, log_time_ms } => self.tick(tick_ms, log_time_ms, out),
            Input::Observations { first_offset, rows } => {
                for (index, offset) in (0..rows.len()).zip(first_offset..) {
                    if index % ROWS_AHEAD == 0 {
                        self.look_ahead(rows, index);
                    }
                    self.move_to(offset);
                    if rows.flags[index] & flags::BACKFILL == 0 {
                        self.observation(rows, index, out);
                    }
                }
            }
            Input::Incidents { first_offset, rows } => {
                for (incident, offset) in rows.iter().zip(first_offset..) {
                    self.move_to(offset);
                    if incident.flags & flags::BACKFILL == 0 {
                        self.incident(incident, out);
                    }
                }
            }
        }
    }

    /// What was counted since the engine was made.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn move_to(&mut self, offset: u64) {
        if offset != self.position.offset {
            self.position.offset = offset;
            self.ordinal = 0;
        }
    }

    /// Reads the slots of the next rows once, all of them independently. Judging goes from one slot to the next and waits
    /// for memory each time when a city's slots outgrow the processor's cache; here the waits overlap. It changes nothing.
    fn look_ahead(&self, rows: &Observations, first: usize) {
        let mut routes = [(0, 0); ROWS_AHEAD];
        let ahead = first..rows.len().min(first + ROWS_AHEAD);
        for (route, index) in routes.iter_mut().zip(ahead) {
            *route = self.routes.get(series_of(rows, index)).map_or((0, 0), |route| (route.start, route.end));
        }
        let targets = routes.iter().flat_map(|(start, end)| *start..*end);
        let seen = targets.fold(0, |seen, target| seen ^ self.slots[self.routes.target(target).slot as usize].touch());
        std::hint::black_box(seen);
    }

    fn observation(&mut self, rows: &Observations, index: usize, out: &mut Vec<Transition>) {
        let series = series_of(rows, index);
        let log_time_ms = rows.log_time_ms[index];
        let route = match self.routes.get(series) {
            Some(route) => route,
            None => self.grow(log_time_ms, |routes, growing| routes.add(series, growing)),
        };
        for target in route {
            let target = self.routes.target(target);
            let input = SlotInput {
                member: target.member,
                micros: rows.value_micros[index],
                event_time_ms: rows.event_time_ms[index],
                quality: rows.quality[index],
                feed: rows.feed[index],
            };
            self.with_slot(target.slot, log_time_ms, out, |slot, step| slot.take(input, step));
        }
    }

    fn incident(&mut self, incident: &Incident, out: &mut Vec<Transition>) {
        let rules = Arc::clone(&self.rules);
        let space = self.names.name(NameKind::Space, incident.space).clone();
        let readers = self.routes.incident_rules(incident.space, &rules, &self.names, &mut self.counters).to_vec();
        for index in readers {
            if rules.rules[index].matching(incident, &mut self.counters.arithmetic_faults) == 0 {
                continue;
            }
            let log_time_ms = incident.log_time_ms;
            let slot = self.grow(log_time_ms, |routes, growing| routes.slot(index, &space, None, growing));
            let input = SlotInput {
                member: self.slots[slot as usize].member(Member::of(incident.sensor, incident.node)),
                micros: MICROS_PER_UNIT,
                event_time_ms: incident.event_time_ms,
                quality: Quality::Good,
                feed: incident.feed,
            };
            self.with_slot(slot, log_time_ms, out, |slot, step| slot.take(input, step));
        }
    }

    fn tick(&mut self, tick_ms: i64, log_time_ms: i64, out: &mut Vec<Transition>) {
        let mut not_yet = Vec::new();
        while let Some((_, index)) = self.timers.pop_due(tick_ms) {
            let slot = &self.slots[index as usize];
            let Some(due_ms) = slot.due_ms() else { continue };
            if due_ms > tick_ms {
                self.timers.schedule(index, Some(due_ms));
            } else if slot.may_fire(due_ms, log_time_ms) {
                self.with_slot(index, log_time_ms, out, |slot, step| slot.fire_next(tick_ms, step));
            } else {
                not_yet.push((index, due_ms));
            }
        }
        for (index, due_ms) in not_yet {
            self.timers.schedule(index, Some(due_ms));
        }
    }

    fn intake_up(&mut self, log_time_ms: i64) {
        if !self.started {
            self.started = true;
            self.expect_sensors(log_time_ms);
        }
        // Entries of the heap may now be too early, which they are allowed to be.
        for slot in &mut self.slots {
            slot.intake_up(log_time_ms);
        }
    }

    /// Makes the slots of sensors that count from the engine's start.
    fn expect_sensors(&mut self, log_time_ms: i64) {
        let rules = Arc::clone(&self.rules);
        let (partition, partitions) = (self.position.partition, self.partitions);
        let own = rules.spaces.values().filter(|space| partition_of(&space.id, partitions) == partition);
        for space in own {
            for sensor in space.sensors.iter().filter(|sensor| sensor.expected) {
                for (index, rule) in rules.rules.iter().enumerate() {
                    let reads = rule.reading(&sensor.metric) != 0;
                    let part = match rule.per {
                        Per::Space => None,
                        Per::Sensor => Some(&sensor.id),
                        Per::Node => continue,
                    };
                    if !matches!(rule.kind, Kind::Absence { .. })
                        || !reads
                        || !covers(rule, &space.id, &rules, &mut self.counters)
                    {
                        continue;
                    }
                    let slot = self.grow(log_time_ms, |routes, growing| routes.slot(index, &space.id, part, growing));
                    self.timers.schedule(slot, self.slots[slot as usize].due_ms());
                }
            }
        }
    }

    /// Makes a route or a slot.
    fn grow<T>(&mut self, log_time_ms: i64, make: impl FnOnce(&mut Routes, &mut Growing<'_>) -> T) -> T {
        let mut growing = Growing {
            rules: &self.rules,
            names: &self.names,
            slots: &mut self.slots,
            counters: &mut self.counters,
            log_time_ms,
        };
        make(&mut self.routes, &mut growing)
    }

    /// Lets a slot work, then schedules its next timer.
    fn with_slot(
        &mut self,
        index: SlotIx,
        log_time_ms: i64,
        out: &mut Vec<Transition>,
        work: impl FnOnce(&mut Slot, &mut Step<'_>),
    ) {
        let slot = &mut self.slots[index as usize];
        let mut step = Step {
            rules: &self.rules,
            names: &self.names,
            log_time_ms,
            position: self.position,
            ordinal: &mut self.ordinal,
            counters: &mut self.counters,
            out,
        };
        work(slot, &mut step);
        self.timers.schedule(index, slot.due_ms());
    }
}

fn series_of(rows: &Observations, index: usize) -> Series {
    (rows.space[index], rows.metric[index], rows.sensor[index], rows.node[index])
}
