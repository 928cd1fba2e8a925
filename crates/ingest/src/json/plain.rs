//! Where plain pieces of JSON end: texts without an escape, numbers without an exponent.
//!
//! What is not plain is not wrong: it is left to a reader of all JSON. What is found here is what such a reader finds.

/// Bytes looked at together.
const WORD_BYTES: usize = 8;
/// A one in every byte.
const ONES: u64 = u64::from_le_bytes([1; WORD_BYTES]);
/// The highest bit of every byte.
const HIGHS: u64 = ONES << 7;

/// The length of the text that `rest` begins with, which stands behind an opening quote; `None` when it has an escape, a
/// control character or no end.
pub(crate) fn text_length(rest: &[u8]) -> Option<usize> {
    let (words, last) = rest.as_chunks::<WORD_BYTES>();
    for (index, word) in words.iter().enumerate() {
        let found = special_bytes(u64::from_le_bytes(*word));
        if found != 0 {
            let length = index * WORD_BYTES + found.trailing_zeros() as usize / 8;
            return (rest[length] == b'"').then_some(length);
        }
    }
    let length = last.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' '))?;
    (last[length] == b'"').then_some(words.len() * WORD_BYTES + length)
}

/// The high bits of bytes that are a quote, a backslash or a control character. A subtraction may carry into the bytes
/// above one that is, so only the lowest bit says for certain.
const fn special_bytes(word: u64) -> u64 {
    let (quotes, backslashes) = (word ^ (ONES * b'"' as u64), word ^ (ONES * b'\\' as u64));
    ((quotes.wrapping_sub(ONES) & !quotes)
        | (backslashes.wrapping_sub(ONES) & !backslashes)
        | (word.wrapping_sub(ONES * b' ' as u64) & !word))
        & HIGHS
}

/// The length of the number that `rest` begins with; `None` when there is none, or what follows it may belong to it.
pub(crate) fn number_length(rest: &[u8]) -> Option<usize> {
    let sign = usize::from(rest.first() == Some(&b'-'));
    let whole = digits(&rest[sign..]);
    if whole == 0 || (whole > 1 && rest[sign] == b'0') {
        return None;
    }
    let mut length = sign + whole;
    if rest.get(length) == Some(&b'.') {
        let fraction = digits(&rest[length + 1..]);
        if fraction == 0 {
            return None;
        }
        length += 1 + fraction;
    }
    (!matches!(rest.get(length), Some(b'e' | b'E'))).then_some(length)
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_length_byte_by_byte(rest: &[u8]) -> Option<usize> {
        let length = rest.iter().position(|byte| *byte < b' ' || *byte == b'"' || *byte == b'\\')?;
        (rest[length] == b'"').then_some(length)
    }

    #[test]
    fn every_byte_counts_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                let mut text = *b"abcdefghij\xffklmnopqrs\"";
                text[place] = byte;
                assert_eq!(text_length(&text), text_length_byte_by_byte(&text), "{byte} at {place}");
            }
        }
    }

    #[test]
    fn numbers_end_where_they_end() {
        for (text, length) in [("0,", 1), ("-0}", 2), ("12.50 ", 5), ("7", 1), ("-10.0]", 5), ("1x", 1)] {
            assert_eq!(number_length(text.as_bytes()), Some(length), "{text}");
        }
        for text in ["", "-", "01", "1.", ".5", "1.e5", "1e5", "1.5E-5", "-x", "+1"] {
            assert_eq!(number_length(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_ends_where_a_look_at_every_byte_ends(text in prop::collection::vec(prop_oneof![
            4 => b' '..=b'~', 1 => Just(b'"'), 1 => Just(b'!'), 1 => Just(b'#'), 1 => Just(b']'), 1 => Just(b'['), 1 => any::<u8>()
        ], 0..40)) {
            prop_assert_eq!(text_length(&text), text_length_byte_by_byte(&text));
        }
    }
}
