//! Baseline for absence (R4): an arrival is remembered by its log time.

use crate::lane::{Fact, Kernel, Now};
use crate::mark::{Mark, State};
use crate::slots::Slot;
use crate::wheel::NEVER;
use vigie::spacebench::names::METRICS;

/// One absence rule.
#[derive(Clone, Debug)]
pub(crate) struct Silence {
    pub(crate) for_ms: u32,
}

/// The newest arrival of a key.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// Log time; 0 before the first.
    last: u32,
    scheduled_s: u32,
    is_active: bool,
}

impl Default for Arrival {
    fn default() -> Self {
        Self { last: 0, scheduled_s: NEVER, is_active: false }
    }
}

impl Slot for Arrival {
    fn scheduled_s(&mut self) -> &mut u32 {
        &mut self.scheduled_s
    }

    fn touch(&self) -> u32 {
        self.last
    }
}

impl Kernel for Silence {
    type Slot = Arrival;

    fn key(&self, space: u32, metric: u32) -> u32 {
        space * METRICS.len() as u32 + metric
    }

    #[inline]
    fn input(&self, slot: &mut Arrival, fact: &Fact, _: Now, out: &mut Vec<Mark>) -> u32 {
        let (due, key) = (slot.last + self.for_ms, fact.key);
        if slot.last != 0 && fact.log > due {
            if !slot.is_active {
                out.push(Mark { level: 0, state: State::Active, key, at: due });
            }
            out.push(Mark { level: 0, state: State::Cleared, key, at: fact.log });
            slot.is_active = false;
        }
        slot.last = fact.log;
        fact.log + self.for_ms
    }

    fn fire(&self, slot: &mut Arrival, key: u32, now: Now, out: &mut Vec<Mark>) -> u32 {
        let due = slot.last + self.for_ms;
        if slot.is_active {
            return NEVER;
        }
        if due <= now.tick && due < now.log {
            slot.is_active = true;
            out.push(Mark { level: 0, state: State::Active, key, at: due });
            return NEVER;
        }
        due
    }
}
