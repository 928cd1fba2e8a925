//! The rules of a whole log: the engines of all its partitions, and the stage that looks over all of them.
//!
//! It takes the records of the log in order, as every role does, and appends transitions. Serving, replaying, testing and
//! backtesting rules are this same fold over records from different places.
//!
//! ```
//! use std::sync::Arc;
//! use vigie_model::control::{Control, SourceFile};
//! use vigie_model::record::{Payload, Record};
//! use vigie_rules::core::RuleCore;
//!
//! let text = "groups:\n- name: a\n  rules:\n  - {alert: Silent, kind: absence, metric: heartbeat, for: 30s}\n";
//! let rules = vec![SourceFile { path: "rules.yaml".into(), text: text.into() }];
//! let control = Control { centre: "c".into(), time_zone: "UTC".into(), rules, ..Control::default() };
//! let mut core = RuleCore::new(16);
//! let mut transitions = Vec::new();
//! let payload = Payload::Control(Arc::new(control));
//! core.step(&Record { sequence: 0, log_time_ms: 0, payload }, &mut transitions).unwrap();
//! assert_eq!(core.rules().unwrap().len(), 1);
//! ```

use crate::engine::{Engine, Input};
use crate::fate::Succession;
use crate::kind::RuleIx;
use crate::kinds::parts::Part;
use crate::load::load;
use crate::saved::{Loader, Saved, Saver, Wrong, require, saved};
use crate::spec::RuleSet;
use crate::stage::{Level, Stage};
use crate::step::{Counters, Step};
use crate::unseeded::Unseeded;
use crate::why::{WhyNot, Witness, find, without_state};
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::alert::{RuleIdentity, Transition};
use vigie_model::control::Control;
use vigie_model::diagnostic::Diagnostic;
use vigie_model::names::{NameEntry, Names};
use vigie_model::position::{PartitionIx, Position};
use vigie_model::record::{Payload, Record};
use vigie_model::seeds::RuleStart;
use vigie_model::severity::Severity;

/// All rules of a log with all their state.
#[derive(Clone, Debug)]
pub struct RuleCore {
    partitions: PartitionIx,
    running: Option<Running>,
}

/// What runs once the first control record has come.
#[derive(Clone, Debug)]
struct Running {
    rules: Arc<RuleSet>,
    engines: Vec<Engine>,
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

impl RuleCore {
    /// Rules at the beginning of a log with `partitions` partitions.
    #[must_use]
    pub const fn new(partitions: PartitionIx) -> Self {
        Self { partitions, running: None }
    }

    /// Rules in force from the beginning, before any record; their start is the default one.
    #[must_use]
    pub fn with_rules(rules: Arc<RuleSet>, partitions: PartitionIx) -> Self {
        Self { partitions, running: Some(Running::new(rules, partitions, RuleStart::default())) }
    }

    /// The rules in force; `None` before the first control record.
    #[must_use]
    pub fn rules(&self) -> Option<&Arc<RuleSet>> {
        self.running.as_ref().map(|running| &running.rules)
    }

    /// The baseline rules that have no seeds since they began with nothing learnt, by uid, and where they began; `None`
    /// before the first control record. Seeds for another start are not taken.
    #[must_use]
    pub fn unseeded(&self) -> Option<&BTreeMap<Arc<str>, RuleStart>> {
        self.running.as_ref().map(|running| running.unseeded.starts())
    }

    /// The engine of a partition; `None` before the first control record.
    #[must_use]
    pub fn engine(&self, partition: PartitionIx) -> Option<&Engine> {
        self.running.as_ref()?.engines.get(usize::from(partition))
    }

    /// Writes what is not in any engine; nothing before the first control record.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        let Some(Running { rules: _, engines: _, city, unseeded }) = &self.running else { return };
        unseeded.save(to);
        city.save(to);
    }

    /// Goes on with these engines, one for each partition in their order, and what was written besides.
    pub(crate) fn load(rules: Arc<RuleSet>, engines: Vec<Engine>, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let partitions = engines.len() as PartitionIx;
        let in_order = engines.iter().zip(0..).all(|(engine, index)| engine.place() == (index, partitions));
        require(in_order, "engines are not those of all partitions")?;
        let (unseeded, city) = (Saved::load(from)?, City::load(partitions, from)?);
        Ok(Self { partitions, running: Some(Running { rules, engines, city, unseeded }) })
    }

