//! The time of a key and its timers: which is next, and what stands between.

use crate::periods::{Period, Phase};

/// Stands for "never".
pub(crate) const NEVER_MS: i64 = i64::MAX;

/// What is due, in the order in which timers of one instant fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The active period begins or ends.
    Period,
    /// A hold or off-delay ends.
    Episode,
    /// The episode has lasted so long that it becomes more severe.
    Escalation,
    /// Expired values, a pane boundary, a silence, matches that no longer count.
    Again,
}

/// Where a key stands in time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// The time of the key; only inputs and fired timers move it.
    pub(crate) time_ms: i64,
    /// When the open episode becomes more severe.
    pub(crate) escalate_ms: i64,
    /// Until when `inside` stands.
    pub(crate) period_ms: i64,
    /// Whether the rule's active period holds.
    pub(crate) inside: bool,
}

/// When the other timers of a key are due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    /// The hold or off-delay.
    pub(crate) episode_ms: Option<i64>,
    /// The change of the state.
    pub(crate) again_ms: Option<i64>,
    /// Whether a change of the active period could change anything.
    pub(crate) minds_period: bool,
}

impl Timing {
    /// Before the first input.
    pub(crate) const fn new(period: Period) -> Self {
        let inside = matches!(period, Period::Always);
        let period_ms = if inside { NEVER_MS } else { i64::MIN };
        Self { time_ms: i64::MIN, escalate_ms: NEVER_MS, period_ms, inside }
    }

    /// The earliest timer; of those of one instant the first in the order of [`Timer`].
    pub(crate) fn next(&self, due: Due) -> Option<(i64, Timer)> {
        let mut next = (due.again_ms.unwrap_or(NEVER_MS), Timer::Again);
        if self.escalate_ms <= next.0 {
            next = (self.escalate_ms, Timer::Escalation);
        }
        if let Some(due_ms) = due.episode_ms.filter(|due_ms| *due_ms <= next.0) {
            next = (due_ms, Timer::Episode);
        }
        if self.period_ms <= next.0 && due.minds_period {
            next = (self.period_ms, Timer::Period);
        }
        (next.0 != NEVER_MS).then_some(next)
    }

    /// The last of the instants `due_ms`, `due_ms + step_ms`, ... that is not after `until_ms` and before every timer but
    /// the state's own.
    pub(crate) fn last_before_others(&self, due_ms: i64, step_ms: i64, until_ms: i64, due: Due) -> i64 {
        let other = self.next(Due { again_ms: None, ..due }).map_or(NEVER_MS, |(other_ms, _)| other_ms);
        let last_ms = until_ms.min(other - 1);
        due_ms + (last_ms - due_ms).max(0) / step_ms * step_ms
    }

    /// The period is in this phase from now on.
    pub(crate) const fn enter(&mut self, phase: Phase) {
        (self.inside, self.period_ms) = (phase.inside, phase.until_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_of_one_instant_fire_in_their_order() {
        let mut timing = Timing { time_ms: 0, escalate_ms: 10, period_ms: 10, inside: true };
        let mut due = Due { episode_ms: Some(10), again_ms: Some(10), minds_period: true };
        assert_eq!(timing.next(due), Some((10, Timer::Period)));
        due.minds_period = false;
        assert_eq!(timing.next(due), Some((10, Timer::Episode)));
        due.episode_ms = Some(11);
        assert_eq!(timing.next(due), Some((10, Timer::Escalation)));
        timing.escalate_ms = NEVER_MS;
        assert_eq!(timing.next(due), Some((10, Timer::Again)));
        due = Due { episode_ms: None, again_ms: None, ..due };
        assert_eq!(timing.next(due), None);
    }

    #[test]
    fn repetitions_are_skipped_up_to_the_next_other_timer() {
        let timing = Timing { time_ms: 0, escalate_ms: NEVER_MS, period_ms: NEVER_MS, inside: true };
        let due = |episode_ms| Due { episode_ms, again_ms: Some(10), minds_period: false };
        assert_eq!(timing.last_before_others(10, 5, 100, due(None)), 100);
        assert_eq!(timing.last_before_others(10, 5, 99, due(Some(40))), 35);
        assert_eq!(timing.last_before_others(10, 5, 99, due(Some(10))), 10);
    }
}
