//! What looks over all partitions: rules that do (`spread`), and which rules wait for seeds.
//!
//! It takes every record of the log with what the engines told of it, and adds what follows from that.
//!
//! **Invariant**: the engines' transitions of a record come in the order of partitions, whoever told them.

use crate::fate::Succession;
use crate::kind::RuleIx;
use crate::kinds::parts::Part;
use crate::saved::{Loader, Saved, Saver, Wrong, require, saved};
use crate::spec::RuleSet;
use crate::stage::{Level, Stage};
use crate::step::{Counters, Step};
use crate::unseeded::Unseeded;
use crate::why::{WhyNot, Witness, find, without_state};
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::alert::{RuleIdentity, Transition};
use vigie_model::names::Names;
use vigie_model::position::{PartitionIx, Position};
use vigie_model::record::{Payload, Record};
use vigie_model::seeds::RuleStart;
use vigie_model::severity::Severity;

/// Rules over all partitions, with their state.
#[derive(Clone, Debug)]
pub struct Merger {
    partitions: PartitionIx,
    running: Option<Running>,
}

/// What runs once the first control record has come.
#[derive(Clone, Debug)]
struct Running {
    rules: Arc<RuleSet>,
    city: City,
    unseeded: Unseeded,
}

/// The stage over all partitions. Its transitions stand in a partition of their own behind the log's, whose offset counts
/// settlements.
#[derive(Clone, Debug)]
struct City {
    stage: Stage,
    position: Position,
    /// Transitions since the last tick that the stage listens to.
    heard: Vec<Transition>,
    /// Names, of which a spread's state holds none.
    names: Names,
    counters: Counters,
}

/// What is kept of a transition that the stage will hear at the next tick: all it asks for.
struct Heard {
    part: Part,
    log_time_ms: i64,
}

saved!(Heard { part, log_time_ms });

impl Merger {
    /// At the beginning of a log with `partitions` partitions.
    #[must_use]
    pub const fn new(partitions: PartitionIx) -> Self {
        Self { partitions, running: None }
    }

    /// Rules in force from the beginning, before any record; their start is the default one.
    #[must_use]
    pub fn with_rules(rules: &Arc<RuleSet>, partitions: PartitionIx) -> Self {
        Self { partitions, running: Some(Running::new(rules, partitions, RuleStart::default())) }
    }

    /// The rules in force; `None` before the first control record.
    #[must_use]
    pub fn rules(&self) -> Option<&Arc<RuleSet>> {
        self.running.as_ref().map(|running| &running.rules)
    }

    /// The rules in force, and which of them wait for seeds.
    pub(crate) fn in_force(&self) -> Option<(&Arc<RuleSet>, &Unseeded)> {
        self.running.as_ref().map(|running| (&running.rules, &running.unseeded))
    }

    /// How many partitions the log has.
    pub(crate) const fn partitions(&self) -> PartitionIx {
        self.partitions
    }

    /// Writes what it remembers once a control record has come.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        let Self { partitions, running } = self;
        partitions.save(to);
        let Some(Running { rules: _, city, unseeded }) = running else { return };
        unseeded.save(to);
        city.save(to);
    }

    /// Reads what looks over so many partitions.
    pub(crate) fn load(rules: &Arc<RuleSet>, partitions: PartitionIx, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        require(PartitionIx::load(from)? == partitions, "it is of another number of partitions")?;
        let (unseeded, city) = (Saved::load(from)?, City::load(from)?);
        Ok(Self { partitions, running: Some(Running { rules: Arc::clone(rules), city, unseeded }) })
    }

    /// The baseline rules that have no seeds since they began with nothing learnt, by uid, and where they began; `None`
    /// before the first control record. Seeds for another start are not taken.
    #[must_use]
    pub fn unseeded(&self) -> Option<&BTreeMap<Arc<str>, RuleStart>> {
        self.running.as_ref().map(|running| running.unseeded.starts())
    }

    /// What was counted since the beginning.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.running.as_ref().map(|running| running.city.counters).unwrap_or_default()
    }

    /// Why a rule has no open episode on a key now, when no engine has state for it: what a rule over all partitions knows, or
    /// that nobody knows anything.
    #[must_use]
    pub fn why_not(&self, rule: &str, key: &str) -> WhyNot {
        let Some(running) = &self.running else { return WhyNot::default() };
        let rules = running.rules.as_ref();
        let witness = find(rule, rules).and_then(|index| running.city.witness(index, key, rules));
        witness.map_or_else(|| without_state(rule, key, rules), |witness| witness.answer())
    }

    /// Takes in the next record of the log, with its rules if it is a control record. What the engines told of it is in `out`
    /// from `told` on, in the order of partitions; what follows from that is appended.
    pub fn step(&mut self, record: &Record, rules: Option<&Arc<RuleSet>>, told: usize, out: &mut Vec<Transition>) {
        let log_time_ms = record.log_time_ms;
        if let Some(rules) = rules {
            let start = RuleStart { sequence: record.sequence, log_time_ms };
            match &mut self.running {
                Some(running) => running.change(rules, start, told, out),
                None => self.running = Some(Running::new(rules, self.partitions, start)),
            }
        }
        let Some(running) = &mut self.running else { return };
        if let Payload::Seeds(seeds) = &record.payload {
            running.unseeded.takes(seeds);
        }
        running.city.hear(&out[told..]);
        if let Payload::Tick { tick_ms } = record.payload {
            running.city.settle(tick_ms, log_time_ms, &running.rules, out);
        }
    }
}

