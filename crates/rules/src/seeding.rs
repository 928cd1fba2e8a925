//! Seeds of baseline rules from stored history, so that a new rule need not wait `min_weeks` (`docs/rules.md`, "Baselines").
//!
//! Stored rows pass through the same state as an engine's inputs, without being judged; what it has learnt by the rule's
//! start becomes [`Seeds`], records of the log. So a rule that is seeded goes on as one that saw the rows itself.
//!
//! ```
//! use vigie_model::control::{Control, SourceFile};
//! use vigie_model::seeds::RuleStart;
//! use vigie_rules::seeding::Seeding;
//!
//! let text = "groups:\n- name: a\n  rules:\n  - {alert: Silent, kind: absence, metric: heartbeat, for: 30s}\n";
//! let rules = vec![SourceFile { path: "rules.yaml".into(), text: text.into() }];
//! let control = Control { time_zone: "Australia/Melbourne".into(), rules, ..Control::default() };
//! let rules = vigie_rules::load::load(&control).unwrap().rules;
//! let seeding = Seeding::new(rules, |_| true, RuleStart { sequence: 0, log_time_ms: 0 });
//! assert_eq!(seeding.metrics().count(), 0, "no rule needs history");
//! assert!(seeding.finish().is_empty());
//! ```

use crate::input::SlotInput;
use crate::kind::{Kind, Per, RuleIx, Source};
use crate::kinds::threshold::MemberIx;
use crate::routes::covers;
use crate::spec::{Rule, RuleSet};
use crate::state::State;
use crate::step::Counters;
use foldhash::fast::FixedState;
use hashbrown::{Equivalent, HashMap};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::Arc;
use vigie_model::alert::RuleIdentity;
use vigie_model::batch::Quality;
use vigie_model::names::NO_NAME;
use vigie_model::seeds::{KeySeeds, RuleStart, Seeds};

/// The most keys of one record: with 168 hours each it stays below a megabyte.
pub const SEEDS_KEYS_MAX: usize = 100;

/// A stored observation.
#[derive(Clone, Copy, Debug)]
pub struct StoredRow<'a> {
    /// Its space.
    pub space: &'a str,
    /// The sensor, if it has one.
    pub sensor: Option<&'a str>,
    /// The edge node, if it has one.
    pub node: Option<&'a str>,
    /// The metric.
    pub metric: &'a str,
    /// The value in millionths.
    pub micros: i64,
    /// When it was measured.
    pub event_time_ms: i64,
    /// Whether its source vouches for it.
    pub quality: Quality,
}

/// Learns from stored rows. Its memory grows with the keys in them, as an engine's does.
#[derive(Debug)]
pub struct Seeding {
    rules: Arc<RuleSet>,
    /// The rules that learn.
    chosen: Vec<RuleIx>,
    /// Where they start.
    start: RuleStart,
    keys: Vec<Key>,
    by_key: BTreeMap<(RuleIx, Arc<str>), usize>,
    by_series: HashMap<Series, Vec<Target>, FixedState>,
}

/// One key of one rule.
#[derive(Debug)]
struct Key {
    key: Arc<str>,
    space: Arc<str>,
    part: Arc<str>,
    members: Vec<Member>,
    state: State,
    time_ms: i64,
}

/// Whose values these are: a sensor's, else a node's, else nobody's.
type Member = Option<(bool, Arc<str>)>;

/// Where a series leads.
#[derive(Clone, Copy, Debug)]
struct Target {
    key: usize,
    member: MemberIx,
}

/// A distinct (space, metric, sensor, node).
#[derive(Debug, Hash, PartialEq, Eq)]
struct Series(Box<str>, Box<str>, Option<Box<str>>, Option<Box<str>>);

/// A [`Series`] to look up.
#[derive(Hash)]
struct SeriesRef<'a>(&'a str, &'a str, Option<&'a str>, Option<&'a str>);

impl Equivalent<Series> for SeriesRef<'_> {
    fn equivalent(&self, Series(space, metric, sensor, node): &Series) -> bool {
        (self.0, self.1, self.2, self.3) == (&**space, &**metric, sensor.as_deref(), node.as_deref())
    }
}

impl Seeding {
    /// Learns for the baseline rules that are `wanted` and began at `start`; other rules need no seeds.
    pub fn new(rules: Arc<RuleSet>, wanted: impl Fn(&RuleIdentity) -> bool, start: RuleStart) -> Self {
        let learns = |(_, rule): &(RuleIx, &Rule)| matches!(rule.kind, Kind::Baseline { .. }) && wanted(&rule.identity);
        let chosen = rules.rules.iter().enumerate().filter(learns).map(|(index, _)| index).collect();
        Self { rules, chosen, start, keys: Vec::new(), by_key: BTreeMap::new(), by_series: HashMap::default() }
    }

    /// The metrics whose rows are needed.
    pub fn metrics(&self) -> impl Iterator<Item = &Arc<str>> {
        let sources = self.chosen.iter().flat_map(|index| self.rules.rules[*index].sources());
        let metrics = sources.filter_map(|source| match source {
            Source::Metric(metric) => Some(metric),
            Source::Incidents { .. } => None,
        });
        metrics.collect::<BTreeSet<_>>().into_iter()
    }

