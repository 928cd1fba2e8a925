//! From a row to the slots it concerns, with one hash lookup.
//!
//! A series is a distinct (space, metric, sensor, node). When it is seen first, every rule that reads its metric and
//! covers its space gets a slot for its key; from then on the series leads straight there.

use crate::kind::Per;
use crate::kinds::threshold::MemberIx;
use crate::slot::{Slot, SlotKey};
use crate::spec::{Rule, RuleSet};
use crate::state::Member;
use crate::step::Counters;
use crate::timers::SlotIx;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use vigie_model::names::{NO_NAME, NameIx, NameKind, Names};
use vigie_model::space::Space;

/// A distinct (space, metric, sensor, node).
pub(crate) type Series = (NameIx, NameIx, NameIx, NameIx);

/// Where one series leads: a slot, and the member the series is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// The slot.
    pub(crate) slot: SlotIx,
    /// The member inside it.
    pub(crate) member: MemberIx,
}

/// Slots by series and by key. Grows with the names in the log, whose number the sequencer bounds.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_series: HashMap<Series, Range<usize>, FixedState>,
    targets: Vec<Target>,
    by_key: BTreeMap<(usize, Arc<str>), SlotIx>,
    /// Rules on incidents that cover a space.
    incident_rules: HashMap<NameIx, Vec<usize>, FixedState>,
}

impl Routes {
    /// Where a series leads; `None` when it was never seen.
    pub(crate) fn get(&self, series: Series) -> Option<Range<usize>> {
        self.by_series.get(&series).cloned()
    }

    /// A target of a route.
    pub(crate) fn target(&self, index: usize) -> Target {
        self.targets[index]
    }

    /// Makes the route of a series seen for the first time.
    pub(crate) fn add(&mut self, series: Series, growing: &mut Growing<'_>) -> Range<usize> {
        let (space, metric, sensor, node) = series;
        let names = growing.names;
        let (space, metric) = (names.name(NameKind::Space, space), names.name(NameKind::Metric, metric));
        let start = self.targets.len();
        for (index, rule) in growing.rules.rules.iter().enumerate() {
            if rule.reading(metric) == 0 || !covers(rule, space, growing.rules, growing.counters) {
                continue;
            }
            let part = match rule.per {
                Per::Space => None,
                Per::Sensor if sensor == NO_NAME => continue,
                Per::Sensor => Some(names.name(NameKind::Sensor, sensor)),
                Per::Node if node == NO_NAME => continue,
                Per::Node => Some(names.name(NameKind::Node, node)),
            };
            let slot = self.slot(index, space, part, growing);
            let member = growing.slots[slot as usize].member(Member::of(sensor, node));
            self.targets.push(Target { slot, member });
        }
        growing.counters.series += 1;
        let route = start..self.targets.len();
        self.by_series.insert(series, route.clone());
        route
    }

    /// The slot of a rule on a key, which is made when it is new.
    pub(crate) fn slot(
        &mut self,
        rule: usize,
        space: &Arc<str>,
        part: Option<&Arc<str>>,
        growing: &mut Growing<'_>,
    ) -> SlotIx {
        let key: Arc<str> = part.map_or_else(|| Arc::clone(space), |part| format!("{space}/{part}").into());
        *self.by_key.entry((rule, Arc::clone(&key))).or_insert_with(|| {
            let id = SlotKey { rule, key, space: Arc::clone(space), part: part.cloned().unwrap_or_default() };
            growing.slots.push(Slot::new(id, &growing.rules.rules[rule], growing.log_time_ms));
            growing.counters.keys += 1;
            SlotIx::try_from(growing.slots.len() - 1)
                .expect("slots are bounded by the names in the log, fewer than 2^32")
        })
    }

    /// The rules on incidents that cover a space.
    pub(crate) fn incident_rules(
        &mut self,
        space: NameIx,
        rules: &RuleSet,
        names: &Names,
        counters: &mut Counters,
    ) -> &[usize] {
        self.incident_rules.entry(space).or_insert_with(|| {
            let space = names.name(NameKind::Space, space);
            let mut reads = |rule: &Rule| rule.reads_incidents() && covers(rule, space, rules, counters);
            rules.rules.iter().enumerate().filter(|(_, rule)| reads(rule)).map(|(index, _)| index).collect()
        })
    }
}

/// What a new route or slot is made from, and where it goes.
#[derive(Debug)]
pub(crate) struct Growing<'a> {
    /// The rules.
    pub(crate) rules: &'a RuleSet,
    /// Names of the indices in rows.
    pub(crate) names: &'a Names,
    /// All slots.
    pub(crate) slots: &'a mut Vec<Slot>,
    /// What is counted.
    pub(crate) counters: &'a mut Counters,
    /// Log time of the row, or of the engine's start.
    pub(crate) log_time_ms: i64,
}

/// Whether a rule is about a space; one that nobody declared is known by its id only.
pub(crate) fn covers(rule: &Rule, space: &str, rules: &RuleSet, counters: &mut Counters) -> bool {
    let covered = match rules.spaces.get(space) {
        Some(space) => rule.covers(space),
        None => rule.covers(&Space::registered(space)),
    };
    covered.unwrap_or_else(|_| {
        counters.arithmetic_faults += 1;
        false
    })
}
