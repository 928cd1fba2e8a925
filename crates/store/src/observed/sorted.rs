//! Columns of sorted observations: values, and codes of texts, gathered from wherever their rows lie.

use super::order::Place;
use crate::pages::coded::{Codes, Dictionary, NO_CODE};
use crate::pages::steps::Steps;
use crate::rows::observed::Observed;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::Arc;
use vigie_model::names::NO_NAME;

/// Different numbers from which on a dictionary of them no longer pays.
const NUMBERS_MAX: usize = 1 << 14;

/// Rows in the order of a file.
#[derive(Clone, Copy)]
pub(crate) struct Sorted<'a> {
    chunks: &'a [Arc<Observed>],
    places: &'a [Place],
}

impl<'a> Sorted<'a> {
    /// The rows of `chunks` that lie at `places`.
    pub(crate) const fn new(chunks: &'a [Arc<Observed>], places: &'a [Place]) -> Self {
        Self { chunks, places }
    }

    /// Number of rows.
    pub(crate) const fn len(&self) -> usize {
        self.places.len()
    }

    /// A value a row.
    pub(crate) fn values<T: Copy + 'a, U>(
        &self,
        column: impl Fn(&'a Observed) -> &'a [T],
        seen: impl Fn(T) -> U,
    ) -> Vec<U> {
        let columns = self.columns(column);
        self.places.iter().map(|place| seen(columns[place.chunk()][place.row()])).collect()
    }

    /// The value that all rows of the chunks have, if they have one: it need not be gathered.
    pub(crate) fn constant<T: Copy + PartialEq + 'a>(&self, column: impl Fn(&'a Observed) -> &'a [T]) -> Option<T> {
        let columns = self.columns(column);
        let first = *columns.iter().find_map(|column| column.first())?;
        // Without a way out in between, so that many are compared at once.
        let is_first = |column: &&[T]| column.iter().fold(true, |same, value| same & (*value == first));
        columns.iter().all(is_first).then_some(first)
    }

    /// The values there are, and which rows have one.
    pub(crate) fn values_or_null(&self, column: impl Fn(&'a Observed) -> &'a [Option<i64>]) -> Steps {
        let columns = self.columns(column);
        if columns.iter().all(|column| column.iter().all(Option::is_none)) {
            return Steps { values: Vec::new(), levels: vec![0; self.len()] };
        }
        let (mut values, mut levels) = (Vec::with_capacity(self.len()), Vec::with_capacity(self.len()));
        for place in self.places {
            let value = columns[place.chunk()][place.row()];
            levels.push(u32::from(value.is_some()));
            values.extend(value);
        }
        Steps { values, levels }
    }

    /// Where each row lies: the chunk by number, the chunk, and the row in it.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = (usize, &'a Observed, usize)> {
        self.places.iter().map(|place| (place.chunk(), self.chunks[place.chunk()].as_ref(), place.row()))
    }

    fn columns<T>(&self, column: impl Fn(&'a Observed) -> &'a [T]) -> Vec<&'a [T]> {
        self.chunks.iter().map(|chunk| column(chunk.as_ref())).collect()
    }
}

/// The code of a text that all rows have.
pub(crate) fn one_text(text: &str, rows: usize) -> (Dictionary<'_>, Codes) {
    let mut dictionary = Dictionary::default();
    dictionary.add_text(text);
    (dictionary, Codes::Constant { rows })
}

/// Codes of texts that have numbers below `bound`; `text` says which a number has, [`NO_NAME`] has none. Codes are given
/// in the order of the rows.
pub(crate) fn texts<'a, T: Copy + PartialEq + Into<u32>>(
    numbers: Vec<T>,
    text: impl Fn(u32) -> &'a str,
    bound: usize,
) -> (Dictionary<'a>, Codes) {
    let mut dictionary = Dictionary::default();
    if let Some(first) = numbers.first().filter(|first| numbers.iter().all(|number| number == *first)).copied()
        && first.into() != NO_NAME
    {
        return one_text(text(first.into()), numbers.len());
    }
    let mut code_of = vec![NO_CODE; bound];
    let (mut last, mut last_code) = (NO_NAME, NO_CODE);
    let code = |number: T| {
        let number = number.into();
        if number == last {
            return last_code;
        }
        (last, last_code) = (number, NO_CODE);
        if number != NO_NAME {
            let code = &mut code_of[number as usize];
            if *code == NO_CODE {
                *code = dictionary.add_text(text(number));
            }
            last_code = *code;
        }
        last_code
    };
    let codes = Codes::Each(numbers.into_iter().map(code).collect());
    (dictionary, codes)
}

/// Codes of numbers, unless there are too many different ones; `bytes` are those of a number in the file.
pub(crate) fn numbers<const N: usize>(
    values: &[i64],
    bytes: impl Fn(i64) -> [u8; N],
) -> Option<(Dictionary<'static>, Codes)> {
    let mut dictionary = Dictionary::default();
    let mut code_of: HashMap<i64, u32, FixedState> = HashMap::default();
    let mut codes = Vec::with_capacity(values.len());
    let mut last = None;
    for value in values {
        let code = match last {
            Some((known, code)) if known == *value => code,
            _ => *code_of.entry(*value).or_insert_with(|| dictionary.add_number(&bytes(*value))),
        };
        last = Some((*value, code));
        codes.push(code);
        if dictionary.len() > NUMBERS_MAX {
            return None;
        }
    }
    Some((dictionary, Codes::Each(codes)))
}
