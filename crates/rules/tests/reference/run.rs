//! The partial run of a sequence.

use crate::common::Event;
use crate::condition::Params;
use crate::mutant::Mutant;
use crate::rule::Step;

/// One partial run: the event times of the steps done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    done: Vec<i64>,
}

impl Run {
    /// Goes on with an input that is not late; whether the run is complete with it.
    pub(crate) fn advance(
        &mut self,
        steps: &[Step],
        without: Option<&Step>,
        within_ms: i64,
        event: &Event,
        params: &Params,
        mutant: Mutant,
    ) -> bool {
        let time = event.time_ms;
        let ends = |first: &i64| match mutant {
            Mutant::RunEndsEarlier => time >= first + within_ms,
            _ => time > first + within_ms,
        };
        if self.done.first().is_some_and(ends) {
            self.done.clear();
        }
        if without.is_some_and(|without| without.is_met_by(event, params)) {
            self.done.clear();
            if mutant != Mutant::WithoutStarts {
                return false;
            }
        }
        let in_order = |previous: &i64| match mutant {
            Mutant::StepsStrictlyLater => time > *previous,
            _ => time >= *previous,
        };
        if self.done.last().is_some_and(in_order) && steps[self.done.len()].is_met_by(event, params) {
            self.done.push(time);
        } else if (self.done.len() <= 1 || mutant == Mutant::RestartsAlways) && steps[0].is_met_by(event, params) {
            self.done = vec![time];
        }
        let complete = self.done.len() == steps.len();
        if complete {
            self.done.clear();
        }
        complete
    }
}
