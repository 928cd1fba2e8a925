//! Exact decimal values: fixed point with six decimals in 64 bits.
//!
//! A sensor's `0.1` must be the number as written, not its nearest double: sums of such values are then exact,
//! invertible and independent of order, and a threshold of `2` is met by twenty times `0.1` (RULES.md, "Values and
//! keys"). Digits beyond the sixth are rounded half to even; what does not fit in 64 bits is refused.
//!
//! ```
//! use vigie_model::decimal::Decimal;
//! let total: i64 = (0..20).map(|_| "0.1".parse::<Decimal>().unwrap().micros()).sum();
//! assert_eq!(total, "2".parse::<Decimal>().unwrap().micros());
//! ```

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Number of decimals kept.
pub const DECIMALS: i64 = 6;
/// Micros in one unit: `10^DECIMALS`.
pub const MICROS_PER_UNIT: i64 = 1_000_000;
/// The largest magnitude of an exponent worth reading: beyond it a number is zero or does not fit, whatever its digits.
const EXPONENT_MAX: i64 = 1_000_000_000;

/// A value in millionths of its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decimal(i64);

/// Why a text is not a [`Decimal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text does not follow the grammar of a JSON number.
    #[error("not a number")]
    NotANumber,
    /// The number is beyond ±9,223,372,036,854.775807.
    #[error("number out of range (at most 9223372036854.775807 in magnitude)")]
    OutOfRange,
}

impl Decimal {
    /// A value from its millionths.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The value in millionths.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The decimal nearest to a double, half to even: what was stored by [`Self::to_f64`], as long as its magnitude is
    /// below 2^33 units; from there on neighbouring doubles are more than a millionth apart. `None` beyond the range.
    ///
    /// ```
    /// use vigie_model::decimal::Decimal;
    /// let value: Decimal = "8589934591.999999".parse().unwrap();
    /// assert_eq!(Decimal::from_f64(value.to_f64()), Some(value));
    /// assert_eq!(Decimal::from_f64(f64::NAN), None);
    /// ```
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_nan() || value.abs() >= i64::MAX as f64 / MICROS_PER_UNIT as f64 {
            return None;
        }
        // A double is a whole number times a power of two, so its millionths are known exactly before they are rounded.
        let bits = value.abs().to_bits();
        let exponent = (bits >> 52).max(1);
        let significand = i128::from((bits & ((1 << 52) - 1)) | if bits >> 52 == 0 { 0 } else { 1 << 52 });
        let scaled = significand * i128::from(MICROS_PER_UNIT);
        let magnitude = match 1075 - i64::try_from(exponent).expect("an exponent has 11 bits") {
            halvings @ 1..=120 => {
                let (whole, rest) = (scaled >> halvings, scaled & ((1 << halvings) - 1));
                let half = 1 << (halvings - 1);
                whole + i128::from(rest > half || rest == half && whole % 2 == 1)
            }
            121.. => 0,
            doublings => scaled << -doublings,
        };
        let magnitude = i64::try_from(magnitude).ok()?;
        Some(Self(if value.is_sign_negative() { -magnitude } else { magnitude }))
    }

    /// What somebody meant who had only a double to write it in: the shortest decimal that reads back as `value`, rounded
    /// to six decimals, half to even. `None` beyond the range.
    ///
    /// Cost: five operations where that decimal lies clear of the middle between two millionths, which is nearly always
    /// so below 10^8 units; else as much as writing and reading a number.
    ///
    /// ```
    /// use vigie_model::decimal::Decimal;
    /// assert_eq!(Decimal::of_shortest_f64(1.0000015), "1.000002".parse().ok(), "the double lies below the middle");
    /// assert_eq!(Decimal::of_shortest_f64(f64::NAN), None);
    /// ```
    #[must_use]
    #[inline]
    pub fn of_shortest_f64(value: f64) -> Option<Self> {
        clear_of_the_middle(value, f64::EPSILON).or_else(|| format!("{value:e}").parse().ok())
    }

    /// As [`Self::of_shortest_f64`] for a single: the shortest decimal that reads back as that single.
    ///
    /// ```
    /// use vigie_model::decimal::Decimal;
    /// assert_eq!(Decimal::of_shortest_f32(45.2), "45.2".parse().ok());
    /// ```
    #[must_use]
    #[inline]
    pub fn of_shortest_f32(value: f32) -> Option<Self> {
        clear_of_the_middle(f64::from(value), f64::from(f32::EPSILON)).or_else(|| format!("{value:e}").parse().ok())
    }

    /// The nearest double, for columns that leave for history.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / MICROS_PER_UNIT as f64
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads a JSON number exactly as written. Cost: one pass over the text, whatever its length or exponent.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        if let Some(micros) = common_micros(text.as_bytes()) {
            return Ok(Self(micros));
        }
        let number = Scanned::scan(text.as_bytes()).ok_or(DecimalError::NotANumber)?;
        let magnitude = number.rounded_micros().ok_or(DecimalError::OutOfRange)?;
        let signed = if number.negative { -magnitude } else { magnitude };
        i64::try_from(signed).map(Self).map_err(|_| DecimalError::OutOfRange)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.unsigned_abs();
        let (whole, fraction) = (micros / MICROS_PER_UNIT.unsigned_abs(), micros % MICROS_PER_UNIT.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        write!(f, "{sign}{whole}.{}", format!("{fraction:06}").trim_end_matches('0'))
    }
}

