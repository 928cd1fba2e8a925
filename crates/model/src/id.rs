//! What an identifier may look like, and identifiers derived by hashing.
//!
//! Ids come from outside and end up in keys, paths of URLs and files, so they are short and printable: 1 to 128 bytes
//! without control characters or `/` (RULES.md, "Values and keys").

use crate::id::IdError::{Control, Empty, Slash, TooLong};

/// The longest id in bytes.
pub const ID_BYTES_MAX: usize = 128;
/// Separates the parts of a hashed identity: ASCII unit separator, which no id can contain.
const UNIT_SEPARATOR: u8 = 0x1f;

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("is empty; expected 1 to 128 bytes")]
    Empty,
    /// The text is longer than [`ID_BYTES_MAX`].
    #[error("is longer than 128 bytes")]
    TooLong,
    /// The text contains a control character.
    #[error("contains a control character")]
    Control,
    /// The text contains `/`, which separates the parts of a key.
    #[error("contains '/', which separates the parts of a key")]
    Slash,
}

/// Checks that `text` is usable as the id of a space, sensor, node, metric, feed or event.
///
/// # Errors
/// [`IdError`] names the first reason it is not.
pub fn check_id(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(Empty);
    }
    if text.len() > ID_BYTES_MAX {
        return Err(TooLong);
    }
    // Every byte is looked at, whatever the one before it was: so many can be looked at together.
    if text.bytes().fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte) & (byte != b'/')) {
        return Ok(());
    }
    for c in text.chars() {
        if c == '/' {
            return Err(Slash);
        }
        if c.is_control() {
            return Err(Control);
        }
    }
    Ok(())
}

/// The first 16 bytes, in hex, of BLAKE3 over the parts joined by the unit separator: a deterministic 128-bit id.
#[must_use]
pub fn hashed_id(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(&[UNIT_SEPARATOR]);
        }
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_printable_text_of_any_script() {
        for text in ["a", "birrarung-marr", "Café №5", &"x".repeat(128)] {
            assert_eq!(check_id(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn names_the_reason_for_a_refusal() {
        assert_eq!(check_id(""), Err(Empty));
        assert_eq!(check_id(&"x".repeat(129)), Err(TooLong));
        assert_eq!(check_id("a\u{7f}"), Err(Control));
        assert_eq!(check_id("a\u{85}"), Err(Control));
        assert_eq!(check_id("a/b"), Err(Slash));
    }

    /// Fixed by contract (DESIGN.md, decision 12); recomputed here with `printf 'a\x1fb' | b3sum`.
    #[test]
    fn hashes_parts_with_a_separator() {
        let plain = blake3::hash(b"a\x1fb").to_hex();
        assert_eq!(hashed_id(&["a", "b"]), plain[..32]);
        assert_ne!(hashed_id(&["ab", ""]), hashed_id(&["a", "b"]));
    }
}
