//! Baseline for a sequence of three metrics, with a fourth that ends it (R6), one sensor a metric.

use crate::lane::{Fact, Kernel, Now};
use crate::mark::{Mark, State};
use crate::slots::Slot;
use crate::wheel::NEVER;
use vigie::spacebench::names::METRICS;

/// The metric that ends a run.
const WITHOUT: u32 = 3;
const STEPS: u8 = 3;

/// One sequence: `value > step` of the metrics 0, 1, 2 in this order, without `value > without` of metric 3.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    pub(crate) step: i64,
    pub(crate) without: i64,
    pub(crate) within_ms: u32,
    pub(crate) keep_firing_ms: u32,
}

/// The run and the episode of a space; times 0 are "never".
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Newest event time of each metric's sensor.
    newest: [u32; METRICS.len()],
    scheduled_s: u32,
    time: u32,
    /// Event times of the first and of the newest step.
    first: u32,
    previous: u32,
    /// When the episode ends.
    until: u32,
    steps: u8,
    is_active: bool,
}

impl Default for Run {
    fn default() -> Self {
        let newest = [0; METRICS.len()];
        Self { newest, scheduled_s: NEVER, time: 0, first: 0, previous: 0, until: 0, steps: 0, is_active: false }
    }
}

impl Slot for Run {
    fn scheduled_s(&mut self) -> &mut u32 {
        &mut self.scheduled_s
    }

    fn touch(&self) -> u32 {
        self.time
    }
}

impl Kernel for Sequence {
    type Slot = Run;

    fn key(&self, space: u32, _: u32) -> u32 {
        space
    }

    #[inline]
    fn input(&self, slot: &mut Run, fact: &Fact, _: Now, out: &mut Vec<Mark>) -> u32 {
        let newest = &mut slot.newest[fact.metric as usize];
        if fact.at <= *newest {
            return NEVER;
        }
        *newest = fact.at;
        let at = fact.at.max(slot.time);
        slot.end_by(at, fact.key, out);
        slot.time = at;
        if slot.steps > 0 && fact.at > slot.first + self.within_ms {
            slot.steps = 0;
        }
        if fact.metric == WITHOUT {
            if fact.micros > self.without {
                slot.steps = 0;
            }
        } else if fact.micros > self.step {
            if fact.metric == u32::from(slot.steps) && (slot.steps == 0 || fact.at >= slot.previous) {
                slot.first = if slot.steps == 0 { fact.at } else { slot.first };
                slot.steps += 1;
                slot.previous = fact.at;
            } else if fact.metric == 0 && slot.steps == 1 {
                (slot.first, slot.previous) = (fact.at, fact.at);
            }
        }
        if slot.steps < STEPS {
            return NEVER;
        }
        slot.steps = 0;
        if !slot.is_active {
            slot.is_active = true;
            out.push(Mark { level: 0, state: State::Active, key: fact.key, at });
        }
        slot.until = at + self.keep_firing_ms;
        slot.until
    }

    fn fire(&self, slot: &mut Run, key: u32, now: Now, out: &mut Vec<Mark>) -> u32 {
        slot.end_by(now.tick, key, out);
        if slot.is_active { slot.until } else { NEVER }
    }
}

impl Run {
    /// Ends the episode if that is due.
    fn end_by(&mut self, at: u32, key: u32, out: &mut Vec<Mark>) {
        if self.is_active && self.until <= at {
            self.is_active = false;
            self.time = self.time.max(self.until);
            out.push(Mark { level: 0, state: State::Cleared, key, at: self.until });
        }
    }
}
