//! The engine: one partition's rules as a pure state machine.
//!
//! It takes the records of the log in order and appends transitions. It reads no clock, knows no thread and makes no
//! I/O, so the same records give the same transitions, bit for bit, for any number of partitions and any cut into
//! batches (RULES.md, "Time and order").
//!
//! **Invariants**
//! - A slot's transitions never run backwards in event time.
//! - Rows flagged as backfill, and revisions of incidents, move the position and nothing else.
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

use crate::fate::Succession;
use crate::keys::Keys;
use crate::kind::RuleIx;
use crate::saved::{Loader, Saved, Saver, Wrong};
use crate::spec::RuleSet;
use crate::stage::{Level, Stage};
use crate::step::{Counters, Step};
use crate::why::Witness;
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::batch::{Observations, flags};
use vigie_model::event::Incident;
use vigie_model::names::{NameEntry, Names};
use vigie_model::position::{PartitionIx, Position, partition_of};
use vigie_model::seeds::Seeds;

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
    names: Arc<Names>,
    keys: Keys,
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
            names: Arc::default(),
            keys: Keys::default(),
            position: Position { partition, offset: 0 },
            ordinal: 0,
            started: false,
            counters: Counters::default(),
        }
    }

    /// Writes all it remembers; names are the log's.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        let Self { rules: _, partitions, names: _, keys, composites, position, ordinal, started, counters } = self;
        position.save(to);
        partitions.save(to);
        ordinal.save(to);
        started.save(to);
        counters.save(to);
        keys.save(to);
        composites.save(to);
    }

    /// Reads an engine that goes on with these rules and names.
    pub(crate) fn load(rules: &Arc<RuleSet>, names: &Arc<Names>, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Ok(Self {
            rules: Arc::clone(rules),
            names: Arc::clone(names),
            position: Saved::load(from)?,
            partitions: Saved::load(from)?,
            ordinal: Saved::load(from)?,
            started: Saved::load(from)?,
            counters: Saved::load(from)?,
            keys: Saved::load(from)?,
            composites: Stage::load(Level::Space, from)?,
        })
    }

    /// Its partition, and how many there are.
    pub(crate) const fn place(&self) -> (PartitionIx, PartitionIx) {
        (self.position.partition, self.partitions)
    }

    /// Goes on with other rules, as RULES.md says under "Reload": what a rule remembers stays, unless it would mean something
    /// else under the new one.
    pub fn change_rules(&mut self, rules: &Arc<RuleSet>, log_time_ms: i64, out: &mut Vec<Transition>) {
        let change = Succession::new(&self.rules, rules, log_time_ms);
        self.work(log_time_ms, out, |keys, step| keys.change(&change, step));
        self.composites.change(&change, &mut step!(self, log_time_ms, out));
        self.rules = Arc::clone(rules);
        if self.started {
            self.expect_sensors(log_time_ms);
        }
    }

    /// A baseline rule goes on from what history taught; keys of other partitions are left to them.
    pub fn seed(&mut self, seeds: &Seeds, log_time_ms: i64) {
        let is_own = self.is_own();
        self.keys.seed(seeds, is_own, log_time_ms, &self.rules, &mut self.counters);
    }

    /// Takes in the next record of the log and appends the transitions it brings about.
    ///
    /// # Panics
    /// When rows use names that no earlier [`Input::Names`] gave.
    pub fn step(&mut self, input: Input<'_>, out: &mut Vec<Transition>) {
        match input {
            Input::Names(entries) => Arc::make_mut(&mut self.names).learn(entries),
            Input::IntakeUp { log_time_ms } => {
                if !self.started {
                    self.started = true;
                    self.expect_sensors(log_time_ms);
                }
                self.keys.intake_up(log_time_ms);
            }
            Input::Tick { tick_ms, log_time_ms } => {
                self.work(log_time_ms, out, |keys, step| keys.tick(tick_ms, step));
                self.composites.settle(tick_ms, &mut step!(self, log_time_ms, out));
            }
            Input::Observations { first_offset, rows } => {
                self.work(0, out, |keys, step| keys.observations(first_offset, rows, step));
            }
            Input::Incidents { first_offset, rows } => self.work(0, out, |keys, step| {
                for (incident, offset) in rows.iter().zip(first_offset..) {
                    step.move_to(offset);
                    if incident.flags & (flags::BACKFILL | flags::REVISION) == 0 {
                        keys.incident(incident, step);
                    }
                }
            }),
        }
    }

    /// Goes on with a dictionary that several engines share, instead of its own; returns the one it had.
    pub(crate) fn share_names(&mut self, names: Arc<Names>) -> Arc<Names> {
        std::mem::replace(&mut self.names, names)
    }

    /// What is known of a rule on a key, if it has state here.
    pub(crate) fn witness(&self, rule: RuleIx, key: &str) -> Option<Witness<'_>> {
        let composite = self.composites.slots().find(rule, &key.into());
        let slot = match composite {
            Some(slot) => self.composites.slots()[slot].clone(),
            None => self.keys.slot_of(rule, key, &self.rules, &self.names)?,
        };
        Some(Witness { slot, rules: &self.rules, names: &self.names })
    }

    /// What was counted since the engine was made.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Lets keys work, then lets composite rules know of what they told.
    fn work(&mut self, log_time_ms: i64, out: &mut Vec<Transition>, work: impl FnOnce(&mut Keys, &mut Step<'_>)) {
        let told = out.len();
        let mut step = step!(self, log_time_ms, out);
        work(&mut self.keys, &mut step);
        self.position = step.position;
        for transition in &out[told..] {
            self.composites.hear(transition, &self.rules, &mut self.counters);
        }
    }

    fn expect_sensors(&mut self, log_time_ms: i64) {
        let is_own = self.is_own();
        self.keys.expect_sensors(is_own, log_time_ms, &self.rules, &mut self.counters);
    }

    /// Whether a space belongs to this partition.
    fn is_own(&self) -> impl Fn(&str) -> bool + use<> {
        let (partition, partitions) = (self.position.partition, self.partitions);
        move |space| partition_of(space, partitions) == partition
    }
}