impl Running {
    fn new(rules: &Arc<RuleSet>, partitions: PartitionIx, start: RuleStart) -> Self {
        let (city, unseeded) = (City::new(rules, partitions), Unseeded::new(rules, start));
        Self { rules: Arc::clone(rules), city, unseeded }
    }

    fn change(&mut self, rules: &Arc<RuleSet>, start: RuleStart, told: usize, out: &mut Vec<Transition>) {
        self.city.hear(&out[told..]);
        let change = Succession::new(&self.rules, rules, start.log_time_ms);
        self.city.change(&change, out);
        self.unseeded.change(&change, start);
        self.rules = Arc::clone(rules);
    }
}

impl Heard {
    fn of(transition: &Transition) -> Self {
        Self { part: Part::of(transition), log_time_ms: transition.log_time_ms }
    }

    fn transition(self) -> Transition {
        let Self { part, log_time_ms } = self;
        let rule = RuleIdentity { name: part.rule, uid: part.rule_uid, ..RuleIdentity::default() };
        Transition {
            alert_id: part.alert_id,
            rule: Arc::new(rule),
            key: part.key,
            space: part.space,
            state: part.state,
            severity: Severity::default(),
            event_time_ms: part.event_time_ms,
            log_time_ms,
            reason: None,
            evidence: None,
            summary: Arc::default(),
            feed: part.feed,
            position: Position { partition: 0, offset: 0 },
            ordinal: 0,
        }
    }
}

impl City {
    fn new(rules: &RuleSet, partitions: PartitionIx) -> Self {
        let position = Position { partition: partitions, offset: 0 };
        Self {
            stage: Stage::new(Level::City, rules),
            position,
            heard: Vec::new(),
            names: Names::default(),
            counters: Counters::default(),
        }
    }

    fn save(&self, to: &mut Saver<'_>) {
        let Self { stage, position, heard, names: _, counters } = self;
        position.save(to);
        counters.save(to);
        stage.save(to);
        to.count(heard.len());
        heard.iter().for_each(|transition| to.each(&Heard::of(transition)));
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let (position, counters, stage) =
            (Position::load(from)?, Counters::load(from)?, Stage::load(Level::City, from)?);
        let heard = Vec::<Heard>::load(from)?.into_iter().map(Heard::transition).collect();
        Ok(Self { stage, position, heard, names: Names::default(), counters })
    }

    fn witness<'a>(&'a self, rule: RuleIx, key: &str, rules: &'a RuleSet) -> Option<Witness<'a>> {
        let slot = self.stage.slots().find(rule, &key.into())?;
        Some(Witness { slot: self.stage.slots()[slot].clone(), rules, names: &self.names })
    }

    fn hear(&mut self, transitions: &[Transition]) {
        self.heard.extend(transitions.iter().filter(|transition| self.stage.listens_to(transition)).cloned());
    }

    /// Judges what every partition has told before `tick_ms`.
    fn settle(&mut self, tick_ms: i64, log_time_ms: i64, rules: &RuleSet, out: &mut Vec<Transition>) {
        let mut heard = std::mem::take(&mut self.heard);
        heard.sort_by(|one, other| order(one).cmp(&order(other)));
        for transition in &heard {
            self.stage.hear(transition, rules, &mut self.counters);
        }
        self.step(rules, log_time_ms, out, |stage, step| stage.settle(tick_ms, step));
    }

    fn change(&mut self, change: &Succession, out: &mut Vec<Transition>) {
        self.step(&change.old, change.log_time_ms, out, |stage, step| stage.change(change, step));
    }

    fn step(
        &mut self,
        rules: &RuleSet,
        log_time_ms: i64,
        out: &mut Vec<Transition>,
        work: impl FnOnce(&mut Stage, &mut Step<'_>),
    ) {
        self.position.offset += 1;
        let (position, names, counters) = (self.position, &self.names, &mut self.counters);
        let ordinal = &mut 0;
        work(
            &mut self.stage,
            &mut Step { rules, names, log_time_ms, position, ordinal, blocked: false, counters, out },
        );
    }
}

/// The order in which transitions of one tick are heard: the same for any number of partitions.
fn order(transition: &Transition) -> (i64, &str, &str, &'static str) {
    (transition.event_time_ms, &transition.rule.name, &transition.key, transition.state.as_str())
}
