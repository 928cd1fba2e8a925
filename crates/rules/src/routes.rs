//! From a row to the lines and slots it concerns, with one hash lookup.
//!
//! A series is a distinct (space, metric, sensor, node). When it is seen first, every rule that reads its metric and
//! covers its space gets a place on its key; from then on the series leads straight there.

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

saved_enum!(Target { 0 => Line { 0: line, 1: member }, 1 => Slot { 0: slot, 1: member } });
saved_enum!(Route { 0 => Line { 0: line }, 1 => Targets { start, count } });

/// Places by series. Grows with the names in the log, whose number the sequencer bounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    /// Where the first series of a space and metric leads: for most it is the only one.
    firsts: Firsts,
    /// The first series that lead to several targets.
    heads: Vec<Head>,
    by_series: HashMap<Series, Route, FixedState>,
    targets: Vec<Target>,
    /// Rules on incidents that cover a space.
    incident_rules: HashMap<NameIx, Vec<usize>, FixedState>,
}

impl Saved for Routes {
    fn save(&self, to: &mut Saver<'_>) {
        let Self { firsts, heads, by_series, targets, incident_rules } = self;
        targets.save(to);
        heads.save(to);
        by_series.save(to);
        firsts.save(to);
        incident_rules.save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let (targets, heads): (Vec<Target>, Vec<Head>) = (Vec::load(from)?, Vec::load(from)?);
        let by_series: HashMap<_, _, _> = Saved::load(from)?;
        let firsts = Firsts::load(by_series.len(), from)?;
        let incident_rules: HashMap<_, Vec<usize>, _> = Saved::load(from)?;
        let known = incident_rules.values().flatten().all(|rule| *rule < from.rules.len());
        require(known, "incidents lead to a rule that is not in force")?;
        Ok(Self { firsts, heads, by_series, targets, incident_rules })
    }
}

