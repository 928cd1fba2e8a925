//! What a cohort shares on one key, once that is more than a newest value: several members, a time ahead of the newest
//! value, rules with a hold or an episode.
//!
//! A rule without either is asleep: all it remembers is shared. Raise wakes it: it gets a slot of its own, which goes its own
//! way from there and falls asleep when it ends where the others stand. Slots in step with the rest follow it without being
//! visited until a value or a timer moves them.
//!
//! **Invariant**: each rule stands where it would stand with a slot of its own from the beginning, and tells the same.

use crate::bands::{Moves, RuleBits, bits};
use crate::cohort::{Cohort, CohortRule};
use crate::fate::Succession;
use crate::input::{Member, Members, SlotInput};
use crate::kind::RuleIx;
use crate::kinds::calm::Calm;
use crate::kinds::threshold::{MemberIx, Newest, Values};
use crate::line::{Line, LineKey};
use crate::past::Past;
use crate::porch::Porch;
use crate::slot::Slot;
use crate::spec::RuleSet;
use crate::state::{Entry, State};
use crate::step::Step;
use crate::timing::NEVER_MS;
use vigie_model::names::{NameIx, Names};

/// What a cohort shares on one key.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    /// The time of the key for the rules that are asleep.
    pub(crate) time_ms: i64,
    /// What they remember.
    pub(crate) state: State,
    /// Whose values they are.
    pub(crate) members: Members,
    /// Slots of the rules that are awake, by their bits.
    pub(crate) awake: Vec<(u32, Slot)>,
    /// What moves whom.
    pub(crate) moves: Moves,
    /// Whether the awake ones remember the same at the same time, but for what they were not visited for.
    pub(crate) in_step: bool,
    /// When a timer is due at the earliest.
    pub(crate) due_ms: i64,
    /// Values that may enter a window without moving anybody, now or at any pane boundary; while there are such, nobody is awake
    /// and no timer is due.
    pub(crate) calm: Option<Calm>,
}

/// Where a cohort stands, and what it needs to wake a rule.
#[derive(Debug)]
pub(crate) struct Post<'a> {
    /// The key.
    pub(crate) key: LineKey,
    /// The cohort.
    pub(crate) cohort: &'a Cohort,
    /// The partition's largest tick.
    pub(crate) tick_ms: i64,
    /// Feed of the newest value so far.
    pub(crate) feed: NameIx,
    /// Episodes of rules that fell asleep.
    pub(crate) past: &'a mut Past,
}

impl Shared {
    /// What a line that was alone so far knows.
    pub(crate) fn of(line: &Line, member: Member, cohort: &Cohort, tick_ms: i64) -> Self {
        let newest = line.newest(tick_ms);
        let mut state = State::new(cohort.kind(), 0);
        state.set_values(Values::of_first(newest));
        Self {
            time_ms: line.time_ms(tick_ms),
            due_ms: state.again_ms(true).unwrap_or(NEVER_MS),
            state,
            members: Members::of_first(member),
            awake: Vec::new(),
            moves: cohort.asleep(),
            in_step: true,
            calm: None,
        }
    }

    /// How many members it has.
    pub(crate) fn members(&self) -> usize {
        self.members.count()
    }

    /// Index of a member, which is added when it is new.
    pub(crate) fn join(&mut self, member: Member) -> MemberIx {
        for (_, slot) in &mut self.awake {
            slot.join(member);
        }
        self.members.join(member)
    }

    /// Takes over what waited before a window, up to the time of the key.
    pub(crate) fn let_in(&mut self, porch: &mut Porch, tick_ms: i64) {
        if let Some((time_ms, waiting)) = porch.close(tick_ms) {
            self.state.enter_all(waiting, time_ms);
            self.time_ms = time_ms;
        }
    }

    /// Lets what will move nobody wait before the window.
    pub(crate) fn open(&self, porch: &mut Porch) {
        if let Some((calm, empty_ms)) = self.calm.zip(self.state.empty_ms()) {
            porch.open(calm, self.time_ms, empty_ms);
        }
    }

