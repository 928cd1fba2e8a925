//! Where a baseline keeps its state: a dense array, a DashMap, or one mutex around a hash map.

use dashmap::DashMap;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Slots fetched from memory together.
const AHEAD: usize = 16;

/// The state of one key.
pub(crate) trait Slot: Clone + Default + Send + Sync + 'static {
    /// The bucket of its live entry in the wheel.
    fn scheduled_s(&mut self) -> &mut u32;

    /// Reads it, so that it is in the cache when it is needed.
    fn touch(&self) -> u32;
}

/// State by key.
pub(crate) trait Slots<S: Slot>: Send {
    /// Whether going through all slots in the order of memory is possible and cheap.
    const SWEEPS: bool;

    /// Calls `work` with the index of each key and its slot, in order.
    fn visit(&mut self, keys: &[u32], work: impl FnMut(usize, &mut S));

    /// Calls `work` with every slot and its key.
    fn sweep(&mut self, work: impl FnMut(u32, &mut S));
}

/// An array with a slot for every key there can be: the best a loop written by hand can have.
#[derive(Debug)]
pub(crate) struct Dense<S>(Vec<S>);

impl<S: Slot> Dense<S> {
    pub(crate) fn new(keys: usize) -> Self {
        Self(vec![S::default(); keys])
    }
}

impl<S: Slot> Slots<S> for Dense<S> {
    const SWEEPS: bool = true;

    fn visit(&mut self, keys: &[u32], mut work: impl FnMut(usize, &mut S)) {
        for (part, first) in keys.chunks(AHEAD).zip((0..).step_by(AHEAD)) {
            std::hint::black_box(part.iter().fold(0, |seen, key| seen ^ self.0[*key as usize].touch()));
            for (index, key) in (first..).zip(part) {
                work(index, &mut self.0[*key as usize]);
            }
        }
    }

    fn sweep(&mut self, mut work: impl FnMut(u32, &mut S)) {
        (0..).zip(&mut self.0).for_each(|(key, slot)| work(key, slot));
    }
}

/// A DashMap shared by all threads: a lock of a shard for every visit.
#[derive(Clone, Debug)]
pub(crate) struct Dash<S>(Arc<DashMap<u32, S, FixedState>>);

impl<S: Slot> Dash<S> {
    pub(crate) fn new(keys: usize) -> Self {
        Self(Arc::new(DashMap::with_capacity_and_hasher(keys, FixedState::default())))
    }
}

impl<S: Slot> Slots<S> for Dash<S> {
    const SWEEPS: bool = false;

    fn visit(&mut self, keys: &[u32], mut work: impl FnMut(usize, &mut S)) {
        for (index, key) in keys.iter().enumerate() {
            work(index, &mut self.0.entry(*key).or_default());
        }
    }

    fn sweep(&mut self, mut work: impl FnMut(u32, &mut S)) {
        self.0.iter_mut().for_each(|mut entry| work(*entry.key(), entry.value_mut()));
    }
}

/// One mutex around a hash map, held for a batch.
#[derive(Clone, Debug)]
pub(crate) struct OneMutex<S>(Arc<Mutex<HashMap<u32, S, FixedState>>>);

impl<S: Slot> OneMutex<S> {
    pub(crate) fn new(keys: usize) -> Self {
        Self(Arc::new(Mutex::new(HashMap::with_capacity_and_hasher(keys, FixedState::default()))))
    }
}

impl<S: Slot> Slots<S> for OneMutex<S> {
    const SWEEPS: bool = false;

    fn visit(&mut self, keys: &[u32], mut work: impl FnMut(usize, &mut S)) {
        let mut slots = self.0.lock().expect("no holder panics");
        for (index, key) in keys.iter().enumerate() {
            work(index, slots.entry(*key).or_default());
        }
    }

    fn sweep(&mut self, mut work: impl FnMut(u32, &mut S)) {
        let mut slots = self.0.lock().expect("no holder panics");
        slots.iter_mut().for_each(|(key, slot)| work(*key, slot));
    }
}
