//! Instants as people read them, in the files of retention.

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use vigie_model::time::{format_utc, parse_rfc3339_ms};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
pub(super) fn serialize<S: Serializer>(at_ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_utc(*at_ms))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    parse_rfc3339_ms(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}
