//! Typed values of fields. Each reader says what it expected in words that name the field and never repeat its content.

use crate::decode::fields::{Field, Fields};
use crate::decode::reason::Reason;
use crate::json::object::{members, string_in, string_of};
use crate::limits::{FREE_TEXT_BYTES_MAX, GROUP_ENTRIES_MAX, WORD_BYTES_MAX};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use vigie_model::decimal::Decimal;
use vigie_model::id::check_id;
use vigie_model::time::{TimeError, checked_ms, parse_rfc3339_ms};

/// One whole unit, for shares.
const ONE: Decimal = Decimal::from_micros(1_000_000);
const ZERO: Decimal = Decimal::from_micros(0);

impl<'a> Fields<'a> {
    /// A text; `None` when absent.
    #[inline]
    pub(super) fn text(&self, field: Field) -> Result<Option<Cow<'a, str>>, Reason> {
        let Some(value) = self.get(field) else { return Ok(None) };
        self.text_in(value).map(Some).ok_or_else(|| Reason::of(field.key(), "is not a text"))
    }

    /// The text of a value that is one.
    #[inline]
    fn text_in(&self, json: &'a str) -> Option<Cow<'a, str>> {
        if self.escapes() {
            return string_in(json);
        }
        json.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
    }

    /// A checked id; `None` when absent.
    pub(super) fn id(&self, field: Field) -> Result<Option<Cow<'a, str>>, Reason> {
        let id = self.text(field)?;
        if let Some(id) = &id {
            check_id(id).map_err(|error| refused(field, "is not an id", " ", error))?;
        }
        Ok(id)
    }

    /// A short text without control characters; `None` when absent.
    pub(super) fn word(&self, field: Field) -> Result<Option<String>, Reason> {
        let Some(word) = self.text(field)? else { return Ok(None) };
        check_word(&word).map_err(|what| Reason::of(field.key(), what))?;
        Ok(Some(word.into_owned()))
    }

    /// Free text of bounded length; `None` when absent.
    pub(super) fn free_text(&self, field: Field) -> Result<Option<String>, Reason> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        if text.len() > FREE_TEXT_BYTES_MAX {
            let limit = format_args!("is longer than {FREE_TEXT_BYTES_MAX} bytes");
            return Err(refused(field, "is too long", " ", limit));
        }
        Ok(Some(text.into_owned()))
    }

    /// A number exactly as written; `None` when absent.
    pub(super) fn decimal(&self, field: Field) -> Result<Option<Decimal>, Reason> {
        let Some(value) = self.get(field) else { return Ok(None) };
        value.parse().map(Some).map_err(|error| {
            let hint = if value.starts_with('"') { "; expected a JSON number without quotes" } else { "" };
            refused(field, "is not a number that can be kept", ": ", format_args!("{error}{hint}"))
        })
    }

    /// A number from 0 to 1; `None` when absent.
    pub(super) fn share(&self, field: Field) -> Result<Option<Decimal>, Reason> {
        let share = self.decimal(field)?;
        if share.is_some_and(|share| !(ZERO..=ONE).contains(&share)) {
            return Err(Reason::of(field.key(), "is outside 0 to 1"));
        }
        Ok(share)
    }

    /// A whole number; `None` when absent.
    pub(super) fn whole(&self, field: Field) -> Result<Option<i64>, Reason> {
        let Some(value) = self.get(field) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| Reason::of(field.key(), "is not a whole number of 64 bits"))
    }

    /// An angle in degrees; `None` when absent.
    pub(super) fn degrees(&self, field: Field, magnitude_max: f64) -> Result<Option<f64>, Reason> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let degrees = value.parse().ok().filter(|degrees: &f64| degrees.abs() <= magnitude_max);
        degrees.map(Some).ok_or_else(|| {
            let range = format_args!("is not a number from -{magnitude_max} to {magnitude_max}");
            refused(field, "is not an angle in its range", " ", range)
        })
    }

    /// An instant in epoch milliseconds; `None` when absent.
    pub(super) fn instant_ms(&self, field: Field) -> Result<Option<i64>, Reason> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let instant = match self.text_in(value) {
            Some(text) => parse_rfc3339_ms(&text),
            None => value.parse().map_or(Err(TimeError::Malformed), checked_ms),
        };
        instant.map(Some).map_err(|error| refused(field, "is not an instant that can be kept", ": ", error))
    }

    /// An object of short texts; empty when absent.
    pub(super) fn group(&self, field: Field) -> Result<BTreeMap<String, String>, Reason> {
        let Some(value) = self.get(field) else { return Ok(BTreeMap::new()) };
        let wrong = |what| Reason::of(field.key(), what);
        let entries = members(value).map_err(|_| wrong("is not an object"))?;
        if entries.len() > GROUP_ENTRIES_MAX {
            let limit = format_args!("has more than {GROUP_ENTRIES_MAX} entries");
            return Err(refused(field, "has too many entries", " ", limit));
        }
        let mut group = BTreeMap::new();
        for entry in entries {
            let text = string_of(entry.value).ok_or_else(|| wrong("has an entry that is not a text"))?;
            check_word(&entry.key).and_then(|()| check_word(&text)).map_err(|what| {
                wrong("has an entry that is no short text").in_words(format!("an entry of {} {what}", field.key()))
            })?;
            if group.insert(entry.key.into_owned(), text.into_owned()).is_some() {
                return Err(wrong("has an entry twice"));
            }
        }
        Ok(group)
    }
}

fn check_word(word: &str) -> Result<(), &'static str> {
    if word.is_empty() || word.len() > WORD_BYTES_MAX {
        return Err("is empty or longer than 128 bytes");
    }
    if word.chars().any(char::is_control) { Err("contains a control character") } else { Ok(()) }
}

/// The refusal for a required field that is absent.
pub(super) fn missing(field: Field) -> Reason {
    Reason::of(field.key(), "is missing")
}

/// A refusal whose words for the sender say more than its kind.
fn refused(field: Field, kind: &'static str, separator: &str, words: impl Display) -> Reason {
    Reason::of(field.key(), kind).in_words(format!("{}{separator}{words}", field.key()))
}
