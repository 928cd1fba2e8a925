//! Columns of texts that stand for small integers: interned names, and words of closed lists.
//!
//! A text of a dictionary is looked at once, when the first row uses it; from then on a row costs one access to a table.
//! Names are checked first and interned once all else is known to be right, so that a row refused for another reason
//! leaves none behind.

use crate::decode::arrow_ipc::dictionaries::{Dictionaries, Dictionary};
use crate::decode::arrow_ipc::refusals::Refusals;
use crate::decode::arrow_ipc::stream::Values;
use crate::decode::arrow_ipc::texts::NO_KEY;
use crate::decode::names::NameCache;
use crate::decode::reason::Reason;
use std::ops::Range;
use vigie_model::id::check_id;
use vigie_model::names::{NO_NAME, NameIx, NameKind};

/// A name that is checked but not interned yet; the interner gives no such index, nor those below.
const CHECKED: NameIx = NO_NAME - 1;
/// A text of a dictionary that no row has used yet.
const UNSEEN: NameIx = NO_NAME - 2;
/// A text of a dictionary that cannot be used.
const REFUSED: NameIx = NO_NAME - 3;

/// What rows without a text mean.
#[derive(Clone, Copy, Debug)]
pub(super) enum Absent {
    /// This.
    Means(NameIx),
    /// They are refused.
    IsRefused,
}

/// One column, and what is known of its dictionary.
#[derive(Debug)]
pub(super) struct NameColumn {
    field: &'static str,
    absent: Absent,
    /// Of each row of the range read last: an index, or [`NO_NAME`]. Of refused rows anything.
    pub(super) found: Vec<NameIx>,
    /// What each key of the dictionary stands for.
    known: Vec<NameIx>,
    /// The dictionary of which that is known.
    dictionary: u64,
}

impl NameColumn {
    pub(super) fn of(field: &'static str, absent: Absent) -> Self {
        Self { field, absent, found: Vec::new(), known: Vec::new(), dictionary: 0 }
    }

    /// Checks the names of a range of rows, which [`Self::intern`] then interns.
    pub(super) fn check(
        &mut self,
        values: Option<&Values>,
        dictionaries: &Dictionaries,
        rows: Range<usize>,
        refusals: &mut Refusals,
    ) {
        let field = self.field;
        let check = |name: &str| match check_id(name) {
            Ok(()) => Ok(CHECKED),
            Err(error) => Err(Reason::of(field, "is not an id").in_words(format!("{field} {error}"))),
        };
        self.read(values, dictionaries, rows, check, refusals);
    }

    /// Finds what the words of a range of rows stand for.
    pub(super) fn read(
        &mut self,
        values: Option<&Values>,
        dictionaries: &Dictionaries,
        rows: Range<usize>,
        resolve: impl Fn(&str) -> Result<NameIx, Reason>,
        refusals: &mut Refusals,
    ) {
        self.found.clear();
        match values {
            Some(Values::Keys(keys, id)) => self.read_keys(&keys[rows], dictionaries.get(*id), resolve, refusals),
            Some(Values::Texts(texts)) => {
                for (row, at) in rows.enumerate() {
                    let found = texts.get(at).map(&resolve);
                    self.push(row, found, refusals);
                }
            }
            _ => {
                for row in 0..rows.len() {
                    self.push(row, None, refusals);
                }
            }
        }
    }

    fn push(&mut self, row: usize, found: Option<Result<NameIx, Reason>>, refusals: &mut Refusals) {
        let index = match (found, self.absent) {
            (Some(Ok(index)), _) | (None, Absent::Means(index)) => index,
            (Some(Err(reason)), _) => {
                refusals.refuse(row, reason);
                REFUSED
            }
            (None, Absent::IsRefused) => {
                refusals.refuse(row, Reason::of(self.field, "is missing"));
                REFUSED
            }
        };
        self.found.push(index);
    }

    fn read_keys(
        &mut self,
        keys: &[u32],
        dictionary: Option<&Dictionary>,
        resolve: impl Fn(&str) -> Result<NameIx, Reason>,
        refusals: &mut Refusals,
    ) {
        let number = dictionary.map_or(0, |dictionary| dictionary.number);
        if number != self.dictionary {
            self.known.clear();
            self.dictionary = number;
        }
        self.known.resize(dictionary.map_or(0, Dictionary::len) as usize, UNSEEN);
        let known = &self.known;
        // The common case, without a branch: every text was seen before, and nothing is absent.
        self.found.extend(keys.iter().map(|key| known.get(*key as usize).copied().unwrap_or(UNSEEN)));
        if self.found.iter().fold(0, |highest, index| highest.max(*index)) < REFUSED {
            return;
        }
        self.found.clear();
        for (row, key) in keys.iter().enumerate() {
            let known = match (self.known.get(*key as usize).copied(), dictionary) {
                (Some(UNSEEN | REFUSED), Some(dictionary)) => {
                    let found = dictionary.get(*key).map(&resolve);
                    self.known[*key as usize] = match &found {
                        Some(Ok(index)) => *index,
                        Some(Err(_)) => REFUSED,
                        None => UNSEEN,
                    };
                    found
                }
                (Some(index), _) => Some(Ok(index)),
                (None, _) if *key == NO_KEY => None,
                (None, _) => {
                    let words = format!("{} refers to an entry that its dictionary does not hold", self.field);
                    Some(Err(Reason::of(self.field, "is in no dictionary").in_words(words)))
                }
            };
            self.push(row, known, refusals);
        }
    }

    /// Interns the names of the rows that are not refused.
    pub(super) fn intern(
        &mut self,
        kind: NameKind,
        values: Option<&Values>,
        dictionaries: &Dictionaries,
        rows: Range<usize>,
        names: &mut NameCache,
        refusals: &mut Refusals,
    ) {
        for (row, found) in self.found.iter_mut().enumerate() {
            if *found != CHECKED || refusals.has(row) {
                continue;
            }
            let at = rows.start + row;
            let interned = match values {
                Some(Values::Keys(keys, id)) => {
                    let key = keys[at];
                    match self.known[key as usize] {
                        CHECKED => {
                            let name = dictionaries.get(*id).and_then(|dictionary| dictionary.get(key));
                            // Kept only if it is taken: a space may be declared until the next request.
                            names
                                .index(kind, name.unwrap_or_default())
                                .inspect(|index| self.known[key as usize] = *index)
                        }
                        index => Ok(index),
                    }
                }
                Some(Values::Texts(texts)) => names.index(kind, texts.get(at).unwrap_or_default()),
                _ => continue,
            };
            match interned {
                Ok(index) => *found = index,
                Err(reason) => refusals.refuse(row, reason),
            }
        }
    }
}