/// The longest whole part of a number as nearly everybody writes it, in digits.
const WHOLE_DIGITS_COMMON: usize = 12;
/// What one unit of the last of so many decimals is in millionths.
const MICROS_OF_LAST: [i64; DECIMALS as usize + 1] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/// Reads a number as nearly everybody writes it, `-118.25`: no exponent, and nothing to round. `None` when it is written
/// otherwise, which does not mean that it is wrong.
fn common_micros(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
    let (whole, decimals) = (&digits[..point], digits.get(point + 1..).unwrap_or_default());
    let is_whole = matches!(whole, [_] | [b'1'..=b'9', ..]) && whole.len() <= WHOLE_DIGITS_COMMON;
    if !is_whole || (decimals.is_empty() && point < digits.len()) {
        return None;
    }
    let (micros_of_last, mut units) = (*MICROS_OF_LAST.get(decimals.len())?, 0i64);
    for byte in whole.iter().chain(decimals) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        units = units * 10 + i64::from(digit);
    }
    let micros = units * micros_of_last;
    Some(if digits.len() < text.len() { -micros } else { micros })
}

/// The decimal to which every number within half an `epsilon` of `value`, relatively, rounds; `None` where that is not
/// plain to see.
///
/// The shortest decimal that reads back as a float lies within half a unit of its last place, so within `value * epsilon / 2`
/// of it; the product below is off by half of `f64::EPSILON` at most. Twice `epsilon` covers both.
#[inline]
fn clear_of_the_middle(value: f64, epsilon: f64) -> Option<Decimal> {
    let scaled = value * MICROS_PER_UNIT as f64;
    let rounded = scaled.round_ties_even();
    // Also false for what is no number, and for anything so large that a double has no fraction left.
    let is_clear = 0.5 - (scaled - rounded).abs() > scaled.abs() * (2.0 * epsilon);
    is_clear.then_some(Decimal(rounded as i64))
}

