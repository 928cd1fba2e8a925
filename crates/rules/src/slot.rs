//! One slot: everything the engine knows about one rule on one key.
//!
//! A slot has a time of its own that never runs backwards. Before an input is judged at t, every timer of the slot due
//! at or before t fires, in order of due time, the hold or off-delay before a re-evaluation of the same instant
//! (RULES.md, "Time and order"). Silences run on the log-time axis instead.
//!
//! A city has many more slots than a processor's cache has room for, and an observation visits every rule of its key. So
//! what each visit reads lies close together in [`Slot`]; what only a transition needs lies behind a pointer, in `About`.

use crate::episode::{Episode, Verdict};
use crate::evidence::{Decision, of_decision, of_silence};
use crate::expr::fold::{Folded, Quantity};
use crate::kinds::threshold::MemberIx;
use crate::spec::{Plan, Rule, RuleSet};
use crate::state::{Entry, Member, SlotInput, State};
use crate::step::{Counters, Step};
use crate::words::Words;
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState, Transition};
use vigie_model::batch::Quality;
use vigie_model::names::{NO_NAME, NameIx, NameKind};

/// Why an episode ended when its rule was replaced.
const RULE_CHANGED: &str = "rule_changed";

/// Identity of a slot.
#[derive(Clone, Debug)]
pub(crate) struct SlotKey {
    /// Index of the rule.
    pub(crate) rule: usize,
    /// The key.
    pub(crate) key: Arc<str>,
    /// Its space.
    pub(crate) space: Arc<str>,
    /// Its sensor or node; empty per space.
    pub(crate) part: Arc<str>,
}

/// State of one rule on one key.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Index of the rule.
    rule: u32,
    /// Which plan of the rule holds in the space.
    plan: u32,
    /// Feed of the newest input.
    feed: NameIx,
    /// The time of the key; only inputs and fired timers move it.
    time_ms: i64,
    episode: Episode,
    state: State,
    about: Box<About>,
}

/// What is known about a slot and its latest episode.
#[derive(Debug)]
struct About {
    id: SlotKey,
    /// Sources of values; a member's index is its place here.
    members: Vec<Member>,
    /// Why raise became true, while a hold runs.
    decision: Option<Box<Decision>>,
    /// The latest episode; empty before the first.
    alert_id: AlertId,
    /// When it began.
    active_ms: i64,
    /// Earlier episodes that began at `active_ms`.
    earlier: u32,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    /// A hold or off-delay.
    Episode,
    /// Expired values, a pane boundary, a silence.
    Again,
}

impl Slot {
    /// A slot without inputs; a silence counts from `log_time_ms`.
    pub(crate) fn new(id: SlotKey, rule: &Rule, log_time_ms: i64) -> Self {
        let index = |index: usize| u32::try_from(index).expect("rules and their plans are fewer than 2^32");
        Self {
            rule: index(id.rule),
            plan: index(rule.plan_index(&id.space)),
            feed: NO_NAME,
            time_ms: i64::MIN,
            episode: Episode::default(),
            state: State::new(rule.kind, log_time_ms),
            about: Box::new(About {
                id,
                members: Vec::new(),
                decision: None,
                alert_id: AlertId::from_text(""),
                active_ms: i64::MIN,
                earlier: 0,
            }),
        }
    }

    /// Index of a member, which is added when it is new. Cost: linear in the members; once for each series.
    pub(crate) fn member(&mut self, member: Member) -> MemberIx {
        let members = &mut self.about.members;
        let index = members.iter().position(|known| *known == member).unwrap_or_else(|| {
            members.push(member);
            members.len() - 1
        });
        MemberIx::try_from(index).expect("members are interned names, fewer than 2^32")
    }

    /// Reads what a visit will read; the number means nothing.
    pub(crate) fn touch(&self) -> i64 {
        self.time_ms ^ i64::from(self.rule ^ self.feed) ^ self.episode.timer_ms().unwrap_or(0) ^ self.state.touch()
    }

    /// Takes in an observation or incident.
    pub(crate) fn take(&mut self, input: SlotInput, step: &mut Step<'_>) {
        if matches!(self.state, State::Absence { .. }) {
            self.feed = input.feed;
            return self.arrival(step);
        }
        if input.quality != Quality::Good {
            return;
        }
        if self.state.is_late(&input) {
            step.counters.late_inputs += 1;
            return;
        }
        let at_ms = input.event_time_ms.max(self.time_ms);
        self.fire_until(at_ms, step);
        match self.state.enter(&input, at_ms) {
            Entry::Taken => {
                self.feed = input.feed;
                self.time_ms = at_ms;
                self.judge(at_ms, step);
            }
            Entry::Expired => step.counters.late_inputs += 1,
            Entry::BeforeWindow => step.counters.dropped_inputs += 1,
        }
    }

