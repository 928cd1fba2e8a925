//! Finds the items of a list by their hashes: open addressing, one `u32` a slot.
//!
//! The items stay in the list of whoever asks. A slot holds an item's index and, in the bits that leaves, a piece of its
//! hash, so that hardly any other item is looked at. Slots are small and lie together: a row costs about one cache line,
//! and [`HashIndex::touch`] fetches those of many rows at once, where one after the other would wait for each.
//!
//! **Invariant**: indices are given from 0 without gaps, and at most half of the slots are taken. Hashes must be such that
//! nobody outside can choose them.

/// Slots of the smallest index that holds anything.
const SLOTS_MIN: usize = 16;
/// Items of one index at most, so that every slot keeps a piece of a hash.
pub(crate) const ITEMS_MAX: usize = 1 << 28;

/// A slot in which nothing is.
const EMPTY: u32 = 0;

/// Where the items of a list stand.
#[derive(Debug)]
pub(crate) struct HashIndex {
    /// Index of an item + 1 in the lower bits, a piece of its hash above.
    slots: Vec<u32>,
    items: usize,
    place_bits: u32,
}

impl HashIndex {
    /// An index of no items, and of never more than `items_max`, which is at most [`ITEMS_MAX`].
    pub(crate) fn new(items_max: usize) -> Self {
        Self { slots: Vec::new(), items: 0, place_bits: items_max.min(ITEMS_MAX).ilog2() + 1 }
    }

    /// Looks at the slot where a search for `hash` begins, which brings it into the cache: the number means nothing.
    pub(crate) fn touch(&self, hash: u64) -> u32 {
        self.slots.get(self.home(hash)).copied().unwrap_or(EMPTY)
    }

    /// The item that stands where a search for `hash` begins and looks like the one sought.
    pub(crate) fn guess(&self, hash: u64) -> Option<usize> {
        let slot = self.touch(hash);
        (slot != EMPTY && self.tag(hash) == slot & !self.place_mask()).then(|| self.index_in(slot))
    }

    /// The index of the item with this hash of which `is_it` says so.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        if self.slots.is_empty() { None } else { self.search(hash, is_it).ok() }
    }

    /// The same; without such an item `None`, and the next item of the list is then found by this hash. `hash_of` tells the
    /// hash of an item that is there, for the times when the index grows.
    pub(crate) fn find_or_add(
        &mut self,
        hash: u64,
        is_it: impl Fn(usize) -> bool,
        hash_of: impl Fn(usize) -> u64,
    ) -> Option<usize> {
        if self.items * 2 >= self.slots.len() {
            self.grow(hash_of);
        }
        match self.search(hash, is_it) {
            Ok(index) => Some(index),
            Err(at) => {
                self.fill(at, hash, self.items);
                self.items += 1;
                None
            }
        }
    }

    /// Forgets all items, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.slots.fill(EMPTY);
        self.items = 0;
    }

    /// The index of the item, or the slot where it would stand.
    fn search(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Result<usize, usize> {
        let (tag, mut at) = (self.tag(hash), self.home(hash));
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                return Err(at);
            }
            if slot & !self.place_mask() == tag && is_it(self.index_in(slot)) {
                return Ok(self.index_in(slot));
            }
            at = self.behind(at);
        }
    }

    #[cold]
    fn grow(&mut self, hash_of: impl Fn(usize) -> u64) {
        self.slots = vec![EMPTY; (self.slots.len() * 2).max(SLOTS_MIN)];
        for index in 0..self.items {
            let hash = hash_of(index);
            let mut at = self.home(hash);
            while self.slots[at] != EMPTY {
                at = self.behind(at);
            }
            self.fill(at, hash, index);
        }
    }

    fn fill(&mut self, at: usize, hash: u64, index: usize) {
        let place = u32::try_from(index + 1).expect("an index has fewer items than 2^28");
        self.slots[at] = self.tag(hash) | place;
    }

    fn home(&self, hash: u64) -> usize {
        hash as usize & self.slots.len().wrapping_sub(1)
    }

    fn behind(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    fn tag(&self, hash: u64) -> u32 {
        (hash >> 32) as u32 & !self.place_mask()
    }

    fn index_in(&self, slot: u32) -> usize {
        (slot & self.place_mask()) as usize - 1
    }

    const fn place_mask(&self) -> u32 {
        (1 << self.place_bits) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a plain search, with hashes that collide in any of their parts.
        #[test]
        fn items_are_found_as_in_their_list(
            hashes in prop::collection::vec((0u64..40, 0u64..4, 0u64..3), 0..300),
            items_max in 300usize..5_000,
        ) {
            let mut index = HashIndex::new(items_max);
            let mut items: Vec<(u64, u64)> = Vec::new();
            for (low, high, item) in hashes {
                let (hash, item) = (high << 60 | low, (high << 60 | low, item));
                let expected = items.iter().position(|there| *there == item);
                prop_assert_eq!(index.find(hash, |at| items[at] == item), expected);
                if let Some(guess) = index.guess(hash) {
                    prop_assert!(guess < items.len());
                }
                let found = index.find_or_add(hash, |at| items[at] == item, |at| items[at].0);
                prop_assert_eq!(found, expected);
                if found.is_none() {
                    items.push(item);
                }
            }
            index.clear();
            prop_assert!(items.iter().all(|item| index.find(item.0, |_| true).is_none()));
        }
    }

    #[test]
    fn an_index_as_full_as_it_may_be_tells_its_items_apart() {
        let mut index = HashIndex::new(1 << 12);
        let hash = |item: usize| (item as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for item in 0..1 << 12 {
            assert_eq!(index.find_or_add(hash(item), |at| at == item, hash), None);
        }
        assert!((0..1 << 12).all(|item| index.find(hash(item), |at| at == item) == Some(item)));
        assert_eq!(index.slots.len(), 1 << 13);
    }
}
