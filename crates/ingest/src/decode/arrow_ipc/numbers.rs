//! Columns of numbers: values in millionths, instants in milliseconds, sequence numbers, angles.
//!
//! Each function appends the values of a range of rows to a column; a row whose value cannot be used is refused and holds
//! a zero.

use crate::decode::arrow_ipc::refusals::Refusals;
use crate::decode::reason::Reason;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use std::ops::Range;
use vigie_model::decimal::{DECIMALS, Decimal, MICROS_PER_UNIT};
use vigie_model::time::checked_ms;

const MISSING: &str = "is missing";
const NO_NUMBER: &str = "is not a number that can be kept";

/// Runs a function for the type of a column of whole numbers.
macro_rules! whole_numbers {
    ($array:expr, $run:ident($($argument:expr),*)) => {
        match $array.data_type() {
            DataType::Int8 => $run::<Int8Type>($($argument),*),
            DataType::Int16 => $run::<Int16Type>($($argument),*),
            DataType::Int32 => $run::<Int32Type>($($argument),*),
            DataType::Int64 => $run::<Int64Type>($($argument),*),
            DataType::UInt8 => $run::<UInt8Type>($($argument),*),
            DataType::UInt16 => $run::<UInt16Type>($($argument),*),
            DataType::UInt32 => $run::<UInt32Type>($($argument),*),
            _ => $run::<UInt64Type>($($argument),*),
        }
    };
}

/// Appends values in millionths.
pub(super) fn push_values(array: &ArrayRef, rows: Range<usize>, to: &mut Vec<i64>, refusals: &mut Refusals) {
    match array.data_type() {
        DataType::Float64 => push_micros::<Float64Type>(array, rows, to, refusals, |value| {
            Decimal::of_shortest_f64(value).map(Decimal::micros)
        }),
        DataType::Float32 => push_micros::<Float32Type>(array, rows, to, refusals, |value| {
            Decimal::of_shortest_f32(value).map(Decimal::micros)
        }),
        DataType::Decimal128(_, scale) => {
            let scaling = Scaling::of(*scale);
            push_micros::<Decimal128Type>(array, rows, to, refusals, |digits| scaling.micros(digits));
        }
        _ => whole_numbers!(array, push_whole_micros(array, rows, to, refusals)),
    }
}

fn push_micros<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    rows: Range<usize>,
    to: &mut Vec<i64>,
    refusals: &mut Refusals,
    micros: impl Fn(T::Native) -> Option<i64>,
) {
    to.reserve(rows.len());
    each::<T>(array, rows, |row, value| match value.map(&micros) {
        Some(Some(micros)) => to.push(micros),
        no_value => {
            to.push(0);
            refusals.refuse(row, Reason::of("value", if no_value.is_none() { MISSING } else { NO_NUMBER }));
        }
    });
}

fn push_whole_micros<T: ArrowPrimitiveType<Native: TryInto<i64>>>(
    array: &ArrayRef,
    rows: Range<usize>,
    to: &mut Vec<i64>,
    refusals: &mut Refusals,
) {
    push_micros::<T>(array, rows, to, refusals, |value| value.try_into().ok()?.checked_mul(MICROS_PER_UNIT));
}

/// From the digits of a decimal column to millionths.
#[derive(Clone, Copy, Debug)]
enum Scaling {
    /// Fewer than six decimals, or as many: times a power of ten.
    Up(i64),
    /// So few that only zero fits.
    Beyond,
    /// More than six decimals: divided by a power of ten, rounded half to even.
    Down(i128),
}

impl Scaling {
    /// For digits that are times ten to the power of `-scale`, with a scale from -38 to 38.
    fn of(scale: i8) -> Self {
        let surplus = i64::from(scale) - DECIMALS;
        let power = u32::try_from(surplus.abs()).expect("scales are at most 38 in magnitude");
        match 10i64.checked_pow(power) {
            Some(factor) if surplus <= 0 => Self::Up(factor),
            None if surplus <= 0 => Self::Beyond,
            _ => Self::Down(10i128.pow(power)),
        }
    }

    fn micros(self, digits: i128) -> Option<i64> {
        match self {
            Self::Up(factor) => i64::try_from(digits).ok()?.checked_mul(factor),
            Self::Beyond => (digits == 0).then_some(0),
            Self::Down(divisor) => {
                let (whole, rest) = (digits / divisor, (digits % divisor).abs());
                let is_up = rest > divisor / 2 || rest == divisor / 2 && whole % 2 != 0;
                i64::try_from(whole + if is_up { digits.signum() } else { 0 }).ok()
            }
        }
    }
}