    /// The intake is up: silences count anew.
    pub(crate) fn intake_up(&mut self, log_time_ms: i64) {
        if let State::Absence { silence, .. } = &mut self.state {
            silence.intake_up(log_time_ms);
        }
    }

    /// The rule is replaced: an open episode ends with that reason, now.
    pub(crate) fn end_for_change(&mut self, step: &mut Step<'_>) {
        let was_open = match &mut self.state {
            State::Absence { silence, .. } => silence.end(),
            State::Threshold { .. } | State::Window { .. } => self.episode.abandon(),
        };
        if was_open {
            let first = step.out.len();
            self.emit(AlertState::Cleared, self.time_ms.max(step.log_time_ms), step);
            step.out[first..].iter_mut().for_each(|cleared| cleared.reason = Some(RULE_CHANGED));
        }
    }

    /// When the next timer of the slot is due.
    pub(crate) fn due_ms(&self) -> Option<i64> {
        self.next_timer().map(|(due_ms, _)| due_ms)
    }

    /// Whether a timer due at `due_ms` may fire now: a silence only once log time is later.
    pub(crate) const fn may_fire(&self, due_ms: i64, log_time_ms: i64) -> bool {
        !matches!(self.state, State::Absence { .. }) || due_ms < log_time_ms
    }

    /// Fires the next timer of the slot, which is due at or before `until_ms`.
    pub(crate) fn fire_next(&mut self, until_ms: i64, step: &mut Step<'_>) {
        if let Some((due_ms, timer)) = self.next_timer() {
            self.fire(self.skip_idle_panes(due_ms, timer, until_ms), timer, step);
        }
    }

    fn fire_until(&mut self, at_ms: i64, step: &mut Step<'_>) {
        while self.due_ms().is_some_and(|due_ms| due_ms <= at_ms) {
            self.fire_next(at_ms, step);
        }
    }

    /// The earliest timer; of two at one instant, the hold or off-delay.
    fn next_timer(&self) -> Option<(i64, Timer)> {
        let again_ms = self.state.again_ms(self.episode.is_idle());
        match (self.episode.timer_ms(), again_ms) {
            (Some(due_ms), again_ms) if again_ms.is_none_or(|again_ms| due_ms <= again_ms) => {
                Some((due_ms, Timer::Episode))
            }
            (_, again_ms) => again_ms.map(|again_ms| (again_ms, Timer::Again)),
        }
    }

    /// An empty window that goes on (its count of 0 keeps an episode open) is the same at every boundary: of those due
    /// at or before `until_ms` and before the next hold or off-delay, only the last one is judged. Without this, one
    /// input from decades ago would cost a judgement for every pane since.
    fn skip_idle_panes(&self, due_ms: i64, timer: Timer, until_ms: i64) -> i64 {
        match (&self.state, timer) {
            (State::Window(window), Timer::Again) if window.panes.is_empty() => {
                let last_ms = self.episode.timer_ms().map_or(until_ms, |timer_ms| until_ms.min(timer_ms - 1));
                due_ms + (last_ms - due_ms).max(0) / window.span.pane_ms * window.span.pane_ms
            }
            _ => due_ms,
        }
    }

    fn fire(&mut self, due_ms: i64, timer: Timer, step: &mut Step<'_>) {
        self.time_ms = due_ms;
        if timer == Timer::Episode {
            let mut episode = self.episode;
            episode.fire(due_ms, |state, at_ms| self.emit(state, at_ms, step));
            self.episode = episode;
            return;
        }
        self.state.advance(due_ms);
        match self.state {
            State::Absence { .. } => self.emit(AlertState::Active, due_ms, step),
            State::Threshold { .. } | State::Window(_) => self.judge(due_ms, step),
        }
    }

    /// An arrival of an absence rule, on the log-time axis.
    fn arrival(&mut self, step: &mut Step<'_>) {
        while let Some((due_ms, timer)) = self.next_timer().filter(|(due_ms, _)| *due_ms < step.log_time_ms) {
            self.fire(due_ms, timer, step);
        }
        if let State::Absence { silence, .. } = &mut self.state
            && silence.arrival(step.log_time_ms)
        {
            self.emit(AlertState::Cleared, step.log_time_ms, step);
        }
    }

