//! Instants: milliseconds since the Unix epoch, and how they are read and written.
//!
//! An instant on the wire is RFC 3339 with an offset, or a whole number of epoch milliseconds; anything finer is
//! floored to the millisecond (RULES.md). Local clock text without an offset is not an instant: CSV mappings give it a
//! zone first.
//!
//! ```
//! use vigie_model::time::{format_utc, parse_rfc3339_ms};
//! let event_time_ms = parse_rfc3339_ms("2017-03-12T21:00:00+11:00").unwrap();
//! assert_eq!(format_utc(event_time_ms), "2017-03-12T10:00:00Z");
//! ```

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Stands for "no instant" in columns of times.
pub const NO_TIME: i64 = i64::MIN;
/// The earliest instant accepted: 1900-01-01. Older text is a typing or unit error.
pub const TIME_MS_MIN: i64 = -2_208_988_800_000;
/// The first instant no longer accepted: 2200-01-01. Guards against seconds or microseconds sent as milliseconds.
pub const TIME_MS_END: i64 = 7_258_118_400_000;

/// Why a text or number is not an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not RFC 3339 with an offset.
    #[error("not an instant; expected RFC 3339 with an offset (2017-03-12T21:00:00+11:00) or epoch milliseconds")]
    Malformed,
    /// Before 1900 or from 2200 on.
    #[error("instant outside the years 1900 to 2199; are the units milliseconds?")]
    OutOfRange,
}

/// Reads RFC 3339 text as epoch milliseconds, floored.
///
/// # Errors
/// [`TimeError`] when the text has no offset, is not RFC 3339 or lies outside the accepted years.
pub fn parse_rfc3339_ms(text: &str) -> Result<i64, TimeError> {
    if let Some(common) = parse_common_rfc3339_ms(text.as_bytes()) {
        return common;
    }
    let timestamp: Timestamp = text.parse().map_err(|_| TimeError::Malformed)?;
    checked_ms(timestamp.as_nanosecond().div_euclid(1_000_000).try_into().map_err(|_| TimeError::OutOfRange)?)
}

