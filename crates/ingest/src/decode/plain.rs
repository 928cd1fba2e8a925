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

    /// The fields of `text`; `None` when it is not plain. Cost: one pass.
    pub(super) fn read<'a>(&mut self, text: &'a str) -> Option<Fields<'a>> {
        let mut fields = Fields::none(false);
        self.read_into(text, &mut fields).map(|()| fields)
    }

    fn read_into<'a>(&mut self, text: &'a str, fields: &mut Fields<'a>) -> Option<()> {
        let bytes = text.as_bytes();
        let (mut at, mut place) = (0, 0);
        let mut before = b'{';
        loop {
            if *bytes.get(at)? != before {
                return None;
            }
            at += 1;
            at += usize::from(before == b',' && bytes.get(at) == Some(&b' '));
            let field = self.field_at(bytes.get(at..)?, place)?;
            at += field.key_json().len();
            at += usize::from(bytes.get(at) == Some(&b' '));
            let length = value_length(bytes.get(at..)?)?;
            let value = text.get(at..at + length)?;
            if !fields.give(field, value) {
                return None;
            }
            at += length;
            if bytes.get(at) == Some(&b'}') {
                let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
                return bytes[at + 1..].iter().all(is_blank).then_some(());
            }
            (before, place) = (b',', place + 1);
        }
    }

    /// The field whose key `rest` begins with, at this place of the line.
    fn field_at(&mut self, rest: &[u8], place: usize) -> Option<Field> {
        let expected = self.order.get_mut(place)?;
        if !rest.starts_with(expected.key_json().as_bytes()) {
            let key = rest.strip_prefix(b"\"")?;
            let key = std::str::from_utf8(&key[..text_length(key)?]).ok()?;
            *expected = Field::of_key(key)?;
            if !rest.starts_with(expected.key_json().as_bytes()) {
                return None;
            }
        }
        Some(*expected)
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
