//! Bodies and query strings, taken apart field by field so that every mistake is named.

use crate::refusal::Refusal;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use vigie_model::diagnostic::did_you_mean;

/// The largest body of a command or a query, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// Names and values of a query string, decoded, in order.
pub(crate) type QueryPairs = Vec<(String, String)>;

/// The body, or why it was not taken.
pub(crate) fn bytes(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")
            .expected(format!("at most {BODY_BYTES_MAX} bytes")),
        status => Refusal::new(status, "the body could not be read"),
    })
}

/// The query string's pairs; names outside `known` are refused, so that a typing slip is not a silent "no filter".
pub(crate) fn query(
    pairs: Result<axum::extract::Query<QueryPairs>, QueryRejection>,
    known: &[&str],
) -> Result<QueryPairs, Refusal> {
    let axum::extract::Query(pairs) = pairs.map_err(|_| {
        Refusal::bad_request("the query string is not readable").expected("name=value pairs in percent encoding")
    })?;
    match pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(unknown("query parameter", name, known)),
        None => Ok(pairs),
    }
}

/// Whether the body is declared to be JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    declared.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// A JSON object whose fields are taken one by one; what is left over at the end is unknown.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let example = r#"a JSON object such as {"operator":"Ada"}"#;
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Refusal::bad_request("the body is not a JSON object").expected(example)),
            Err(error) => Err(Refusal::bad_request(format!("the body is not valid JSON: {error}")).expected(example)),
        }
    }

    /// Takes an optional text of at most `bytes_max` bytes, trimmed; `null` and blank text count as absent.
    pub(crate) fn text(&mut self, name: &str, bytes_max: usize) -> Result<Option<String>, Refusal> {
        Ok(self.verbatim(name, bytes_max)?.map(|text| text.trim().to_owned()))
    }

    /// As [`Fields::text`], with the blanks around it.
    pub(crate) fn verbatim(&mut self, name: &str, bytes_max: usize) -> Result<Option<String>, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() > bytes_max => {
                Err(Refusal::bad_request(format!("'{name}' is too long: {} bytes", text.len()))
                    .expected(format!("at most {bytes_max} bytes")))
            }
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
            Some(_) => Err(Refusal::bad_request(format!("'{name}' is not text")).expected("a JSON string")),
        }
    }

    /// Takes a list of at most `length_max` texts; `null` and absence count as an empty one.
    pub(crate) fn optional_texts(
        &mut self,
        name: &str,
        bytes_max: usize,
        length_max: usize,
    ) -> Result<Vec<String>, Refusal> {
        let wrong = || {
            Refusal::bad_request(format!("'{name}' is not a list of texts"))
                .expected(format!("a JSON array of at most {length_max} texts of at most {bytes_max} bytes each"))
        };
        let texts = match self.0.remove(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(texts)) => texts,
            Some(_) => return Err(wrong()),
        };
        if texts.len() > length_max {
            return Err(wrong());
        }
        let text = |text| match text {
            Value::String(text) if !text.is_empty() && text.len() <= bytes_max => Ok(text),
            _ => Err(wrong()),
        };
        texts.into_iter().map(text).collect()
    }

    /// Takes an optional truth.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Refusal::bad_request(format!("'{name}' is not true or false")).expected("true or false")),
        }
    }

    /// Takes one of several words, which must be given.
    pub(crate) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)], expected: &str) -> Result<T, Refusal> {
        let word = self.text(name, BODY_BYTES_MAX)?;
        let word = word.ok_or_else(|| Refusal::bad_request(format!("'{name}' is missing")).expected(expected))?;
        let known = words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
        known.ok_or_else(|| Refusal::bad_request(format!("'{name}' is none of the words")).expected(expected))
    }

    /// Takes an optional whole number from 0.
    pub(crate) fn whole(&mut self, name: &str) -> Result<Option<u32>, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let whole = value.as_u64().and_then(|number| u32::try_from(number).ok());
                whole.map(Some).ok_or_else(|| {
                    Refusal::bad_request(format!("'{name}' is not a whole number")).expected("a JSON number from 0")
                })
            }
        }
    }

    /// Whether a field is given, and not `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// Refuses what was not taken; `known` are the fields the route knows.
    pub(crate) fn end(self, known: &[&str]) -> Result<(), Refusal> {
        match self.0.iter().find(|(_, value)| !value.is_null()) {
            Some((name, _)) => Err(unknown("field", name, known)),
            None => Ok(()),
        }
    }
}

/// The refusal of a name nobody knows, cut short: names come from outside.
fn unknown(what: &str, name: &str, known: &[&str]) -> Refusal {
    const SHOWN_CHARS_MAX: usize = 64;
    let shown: String = name.chars().take(SHOWN_CHARS_MAX).collect();
    let refusal = Refusal::bad_request(format!("unknown {what} '{shown}'")).expected(known.join(", "));
    match did_you_mean(&shown, known.iter().copied()) {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}
