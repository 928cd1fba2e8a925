//! Rows of a mapped CSV as native events: their cells become the fields of an event, which then meets the checks of every
//! other event.

use crate::decode::csv::event_mapping::{EventMapping, same_id};
use crate::decode::csv::event_spec::{Answer, EventField, EventKind, ValueKind};
use crate::decode::csv::mapping::{Mapping, ROLES};
use crate::decode::csv::record::Record;
use crate::decode::csv::spec::TargetIds;
use crate::decode::event::EventSink;
use crate::decode::fields::{Field, Fields};
use crate::decode::names::NameCache;
use crate::decode::report::Report;
use std::borrow::Cow;
use std::collections::BTreeMap;
use vigie_model::batch::{Events, Origin, Source};
use vigie_model::decimal::{Decimal, MICROS_PER_UNIT};
use vigie_model::diagnostic::did_you_mean;

/// Words of a table told when one is missing in it.
const NAMES_TOLD_MAX: usize = 8;

/// The columns of a file whose rows become native events.
#[derive(Debug)]
pub(super) struct EventColumns {
    pub(super) name: Option<usize>,
    /// Columns of ids, in the order of [`ROLES`].
    pub(super) ids: [Option<usize>; ROLES.len()],
    pub(super) id: Option<usize>,
    pub(super) seq: Option<usize>,
    pub(super) quality: Option<usize>,
    pub(super) fields: Vec<(EventField, usize)>,
    pub(super) group: Vec<(String, usize)>,
    /// Where values are.
    pub(super) cells: Vec<ValueCell>,
}

/// A column of values.
#[derive(Debug)]
pub(super) struct ValueCell {
    /// `None` where rows have no value of their own.
    pub(super) column: Option<usize>,
    /// Wide: its name in the header.
    pub(super) name: Option<String>,
    /// With the line, the identity of a value.
    pub(super) source: u128,
}

/// One line on its way to events.
pub(super) struct EventRow<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) of: &'a EventMapping,
    pub(super) columns: &'a EventColumns,
    pub(super) record: &'a Record,
    pub(super) line: u32,
    /// Event time; `None` when a wave stands for it.
    pub(super) time_ms: Option<i64>,
}

