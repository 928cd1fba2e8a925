//! What cohorts share in a snapshot.

use crate::bands::Moves;
use crate::cohort::Cohort;
use crate::saved::{Loader, Saved, Saver, Wrong, require};
use crate::shared::Shared;
use crate::slot::Slot;
use crate::state::State;

impl Shared {
    /// Writes what the cohort does not say.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        let Self { time_ms, state, members, awake, moves, in_step, due_ms, calm } = self;
        time_ms.save(to);
        state.save(to);
        members.save(to);
        awake.save(to);
        moves.save(to);
        in_step.save(to);
        due_ms.save(to);
        calm.save(to);
    }

    /// Reads what a cohort shares.
    pub(crate) fn load(cohort: &Cohort, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let shared = Self {
            time_ms: Saved::load(from)?,
            state: State::load(cohort.kind(), from)?,
            members: Saved::load(from)?,
            awake: Saved::load(from)?,
            moves: Saved::load(from)?,
            in_step: Saved::load(from)?,
            due_ms: Saved::load(from)?,
            calm: Saved::load(from)?,
        };
        require(shared.members() > 0, "nobody sends what is shared")?;
        let is_own = |(bit, slot): &(u32, Slot)| {
            cohort.rules().get(*bit as usize).is_some_and(|rule| rule.rule() == slot.rule_index())
        };
        require(shared.awake.iter().all(is_own), "a rule is awake that is not of its cohort")?;
        let Moves { missing, raise, clear, between } = shared.moves;
        let moved = missing | raise | clear | between;
        require(moved & !cohort.asleep().raise == 0, "a rule is moved that is not of its cohort")?;
        Ok(shared)
    }
}
