//! Rules about other rules: `all_of` and `any_of` inside a partition, `spread` over all of them.
//!
//! Their inputs are transitions, which come as rows and timers bring them about: not in the order of their instants. So a
//! stage waits for ticks: at T every transition of an instant before T is there, as far as it ever comes in order, and
//! what happened at one instant is judged together (`docs/rules.md`, "Kinds").
//!
//! **Invariant**: after a settlement at T no slot has a transition or timer of an instant before T left.

use crate::about::SlotKey;
use crate::fate::Succession;
use crate::kind::{Among, Kind, RuleIx};
use crate::kinds::parts::Part;
use crate::past::Past;
use crate::routes::covers;
use crate::saved::{Loader, Saved, Saver, Wrong, require};
use crate::slots::Slots;
use crate::spec::RuleSet;
use crate::step::{Counters, Step};
use crate::timers::{SlotIx, Timers};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::alert::{AlertState, Transition};

/// Which of the rules about rules a stage judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Those of one space: `all_of` and `any_of`.
    Space,
    /// Those of several spaces: `spread`.
    City,
}

/// A stage with all its state.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    level: Level,
    /// The rules that name a rule, by its uid.
    listeners: BTreeMap<Arc<str>, Vec<RuleIx>>,
    /// How many rules about rules stand between a rule and those that read rows.
    ranks: BTreeMap<RuleIx, usize>,
    slots: Slots,
    past: Past,
    /// For each slot the transitions it was told and has not taken in yet, in the order they were told.
    pending: Vec<Vec<Part>>,
    /// Slots with pending transitions.
    waiting: BTreeSet<SlotIx>,
    timers: Timers,
}

/// What is next: rank, instant and key decide, so that the order in which slots were made does not show.
type Entry = (usize, i64, Arc<str>, SlotIx);

impl Stage {
    /// A stage without state.
    pub(crate) fn new(level: Level, rules: &RuleSet) -> Self {
        let (listeners, ranks) = listeners(level, rules);
        Self {
            level,
            listeners,
            ranks,
            slots: Slots::default(),
            past: Past::default(),
            pending: Vec::new(),
            waiting: BTreeSet::new(),
            timers: Timers::default(),
        }
    }

    /// Writes its state; who listens to whom follows from the rules.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        let Self { level: _, listeners: _, ranks: _, slots, past, pending, waiting: _, timers } = self;
        slots.save(to);
        past.save(to);
        pending.save(to);
        timers.save(to);
    }

    /// Reads the state of a stage.
    pub(crate) fn load(level: Level, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let (listeners, ranks) = listeners(level, from.rules);
        let (slots, past) = (Slots::load(from)?, Past::load(from)?);
        require(slots.iter().all(|slot| ranks.contains_key(&slot.rule_index())), "a slot is of another stage")?;
        let pending: Vec<Vec<Part>> = Vec::load(from)?;
        require(pending.len() == slots.count(), "transitions wait for nobody")?;
        let waiting = waiting(&pending);
        let timers = Timers::load(slots.count(), from)?;
        Ok(Self { level, listeners, ranks, slots, past, pending, waiting, timers })
    }

    /// Whether transitions of a rule concern this stage.
    pub(crate) fn listens_to(&self, transition: &Transition) -> bool {
        is_input(transition.state) && self.listeners.contains_key(&transition.rule.uid)
    }

    /// Its slots.
    pub(crate) const fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Takes note of a transition, which counts at the next settlement; returns the slots it concerns.
    pub(crate) fn hear(&mut self, transition: &Transition, rules: &RuleSet, counters: &mut Counters) -> Vec<SlotIx> {
        let mut concerned = Vec::new();
        if !self.listens_to(transition) {
            return concerned;
        }
        for rule in self.listeners[&transition.rule.uid].clone() {
            if !covers(&rules.rules[rule], &transition.space, rules, counters) {
                continue;
            }
            for id in keys(rule, &transition.space, rules) {
                if !id.space.is_empty() && !covers(&rules.rules[rule], &id.space, rules, counters) {
                    continue;
                }
                let slot = self.slots.find_or_make(rule, id, rules, transition.log_time_ms, &mut self.past, counters);
                if self.pending.len() <= slot as usize {
                    self.pending.push(Vec::new());
                }
                self.pending[slot as usize].push(Part::of(transition));
                self.waiting.insert(slot);
                concerned.push(slot);
            }
        }
        concerned
    }

    /// Judges what happened before `tick_ms`.
    pub(crate) fn settle(&mut self, tick_ms: i64, step: &mut Step<'_>) {
        let mut touched = std::mem::take(&mut self.waiting);
        while let Some((_, slot)) = self.timers.pop_due(tick_ms.saturating_sub(1)) {
            touched.insert(slot);
        }
        let mut agenda: BTreeSet<Entry> = touched.iter().filter_map(|slot| self.entry(*slot, tick_ms)).collect();
        while let Some((_, at_ms, _, slot)) = agenda.pop_first() {
            let told = step.out.len();
            self.judge(slot, at_ms, step);
            agenda.extend(self.entry(slot, tick_ms));
            let transitions = step.out[told..].to_vec();
            for transition in &transitions {
                for listener in self.hear(transition, step.rules, step.counters) {
                    touched.insert(listener);
                    agenda.extend(self.entry(listener, tick_ms));
                }
            }
        }
        for slot in touched {
            self.timers.schedule(slot, self.slots[slot].due_ms());
            if !self.pending[slot as usize].is_empty() {
                self.waiting.insert(slot);
            }
        }
    }

    /// Goes on under changed rules.
    pub(crate) fn change(&mut self, change: &Succession, step: &mut Step<'_>) {
        let (places, timers) = self.slots.change(change, &mut self.past, step);
        self.past.keep_only(&change.uids());
        let mut pending = vec![Vec::new(); self.slots.count()];
        for (parts, place) in std::mem::take(&mut self.pending).into_iter().zip(&places) {
            if let Some(place) = place {
                pending[*place as usize] = parts;
            }
        }
        self.waiting = waiting(&pending);
        (self.pending, self.timers) = (pending, timers);
        (self.listeners, self.ranks) = listeners(self.level, &change.new);
    }

    /// When a slot is next, if that is before `tick_ms`.
    fn entry(&self, index: SlotIx, tick_ms: i64) -> Option<Entry> {
        let slot = &self.slots[index];
        let time_ms = slot.timing().time_ms;
        let told_ms = self.pending[index as usize].iter().map(|part| part.event_time_ms.max(time_ms)).min();
        let at_ms = told_ms.into_iter().chain(slot.due_ms()).min().filter(|at_ms| *at_ms < tick_ms)?;
        Some((self.ranks[&slot.rule_index()], at_ms, Arc::clone(&slot.about().id.key), index))
    }

    /// Judges a slot at an instant, if it has anything to judge then.
    fn judge(&mut self, index: SlotIx, at_ms: i64, step: &mut Step<'_>) {
        step.blocked = self.is_blocked(index, step.rules);
        let slot = &mut self.slots[index];
        let pending = &mut self.pending[index as usize];
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(pending).into_iter().partition(|part| part.event_time_ms <= at_ms);
        *pending = later;
        if due.is_empty() {
            slot.fire_until(at_ms, step);
        } else {
            slot.take_parts(&due, at_ms, step);
        }
        step.blocked = false;
    }

    /// Whether an episode elsewhere already tells of what may happen here: a neighbour has one of the same spread.
    fn is_blocked(&self, index: SlotIx, rules: &RuleSet) -> bool {
        let slot = &self.slots[index];
        let rule = slot.rule_index();
        if !matches!(rules.rules[rule].kind, Kind::Spread { among: Among::Adjacent, .. }) {
            return false;
        }
        let neighbours = rules.neighbours.get(&slot.about().id.key).into_iter().flatten();
        neighbours.filter_map(|key| self.slots.find(rule, key)).any(|other| self.slots[other].episode().is_open())
    }
}

