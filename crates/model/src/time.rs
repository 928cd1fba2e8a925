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
    let timestamp: Timestamp = text.parse().map_err(|_| TimeError::Malformed)?;
    checked_ms(timestamp.as_nanosecond().div_euclid(1_000_000).try_into().map_err(|_| TimeError::OutOfRange)?)
}

/// Accepts epoch milliseconds inside the years 1900 to 2199.
///
/// # Errors
/// [`TimeError::OutOfRange`] otherwise.
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
        assert_eq!(format_local_day(1_489_312_800_000, &zone), "Sun 12 March 2017 21:00");
        assert_eq!(format_local_date(1_489_312_800_000, &zone), "Sunday 12 March 2017");
        assert_eq!(utc_date(1_489_312_800_000), "2017-03-12");
    }
}
