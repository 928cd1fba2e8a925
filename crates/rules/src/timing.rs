//! The time of a key and its timers: which is next, and what stands between.

use crate::periods::Period;
use crate::saved::saved;

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
    /// When the rule's active period has to be looked at again.
    pub(crate) period_ms: i64,
}

saved!(Timing { time_ms, period_ms });

/// When the timers of a key are due; [`NEVER_MS`] for those that are not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    /// The change of the active period, if it could change anything.
    pub(crate) period_ms: i64,
    /// The hold or off-delay.
    pub(crate) episode_ms: i64,
    /// The escalation.
    pub(crate) escalate_ms: i64,
    /// The change of the state.
    pub(crate) again_ms: i64,
}

impl Due {
    /// When the first of them is due.
    #[inline]
    pub(crate) fn first_ms(self) -> i64 {
        self.others_ms().min(self.again_ms)
    }

    /// The first of them; of those of one instant the first in the order of [`Timer`].
    pub(crate) fn first(self) -> Option<(i64, Timer)> {
        let first_ms = self.first_ms();
        let timer = match first_ms {
            NEVER_MS => return None,
            due_ms if due_ms == self.period_ms => Timer::Period,
            due_ms if due_ms == self.episode_ms => Timer::Episode,
            due_ms if due_ms == self.escalate_ms => Timer::Escalation,
            _ => Timer::Again,
        };
        Some((first_ms, timer))
    }

    /// Whether one of them comes before what happens at `at_ms`: a change of the state at that instant does not.
    pub(crate) fn is_before(self, at_ms: i64) -> bool {
        self.others_ms() <= at_ms || self.again_ms < at_ms
    }

    /// The last of the instants `again_ms`, `again_ms + step_ms`, ... that is not after `until_ms` and before every other timer.
    pub(crate) fn last_again_ms(self, step_ms: i64, until_ms: i64) -> i64 {
        let last_ms = until_ms.min(self.others_ms() - 1);
        self.again_ms + (last_ms - self.again_ms).max(0) / step_ms * step_ms
    }

    #[inline]
    fn others_ms(self) -> i64 {
        self.period_ms.min(self.episode_ms).min(self.escalate_ms)
    }
}

impl Timing {
    /// Before the first input.
    pub(crate) const fn new(period: Period) -> Self {
        let period_ms = if matches!(period, Period::Always) { NEVER_MS } else { i64::MIN };
        Self { time_ms: i64::MIN, period_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_of_one_instant_fire_in_their_order() {
        let mut due = Due { period_ms: 10, episode_ms: 10, escalate_ms: 10, again_ms: 10 };
        assert_eq!(due.first(), Some((10, Timer::Period)));
        due.period_ms = NEVER_MS;
        assert_eq!(due.first(), Some((10, Timer::Episode)));
        due.episode_ms = 11;
        assert_eq!(due.first(), Some((10, Timer::Escalation)));
        due.escalate_ms = NEVER_MS;
        assert_eq!(due.first(), Some((10, Timer::Again)));
        due = Due { episode_ms: NEVER_MS, again_ms: NEVER_MS, ..due };
        assert_eq!(due.first(), None);
    }

    #[test]
    fn repetitions_are_skipped_up_to_the_next_other_timer() {
        let due = |episode_ms| Due { period_ms: NEVER_MS, episode_ms, escalate_ms: NEVER_MS, again_ms: 10 };
        assert_eq!(due(NEVER_MS).last_again_ms(5, 100), 100);
        assert_eq!(due(40).last_again_ms(5, 99), 35);
        assert_eq!(due(10).last_again_ms(5, 99), 10);
    }
}
