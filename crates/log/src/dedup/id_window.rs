//! The last N ids of a partition, in two generations: when the younger is full the older is forgotten.
//!
//! There is no order to keep, and the promise "within the last N" holds; some older ids are still found, which only helps.
//! A generation is a list of 128-bit hashes in the order they came, and an index over it: 24 to 32 bytes an id.

use crate::dedup::verdict::Verdict;
use crate::hash_index::{HashIndex, ITEMS_MAX};
use std::ops::Range;

/// Ids of a piece of a list: a list that grows is not copied, and leaves no holes behind.
const PIECE_IDS: usize = 4096;

/// The last N ids, in two generations.
#[derive(Debug)]
pub struct IdWindow {
    remembered: usize,
    /// Ids added since the beginning of the log, forgotten ones too.
    added: u64,
    young: Generation,
    old: Generation,
}

#[derive(Debug)]
struct Generation {
    ids: List,
    index: HashIndex,
}

/// Ids in the order they came. All pieces but the last in use are full; those behind it are empty.
#[derive(Debug, Default)]
struct List {
    pieces: Vec<Vec<u128>>,
    length: usize,
}

impl IdWindow {
    /// A window over at least the last `remembered` ids: at least one, and at most 2^28.
    #[must_use]
    pub fn new(remembered: usize) -> Self {
        let remembered = remembered.clamp(1, ITEMS_MAX);
        let generation = || Generation { ids: List::default(), index: HashIndex::new(remembered) };
        Self { remembered, added: 0, young: generation(), old: generation() }
    }

    /// A window that goes on: `ids` are the newest of `added`, in their order.
    pub(crate) fn resumed(remembered: usize, ids: impl ExactSizeIterator<Item = u128>, added: u64) -> Self {
        let mut window = Self::new(remembered);
        window.added = added.saturating_sub(ids.len() as u64);
        for id in ids {
            window.judge(id);
        }
        window
    }

    /// How many ids were added since the beginning of the log.
    pub(crate) const fn added(&self) -> u64 {
        self.added
    }

    /// Which of the ids added must be known: the last `remembered`.
    pub(crate) const fn promised(&self) -> Range<u64> {
        self.added.saturating_sub(self.remembered as u64)..self.added
    }

    /// Those ids of a range of all added that are still known, in their order.
    pub(crate) fn ids(&self, range: Range<u64>) -> impl Iterator<Item = u128> {
        let first = self.added - (self.old.ids.length + self.young.ids.length) as u64;
        let place = |ordinal: u64| usize::try_from(ordinal.saturating_sub(first)).expect("windows fit into memory");
        let places = place(range.start.max(first))..place(range.end.clamp(first, self.added));
        let old = self.old.ids.length;
        places.map(move |at| if at < old { self.old.ids.at(at) } else { self.young.ids.at(at - old) })
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
        self.added += 1;
        if self.young.ids.length >= self.remembered {
            std::mem::swap(&mut self.old, &mut self.young);
            self.young.ids.clear();
            self.young.index.clear();
        }
        Verdict::New
    }
}

impl Generation {
    fn holds(&self, id: u128) -> bool {
        self.index.find(hash_of(id), |at| self.ids.at(at) == id).is_some()
    }

    /// Adds an id; whether it is new.
    fn add(&mut self, id: u128) -> bool {
        let ids = &self.ids;
        let is_new = self.index.find_or_add(hash_of(id), |at| ids.at(at) == id, |at| hash_of(ids.at(at))).is_none();
        if is_new {
            self.ids.push(id);
        }
        is_new
    }
}

impl List {
    fn at(&self, index: usize) -> u128 {
        self.pieces[index / PIECE_IDS][index % PIECE_IDS]
    }

    fn push(&mut self, id: u128) {
        let piece = self.length / PIECE_IDS;
        if piece == self.pieces.len() {
            // The first one grows with its use: most partitions of a small city never fill it.
            self.pieces.push(Vec::with_capacity(if piece == 0 { 0 } else { PIECE_IDS }));
        }
        self.pieces[piece].push(id);
        self.length += 1;
    }

    /// Forgets all ids, and keeps the memory.
    fn clear(&mut self) {
        self.pieces.iter_mut().for_each(Vec::clear);
        self.length = 0;
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

    #[test]
    fn lists_of_several_pieces_are_found_and_forgotten() {
        let remembered = 3 * PIECE_IDS + 5;
        let mut window = IdWindow::new(remembered);
        let id = |number: usize| (number as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        for round in 0..4 {
            let numbers = round * remembered..(round + 1) * remembered;
            assert!(numbers.clone().all(|number| window.judge(id(number)) == Verdict::New));
            assert!(numbers.clone().all(|number| window.judge(id(number)) == Verdict::Duplicate));
            assert_eq!((window.young.ids.length, window.old.ids.length), (0, remembered));
        }
        let newest = 4 * remembered as u64;
        assert_eq!((window.added(), window.promised()), (newest, newest - remembered as u64..newest));
        assert!(window.ids(newest - 9..newest - 2).eq((4 * remembered - 9..4 * remembered - 2).map(id)));
        assert_eq!(window.ids(0..newest).count(), remembered, "what is forgotten is not given");
    }

    #[test]
    fn a_window_that_goes_on_knows_what_it_has_promised() {
        for added in [0_u64, 5, 16, 17, 40] {
            let mut window = IdWindow::new(16);
            (0..added).for_each(|id| _ = window.judge(id.into()));
            let kept: Vec<_> = window.ids(window.promised()).collect();
            assert!(kept.iter().copied().eq((added.saturating_sub(16)..added).map(u128::from)));
            let mut resumed = IdWindow::resumed(16, kept.into_iter(), added);
            assert_eq!((resumed.added(), resumed.promised()), (added, window.promised()));
            assert!(window.promised().all(|id| resumed.judge(id.into()) == Verdict::Duplicate));
            assert_eq!(resumed.judge(added.into()), Verdict::New);
        }
    }

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
