//! Instants of a test: absolute, or counted from its start.

use crate::fields::{Fields, scalar_text};
use crate::yaml::{Node, Problems};
use vigie_model::duration::{format_ms, parse_ms};
use vigie_model::time::{format_utc, parse_rfc3339_ms};

/// Monday, 5 January 2026, midnight UTC: where tests begin that do not say.
pub(crate) const START_DEFAULT_MS: i64 = 1_767_571_200_000;

/// An instant: `+90s`, `90s` or `-5m` from `start_ms`, or RFC 3339.
pub(crate) fn instant(fields: &Fields<'_>, name: &str, start_ms: i64, problems: &mut Problems) -> Option<i64> {
    let node = fields.node(name)?;
    instant_of(node, name, start_ms, problems)
}

/// [`instant`] for a value that is there.
pub(crate) fn instant_of(node: &Node, name: &str, start_ms: i64, problems: &mut Problems) -> Option<i64> {
    let text = scalar_text(node, name, problems)?;
    let (sign, duration) = match text.split_at_checked(1) {
        Some(("-", rest)) => (-1, rest),
        Some(("+", rest)) => (1, rest),
        _ => (1, text),
    };
    if let Ok(duration_ms) = parse_ms(duration) {
        return Some(start_ms + sign * duration_ms);
    }
    match parse_rfc3339_ms(text) {
        Ok(instant_ms) => Some(instant_ms),
        Err(_) => {
            let message = problems.error(node.spot, format!("'{name}: {text}' is no instant"));
            message.expected = Some("a time since the test's start, as in +90s, or RFC 3339 with an offset".to_owned());
            None
        }
    }
}

/// How a report names an instant: since the start, and in UTC.
pub(crate) fn describe(instant_ms: i64, start_ms: i64) -> String {
    let since_ms = instant_ms - start_ms;
    let sign = if since_ms < 0 { '-' } else { '+' };
    format!("{sign}{} ({})", format_ms(since_ms.abs()), format_utc(instant_ms))
}