impl Routes {
    /// An error unless every route leads to targets, and every target to a place with that member.
    pub(crate) fn require_places(&self, exists: impl Fn(Target) -> bool) -> Result<(), Wrong> {
        let is_line = |line: u32| exists(Target::Line(line, 0));
        let is_range = |start: u32, count: u32| start as usize + count as usize <= self.targets.len();
        let heads = self.heads.iter().all(|head| is_range(head.start, head.count));
        let routes = self.by_series.values().all(|route| match *route {
            Route::Line(line) => is_line(line),
            Route::Targets { start, count } => is_range(start, count),
        });
        let places = self.firsts.0.iter().flat_map(|of_metric| &of_metric.spaces);
        let firsts = places.filter_map(|place| First::of(*place)).all(|first| match first {
            First::Line(line) => is_line(line),
            First::Head(head) => (head as usize) < self.heads.len(),
        });
        let exist = heads && routes && firsts && self.targets.iter().all(|target| exists(*target));
        require(exist, "a route leads nowhere")
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

/// Where the first series of a space and metric leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// To a line, as its first member.
    Line(LineIx),
    /// To the targets of a head.
    Head(u32),
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

impl First {
    /// What a table has for a space.
    #[inline]
    const fn of(place: u32) -> Option<Self> {
        match place {
            NONE => None,
            head if head & HEAD != 0 => Some(Self::Head(head & !HEAD)),
            line => Some(Self::Line(line)),
        }
    }
}

impl Head {
    const fn is(&self, sensor: NameIx, node: NameIx) -> bool {
        self.sensor == sensor && self.node == node
    }
}

/// A [`First`] for each metric and space, without a search: by metric the index of a line, or of a head with a bit set, of
/// each space. It grows with the series that were seen, not with the largest name: whoever invents names fills no memory by it.
#[derive(Clone, Debug, Default)]
struct Firsts(Vec<OfMetric>);

/// What is known of one metric.
#[derive(Clone, Debug, Default)]
struct OfMetric {
    seen: usize,
    spaces: Vec<u32>,
}

/// Stands for "none".
const NONE: u32 = u32::MAX;
/// Set for a head.
const HEAD: u32 = 1 << 31;
/// Metrics with a larger index are looked up as any other series.
const METRICS_MAX: usize = 1_024;
/// Places that a series may bring: partitions share the spaces, so that a table of one is seldom full.
const PLACES_PER_SERIES: usize = 64;

impl Firsts {
    #[inline]
    fn get(&self, space: NameIx, metric: NameIx) -> Option<First> {
        First::of(*self.0.get(metric as usize)?.spaces.get(space as usize)?)
    }

    /// Writes each table without its empty places.
    fn save(&self, to: &mut Saver<'_>) {
        to.count(self.0.len());
        for OfMetric { seen, spaces } in &self.0 {
            seen.save(to);
            spaces.len().save(to);
            let places = || (0..).zip(spaces).filter(|(_, place)| **place != NONE);
            to.count(places().count());
            for (space, place) in places() {
                to.put(&(u64::from(*place) << 32 | space).to_le_bytes());
                to.flush_full();
            }
        }
    }

    /// Reads tables for so many other series; they take no more memory than all series together allow.
    fn load(others: usize, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let (count, mut others) = (from.count()?, others);
        require(count <= METRICS_MAX, "it has too many tables of metrics")?;
        let mut tables = Vec::new();
        for _ in 0..count {
            let (seen, length, places) = (usize::load(from)?, usize::load(from)?, from.chunks::<8>()?);
            let elsewhere = seen.checked_sub(places.len()).and_then(|seen| others.checked_sub(seen));
            others = elsewhere.ok_or(Wrong("a table knows of more series than there are"))?;
            require(length <= places_max(seen), "a table of series is too large")?;
            let mut spaces = vec![NONE; length];
            for place in places {
                let number = u64::from_le_bytes(*place);
                let space = spaces.get_mut(number as u32 as usize).ok_or(Wrong("a series is outside its table"))?;
                *space = (number >> 32) as u32;
            }
            tables.push(OfMetric { seen, spaces });
        }
        Ok(Self(tables))
    }

    /// Keeps where a new series leads, if it is the first of its space and metric and there is room; whether it did.
    fn add(&mut self, space: NameIx, metric: NameIx, first: First) -> bool {
        let (space, metric) = (space as usize, metric as usize);
        if metric >= METRICS_MAX {
            return false;
        }
        if metric >= self.0.len() {
            self.0.resize(metric + 1, OfMetric::default());
        }
        let OfMetric { seen, spaces } = &mut self.0[metric];
        *seen += 1;
        if space >= spaces.len() {
            if space >= places_max(*seen) {
                return false;
            }
            spaces.resize(space + 1, NONE);
        }
        let is_new = spaces[space] == NONE;
        if is_new {
            spaces[space] = match first {
                First::Line(line) => line,
                First::Head(head) => head | HEAD,
            };
        }
        is_new
    }
}

/// The most places of a table when so many series of its metric were seen.
const fn places_max(seen: usize) -> usize {
    PLACES_PER_SERIES.saturating_mul(seen.saturating_add(PLACES_PER_SERIES))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_grows_with_the_series_seen() {
        let mut firsts = Firsts::default();
        assert!(firsts.add(4_000, 0, First::Line(7)) && !firsts.add(4_000, 0, First::Line(8)));
        assert!(!firsts.add(900_000, 0, First::Line(8)) && !firsts.add(0, 5_000, First::Line(8)), "few series so far");
        assert_eq!((firsts.get(4_000, 0), firsts.get(3, 0), firsts.get(0, 9)), (Some(First::Line(7)), None, None));
        for space in 0..20_000 {
            firsts.add(space, 1, First::Head(space));
        }
        assert!(firsts.add(900_000, 1, First::Head(1)), "enough series by now");
        assert_eq!((firsts.get(19_999, 1), firsts.get(900_000, 1)), (Some(First::Head(19_999)), Some(First::Head(1))));
    }
}