/// Slots with pending transitions.
fn waiting(pending: &[Vec<Part>]) -> BTreeSet<SlotIx> {
    (0..).zip(pending).filter(|(_, parts)| !parts.is_empty()).map(|(slot, _)| slot).collect()
}

/// Whether a state says something about an episode's condition: how severe it is concerns no other rule.
const fn is_input(state: AlertState) -> bool {
    matches!(state, AlertState::Active | AlertState::Stale | AlertState::Resumed | AlertState::Cleared)
}

/// The keys of a rule that an episode in a space concerns.
fn keys(rule: RuleIx, space: &Arc<str>, rules: &RuleSet) -> Vec<SlotKey> {
    let of = |key: &Arc<str>| SlotKey { key: Arc::clone(key), space: Arc::default(), part: Arc::default() };
    let of_space = |key: &Arc<str>| SlotKey { space: Arc::clone(key), ..of(key) };
    match rules.rules[rule].kind {
        Kind::Spread { among: Among::District, .. } => {
            let district = rules.spaces.get(space).map_or("", |space| space.district.as_str());
            if district.is_empty() { Vec::new() } else { vec![of(&district.into())] }
        }
        Kind::Spread { among: Among::Adjacent, .. } => {
            let neighbours = rules.neighbours.get(space).into_iter().flatten();
            std::iter::once(space).chain(neighbours).map(of_space).collect()
        }
        _ => vec![of_space(space)],
    }
}

type Listeners = (BTreeMap<Arc<str>, Vec<RuleIx>>, BTreeMap<RuleIx, usize>);

/// Who listens to whom, and the rank of each listener.
fn listeners(level: Level, rules: &RuleSet) -> Listeners {
    let (mut listeners, mut ranks): Listeners = Default::default();
    let mut known = vec![None; rules.len()];
    for (index, rule) in rules.rules.iter().enumerate() {
        let belongs = match rule.kind {
            Kind::AllOf | Kind::AnyOf => level == Level::Space,
            Kind::Spread { .. } => level == Level::City,
            _ => false,
        };
        if !belongs {
            continue;
        }
        ranks.insert(index, rank(index, rules, &mut known));
        for part in rule.parts() {
            listeners.entry(Arc::clone(&rules.rules[*part].identity.uid)).or_default().push(index);
        }
    }
    (listeners, ranks)
}

/// How many rules about rules stand between a rule and those that read rows. The loader lets no circle pass.
fn rank(rule: RuleIx, rules: &RuleSet, known: &mut [Option<usize>]) -> usize {
    if let Some(rank) = known[rule] {
        return rank;
    }
    let found = rules.rules[rule].parts().iter().map(|part| 1 + rank(*part, rules, known)).max().unwrap_or(0);
    known[rule] = Some(found);
    found
}
