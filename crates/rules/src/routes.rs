//! From a row to the lines and slots it concerns, with one hash lookup.
//!
//! A series is a distinct (space, metric, sensor, node). When it is seen first, every rule that reads its metric and
//! covers its space gets a place on its key; from then on the series leads straight there.

use crate::kind::{Kind, Per, RuleIx, narrow};
use crate::kinds::threshold::MemberIx;
use crate::spec::{Rule, RuleSet};
use crate::step::Counters;
use crate::timers::{LineIx, SlotIx};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::Arc;
use vigie_model::names::{NameIx, NameKind, Names};
use vigie_model::space::Space;

/// A distinct (space, metric, sensor, node).
pub(crate) type Series = (NameIx, NameIx, NameIx, NameIx);

/// A place that a series leads to, and the member the series is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// A line.
    Line(LineIx, MemberIx),
    /// A slot.
    Slot(SlotIx, MemberIx),
}

/// Where one series leads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Route {
    /// To one line, as its first member: so do most.
    Line(LineIx),
    /// To several targets, or none.
    Targets {
        /// The first of them.
        start: u32,
        /// How many they are.
        count: u32,
    },
}

/// Places by series. Grows with the names in the log, whose number the sequencer bounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    /// The first series of a space and metric that leads to a line alone: for most it is the only one.
    firsts: Firsts,
    by_series: HashMap<Series, Route, FixedState>,
    targets: Vec<Target>,
    /// Rules on incidents that cover a space.
    incident_rules: HashMap<NameIx, Vec<usize>, FixedState>,
}

impl Routes {
    /// The line that the first series of a space and metric leads to; it knows whether a row is of that series.
    #[inline]
    pub(crate) fn first(&self, space: NameIx, metric: NameIx) -> Option<LineIx> {
        self.firsts.get(space, metric)
    }

    /// Where any other series leads; `None` when it was never seen.
    #[inline]
    pub(crate) fn get(&self, series: Series) -> Option<Route> {
        self.by_series.get(&series).copied()
    }

    /// A target of a route.
    pub(crate) fn target(&self, index: u32) -> Target {
        self.targets[index as usize]
    }

    /// Keeps the route of a series seen for the first time; `is_first` tells of a line whether its rows are those of its first
    /// member.
    pub(crate) fn add(&mut self, series: Series, targets: &[Target], is_first: impl FnOnce(LineIx) -> bool) -> Route {
        let route = match targets {
            [Target::Line(line, 0)] => Route::Line(*line),
            _ => {
                let start = narrow(self.targets.len());
                self.targets.extend(targets);
                Route::Targets { start, count: narrow(targets.len()) }
            }
        };
        let is_found_first = match route {
            Route::Line(line) => is_first(line) && self.firsts.add(series.0, series.1, line),
            Route::Targets { .. } => false,
        };
        if !is_found_first {
            self.by_series.insert(series, route);
        }
        route
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

/// A line for each metric and space, without a search.
#[derive(Clone, Debug, Default)]
struct Firsts(Vec<Vec<LineIx>>);

/// Stands for "no line".
const NONE: LineIx = LineIx::MAX;

impl Firsts {
    #[inline]
    fn get(&self, space: NameIx, metric: NameIx) -> Option<LineIx> {
        let line = *self.0.get(metric as usize)?.get(space as usize)?;
        (line != NONE).then_some(line)
    }

    /// Whether there was none of this space and metric before.
    fn add(&mut self, space: NameIx, metric: NameIx, line: LineIx) -> bool {
        let (space, metric) = (space as usize, metric as usize);
        if metric >= self.0.len() {
            self.0.resize(metric + 1, Vec::new());
        }
        let lines = &mut self.0[metric];
        if space >= lines.len() {
            lines.resize(space + 1, NONE);
        }
        let is_new = lines[space] == NONE;
        if is_new {
            lines[space] = line;
        }
        is_new
    }
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

/// A rule and a key of it: its space, and its sensor if it has one.
pub(crate) type ExpectedKey<'a> = (RuleIx, &'a Arc<str>, Option<&'a Arc<str>>);

/// The keys of absence rules whose sensors are expected to send, in the spaces of one owner.
pub(crate) fn expected<'a>(
    rules: &'a RuleSet,
    is_own: impl Fn(&str) -> bool,
    counters: &mut Counters,
) -> Vec<ExpectedKey<'a>> {
    let mut keys = Vec::new();
    for space in rules.spaces.values().filter(|space| is_own(&space.id)) {
        for sensor in space.sensors.iter().filter(|sensor| sensor.expected) {
            for (index, rule) in rules.rules.iter().enumerate() {
                let part = match rule.per {
                    Per::Space => None,
                    Per::Sensor => Some(&sensor.id),
                    Per::Node => continue,
                };
                let reads = matches!(rule.kind, Kind::Absence { .. }) && rule.reading(&sensor.metric) != 0;
                if reads && covers(rule, &space.id, rules, counters) {
                    keys.push((index, &space.id, part));
                }
            }
        }
    }
    keys
}
