//! All lines of an engine, and what their cohorts share.

use crate::cohort::{Cohort, CohortIx, CohortRule, Cohorts, can_share, together};
use crate::fate::{Fate, Succession};
use crate::input::{Member, SlotInput};
use crate::kind::{RuleIx, narrow};
use crate::kinds::threshold::MemberIx;
use crate::line::{Behind, Line, LineId, LineKey, SharedIx};
use crate::past::Past;
use crate::porch::Porch;
use crate::routes::{PorchIx, Target};
use crate::shared::{Post, Shared};
use crate::slot::Slot;
use crate::spec::RuleSet;
use crate::step::{Counters, Step};
use crate::timers::{LineIx, Timers};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::sync::Arc;
use vigie_model::batch::Quality;
use vigie_model::names::{NameIx, NameKind, Names};

/// Lines by index and by key; those of windows have a porch from the beginning, in their order. They grow with the log's names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    pub(crate) lines: Vec<Line>,
    pub(crate) ids: Vec<LineId>,
    /// The first lines by key, as many as it has: others are entered when one is looked for to be changed. So a start from
    /// a snapshot, which needs no key before a series is new, does not wait for it.
    pub(crate) by_key: HashTable<LineIx>,
    pub(crate) cohorts: Cohorts,
    pub(crate) shared: Vec<Shared>,
    pub(crate) porches: Vec<Porch>,
    /// Places in `shared` that no line has.
    pub(crate) free: Vec<SharedIx>,
    pub(crate) timers: Timers,
}

impl Lines {
    /// Space, metric and index of each that the first series of those leads straight to.
    pub(crate) fn straight(&self) -> impl Iterator<Item = (NameIx, NameIx, LineIx)> + Clone {
        self.ids.iter().zip(0..).filter(|(id, _)| id.straight).map(|(id, line)| (id.space, id.metric, line))
    }

    /// Notes that the first series of a line's space and metric leads straight there.
    pub(crate) fn go_straight(&mut self, line: LineIx) {
        self.ids[line as usize].straight = true;
    }

    /// Whether there is a place with such a member; slots are none of these.
    pub(crate) fn has(&self, target: Target) -> bool {
        let shared = |place: SharedIx, member: MemberIx| (member as usize) < self.shared[place as usize].members();
        match target {
            Target::Line(line, member) => self.lines.get(line as usize).is_some_and(|line| match line.behind() {
                Behind::Nothing => member == 0,
                Behind::Shared(place) => shared(place, member),
                Behind::Porch(_) => false,
            }),
            Target::Porch(porch, member) => {
                self.porches.get(porch as usize).is_some_and(|porch| shared(porch.shared(), member))
            }
            Target::Slot(..) => false,
        }
    }

    /// A line, to take in what changes nothing.
    #[inline]
    pub(crate) fn line_mut(&mut self, index: LineIx) -> &mut Line {
        &mut self.lines[index as usize]
    }

    /// Whether rows of this sensor and node are those of a line's first member.
    #[inline]
    pub(crate) fn is_first(&self, index: LineIx, sensor: NameIx, node: NameIx) -> bool {
        self.lines[index as usize].is_first(sensor, node)
    }

    /// Reads what a visit to a line will read; the number means nothing.
    #[inline]
    pub(crate) fn touch(&self, index: LineIx) -> i64 {
        self.lines[index as usize].touch()
    }

    /// A porch.
    #[inline]
    pub(crate) fn porch(&self, index: PorchIx) -> &Porch {
        &self.porches[index as usize]
    }

