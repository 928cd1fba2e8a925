//! Instants that may be missing, as people read them, in the files of retention.

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use vigie_model::time::{format_utc, parse_rfc3339_ms};

#[expect(clippy::ref_option, reason = "serde passes fields by reference")]
pub(super) fn serialize<S: Serializer>(at_ms: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match at_ms {
        Some(at_ms) => serializer.serialize_str(&format_utc(*at_ms)),
        None => serializer.serialize_none(),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| parse_rfc3339_ms(&text).map_err(D::Error::custom)).transpose()
}
