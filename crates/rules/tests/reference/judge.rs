//! The reference: events in, records out, by the paragraph "Replay" of the rule semantics. It knows no partitions and no
//! batches.

use crate::common::{END_MS, Event, What};
use crate::composite::{Composite, Part};
use crate::episode::{Episode, Record};
use crate::key::Key;
use crate::learning::Learning;
use crate::mutant::Mutant;
use crate::rule::{Kind, Per, Rule};
use crate::silence::Silence;
use crate::spans::Spans;
use crate::spread::Spread;
use crate::world::{World, ZONE};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use vigie_model::batch::Quality;

/// The records of each rule and key, in their order.
pub(crate) type Records = BTreeMap<(String, String), Vec<Record>>;

/// Events in the order in which they are judged: by time unless `keep`, without those whose id came before.
pub(crate) fn ordered(events: &[Event], keep: bool) -> Vec<Event> {
    let mut order: Vec<&Event> = events.iter().collect();
    if !keep {
        order.sort_by_key(|event| event.time_ms);
    }
    let mut known = BTreeSet::new();
    let identity = |event: &Event| {
        let kind = match event.what {
            What::Observation { .. } => "observation",
            What::Incident { .. } => "incident",
            What::IntakeUp => "intake-up",
            What::Control(_) => unreachable!("the reference has one set of rules"),
        };
        (kind, event.space.clone(), event.node.clone(), event.id.clone())
    };
    order.into_iter().filter(|event| known.insert(identity(event))).cloned().collect()
}

/// Judges events that are in order.
pub(crate) fn judge(rules: &[Rule], world: &World, events: &[Event], tick_ms: i64, mutant: Mutant) -> Records {
    let (Some(first), Some(largest)) = (events.first(), events.iter().map(|event| event.time_ms).max()) else {
        return Records::new();
    };
    let earliest = events.iter().map(|event| event.time_ms).min().expect("there is a first");
    let mut reference = Reference::new(rules, world, (earliest - END_MS, largest + 2 * END_MS), mutant);
    reference.log_time = first.time_ms;
    reference.intake_up();
    let mut last_tick = first.time_ms.div_euclid(tick_ms) * tick_ms;
    for event in events {
        reference.log_time = reference.log_time.max(event.time_ms);
        if event.what == What::IntakeUp {
            reference.intake_up();
            continue;
        }
        let tick = event.time_ms.div_euclid(tick_ms) * tick_ms;
        if tick > last_tick {
            last_tick = tick;
            reference.tick(tick);
        }
        reference.event(event);
    }
    reference.log_time = largest + END_MS + 1;
    reference.tick(largest + END_MS);
    reference.records
}

struct Reference<'r> {
    rules: &'r [Rule],
    world: &'r World,
    /// The instants between which periods are looked up.
    horizon: (i64, i64),
    mutant: Mutant,
    log_time: i64,
    /// The latest intake-up.
    up: i64,
    /// By the rule's place and the key, as all maps here.
    keys: BTreeMap<(usize, String), Key<'r>>,
    silences: BTreeMap<(usize, String), Silence>,
    composites: BTreeMap<(usize, String), Composite>,
    spreads: BTreeMap<usize, Spread<'r>>,
    records: Records,
}

impl<'r> Reference<'r> {
    fn new(rules: &'r [Rule], world: &'r World, horizon: (i64, i64), mutant: Mutant) -> Self {
        let spreads = rules.iter().enumerate().filter(|(_, rule)| matches!(rule.kind, Kind::Spread { .. }));
        let spreads = spreads.map(|(place, rule)| {
            let period = world.period(rule, "", horizon.0, horizon.1);
            (place, Spread::new(rule, world, period, mutant))
        });
        Self {
            rules,
            world,
            horizon,
            mutant,
            log_time: i64::MIN,
            up: i64::MIN,
            keys: BTreeMap::new(),
            silences: BTreeMap::new(),
            composites: BTreeMap::new(),
            spreads: spreads.collect(),
            records: Records::new(),
        }
    }

    /// The sequencer starts or goes on; what is expected counts from its first start.
    fn intake_up(&mut self) {
        let is_start = self.up == i64::MIN;
        self.up = self.log_time;
        if !is_start || self.mutant == Mutant::NothingIsExpected {
            return;
        }
        for (place, rule) in self.rules.iter().enumerate() {
            let Kind::Absence { metric } = &rule.kind else { continue };
            for space in self.world.places.iter().filter(|space| self.world.is_in_scope(rule, &space.id)) {
                for (sensor, _) in space.expected.iter().filter(|(_, measured)| measured == metric) {
                    let key = match rule.per {
                        Per::Space => space.id.clone(),
                        Per::Sensor => format!("{}/{sensor}", space.id),
                        Per::Node => continue,
                    };
                    let period = self.period(rule, &space.id);
                    let silence = Silence::new(rule, period, self.log_time, self.mutant);
                    self.silences.entry((place, key)).or_insert(silence);
                }
            }
        }
    }

    fn period(&self, rule: &Rule, space: &str) -> Spans {
        let spans = self.world.period(rule, space, self.horizon.0, self.horizon.1);
        if self.mutant == Mutant::PeriodEndsLater { spans.longer() } else { spans }
    }

