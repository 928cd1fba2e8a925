//! Texts that people give with commands, within bounds that fit the real ones, which count bytes.

use serde_json::Value;
use vigie_model::command::TEXT_BYTES_MAX;
use vigie_openapi::schema::{name, or_null, short_text};

/// Characters of a text: of at most four bytes each, they always fit.
pub(crate) const TEXT_CHARACTERS_MAX: usize = TEXT_BYTES_MAX / 4;
/// Characters of a name or an id.
pub(crate) const NAME_CHARACTERS_MAX: usize = 64;

/// Who acts.
pub(crate) fn operator() -> Value {
    name(TEXT_CHARACTERS_MAX, "Who acts.")
}

/// What they say about it.
pub(crate) fn note() -> Value {
    or_null(short_text(TEXT_CHARACTERS_MAX, "In their words."))
}

/// A name that may be left out.
pub(crate) fn some_text(description: &str) -> Value {
    or_null(short_text(NAME_CHARACTERS_MAX, description))
}
