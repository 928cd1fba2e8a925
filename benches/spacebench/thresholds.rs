//! Baseline for threshold rules with hysteresis, a hold and expiry, one sensor a key (R1, R2 and copies of R1).
//!
//! All rules of a (space, metric) share one slot: the newest value's time, and for each rule its time, the beginning of its hold
//! and its phase; five rules fit in a cache line. A value between two inputs is never needed again: when it expires, what
//! remains is nothing. A rule that is inactive needs no timer: all that the expiry of its value does is to move the key's time,
//! which is made up for at the next visit.

use crate::lane::{Fact, Kernel, Now};
use crate::mark::{Mark, State};
use crate::slots::Slot;
use crate::wheel::NEVER;
use vigie::spacebench::names::METRICS;

/// N threshold rules that read the same metric; A is the alignment of their slots.
#[derive(Clone, Debug)]
pub(crate) struct Thresholds<const N: usize, A> {
    /// `value >= raise`, in millionths; the first is the lowest.
    pub(crate) raise: [i64; N],
    /// `value < clear`.
    pub(crate) clear: [i64; N],
    pub(crate) hold_ms: u32,
    pub(crate) stale_after_ms: u32,
    /// Both limits of all rules lie higher by this in the spaces of every further district.
    pub(crate) per_district: i64,
    /// Space s lies in district s modulo this.
    pub(crate) districts: u32,
    pub(crate) _aligned: [A; 0],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    #[default]
    Inactive,
    Pending,
    Active,
    Stale,
}

/// The alignment of a slot that just fills a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct CacheLine;

/// State of N rules on a (space, metric), aligned as A is; times 0 are "never".
#[derive(Clone, Debug)]
pub(crate) struct Judged<const N: usize, A> {
    /// Event time of the newest value.
    newest: u32,
    scheduled_s: u32,
    /// The rules' own times.
    times: [u32; N],
    /// When a pending rule's hold began.
    since: [u32; N],
    phases: [Phase; N],
    /// The value was already expired by the last tick when it came, so its expiry has not fired yet.
    overdue: bool,
    _aligned: [A; 0],
}

impl<const N: usize, A> Default for Judged<N, A> {
    fn default() -> Self {
        let phases = [Phase::Inactive; N];
        Self { newest: 0, scheduled_s: NEVER, times: [0; N], since: [0; N], phases, overdue: false, _aligned: [] }
    }
}

impl<const N: usize, A: Copy + Send + Sync + 'static> Slot for Judged<N, A> {
    fn scheduled_s(&mut self) -> &mut u32 {
        &mut self.scheduled_s
    }

    fn touch(&self) -> u32 {
        self.newest
    }
}

impl<const N: usize, A: Copy + Send + Sync + 'static> Kernel for Thresholds<N, A> {
    type Slot = Judged<N, A>;

    fn key(&self, space: u32, metric: u32) -> u32 {
        space * METRICS.len() as u32 + metric
    }

    #[inline]
    fn input(&self, slot: &mut Judged<N, A>, fact: &Fact, now: Now, out: &mut Vec<Mark>) -> u32 {
        if fact.at <= slot.newest {
            return NEVER;
        }
        let micros = fact.micros - self.shift(fact.key);
        let expired = slot.newest + self.stale_after_ms;
        let was_fired = slot.newest != 0 && expired <= now.tick && !slot.overdue;
        let is_idle = slot.phases == [Phase::Inactive; N];
        if is_idle && micros < self.raise[0] {
            let at_least = fact.at.max(if was_fired { expired } else { 0 });
            slot.times.iter_mut().for_each(|time| *time = at_least.max(*time));
            slot.newest = fact.at;
            return self.expiry(slot, now);
        }
        for level in 0..N {
            self.judge(slot, level, fact, micros, was_fired.then_some(expired), out);
        }
        slot.newest = fact.at;
        self.due(slot).min(self.expiry(slot, now))
    }

    fn fire(&self, slot: &mut Judged<N, A>, key: u32, now: Now, out: &mut Vec<Mark>) -> u32 {
        for level in 0..N {
            self.fire_until(slot, level, now.tick, key, out);
        }
        if slot.newest + self.stale_after_ms <= now.tick {
            slot.overdue = false;
        }
        self.due(slot)
    }
}