/// A number split into its parts: `digits` (whole part, then fraction) times `10^exponent`.
struct Scanned<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> Scanned<'a> {
    fn scan(text: &'a [u8]) -> Option<Self> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (whole, rest) = split_digits(rest);
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
            return None;
        }
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => {
                let (fraction, rest) = split_digits(rest);
                if fraction.is_empty() {
                    return None;
                }
                (fraction, rest)
            }
            rest => (&rest[..0], rest),
        };
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => scan_exponent(rest)?,
            _ => return None,
        };
        Some(Self { negative, whole, fraction, exponent })
    }

    /// The magnitude in millionths, rounded half to even; `None` when it is beyond 19 digits.
    fn rounded_micros(&self) -> Option<i128> {
        let mut digits = self.whole.iter().chain(self.fraction).map(|d| d - b'0').peekable();
        let mut count = i64::try_from(self.whole.len() + self.fraction.len()).ok()?;
        while digits.next_if_eq(&0).is_some() {
            count -= 1;
        }
        if count == 0 {
            return Some(0);
        }
        let kept = count - i64::try_from(self.fraction.len()).ok()? + self.exponent + DECIMALS;
        if kept > 19 {
            return None;
        }
        if kept < 0 {
            return Some(0);
        }
        let mut magnitude: i128 = 0;
        for _ in 0..kept {
            magnitude = magnitude * 10 + i128::from(digits.next().unwrap_or(0));
        }
        let first_dropped = digits.next().unwrap_or(0);
        let beyond_half = digits.any(|d| d != 0);
        let up = first_dropped > 5 || (first_dropped == 5 && (beyond_half || magnitude % 2 == 1));
        Some(magnitude + i128::from(up))
    }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

