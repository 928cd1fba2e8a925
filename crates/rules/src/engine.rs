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

use crate::about::SlotKey;
use crate::fate::Succession;
use crate::input::{IncidentFacts, Member, SlotInput};
use crate::kind::{Per, RuleIx};
use crate::routes::{Routes, Series, Target, covers, expected};
use crate::slot::Slot;
use crate::slots::Slots;
use crate::spec::RuleSet;
use crate::stage::{Level, Stage};
use crate::step::{Counters, Step};
use crate::timers::{SlotIx, Timers};
use crate::why::Witness;
use std::ops::Range;
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::batch::{Observations, Quality, flags};
use vigie_model::decimal::MICROS_PER_UNIT;
use vigie_model::event::Incident;
use vigie_model::names::{NO_NAME, NameEntry, NameKind, Names};
use vigie_model::position::{PartitionIx, Position, partition_of};
use vigie_model::seeds::Seeds;

/// Rows whose slots are fetched from memory together.
const ROWS_AHEAD: usize = 16;

/// What slots of an engine work with; a macro, because it borrows single fields.
macro_rules! step {
    ($engine:expr, $log_time_ms:expr, $out:expr) => {
        Step {
            rules: &$engine.rules,
            names: &$engine.names,
            log_time_ms: $log_time_ms,
            position: $engine.position,
            ordinal: &mut $engine.ordinal,
            blocked: false,
            counters: &mut $engine.counters,
            out: &mut *$out,
        }
    };
}

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
#[derive(Clone, Debug)]
pub struct Engine {
    rules: Arc<RuleSet>,
    partitions: PartitionIx,
    names: Names,
    routes: Routes,
    slots: Slots,
    timers: Timers,
    /// `all_of` and `any_of`.
    composites: Stage,
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
            composites: Stage::new(Level::Space, &rules),
            rules,
            partitions,
            names: Names::default(),
            routes: Routes::default(),
            slots: Slots::default(),
            timers: Timers::default(),
            position: Position { partition, offset: 0 },
            ordinal: 0,
            started: false,
            counters: Counters::default(),
        }
    }

    /// Goes on with other rules, as RULES.md says under "Reload": what a rule remembers stays, unless it would mean something
    /// else under the new one.
    pub fn change_rules(&mut self, rules: &Arc<RuleSet>, log_time_ms: i64, out: &mut Vec<Transition>) {
        let change = Succession::new(&self.rules, rules, log_time_ms);
        let told = out.len();
        let (_, timers) = self.slots.change(&change, &mut step!(self, log_time_ms, out));
        self.timers = timers;
        self.hear(&out[told..]);
        self.composites.change(&change, &mut step!(self, log_time_ms, out));
        self.routes = Routes::default();
        self.rules = Arc::clone(rules);
        if self.started {
            self.expect_sensors(log_time_ms);
        }
    }

    /// A baseline rule goes on from what history taught; keys of other partitions are left to them.
    pub fn seed(&mut self, seeds: &Seeds, log_time_ms: i64) {
        let Some(rule) = self.rules.rules.iter().position(|rule| rule.identity.uid == seeds.rule_uid) else { return };
        let (partition, partitions) = (self.position.partition, self.partitions);
        let rules = Arc::clone(&self.rules);
        for key in seeds.keys.iter().filter(|key| partition_of(&key.space, partitions) == partition) {
            if !covers(&rules.rules[rule], &key.space, &rules, &mut self.counters) {
                continue;
            }
            let part = (!key.part.is_empty()).then_some(&key.part);
            let slot = self.slot(rule, &key.space, part, log_time_ms);
            self.slots[slot].state_mut().seed(key);
        }
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

    /// What is known of a rule on a key, if it has state here.
    pub(crate) fn witness(&self, rule: RuleIx, key: &str) -> Option<Witness<'_>> {
        let key = key.into();
        let slots = [&self.slots, self.composites.slots()];
        let slot = slots.into_iter().find_map(|slots| slots.find(rule, &key).map(|slot| &slots[slot]))?;
        Some(Witness { slot, rules: &self.rules, names: &self.names })
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
        let seen = targets.fold(0, |seen, target| seen ^ self.slots[self.routes.target(target).slot].touch());
        std::hint::black_box(seen);
    }

    fn observation(&mut self, rows: &Observations, index: usize, out: &mut Vec<Transition>) {
        let series = series_of(rows, index);
        let log_time_ms = rows.log_time_ms[index];
        let route = match self.routes.get(series) {
            Some(route) => route,
            None => self.add_route(series, log_time_ms),
        };
        let mut input = SlotInput {
            member: 0,
            sensor: rows.sensor[index],
            node: rows.node[index],
            micros: rows.value_micros[index],
            event_time_ms: rows.event_time_ms[index],
            quality: rows.quality[index],
            feed: rows.feed[index],
            incident: None,
        };
        for target in route {
            let target = self.routes.target(target);
            input.member = target.member;
            self.with_slot(target.slot, log_time_ms, out, |slot, step| slot.take(&input, step));
        }
    }

    fn incident(&mut self, incident: &Incident, out: &mut Vec<Transition>) {
        let rules = Arc::clone(&self.rules);
        let space = self.names.name(NameKind::Space, incident.space).clone();
        let readers = self.routes.incident_rules(incident.space, &rules, &self.names, &mut self.counters).to_vec();
        for rule in readers {
            let matching = rules.rules[rule].matching(incident, &mut self.counters.arithmetic_faults);
            if matching == 0 {
                continue;
            }
            let slot = self.slot(rule, &space, None, incident.log_time_ms);
            let input = SlotInput {
                member: 0,
                sensor: incident.sensor,
                node: incident.node,
                micros: MICROS_PER_UNIT,
                event_time_ms: incident.event_time_ms,
                quality: Quality::Good,
                feed: incident.feed,
                incident: Some(IncidentFacts { matching, channel: &incident.channel }),
            };
            self.with_slot(slot, incident.log_time_ms, out, |slot, step| slot.take(&input, step));
        }
    }

    /// Makes the route of a series seen for the first time, with the slots it leads to.
    fn add_route(&mut self, series: Series, log_time_ms: i64) -> Range<usize> {
        let rules = Arc::clone(&self.rules);
        let (space, metric, sensor, node) = series;
        let space_name = Arc::clone(self.names.name(NameKind::Space, space));
        let metric_name = Arc::clone(self.names.name(NameKind::Metric, metric));
        let mut targets = Vec::new();
        for (index, rule) in rules.rules.iter().enumerate() {
            let reading = rule.reading(&metric_name);
            let part = match rule.per {
                Per::Space => NO_NAME,
                Per::Sensor => sensor,
                Per::Node => node,
            };
            let lacks_part = rule.per != Per::Space && part == NO_NAME;
            if reading == 0 || lacks_part || !covers(rule, &space_name, &rules, &mut self.counters) {
                continue;
            }
            let part = match rule.per {
                Per::Space => None,
                Per::Sensor => Some(self.names.name(NameKind::Sensor, part).clone()),
                Per::Node => Some(self.names.name(NameKind::Node, part).clone()),
            };
            let slot = self.slot(index, &space_name, part.as_ref(), log_time_ms);
            let member = self.slots[slot].join(Member::of(sensor, node, metric), reading);
            targets.push(Target { slot, member });
        }
        self.counters.series += 1;
        self.routes.add(series, targets)
    }

    /// The slot of a rule on a key, which is made when it is new.
    fn slot(&mut self, rule: RuleIx, space: &Arc<str>, part: Option<&Arc<str>>, log_time_ms: i64) -> SlotIx {
        let key: Arc<str> = part.map_or_else(|| Arc::clone(space), |part| format!("{space}/{part}").into());
        let id = SlotKey { key, space: Arc::clone(space), part: part.cloned().unwrap_or_default() };
        self.slots.find_or_make(rule, id, &self.rules, log_time_ms, &mut self.counters)
    }

    fn tick(&mut self, tick_ms: i64, log_time_ms: i64, out: &mut Vec<Transition>) {
        let mut not_yet = Vec::new();
        while let Some((_, index)) = self.timers.pop_due(tick_ms) {
            let slot = &self.slots[index];
            let Some(due_ms) = slot.due_ms() else { continue };
            if due_ms > tick_ms {
                self.timers.schedule(index, Some(due_ms));
            } else if slot.may_fire(log_time_ms) {
                self.with_slot(index, log_time_ms, out, |slot, step| slot.fire_next(tick_ms, step));
            } else {
                not_yet.push((index, due_ms));
            }
        }
        for (index, due_ms) in not_yet {
            self.timers.schedule(index, Some(due_ms));
        }
        self.composites.settle(tick_ms, &mut step!(self, log_time_ms, out));
    }

    fn intake_up(&mut self, log_time_ms: i64) {
        if !self.started {
            self.started = true;
            self.expect_sensors(log_time_ms);
        }
        // Entries of the heap may now be too early, which they are allowed to be.
        for slot in self.slots.iter_mut() {
            slot.intake_up(log_time_ms);
        }
    }

    /// Makes the slots of sensors that count from the engine's start.
    fn expect_sensors(&mut self, log_time_ms: i64) {
        let rules = Arc::clone(&self.rules);
        let (partition, partitions) = (self.position.partition, self.partitions);
        let is_own = |space: &str| partition_of(space, partitions) == partition;
        for (rule, space, part) in expected(&rules, is_own, &mut self.counters) {
            let slot = self.slot(rule, space, part, log_time_ms);
            self.timers.schedule(slot, self.slots[slot].due_ms());
        }
    }

    /// Lets a slot work, then schedules its next timer.
    fn with_slot(
        &mut self,
        index: SlotIx,
        log_time_ms: i64,
        out: &mut Vec<Transition>,
        work: impl FnOnce(&mut Slot, &mut Step<'_>),
    ) {
        let told = out.len();
        let slot = &mut self.slots[index];
        work(slot, &mut step!(self, log_time_ms, out));
        self.timers.schedule(index, slot.due_ms());
        if out.len() > told {
            self.hear(&out[told..]);
        }
    }

    /// Lets composite rules know of transitions.
    fn hear(&mut self, transitions: &[Transition]) {
        for transition in transitions {
            self.composites.hear(transition, &self.rules, &mut self.counters);
        }
    }
}

fn series_of(rows: &Observations, index: usize) -> Series {
    (rows.space[index], rows.metric[index], rows.sensor[index], rows.node[index])
}
