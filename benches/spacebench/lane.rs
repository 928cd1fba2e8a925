//! A baseline: one kind of rule, written out by hand from RULES.md, over some way to keep its state.
//!
//! Baselines judge what the engine judges, with the same lateness, expiry, key times, holds and ticks, and emit a compact mark for
//! every line of the digest. They know more than the engine may: how many sensors there are, that all of a rule's parameters
//! are constants, and that nobody will ask them why.

use crate::mark::{Mark, since_base};
use crate::slots::{Slot, Slots};
use crate::wheel::{NEVER, Wheel};
use vigie::spacebench::rows::Step;
use vigie_model::batch::Observations;

/// What a kernel is told of an input; times are milliseconds since [`crate::mark::BASE_MS`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fact {
    pub(crate) key: u32,
    pub(crate) metric: u32,
    pub(crate) sensor: u32,
    pub(crate) at: u32,
    pub(crate) log: u32,
    pub(crate) micros: i64,
}

/// The partition's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// The largest tick.
    pub(crate) tick: u32,
    /// Log time of that tick.
    pub(crate) log: u32,
}

/// One kind of rule.
pub(crate) trait Kernel: Clone + Send + 'static {
    type Slot: Slot;

    /// When all slots have to be looked at anyway at multiples of this, those that can go through them in the order of memory do.
    const SWEEP_MS: u32 = 0;

    /// The key of an input.
    fn key(&self, space: u32, metric: u32) -> u32;

    /// Takes in an input; when the slot has to be looked at next.
    fn input(&self, slot: &mut Self::Slot, fact: &Fact, now: Now, out: &mut Vec<Mark>) -> u32;

    /// Fires what is due at a tick; when the slot has to be looked at next.
    fn fire(&self, slot: &mut Self::Slot, key: u32, now: Now, out: &mut Vec<Mark>) -> u32;
}

/// A kernel with its state and timers; one for each thread.
#[derive(Debug)]
pub(crate) struct Lane<K, S> {
    kernel: K,
    slots: S,
    wheel: Wheel,
    now: Now,
    keys: Vec<u32>,
    pub(crate) out: Vec<Mark>,
}

impl<K: Kernel, S: Slots<K::Slot>> Lane<K, S> {
    pub(crate) fn new(kernel: K, slots: S) -> Self {
        let now = Now { tick: 0, log: 0 };
        Self { kernel, slots, wheel: Wheel::new(), now, keys: Vec::new(), out: Vec::new() }
    }

    pub(crate) fn pass(&mut self, steps: &[Step]) {
        for step in steps {
            if let Some((tick_ms, log_time_ms)) = step.tick {
                self.tick(Now { tick: since_base(tick_ms), log: since_base(log_time_ms) });
            }
            self.rows(&step.rows);
        }
    }

    pub(crate) fn tick(&mut self, now: Now) {
        let before = std::mem::replace(&mut self.now, now);
        let Self { kernel, slots, wheel, keys, out, .. } = self;
        if S::SWEEPS && K::SWEEP_MS > 0 && now.tick / K::SWEEP_MS > before.tick / K::SWEEP_MS {
            slots.sweep(|key, slot| {
                kernel.fire(slot, key, now, out);
            });
        }
        while let Some(second) = wheel.turn(now.tick, keys) {
            slots.visit(keys, |index, slot| {
                if *slot.scheduled_s() == second {
                    *slot.scheduled_s() = NEVER;
                    let due = kernel.fire(slot, keys[index], now, out);
                    schedule::<K, S>(wheel, keys[index], due, now, slot);
                }
            });
        }
    }

    fn rows(&mut self, rows: &Observations) {
        let Self { kernel, slots, wheel, keys, out, now } = self;
        keys.clear();
        keys.extend(rows.space.iter().zip(&rows.metric).map(|(space, metric)| kernel.key(*space, *metric)));
        slots.visit(keys, |index, slot| {
            let fact = Fact {
                key: keys[index],
                metric: rows.metric[index],
                sensor: rows.sensor[index],
                at: since_base(rows.event_time_ms[index]),
                log: since_base(rows.log_time_ms[index]),
                micros: rows.value_micros[index],
            };
            let due = kernel.input(slot, &fact, *now, out);
            schedule::<K, S>(wheel, fact.key, due, *now, slot);
        });
    }
}

/// Enters the next look at a slot, unless a sweep will do it in time.
fn schedule<K: Kernel, S: Slots<K::Slot>>(wheel: &mut Wheel, key: u32, due: u32, now: Now, slot: &mut K::Slot) {
    let is_swept = S::SWEEPS && K::SWEEP_MS > 0 && due > now.tick;
    if !is_swept {
        wheel.schedule(key, due, slot.scheduled_s());
    }
}