    /// What was counted since the beginning, over all partitions.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let Some(running) = &self.running else { return Counters::default() };
        let engines = running.engines.iter().map(Engine::counters);
        engines.chain([running.city.counters]).fold(Counters::default(), Counters::plus)
    }

    /// Why a rule has no open episode on a key now; `key` is a space, `space/sensor`, `space/node`, or a district. It looks and
    /// changes nothing.
    #[must_use]
    pub fn why_not(&self, rule: &str, key: &str) -> WhyNot {
        let Some(running) = &self.running else { return WhyNot::default() };
        let rules = running.rules.as_ref();
        let found = find(rule, rules).and_then(|index| {
            let of_engines = running.engines.iter().find_map(|engine| engine.witness(index, key));
            of_engines.or_else(|| running.city.witness(index, key, rules))
        });
        found.map_or_else(|| without_state(rule, key, rules), |witness| witness.answer())
    }

    /// Takes in the next record of the log and appends the transitions that follow from it.
    ///
    /// # Errors
    /// The mistakes of a control record whose rules do not load; the rules so far stay in force. The sequencer lets no such
    /// record into a log.
    ///
    /// # Panics
    /// When rows come before the first control record, or use names that no dictionary record gave.
    pub fn step(&mut self, record: &Record, out: &mut Vec<Transition>) -> Result<(), Vec<Diagnostic>> {
        let (told, log_time_ms) = (out.len(), record.log_time_ms);
        if let Payload::Control(control) = &record.payload {
            self.control(control, RuleStart { sequence: record.sequence, log_time_ms }, out)?;
        }
        let Some(running) = &mut self.running else { return Ok(()) };
        match &record.payload {
            Payload::Dictionary(entries) => running.learn(entries),
            Payload::IntakeUp => running.step_all(&Input::IntakeUp { log_time_ms }, out),
            Payload::Tick { tick_ms } => running.step_all(&Input::Tick { tick_ms: *tick_ms, log_time_ms }, out),
            Payload::Observations(batch) => {
                let input = Input::Observations { first_offset: batch.first_offset, rows: &batch.rows };
                running.engines[usize::from(batch.partition)].step(input, out);
            }
            Payload::Incidents(batch) => {
                let input = Input::Incidents { first_offset: batch.first_offset, rows: &batch.rows };
                running.engines[usize::from(batch.partition)].step(input, out);
            }
            Payload::Seeds(seeds) => {
                if running.unseeded.takes(seeds) {
                    running.engines.iter_mut().for_each(|engine| engine.seed(seeds, log_time_ms));
                }
            }
            Payload::Control(_) | Payload::Perceptions(_) | Payload::Command(_) | Payload::Gap(_) => {}
        }
        running.city.hear(&out[told..]);
        if let Payload::Tick { tick_ms } = record.payload {
            running.city.settle(tick_ms, log_time_ms, &running.rules, out);
        }
        Ok(())
    }

    fn control(
        &mut self,
        control: &Control,
        start: RuleStart,
        out: &mut Vec<Transition>,
    ) -> Result<(), Vec<Diagnostic>> {
        let rules = load(control)?.rules;
        match &mut self.running {
            Some(running) => running.change(rules, start, out),
            None => self.running = Some(Running::new(rules, self.partitions, start)),
        }
        Ok(())
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

impl Running {
    fn new(rules: Arc<RuleSet>, partitions: PartitionIx, start: RuleStart) -> Self {
        let engine = |partition| Engine::new(Arc::clone(&rules), partition, partitions);
        let engines = (0..partitions).map(engine).collect();
        let unseeded = Unseeded::new(&rules, start);
        Self { engines, city: City::new(&rules, partitions), unseeded, rules }
    }

    /// All engines share one dictionary, and give it back while it grows.
    fn learn(&mut self, entries: &[NameEntry]) {
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

    fn change(&mut self, rules: Arc<RuleSet>, start: RuleStart, out: &mut Vec<Transition>) {
        let told = out.len();
        for engine in &mut self.engines {
            engine.change_rules(&rules, start.log_time_ms, out);
        }
        self.city.hear(&out[told..]);
        let change = Succession::new(&self.rules, &rules, start.log_time_ms);
        self.city.change(&change, out);
        self.unseeded.change(&change, start);
        self.rules = rules;
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

    fn load(partitions: PartitionIx, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let (position, counters) = (Position::load(from)?, Saved::load(from)?);
        require(position.partition == partitions, "it is of another number of partitions")?;
        let stage = Stage::load(Level::City, from)?;
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
