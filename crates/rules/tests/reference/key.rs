//! One key of a rule that reads events, on a time of its own.
//!
//! An input is judged at the later of its event time and the key's time; before that, every timer due by then fires.

use crate::common::Event;
use crate::condition::Params;
use crate::episode::{Episode, State, Verdict};
use crate::learning::Learning;
use crate::memory::{self, Seen};
use crate::mutant::Mutant;
use crate::rule::{Kind, Rule, Step, holds_for};
use crate::run::Run;
use crate::spans::Spans;

/// A key.
#[derive(Clone, Debug)]
pub(crate) struct Key<'r> {
    rule: &'r Rule,
    params: Params,
    period: Spans,
    mutant: Mutant,
    /// Its time; none before its first input.
    time: Option<i64>,
    /// When its condition was last looked at, judged or not.
    looked: i64,
    seen: Vec<Seen>,
    run: Run,
    learning: Learning<'r>,
    pub(crate) episode: Episode,
}

/// A timer, in the order in which timers of one instant fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Period,
    HoldOrOff,
    Escalation,
    Reevaluation,
}

impl<'r> Key<'r> {
    pub(crate) fn new(rule: &'r Rule, params: Params, period: Spans, learning: Learning<'r>, mutant: Mutant) -> Self {
        let episode = Episode::new(rule, mutant);
        let (time, looked, seen, run) = (None, i64::MIN, Vec::new(), Run::default());
        Self { rule, params, period, mutant, time, looked, seen, run, learning, episode }
    }

    /// An input of the rule that is a value.
    pub(crate) fn input(&mut self, event: &Event) {
        let at = match self.time {
            Some(time) if self.mutant != Mutant::TimeRunsBackwards => time.max(event.time_ms),
            _ => event.time_ms,
        };
        self.fire(if self.mutant == Mutant::InputBeforeTimers { at - 1 } else { at });
        self.time = Some(at);
        let matches = match (&self.rule.kind, &event.what) {
            (Kind::KOfN { matching: Some(condition), .. }, crate::common::What::Observation { value, .. }) => {
                holds_for(condition, value.micros(), &self.params)
            }
            _ => true,
        };
        let input = Seen::of(event, matches, self.mutant);
        let late = input.is_late(&self.seen, self.mutant);
        match &self.rule.kind {
            Kind::Threshold { stale_ms, .. } => {
                let is_out = late && self.mutant != Mutant::LateIsJudged || event.time_ms + stale_ms <= at;
                if !is_out {
                    self.seen.push(input);
                    self.look(at);
                }
            }
            Kind::Baseline(baseline) => {
                if !late && event.time_ms + baseline.stale_ms > at {
                    self.seen.push(input);
                    self.learning.learn_until(at);
                    let value = memory::valid(&self.seen, baseline.stale_ms, at, self.mutant).into_iter().max();
                    self.look(at);
                    self.learning.sample(at, value.expect("the input's is valid"));
                }
            }
            Kind::Window { .. } | Kind::Change { .. } => {
                let (window_ms, pane_ms) = self.window();
                let is_old = event.time_ms < memory::window_end(at, pane_ms) - window_ms;
                if !is_old {
                    self.seen.push(input);
                    self.look(at);
                }
            }
            Kind::KOfN { .. } => {
                if !late || self.mutant == Mutant::LateTakesPart {
                    self.seen.push(input);
                    self.look(at);
                }
            }
            Kind::Sequence { steps, within_ms, without } => {
                if !late || self.mutant == Mutant::LateTakesPart {
                    self.seen.push(input);
                    let without: Option<&Step> = without.as_ref();
                    let complete = self.run.advance(steps, without, *within_ms, event, &self.params, self.mutant);
                    if complete && self.period.holds(at) {
                        self.episode.complete(at);
                    }
                }
            }
            Kind::Absence { .. } | Kind::Composite { .. } | Kind::Spread { .. } => panic!("not a kind of these keys"),
        }
    }

    /// Fires every timer due at or before an instant.
    pub(crate) fn fire(&mut self, until: i64) {
        while let Some((due, timer)) = self.next_timer().filter(|(due, _)| *due <= until) {
            self.time = Some(due);
            match timer {
                Timer::Period if self.period.holds(due) => match self.mutant {
                    Mutant::BeginJudgesNothing => {}
                    Mutant::BeginSeesWhatLeaves => {
                        self.looked = due - 1;
                        let verdict = self.verdict(due - 1);
                        self.episode.judge(due, verdict);
                    }
                    _ => self.look(due),
                },
                Timer::Period => self.episode.end_period(due),
                Timer::HoldOrOff => self.episode.end_hold_or_off(due),
                Timer::Escalation => self.episode.escalate(due),
                Timer::Reevaluation => self.look(due),
            }
        }
    }