    fn event(&mut self, event: &Event) {
        let is_good = match &event.what {
            What::Observation { quality, .. } => *quality == Quality::Good,
            _ => true,
        };
        for (place, rule) in self.rules.iter().enumerate() {
            if !rule.reads(event) || !self.world.is_in_scope(rule, &event.space) {
                continue;
            }
            let Some(name) = rule.key_of(event) else { continue };
            let is_absence = matches!(rule.kind, Kind::Absence { .. });
            let at = (place, name.clone());
            if is_absence && (is_good || self.mutant != Mutant::BadIsNoArrival) {
                if !self.silences.contains_key(&at) {
                    let period = self.period(rule, &event.space);
                    self.silences.insert(at.clone(), Silence::new(rule, period, self.log_time, self.mutant));
                }
                let silence = self.silences.get_mut(&at).expect("just made");
                silence.arrival(self.log_time, self.up);
                let records = take(&mut silence.episode);
                self.hand_on(place, &event.space, &name, records);
            } else if !is_absence && (is_good || self.mutant == Mutant::BadIsValue) {
                if !self.keys.contains_key(&at) {
                    let key = self.key(rule, &event.space);
                    self.keys.insert(at.clone(), key);
                }
                let key = self.keys.get_mut(&at).expect("just made");
                key.input(event);
                let records = take(&mut key.episode);
                self.hand_on(place, &event.space, &name, records);
            }
        }
    }

    fn key(&self, rule: &'r Rule, space: &str) -> Key<'r> {
        let baseline = if let Kind::Baseline(baseline) = &rule.kind { Some(baseline) } else { None };
        let learning = Learning::new(baseline, TimeZone::get(ZONE).expect("a known zone"), self.mutant);
        Key::new(rule, self.world.params(rule, space), self.period(rule, space), learning, self.mutant)
    }

    /// Fires timers, then settles what depends on the transitions of other rules.
    fn tick(&mut self, tick: i64) {
        let until = if self.mutant == Mutant::TickLeavesDue { tick - 1 } else { tick };
        let mut found = Vec::new();
        for ((place, name), key) in &mut self.keys {
            key.fire(until);
            found.push((*place, name.clone(), take(&mut key.episode)));
        }
        for ((place, name), silence) in &mut self.silences {
            silence.fire(until, self.log_time, self.up);
            found.push((*place, name.clone(), take(&mut silence.episode)));
        }
        self.hand_on_all(found);
        for depth in 1..=self.rules.len() {
            let mut found = Vec::new();
            for ((place, name), composite) in &mut self.composites {
                if depth_of(self.rules, &self.rules[*place]) == depth {
                    composite.settle(tick);
                    found.push((*place, name.clone(), take(&mut composite.episode)));
                }
            }
            self.hand_on_all(found);
        }
        let mut found = Vec::new();
        for (place, spread) in &mut self.spreads {
            spread.settle(tick);
            for (name, key) in &mut spread.keys {
                found.push((*place, name.clone(), take(&mut key.episode)));
            }
        }
        self.hand_on_all(found);
    }

    fn hand_on_all(&mut self, found: Vec<(usize, String, Vec<Record>)>) {
        for (place, name, records) in found {
            let space = name.split('/').next().unwrap_or_default().to_owned();
            self.hand_on(place, &space, &name, records);
        }
    }

    /// Takes in the records of a key, and hands them to the rules that name its rule.
    fn hand_on(&mut self, place: usize, space: &str, name: &str, records: Vec<Record>) {
        let rule = &self.rules[place];
        for record in records {
            let part =
                Part { rule: rule.name.clone(), key: name.to_owned(), state: record.state, time: record.time_ms };
            // Only what concerns an episode is an input of the rules above.
            let is_read = !matches!(record.state, "pending" | "inactive" | "escalated");
            for (other, reader) in self.rules.iter().enumerate().filter(|_| is_read) {
                match &reader.kind {
                    Kind::Composite { all, of } if of.contains(&rule.name) && self.world.is_in_scope(reader, space) => {
                        let at = (other, space.to_owned());
                        if !self.composites.contains_key(&at) {
                            let period = self.period(reader, space);
                            self.composites.insert(at.clone(), Composite::new(reader, *all, of, period, self.mutant));
                        }
                        self.composites.get_mut(&at).expect("just made").part(part.clone());
                    }
                    Kind::Spread { of, .. } if *of == rule.name => {
                        self.spreads.get_mut(&other).expect("made at the start").part(space, &part);
                    }
                    _ => {}
                }
            }
            self.records.entry((rule.name.clone(), name.to_owned())).or_default().push(record);
        }
    }
}

fn take(episode: &mut Episode) -> Vec<Record> {
    std::mem::take(&mut episode.records)
}

/// How many composites lie on the longest way down from a rule.
fn depth_of(rules: &[Rule], rule: &Rule) -> usize {
    let Kind::Composite { of, .. } = &rule.kind else { return 0 };
    let parts = rules.iter().filter(|other| of.contains(&other.name));
    1 + parts.map(|part| depth_of(rules, part)).max().unwrap_or(0)
}
