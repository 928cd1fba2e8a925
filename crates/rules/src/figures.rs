//! Values as text: exact for evidence, readable for people.

use crate::expr::fold::Quantity;
use crate::expr::ratio::Ratio;
use vigie_model::decimal::{DECIMALS, MICROS_PER_UNIT};

/// Decimals shown to people when a value is no exact decimal and at least one in magnitude.
const DECIMALS_SHOWN: usize = 2;

/// The exact value: a decimal when six decimals hold it, else `numerator/denominator`.
pub(crate) fn exact(quantity: Quantity) -> String {
    match quantity.ratio() {
        Ok(ratio) => decimal(ratio).unwrap_or_else(|| format!("{}/{}", ratio.numerator(), ratio.denominator())),
        Err(_) => format!("{}/{}", quantity.micros, i128::from(MICROS_PER_UNIT) * i128::from(quantity.count)),
    }
}

/// The value for people: thousands separated, an inexact mean rounded.
pub(crate) fn readable(quantity: Quantity) -> String {
    let text = match quantity.ratio().map(|ratio| (ratio, decimal(ratio))) {
        Ok((_, Some(decimal))) => decimal,
        Ok((ratio, None)) => rounded(ratio),
        Err(_) => exact(quantity),
    };
    grouped(&text)
}

/// An estimate for people: three digits that count, and every digit before the point.
pub(crate) fn about(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{number:.decimals$}");
    let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    grouped(if text == "-0" { "0" } else { text })
}

/// A number as written, thousands separated.
pub(crate) fn grouped(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

fn decimal(ratio: Ratio) -> Option<String> {
    let unit = i128::from(MICROS_PER_UNIT);
    if unit % ratio.denominator() != 0 {
        return None;
    }
    let micros = ratio.numerator().checked_mul(unit / ratio.denominator())?;
    Some(fixed(micros < 0, micros.unsigned_abs(), usize::try_from(DECIMALS).expect("six")))
}

/// Rounded half to even: to two decimals, or to six when smaller than one.
fn rounded(ratio: Ratio) -> String {
    let decimals =
        if ratio.numerator().unsigned_abs() >= ratio.denominator().unsigned_abs() { DECIMALS_SHOWN } else { 6 };
    let scale = 10_u128.pow(u32::try_from(decimals).expect("at most six"));
    let denominator = ratio.denominator().unsigned_abs();
    let Some(scaled) = ratio.numerator().unsigned_abs().checked_mul(scale) else {
        return (ratio.numerator() / ratio.denominator()).to_string();
    };
    let (whole, rest) = (scaled / denominator, scaled % denominator);
    let up = match (rest * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => whole % 2,
        std::cmp::Ordering::Greater => 1,
    };
    fixed(ratio.numerator() < 0, whole + up, decimals)
}

/// `magnitude / 10^decimals` without trailing zeros.
fn fixed(negative: bool, magnitude: u128, decimals: usize) -> String {
    let digits = format!("{magnitude:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative && magnitude != 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_text_loses_nothing() {
        assert_eq!(exact(Quantity { micros: 7_665_000_000, count: 1 }), "7665");
        assert_eq!(exact(Quantity { micros: -500_000, count: 1 }), "-0.5");
        assert_eq!(exact(Quantity { micros: 1_000_000, count: 3 }), "1/3");
        assert_eq!(exact(Quantity { micros: 1_000_000, count: 4 }), "0.25");
        assert_eq!(exact(Quantity { micros: 0, count: 7 }), "0");
    }

    #[test]
    fn estimates_have_few_digits() {
        let found = [312.47, 47.25, 8.0, 0.04567, -0.0001, 12_345.6, -1_999.9, 100.0].map(about);
        assert_eq!(found, ["312", "47.2", "8", "0.046", "0", "12,346", "-2,000", "100"]);
    }

    #[test]
    fn people_get_separators_and_few_decimals() {
        assert_eq!(readable(Quantity { micros: 7_665_000_000, count: 1 }), "7,665");
        assert_eq!(readable(Quantity { micros: -1_234_567_890_123, count: 1 }), "-1,234,567.890123");
        assert_eq!(readable(Quantity { micros: 37_000_000_000, count: 3 }), "12,333.33");
        assert_eq!(readable(Quantity { micros: -1_000_000, count: 3 }), "-0.333333");
        assert_eq!(readable(Quantity { micros: 4_500_000, count: 1 }), "4.5");
    }
}
