//! The fields of a plain line, found without a reader of all JSON.
//!
//! A line is plain when it is one object of declared fields, each once, whose values are texts without an escape, numbers
//! without an exponent, or `null`, with no white space but single spaces behind colons and commas. Nearly every line
//! that a machine writes is. Of any other line nothing is said here: [`Fields::read`] reads it, and says what is wrong
//! with it.
//!
//! A sender mostly writes its fields in one order, so the field that stood at a place of the line before is looked for
//! there first.
//!
//! **Invariant**: what is found here equals what [`Fields::read`] finds, and that drops no field. Rules for values know
//! nothing of it.

use crate::decode::fields::{Field, Fields};
use crate::json::plain::{number_length, text_length};

/// Finds the fields of plain lines.
#[derive(Debug)]
pub(super) struct PlainReader {
    /// The field that stood at each place of the lines before.
    order: [Field; Field::ALL.len()],
}

impl PlainReader {
    /// One that has seen no line.
    pub(super) fn new() -> Self {
        Self { order: [Field::Type; Field::ALL.len()] }
    }

    /// Puts the fields of `text` into `fields`, which has none yet; `None` when it is not plain, and then whatever is in
    /// `fields` counts for nothing. Cost: one pass.
    pub(super) fn read<'a>(&mut self, text: &'a str, fields: &mut Fields<'a>) -> Option<()> {
        let mut rest = text.as_bytes().strip_prefix(b"{")?;
        for place in 0..Field::ALL.len() {
            let (field, key_length) = self.field_at(rest, place)?;
            rest = after_space(rest.get(key_length..)?);
            let (first, length) = (*rest.first()?, value_length(rest)?);
            let at = text.len() - rest.len();
            let value = if first == b'n' { None } else { Some(text.get(at..at + length)?) };
            if !fields.give(field, value) {
                return None;
            }
            match rest.get(length..)? {
                [b',', next @ ..] => rest = after_space(next),
                [b'}', end @ ..] => {
                    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
                    return end.iter().all(is_blank).then_some(());
                }
                _ => return None,
            }
        }
        None
    }

    /// The field whose key `rest` begins with, at this place of the line, and the length of the key with its colon.
    fn field_at(&mut self, rest: &[u8], place: usize) -> Option<(Field, usize)> {
        let expected = self.order.get_mut(place)?;
        let key = &KEYS[*expected as usize];
        if rest.first_chunk().is_some_and(|start| key.is_in(start)) {
            return Some((*expected, key.length));
        }
        let key = rest.strip_prefix(b"\"")?;
        let key = std::str::from_utf8(&key[..text_length(key)?]).ok()?;
        *expected = Field::of_key(key)?;
        rest.starts_with(expected.key_json().as_bytes()).then_some((*expected, expected.key_json().len()))
    }
}

/// What follows one space, if there is one.
fn after_space(rest: &[u8]) -> &[u8] {
    if let [b' ', rest @ ..] = rest { rest } else { rest }
}

/// Bytes of a line compared with a key at one time.
const KEY_BYTES: usize = 16;

/// A key with its quotes and colon, to be compared without a call.
struct Key {
    text: u128,
    /// The bits of [`Self::text`] that count.
    mask: u128,
    length: usize,
}

/// The key of each field.
const KEYS: [Key; Field::ALL.len()] = {
    let mut keys = [const { Key { text: 0, mask: 0, length: 0 } }; Field::ALL.len()];
    let mut index = 0;
    while index < keys.len() {
        keys[index] = Key::of(Field::ALL[index].key_json());
        index += 1;
    }
    keys
};

impl Key {
    /// A key too long to be compared at one time is never found: no line has the null bytes looked for.
    const fn of(json: &str) -> Self {
        let (mut text, mut mask, mut index) = ([0; KEY_BYTES], [0; KEY_BYTES], 0);
        let length = json.len();
        while index < length && length <= KEY_BYTES {
            (text[index], mask[index]) = (json.as_bytes()[index], u8::MAX);
            index += 1;
        }
        if length > KEY_BYTES {
            mask = [u8::MAX; KEY_BYTES];
        }
        Self { text: u128::from_le_bytes(text), mask: u128::from_le_bytes(mask), length }
    }

    fn is_in(&self, start: &[u8; KEY_BYTES]) -> bool {
        (u128::from_le_bytes(*start) ^ self.text) & self.mask == 0
    }
}

/// The length of the plain value that `rest` begins with.
fn value_length(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'"', text @ ..] => text_length(text).map(|length| length + 2),
        [b'-' | b'0'..=b'9', ..] => number_length(rest),
        [b'n', b'u', b'l', b'l', ..] => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
