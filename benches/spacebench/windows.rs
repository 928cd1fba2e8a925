//! Baseline for sliding windows of 12 panes: means (R3) and changes (R5).
//!
//! A window is judged at every input and at every pane boundary until it is empty and its episode inactive or stale. All
//! windows share their boundaries, so a dense array is swept at each instead of keeping a timer for every window.

use crate::lane::{Fact, Kernel, Now};
use crate::mark::{Mark, State};
use crate::slots::Slot;
use crate::wheel::NEVER;
use std::fmt::Debug;
use std::marker::PhantomData;
use vigie::spacebench::names::METRICS;

/// Panes of a window.
pub(crate) const PANES: usize = 12;
/// Length of a pane.
pub(crate) const PANE_MS: u32 = 5_000;

/// What a window makes of the values in it.
pub(crate) trait Aggregate: Clone + Debug + Default + Send + Sync + 'static {
    /// Takes a value into the pane at this place of the ring.
    fn enter(&mut self, pane: usize, fact: &Fact);

    /// Empties the pane at this place.
    fn leave(&mut self, pane: usize);

    fn is_empty(&self) -> bool;

    /// The value as a fraction, its denominator above zero; `newest` is the place of the last pane. Never asked when empty.
    fn value(&self, newest: usize) -> (i64, i64);
}

/// One window rule, with limits in millionths: `value > raise`, `value < clear`.
#[derive(Clone, Debug)]
pub(crate) struct Windows<A> {
    pub(crate) raise: i64,
    pub(crate) clear: i64,
    pub(crate) aggregate: PhantomData<A>,
}

/// The window of one key.
#[derive(Clone, Debug)]
pub(crate) struct Window<A> {
    scheduled_s: u32,
    /// The key's time; 0 before the first input.
    time: u32,
    /// Number of the last pane.
    newest: u32,
    is_active: bool,
    is_stale: bool,
    /// Whether boundaries are still judged.
    runs: bool,
    values: A,
}

impl<A: Default> Default for Window<A> {
    fn default() -> Self {
        let (scheduled_s, values) = (NEVER, A::default());
        Self { scheduled_s, time: 0, newest: 0, is_active: false, is_stale: false, runs: false, values }
    }
}

impl<A: Aggregate> Slot for Window<A> {
    fn scheduled_s(&mut self) -> &mut u32 {
        &mut self.scheduled_s
    }

    fn touch(&self) -> u32 {
        self.newest
    }
}

impl<A: Aggregate> Kernel for Windows<A> {
    type Slot = Window<A>;

    const SWEEP_MS: u32 = PANE_MS;

    fn key(&self, space: u32, metric: u32) -> u32 {
        space * METRICS.len() as u32 + metric
    }

    #[inline]
    fn input(&self, slot: &mut Window<A>, fact: &Fact, _: Now, out: &mut Vec<Mark>) -> u32 {
        let at = fact.at.max(slot.time);
        self.fire_until(slot, at, fact.key, out);
        slot.move_to(at);
        let pane = fact.at / PANE_MS;
        if pane + PANES as u32 > slot.newest {
            slot.values.enter(pane as usize % PANES, fact);
            slot.runs = true;
            self.judge(slot, at, fact.key, out);
        }
        slot.due()
    }

    fn fire(&self, slot: &mut Window<A>, key: u32, now: Now, out: &mut Vec<Mark>) -> u32 {
        self.fire_until(slot, now.tick, key, out);
        slot.due()
    }
}

impl<A: Aggregate> Windows<A> {
    /// Judges every boundary up to `until`.
    #[inline]
    fn fire_until(&self, slot: &mut Window<A>, until: u32, key: u32, out: &mut Vec<Mark>) {
        while slot.due() <= until {
            let boundary = slot.due();
            slot.move_to(boundary);
            self.judge(slot, boundary, key, out);
            slot.runs = !slot.values.is_empty() || slot.is_active && !slot.is_stale;
        }
    }

    fn judge(&self, slot: &mut Window<A>, at: u32, key: u32, out: &mut Vec<Mark>) {
        let mut emit = |state| out.push(Mark { level: 0, state, key, at });
        if slot.values.is_empty() {
            if slot.is_active && !slot.is_stale {
                slot.is_stale = true;
                emit(State::Stale);
            }
            return;
        }
        slot.is_stale = false;
        let (value, count) = slot.values.value(slot.newest as usize % PANES);
        if value > self.raise * count {
            if !slot.is_active {
                slot.is_active = true;
                emit(State::Active);
            }
        } else if slot.is_active && value < self.clear * count {
            slot.is_active = false;
            emit(State::Cleared);
        }
    }
}

impl<A: Aggregate> Window<A> {
    /// The next boundary.
    fn due(&self) -> u32 {
        if self.runs { (self.newest + 1) * PANE_MS } else { NEVER }
    }

    fn move_to(&mut self, at: u32) {
        let newest = at / PANE_MS;
        let first_new = (self.newest + 1).max(newest.saturating_sub(PANES as u32 - 1));
        (first_new..=newest).for_each(|pane| self.values.leave(pane as usize % PANES));
        (self.time, self.newest) = (at, newest);
    }
}

/// The mean of the values; exact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mean {
    sum: i64,
    count: u32,
    counts: [u32; PANES],
    sums: [i64; PANES],
}

impl Aggregate for Mean {
    fn enter(&mut self, pane: usize, fact: &Fact) {
        self.sums[pane] += fact.micros;
        self.counts[pane] += 1;
        self.sum += fact.micros;
        self.count += 1;
    }

    fn leave(&mut self, pane: usize) {
        self.sum -= std::mem::take(&mut self.sums[pane]);
        self.count -= std::mem::take(&mut self.counts[pane]);
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn value(&self, _: usize) -> (i64, i64) {
        (self.sum, i64::from(self.count))
    }
}

/// The last value minus the first, by event time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    /// A bit for each place of the ring that has values.
    filled: u32,
    panes: [Ends; PANES],
}

/// The first and the last value of a pane; of equal times the first and the last to arrive.
#[derive(Clone, Debug, Default)]
struct Ends {
    first_at: u32,
    last_at: u32,
    first: i64,
    last: i64,
}

impl Aggregate for Change {
    fn enter(&mut self, pane: usize, fact: &Fact) {
        let is_new = self.filled & 1 << pane == 0;
        self.filled |= 1 << pane;
        let ends = &mut self.panes[pane];
        if is_new || fact.at < ends.first_at {
            (ends.first_at, ends.first) = (fact.at, fact.micros);
        }
        if is_new || fact.at >= ends.last_at {
            (ends.last_at, ends.last) = (fact.at, fact.micros);
        }
    }

    fn leave(&mut self, pane: usize) {
        self.filled &= !(1 << pane);
    }

    fn is_empty(&self) -> bool {
        self.filled == 0
    }

    fn value(&self, newest: usize) -> (i64, i64) {
        // The ring's oldest pane stands behind its newest; turned so that it is bit 0.
        let oldest = (newest + 1) % PANES;
        let turned = (self.filled >> oldest | self.filled << (PANES - oldest)) & ((1 << PANES) - 1);
        let (first, last) = (turned.trailing_zeros() as usize, turned.ilog2() as usize);
        (self.panes[(oldest + last) % PANES].last - self.panes[(oldest + first) % PANES].first, 1)
    }
}