/// Appends instants in epoch milliseconds, floored.
pub(super) fn push_times(array: &ArrayRef, rows: Range<usize>, to: &mut Vec<i64>, refusals: &mut Refusals) {
    // A division by a number that is written here is a multiplication.
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            push_instants::<TimestampSecondType>(array, rows, |s| s.saturating_mul(1000), to, refusals);
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            push_instants::<TimestampMicrosecondType>(array, rows, |us| us.div_euclid(1000), to, refusals);
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            push_instants::<TimestampNanosecondType>(array, rows, |ns| ns.div_euclid(1_000_000), to, refusals);
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            push_instants::<TimestampMillisecondType>(array, rows, |ms| ms, to, refusals);
        }
        _ => push_instants::<Int64Type>(array, rows, |ms| ms, to, refusals),
    }
}

fn push_instants<T: ArrowPrimitiveType<Native = i64>>(
    array: &ArrayRef,
    rows: Range<usize>,
    to_ms: impl Fn(i64) -> i64,
    to: &mut Vec<i64>,
    refusals: &mut Refusals,
) {
    let array = array.as_primitive::<T>();
    let begin = to.len();
    to.extend(array.values()[rows.clone()].iter().map(|instant| to_ms(*instant)));
    let times_ms = &to[begin..];
    let (earliest, latest) = times_ms.iter().fold((0, 0), |(low, high), time| ((*time).min(low), (*time).max(high)));
    if array.null_count() == 0 && checked_ms(earliest).is_ok() && checked_ms(latest).is_ok() {
        return;
    }
    for (row, time_ms) in times_ms.iter().enumerate() {
        if array.is_null(rows.start + row) {
            refusals.refuse(row, Reason::of("time", MISSING));
        } else if let Err(error) = checked_ms(*time_ms) {
            let reason = Reason::of("time", "is not an instant that can be kept");
            refusals.refuse(row, reason.in_words(format!("time: {error}")));
        }
    }
}

/// Appends sequence numbers.
pub(super) fn push_seqs(array: &ArrayRef, rows: Range<usize>, to: &mut Vec<Option<i64>>, refusals: &mut Refusals) {
    whole_numbers!(array, push_whole(array, rows, to, refusals));
}

fn push_whole<T: ArrowPrimitiveType<Native: TryInto<i64>>>(
    array: &ArrayRef,
    rows: Range<usize>,
    to: &mut Vec<Option<i64>>,
    refusals: &mut Refusals,
) {
    to.reserve(rows.len());
    each::<T>(array, rows, |row, seq| {
        let kept = seq.map(TryInto::try_into);
        if let Some(Err(_)) = kept {
            refusals.refuse(row, Reason::of("seq", "is not a whole number of 64 bits"));
        }
        to.push(kept.and_then(Result::ok));
    });
}

/// The angle of a row in degrees; `None` when it is null.
///
/// # Errors
/// When it is beyond `magnitude_max`.
pub(super) fn degrees(
    array: &ArrayRef,
    row: usize,
    field: &'static str,
    magnitude_max: f64,
) -> Result<Option<f64>, Reason> {
    if array.is_null(row) {
        return Ok(None);
    }
    let degrees = match array.data_type() {
        DataType::Float32 => f64::from(array.as_primitive::<Float32Type>().value(row)),
        _ => array.as_primitive::<Float64Type>().value(row),
    };
    if degrees.abs() <= magnitude_max {
        return Ok(Some(degrees));
    }
    let words = format!("{field} is not a number from -{magnitude_max} to {magnitude_max}");
    Err(Reason::of(field, "is not an angle in its range").in_words(words))
}

/// Calls `take` with the place in the range and the value of each row, `None` where it is null.
#[inline]
fn each<T: ArrowPrimitiveType>(array: &ArrayRef, rows: Range<usize>, mut take: impl FnMut(usize, Option<T::Native>)) {
    let array = array.as_primitive::<T>();
    let values = &array.values()[rows.clone()];
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => values.iter().enumerate().for_each(|(row, value)| take(row, Some(*value))),
        Some(nulls) => {
            for (row, value) in values.iter().enumerate() {
                take(row, nulls.is_valid(rows.start + row).then_some(*value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A decimal column and the same number as text give the same millionths.
        #[test]
        fn decimals_are_what_their_text_is(digits in any::<i128>(), bits in 1u32..127, scale in -38i8..=38) {
            let digits = digits >> bits;
            let text = format!("{digits}e{}", -i32::from(scale)).parse::<Decimal>();
            prop_assert_eq!(Scaling::of(scale).micros(digits), text.ok().map(Decimal::micros));
        }
    }
}
