//! The members of a JSON object, in order, with their values as written and their place in the text.

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    /// Its key.
    pub(crate) key: Cow<'a, str>,
    /// Its value, exactly as written.
    pub(crate) value: &'a RawValue,
}

/// The members of the object `text`; the caller judges duplicate keys.
pub(crate) fn members(text: &str) -> Result<Vec<Member<'_>>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(Members)?;
    reader.end()?;
    Ok(members)
}

/// The text of a JSON string; `None` when `value` is something else, or escapes half a surrogate pair.
pub(crate) fn string_of(value: &RawValue) -> Option<Cow<'_, str>> {
    string_in(value.get())
}

/// As [`string_of`], of a value's own JSON text.
pub(crate) fn string_in(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(json).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// Whether a value is `null`.
pub(crate) fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// Where `part`, a slice of `text`, begins in it.
pub(crate) fn offset_in(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            members.push(Member { key, value: map.next_value()? });
        }
        Ok(members)
    }
}

/// A key that borrows when it can: serde's own `Cow` never does.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_order_text_and_place() {
        let text = r#"{"b": 1.50, "a": "x\ny"}"#;
        let members = members(text).unwrap();
        let seen: Vec<_> =
            members.iter().map(|m| (m.key.as_ref(), m.value.get(), offset_in(text, m.value.get()))).collect();
        assert_eq!(seen, [("b", "1.50", 6), ("a", r#""x\ny""#, 17)]);
        assert_eq!(string_of(members[1].value).as_deref(), Some("x\ny"));
        assert_eq!(string_of(members[0].value), None);
    }
}