/// Reads RFC 3339 text as nearly everybody writes it, `2017-03-12T21:00:00.123+11:00`, in a fifth of the time; `None`
/// when it is written otherwise, which does not mean that it is wrong.
///
/// # Errors
/// [`TimeError::OutOfRange`] when the instant lies outside the accepted years.
#[must_use]
pub fn parse_common_rfc3339_ms(text: &[u8]) -> Option<Result<i64, TimeError>> {
    let (clock, rest) = text.split_first_chunk::<19>()?;
    let [century, _, year, _, _, month, ..] = YEAR_MONTH.pairs(clock[..8].first_chunk()?)?;
    let [day, ..] = DAY_HOUR.pairs(clock[8..].first_chunk()?)?;
    let [hour, _, _, minute, _, _, second, _] = CLOCK.pairs(clock[11..].first_chunk()?)?;
    let (year, month, day) = (i64::from(century) * 100 + i64::from(year), i64::from(month), i64::from(day));
    let (hour, minute, second) = (i64::from(hour), i64::from(minute), i64::from(second));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = DAYS_OF_MONTH.get(usize::try_from(month).ok()?.checked_sub(1)?)? + i64::from(leap && month == 2);
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction_ms, zone) = split_fraction(rest)?;
    let offset_minutes = match zone {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two(digit(*h1)?, digit(*h2)?), two(digit(*m1)?, digit(*m2)?));
            let ahead = hours * 60 + minutes;
            if hours > 23 || minutes > 59 || (ahead == 0 && *sign == b'-') {
                return None;
            }
            if *sign == b'-' { -ahead } else { ahead }
        }
        _ => return None,
    };
    let minutes = (days_since_epoch(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    Some(checked_ms((minutes * 60 + second) * 1000 + fraction_ms))
}

/// The parts of a date and time, overlapping.
const YEAR_MONTH: Shape = Shape::of(*b"0000-00-");
const DAY_HOUR: Shape = Shape::of(*b"00T00:00");
const CLOCK: Shape = Shape::of(*b"00:00:00");

/// Where eight bytes of text have digits, and what stands between them; all are looked at together.
struct Shape {
    text: u64,
    /// What can be added to each byte, once it is freed of `text`, before its highest bit is set.
    room: u64,
}

impl Shape {
    /// The shape of `text`, in which a zero stands for any digit.
    const fn of(text: [u8; 8]) -> Self {
        let (mut room, mut index) = ([0x7f; 8], 0);
        while index < text.len() {
            if text[index] == b'0' {
                room[index] = 0x7f - 9;
            }
            index += 1;
        }
        Self { text: u64::from_le_bytes(text), room: u64::from_le_bytes(room) }
    }

    /// At each place of `text`, the number of the two digits that begin there; `None` when it has another shape.
    fn pairs(&self, text: &[u8; 8]) -> Option<[u8; 8]> {
        // From here on a byte is a digit's number, or 0 for what stands between digits.
        let bytes = u64::from_le_bytes(*text) ^ self.text;
        let wrong = (bytes | bytes.wrapping_add(self.room)) & u64::from_le_bytes([0x80; 8]);
        (wrong == 0).then(|| (bytes * 10 + (bytes >> 8)).to_le_bytes())
    }
}

/// The number that an ASCII digit writes.
fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

/// The number of two digits.
fn two(tens: u8, ones: u8) -> i64 {
    i64::from(tens) * 10 + i64::from(ones)
}

/// Days of each month of a common year.
const DAYS_OF_MONTH: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The whole milliseconds of a fraction of a second, and what follows it.
fn split_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else { return Some((0, text)) };
    let (mut ms, mut weight, mut digits) = (0, 100, 0);
    while let Some(digit) = text.get(digits).and_then(|byte| digit(*byte)) {
        ms += i64::from(digit) * weight;
        weight /= 10;
        digits += 1;
    }
    (1..=9).contains(&digits).then(|| (ms, &text[digits..]))
}

/// Days from 1970-01-01 to a date from the year 0 on of the proleptic Gregorian calendar, whose years begin in March here
/// (Hinnant 2013, `days_from_civil`).
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Four centuries more keep it positive: they have 146,097 days.
    let year = (if month <= 2 { year + 399 } else { year + 400 }).unsigned_abs();
    let month = (if month <= 2 { month + 9 } else { month - 3 }).unsigned_abs();
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5;
    days.cast_signed() + day - 1 - 146_097 - 719_468
}

/// Accepts epoch milliseconds inside the years 1900 to 2199.
///
/// # Errors
/// [`TimeError::OutOfRange`] otherwise.
#[inline]
pub fn checked_ms(epoch_ms: i64) -> Result<i64, TimeError> {
    if (TIME_MS_MIN..TIME_MS_END).contains(&epoch_ms) { Ok(epoch_ms) } else { Err(TimeError::OutOfRange) }
}

/// Writes an instant as RFC 3339 in UTC; whole seconds without a fraction.
#[must_use]
pub fn format_utc(epoch_ms: i64) -> String {
    timestamp(epoch_ms).to_string()
}

/// Writes an instant as local `HH:MM` in `zone`: how operators read the clock.
#[must_use]
pub fn format_local_clock(epoch_ms: i64, zone: &TimeZone) -> String {
    timestamp(epoch_ms).to_zoned(zone.clone()).strftime("%H:%M").to_string()
}

/// Writes an instant as local `2017-03-12 21:00:07.25` in `zone`, with as many decimals as it needs.
#[must_use]
pub fn format_local_instant(epoch_ms: i64, zone: &TimeZone) -> String {
    timestamp(epoch_ms).to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.f").to_string()
}

