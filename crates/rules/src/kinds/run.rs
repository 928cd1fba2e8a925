//! `sequence`: the one partial run of a key through the steps of its rule.

use crate::kinds::threshold::MemberIx;
use crate::saved::{Loader, Saved, Saver, Wrong, saved};
use vigie_model::position::Position;

/// A step that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StepDone {
    /// The observed value in millionths; `None` for an incident.
    pub(crate) micros: Option<i64>,
    /// When it happened.
    pub(crate) event_time_ms: i64,
    /// The row.
    pub(crate) position: Position,
}

/// What a run has to know of its rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    /// How many steps there are.
    pub(crate) steps: usize,
    /// The longest time from the first step to the last.
    pub(crate) within_ms: i64,
}

/// How many members need no memory of their own.
const FEW: usize = 4;

/// The steps done so far, and what is needed to tell late observations. Nearly every observation asks for its member's newest event
/// time only, while no run has begun.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Newest event time of each of the first members.
    newest_ms: [i64; FEW],
    /// Whether steps are done.
    has_begun: bool,
    rest: Option<Box<Rest>>,
}

/// What most keys have no need of.
#[derive(Clone, Debug, Default)]
struct Rest {
    done: Vec<StepDone>,
    /// Newest event time of each of the other members.
    others_ms: Vec<i64>,
}

saved!(StepDone { micros, event_time_ms, position });
saved!(Rest { done, others_ms });

impl Default for Run {
    fn default() -> Self {
        Self { newest_ms: [i64::MIN; FEW], has_begun: false, rest: None }
    }
}

impl Saved for Run {
    fn save(&self, to: &mut Saver<'_>) {
        let Self { newest_ms, has_begun: _, rest } = self;
        newest_ms.iter().for_each(|newest_ms| newest_ms.save(to));
        rest.save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let mut run = Self::default();
        for newest_ms in &mut run.newest_ms {
            *newest_ms = i64::load(from)?;
        }
        run.rest = Saved::load(from)?;
        run.has_begun = run.rest.as_ref().is_some_and(|rest| !rest.done.is_empty());
        Ok(run)
    }
}

impl Run {
    /// Whether an observation is not later than the newest of its member; if it is, it is the newest from now on.
    #[inline]
    pub(crate) fn is_late(&mut self, member: MemberIx, event_time_ms: i64) -> bool {
        let member = member as usize;
        let newest_ms = match self.newest_ms.get_mut(member) {
            Some(newest_ms) => newest_ms,
            None => self.other(member - FEW),
        };
        if event_time_ms <= *newest_ms {
            return true;
        }
        *newest_ms = event_time_ms;
        false
    }

    /// Takes in an observation of no step and not of `without`; `false` when it is late.
    #[inline]
    pub(crate) fn pass(&mut self, member: MemberIx, event_time_ms: i64, within_ms: i64) -> bool {
        let passed = !self.is_late(member, event_time_ms);
        if passed {
            self.end_if_over(event_time_ms, within_ms);
        }
        passed
    }

    /// Takes in an input that is not late; the steps, when it completes them. `matches` has a bit for each step whose condition
    /// it meets, and behind them one for `without`.
    pub(crate) fn take(&mut self, input: StepDone, matches: u32, course: Course) -> Option<Vec<StepDone>> {
        let meets = |step: usize| matches & 1 << step != 0;
        self.end_if_over(input.event_time_ms, course.within_ms);
        let done = &mut self.rest.get_or_insert_default().done;
        if meets(course.steps) {
            done.clear();
        } else if meets(done.len()) && done.last().is_none_or(|last| input.event_time_ms >= last.event_time_ms) {
            done.push(input);
        } else if done.len() <= 1 && meets(0) {
            done.clear();
            done.push(input);
        }
        let completed = (done.len() == course.steps).then(|| std::mem::take(done));
        self.has_begun = !done.is_empty();
        completed
    }

    /// The steps done so far.
    pub(crate) fn done(&self) -> &[StepDone] {
        self.rest.as_ref().filter(|_| self.has_begun).map_or(&[], |rest| &rest.done)
    }

    /// Whether a rule of so many steps can have brought it about.
    pub(crate) fn is_of(&self, steps: usize) -> bool {
        self.done().len() < steps.max(1)
    }

    fn end_if_over(&mut self, event_time_ms: i64, within_ms: i64) {
        if self.done().first().is_some_and(|first| event_time_ms > first.event_time_ms + within_ms) {
            self.rest.iter_mut().for_each(|rest| rest.done.clear());
            self.has_begun = false;
        }
    }

    #[cold]
    fn other(&mut self, other: usize) -> &mut i64 {
        let others_ms = &mut self.rest.get_or_insert_default().others_ms;
        if other >= others_ms.len() {
            others_ms.resize(other + 1, i64::MIN);
        }
        &mut others_ms[other]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: Course = Course { steps: 2, within_ms: 60 };
    const WITHOUT: u32 = 0b100;

    /// The instants at which a run completed.
    fn completed(inputs: &[(i64, u32)]) -> Vec<i64> {
        let mut run = Run::default();
        let position = Position { partition: 0, offset: 0 };
        let input = |event_time_ms| StepDone { micros: None, event_time_ms, position };
        let done = |(at_ms, matches): &(i64, u32)| run.take(input(*at_ms), *matches, COURSE).map(|_| *at_ms);
        inputs.iter().filter_map(done).collect()
    }

    #[test]
    fn steps_come_in_order_and_in_time() {
        assert_eq!(completed(&[(0, 0b01), (60, 0b10)]), [60]);
        assert!(completed(&[(0, 0b01), (61, 0b10)]).is_empty());
        assert!(completed(&[(0, 0b10), (1, 0b01)]).is_empty());
        assert_eq!(completed(&[(0, 0b01), (50, 0b01), (100, 0b10)]), [100], "the first step starts anew");
        assert_eq!(completed(&[(10, 0b01), (5, 0b10), (10, 0b10)]), [10], "a step is not earlier than the one before");
    }

    #[test]
    fn without_ends_a_run_and_starts_none() {
        assert!(completed(&[(0, 0b01), (1, WITHOUT), (2, 0b10)]).is_empty());
        assert!(completed(&[(0, 0b01 | WITHOUT), (1, 0b10)]).is_empty());
    }

    #[test]
    fn an_input_for_both_steps_goes_on_rather_than_starting_anew() {
        assert_eq!(completed(&[(0, 0b11), (1, 0b11), (2, 0b11), (3, 0b11)]), [1, 3]);
    }

    #[test]
    fn lateness_goes_by_member() {
        let mut run = Run::default();
        for member in [0, 3, 4, 9] {
            assert!(!run.is_late(member, 10) && run.is_late(member, 10) && !run.is_late(member, 11));
        }
        assert!(!run.is_late(8, 5));
    }
}
