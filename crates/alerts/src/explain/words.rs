//! Instants, numbers and small tables for people.

use jiff::tz::TimeZone;
use serde_json::Value;
use vigie_model::duration::format_ms;
use vigie_model::time::{format_local_instant, parse_rfc3339_ms};

/// Most rows of a table; evidence may hold thousands of steps.
pub(crate) const TABLE_ROWS_MAX: usize = 24;
/// What stands in front of a line that belongs to the one above it.
pub(crate) const INDENT: &str = "  ";

/// Words with the clock of one time zone.
#[derive(Debug)]
pub(crate) struct Words {
    zone: TimeZone,
}

impl Words {
    /// With the clock of an IANA time zone; UTC when there is no such zone.
    pub(crate) fn in_zone(name: &str) -> Self {
        Self { zone: TimeZone::get(name).unwrap_or(TimeZone::UTC) }
    }

    /// The local date and time of an instant: epoch milliseconds, or RFC 3339 as rows have it.
    pub(crate) fn instant(&self, value: &Value) -> Option<String> {
        let epoch_ms = match value {
            Value::Number(number) => number.as_i64()?,
            Value::String(text) => parse_rfc3339_ms(text).ok()?,
            _ => return None,
        };
        Some(self.instant_ms(epoch_ms))
    }

    /// The local date and time of epoch milliseconds.
    pub(crate) fn instant_ms(&self, epoch_ms: i64) -> String {
        format_local_instant(epoch_ms, &self.zone)
    }
}

/// A duration in milliseconds as people write it.
pub(crate) fn duration(value: &Value) -> Option<String> {
    value.as_i64().filter(|ms| *ms >= 0).map(format_ms)
}

/// A number as people read it: thousands separated, a fraction with what it is about. Other values as they are.
pub(crate) fn figure(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => {
            match text.split_once('/').map(|(above, below)| (above.parse::<f64>(), below.parse::<f64>())) {
                Some((Ok(above), Ok(below))) if below != 0.0 => format!("{text} (about {})", rounded(above / below)),
                _ => grouped(text),
            }
        }
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => grouped(&whole.to_string()),
            (None, Some(number)) => rounded(number),
            (None, None) => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// With two decimals at most, or four below one.
fn rounded(number: f64) -> String {
    let decimals = if number.abs() < 1.0 { 4 } else { 2 };
    let text = format!("{number:.decimals$}");
    grouped(text.trim_end_matches('0').trim_end_matches('.'))
}

/// A decimal with its thousands separated; any other text as it is.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return text.to_owned();
    }
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

/// Columns as wide as their widest cell, indented. Of many rows the newest stay, which are the last; columns without any
/// cell are left out.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let left_out = rows.len().saturating_sub(TABLE_ROWS_MAX);
    let rows = &rows[left_out..];
    let columns: Vec<usize> =
        (0..header.len()).filter(|&column| rows.iter().any(|row| !row[column].is_empty())).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or_default()
    };
    let line = |cell: &dyn Fn(usize) -> String| {
        let cells = columns.iter().map(|&column| format!("{:width$}", cell(column), width = width(column)));
        format!("{INDENT}{}", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut lines = vec![line(&|column| header[column].to_owned())];
    if left_out > 0 {
        lines.push(format!("{INDENT}({left_out} earlier ones are left out here)"));
    }
    lines.extend(rows.iter().map(|row| line(&|column| row[column].clone())));
    lines
}
