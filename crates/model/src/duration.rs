//! Durations as people write them in configuration and rule files: whole numbers with `ms`, `s`, `m`, `h`, `d`.
//!
//! ```
//! use vigie_model::duration::{format_ms, parse_ms};
//! assert_eq!(parse_ms("1h30m"), Ok(5_400_000));
//! assert_eq!(format_ms(5_400_000), "1h30m");
//! ```

/// Units from the largest to the smallest, in milliseconds; a text must name them in this order, each at most once.
const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// The longest duration accepted: ten years, far beyond any window or hold.
pub const DURATION_MS_MAX: i64 = 3_650 * 86_400_000;

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// The text is not a sequence of whole numbers with units.
    #[error(
        "not a duration; expected whole numbers with units ms, s, m, h, d from the largest to the smallest, as in 90s or 1h30m"
    )]
    Malformed,
    /// Longer than [`DURATION_MS_MAX`].
    #[error("too long for a duration; at most 3650d")]
    TooLong,
}

/// Reads a duration in milliseconds.
///
/// # Errors
/// [`DurationError`] when the text is empty, uses fractions or unknown units, repeats or disorders them, or is too long.
pub fn parse_ms(text: &str) -> Result<i64, DurationError> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total: i64 = 0;
    if rest.is_empty() {
        return Err(DurationError::Malformed);
    }
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit()).ok_or(DurationError::Malformed)?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (_, unit_ms) = units.find(|(name, _)| *name == unit).ok_or(DurationError::Malformed)?;
        if number.is_empty() {
            return Err(DurationError::Malformed);
        }
        let number: i64 = number.parse().map_err(|_| DurationError::TooLong)?;
        total = number.checked_mul(*unit_ms).and_then(|ms| total.checked_add(ms)).ok_or(DurationError::TooLong)?;
        rest = tail;
    }
    if total > DURATION_MS_MAX { Err(DurationError::TooLong) } else { Ok(total) }
}

/// Writes a duration in its shortest exact form; zero is `0s`.
#[must_use]
pub fn format_ms(duration_ms: i64) -> String {
    if duration_ms == 0 {
        return "0s".to_owned();
    }
    let mut rest = duration_ms;
    let mut text = String::new();
    for (name, unit_ms) in UNITS {
        let count = rest / unit_ms;
        if count > 0 {
            text.push_str(&format!("{count}{name}"));
            rest %= unit_ms;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_the_units() {
        assert_eq!(parse_ms("250ms"), Ok(250));
        assert_eq!(parse_ms("60s"), Ok(60_000));
        assert_eq!(parse_ms("5m"), Ok(300_000));
        assert_eq!(parse_ms("2d12h"), Ok(216_000_000));
        assert_eq!(parse_ms("0s"), Ok(0));
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "5", "m", "1.5h", "-1s", "5 m", "30m1h", "1h1h", "1y", "s5"] {
            assert_eq!(parse_ms(text), Err(DurationError::Malformed), "{text}");
        }
        for text in ["3651d", "99999999999999999999s", "9223372036854775807d"] {
            assert_eq!(parse_ms(text), Err(DurationError::TooLong), "{text}");
        }
    }

    proptest! {
        #[test]
        fn writing_and_reading_agree(duration_ms in 0..=DURATION_MS_MAX) {
            prop_assert_eq!(parse_ms(&format_ms(duration_ms)), Ok(duration_ms));
        }
    }
}