impl EventRow<'_> {
    /// Appends the events of the line. A value refused in a wide file is told by its column, and fails no other.
    pub(super) fn push(&self, names: &mut NameCache, events: &mut Events, report: &mut Report) -> Result<(), String> {
        for cell in &self.columns.cells {
            let found = match self.push_cell(cell, names, events, report) {
                Ok(found) => found,
                Err(reason) => match &cell.name {
                    None => return Err(reason),
                    Some(name) => {
                        report.reject(self.line, format!("column '{name}': {reason}"));
                        continue;
                    }
                },
            };
            report.taken += u64::from(found);
            report.missing += u64::from(!found);
        }
        Ok(())
    }

    /// Appends the event of one value; false when the value is missing.
    fn push_cell(
        &self,
        cell: &ValueCell,
        names: &mut NameCache,
        events: &mut Events,
        report: &mut Report,
    ) -> Result<bool, String> {
        let value = cell.column.map(|column| self.record.field(column));
        if value.is_some_and(|value| self.is_missing(value)) {
            return Ok(false);
        }
        let target = self.target(cell, report)?;
        let target = target.as_deref();
        let mut given = Vec::with_capacity(Field::ALL.len());
        given.push((Field::Type, quoted(self.of.kind.as_str())));
        self.ids(target, &mut given)?;
        for field in EventField::ALL.into_iter().filter(|field| field.belongs_to(self.of.kind)) {
            if let Some(text) = self.field(field, target)? {
                given.push((native(field), self.written(field, &text)));
            }
        }
        match self.of.kind {
            EventKind::Observation => self.observation(value, &mut given)?,
            EventKind::Perception => self.perception(value.unwrap_or_default(), target, &mut given)?,
            EventKind::Incident => {}
        }
        given.extend(self.time_ms.map(|time_ms| (Field::Time, time_ms.to_string())));
        let mut fields = Fields::none(true);
        for (field, json) in &given {
            fields.give(*field, Some(json));
        }
        let origin = Origin { source: Source::File(cell.source), line: self.line };
        EventSink { names, feed: &self.of.feed, origin, events, report }.push(&fields)?;
        Ok(true)
    }

    /// What the name of a row or column stands for; `None` where there are no names.
    fn target(&self, cell: &ValueCell, report: &mut Report) -> Result<Option<Cow<'_, TargetIds>>, String> {
        let name = match (&cell.name, self.columns.name) {
            (Some(name), _) => name.as_str(),
            (None, Some(column)) => self.record.field(column),
            (None, None) => return Ok(None),
        };
        if self.of.names.is_empty() {
            return Ok(Some(Cow::Owned(same_id(name, &self.of.names_are))));
        }
        if let Some(target) = self.of.names.get(name) {
            return Ok(Some(Cow::Borrowed(target)));
        }
        report.note_unmatched(name, || did_you_mean(name, self.of.names.keys().map(String::as_str)));
        Err(format!("the name is not in the name map of csv mapping '{}'", self.mapping.name()))
    }

    fn ids(&self, target: Option<&TargetIds>, given: &mut Vec<(Field, String)>) -> Result<(), String> {
        let constants = &self.of.constants;
        let target = target.map(|target| [&target.space, &target.sensor, &target.node, &target.metric]);
        let constants = [&constants.space, &constants.sensor, &constants.node, &constants.metric];
        for (role, (_, word, _)) in ROLES.into_iter().enumerate() {
            let text = match self.cell(self.columns.ids[role]) {
                Some(text) => Some(self.word(word, text)?),
                None => target.and_then(|target| target[role].as_deref()).or(constants[role].as_deref()),
            };
            let field = [Field::Space, Field::Sensor, Field::Node, Field::Metric][role];
            given.extend(text.map(|text| (field, quoted(text))));
        }
        given.extend(self.cell(self.columns.id).map(|text| (Field::Id, quoted(text))));
        given.extend(self.cell(self.columns.seq).map(|text| (Field::Seq, text.to_owned())));
        let quality = self.cell(self.columns.quality).or(self.of.quality.as_deref());
        given.extend(quality.map(|text| (Field::Quality, quoted(text))));
        Ok(())
    }

    /// The text of a field: from its column, else from the name, else a constant.
    fn field<'t>(&'t self, field: EventField, target: Option<&'t TargetIds>) -> Result<Option<Cow<'t, str>>, String> {
        let column = self.columns.fields.iter().find(|(of, _)| *of == field).map(|(_, column)| *column);
        if let Some(text) = self.cell(column) {
            return self.word(field.key(), text).map(|text| Some(Cow::Borrowed(text)));
        }
        let named = target.and_then(|target| target.fields.get(&field));
        let text = named.or_else(|| self.of.constants.fields.get(&field)).map(|text| Cow::Borrowed(text.as_str()));
        Ok(match (field, text) {
            (EventField::Scale, None) => self.of.scale.as_deref().map(Cow::Borrowed),
            (_, text) => text,
        })
    }

    fn observation(&self, value: Option<&str>, given: &mut Vec<(Field, String)>) -> Result<(), String> {
        if let Some(text) = value {
            given.retain(|(field, _)| *field != Field::Value);
            given.push((Field::Value, text.to_owned()));
        }
        if let Some((_, json)) = given.iter_mut().find(|(field, _)| *field == Field::Value) {
            let value: Decimal = json.parse().map_err(|error| format!("value: {error}"))?;
            let value = self.mapping.converted(value);
            *json = value.ok_or("value: out of range when multiplied by the mapping's factor")?.to_string();
        }
        Ok(())
    }

    /// What a value says of the people asked: how many answered, how many felt unsafe, and the share as published.
    fn perception(
        &self,
        value: &str,
        target: Option<&TargetIds>,
        given: &mut Vec<(Field, String)>,
    ) -> Result<(), String> {
        given.push((Field::Group, self.group(target)?));
        let kind = self.of.value_is.expect("checked: perceptions say what their values are");
        if kind == ValueKind::Answer {
            let answers = &self.of.answers;
            let unlisted = || self.unlisted("the answer", "answers", value, answers.keys());
            let answer = answers.get(value).ok_or_else(unlisted)?;
            let (n, unsafe_count) = match answer {
                Answer::Safe => ("1", "0"),
                Answer::Unsafe => ("1", "1"),
                Answer::Refused => ("0", "0"),
            };
            given.retain(|(field, _)| *field != Field::N);
            given.extend([(Field::N, n.to_owned()), (Field::Unsafe, unsafe_count.to_owned())]);
            return Ok(());
        }
        let value: Decimal = value.parse().map_err(|error| format!("value: {error}"))?;
        if kind == ValueKind::UnsafeCount {
            given.push((Field::Unsafe, value.to_string()));
            return Ok(());
        }
        let share =
            unsafe_share(kind, value).ok_or("value: a share outside 0 to 1, or a percentage outside 0 to 100")?;
        let n = match given.iter().find(|(field, _)| *field == Field::N) {
            Some((_, json)) => json.parse::<i64>().map_err(|_| "n is not a whole number of 64 bits")?,
            None => {
                given.push((Field::N, "0".to_owned()));
                0
            }
        };
        let unsafe_count = share.micros().checked_mul(n).map(Decimal::from_micros).ok_or("n is out of range")?;
        given.extend([(Field::Share, share.to_string()), (Field::Unsafe, unsafe_count.to_string())]);
        Ok(())
    }

    /// The population group as a JSON object.
    fn group(&self, target: Option<&TargetIds>) -> Result<String, String> {
        let mut group: BTreeMap<&str, &str> = BTreeMap::new();
        let named = target.map(|target| &target.group).into_iter().flatten();
        for (key, word) in self.of.constants.group.iter().chain(named) {
            group.insert(key, word);
        }
        for (key, column) in &self.columns.group {
            if let Some(text) = self.cell(Some(*column)) {
                group.insert(key, self.word("group", text)?);
            }
        }
        Ok(serde_json::to_string(&group).expect("texts are JSON"))
    }

    /// A cell that says something.
    fn cell(&self, column: Option<usize>) -> Option<&str> {
        column.map(|column| self.record.field(column)).filter(|text| !text.is_empty() && !self.is_missing(text))
    }

    fn is_missing(&self, text: &str) -> bool {
        self.mapping.missing.iter().any(|missing| missing == text)
    }

    /// The word kept for a text.
    fn word<'t>(&'t self, field: &str, text: &'t str) -> Result<&'t str, String> {
        let Some(words) = self.of.words.get(field) else { return Ok(text) };
        let table = format!("words.{field}");
        let unlisted = || self.unlisted(&format!("{field}: the word"), &table, text, words.keys());
        words.get(text).map(String::as_str).ok_or_else(unlisted)
    }

    /// Why a text that a table does not list is refused.
    fn unlisted<'w>(
        &self,
        what: &str,
        table: &str,
        text: &str,
        words: impl Iterator<Item = &'w String> + Clone,
    ) -> String {
        let hint = did_you_mean(text, words.clone().map(String::as_str)).unwrap_or_else(|| {
            let listed: Vec<_> = words.take(NAMES_TOLD_MAX).map(String::as_str).collect();
            format!("it lists {}", listed.join(", "))
        });
        format!("{what} is not in {table} of csv mapping '{}'; {hint}", self.mapping.name())
    }

    /// A field's text as JSON: numbers as they are, texts in quotes.
    fn written(&self, field: EventField, text: &str) -> String {
        match (field, self.of.thousands) {
            (EventField::N, Some(separator)) => text.replace(separator, ""),
            (EventField::Lat | EventField::Lon | EventField::Value | EventField::Version | EventField::N, _)
            | (EventField::Weight, _) => text.to_owned(),
            _ => quoted(text),
        }
    }
}

