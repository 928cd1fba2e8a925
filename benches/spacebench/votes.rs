//! Baseline for k of n sensors (R7).

use crate::lane::{Fact, Kernel, Now};
use crate::mark::{Mark, State};
use crate::slots::Slot;
use crate::wheel::NEVER;
use vigie::spacebench::names::METRICS;

/// The most sensors of a key.
const SENSORS_MAX: usize = 6;

/// One rule: K sensors with `value > limit` within some time.
#[derive(Clone, Debug)]
pub(crate) struct Votes<const K: usize> {
    pub(crate) limit: i64,
    pub(crate) within_ms: u32,
    /// Sensors of each (space, metric), at most [`SENSORS_MAX`].
    pub(crate) sensors: u32,
}

/// What the sensors of a key said; times 0 are "never".
#[derive(Clone, Debug)]
pub(crate) struct Said {
    newest: [u32; SENSORS_MAX],
    matched: [u32; SENSORS_MAX],
    scheduled_s: u32,
    time: u32,
    is_active: bool,
}

impl Default for Said {
    fn default() -> Self {
        let never = [0; SENSORS_MAX];
        Self { newest: never, matched: never, scheduled_s: NEVER, time: 0, is_active: false }
    }
}

impl Slot for Said {
    fn scheduled_s(&mut self) -> &mut u32 {
        &mut self.scheduled_s
    }

    fn touch(&self) -> u32 {
        self.time
    }
}

impl<const K: usize> Kernel for Votes<K> {
    type Slot = Said;

    fn key(&self, space: u32, metric: u32) -> u32 {
        space * METRICS.len() as u32 + metric
    }

    #[inline]
    fn input(&self, slot: &mut Said, fact: &Fact, _: Now, out: &mut Vec<Mark>) -> u32 {
        let sensor = (fact.sensor % self.sensors) as usize;
        if fact.at <= slot.newest[sensor] {
            return NEVER;
        }
        slot.newest[sensor] = fact.at;
        let at = fact.at.max(slot.time);
        self.end_by(slot, at, fact.key, out);
        slot.time = at;
        if fact.micros > self.limit {
            slot.matched[sensor] = fact.at;
        }
        if !slot.is_active && slot.matched[sensor] == fact.at && self.ends(slot) > at {
            slot.is_active = true;
            out.push(Mark { level: 0, state: State::Active, key: fact.key, at });
        }
        if slot.is_active { self.ends(slot) } else { NEVER }
    }

    fn fire(&self, slot: &mut Said, key: u32, now: Now, out: &mut Vec<Mark>) -> u32 {
        self.end_by(slot, now.tick, key, out);
        if slot.is_active { self.ends(slot) } else { NEVER }
    }
}

impl<const K: usize> Votes<K> {
    /// Until when K sensors have a match that counts.
    fn ends(&self, slot: &Said) -> u32 {
        let mut matched = slot.matched;
        matched.sort_unstable_by(|a, b| b.cmp(a));
        if matched[K - 1] == 0 { 0 } else { matched[K - 1] + self.within_ms }
    }

    /// Ends the episode if that is due.
    fn end_by(&self, slot: &mut Said, at: u32, key: u32, out: &mut Vec<Mark>) {
        if slot.is_active && self.ends(slot) <= at {
            let ended = self.ends(slot);
            slot.is_active = false;
            slot.time = slot.time.max(ended);
            out.push(Mark { level: 0, state: State::Cleared, key, at: ended });
        }
    }
}
