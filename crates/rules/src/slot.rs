//! One slot: everything the engine knows about one rule on one key.
//!
//! A slot has a time of its own that never runs backwards. Before an input is judged at t, every timer of the slot due
//! at or before t fires, in order of due time; of those of one instant in the order of [`Timer`]
//! (RULES.md, "Time and order"). Silences run on the log-time axis instead.
//!
//! A city has many more slots than a processor's cache has room for, and an observation visits every rule of its key. So
//! what each visit reads lies close together in [`Slot`]; what only a transition needs lies behind a pointer, in [`About`].

use crate::about::{About, Sight, SlotKey};
use crate::detail::Scene;
use crate::episode::Episode;
use crate::evidence::Decision;
use crate::input::{Member, Members};
use crate::judgement::{expected, verdict};
use crate::kind::{Delays, Kind, RuleIx, narrow};
use crate::kinds::parts::Part;
use crate::kinds::threshold::MemberIx;
use crate::past::LatestEpisode;
use crate::periods::Period;
use crate::spec::{Plan, Rule, RuleSet};
use crate::state::State;
use crate::step::Step;
use crate::timing::{Due, NEVER_MS, Timer, Timing};
use crate::verdict::Verdict;
use vigie_model::alert::{AlertState, reason};
use vigie_model::names::{NO_NAME, NameIx};

/// State of one rule on one key, in two lines of memory.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Slot {
    /// Index of the rule.
    pub(crate) rule: u32,
    /// Which plan of the rule holds in the space.
    pub(crate) plan: u32,
    /// Feed of the newest input.
    pub(crate) feed: NameIx,
    /// Whether the rule changed since the running hold began.
    pub(crate) changed: bool,
    /// Whether the rule's active period holds, until the time that [`Timing`] says.
    pub(crate) inside: bool,
    /// Where it stands in time.
    pub(crate) timing: Timing,
    /// Its condition.
    pub(crate) episode: Episode,
    /// When the timers of all slots look at this one at the latest; [`NEVER_MS`] if they have no entry for it.
    pub(crate) armed_ms: i64,
    /// What it remembers.
    pub(crate) state: State,
    /// What is known about it besides.
    pub(crate) about: Box<About>,
}

impl Slot {
    /// A slot without inputs; a silence counts from `log_time_ms`.
    pub(crate) fn new(
        rule: RuleIx,
        id: SlotKey,
        rules: &RuleSet,
        latest: Option<LatestEpisode>,
        log_time_ms: i64,
    ) -> Self {
        let spec = &rules.rules[rule];
        let mut slot = Self {
            rule: narrow(rule),
            plan: narrow(spec.plan_index(&id.space)),
            feed: NO_NAME,
            changed: false,
            inside: spec.active == Period::Always,
            timing: Timing::new(spec.active),
            episode: Episode::default(),
            armed_ms: NEVER_MS,
            state: State::new(spec.kind, log_time_ms),
            about: Box::new(About::new(id, latest)),
        };
        if matches!(spec.kind, Kind::Absence { .. }) {
            slot.look_at_period(log_time_ms, rules);
        }
        slot
    }

    /// Index of a member, which is added when it is new. Cost: linear in the members; once for each series.
    pub(crate) fn join(&mut self, member: Member) -> MemberIx {
        self.about.members.join(member)
    }

    /// Its members are these.
    pub(crate) fn set_members(&mut self, members: Members) {
        self.about.members = members;
    }

    /// Reads its lines of memory without a branch on what is in them; the number means nothing.
    #[inline]
    pub(crate) const fn touch(&self) -> i64 {
        self.timing.time_ms ^ matches!(self.state, State::Absence { .. }) as i64
    }

    /// Reads what a visit will read behind them; the number means nothing.
    pub(crate) fn touch_behind(&self) -> i64 {
        self.state.touch()
    }

    /// Index of the rule.
    pub(crate) const fn rule_index(&self) -> RuleIx {
        self.rule as RuleIx
    }

    /// What is known about it.
    pub(crate) const fn about(&self) -> &About {
        &self.about
    }

    /// What it remembers.
    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// Its condition.
    pub(crate) const fn episode(&self) -> &Episode {
        &self.episode
    }

    /// Where it stands in time.
    pub(crate) const fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Whether its active period holds.
    pub(crate) const fn is_inside(&self) -> bool {
        self.inside
    }