/// The share that felt unsafe, to six decimals; `None` when the value is none.
fn unsafe_share(kind: ValueKind, value: Decimal) -> Option<Decimal> {
    let percent = matches!(kind, ValueKind::SafePercent | ValueKind::UnsafePercent);
    let whole = if percent { 100 * MICROS_PER_UNIT } else { MICROS_PER_UNIT };
    let part = if matches!(kind, ValueKind::SafePercent | ValueKind::SafeShare) {
        whole - value.micros()
    } else {
        value.micros()
    };
    if !(0..=whole).contains(&part) {
        return None;
    }
    if !percent {
        return Some(Decimal::from_micros(part));
    }
    let (share, rest) = (part / 100, part % 100);
    let up = rest > 50 || (rest == 50 && share % 2 == 1);
    Some(Decimal::from_micros(share + i64::from(up)))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

const fn native(field: EventField) -> Field {
    match field {
        EventField::Lat => Field::Lat,
        EventField::Lon => Field::Lon,
        EventField::Value => Field::Value,
        EventField::Category => Field::Category,
        EventField::Severity => Field::Severity,
        EventField::Channel => Field::Channel,
        EventField::Status => Field::Status,
        EventField::Version => Field::Version,
        EventField::Wave => Field::Wave,
        EventField::Question => Field::Question,
        EventField::Scale => Field::Scale,
        EventField::Period => Field::Period,
        EventField::N => Field::N,
        EventField::Weight => Field::Weight,
    }
}

#[cfg(test)]
mod tests;
