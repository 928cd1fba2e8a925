//! A spread rule: episodes of one rule that begin in several spaces. Each key is on a time of its own; no key reads
//! anything but transitions.

use crate::composite::Part;
use crate::episode::{Episode, State, Verdict};
use crate::mutant::Mutant;
use crate::rule::{Among, Kind, Rule};
use crate::spans::Spans;
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// A spread rule with all its keys.
#[derive(Clone, Debug)]
pub(crate) struct Spread<'r> {
    pub(crate) rule: &'r Rule,
    k: usize,
    within_ms: i64,
    among: Among,
    world: &'r World,
    period: Spans,
    mutant: Mutant,
    pub(crate) keys: BTreeMap<String, Key>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Period,
    Escalation,
    Look,
}

/// A district or a space.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    mutant: Mutant,
    period: Spans,
    time: i64,
    looked: i64,
    /// Came since the last tick, with their spaces.
    waiting: Vec<(String, Part)>,
    /// When the newest episode of each space became active.
    began: BTreeMap<String, i64>,
    /// Space and key of open episodes.
    open: BTreeSet<(String, String)>,
    pub(crate) episode: Episode,
}

impl<'r> Spread<'r> {
    pub(crate) fn new(rule: &'r Rule, world: &'r World, period: Spans, mutant: Mutant) -> Self {
        let Kind::Spread { k, within_ms, among, .. } = rule.kind else { panic!("a spread") };
        Self { rule, k, within_ms, among, world, period, mutant, keys: BTreeMap::new() }
    }

    /// A transition of its rule in a space.
    pub(crate) fn part(&mut self, space: &str, part: &Part) {
        let keys: Vec<String> = match self.among {
            Among::District => {
                Some(self.world.district(space)).filter(|id| !id.is_empty()).map(str::to_owned).into_iter().collect()
            }
            Among::Adjacent => {
                let neighbours = self.world.places.iter().filter(|place| self.world.are_adjacent(&place.id, space));
                neighbours.map(|place| place.id.clone()).chain([space.to_owned()]).collect()
            }
        };
        for key in keys {
            let fresh = || Key {
                mutant: self.mutant,
                period: self.period.clone(),
                time: i64::MIN,
                looked: i64::MIN,
                waiting: Vec::new(),
                began: BTreeMap::new(),
                open: BTreeSet::new(),
                episode: Episode::new(self.rule, self.mutant),
            };
            self.keys.entry(key).or_insert_with(fresh).waiting.push((space.to_owned(), part.clone()));
        }
    }

    /// Settles all instants before T, in order over all keys.
    pub(crate) fn settle(&mut self, tick: i64) {
        loop {
            let next = self.keys.iter().filter_map(|(name, key)| {
                let (at, timer) = key.next(self.k, self.within_ms)?;
                Some((at, name.clone(), timer))
            });
            let Some((at, name, timer)) = next.min().filter(|(at, ..)| *at < tick) else { return };
            let may_begin = self.among == Among::District
                || !self.keys.iter().any(|(other, key)| {
                    *other != name && key.episode.is_open() && self.world.are_adjacent(other, &name)
                });
            let key = self.keys.get_mut(&name).expect("just found");
            key.time = at;
            match timer {
                Timer::Period if !key.period.holds(at) => {
                    key.episode.end_period(at);
                    continue;
                }
                Timer::Escalation => {
                    key.episode.escalate(at);
                    continue;
                }
                Timer::Period | Timer::Look => {}
            }
            let leaves_first = matches!(self.mutant, Mutant::SpreadLeavesFirst | Mutant::SpreadHasTimers);
            let sees_what_leaves = self.mutant == Mutant::SpreadHasTimers && timer == Timer::Period;
            if leaves_first && !sees_what_leaves && key.clears_at(self.k, self.within_ms) == Some(at) {
                key.looked = at;
                key.episode.judge(at, Verdict::Clear);
                continue;
            }
            if timer == Timer::Look {
                key.take(at);
            }
            key.looked = at - i64::from(sees_what_leaves);
            let began = key.begun(self.within_ms, key.looked).len();
            let concerned = key.concerned(self.within_ms, key.looked).len();
            let raised = if self.mutant == Mutant::SpreadCountsOpen { concerned } else { began } >= self.k;
            let cleared = if self.mutant == Mutant::SpreadEndsEarly { began } else { concerned } < self.k;
            let verdict = match (raised, cleared) {
                (true, _) if !may_begin && !key.episode.is_open() => Verdict::Between,
                (true, _) => Verdict::Raise,
                (false, true) => Verdict::Clear,
                (false, false) => Verdict::Between,
            };
            if key.period.holds(at) {
                key.episode.judge(at, verdict);
            }
        }
    }
}

impl Key {
    /// The next instant to settle: a change of the period, an escalation, a transition, or, of an open episode, the end of
    /// somebody's beginning.
    fn next(&self, k: usize, within_ms: i64) -> Option<(i64, Timer)> {
        let parts = self.waiting.iter().map(|(_, part)| part.time.max(self.time)).min();
        let looks = [parts, self.clears_at(k, within_ms)].into_iter().flatten().min();
        let change = self.period.next_change(self.time).filter(|change| {
            self.episode.state != State::Inactive || !self.concerned(within_ms, change - 1).is_empty()
        });
        let timers =
            [(change, Timer::Period), (self.episode.escalation_due(), Timer::Escalation), (looks, Timer::Look)];
        timers.into_iter().filter_map(|(at, timer)| Some((at?, timer))).min()
    }

    /// When fewer than k will be concerned, if nothing else happens and the episode is open.
    fn clears_at(&self, k: usize, within_ms: i64) -> Option<i64> {
        let mut ends: Vec<i64> =
            self.began.values().map(|began| began + within_ms).filter(|end| *end > self.looked).collect();
        ends.sort_unstable();
        let clears = ends.into_iter().find(|end| self.concerned(within_ms, *end).len() < k);
        if self.mutant == Mutant::SpreadHasTimers && !self.episode.is_open() {
            return self.began.values().map(|began| began + within_ms).filter(|end| *end > self.looked).min();
        }
        clears.filter(|_| self.episode.is_open())
    }

    fn take(&mut self, at: i64) {
        let (mut now, later): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(|(_, part)| part.time <= at);
        self.waiting = later;
        now.sort_by_key(|(_, part)| part.time);
        for (space, part) in now {
            match part.state {
                "active" => {
                    let began = self.began.entry(space.clone()).or_insert(part.time);
                    *began = part.time.max(*began);
                    self.open.insert((space, part.key));
                }
                "cleared" => _ = self.open.remove(&(space, part.key)),
                _ => {}
            }
        }
    }

    fn begun(&self, within_ms: i64, at: i64) -> BTreeSet<&String> {
        self.began.iter().filter(|(_, began)| **began > at - within_ms).map(|(space, _)| space).collect()
    }

    /// Spaces that have begun or have an open episode.
    fn concerned(&self, within_ms: i64, at: i64) -> BTreeSet<&String> {
        self.begun(within_ms, at).into_iter().chain(self.open.iter().map(|(space, _)| space)).collect()
    }
}