    fn next_timer(&self) -> Option<(i64, Timer)> {
        let time = self.time?;
        let change = self.period.next_change(time).filter(|change| self.concerns_period(*change));
        let timers = [
            (change, Timer::Period),
            (self.episode.hold_or_off_due(), Timer::HoldOrOff),
            (self.episode.escalation_due(), Timer::Escalation),
            (self.next_look(), Timer::Reevaluation),
        ];
        let due = timers.into_iter().filter_map(|(due, timer)| Some((due?, timer)));
        match self.mutant {
            Mutant::ReevaluationFirst => due.min_by_key(|(due, timer)| (*due, *timer != Timer::Reevaluation, *timer)),
            Mutant::EscalatesFirst => due.min_by_key(|(due, timer)| (*due, *timer != Timer::Escalation, *timer)),
            _ => due.min(),
        }
    }

    /// Looks at the condition at an instant, and judges it unless the rule's period is over.
    fn look(&mut self, at: i64) {
        self.looked = at;
        if self.period.holds(at) {
            let verdict = self.verdict(at);
            self.episode.judge(at, verdict);
        }
    }

    fn verdict(&self, at: i64) -> Verdict {
        let mutant = self.mutant;
        match &self.rule.kind {
            Kind::Threshold { agg, limits, stale_ms, .. } => {
                let valid = memory::valid(&self.seen, *stale_ms, at, mutant);
                let value = if valid.is_empty() { None } else { memory::aggregate(*agg, &valid, 1, mutant) };
                memory::verdict(limits, &self.params, value)
            }
            Kind::Window { agg, min_count, limits, .. } => {
                let values: Vec<i64> = self.inside(at).iter().map(|input| input.micros).collect();
                memory::verdict(limits, &self.params, memory::aggregate(*agg, &values, *min_count, mutant))
            }
            Kind::Change { limits, .. } => {
                memory::verdict(limits, &self.params, memory::change(&self.inside(at), mutant))
            }
            Kind::KOfN { k, .. } => {
                if self.kth_match_ends(*k).is_some_and(|end| end > at) {
                    Verdict::Raise
                } else {
                    Verdict::Clear
                }
            }
            Kind::Baseline(baseline) => {
                let value = memory::valid(&self.seen, baseline.stale_ms, at, mutant).into_iter().max();
                value.map_or(Verdict::Missing, |value| self.learning.verdict(at, value))
            }
            _ => panic!("not a kind that is judged at an instant"),
        }
    }

    /// The next instant at which the condition may have changed by itself.
    fn next_look(&self) -> Option<i64> {
        match &self.rule.kind {
            Kind::Threshold { stale_ms, .. } => memory::next_expiry(&self.seen, *stale_ms, self.looked, self.mutant),
            Kind::Baseline(baseline) => memory::next_expiry(&self.seen, baseline.stale_ms, self.looked, self.mutant),
            Kind::Window { .. } | Kind::Change { .. } => {
                let ended = match self.episode.state {
                    State::Inactive => true,
                    State::Pending(_) => false,
                    State::Open(open) => open.stale && open.clear_since.is_none(),
                };
                let over = self.looked == i64::MIN || ended && self.inside(self.looked).is_empty();
                let (_, pane_ms) = self.window();
                (!over && self.mutant != Mutant::NoPaneTimers).then(|| memory::window_end(self.looked, pane_ms))
            }
            Kind::KOfN { k, .. } => self.kth_match_ends(*k).filter(|end| *end > self.looked && self.episode.is_open()),
            _ => None,
        }
    }

    /// Whether a change of the period matters: an inactive key that knows nothing has no timers.
    fn concerns_period(&self, change: i64) -> bool {
        let knows = match &self.rule.kind {
            Kind::Threshold { stale_ms, .. } => {
                !memory::valid(&self.seen, *stale_ms, change - 1, self.mutant).is_empty()
            }
            Kind::Baseline(baseline) => {
                !memory::valid(&self.seen, baseline.stale_ms, change - 1, self.mutant).is_empty()
            }
            Kind::Window { .. } | Kind::Change { .. } => self.looked > i64::MIN && !self.inside(self.looked).is_empty(),
            Kind::KOfN { within_ms, distinct, .. } => {
                let newest = memory::newest_matches(&self.seen, *distinct, self.mutant).first().copied();
                newest.is_some_and(|newest| newest + within_ms > change - 1)
            }
            _ => false,
        };
        knows || self.episode.state != State::Inactive
    }

    /// The instant from which fewer than k matches count, if ever k did.
    fn kth_match_ends(&self, k: usize) -> Option<i64> {
        let Kind::KOfN { within_ms, distinct, .. } = &self.rule.kind else { panic!("k of n") };
        let newest = memory::newest_matches(&self.seen, *distinct, self.mutant);
        newest.get(k - 1).map(|kth| kth + within_ms + i64::from(self.mutant == Mutant::MatchCountsLonger))
    }

    /// The lengths of the window and of its panes.
    fn window(&self) -> (i64, i64) {
        let (window_ms, every_ms) = match &self.rule.kind {
            Kind::Window { window_ms, every_ms, .. } => (*window_ms, *every_ms),
            Kind::Change { over_ms, every_ms, .. } => (*over_ms, *every_ms),
            _ => panic!("a kind with a window"),
        };
        (window_ms, every_ms.unwrap_or_else(|| memory::default_pane(window_ms)))
    }

    fn inside(&self, at: i64) -> Vec<&Seen> {
        let (window_ms, pane_ms) = self.window();
        memory::inside(&self.seen, window_ms, pane_ms, at, self.mutant)
    }
}
