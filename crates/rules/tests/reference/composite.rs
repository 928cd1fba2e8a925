//! One key of a composite rule: what open episodes of other rules in a space say together.

use crate::episode::{Episode, State, Verdict};
use crate::mutant::Mutant;
use crate::rule::Rule;
use crate::spans::Spans;
use std::collections::BTreeMap;

/// A transition of another rule.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) rule: String,
    pub(crate) key: String,
    pub(crate) state: &'static str,
    pub(crate) time: i64,
}

/// A key of a composite rule.
#[derive(Clone, Debug)]
pub(crate) struct Composite {
    all: bool,
    of: Vec<String>,
    period: Spans,
    mutant: Mutant,
    time: i64,
    /// Came since the last tick.
    waiting: Vec<Part>,
    /// Open episodes by rule and key, and whether they are stale.
    open: BTreeMap<(String, String), bool>,
    pub(crate) episode: Episode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Period,
    Escalation,
    Parts,
}

impl Composite {
    pub(crate) fn new(rule: &Rule, all: bool, of: &[String], period: Spans, mutant: Mutant) -> Self {
        let episode = Episode::new(rule, mutant);
        let (time, waiting, open) = (i64::MIN, Vec::new(), BTreeMap::new());
        Self { all, of: of.to_vec(), period, mutant, time, waiting, open, episode }
    }

    pub(crate) fn part(&mut self, part: Part) {
        self.waiting.push(part);
    }

    /// Settles all instants before T.
    pub(crate) fn settle(&mut self, tick: i64) {
        while let Some((at, timer)) = self.next().filter(|(at, _)| *at < tick) {
            self.time = at;
            match timer {
                Timer::Period if self.period.holds(at) => {
                    if self.mutant != Mutant::BeginJudgesNothing {
                        self.episode.judge(at, self.verdict());
                    }
                }
                Timer::Period => self.episode.end_period(at),
                Timer::Escalation => self.episode.escalate(at),
                Timer::Parts => self.take_parts(at),
            }
        }
    }

    fn next(&self) -> Option<(i64, Timer)> {
        let concerns = self.episode.state != State::Inactive || !self.open.is_empty();
        let parts = self.waiting.iter().map(|part| part.time.max(self.time)).min();
        let timers = [
            (self.period.next_change(self.time).filter(|_| concerns), Timer::Period),
            (self.episode.escalation_due(), Timer::Escalation),
            (parts, Timer::Parts),
        ];
        timers.into_iter().filter_map(|(at, timer)| Some((at?, timer))).min()
    }

    fn take_parts(&mut self, at: i64) {
        let (now, later): (Vec<Part>, Vec<Part>) = self.waiting.drain(..).partition(|part| part.time <= at);
        self.waiting = later;
        for part in now {
            let key = (part.rule, part.key);
            match part.state {
                "active" | "resumed" => _ = self.open.insert(key, false),
                "stale" => _ = self.open.insert(key, true),
                "cleared" => _ = self.open.remove(&key),
                _ => {}
            }
            if self.mutant == Mutant::CompositesFlicker {
                self.judge(at);
            }
        }
        self.judge(at);
    }

    fn judge(&mut self, at: i64) {
        if self.period.holds(at) {
            self.episode.judge(at, self.verdict());
        }
    }

    fn verdict(&self) -> Verdict {
        let holds = |rule: &String| self.open.keys().any(|(name, _)| name == rule);
        let holds_surely = |rule: &String| {
            let sure = |stale: bool| !stale || self.mutant == Mutant::StaleIsSure;
            self.open.iter().any(|((name, _), stale)| name == rule && sure(*stale))
        };
        let (surely, at_all) = match self.all {
            true => (self.of.iter().all(holds_surely), self.of.iter().all(holds)),
            false => (self.of.iter().any(holds_surely), self.of.iter().any(holds)),
        };
        match (surely, at_all) {
            (true, _) => Verdict::Raise,
            (false, true) => Verdict::Missing,
            (false, false) => Verdict::Clear,
        }
    }
}
