//! `sequence`: the one partial run of a key through the steps of its rule.

use crate::kinds::threshold::MemberIx;
use crate::saved::saved;
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

/// The steps done so far, and what is needed to tell late observations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    done: Vec<StepDone>,
    /// For each member: which sources read its metric, and its newest event time.
    members: Vec<(u32, i64)>,
}

saved!(StepDone { micros, event_time_ms, position });
saved!(Run { done, members });

impl Run {
    /// A member sends values of a metric that these sources read.
    pub(crate) fn join(&mut self, member: MemberIx, reading: u32) {
        let index = member as usize;
        if index >= self.members.len() {
            self.members.resize(index + 1, (0, i64::MIN));
        }
        self.members[index].0 = reading;
    }

    /// Which sources read what a member sends.
    pub(crate) fn reading(&self, member: MemberIx) -> u32 {
        self.members.get(member as usize).map_or(0, |(reading, _)| *reading)
    }

    /// Whether an observation is not later than the newest of its member; if it is, it is the newest from now on.
    pub(crate) fn is_late(&mut self, member: MemberIx, event_time_ms: i64) -> bool {
        let (_, newest_ms) = &mut self.members[member as usize];
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
        if meets(course.steps) {
            self.done.clear();
        } else if meets(self.done.len())
            && self.done.last().is_none_or(|last| input.event_time_ms >= last.event_time_ms)
        {
            self.done.push(input);
        } else if self.done.len() <= 1 && meets(0) {
            self.done.clear();
            self.done.push(input);
        }
        (self.done.len() == course.steps).then(|| std::mem::take(&mut self.done))
    }

    /// Reads what a visit will read; the number means nothing.
    pub(crate) fn touch(&self) -> i64 {
        self.members.first().map_or(0, |(_, newest_ms)| *newest_ms)
    }

    fn end_if_over(&mut self, event_time_ms: i64, within_ms: i64) {
        if self.done.first().is_some_and(|first| event_time_ms > first.event_time_ms + within_ms) {
            self.done.clear();
        }
    }

    /// Whether a rule of so many steps can have brought it about, with so many members.
    pub(crate) fn is_of(&self, steps: usize, members: usize) -> bool {
        self.done.len() < steps.max(1) && self.members.len() == members
    }

    /// The steps done so far.
    pub(crate) fn done(&self) -> &[StepDone] {
        &self.done
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
}