    /// Takes in the next row, in the order of event times; of rows at one instant, in the order of arrival. Rows that are
    /// older than the newest of their sensor, or not older than the start, change nothing. History that was loaded as
    /// backfill may be among them.
    pub fn row(&mut self, row: &StoredRow<'_>) {
        if row.quality != Quality::Good || row.event_time_ms >= self.start.log_time_ms {
            return;
        }
        let series = SeriesRef(row.space, row.metric, row.sensor, row.node);
        if !self.by_series.contains_key(&series) {
            let targets = self.targets(row);
            let owned = |text: Option<&str>| text.map(Box::from);
            let series = Series(row.space.into(), row.metric.into(), owned(row.sensor), owned(row.node));
            self.by_series.insert(series, targets);
        }
        for target in &self.by_series[&series] {
            self.keys[target.key].take(row, target.member, &self.rules);
        }
    }

    /// What was learnt from hours that ended by the start, in records of at most [`SEEDS_KEYS_MAX`] keys, by
    /// rule and key; at least one for each rule.
    #[must_use]
    pub fn finish(mut self) -> Vec<Seeds> {
        let mut by_rule: BTreeMap<RuleIx, Vec<KeySeeds>> = self.chosen.iter().map(|rule| (*rule, Vec::new())).collect();
        for ((rule, _), key) in &self.by_key {
            by_rule.entry(*rule).or_default().extend(self.keys[*key].seeds(self.start.log_time_ms, &self.rules));
        }
        by_rule.into_iter().flat_map(|(rule, keys)| self.records(rule, keys)).collect()
    }

    fn records(&self, rule: RuleIx, mut keys: Vec<KeySeeds>) -> Vec<Seeds> {
        let mut records = Vec::new();
        loop {
            let rest = keys.split_off(keys.len().min(SEEDS_KEYS_MAX));
            let (rule_uid, more) = (Arc::clone(&self.rules.rules[rule].identity.uid), !rest.is_empty());
            records.push(Seeds { rule_uid, start: self.start, keys, more });
            if !more {
                return records;
            }
            keys = rest;
        }
    }

    /// The keys that read a series seen for the first time.
    fn targets(&mut self, row: &StoredRow<'_>) -> Vec<Target> {
        let mut targets = Vec::new();
        let rules = Arc::clone(&self.rules);
        for index in self.chosen.clone() {
            let rule = &rules.rules[index];
            if rule.reading(row.metric) == 0 || !covers(rule, row.space, &rules, &mut Counters::default()) {
                continue;
            }
            let part = match rule.per {
                Per::Space => Some(""),
                Per::Sensor => row.sensor,
                Per::Node => row.node,
            };
            let Some(part) = part else { continue };
            let name: Arc<str> =
                if part.is_empty() { row.space.into() } else { format!("{}/{part}", row.space).into() };
            let keys = &mut self.keys;
            let key = *self.by_key.entry((index, Arc::clone(&name))).or_insert_with(|| {
                keys.push(Key {
                    key: name,
                    space: row.space.into(),
                    part: part.into(),
                    members: Vec::new(),
                    state: State::new(rule.kind, i64::MIN),
                    time_ms: i64::MIN,
                });
                keys.len() - 1
            });
            targets.push(Target { key, member: self.keys[key].member(row) });
        }
        targets
    }
}

impl Key {
    fn member(&mut self, row: &StoredRow<'_>) -> MemberIx {
        let sensor = row.sensor.map(|sensor| (true, Arc::from(sensor)));
        let member = sensor.or_else(|| row.node.map(|node| (false, Arc::from(node))));
        let index = self.members.iter().position(|known| *known == member).unwrap_or_else(|| {
            self.members.push(member);
            self.members.len() - 1
        });
        MemberIx::try_from(index).expect("members are names of rows in memory, fewer than 2^32")
    }

    /// As an engine's slot takes an input in, but nothing is judged.
    fn take(&mut self, row: &StoredRow<'_>, member: MemberIx, rules: &RuleSet) {
        let input = SlotInput {
            member,
            reading: 1,
            sensor: NO_NAME,
            node: NO_NAME,
            micros: row.micros,
            event_time_ms: row.event_time_ms,
            quality: row.quality,
            feed: NO_NAME,
            incident: None,
        };
        if !self.state.is_late(&input) {
            self.time_ms = self.time_ms.max(row.event_time_ms);
            self.state.advance(self.time_ms);
            self.state.enter(&input, self.time_ms, true, &rules.zone);
        }
    }

    fn seeds(&mut self, start_ms: i64, rules: &RuleSet) -> Option<KeySeeds> {
        let State::Baseline(unusual) = &mut self.state else { return None };
        unusual.learnt.touch(&rules.zone, start_ms, unusual.usual.half_life_weeks);
        let learnt = unusual.learnt.to_seeds()?;
        Some(KeySeeds {
            key: Arc::clone(&self.key),
            space: Arc::clone(&self.space),
            part: Arc::clone(&self.part),
            ..learnt
        })
    }
}

#[cfg(test)]
mod tests;