    /// The plan in force.
    pub(crate) fn plan<'a>(&self, rules: &'a RuleSet) -> &'a Plan {
        &self.rule(rules).plans[self.plan as usize]
    }

    /// It remembers this from now on, at this time.
    pub(crate) fn stand(&mut self, state: State, time_ms: i64, feed: NameIx) {
        (self.state, self.timing.time_ms, self.feed) = (state, time_ms, feed);
    }

    /// Whether it remembers the same at the same time.
    pub(crate) fn stands(&self, state: &State, time_ms: i64) -> bool {
        self.timing.time_ms == time_ms && self.state.same(state)
    }

    /// Takes in transitions of other rules that count at `at_ms`, which is not before the key's time.
    pub(crate) fn take_parts(&mut self, parts: &[Part], at_ms: i64, step: &mut Step<'_>) {
        while self.due().is_before(at_ms) {
            self.fire_next(at_ms, step);
        }
        self.look_at_period(at_ms, step.rules);
        for part in parts {
            self.about.part_feed = part.feed.clone();
            self.state.apply(part);
        }
        self.state.advance(at_ms);
        self.timing.time_ms = at_ms;
        self.judge(at_ms, step);
    }

    /// The intake is up: silences count anew, but for one that is an open episode.
    pub(crate) fn intake_up(&mut self, log_time_ms: i64) {
        self.state.intake_up(log_time_ms, self.episode.is_open());
    }

    /// What it remembers, to be added to.
    pub(crate) const fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// Whatever goes on ends now, for a reason that is not its condition.
    pub(crate) fn end(&mut self, why: &'static str, step: &mut Step<'_>) {
        self.stop(self.timing.time_ms.max(step.log_time_ms), why, step);
    }

    fn stop(&mut self, at_ms: i64, why: &'static str, step: &mut Step<'_>) {
        self.change(Some(why), step, |episode, _, emit| episode.stop(at_ms, emit));
    }

    /// Goes on under a changed rule, at `rule` in the new set, for which the state means the same.
    pub(crate) fn adopt(&mut self, rule: RuleIx, old: &RuleSet, new: &RuleSet, log_time_ms: i64) {
        let (was, spec) = (self.rule(old), &new.rules[rule]);
        let same_period = was.active == spec.active && old.periods == new.periods;
        let plan = spec.plan_index(&self.about.id.space);
        self.changed |=
            was.identity.version != spec.identity.version || self.plan(old).params != spec.plans[plan].params;
        (self.rule, self.plan) = (narrow(rule), narrow(plan));
        self.state.adopt(spec.kind);
        self.episode.change_delays(spec.delays, self.timing.time_ms);
        self.time_escalation(spec);
        if spec.active == Period::Always {
            (self.inside, self.timing.period_ms) = (true, NEVER_MS);
        } else if !same_period {
            self.timing.period_ms = self.timing.time_ms.max(log_time_ms);
        }
    }

    /// When the next timer of the slot is due.
    pub(crate) fn due_ms(&self) -> Option<i64> {
        Some(self.due().first_ms()).filter(|due_ms| *due_ms != NEVER_MS)
    }

    /// When the timers of all slots have to look at this one, if they would too late; from now on they do.
    pub(crate) fn arm(&mut self) -> Option<i64> {
        self.arm_at(self.due_ms())
    }

    /// The same, when the next timer is known to be due at `due_ms`.
    pub(crate) fn arm_at(&mut self, due_ms: Option<i64>) -> Option<i64> {
        let earlier_ms = due_ms.filter(|due_ms| *due_ms < self.armed_ms);
        self.armed_ms = earlier_ms.unwrap_or(self.armed_ms);
        earlier_ms
    }

    /// The timers of all slots have no entry for this one any more.
    pub(crate) const fn disarm(&mut self) {
        self.armed_ms = NEVER_MS;
    }

    /// Whether the next timer may fire at this log time: a silence only once log time is later than its end.
    pub(crate) fn may_fire(&self, log_time_ms: i64) -> bool {
        let is_silence = |timer| timer == Timer::Again && matches!(self.state, State::Absence { .. });
        self.due().first().is_none_or(|(due_ms, timer)| !is_silence(timer) || due_ms < log_time_ms)
    }

    /// Fires the next timer of the slot, which is due at or before `until_ms`. An empty window that goes on is the same at
    /// every boundary, so only the last of those before another timer is judged, not every pane since decades ago.
    pub(crate) fn fire_next(&mut self, until_ms: i64, step: &mut Step<'_>) {
        let due = self.due();
        let Some((due_ms, timer)) = due.first() else { return };
        let at_ms = match self.state.empty_pane_ms().filter(|_| timer == Timer::Again) {
            Some(pane_ms) => due.last_again_ms(pane_ms, until_ms),
            None => due_ms,
        };
        self.fire(at_ms, timer, step);
    }

    /// Fires every timer due at or before `at_ms`.
    pub(crate) fn fire_until(&mut self, at_ms: i64, step: &mut Step<'_>) {
        while self.due().first_ms() <= at_ms {
            self.fire_next(at_ms, step);
        }
    }

    /// When each of its timers is due.
    pub(crate) fn due(&self) -> Due {
        let period_ms = self.timing.period_ms;
        let minds_period = || !(self.episode.is_inactive() && self.state.knows_nothing(period_ms));
        Due {
            period_ms: if period_ms != NEVER_MS && minds_period() { period_ms } else { NEVER_MS },
            episode_ms: self.episode.timer_ms().unwrap_or(NEVER_MS),
            escalate_ms: if self.episode.is_open() { self.about.escalate_ms } else { NEVER_MS },
            again_ms: self.state.again_ms(self.episode.is_idle()).unwrap_or(NEVER_MS),
        }
    }

    fn fire(&mut self, due_ms: i64, timer: Timer, step: &mut Step<'_>) {
        let was_inside = self.inside;
        if timer == Timer::Period {
            self.look_at_period(due_ms, step.rules);
        }
        // When what was known of a period ended, but not the period, nothing happened to the key.
        if timer == Timer::Period && self.inside == was_inside {
            return;
        }
        self.timing.time_ms = due_ms;
        match timer {
            Timer::Period => {
                if was_inside {
                    self.stop(due_ms, reason::INACTIVE_PERIOD, step);
                }
                self.state.leave(due_ms);
                self.judge(due_ms, step);
            }
            Timer::Episode => {
                if std::mem::take(&mut self.changed) && self.episode.is_pending() {
                    self.judge_hold_again(due_ms, step);
                }
                if self.episode.timer_ms().is_some_and(|timer_ms| timer_ms <= due_ms) {
                    self.change(None, step, |episode, _, emit| episode.fire(due_ms, emit));
                }
            }
            Timer::Escalation => {
                self.about.escalate_ms = NEVER_MS;
                self.tell(AlertState::Escalated, due_ms, None, step);
            }
            Timer::Again => {
                self.state.advance(due_ms);
                self.judge(due_ms, step);
            }
        }
    }

    /// Judges what is known at an instant, unless the rule is outside its period.
    pub(crate) fn judge(&mut self, at_ms: i64, step: &mut Step<'_>) {
        if !self.inside {
            return;
        }
        let verdict = self.verdict(at_ms, step);
        if verdict == Verdict::Raise && self.episode.is_inactive() {
            if step.blocked {
                return;
            }
            self.changed = false;
            self.decide(at_ms, at_ms, step);
        }
        if !self.episode.ignores(verdict) {
            self.change(None, step, |episode, delays, emit| episode.judge(at_ms, verdict, delays, emit));
        }
    }

    /// The condition of a hold that began under another rule is judged once more, before it becomes an episode.
    fn judge_hold_again(&mut self, at_ms: i64, step: &mut Step<'_>) {
        let (verdict, since_ms) = (self.verdict(at_ms, step), self.episode.delay_since_ms());
        if verdict == Verdict::Raise {
            self.decide(at_ms, since_ms.unwrap_or(at_ms), step);
        }
        self.change(None, step, |episode, delays, emit| episode.judge(at_ms, verdict, delays, emit));
    }

    fn verdict(&self, at_ms: i64, step: &mut Step<'_>) -> Verdict {
        step.counters.judgements += 1;
        let (rule, plan) = (self.rule(step.rules), self.plan(step.rules));
        verdict(&self.state, at_ms, rule, plan, step.rules, step.counters)
    }

    /// Takes down what raise rests on; a silence says that itself.
    fn decide(&mut self, judged_ms: i64, since_ms: i64, step: &Step<'_>) {
        if matches!(self.state, State::Absence { .. }) {
            return;
        }
        let (rules, names, members) = (step.rules, step.names, &self.about.members);
        let expected = expected(&self.state, judged_ms, rules);
        let scene = Scene { at_ms: judged_ms, rules, rule: self.rule(rules), members, names, expected };
        self.about.decision = Some(Box::new(Decision::of(&self.state, since_ms, step.position, scene)));
    }

    /// Lets something happen to the episode, and tells what came of it.
    pub(crate) fn change(
        &mut self,
        why: Option<&'static str>,
        step: &mut Step<'_>,
        happen: impl FnOnce(&mut Episode, Delays, &mut dyn FnMut(AlertState, i64)),
    ) {
        let rule = self.rule(step.rules);
        let mut episode = self.episode;
        happen(&mut episode, rule.delays, &mut |state, at_ms| self.tell(state, at_ms, why, step));
        self.episode = episode;
        self.time_escalation(rule);
    }

    fn tell(&mut self, state: AlertState, at_ms: i64, why: Option<&'static str>, step: &mut Step<'_>) {
        let (rules, rule, plan) = (step.rules, self.rule(step.rules), self.plan(step.rules));
        let sight = Sight { rules, rule, plan, state: &self.state, feed: self.feed };
        self.about.tell(state, at_ms, why, sight, step);
    }

    /// An open episode becomes more severe some time after its beginning, once.
    fn time_escalation(&mut self, rule: &Rule) {
        let due_ms = self.about.escalation_ms(rule).filter(|_| self.episode.is_open());
        self.about.escalate_ms = due_ms.unwrap_or(NEVER_MS);
    }

    /// From the end of a phase of the rule's period on the next counts.
    pub(crate) fn look_at_period(&mut self, at_ms: i64, rules: &RuleSet) {
        if at_ms >= self.timing.period_ms {
            let active = rules.rules[self.rule as usize].active;
            let phase = rules.periods.at(active, &self.about.id.space, at_ms);
            (self.inside, self.timing.period_ms) = (phase.inside, phase.until_ms);
        }
    }

    /// The rule.
    pub(crate) fn rule<'a>(&self, rules: &'a RuleSet) -> &'a Rule {
        &rules.rules[self.rule as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_takes_two_lines_of_memory() {
        assert_eq!(size_of::<Slot>(), 128);
    }
}
