//! The state machine shared by all kinds: hold, episode, off-delay, missing data (RULES.md, "Time and order").
//!
//! ```text
//!             raise                 hold over
//!  Inactive ---------> Pending ------------------> Active <---- value ---- Active, stale
//!      ^                  |                          |  \----- missing ---->  |
//!      |<--- not raise ---/                          |                        |
//!      |<---------------- off-delay over ------------/------------------------/
//! ```
//!
//! It knows no values: a kind hands it verdicts, it answers with states and their instants.

use crate::kind::Delays;
use vigie_model::alert::AlertState;

/// What a judgement found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is no valid value.
    Missing,
    /// Raise is true.
    Raise,
    /// Raise is false and clear is true.
    Clear,
    /// Neither.
    Between,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Inactive,
    Pending {
        due_ms: i64,
    },
    Active {
        stale: bool,
        clear_due_ms: Option<i64>,
    },
}

/// The condition of one key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Episode {
    phase: Phase,
}

impl Episode {
    /// When the running hold or off-delay ends.
    pub(crate) const fn timer_ms(&self) -> Option<i64> {
        match self.phase {
            Phase::Inactive => None,
            Phase::Pending { due_ms } => Some(due_ms),
            Phase::Active { clear_due_ms, .. } => clear_due_ms,
        }
    }

    /// Whether nothing can change without a new value: inactive, or stale with no timer.
    pub(crate) const fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Inactive | Phase::Active { stale: true, clear_due_ms: None })
    }

    /// Whether the condition neither holds nor held.
    pub(crate) const fn is_inactive(&self) -> bool {
        matches!(self.phase, Phase::Inactive)
    }

    /// Ends whatever goes on; whether an episode was open.
    pub(crate) const fn abandon(&mut self) -> bool {
        let was_open = matches!(self.phase, Phase::Active { .. });
        self.phase = Phase::Inactive;
        was_open
    }

    /// Takes in a verdict given at `at_ms`; `emit` is called for each state entered, in order.
    pub(crate) fn judge(
        &mut self,
        at_ms: i64,
        verdict: Verdict,
        delays: Delays,
        mut emit: impl FnMut(AlertState, i64),
    ) {
        match (&mut self.phase, verdict) {
            (Phase::Inactive, Verdict::Raise) if delays.hold_ms == 0 => self.begin(at_ms, emit),
            (Phase::Inactive, Verdict::Raise) => {
                self.phase = Phase::Pending { due_ms: at_ms + delays.hold_ms };
                emit(AlertState::Pending, at_ms);
            }
            (Phase::Inactive, _) | (Phase::Pending { .. }, Verdict::Raise) => {}
            (Phase::Pending { .. }, _) => {
                self.phase = Phase::Inactive;
                emit(AlertState::Inactive, at_ms);
            }
            (Phase::Active { stale, .. }, Verdict::Missing) => {
                if !std::mem::replace(stale, true) {
                    emit(AlertState::Stale, at_ms);
                }
            }
            (Phase::Active { stale, clear_due_ms }, verdict) => {
                if std::mem::replace(stale, false) {
                    emit(AlertState::Resumed, at_ms);
                }
                match verdict {
                    Verdict::Raise => *clear_due_ms = None,
                    Verdict::Clear if delays.off_delay_ms == 0 => self.end(at_ms, emit),
                    Verdict::Clear if clear_due_ms.is_none() => *clear_due_ms = Some(at_ms + delays.off_delay_ms),
                    Verdict::Clear | Verdict::Between | Verdict::Missing => {}
                }
            }
        }
    }

    /// Ends the hold or off-delay that is due at `due_ms`.
    pub(crate) fn fire(&mut self, due_ms: i64, emit: impl FnMut(AlertState, i64)) {
        match self.phase {
            Phase::Inactive => {}
            Phase::Pending { .. } => self.begin(due_ms, emit),
            Phase::Active { .. } => self.end(due_ms, emit),
        }
    }

    /// Begins an episode.
    fn begin(&mut self, at_ms: i64, mut emit: impl FnMut(AlertState, i64)) {
        self.phase = Phase::Active { stale: false, clear_due_ms: None };
        emit(AlertState::Active, at_ms);
    }

    /// Ends an episode.
    fn end(&mut self, at_ms: i64, mut emit: impl FnMut(AlertState, i64)) {
        self.phase = Phase::Inactive;
        emit(AlertState::Cleared, at_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AlertState::{Active, Cleared, Inactive, Pending, Resumed, Stale};
    use Verdict::{Between, Clear, Missing, Raise};

    /// Judges at the given instants, firing what is due before each, and to the end.
    fn states(hold_ms: i64, off_delay_ms: i64, verdicts: &[(i64, Verdict)]) -> Vec<(AlertState, i64)> {
        let (mut episode, mut found) = (Episode::default(), Vec::new());
        for (at_ms, verdict) in verdicts.iter().copied().chain([(i64::MAX, Missing)]) {
            while let Some(due_ms) = episode.timer_ms().filter(|due_ms| *due_ms <= at_ms) {
                episode.fire(due_ms, |state, at| found.push((state, at)));
            }
            if at_ms < i64::MAX {
                let delays = Delays { hold_ms, off_delay_ms };
                episode.judge(at_ms, verdict, delays, |state, at| found.push((state, at)));
            }
        }
        found
    }

    #[test]
    fn a_hold_must_last() {
        assert_eq!(
            states(10, 0, &[(0, Raise), (9, Between), (20, Raise)]),
            [(Pending, 0), (Inactive, 9), (Pending, 20), (Active, 30)]
        );
        assert_eq!(states(10, 0, &[(0, Raise), (10, Clear)]), [(Pending, 0), (Active, 10), (Cleared, 10)]);
        assert_eq!(states(0, 0, &[(0, Raise), (5, Clear)]), [(Active, 0), (Cleared, 5)]);
        assert_eq!(states(10, 0, &[(0, Raise), (5, Missing)]), [(Pending, 0), (Inactive, 5)]);
    }

    #[test]
    fn only_a_raise_cancels_the_off_delay() {
        assert_eq!(states(0, 10, &[(0, Raise), (1, Clear), (5, Between), (6, Clear)]), [(Active, 0), (Cleared, 11)]);
        assert_eq!(states(0, 10, &[(0, Raise), (1, Clear), (5, Raise)]), [(Active, 0)]);
        assert_eq!(states(0, 10, &[(0, Raise), (1, Clear), (5, Missing)]), [(Active, 0), (Stale, 5), (Cleared, 11)]);
    }

    #[test]
    fn missing_data_is_said_once_until_it_resumes() {
        let found = states(0, 0, &[(0, Raise), (5, Missing), (6, Missing), (7, Between), (8, Missing), (9, Clear)]);
        assert_eq!(found, [(Active, 0), (Stale, 5), (Resumed, 7), (Stale, 8), (Resumed, 9), (Cleared, 9)]);
    }
}
