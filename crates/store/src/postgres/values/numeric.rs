//! The binary form of `numeric`: groups of four decimal digits, a weight, a sign and a scale.

use arrow::error::ArrowError;
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Sign of a positive number.
const POSITIVE: u16 = 0x0000;
/// Sign of a negative number.
const NEGATIVE: u16 = 0x4000;
/// Most groups of a number that is taken: more than the 38 digits of a decimal column can need.
const GROUPS_MAX: i16 = 32;

/// Appends a number given as digits with at most one point.
///
/// # Errors
/// When it is given otherwise.
pub(crate) fn put_numeric(text: &str, out: &mut BytesMut) -> Result<(), ArrowError> {
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(ArrowError::CastError(format!("'{text}' is no decimal number")));
    }
    let whole = whole.trim_start_matches('0');
    let lead = (4 - whole.len() % 4) % 4;
    let tail = (4 - fraction.len() % 4) % 4;
    let padded = format!("{}{whole}{fraction}{}", "0".repeat(lead), "0".repeat(tail));
    let groups: Vec<i16> = padded
        .as_bytes()
        .chunks(4)
        .map(|group| group.iter().fold(0, |value, digit| value * 10 + i16::from(digit - b'0')))
        .collect();
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    let used = groups.len() - groups[zeros..].iter().rev().take_while(|group| **group == 0).count();
    let groups = &groups[zeros..used.max(zeros)];
    let size = |number: usize| i16::try_from(number).map_err(|_| ArrowError::CastError("too long a number".to_owned()));
    out.put_i16(size(groups.len())?);
    out.put_i16(if groups.is_empty() { 0 } else { size((lead + whole.len()) / 4)? - 1 - size(zeros)? });
    out.put_u16(if is_negative && !groups.is_empty() { NEGATIVE } else { POSITIVE });
    out.put_i16(size(fraction.len())?);
    groups.iter().for_each(|group| out.put_i16(*group));
    Ok(())
}

/// Digits with at most one point, of the binary form; `None` for what is no finite number or malformed.
pub(crate) fn numeric_text(mut bytes: Bytes) -> Option<String> {
    let (count, weight) = (bytes.try_get_i16().ok()?, bytes.try_get_i16().ok()?);
    let (sign, scale) = (bytes.try_get_u16().ok()?, usize::try_from(bytes.try_get_i16().ok()?).ok()?);
    let in_bounds = (0..=GROUPS_MAX).contains(&count) && (-GROUPS_MAX..=GROUPS_MAX).contains(&weight);
    if !in_bounds || scale > 4 * usize::from(GROUPS_MAX.unsigned_abs()) || ![POSITIVE, NEGATIVE].contains(&sign) {
        return None;
    }
    let groups = (0..count).map(|_| bytes.try_get_i16().ok().filter(|group| (0..10_000).contains(group)));
    let groups: Vec<i16> = groups.collect::<Option<_>>()?;
    if bytes.has_remaining() {
        return None;
    }
    let group = |place: i16| {
        let index = usize::try_from(weight - place).ok();
        index.and_then(|index| groups.get(index)).copied().unwrap_or(0)
    };
    let whole: String = (0..=weight.max(0)).rev().map(|place| format!("{:04}", group(place))).collect();
    let groups_of_fraction = i16::try_from(scale.div_ceil(4)).ok()?;
    let fraction: String = (1..=groups_of_fraction).map(|place| format!("{:04}", group(-place))).collect();
    let sign = if sign == NEGATIVE { "-" } else { "" };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{}", &fraction[..scale]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_their_binary_form() {
        for text in ["0", "1", "-1", "9999", "10000", "-12345.678", "0.001", "0.0000", "120000000.00000001", "99.50"] {
            let mut out = BytesMut::new();
            put_numeric(text, &mut out).unwrap();
            let read = numeric_text(out.freeze()).unwrap();
            assert_eq!(read, text);
        }
        let mut out = BytesMut::new();
        put_numeric("-12345.678", &mut out).unwrap();
        assert_eq!(&out[..], [0, 3, 0, 1, 0x40, 0, 0, 3, 0, 1, 0x09, 0x29, 0x1a, 0x7c]);
        assert!(put_numeric("1e5", &mut out).is_err());
    }

    #[test]
    fn malformed_numbers_are_none() {
        for bytes in [
            &b""[..],
            b"\0\x01\0\0\0\0\0\0",
            b"\0\0\0\0\xc0\0\0\0",
            b"\0\x01\0\0\0\0\0\0\x27\x10",
            b"\x7f\xff\0\0\0\0\0\0",
            b"\0\0\x7f\xff\0\0\0\0",
            b"\0\0\0\0\0\0\x7f\xff",
            b"\0\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(numeric_text(Bytes::copy_from_slice(bytes)), None, "{bytes:?}");
        }
    }
}
