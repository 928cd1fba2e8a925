//! The fields of one native event, found in one pass and borrowed from the line.
//!
//! [`Fields::read`] reads any JSON and says what is wrong with it; [`crate::decode::plain`] finds the same fields sooner
//! in lines that hold nothing unusual.
//!
//! This list is the allow-list of the door: a member with another key is counted and dropped, its value never looked
//! at. A key that occurs twice refuses the event, since readers disagree on which of the two counts.

use crate::decode::report::Report;
use hashbrown::HashSet;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Declares the fields once: as an enum, by name, and with the types of event they belong to.
macro_rules! fields {
    ($($variant:ident $name:literal $types:expr),* $(,)?) => {
        /// A declared field of a native event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Field { $($variant),* }

        impl Field {
            /// Every field.
            pub(super) const ALL: &[Self] = &[$(Self::$variant),*];

            /// The field with that key.
            pub(super) fn of_key(key: &str) -> Option<Self> {
                match key { $($name => Some(Self::$variant),)* _ => None }
            }

            /// Its key.
            pub(super) const fn key(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Its key as JSON, with the colon behind it.
            pub(super) const fn key_json(self) -> &'static str {
                match self { $(Self::$variant => concat!("\"", $name, "\":")),* }
            }

            /// The types of event it belongs to.
            const fn types(self) -> u8 {
                match self { $(Self::$variant => $types),* }
            }
        }
    };
}

/// The field belongs to observations.
pub(super) const OBSERVATION: u8 = 1;
/// The field belongs to incidents.
pub(super) const INCIDENT: u8 = 2;
/// The field belongs to perceptions.
pub(super) const PERCEPTION: u8 = 4;
const EVERY: u8 = OBSERVATION | INCIDENT | PERCEPTION;

fields! {
    Type "type" EVERY,
    Id "id" EVERY,
    Space "space" EVERY,
    Lat "lat" EVERY,
    Lon "lon" EVERY,
    Time "time" EVERY,
    Node "node" OBSERVATION | INCIDENT,
    Sensor "sensor" OBSERVATION | INCIDENT,
    Seq "seq" OBSERVATION,
    Metric "metric" OBSERVATION,
    Value "value" OBSERVATION,
    Quality "quality" OBSERVATION,
    Category "category" INCIDENT,
    Severity "severity" INCIDENT,
    Channel "channel" INCIDENT,
    Reported "reported" INCIDENT,
    SourceReliability "source_reliability" INCIDENT,
    Status "status" INCIDENT,
    Version "version" INCIDENT,
    Text "text" INCIDENT,
    Wave "wave" PERCEPTION,
    Question "question" PERCEPTION,
    Scale "scale" PERCEPTION,
    Period "period" PERCEPTION,
    Group "group" PERCEPTION,
    N "n" PERCEPTION,
    Unsafe "unsafe" PERCEPTION,
    Share "share" PERCEPTION,
    Weight "weight" PERCEPTION,
}

impl Field {
    /// One bit for each field.
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The fields that do not belong to events of a type, as bits.
const fn foreign_bits(event_type: u8) -> u32 {
    let (mut bits, mut index) = (0, 0);
    while index < Field::ALL.len() {
        if Field::ALL[index].types() & event_type == 0 {
            bits |= Field::ALL[index].bit();
        }
        index += 1;
    }
    bits
}

/// [`foreign_bits`] of every type, looked up for every event.
const FOREIGN_BITS: [u32; EVERY as usize + 1] = {
    let (mut table, mut event_type) = ([0; EVERY as usize + 1], 0);
    while event_type <= EVERY {
        table[event_type as usize] = foreign_bits(event_type);
        event_type += 1;
    }
    table
};

/// The declared fields of one event, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields<'a> {
    /// The JSON text of each value; `null` is none.
    values: [Option<&'a str>; Field::ALL.len()],
    /// Bits of the fields given, `null` or not.
    given: u32,
    /// Whether a text may hold an escape.
    escapes: bool,
}

impl<'a> Fields<'a> {
    /// No fields yet; `escapes` tells whether a text may hold an escape.
    pub(super) fn none(escapes: bool) -> Self {
        Self { values: [None; Field::ALL.len()], given: 0, escapes }
    }

    /// Reads the object `text`; undeclared members are counted in `report`.
    pub(super) fn read(text: &'a str, report: &mut Report) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let fields = FieldsReader { report }.deserialize(&mut reader)?;
        reader.end()?;
        Ok(fields)
    }

    /// Takes in a field with the JSON text of its value, `None` for `null`; false when the field was given before.
    pub(super) fn give(&mut self, field: Field, json: Option<&'a str>) -> bool {
        let is_first = self.given & field.bit() == 0;
        self.given |= field.bit();
        self.values[field as usize] = json;
        is_first
    }

    /// The JSON text of the value of a field; `null` is none.
    pub(super) fn get(&self, field: Field) -> Option<&'a str> {
        self.values[field as usize]
    }

    /// Whether a text may hold an escape.
    pub(super) fn escapes(&self) -> bool {
        self.escapes
    }

    /// Counts fields given that do not belong to events of `event_type` as dropped.
    pub(super) fn drop_foreign(&self, event_type: u8, report: &mut Report) {
        if self.given & FOREIGN_BITS[usize::from(event_type)] == 0 {
            return;
        }
        for field in Field::ALL {
            if field.types() & event_type == 0 && self.get(*field).is_some() {
                report.drop_field(field.key());
            }
        }
    }
}

struct FieldsReader<'r> {
    report: &'r mut Report,
}

impl<'de> DeserializeSeed<'de> for FieldsReader<'_> {
    type Value = Fields<'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Fields<'de>, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldsReader<'_> {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::none(true);
        // Allocates nothing until an undeclared key shows up.
        let mut undeclared: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(Key(key)) = map.next_key()? {
            let value: &'de RawValue = map.next_value()?;
            if let Some(field) = Field::of_key(&key) {
                if !fields.give(field, Some(value.get()).filter(|json| *json != "null")) {
                    return Err(A::Error::custom(format_args!("field '{}' is given twice", field.key())));
                }
            } else {
                self.report.drop_field(&key);
                if !undeclared.insert(key) {
                    return Err(A::Error::custom("an undeclared field is given twice"));
                }
            }
        }
        Ok(fields)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_fields_are_found_and_others_counted() {
        let mut report = Report::default();
        let fields =
            Fields::read(r#"{"value": 1.50, "na\u006de": {"a": 1}, "node": null, "wave": 3}"#, &mut report).unwrap();
        assert_eq!(fields.get(Field::Value), Some("1.50"));
        assert!(fields.get(Field::Node).is_none());
        assert_eq!((report.fields_dropped, report.dropped_names["name"]), (1, 1));
        fields.drop_foreign(OBSERVATION, &mut report);
        assert_eq!((report.fields_dropped, report.dropped_names["wave"]), (2, 1));
    }

    #[test]
    fn a_key_given_twice_refuses_the_event() {
        for text in
            [r#"{"value":1,"value":1}"#, r#"{"value":1,"v\u0061lue":2}"#, r#"{"x":1,"x":1}"#, r#"{"id":null,"id":"a"}"#]
        {
            let error = Fields::read(text, &mut Report::default()).unwrap_err();
            assert!(error.to_string().contains("given twice"), "{error}");
        }
    }

    #[test]
    fn the_seen_bits_have_room_for_every_field() {
        assert!(Field::ALL.len() <= u32::BITS as usize);
    }
}
