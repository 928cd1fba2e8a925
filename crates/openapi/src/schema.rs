//! JSON Schemas (draft 2020-12, the dialect of OpenAPI 3.1) in as many words as they need.

use serde_json::{Map, Value, json};

/// Text.
#[must_use]
pub fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// Text of at least one character and at most so many.
#[must_use]
pub fn short_text(characters_max: usize, description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": characters_max, "description": description })
}

/// A name that people read: at least one character that shows, and none that steers.
#[must_use]
pub fn name(characters_max: usize, description: &str) -> Value {
    const STEERING: &str = r"\x00-\x1f\x7f-\x9f";
    let mut schema = short_text(characters_max, description);
    schema["pattern"] = format!(r"^[^{STEERING}]*[^\s{STEERING}][^{STEERING}]*$").into();
    schema
}

/// One of these words.
#[must_use]
pub fn word(words: &[&str], description: &str) -> Value {
    json!({ "type": "string", "enum": words, "description": description })
}

/// An instant as RFC 3339 text.
#[must_use]
pub fn instant(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}

/// A whole number of at least `least`.
#[must_use]
pub fn integer(least: i64, description: &str) -> Value {
    json!({ "type": "integer", "minimum": least, "description": description })
}

/// A number, whole or not.
#[must_use]
pub fn number(description: &str) -> Value {
    json!({ "type": "number", "description": description })
}

/// True or false.
#[must_use]
pub fn truth(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

/// A list.
#[must_use]
pub fn list(items: Value, description: &str) -> Value {
    json!({ "type": "array", "items": items, "description": description })
}

/// Any JSON.
#[must_use]
pub fn anything(description: &str) -> Value {
    json!({ "description": description })
}

/// Bytes that are no JSON.
#[must_use]
pub fn bytes(description: &str) -> Value {
    json!({ "type": "string", "contentMediaType": "application/octet-stream", "description": description })
}

/// This, or `null`.
#[must_use]
pub fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// A schema of the document by its name.
#[must_use]
pub fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object, member by member.
#[derive(Clone, Debug)]
pub struct Object {
    description: &'static str,
    members: Map<String, Value>,
    required: Vec<&'static str>,
    is_closed: bool,
}

impl Object {
    /// An object that may have other members as well: clients take no offence at what they do not know.
    #[must_use]
    pub fn open(description: &'static str) -> Self {
        Self { description, members: Map::new(), required: Vec::new(), is_closed: false }
    }

    /// An object that is refused with any other member.
    #[must_use]
    pub fn closed(description: &'static str) -> Self {
        Self { is_closed: true, ..Self::open(description) }
    }

    /// Adds a member that is always there.
    #[must_use]
    pub fn with(mut self, name: &'static str, schema: Value) -> Self {
        self.required.push(name);
        self.may_have(name, schema)
    }

    /// Adds a member that is left out when it says nothing.
    #[must_use]
    pub fn may_have(mut self, name: &'static str, schema: Value) -> Self {
        self.members.insert(name.to_owned(), schema);
        self
    }

    /// The schema.
    #[must_use]
    pub fn schema(self) -> Value {
        let mut schema = json!({
            "type": "object", "description": self.description, "properties": self.members, "required": self.required,
        });
        if self.is_closed {
            schema["additionalProperties"] = false.into();
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_says_what_must_be_there_and_whether_more_may() {
        let object =
            Object::closed("A pair.").with("a", integer(0, "One.")).may_have("b", or_null(named("B"))).schema();
        assert_eq!(object["required"], json!(["a"]));
        assert_eq!(object["additionalProperties"], false);
        assert_eq!(object["properties"]["b"]["anyOf"][0]["$ref"], "#/components/schemas/B");
        assert_eq!(Object::open("Any.").schema().get("additionalProperties"), None);
    }
}