    fn judge(&mut self, at_ms: i64, step: &mut Step<'_>) {
        step.counters.judgements += 1;
        let rule = self.rule(step.rules);
        let quantity = self.state.quantity();
        let verdict = match quantity {
            None => Verdict::Missing,
            Some(quantity) => verdict(self.plan_of(rule), quantity, step.counters),
        };
        if let (Some(quantity), Verdict::Raise, true) = (quantity, verdict, self.episode.is_inactive()) {
            let detail = self.state.detail(at_ms, &self.about.members, step.names);
            self.about.decision =
                Some(Box::new(Decision { since_ms: at_ms, position: step.position, quantity, detail }));
        }
        let mut episode = self.episode;
        episode.judge(at_ms, verdict, rule.delays, |state, at_ms| self.emit(state, at_ms, step));
        self.episode = episode;
    }

    fn rule<'a>(&self, rules: &'a RuleSet) -> &'a Rule {
        &rules.rules[self.rule as usize]
    }

    fn plan_of<'a>(&self, rule: &'a Rule) -> &'a Plan {
        &rule.plans[self.plan as usize]
    }

    /// Writes a transition.
    fn emit(&mut self, state: AlertState, at_ms: i64, step: &mut Step<'_>) {
        let rule = self.rule(step.rules);
        let about = self.about.as_mut();
        if state == AlertState::Active {
            about.earlier = if about.active_ms == at_ms { about.earlier + 1 } else { 0 };
            about.active_ms = at_ms;
            let uid = &rule.identity.uid;
            about.alert_id = AlertId::of_episode(&step.rules.centre, uid, &about.id.key, at_ms, about.earlier);
        }
        let about = self.about.as_ref();
        step.out.push(Transition {
            alert_id: if state.is_of_episode() { about.alert_id.clone() } else { AlertId::from_text("") },
            rule: Arc::clone(&rule.identity),
            key: Arc::clone(&about.id.key),
            space: Arc::clone(&about.id.space),
            state,
            severity: rule.identity.severity,
            event_time_ms: at_ms,
            log_time_ms: step.log_time_ms,
            reason: None,
            evidence: if state == AlertState::Active { self.evidence(rule, step) } else { None },
            summary: self.words(state, at_ms, rule, step.rules).sentence(state).into(),
            feed: step.names.get(NameKind::Feed, self.feed).cloned().unwrap_or_default(),
            position: step.position,
            ordinal: *step.ordinal,
        });
        *step.ordinal += 1;
        if matches!(state, AlertState::Active | AlertState::Inactive) {
            self.about.decision = None;
        }
    }

    /// What the episode that begins now rests on: a silence, or the decision taken when raise became true.
    fn evidence(&self, rule: &Rule, step: &Step<'_>) -> Option<Arc<str>> {
        let plan = self.plan_of(rule);
        if let State::Absence { silence, silence_ms } = &self.state {
            return Some(of_silence(rule, plan, silence, *silence_ms, step.log_time_ms, step.position));
        }
        self.about.decision.as_ref().map(|decision| of_decision(rule, plan, decision))
    }

    fn words<'a>(&'a self, state: AlertState, at_ms: i64, rule: &'a Rule, rules: &'a RuleSet) -> Words<'a> {
        let decision =
            self.about.decision.as_ref().filter(|_| matches!(state, AlertState::Pending | AlertState::Active));
        let value_time_ms = match (&self.state, decision) {
            (State::Absence { silence, .. }, _) => silence.since_ms(),
            (_, Some(decision)) => decision.since_ms,
            _ => at_ms,
        };
        let id = &self.about.id;
        // Nothing changes the value between a judgement and what it brings about: it is still the one judged last.
        let quantity = decision.map(|decision| decision.quantity).or_else(|| self.state.quantity());
        Words {
            rule,
            params: &self.plan_of(rule).params,
            zone: &rules.zone,
            space: rules.space_name(&id.space),
            key: &id.key,
            part: &id.part,
            quantity,
            value_time_ms,
            event_time_ms: at_ms,
            usual: None,
            reason: None,
        }
    }
}

fn verdict(plan: &Plan, quantity: Quantity, counters: &mut Counters) -> Verdict {
    let mut holds = |condition: &Folded| {
        condition.holds(quantity).unwrap_or_else(|_| {
            counters.arithmetic_faults += 1;
            false
        })
    };
    if holds(&plan.raise) {
        Verdict::Raise
    } else if plan.clear.as_ref().is_none_or(holds) {
        Verdict::Clear
    } else {
        Verdict::Between
    }
}
