//! All slots of one owner, by rule and key.

use crate::about::SlotKey;
use crate::fate::{Fate, Succession};
use crate::kind::{RuleIx, narrow};
use crate::kinds::threshold::MemberIx;
use crate::past::Past;
use crate::saved::{Loader, Saved, Saver, Wrong, require};
use crate::slot::Slot;
use crate::spec::RuleSet;
use crate::step::{Counters, Step};
use crate::timers::{SlotIx, Timers};
use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

/// Slots by index and by (rule, key). They grow with the names in the log, whose number the sequencer bounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    all: Vec<Slot>,
    by_key: BTreeMap<(RuleIx, Arc<str>), SlotIx>,
}

impl Index<SlotIx> for Slots {
    type Output = Slot;

    fn index(&self, index: SlotIx) -> &Slot {
        &self.all[index as usize]
    }
}

impl IndexMut<SlotIx> for Slots {
    fn index_mut(&mut self, index: SlotIx) -> &mut Slot {
        &mut self.all[index as usize]
    }
}

/// Each slot knows its rule and key.
impl Saved for Slots {
    fn save(&self, to: &mut Saver<'_>) {
        let Self { all, by_key: _ } = self;
        all.save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let all: Vec<Slot> = Vec::load(from)?;
        let keys = all.iter().map(|slot| (slot.rule_index(), Arc::clone(&slot.about().id.key)));
        let by_key: BTreeMap<_, _> = keys.zip(0..).collect();
        require(by_key.len() == all.len(), "a rule has a key twice")?;
        Ok(Self { all, by_key })
    }
}

impl Slots {
    /// Whether a slot has this member.
    pub(crate) fn has_member(&self, slot: SlotIx, member: MemberIx) -> bool {
        self.all.get(slot as usize).is_some_and(|slot| (member as usize) < slot.about().members.count())
    }

    /// How many they are.
    pub(crate) const fn count(&self) -> usize {
        self.all.len()
    }

    /// The slot of a rule on a key.
    pub(crate) fn find(&self, rule: RuleIx, key: &Arc<str>) -> Option<SlotIx> {
        self.by_key.get(&(rule, Arc::clone(key))).copied()
    }

    /// The slot of a rule on a key, which is made when it is new; a silence counts from `log_time_ms`.
    pub(crate) fn find_or_make(
        &mut self,
        rule: RuleIx,
        id: SlotKey,
        rules: &RuleSet,
        log_time_ms: i64,
        past: &mut Past,
        counters: &mut Counters,
    ) -> SlotIx {
        let Self { all, by_key } = self;
        *by_key.entry((rule, Arc::clone(&id.key))).or_insert_with(|| {
            let latest = past.take(&rules.rules[rule].identity.uid, &id.key);
            all.push(Slot::new(rule, id, rules, latest, log_time_ms));
            counters.keys += 1;
            SlotIx::try_from(all.len() - 1).expect("slots are bounded by the names in the log, fewer than 2^32")
        })
    }

    /// Takes over a slot whose key has none for its rule.
    pub(crate) fn put(&mut self, rule: RuleIx, slot: Slot) -> SlotIx {
        let index = narrow(self.all.len());
        self.by_key.insert((rule, Arc::clone(&slot.about().id.key)), index);
        self.all.push(slot);
        index
    }

    /// All slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.all.iter()
    }

    /// All slots, to change them.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.all.iter_mut()
    }

    /// Lets every slot end or go on under changed rules, in the order of rules and keys. Returns the new place of each slot
    /// that goes on, by its old one, and the timers of all.
    pub(crate) fn change(
        &mut self,
        change: &Succession,
        past: &mut Past,
        step: &mut Step<'_>,
    ) -> (Vec<Option<SlotIx>>, Timers) {
        let mut places = vec![None; self.all.len()];
        let mut timers = Timers::default();
        let mut old: Vec<_> = std::mem::take(&mut self.all).into_iter().map(Some).collect();
        for ((_, key), index) in std::mem::take(&mut self.by_key) {
            let mut slot = old[index as usize].take().expect("every slot has one key");
            match change.fate(slot.rule_index(), &slot.about().id.space, step.counters) {
                Fate::Ends(why) => {
                    slot.end(why, step);
                    past.keep(&change.old.rules[slot.rule_index()].identity.uid, &key, slot.about().latest);
                }
                Fate::GoesOn(rule) => {
                    slot.adopt(rule, &change.old, &change.new, change.log_time_ms);
                    let place = SlotIx::try_from(self.all.len()).expect("no more slots than before");
                    slot.disarm();
                    timers.schedule(place, slot.arm());
                    places[index as usize] = Some(place);
                    self.by_key.insert((rule, key), place);
                    self.all.push(slot);
                }
            }
        }
        step.counters.keys = step.counters.keys.saturating_sub((places.len() - self.all.len()) as u64);
        (places, timers)
    }
}
