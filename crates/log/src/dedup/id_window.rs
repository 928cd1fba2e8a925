//! The last N ids of a partition, in two generations: when the younger is full the older is forgotten.
//!
//! There is no order to keep, and the promise "within the last N" holds; some older ids are still found, which only helps.
//! A generation is a list of 128-bit hashes in the order they came, and an index over it: 24 to 32 bytes an id.

use crate::dedup::verdict::Verdict;
use crate::hash_index::{HashIndex, ITEMS_MAX};

/// The last N ids, in two generations.
#[derive(Debug)]
pub struct IdWindow {
    remembered: usize,
    young: Generation,
    old: Generation,
}

#[derive(Debug)]
struct Generation {
    ids: Vec<u128>,
    index: HashIndex,
}

impl IdWindow {
    /// A window over at least the last `remembered` ids: at least one, and at most 2^28.
    #[must_use]
    pub fn new(remembered: usize) -> Self {
        let remembered = remembered.clamp(1, ITEMS_MAX);
        let generation = || Generation { ids: Vec::new(), index: HashIndex::new(remembered) };
        Self { remembered, young: generation(), old: generation() }
    }

    /// Fetches what judging an id will look at; the number means nothing.
    pub(crate) fn touch(&self, id: u128) -> u32 {
        self.old.index.touch(hash_of(id)) ^ self.young.index.touch(hash_of(id))
    }

    /// Judges an id and remembers it. Cost: two look-ups, amortised.
    pub fn judge(&mut self, id: u128) -> Verdict {
        if self.old.holds(id) || !self.young.add(id) {
            return Verdict::Duplicate;
        }
        if self.young.ids.len() >= self.remembered {
            std::mem::swap(&mut self.old, &mut self.young);
            self.young.ids.clear();
            self.young.index.clear();
        }
        Verdict::New
    }
}

impl Generation {
    fn holds(&self, id: u128) -> bool {
        self.index.find(hash_of(id), |at| self.ids[at] == id).is_some()
    }

    /// Adds an id; whether it is new.
    fn add(&mut self, id: u128) -> bool {
        let ids = &self.ids;
        let is_new = self.index.find_or_add(hash_of(id), |at| ids[at] == id, |at| hash_of(ids[at])).is_none();
        if is_new {
            self.ids.push(id);
        }
        is_new
    }
}

/// An id is a hash already.
const fn hash_of(id: u128) -> u64 {
    id as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// An id repeated within the last N is always found; a new id is never dropped.
        #[test]
        fn id_windows_keep_their_promise(ids in prop::collection::vec(0u128..60, 1..300)) {
            let remembered = 16;
            let mut window = IdWindow::new(remembered);
            let mut accepted: Vec<u128> = Vec::new();
            for id in ids {
                // Ids that differ only where the index does not look are told apart as well.
                let id = ((id % 6) << 100) | (id / 6);
                match window.judge(id) {
                    Verdict::New => {
                        let recent = &accepted[accepted.len().saturating_sub(remembered)..];
                        prop_assert!(!recent.contains(&id));
                        accepted.push(id);
                    }
                    verdict => {
                        prop_assert_eq!(verdict, Verdict::Duplicate);
                        prop_assert!(accepted.contains(&id));
                    }
                }
            }
        }
    }
}
