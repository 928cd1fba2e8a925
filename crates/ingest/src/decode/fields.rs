//! The fields of one native event, found in one pass and borrowed from the line.
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
            const ALL: &[Self] = &[$(Self::$variant),*];

            /// The field with that key.
            fn of_key(key: &str) -> Option<Self> {
                match key { $($name => Some(Self::$variant),)* _ => None }
            }

            /// Its key.
            pub(super) const fn key(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
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

/// The declared fields of one event, as written.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    values: [Option<&'a RawValue>; Field::ALL.len()],
}

impl<'a> Fields<'a> {
    /// Reads the object `text`; undeclared members are counted in `report`.
    pub(super) fn read(text: &'a str, report: &mut Report) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let fields = FieldsReader { report }.deserialize(&mut reader)?;
        reader.end()?;
        Ok(fields)
    }

    /// The value of a field; `null` is none.
    pub(super) fn get(&self, field: Field) -> Option<&'a RawValue> {
        self.values[field as usize]
    }

    /// Counts fields given that do not belong to events of `event_type` as dropped.
    pub(super) fn drop_foreign(&self, event_type: u8, report: &mut Report) {
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
        let mut values = [None; Field::ALL.len()];
        let mut seen = 0u32;
        // Allocates nothing until an undeclared key shows up.
        let mut undeclared: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(Key(key)) = map.next_key()? {
            let value: &'de RawValue = map.next_value()?;
            if let Some(field) = Field::of_key(&key) {
                let bit = 1 << field as u32;
                if seen & bit != 0 {
                    return Err(A::Error::custom(format_args!("field '{}' is given twice", field.key())));
                }
                seen |= bit;
                values[field as usize] = Some(value).filter(|value| value.get() != "null");
            } else {
                self.report.drop_field(&key);
                if !undeclared.insert(key) {
                    return Err(A::Error::custom("an undeclared field is given twice"));
                }
            }
        }
        Ok(Fields { values })
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
        assert_eq!(fields.get(Field::Value).unwrap().get(), "1.50");
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
