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

use crate::bands::{Moves, RuleBits};
use crate::kind::Delays;
use crate::saved::{saved, saved_enum};
use crate::verdict::Verdict;
use vigie_model::alert::AlertState;

/// A running hold or off-delay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Delay {
    since_ms: i64,
    due_ms: i64,
}

impl Delay {
    const fn new(since_ms: i64, length_ms: i64) -> Self {
        Self { since_ms, due_ms: since_ms.saturating_add(length_ms) }
    }
}

/// What the delay beside it is: a hold, an off-delay, or nothing that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Inactive,
    Pending,
    Active {
        stale: bool,
        clearing: bool,
    },
}

/// The condition of one key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Episode {
    /// Stands for what runs in this phase; nothing reads it while nothing does.
    delay: Delay,
    phase: Phase,
}

saved!(Delay { since_ms, due_ms });
saved_enum!(Phase { 0 => Inactive {}, 1 => Pending {}, 2 => Active { stale, clearing } });
saved!(Episode { delay, phase });

impl Episode {
    /// When the running hold or off-delay ends.
    pub(crate) const fn timer_ms(&self) -> Option<i64> {
        if self.is_delayed() { Some(self.delay.due_ms) } else { None }
    }

    /// Whether nothing can change without a new value: inactive, or stale with no timer.
    pub(crate) const fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Inactive | Phase::Active { stale: true, clearing: false })
    }

    /// Whether the condition neither holds nor held.
    pub(crate) const fn is_inactive(&self) -> bool {
        matches!(self.phase, Phase::Inactive)
    }

    /// Whether a hold runs.
    pub(crate) const fn is_pending(&self) -> bool {
        matches!(self.phase, Phase::Pending)
    }

    /// Whether an episode is open.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Active { .. })
    }

    /// The state, as the alert stream names it.
    pub(crate) const fn state(&self) -> AlertState {
        match self.phase {
            Phase::Inactive => AlertState::Inactive,
            Phase::Pending => AlertState::Pending,
            Phase::Active { stale: true, .. } => AlertState::Stale,
            Phase::Active { stale: false, .. } => AlertState::Active,
        }
    }

    /// Since when the running hold or off-delay runs.
    pub(crate) const fn delay_since_ms(&self) -> Option<i64> {
        if self.is_delayed() { Some(self.delay.since_ms) } else { None }
    }

    /// Ends whatever goes on at `at_ms`, not because of a judgement.
    pub(crate) fn stop(&mut self, at_ms: i64, mut emit: impl FnMut(AlertState, i64)) {
        match std::mem::take(&mut self.phase) {
            Phase::Inactive => {}
            Phase::Pending => emit(AlertState::Inactive, at_ms),
            Phase::Active { .. } => emit(AlertState::Cleared, at_ms),
        }
    }

    /// The delays are others from now on; what runs keeps its beginning, and ends not before `time_ms`.
    pub(crate) fn change_delays(&mut self, delays: Delays, time_ms: i64) {
        if self.is_delayed() {
            let length_ms = if self.is_pending() { delays.hold_ms } else { delays.off_delay_ms };
            self.delay.due_ms = self.delay.since_ms.saturating_add(length_ms).max(time_ms);
        }
    }

    /// Whether a verdict changes nothing, as most do.
    pub(crate) const fn ignores(&self, verdict: Verdict) -> bool {
        match (&self.phase, verdict) {
            (Phase::Inactive, Verdict::Raise) => false,
            (Phase::Inactive, _) | (Phase::Pending, Verdict::Raise) => true,
            (Phase::Active { stale: true, .. }, verdict) => matches!(verdict, Verdict::Missing),
            (Phase::Active { stale: false, clearing: false }, verdict) => {
                matches!(verdict, Verdict::Raise | Verdict::Between)
            }
            (Phase::Active { stale: false, clearing: true }, verdict) => {
                matches!(verdict, Verdict::Clear | Verdict::Between)
            }
            (Phase::Pending, _) => false,
        }
    }

    /// Adds the rule of this bit to those that each verdict moves.
    pub(crate) fn add_moves(&self, bit: RuleBits, moves: &mut Moves) {
        let moves = [
            (Verdict::Missing, &mut moves.missing),
            (Verdict::Raise, &mut moves.raise),
            (Verdict::Clear, &mut moves.clear),
            (Verdict::Between, &mut moves.between),
        ];
        for (verdict, moved) in moves {
            if !self.ignores(verdict) {
                *moved |= bit;
            }
        }
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
                (self.phase, self.delay) = (Phase::Pending, Delay::new(at_ms, delays.hold_ms));
                emit(AlertState::Pending, at_ms);
            }
            (Phase::Inactive, _) | (Phase::Pending, Verdict::Raise) => {}
            (Phase::Pending, _) => {
                self.phase = Phase::Inactive;
                emit(AlertState::Inactive, at_ms);
            }
            (Phase::Active { stale, .. }, Verdict::Missing) => {
                if !std::mem::replace(stale, true) {
                    emit(AlertState::Stale, at_ms);
                }
            }
            (Phase::Active { stale, clearing }, verdict) => {
                if std::mem::replace(stale, false) {
                    emit(AlertState::Resumed, at_ms);
                }
                match verdict {
                    Verdict::Raise => *clearing = false,
                    Verdict::Clear if delays.off_delay_ms == 0 => self.end(at_ms, emit),
                    Verdict::Clear if !*clearing => {
                        (*clearing, self.delay) = (true, Delay::new(at_ms, delays.off_delay_ms));
                    }
                    Verdict::Clear | Verdict::Between | Verdict::Missing => {}
                }
            }
        }
    }

    /// Something happened at `at_ms` that has no duration: an episode begins, or goes on, and ends after the off-delay.
    pub(crate) fn pulse(&mut self, at_ms: i64, delays: Delays, emit: impl FnMut(AlertState, i64)) {
        if self.is_inactive() {
            self.begin(at_ms, emit);
        }
        if let Phase::Active { clearing, .. } = &mut self.phase {
            (*clearing, self.delay) = (true, Delay::new(at_ms, delays.off_delay_ms));
        }
    }

    /// Ends the hold or off-delay that is due at `due_ms`.
    pub(crate) fn fire(&mut self, due_ms: i64, emit: impl FnMut(AlertState, i64)) {
        match self.phase {
            Phase::Inactive => {}
            Phase::Pending => self.begin(due_ms, emit),
            Phase::Active { .. } => self.end(due_ms, emit),
        }
    }

    /// Whether a hold or off-delay runs.
    const fn is_delayed(&self) -> bool {
        matches!(self.phase, Phase::Pending | Phase::Active { clearing: true, .. })
    }

    /// Begins an episode.
    fn begin(&mut self, at_ms: i64, mut emit: impl FnMut(AlertState, i64)) {
        self.phase = Phase::Active { stale: false, clearing: false };
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

    #[test]
    fn pulses_begin_one_episode_and_restart_its_end() {
        let (mut episode, mut found) = (Episode::default(), Vec::new());
        let delays = Delays { hold_ms: 0, off_delay_ms: 10 };
        episode.pulse(0, delays, |state, at| found.push((state, at)));
        episode.pulse(8, delays, |state, at| found.push((state, at)));
        assert_eq!((episode.timer_ms(), episode.delay_since_ms()), (Some(18), Some(8)));
        episode.fire(18, |state, at| found.push((state, at)));
        assert_eq!(found, [(Active, 0), (Cleared, 18)]);
    }

    #[test]
    fn running_delays_keep_their_beginning() {
        let delays = |hold_ms, off_delay_ms| Delays { hold_ms, off_delay_ms };
        let mut episode = Episode::default();
        episode.judge(100, Raise, delays(60, 5), |_, _| ());
        episode.change_delays(delays(30, 5), 110);
        assert_eq!(episode.timer_ms(), Some(130));
        episode.change_delays(delays(5, 5), 110);
        assert_eq!(episode.timer_ms(), Some(110), "not before the key's time");
        episode.fire(110, |_, _| ());
        episode.judge(200, Clear, delays(60, 5), |_, _| ());
        episode.change_delays(delays(60, 50), 200);
        assert_eq!((episode.timer_ms(), episode.is_open()), (Some(250), true));
    }

    #[test]
    fn stopping_ends_whatever_goes_on() {
        for (verdicts, expected) in [(vec![], None), (vec![Raise], Some(Pending)), (vec![Raise, Missing], None)] {
            let mut episode = Episode::default();
            let mut found = Vec::new();
            verdicts
                .iter()
                .for_each(|verdict| episode.judge(0, *verdict, Delays { hold_ms: 5, off_delay_ms: 0 }, |_, _| ()));
            episode.stop(3, |state, at| found.push((state, at)));
            let expected: Vec<_> = expected.map(|_| (Inactive, 3)).into_iter().collect();
            assert_eq!((found, episode.is_inactive()), (expected, true));
        }
    }
}
