//! Parameters as a client sends them, read into values. A value never becomes part of a statement's text.

use super::encode::{EPOCH_DAYS, EPOCH_US};
use super::numeric::numeric_text;
use super::types::{WireType, element};
use arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use bytes::{Buf, Bytes};
use datafusion::scalar::ScalarValue;

/// Most digits of a decimal number.
const DECIMAL_DIGITS_MAX: u8 = 38;

/// The type of a parameter: what the client says, else what the statement needs, else text. `None` when the client says a
/// type that is not understood.
pub(crate) fn parameter_type(said: u32, needed: Option<&DataType>) -> Option<WireType> {
    Some(match said {
        // "unknown" is what clients say of a text that may mean anything.
        0 | 705 => match needed.map(element) {
            Some(WireType::Json) | None => WireType::Text,
            Some(needed) => needed,
        },
        16 => WireType::Bool,
        17 => WireType::Bytea,
        20 => WireType::Int8,
        21 => WireType::Int2,
        23 => WireType::Int4,
        // name, text, json, bpchar, varchar: all are texts.
        19 | 25 | 114 | 1042 | 1043 => WireType::Text,
        26 => WireType::Oid(26),
        700 => WireType::Float4,
        701 => WireType::Float8,
        1082 => WireType::Date,
        1083 => WireType::Time,
        1114 => WireType::Timestamp,
        1184 => WireType::Timestamptz,
        1186 => WireType::Interval,
        1700 => WireType::Numeric,
        _ => return None,
    })
}

/// The null of a type, from which a statement's columns follow.
pub(crate) fn null(wire_type: WireType) -> ScalarValue {
    let data_type = match wire_type {
        WireType::Numeric => DataType::Decimal128(DECIMAL_DIGITS_MAX, 10),
        other => other.arrow(),
    };
    ScalarValue::try_from(&data_type).unwrap_or(ScalarValue::Null)
}

/// Reads a parameter.
///
/// # Errors
/// With what is wrong with it.
pub(crate) fn parameter(
    wire_type: WireType,
    is_binary: bool,
    bytes: Option<&Bytes>,
) -> Result<ScalarValue, &'static str> {
    let Some(bytes) = bytes else { return Ok(null(wire_type)) };
    if is_binary { binary(wire_type, bytes) } else { text(wire_type, bytes) }
}

fn text(wire_type: WireType, bytes: &Bytes) -> Result<ScalarValue, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    match wire_type {
        WireType::Text | WireType::Json | WireType::Char => Ok(ScalarValue::Utf8(Some(text.to_owned()))),
        WireType::Numeric => decimal(text.trim()),
        WireType::Bool => match text.trim().to_ascii_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => Ok(ScalarValue::Boolean(Some(true))),
            "f" | "false" | "n" | "no" | "off" | "0" => Ok(ScalarValue::Boolean(Some(false))),
            _ => Err("it is no truth value"),
        },
        WireType::Bytea => {
            let digits = text.strip_prefix("\\x").ok_or("it does not begin with \\x")?.as_bytes();
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            let bytes = digits.chunks(2).map(|pair| if pair.len() == 2 { byte(pair) } else { None });
            bytes.collect::<Option<_>>().map(|bytes| ScalarValue::Binary(Some(bytes))).ok_or("it is not hexadecimal")
        }
        other => {
            let value = ScalarValue::try_from_string(text.trim().to_owned(), &other.arrow());
            value.ok().filter(|value| !value.is_null()).ok_or("it is no value of the parameter's type")
        }
    }
}

fn binary(wire_type: WireType, bytes: &Bytes) -> Result<ScalarValue, &'static str> {
    let mut rest = bytes.clone();
    let short = |_| "it has too few bytes";
    let value = match wire_type {
        WireType::Text | WireType::Json | WireType::Char => return text(WireType::Text, bytes),
        WireType::Bytea => return Ok(ScalarValue::Binary(Some(bytes.to_vec()))),
        WireType::Numeric => return decimal(&numeric_text(rest).ok_or("it is no decimal number")?),
        WireType::Bool => ScalarValue::Boolean(Some(rest.try_get_u8().map_err(short)? != 0)),
        WireType::Int2 => ScalarValue::Int16(Some(rest.try_get_i16().map_err(short)?)),
        WireType::Int4 | WireType::Oid(_) => ScalarValue::Int32(Some(rest.try_get_i32().map_err(short)?)),
        WireType::Int8 => ScalarValue::Int64(Some(rest.try_get_i64().map_err(short)?)),
        WireType::Float4 => ScalarValue::Float32(Some(rest.try_get_f32().map_err(short)?)),
        WireType::Float8 => ScalarValue::Float64(Some(rest.try_get_f64().map_err(short)?)),
        WireType::Date => {
            let days = rest.try_get_i32().map_err(short)?.checked_add(EPOCH_DAYS);
            ScalarValue::Date32(Some(days.ok_or("it lies too far away")?))
        }
        WireType::Time => ScalarValue::Time64Microsecond(Some(rest.try_get_i64().map_err(short)?)),
        WireType::Timestamptz | WireType::Timestamp => {
            let instant = rest.try_get_i64().map_err(short)?.checked_add(EPOCH_US).ok_or("it lies too far away")?;
            let DataType::Timestamp(TimeUnit::Microsecond, zone) = wire_type.arrow() else {
                unreachable!("instants are microseconds")
            };
            ScalarValue::TimestampMicrosecond(Some(instant), zone)
        }
        WireType::Interval => {
            let microseconds = rest.try_get_i64().map_err(short)?;
            let (days, months) = (rest.try_get_i32().map_err(short)?, rest.try_get_i32().map_err(short)?);
            let nanoseconds = microseconds.checked_mul(1_000).ok_or("it is too long")?;
            ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano { months, days, nanoseconds }))
        }
    };
    if rest.has_remaining() { Err("it has too many bytes") } else { Ok(value) }
}

fn decimal(text: &str) -> Result<ScalarValue, &'static str> {
    const WRONG: &str = "it is no decimal number of at most 38 digits";
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || whole.starts_with(['+', '-']) || fraction.starts_with(['+', '-']) {
        return Err(WRONG);
    }
    let number: i128 = format!("{whole}{fraction}").parse().map_err(|_| WRONG)?;
    let scale =
        i8::try_from(fraction.len()).ok().filter(|scale| scale.unsigned_abs() <= DECIMAL_DIGITS_MAX).ok_or(WRONG)?;
    if number >= 10_i128.pow(DECIMAL_DIGITS_MAX.into()) {
        return Err(WRONG);
    }
    Ok(ScalarValue::Decimal128(Some(if is_negative { -number } else { number }), DECIMAL_DIGITS_MAX, scale))
}