fn scan_exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let magnitude = digits.iter().fold(0i64, |sum, d| (sum * 10 + i64::from(d - b'0')).min(EXPONENT_MAX));
    Some(sign * magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn micros(text: &str) -> Result<i64, DecimalError> {
        text.parse::<Decimal>().map(Decimal::micros)
    }

    #[test]
    fn reads_numbers_as_written() {
        assert_eq!(micros("0.1"), Ok(100_000));
        assert_eq!(micros("-0"), Ok(0));
        assert_eq!(micros("1e-06"), Ok(1));
        assert_eq!(micros("12.5E+2"), Ok(1_250_000_000));
        assert_eq!(micros("0.000000000000000000000000000001e30"), Ok(1_000_000));
    }

    /// A double would read both as 9007199254740992 (2^53) / 0.3: seventeen digits and more must stay apart.
    #[test]
    fn keeps_seventeen_digits_and_more_apart() {
        assert_eq!(micros("9007199254.740993"), Ok(9_007_199_254_740_993));
        assert_eq!(micros("9007199254.740992"), Ok(9_007_199_254_740_992));
        assert_eq!(micros("9223372036854.775807"), Ok(i64::MAX));
        assert_eq!(micros("-9223372036854.775808"), Ok(i64::MIN));
        assert_eq!(micros("0.30000000000000004"), Ok(300_000));
        assert_eq!(micros("0.2999995000000000000001"), Ok(300_000));
        assert_eq!(micros("123456.123456499999999999999999"), Ok(123_456_123_456));
    }

    #[test]
    fn rounds_half_to_even() {
        assert_eq!(micros("0.0000005"), Ok(0));
        assert_eq!(micros("0.0000015"), Ok(2));
        assert_eq!(micros("0.0000025"), Ok(2));
        assert_eq!(micros("0.00000250000000000000001"), Ok(3));
        assert_eq!(micros("0.00000005"), Ok(0));
    }

    #[test]
    fn refuses_what_does_not_fit_or_is_no_number() {
        for text in ["9223372036854.775808", "1e13", "1e999999999999", "99999999999999999999"] {
            assert_eq!(micros(text), Err(DecimalError::OutOfRange), "{text}");
        }
        for text in ["", "-", ".5", "5.", "01", "1e", "+1", "1 ", "NaN", "0x1", "1e+", "--1"] {
            assert_eq!(micros(text), Err(DecimalError::NotANumber), "{text}");
        }
        assert_eq!(micros("1e-999999999999"), Ok(0));
    }

    #[test]
    fn doubles_round_half_to_even() {
        let micros = |value| Decimal::from_f64(value).map(Decimal::micros);
        assert_eq!([0.0, -0.0, 0.1, -2.5].map(micros), [Some(0), Some(0), Some(100_000), Some(-2_500_000)]);
        // 2^-7 / 10^6 * 64 = 0.0000005 exactly: half a millionth.
        assert_eq!([0.5 / 64.0, 1.5 / 64.0].map(micros), [Some(7_812), Some(23_438)], "7812.5 and 23437.5 millionths");
        assert_eq!([f64::MIN_POSITIVE, 1e-300, f64::INFINITY, 1e13].map(micros), [Some(0), Some(0), None, None]);
    }

    fn by_parts(text: &str) -> Option<i64> {
        let number = Scanned::scan(text.as_bytes())?;
        let magnitude = i64::try_from(number.rounded_micros()?).ok()?;
        Some(if number.negative { -magnitude } else { magnitude })
    }

    #[test]
    fn the_common_way_is_read_quickly_and_other_ways_are_left_alone() {
        for text in ["0", "-0", "118", "-118.25", "0.000001", "999999999999.999999", "-999999999999.999999", "10.50"] {
            assert_eq!((common_micros(text.as_bytes()), by_parts(text).is_some()), (by_parts(text), true), "{text}");
        }
        for text in
            ["", "-", "1.", ".5", "01", "-01", "1e2", "0.0000001", "1000000000000", "+1", " 1", "1 ", "1.x", "x"]
        {
            assert_eq!(common_micros(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_mean_their_shortest_decimal() {
        let micros = |value| Decimal::of_shortest_f64(value).map(Decimal::micros);
        assert_eq!([0.1, 0.1 + 0.2, -2.5, 1e-9].map(micros), [100_000, 300_000, -2_500_000, 0].map(Some));
        // The nearest doubles lie on the other side of the middle.
        assert_eq!([0.0000005, 0.0000015, 1.0000015, 2.0000005].map(micros), [0, 2, 1_000_002, 2_000_000].map(Some));
        assert_eq!(
            [9_223_372_036_854.0, -123_456_789.123_456_7].map(micros),
            [9_223_372_036_854_000_000, -123_456_789_123_457].map(Some)
        );
        assert_eq!([f64::NAN, f64::INFINITY, -f64::INFINITY, 1e13, -1e300].map(micros), [None; 5]);
        let single = |value| Decimal::of_shortest_f32(value).map(Decimal::micros);
        assert_eq!([45.2, 0.000_001_5, 16_777_216.0].map(single), [45_200_000, 2, 16_777_216_000_000].map(Some));
        assert_eq!([f32::NAN, f32::INFINITY, f32::MAX].map(single), [None; 3]);
    }

    proptest! {
        #[test]
        fn what_the_quick_way_reads_is_what_the_parts_say(text in "-?[0-9]{0,14}(\\.[0-9]{0,8})?[e.x]?") {
            if let Some(read) = common_micros(text.as_bytes()) {
                prop_assert_eq!(Some(read), by_parts(&text));
            }
        }

        #[test]
        fn the_quick_way_gives_what_writing_and_reading_gives(bits in any::<u64>(), whole in -2_000_000_000i64..2_000_000_000, scale in 0u32..12) {
            let near_the_middle = whole as f64 / f64::from(2u32.pow(scale)) / 1e6;
            for value in [f64::from_bits(bits), whole as f64 / 10f64.powi(scale.cast_signed()), near_the_middle] {
                prop_assert_eq!(Decimal::of_shortest_f64(value), format!("{value:e}").parse().ok(), "{}", value);
                let single = value as f32;
                prop_assert_eq!(Decimal::of_shortest_f32(single), format!("{single:e}").parse().ok(), "{}", single);
            }
        }

        #[test]
        fn what_was_stored_comes_back(micros in -(8_589_934_592_000_000_i64)..8_589_934_592_000_000) {
            let value = Decimal::from_micros(micros);
            prop_assert_eq!(Decimal::from_f64(value.to_f64()), Some(value));
        }

        #[test]
        fn printing_and_reading_agree(micros in any::<i64>()) {
            let value = Decimal::from_micros(micros);
            prop_assert_eq!(value.to_string().parse::<Decimal>(), Ok(value));
        }
    }
}