    /// Takes over what the line took in alone.
    pub(crate) fn catch_up(&mut self, line: &Line) {
        let newest = line.newest(i64::MIN);
        if self.state.values().is_some_and(|values| newest.event_time_ms > values.first().event_time_ms) {
            self.time_ms = newest.event_time_ms;
            self.state.set_values(Values::of_first(newest));
        }
    }

    /// Takes in a good value; whether it is the newest by then.
    pub(crate) fn take(&mut self, input: &SlotInput<'_>, post: &mut Post<'_>, step: &mut Step<'_>) -> bool {
        if self.state.is_late(input) {
            step.counters.late_inputs += post.cohort.count();
            return false;
        }
        let at_ms = input.event_time_ms;
        let nothing_due = self.due_ms > at_ms && self.expiry_ms() > at_ms;
        if self.in_step && nothing_due && at_ms >= self.time_ms {
            self.take_in_step(input, post, step)
        } else {
            self.take_each(input, post, step)
        }
    }

    /// When a timer is due, of rules that are awake or may be woken by it.
    pub(crate) fn due_ms(&self) -> Option<i64> {
        Some(self.due_ms).filter(|due_ms| *due_ms != NEVER_MS)
    }

    /// Fires what is due first, if that is at or before `until_ms`.
    pub(crate) fn fire(&mut self, until_ms: i64, post: &mut Post<'_>, step: &mut Step<'_>) {
        self.bring_in_step(post.feed);
        self.refresh(post, step.rules);
        let due_ms = self.due_ms;
        if due_ms > until_ms {
            return;
        }
        // Without anything shared to wait for, each goes on by itself, and skips what is the same again and again.
        let stop_ms = if self.expiry_ms() == NEVER_MS { until_ms } else { due_ms };
        for (_, slot) in &mut self.awake {
            slot.fire_until(stop_ms, step);
        }
        self.expire(stop_ms, post, step);
        self.refresh(post, step.rules);
    }

    /// Whether a line alone can know all this, if `tick_ms` is the partition's largest tick: only what expires at a later one is
    /// known to have left by then.
    pub(crate) fn fits_in_line(&self, tick_ms: i64) -> bool {
        self.awake.is_empty() && self.members.count() == 1 && self.is_simple() && self.expiry_ms() > tick_ms
    }

    /// Lets the line take in what will change nothing.
    pub(crate) fn show(&self, line: &mut Line, cohort: &Cohort, feed: NameIx) {
        line.hear(feed);
        let Some(values) = self.state.values() else { return };
        line.show(values.first());
        let quiet = self.in_step && self.is_simple();
        let range = quiet.then(|| cohort.quiet_around(values.first().micros, self.moves)).flatten();
        line.quiet(range, self.due_ms);
    }

    /// A rule of the cohort as it stands, for questions or to go on without the others.
    pub(crate) fn slot_of(&self, rule: RuleIx, post: &mut Post<'_>, rules: &RuleSet, names: &Names) -> Slot {
        let awake = self.awake.iter().find(|(_, slot)| slot.rule_index() == rule);
        match awake {
            Some((_, slot)) if self.in_step => {
                let mut slot = slot.clone();
                slot.stand(self.state.clone(), self.time_ms, post.feed);
                slot
            }
            Some((_, slot)) => slot.clone(),
            None => self.new_slot(rule, self.time_ms, post.feed, post, rules, names),
        }
    }

    /// A rule ends, for a reason that is not its condition.
    pub(crate) fn end(&mut self, rule: RuleIx, why: &'static str, post: &mut Post<'_>, step: &mut Step<'_>) {
        self.bring_in_step(post.feed);
        let Some(place) = self.awake.iter().position(|(_, slot)| slot.rule_index() == rule) else { return };
        let (_, mut slot) = self.awake.remove(place);
        slot.end(why, step);
        let (uid, about) = (&step.rules.rules[rule].identity.uid, slot.about());
        post.past.keep(uid, &about.id.key, about.latest);
    }

