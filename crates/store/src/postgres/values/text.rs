//! Text forms of values that are not simply their digits.

use bytes::{BufMut, BytesMut};
use std::fmt::{Display, Write};

/// Appends a floating-point number as Postgres writes it.
pub(crate) fn put_float<T: Display + Into<f64> + Copy>(value: T, out: &mut BytesMut) {
    let wide: f64 = value.into();
    if wide.is_nan() {
        out.put_slice(b"NaN");
    } else if wide.is_infinite() {
        out.put_slice(if wide > 0.0 { b"Infinity" } else { b"-Infinity" });
    } else {
        out.put_slice(value.to_string().as_bytes());
    }
}

/// An interval in Postgres' own style: `1 year 2 mons -3 days 04:05:06.007`.
pub(crate) fn interval_text(months: i32, days: i32, microseconds: i64) -> String {
    let mut text = String::new();
    for (number, one, more) in [(months / 12, "year", "years"), (months % 12, "mon", "mons"), (days, "day", "days")] {
        if number != 0 {
            let unit = if number == 1 { one } else { more };
            write!(text, "{number} {unit} ").expect("a String takes everything");
        }
    }
    if microseconds != 0 || text.is_empty() {
        let sign = if microseconds < 0 { "-" } else { "" };
        let (seconds, fraction) = (microseconds.unsigned_abs() / 1_000_000, microseconds.unsigned_abs() % 1_000_000);
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        write!(text, "{sign}{hours:02}:{minutes:02}:{:02}", seconds % 60).expect("a String takes everything");
        if fraction != 0 {
            text.push_str(format!(".{fraction:06}").trim_end_matches('0'));
        }
    }
    text.trim_end().to_owned()
}

/// Appends an item of a list, quoted where it could be taken for something else.
pub(crate) fn put_list_item(item: &[u8], out: &mut BytesMut) {
    let plain = |byte: &u8| !matches!(byte, b'{' | b'}' | b',' | b'"' | b'\\') && !byte.is_ascii_whitespace();
    if !item.is_empty() && item.iter().all(plain) && !item.eq_ignore_ascii_case(b"null") {
        out.put_slice(item);
        return;
    }
    out.put_u8(b'"');
    for byte in item {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(*byte);
    }
    out.put_u8(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(put: impl FnOnce(&mut BytesMut)) -> String {
        let mut out = BytesMut::new();
        put(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn texts_are_those_of_postgres() {
        assert_eq!(interval_text(14, -3, 14_706_007_000), "1 year 2 mons -3 days 04:05:06.007");
        assert_eq!(interval_text(0, 1, 0), "1 day");
        assert_eq!(interval_text(0, 0, 0), "00:00:00");
        assert_eq!(interval_text(0, 0, i64::MIN), "-2562047788:00:54.775808");
        assert_eq!(written(|out| put_float(7.0_f64, out)), "7");
        assert_eq!(written(|out| put_float(0.1_f32, out)), "0.1");
        assert_eq!(written(|out| put_float(f64::NEG_INFINITY, out)), "-Infinity");
        for (item, text) in [("a", "a"), ("", "\"\""), ("a b", "\"a b\""), ("NULL", "\"NULL\""), ("a\"", "\"a\\\"\"")] {
            assert_eq!(written(|out| put_list_item(item.as_bytes(), out)), text);
        }
    }
}
