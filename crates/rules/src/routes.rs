//! From a row to the lines and slots it concerns, with one hash lookup.
//!
//! A series is a distinct (space, metric, sensor, node). When it is seen first, every rule that reads its metric and
//! covers its space gets a place on its key; from then on the series leads straight there.

use crate::firsts::{First, Firsts};
use crate::kind::{Kind, Per, RuleIx, narrow};
use crate::kinds::threshold::MemberIx;
use crate::saved::{Loader, Saved, Saver, Wrong, require, saved, saved_enum};
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

/// Index of the porch of a line.
pub(crate) type PorchIx = u32;

/// A place that a series leads to, and the member the series is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// A line of thresholds.
    Line(LineIx, MemberIx),
    /// The porch of a window's line.
    Porch(PorchIx, MemberIx),
    /// A slot, and which sources of its rule read the metric, one bit for each.
    Slot(SlotIx, MemberIx, u32),
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

saved_enum!(Target {
    0 => Line { 0: line, 1: member }, 1 => Slot { 0: slot, 1: member, 2: reading }, 2 => Porch { 0: porch, 1: member },
});
saved_enum!(Route { 0 => Line { 0: line }, 1 => Targets { start, count } });

/// Places by series. Grows with the names in the log, whose number the sequencer bounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    /// Where the first series of a space and metric leads: for most it is the only one.
    firsts: Firsts,
    /// The first series that lead to several targets.
    heads: Vec<Head>,
    /// Space and metric of each, which only a snapshot needs.
    headed: Vec<(NameIx, NameIx)>,
    by_series: HashMap<Series, Route, FixedState>,
    targets: Vec<Target>,
    /// Rules on incidents that cover a space.
    incident_rules: HashMap<NameIx, Vec<usize>, FixedState>,
}

impl Routes {
    /// Writes all routes.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        let Self { firsts, heads, headed, by_series, targets, incident_rules } = self;
        targets.save(to);
        heads.save(to);
        headed.save(to);
        by_series.save(to);
        firsts.save(to);
        incident_rules.save(to);
    }

    /// Reads routes, every one of which leads to targets, and every target to a place with that member. `straight` are the lines
    /// that first series lead straight to.
    pub(crate) fn load(
        straight: impl Iterator<Item = (NameIx, NameIx, LineIx)> + Clone,
        exists: impl Fn(Target) -> bool,
        from: &mut Loader<'_>,
    ) -> Result<Self, Wrong> {
        let (targets, heads): (Vec<Target>, Vec<Head>) = (Vec::load(from)?, Vec::load(from)?);
        let headed: Vec<(NameIx, NameIx)> = Vec::load(from)?;
        let by_series: HashMap<_, _, _> = Saved::load(from)?;
        let is_range = |start: u32, count: u32| start as usize + count as usize <= targets.len();
        let is_route = |route: Route| match route {
            Route::Line(line) => exists(Target::Line(line, 0)),
            Route::Targets { start, count } => is_range(start, count),
        };
        let lead = heads.iter().all(|head| is_range(head.start, head.count))
            && by_series.values().all(|route| is_route(*route))
            && targets.iter().all(|target| exists(*target));
        require(lead, "a route leads nowhere")?;
        require(headed.len() == heads.len(), "heads are more or fewer than their series")?;
        let series = straight.clone().count() + heads.len() + by_series.len();
        let lines = straight.map(|(space, metric, line)| (space, metric, First::Line(line)));
        let heading = headed.iter().zip(0..).map(|(&(space, metric), head)| (space, metric, First::Head(head)));
        let firsts = Firsts::load(series, lines.chain(heading), from)?;
        let incident_rules: HashMap<_, Vec<usize>, _> = Saved::load(from)?;
        let known = incident_rules.values().flatten().all(|rule| *rule < from.rules.len());
        require(known, "incidents lead to a rule that is not in force")?;
        Ok(Self { firsts, heads, headed, by_series, targets, incident_rules })
    }

    /// Where the first series of a space and metric leads; whoever is there knows whether a row is of that series.
    #[inline]
    pub(crate) fn first(&self, space: NameIx, metric: NameIx) -> Option<First> {
        self.firsts.get(space, metric)
    }

    /// The route of a first series, if a row of this sensor and node is of it.
    #[inline]
    pub(crate) fn of_head(&self, head: u32, sensor: NameIx, node: NameIx) -> Option<Route> {
        let Head { start, count, .. } = *self.heads.get(head as usize).filter(|head| head.is(sensor, node))?;
        Some(Route::Targets { start, count })
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
        let (space, metric, sensor, node) = series;
        let is_found_first = match route {
            Route::Line(line) => is_first(line) && self.firsts.add(space, metric, First::Line(line)),
            Route::Targets { start, count } => {
                let is_new = self.firsts.add(space, metric, First::Head(narrow(self.heads.len())));
                if is_new {
                    self.heads.push(Head { sensor, node, start, count });
                    self.headed.push((space, metric));
                }
                is_new
            }
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

/// A first series, and where it leads.
#[derive(Clone, Copy, Debug)]
struct Head {
    sensor: NameIx,
    node: NameIx,
    start: u32,
    count: u32,
}

saved!(Head { sensor, node, start, count });

impl Head {
    const fn is(&self, sensor: NameIx, node: NameIx) -> bool {
        self.sensor == sensor && self.node == node
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