    /// The lines of a key for rules that can share, which are made when they are new, for rows of this sensor and node.
    pub(crate) fn find_or_make(
        &mut self,
        key: LineKey,
        first: (NameIx, NameIx),
        rules: &[CohortRule],
        set: &RuleSet,
        counters: &mut Counters,
    ) -> Vec<LineIx> {
        self.enter_keys();
        let mut found: Vec<LineIx> = self.of_key(&key).collect();
        let has = |line: &LineIx, rule: &CohortRule| self.cohort_of(*line).rules().contains(rule);
        let new: Vec<_> = rules.iter().copied().filter(|rule| !found.iter().any(|line| has(line, rule))).collect();
        found.retain(|line| rules.iter().any(|rule| has(line, rule)));
        // The table has them in an order that its growth decides.
        found.sort_unstable();
        counters.keys += new.len() as u64;
        for rules in together(new, set) {
            let cohort = self.cohorts.of(&rules, set);
            found.push(self.add(key, first, cohort));
        }
        found
    }

    /// Where values of a member of a line enter; it is added when it is new.
    pub(crate) fn join(&mut self, line: LineIx, member: Member, tick_ms: i64) -> Target {
        let own = &self.lines[line as usize];
        if own.behind() == Behind::Nothing && own.member(member.metric) == member {
            return Target::Line(line, 0);
        }
        let place = self.shared_of(line, tick_ms);
        self.lines[line as usize].quiet(None, i64::MIN);
        let shared = &mut self.shared[place as usize];
        self.timers.schedule(line, shared.due_ms());
        let member = shared.join(member);
        match self.lines[line as usize].behind() {
            Behind::Porch(porch) => Target::Porch(porch, member),
            Behind::Nothing | Behind::Shared(_) => Target::Line(line, member),
        }
    }

    /// Takes in an observation for a window: it waits on the porch if it may.
    pub(crate) fn take_at_porch(
        &mut self,
        porch: PorchIx,
        input: &SlotInput<'_>,
        tick_ms: i64,
        past: &mut Past,
        step: &mut Step<'_>,
    ) {
        if input.quality != Quality::Good {
            return;
        }
        let porch = &mut self.porches[porch as usize];
        if porch.take(input, tick_ms) {
            step.counters.judgements += 1;
            return;
        }
        let line = porch.line();
        self.take_together(line, input, tick_ms, past, step);
    }

    /// Takes in an observation.
    pub(crate) fn take(
        &mut self,
        index: LineIx,
        input: &SlotInput<'_>,
        tick_ms: i64,
        past: &mut Past,
        step: &mut Step<'_>,
    ) {
        if input.quality != Quality::Good {
            return;
        }
        let line = &mut self.lines[index as usize];
        if line.behind() == Behind::Nothing && input.member == 0 {
            let cohort = self.cohorts.get(self.ids[index as usize].cohort);
            if line.take_alone(input, tick_ms, cohort, step) {
                return;
            }
        }
        self.take_together(index, input, tick_ms, past, step);
    }

    /// Takes in an observation that concerns what a line's cohort shares.
    fn take_together(
        &mut self,
        index: LineIx,
        input: &SlotInput<'_>,
        tick_ms: i64,
        past: &mut Past,
        step: &mut Step<'_>,
    ) {
        self.with_shared(index, tick_ms, past, |shared, post| {
            if shared.take(input, post, step) {
                post.feed = input.feed;
            }
        });
    }

    /// Fires the first timer due at or before `tick_ms`; whether there was one.
    pub(crate) fn fire_next(&mut self, tick_ms: i64, past: &mut Past, step: &mut Step<'_>) -> bool {
        let Some((_, index)) = self.timers.pop_due(tick_ms) else { return false };
        if self.lines[index as usize].behind() != Behind::Nothing {
            self.with_shared(index, tick_ms, past, |shared, post| shared.fire(tick_ms, post, step));
        }
        true
    }

    /// A rule as it stands on a key; `None` when no line has it.
    pub(crate) fn slot_of(
        &self,
        rule: RuleIx,
        key: &LineKey,
        tick_ms: i64,
        (rules, names): (&RuleSet, &Names),
    ) -> Option<Slot> {
        let has = |line: &LineIx| self.cohort_of(*line).rules().iter().any(|known| known.rule() == rule);
        let index = self.of_key(key).find(has)?;
        let (feed, cohort) = (self.feed_of(index), self.cohort_of(index));
        let shared = self.seen(index, tick_ms);
        let mut past = Past::default();
        Some(shared.slot_of(rule, &mut Post { key: *key, cohort, tick_ms, feed, past: &mut past }, rules, names))
    }

