//! Columns of numbers: values in millionths, instants in milliseconds, sequence numbers, angles.
//!
//! Each function appends the values of a range of rows to a column; a row whose value cannot be used is refused and holds
//! a zero.

use crate::decode::arrow_ipc::column::units_and_ms;
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
            let scale = i64::from(*scale);
            push_micros::<Decimal128Type>(array, rows, to, refusals, |value| decimal_micros(value, scale));
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

/// `value` times ten to the power of `-scale`, in millionths, rounded half to even.
fn decimal_micros(value: i128, scale: i64) -> Option<i64> {
    let power = |exponent: i64| 10i128.pow(u32::try_from(exponent).expect("scales are at most 38 in magnitude"));
    let magnitude = value.unsigned_abs().try_into().ok().unwrap_or(i128::MAX);
    let micros = if scale > DECIMALS {
        let divisor = power(scale - DECIMALS);
        let (whole, rest) = (magnitude / divisor, magnitude % divisor);
        whole + i128::from(rest > divisor / 2 || rest == divisor / 2 && whole % 2 == 1)
    } else if magnitude == 0 {
        0
    } else if DECIMALS - scale > 19 {
        return None;
    } else {
        magnitude.checked_mul(power(DECIMALS - scale))?
    };
    i64::try_from(if value < 0 { -micros } else { micros }).ok()
}

/// Appends instants in epoch milliseconds, floored.
pub(super) fn push_times(array: &ArrayRef, rows: Range<usize>, to: &mut Vec<i64>, refusals: &mut Refusals) {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            push_instants::<TimestampSecondType>(array, rows, TimeUnit::Second, to, refusals);
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            push_instants::<TimestampMicrosecondType>(array, rows, TimeUnit::Microsecond, to, refusals);
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            push_instants::<TimestampNanosecondType>(array, rows, TimeUnit::Nanosecond, to, refusals);
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            push_instants::<TimestampMillisecondType>(array, rows, TimeUnit::Millisecond, to, refusals);
        }
        _ => push_instants::<Int64Type>(array, rows, TimeUnit::Millisecond, to, refusals),
    }
}

fn push_instants<T: ArrowPrimitiveType<Native = i64>>(
    array: &ArrayRef,
    rows: Range<usize>,
    unit: TimeUnit,
    to: &mut Vec<i64>,
    refusals: &mut Refusals,
) {
    let (units, ms) = units_and_ms(unit);
    each::<T>(array, rows, |row, instant| {
        let Some(instant) = instant else {
            to.push(0);
            return refusals.refuse(row, Reason::of("time", MISSING));
        };
        // What overflows is out of range in either direction.
        let instant_ms = if units == 1 { instant.saturating_mul(ms) } else { instant.div_euclid(units) };
        to.push(instant_ms);
        if let Err(error) = checked_ms(instant_ms) {
            let reason = Reason::of("time", "is not an instant that can be kept");
            refusals.refuse(row, reason.in_words(format!("time: {error}")));
        }
    });
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
