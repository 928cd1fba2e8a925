//! The names of one kind that a decoder has met, with their integers.
//!
//! A look-up of one of ten thousand names waits for memory, and there are several in each event. But sensors mostly send
//! in turn: what followed a name once follows it again. So each name remembers the one that came after it, and that is
//! compared before the table is asked; names in order of their first arrival lie side by side. Where that guess is wrong
//! too often, it is left for a while.
//!
//! **Invariant**: what is remembered only decides how soon an answer is found, never which.

use crate::limits::CACHED_NAMES_MAX;
use hashbrown::HashMap;
use std::hash::{Hash, Hasher};
use vigie_model::names::NameIx;

/// The longest name that stands in the table itself, in bytes.
const SHORT_BYTES_MAX: usize = 24;
/// Wrong guesses in a row after which guessing pauses.
const WRONG_GUESSES_MAX: u32 = 8;
/// Look-ups without a guess before the next one.
const PAUSE_LOOKUPS: u32 = 256;

/// Names of one kind. Bounded: when full, it starts over, which costs look-ups and nothing else.
#[derive(Debug, Default)]
pub(super) struct KnownNames {
    /// Where each short name stands in `names`.
    places: HashMap<Short, Place>,
    /// The short names in order of their first arrival.
    names: Vec<Met>,
    long: HashMap<Box<str>, NameIx>,
    /// The short name asked for last: metric and feed hardly change from event to event, and what is sent together mostly
    /// has one node.
    latest: Option<(Short, Place)>,
    /// Guesses that were wrong since one was right.
    wrong: u32,
}

/// A short name's place among the others, and its integer.
#[derive(Clone, Copy, Debug)]
struct Place {
    place: u32,
    index: NameIx,
}

/// A short name, and where the one stands that was asked for after it.
#[derive(Debug)]
struct Met {
    name: Short,
    index: NameIx,
    next: u32,
}

impl KnownNames {
    /// The integer of a name, if it is known.
    pub(super) fn get(&mut self, name: &str) -> Option<NameIx> {
        let Some(short) = Short::of(name) else { return self.long.get(name).copied() };
        let Some((latest, before)) = self.latest else { return self.find(short) };
        if latest == short {
            return Some(before.index);
        }
        if self.wrong < WRONG_GUESSES_MAX {
            let place = self.names[before.place as usize].next;
            let guess = &self.names[place as usize];
            if guess.name == short {
                self.wrong = 0;
                self.latest = Some((short, Place { place, index: guess.index }));
                return Some(guess.index);
            }
        } else if self.wrong > WRONG_GUESSES_MAX + PAUSE_LOOKUPS {
            self.wrong = 0;
        }
        self.wrong += 1;
        let index = self.find(short)?;
        if let (Some((_, here)), true) = (self.latest, self.wrong <= WRONG_GUESSES_MAX) {
            self.names[before.place as usize].next = here.place;
        }
        Some(index)
    }

    fn find(&mut self, short: Short) -> Option<NameIx> {
        let place = *self.places.get(&short)?;
        self.latest = Some((short, place));
        Some(place.index)
    }

    /// Remembers a name that is not known.
    pub(super) fn insert(&mut self, name: &str, index: NameIx) {
        if self.names.len() + self.long.len() >= CACHED_NAMES_MAX {
            self.clear();
        }
        let Some(short) = Short::of(name) else {
            self.long.insert(name.into(), index);
            return;
        };
        let place = u32::try_from(self.names.len()).expect("bounded by CACHED_NAMES_MAX");
        // The next new one is the likeliest to follow; until it comes, the name stands for it.
        if let Some(before) = self.names.last_mut() {
            before.next = place;
        }
        self.names.push(Met { name: short, index, next: place });
        self.places.insert(short, Place { place, index });
        self.latest = Some((short, Place { place, index }));
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A name of at most [`SHORT_BYTES_MAX`] bytes: its length, and words that together hold all of its bytes. Of names of one
/// length the words hold the same bytes at the same places, so names are equal when both are.
#[derive(Clone, Copy, Debug, Eq)]
struct Short {
    words: [u64; 3],
    length: u8,
}

impl Short {
    fn of(name: &str) -> Option<Self> {
        let bytes = name.as_bytes();
        let first = bytes.first_chunk().map(|word| u64::from_le_bytes(*word));
        let last = bytes.last_chunk().map(|word| u64::from_le_bytes(*word));
        let words = match (first, last) {
            (Some(first), Some(last)) if bytes.len() <= 16 => [first, last, 0],
            (Some(first), Some(last)) if bytes.len() <= SHORT_BYTES_MAX => {
                [first, u64::from_le_bytes(*bytes[8..].first_chunk()?), last]
            }
            (None, None) => match (bytes.first_chunk(), bytes.last_chunk()) {
                (Some(first), Some(last)) => {
                    [u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)), 0]
                }
                _ => [bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0, 0],
            },
            _ => return None,
        };
        Some(Self { words, length: u8::try_from(bytes.len()).ok()? })
    }
}

impl PartialEq for Short {
    /// Word by word: what the compiler makes of comparing the arrays waits for words on their way to memory.
    fn eq(&self, other: &Self) -> bool {
        let [a, b, c] = self.words;
        let [d, e, f] = other.words;
        (a ^ d) | (b ^ e) | (c ^ f) | u64::from(self.length ^ other.length) == 0
    }
}

impl Hash for Short {
    /// Without the length: names that differ in nothing else are rare.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.words.iter().for_each(|word| state.write_u64(*word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::collections::btree_map::Entry;

    #[test]
    fn names_that_differ_in_one_byte_are_two() {
        for length in 1..=SHORT_BYTES_MAX {
            let name = "x".repeat(length);
            let others = (0..length).map(|place| format!("{}y{}", &name[..place], &name[place + 1..]));
            let longer = [format!("{name}x"), format!("{name}\0")];
            for other in others.chain(longer) {
                assert_ne!(Short::of(&name), Short::of(&other), "{other:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_came_before_the_answer_is_the_same(
            rounds in prop::collection::vec((prop::collection::vec(0u32..40, 1..20), 1usize..30), 1..8)
        ) {
            let name = |number: u32| "name-".repeat(number as usize % 7) + &number.to_string();
            let (mut known, mut expected) = (KnownNames::default(), BTreeMap::new());
            for (round, times) in rounds {
                for number in std::iter::repeat_n(round, times).flatten() {
                    let name = name(number);
                    prop_assert_eq!(known.get(&name), expected.get(&name).copied());
                    if let Entry::Vacant(new) = expected.entry(name) {
                        known.insert(new.key(), number);
                        new.insert(number);
                    }
                }
            }
        }
    }

    #[test]
    fn a_full_table_starts_over() {
        let mut known = KnownNames::default();
        for number in 0..=u32::try_from(CACHED_NAMES_MAX).unwrap() {
            known.insert(&number.to_string(), number);
        }
        assert_eq!((known.get("0"), known.get(&CACHED_NAMES_MAX.to_string())), (None, Some(65_536)));
    }
}