impl<const N: usize, A> Thresholds<N, A> {
    fn shift(&self, key: u32) -> i64 {
        if self.per_district == 0 {
            return 0;
        }
        i64::from(key / METRICS.len() as u32 % self.districts) * self.per_district
    }

    /// Takes a newer value into one rule.
    fn judge(
        &self,
        slot: &mut Judged<N, A>,
        level: usize,
        fact: &Fact,
        micros: i64,
        fired: Option<u32>,
        out: &mut Vec<Mark>,
    ) {
        slot.times[level] = slot.times[level].max(fired.unwrap_or(0));
        let at = fact.at.max(slot.times[level]);
        self.fire_until(slot, level, at, fact.key, out);
        if fact.at + self.stale_after_ms <= at {
            return;
        }
        slot.times[level] = at;
        let phase = &mut slot.phases[level];
        if *phase == Phase::Stale {
            *phase = Phase::Active;
        }
        let mut emit = |state| out.push(Mark { level: level as u8, state, key: fact.key, at });
        match *phase {
            Phase::Inactive if micros >= self.raise[level] && self.hold_ms == 0 => {
                *phase = Phase::Active;
                emit(State::Active);
            }
            Phase::Inactive if micros >= self.raise[level] => {
                *phase = Phase::Pending;
                slot.since[level] = at;
            }
            Phase::Pending if micros < self.raise[level] => *phase = Phase::Inactive,
            Phase::Active if micros < self.raise[level] && micros < self.clear[level] => {
                *phase = Phase::Inactive;
                emit(State::Cleared);
            }
            _ => {}
        }
    }

    /// Fires hold and expiry of a rule that are due by `until`, the hold first if both are due at one instant.
    fn fire_until(&self, slot: &mut Judged<N, A>, level: usize, until: u32, key: u32, out: &mut Vec<Mark>) {
        let expiry = slot.newest + self.stale_after_ms;
        let mut emit = |state, at| out.push(Mark { level: level as u8, state, key, at });
        let held = slot.since[level] + self.hold_ms;
        if slot.phases[level] == Phase::Pending && held <= until.min(expiry) {
            slot.phases[level] = Phase::Active;
            slot.times[level] = slot.times[level].max(held);
            emit(State::Active, held);
        }
        if slot.newest == 0 || expiry > until {
            return;
        }
        slot.times[level] = slot.times[level].max(expiry);
        match slot.phases[level] {
            Phase::Pending => slot.phases[level] = Phase::Inactive,
            Phase::Active => {
                slot.phases[level] = Phase::Stale;
                emit(State::Stale, expiry);
            }
            Phase::Inactive | Phase::Stale => {}
        }
    }

    /// When the next hold of any rule ends or an open episode goes stale.
    fn due(&self, slot: &Judged<N, A>) -> u32 {
        let expiry = slot.newest + self.stale_after_ms;
        let due = |level: usize| match slot.phases[level] {
            Phase::Inactive | Phase::Stale => NEVER,
            Phase::Pending => expiry.min(slot.since[level] + self.hold_ms),
            Phase::Active => expiry,
        };
        (0..N).map(due).min().unwrap_or(NEVER)
    }

    /// When the expiry has to fire although no rule asks for it: at the next tick, because it is overdue already.
    fn expiry(&self, slot: &mut Judged<N, A>, now: Now) -> u32 {
        let expiry = slot.newest + self.stale_after_ms;
        slot.overdue = expiry <= now.tick;
        if slot.overdue { expiry } else { NEVER }
    }
}
