//! One key of an absence rule. Its time is log time.

use crate::episode::{Episode, State};
use crate::mutant::Mutant;
use crate::rule::Rule;
use crate::spans::Spans;

/// A key of an absence rule.
#[derive(Clone, Debug)]
pub(crate) struct Silence {
    hold_ms: i64,
    period: Spans,
    mutant: Mutant,
    /// The latest arrival; none for what is only expected.
    last: Option<i64>,
    time: i64,
    /// For [`Mutant::UpDoesNotEndSilence`]: whether the silence was too long outside the period.
    was_too_long: bool,
    pub(crate) episode: Episode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Period,
    Silent,
    Escalation,
}

impl Silence {
    /// A key that begins with its first arrival, or with the intake if it is expected.
    pub(crate) fn new(rule: &Rule, period: Spans, time: i64, mutant: Mutant) -> Self {
        Self {
            hold_ms: rule.hold_ms,
            period,
            mutant,
            last: None,
            time,
            was_too_long: false,
            episode: Episode::new(rule, mutant),
        }
    }

    /// An arrival, of whatever quality.
    pub(crate) fn arrival(&mut self, log_time: i64, up: i64) {
        self.fire(log_time, log_time, up);
        self.last = Some(log_time);
        self.was_too_long = false;
        self.time = log_time;
        if self.episode.is_open() {
            self.episode.close(log_time, "");
        }
    }

    /// Fires the timers due at or before an instant; a silence is only over once log time is later.
    pub(crate) fn fire(&mut self, until: i64, log_time: i64, up: i64) {
        let is_due = |(due, timer): &(i64, Timer)| {
            let silent_passed = *due < log_time || self.mutant == Mutant::SilenceEndsEarlier;
            *due <= until && (*timer != Timer::Silent || silent_passed)
        };
        let Some((due, timer)) = self.next_timer(up).filter(is_due) else {
            self.was_too_long |=
                self.mutant == Mutant::UpDoesNotEndSilence && self.silent_at(up) <= until.min(log_time - 1);
            return;
        };
        self.time = due;
        match timer {
            Timer::Period if self.period.holds(due) => {
                let is_too_long = self.silent_at(up) < due || self.was_too_long;
                if !self.episode.is_open() && is_too_long && self.mutant != Mutant::BeginJudgesNothing {
                    self.episode.open(due);
                }
            }
            Timer::Period => self.episode.end_period(due),
            Timer::Silent => self.episode.open(due),
            Timer::Escalation => self.episode.escalate(due),
        }
        self.fire(until, log_time, up);
    }

    fn silent_at(&self, up: i64) -> i64 {
        let up = if self.mutant == Mutant::UpIsIgnored && self.last.is_some() { i64::MIN } else { up };
        self.last.map_or(up, |last| last.max(up)) + self.hold_ms
    }

    fn next_timer(&self, up: i64) -> Option<(i64, Timer)> {
        let silent_at = self.silent_at(up);
        let may_begin = self.episode.state == State::Inactive && silent_at >= self.time && self.period.holds(silent_at);
        let timers = [
            (self.period.next_change(self.time), Timer::Period),
            (may_begin.then_some(silent_at), Timer::Silent),
            (self.episode.escalation_due(), Timer::Escalation),
        ];
        timers.into_iter().filter_map(|(due, timer)| Some((due?, timer))).min()
    }
}