    /// Lets every rule of every line end or go on under changed rules. Rules that cannot share any more are given to `leave`
    /// with the slots they need from now on.
    pub(crate) fn change(
        &mut self,
        change: &Succession,
        tick_ms: i64,
        past: &mut Past,
        step: &mut Step<'_>,
        mut leave: impl FnMut(RuleIx, Slot),
    ) {
        let mut next = Self::default();
        for index in 0..narrow(self.lines.len()) {
            let (line, id, cohort) = (&self.lines[index as usize], &self.ids[index as usize], self.cohort_of(index));
            let (key, feed) = (id.key(line.first()), self.feed_of(index));
            let space = Arc::clone(step.names.name(NameKind::Space, id.space));
            let mut shared = self.seen(index, tick_ms);
            let mut post = Post { key, cohort, tick_ms, feed, past: &mut *past };
            let mut heirs = Vec::new();
            for old in cohort.rules().iter().map(|rule| rule.rule()) {
                match change.fate(old, &space, step.counters) {
                    Fate::Ends(why) => {
                        step.counters.keys = step.counters.keys.saturating_sub(1);
                        shared.end(old, why, &mut post, step);
                    }
                    Fate::GoesOn(new) if can_share(&change.new.rules[new]) => heirs.push((old, new)),
                    Fate::GoesOn(new) => {
                        let mut slot = shared.slot_of(old, &mut post, step.rules, step.names);
                        slot.adopt(new, &change.old, &change.new, change.log_time_ms);
                        leave(new, slot);
                    }
                }
            }
            heirs.sort_by_key(|(_, new)| *new);
            let rules = heirs.iter().map(|(_, new)| CohortRule::new(*new, &space, &change.new));
            for group in together(rules, &change.new) {
                let cohort = next.cohorts.of(&group, &change.new);
                let heir = next.add(key, line.first(), cohort);
                let place = next.shared_of(heir, tick_ms);
                next.shared[place as usize] = shared.heir(&group, &heirs, change, feed);
                next.with_shared(heir, tick_ms, past, |shared, post| {
                    post.feed = feed;
                    shared.refresh(post, &change.new);
                });
            }
        }
        *self = next;
    }

    /// What the cohort of a line knows by now.
    fn seen(&self, index: LineIx, tick_ms: i64) -> Shared {
        let line = &self.lines[index as usize];
        let mut shared = match line.behind() {
            Behind::Nothing => Shared::of(line, self.member_of(index), self.cohort_of(index), tick_ms),
            Behind::Shared(place) => self.shared[place as usize].clone(),
            Behind::Porch(porch) => {
                let mut porch = self.porches[porch as usize];
                let mut shared = self.shared[porch.shared() as usize].clone();
                shared.let_in(&mut porch, tick_ms);
                shared
            }
        };
        shared.catch_up(line);
        shared
    }

    /// Feed of a line's newest value.
    fn feed_of(&self, index: LineIx) -> NameIx {
        let line = &self.lines[index as usize];
        match line.behind() {
            Behind::Porch(porch) => self.porches[porch as usize].feed(),
            Behind::Nothing | Behind::Shared(_) => line.feed(),
        }
    }

    fn cohort_of(&self, index: LineIx) -> &Cohort {
        self.cohorts.get(self.ids[index as usize].cohort)
    }

    fn member_of(&self, index: LineIx) -> Member {
        self.lines[index as usize].member(self.ids[index as usize].metric)
    }