/// Writes an instant as local `Mon 12 March 2017 21:00` in `zone`.
#[must_use]
pub fn format_local_day(epoch_ms: i64, zone: &TimeZone) -> String {
    timestamp(epoch_ms).to_zoned(zone.clone()).strftime("%a %-d %B %Y %H:%M").to_string()
}

/// Writes the local date of an instant as `Sunday 12 March 2017`.
#[must_use]
pub fn format_local_date(epoch_ms: i64, zone: &TimeZone) -> String {
    timestamp(epoch_ms).to_zoned(zone.clone()).strftime("%A %-d %B %Y").to_string()
}

/// The UTC date of an instant as `YYYY-MM-DD`.
#[must_use]
pub fn utc_date(epoch_ms: i64) -> String {
    timestamp(epoch_ms).to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

fn timestamp(epoch_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(epoch_ms.clamp(TIME_MS_MIN, TIME_MS_END)).expect("a clamped instant is in jiff's range")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_offsets_and_floors_to_the_millisecond() {
        assert_eq!(parse_rfc3339_ms("1970-01-01T00:00:00.001999Z"), Ok(1));
        assert_eq!(parse_rfc3339_ms("1969-12-31T23:59:59.9999Z"), Ok(-1));
        assert_eq!(parse_rfc3339_ms("2017-03-12T21:00:00+11:00"), Ok(1_489_312_800_000));
    }

    #[test]
    fn refuses_local_time_nonsense_and_other_centuries() {
        for text in ["2017-03-12T21:00:00", "2017-03-12", "yesterday", "", "1489312800000"] {
            assert_eq!(parse_rfc3339_ms(text), Err(TimeError::Malformed), "{text}");
        }
        assert_eq!(parse_rfc3339_ms("1066-10-14T09:00:00Z"), Err(TimeError::OutOfRange));
        assert_eq!(checked_ms(1_489_312_800_000_000), Err(TimeError::OutOfRange));
    }

    #[test]
    fn writes_what_people_read() {
        let zone = TimeZone::get("Australia/Melbourne").unwrap();
        assert_eq!(format_local_clock(1_489_312_800_000, &zone), "21:00");
        assert_eq!(format_local_instant(1_489_312_807_250, &zone), "2017-03-12 21:00:07.25");
        assert_eq!(format_local_instant(1_489_312_800_000, &zone), "2017-03-12 21:00:00");
        assert_eq!(format_local_day(1_489_312_800_000, &zone), "Sun 12 March 2017 21:00");
        assert_eq!(format_local_date(1_489_312_800_000, &zone), "Sunday 12 March 2017");
        assert_eq!(utc_date(1_489_312_800_000), "2017-03-12");
    }

    fn by_jiff(text: &str) -> Result<i64, TimeError> {
        let timestamp: Timestamp = text.parse().map_err(|_| TimeError::Malformed)?;
        checked_ms(i64::try_from(timestamp.as_nanosecond().div_euclid(1_000_000)).unwrap())
    }

    #[test]
    fn the_common_way_is_read_quickly_and_other_ways_are_left_alone() {
        for text in ["2024-02-29T23:59:59.1234567+05:30", "1969-12-31T23:59:59.9Z", "2100-03-01T00:00:00-11:00"] {
            assert_eq!(parse_common_rfc3339_ms(text.as_bytes()), Some(by_jiff(text)), "{text}");
        }
        let others =
            ["2023-02-29T00:00:00Z", "2017-03-12T21:00:60Z", "2017-03-12T21:00:00-00:00", "2017-03-12 21:00:00Z"];
        for text in others {
            assert_eq!(parse_common_rfc3339_ms(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_the_quick_way_reads_is_what_jiff_reads(
            text in "(1[89]|2[012])[0-9]{2}-(0[0-9]|1[0-3])-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,10})?(Z|[+-][0-2][0-9]:[0-6][0-9])"
        ) {
            if let Some(read) = parse_common_rfc3339_ms(text.as_bytes()) {
                prop_assert_eq!(read, by_jiff(&text));
            }
        }
    }
}