    /// What the rules of a new cohort share, which go on from old ones: pairs of each `heirs`.
    pub(crate) fn heir(
        &self,
        cohort: &[CohortRule],
        heirs: &[(RuleIx, RuleIx)],
        change: &Succession,
        feed: NameIx,
    ) -> Self {
        let mut heir = self.clone();
        heir.bring_in_step(feed);
        heir.state.adopt(change.new.rules[cohort[0].rule()].kind);
        let awake = std::mem::take(&mut heir.awake).into_iter().filter_map(|(_, mut slot)| {
            let (_, new) = heirs.iter().find(|(old, _)| *old == slot.rule_index())?;
            let bit = cohort.iter().zip(0..).find(|(rule, _)| rule.rule() == *new)?.1;
            slot.adopt(*new, &change.old, &change.new, change.log_time_ms);
            Some((bit, slot))
        });
        heir.awake = awake.collect();
        heir.awake.sort_by_key(|(bit, _)| *bit);
        heir
    }

    /// Only the first member has a value, it is valid, and nothing happened since.
    fn is_simple(&self) -> bool {
        let of_line = |values: &Values| {
            let Newest { event_time_ms, valid, .. } = values.first();
            values.is_single() && valid && event_time_ms == self.time_ms
        };
        self.state.values().is_some_and(of_line)
    }

    /// All stand at one place and no timer is due: the value is judged once, and only those are visited whom it moves.
    fn take_in_step(&mut self, input: &SlotInput<'_>, post: &mut Post<'_>, step: &mut Step<'_>) -> bool {
        let at_ms = input.event_time_ms;
        if !self.enter(input, at_ms, post.cohort.count(), step) {
            return false;
        }
        let verdicts = post.cohort.verdicts(self.state.quantity(), step.rules, step.counters);
        let moved = self.moves.of(verdicts);
        step.counters.judgements += 1;
        for bit in bits(moved) {
            match self.awake.iter_mut().find(|(awake, _)| *awake == bit) {
                Some((_, slot)) => {
                    slot.stand(self.state.clone(), at_ms, input.feed);
                    slot.judge(at_ms, step);
                }
                None => self.wake(bit, at_ms, input.feed, post, step),
            }
        }
        if moved != 0 {
            self.bring_others_in_step(moved, input.feed);
            self.refresh(post, step.rules);
        } else {
            self.due_ms = self.due_ms.min(self.expiry_ms());
            self.rest(post);
        }
        true
    }

    /// Each rule takes the value in on its own, after its timers.
    fn take_each(&mut self, input: &SlotInput<'_>, post: &mut Post<'_>, step: &mut Step<'_>) -> bool {
        self.bring_in_step(post.feed);
        let at_ms = input.event_time_ms.max(self.time_ms);
        self.expire(at_ms, post, step);
        for (_, slot) in &mut self.awake {
            slot.take(input, step);
        }
        let asleep = self.asleep(post);
        let count = u64::from(asleep.count_ones());
        let is_newest = self.enter(input, at_ms, count, step);
        if is_newest {
            let verdicts = post.cohort.verdicts(self.state.quantity(), step.rules, step.counters);
            let raised = verdicts.raise & asleep;
            step.counters.judgements += 1;
            for bit in bits(raised) {
                self.wake(bit, at_ms, input.feed, post, step);
            }
        }
        self.refresh(post, step.rules);
        is_newest
    }

    /// Lets a value in for so many rules that are asleep; whether it was in time.
    fn enter(&mut self, input: &SlotInput<'_>, at_ms: i64, asleep: u64, step: &mut Step<'_>) -> bool {
        match self.state.enter(input, at_ms, true, &step.rules.zone) {
            Entry::Taken => {
                self.time_ms = at_ms;
                return true;
            }
            Entry::Expired => step.counters.late_inputs += asleep,
            Entry::BeforeWindow => step.counters.dropped_inputs += asleep,
        }
        false
    }

