//! How a slot takes its inputs in: after the timers due before, and then as its kind does.

use crate::detail::Detail;
use crate::evidence::Decision;
use crate::input::SlotInput;
use crate::judgement::matching;
use crate::kind::Kind;
use crate::kinds::run::{Course, StepDone};
use crate::quiet::{Rest, take_quiet};
use crate::slot::Slot;
use crate::state::{Entry, State};
use crate::step::Step;
use crate::timing::Timing;
use crate::verdict::Verdict;
use vigie_model::batch::Quality;

impl Slot {
    /// Takes in an observation or incident.
    pub(crate) fn take(&mut self, input: &SlotInput<'_>, step: &mut Step<'_>) {
        if matches!(self.state, State::Absence { .. }) {
            self.feed = input.feed;
            return self.arrival(step);
        }
        let is_value = input.quality == Quality::Good;
        if !is_value || self.state.is_late(input) {
            step.counters.late_inputs += u64::from(is_value);
            return;
        }
        let at_ms = input.event_time_ms.max(self.timing.time_ms);
        self.fire_until(at_ms, step);
        self.look_at_period(at_ms, step.rules);
        if matches!(self.state, State::Sequence(_)) {
            (self.feed, self.timing.time_ms) = (input.feed, at_ms);
            return self.step_of_run(input, at_ms, step);
        }
        let counts = self.matching(input, step) != 0;
        match self.state.enter(input, at_ms, counts, &step.rules.zone) {
            Entry::Taken => {
                (self.feed, self.timing.time_ms) = (input.feed, at_ms);
                self.judge(at_ms, step);
            }
            Entry::Expired => step.counters.late_inputs += 1,
            Entry::BeforeWindow => step.counters.dropped_inputs += 1,
        }
    }

    /// Takes in an observation if it changes nothing but what is newest, as most do; whether it did.
    #[inline]
    pub(crate) fn take_quiet(&mut self, input: &SlotInput<'_>, step: &mut Step<'_>) -> bool {
        if !self.episode.is_inactive() {
            return false;
        }
        let Timing { time_ms, period_ms } = self.timing;
        let (rule, armed_ms, inside) = (self.rule(step.rules), self.armed_ms, self.inside);
        let plan = self.plan(step.rules);
        let rest = Rest { kind: &rule.kind, plan, time_ms, period_ms, armed_ms, inside };
        let time_ms = take_quiet(&mut self.state, input, rest, step.log_time_ms, step.counters);
        if let Some(time_ms) = time_ms {
            (self.feed, self.timing.time_ms) = (input.feed, time_ms);
        }
        time_ms.is_some()
    }

    /// An arrival of an absence rule, on the log-time axis.
    fn arrival(&mut self, step: &mut Step<'_>) {
        let log_time_ms = step.log_time_ms;
        while self.due().first_ms() <= log_time_ms && self.may_fire(log_time_ms) {
            self.fire_next(log_time_ms, step);
        }
        self.state.arrive(log_time_ms);
        if self.episode.is_open() {
            self.change(None, step, |episode, delays, emit| episode.judge(log_time_ms, Verdict::Clear, delays, emit));
        }
    }

    /// An input of a sequence, which may complete its run.
    fn step_of_run(&mut self, input: &SlotInput<'_>, at_ms: i64, step: &mut Step<'_>) {
        let matching = self.matching(input, step);
        let rule = self.rule(step.rules);
        let (State::Sequence(run), Kind::Sequence { within_ms }) = (&mut self.state, rule.kind) else { return };
        let micros = input.incident.is_none().then_some(input.micros);
        let done = StepDone { micros, event_time_ms: input.event_time_ms, position: step.position };
        let completed = run.take(done, matching, Course { steps: rule.steps(), within_ms });
        let Some(steps) = completed.filter(|_| self.inside) else { return };
        if self.episode.is_inactive() {
            let decision = Decision::of_run(at_ms, step.position, Detail::of_run(rule, &steps));
            self.about.decision = Some(Box::new(decision));
        }
        self.change(None, step, |episode, delays, emit| episode.pulse(at_ms, delays, emit));
        self.fire_until(at_ms, step);
    }

    /// Which sources of the rule an input belongs to and meets the match condition of, one bit for each.
    fn matching(&self, input: &SlotInput<'_>, step: &mut Step<'_>) -> u32 {
        match &input.incident {
            Some(incident) => incident.matching,
            None => matching(input.micros, input.reading, self.plan(step.rules), step.counters),
        }
    }
}