    /// Lets what a line's cohort shares change, then keeps it in the line alone if it fits.
    fn with_shared(
        &mut self,
        index: LineIx,
        tick_ms: i64,
        past: &mut Past,
        work: impl FnOnce(&mut Shared, &mut Post<'_>),
    ) {
        let (place, feed) = (self.shared_of(index, tick_ms), self.feed_of(index));
        let (line, id) = (&mut self.lines[index as usize], &self.ids[index as usize]);
        let cohort = self.cohorts.get(id.cohort);
        let shared = &mut self.shared[place as usize];
        shared.catch_up(line);
        let mut porch = match line.behind() {
            Behind::Porch(porch) => Some(&mut self.porches[porch as usize]),
            Behind::Nothing | Behind::Shared(_) => None,
        };
        if let Some(porch) = &mut porch {
            shared.let_in(porch, tick_ms);
        }
        let mut post = Post { key: id.key(line.first()), cohort, tick_ms, feed, past };
        work(shared, &mut post);
        shared.show(line, cohort, post.feed);
        if let Some(porch) = porch {
            porch.hear(post.feed);
            shared.open(porch);
        }
        self.timers.schedule(index, shared.due_ms());
        if shared.fits_in_line(tick_ms) {
            line.set_behind(Behind::Nothing);
            self.free.push(place);
        }
    }

    /// Where the cohort of a line keeps what does not fit into it.
    fn shared_of(&mut self, index: LineIx, tick_ms: i64) -> SharedIx {
        let line = &self.lines[index as usize];
        match line.behind() {
            Behind::Shared(shared) => return shared,
            Behind::Porch(porch) => return self.porches[porch as usize].shared(),
            Behind::Nothing => {}
        }
        let shared = Shared::of(line, self.member_of(index), self.cohort_of(index), tick_ms);
        self.place(index, shared)
    }

    /// Gives a line a place for what its cohort shares.
    fn place(&mut self, index: LineIx, shared: Shared) -> SharedIx {
        let place = match self.free.pop() {
            Some(place) => {
                self.shared[place as usize] = shared;
                place
            }
            None => {
                self.shared.push(shared);
                narrow(self.shared.len() - 1)
            }
        };
        let behind = match self.cohort_of(index).span() {
            Some(span) => {
                self.porches.push(Porch::new(index, place, span));
                Behind::Porch(narrow(self.porches.len() - 1))
            }
            None => Behind::Shared(place),
        };
        self.lines[index as usize].set_behind(behind);
        place
    }

    fn add(&mut self, key: LineKey, first: (NameIx, NameIx), cohort: CohortIx) -> LineIx {
        let index = narrow(self.lines.len());
        let LineKey { per, space, metric, .. } = key;
        self.lines.push(Line::new(self.cohorts.get(cohort), first));
        self.ids.push(LineId { per, space, metric, cohort, straight: false });
        if self.cohort_of(index).span().is_some() {
            self.shared_of(index, i64::MIN);
        }
        index
    }

    /// Enters the lines that are not known by their keys yet.
    fn enter_keys(&mut self) {
        let Self { lines, ids, by_key, .. } = self;
        let hash_of = |line: &LineIx| hash(&ids[*line as usize].key(lines[*line as usize].first()));
        by_key.reserve(lines.len() - by_key.len(), hash_of);
        for index in by_key.len()..lines.len() {
            let index = narrow(index);
            by_key.insert_unique(hash_of(&index), index, hash_of);
        }
    }

    /// The lines of a key. Cost: constant, and linear in the lines that were not entered yet.
    fn of_key(&self, key: &LineKey) -> impl Iterator<Item = LineIx> {
        let others = narrow(self.by_key.len())..narrow(self.lines.len());
        let lines = self.by_key.iter_hash(hash(key)).copied().chain(others);
        lines.filter(move |line| self.ids[*line as usize].key(self.lines[*line as usize].first()) == *key)
    }
}

/// The hash of a key among lines.
fn hash(key: &LineKey) -> u64 {
    FixedState::default().hash_one(key)
}