    /// Values and panes that are over at or before `until_ms` leave, for the rules that are asleep.
    fn expire(&mut self, until_ms: i64, post: &mut Post<'_>, step: &mut Step<'_>) {
        while let Some(due_ms) = self.state.again_ms(true).filter(|due_ms| *due_ms <= until_ms) {
            self.state.advance(due_ms);
            self.time_ms = due_ms.max(self.time_ms);
            let verdicts = post.cohort.verdicts(self.state.quantity(), step.rules, step.counters);
            for bit in bits(verdicts.raise & self.asleep(post)) {
                self.wake(bit, due_ms, post.feed, post, step);
            }
        }
    }

    /// Raise is true for a rule that was asleep.
    fn wake(&mut self, bit: u32, at_ms: i64, feed: NameIx, post: &mut Post<'_>, step: &mut Step<'_>) {
        let rule = post.cohort.rules()[bit as usize].rule();
        let mut slot = self.new_slot(rule, at_ms, feed, post, step.rules, step.names);
        slot.judge(at_ms, step);
        let place = self.awake.partition_point(|(awake, _)| *awake < bit);
        self.awake.insert(place, (bit, slot));
    }

    fn new_slot(
        &self,
        rule: RuleIx,
        time_ms: i64,
        feed: NameIx,
        post: &mut Post<'_>,
        rules: &RuleSet,
        names: &Names,
    ) -> Slot {
        let id = post.key.slot_key(names);
        let latest = post.past.take(&rules.rules[rule].identity.uid, &id.key);
        let mut slot = Slot::new(rule, id, rules, latest, time_ms);
        slot.set_members(self.members.clone());
        slot.stand(self.state.clone(), time_ms, feed);
        slot
    }

    /// Visits the slots for what they were not visited for.
    fn bring_in_step(&mut self, feed: NameIx) {
        self.bring_others_in_step(0, feed);
    }

    fn bring_others_in_step(&mut self, visited: RuleBits, feed: NameIx) {
        if self.in_step {
            for (_, slot) in self.awake.iter_mut().filter(|(bit, _)| visited & 1 << bit == 0) {
                slot.stand(self.state.clone(), self.time_ms, feed);
            }
        }
    }

    fn asleep(&self, post: &Post<'_>) -> RuleBits {
        self.awake.iter().fold(post.cohort.asleep().raise, |asleep, (bit, _)| asleep & !(1 << bit))
    }

    /// Lets those fall asleep that ended, and finds out what moves the others and when.
    pub(crate) fn refresh(&mut self, post: &mut Post<'_>, rules: &RuleSet) {
        let (state, time_ms) = (&self.state, self.time_ms);
        self.awake.retain(|(_, slot)| {
            let stays = !slot.episode().is_inactive() || !slot.stands(state, time_ms);
            if !stays {
                let (uid, about) = (&rules.rules[slot.rule_index()].identity.uid, slot.about());
                post.past.keep(uid, &about.id.key, about.latest);
            }
            stays
        });
        self.in_step = self.awake.iter().all(|(_, slot)| slot.stands(state, time_ms));
        self.moves = Moves { raise: self.asleep(post), ..Moves::default() };
        for (bit, slot) in &self.awake {
            slot.episode().add_moves(1 << bit, &mut self.moves);
        }
        let first_ms = self.awake.iter().filter_map(|(_, slot)| slot.due_ms()).min().unwrap_or(NEVER_MS);
        self.due_ms = first_ms.min(self.expiry_ms());
        self.rest(post);
    }

    /// Finds out what may enter a window without moving anybody, if all that is in it may stay; then no timer is due.
    fn rest(&mut self, post: &Post<'_>) {
        let may_rest = self.awake.is_empty() && self.expiry_ms() > post.tick_ms;
        let calm = || self.state.calm(|micros| post.cohort.quiet_around(micros, self.moves));
        self.calm = may_rest.then(calm).flatten();
        if self.calm.is_some() {
            self.due_ms = NEVER_MS;
        }
    }

    /// When a value expires, or a pane boundary is reached.
    fn expiry_ms(&self) -> i64 {
        self.state.again_ms(true).unwrap_or(NEVER_MS)
    }
}
