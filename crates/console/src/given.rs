//! What every command has in common: a JSON body with an operator, an outcome, and how either is refused.

use crate::body::{Fields, bytes, is_json};
use crate::refusal::Refusal;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use std::sync::Arc;
use vigie_model::command::TEXT_BYTES_MAX;
use vigie_model::doors::CommandError;
use vigie_model::severity::Severity;
use vigie_model::time::parse_rfc3339_ms;

/// The longest id or name of a thing in a command, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 256;

/// The fields of a command's body.
pub(crate) fn command_fields(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Fields, Refusal> {
    if !is_json(headers) {
        let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not declared to be JSON");
        return Err(refusal.expected("Content-Type: application/json"));
    }
    Fields::parse(&bytes(body)?)
}

/// Who acts.
pub(crate) fn operator(fields: &mut Fields) -> Result<Arc<str>, Refusal> {
    let expected = "the name of the person who acts";
    let operator = required(fields, "operator", TEXT_BYTES_MAX, expected)?;
    if operator.chars().any(char::is_control) {
        return Err(Refusal::bad_request("'operator' contains a control character").expected(expected));
    }
    Ok(operator.into())
}

/// A text that has to be there.
pub(crate) fn required(fields: &mut Fields, name: &str, bytes_max: usize, expected: &str) -> Result<String, Refusal> {
    let text = fields.text(name, bytes_max)?;
    text.ok_or_else(|| Refusal::bad_request(format!("'{name}' is missing")).expected(expected))
}

/// An optional instant.
pub(crate) fn instant(fields: &mut Fields, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = fields.text(name, NAME_BYTES_MAX)? else { return Ok(None) };
    let instant = parse_rfc3339_ms(&text).map_err(|_| {
        Refusal::bad_request(format!("'{name}' is not an instant"))
            .expected("RFC 3339 with an offset, as in 2017-03-12T21:00:00+11:00")
    });
    instant.map(Some)
}

/// An optional instant that lies behind log time now.
pub(crate) fn until(fields: &mut Fields, now_ms: i64) -> Result<Option<i64>, Refusal> {
    let until_ms = instant(fields, "until")?;
    if until_ms.is_some_and(|until_ms| until_ms <= now_ms) {
        let expected = "an instant behind log time, which /v1/status tells";
        return Err(Refusal::bad_request("'until' has passed already").expected(expected));
    }
    Ok(until_ms)
}

/// An optional severity.
pub(crate) fn severity(fields: &mut Fields) -> Result<Option<Severity>, Refusal> {
    let Some(word) = fields.text("severity", NAME_BYTES_MAX)? else { return Ok(None) };
    let expected = "informational, low, medium, high or critical";
    let severity = word.parse().map_err(|_| Refusal::bad_request("'severity' is not understood").expected(expected));
    severity.map(Some)
}

/// The refusal of a command that can be understood, but not be done as things stand.
pub(crate) fn conflict(reason: &str) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, reason)
}

/// The refusal of a command that was not taken.
pub(crate) fn not_taken(error: CommandError) -> Refusal {
    let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string());
    match error {
        CommandError::Busy => refusal.retry_after_s(1).hint("nothing was taken; send it again"),
        CommandError::Closed => refusal.retry_after_s(5).hint("look whether it was before sending it again"),
    }
}
