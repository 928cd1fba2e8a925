//! `POST /v1/sql`: one read-only statement through the guarded door.
//!
//! The statement comes as JSON (`{"sql":"...","format":"csv"}`) or as the plain body. The format is the field `format`,
//! else `?format=`, else the `Accept` header, else JSON. A body of JSON may also say what the query is for, as the header
//! `Vigie-Reason` does, and bound the answer. How answers travel: [`crate::answers`].

use crate::answers::{QUERY, no_history, not_answered, response};
use crate::body::{Fields, QueryPairs, bytes, is_json, query};
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use vigie_model::doors::{AnswerBounds, QueryFormat, Question};

/// Says what the query is for, unless the body does.
const REASON: HeaderName = HeaderName::from_static("vigie-reason");
/// Media types a client may accept, and the formats they mean.
const MEDIA_TYPES: [(&str, QueryFormat); 4] = [
    ("application/json", QueryFormat::Json),
    ("text/csv", QueryFormat::Csv),
    ("application/vnd.apache.arrow.stream", QueryFormat::Arrow),
    ("text/plain", QueryFormat::Table),
];

/// Runs a statement.
pub(crate) async fn run(
    State(state): State<ConsoleState>,
    pairs: Result<Query<QueryPairs>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let pairs = query(pairs, &["format"])?;
    let Asked { sql, format, reason, bounds } = asked(&headers, &bytes(body)?)?;
    let wished = pairs.into_iter().map(|(_, format)| format_of(&format)).collect::<Result<Vec<_>, _>>()?;
    let format = format.map(|name| format_of(&name)).transpose()?;
    let format = format.or(wished.last().copied()).unwrap_or_else(|| accepted(&headers));
    let reason = reason.map_or_else(|| header(&headers, &REASON), |reason| Ok(Some(reason)))?.map(Into::into);
    let id = header(&headers, &QUERY)?.map(Into::into);
    let door = state.queries.as_ref().ok_or_else(no_history)?;
    let question = Question { reason, bounds, id, ..Question::new(&sql, format, "http") };
    let answer = door.ask(&state.principal, question).await.map_err(|error| not_answered(&error))?;
    response(answer).await.map_err(|error| not_answered(&error))
}

/// What the body asks for.
struct Asked {
    sql: String,
    format: Option<String>,
    reason: Option<String>,
    bounds: AnswerBounds,
}

fn asked(headers: &HeaderMap, body: &[u8]) -> Result<Asked, Refusal> {
    let (sql, format, reason, bounds) = if is_json(headers) {
        let mut fields = Fields::parse(body)?;
        let sql = fields.text("sql", body.len())?;
        let format = fields.text("format", body.len())?;
        let reason = fields.text("reason", body.len())?;
        let (rows_max, bytes_max) = (fields.whole("rows_max")?, fields.whole("bytes_max")?);
        fields.end(&["sql", "format", "reason", "rows_max", "bytes_max"])?;
        let bounds = AnswerBounds { rows_max: rows_max.map(u64::from), bytes_max: bytes_max.map(u64::from) };
        (sql, format, reason, bounds)
    } else {
        let text = str::from_utf8(body).map_err(|_| Refusal::bad_request("the statement is not UTF-8"))?;
        (Some(text.to_owned()).filter(|text| !text.trim().is_empty()), None, None, AnswerBounds::default())
    };
    let missing =
        || Refusal::bad_request("there is no statement").expected(r#"{"sql":"SELECT ..."} or the plain text"#);
    Ok(Asked { sql: sql.ok_or_else(missing)?, format, reason, bounds })
}

/// The text of a header, which may be UTF-8.
fn header(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = str::from_utf8(value.as_bytes());
    let text = text.map_err(|_| Refusal::bad_request(format!("the header '{name}' is not UTF-8")))?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn format_of(name: &str) -> Result<QueryFormat, Refusal> {
    match name {
        "table" => Ok(QueryFormat::Table),
        "csv" => Ok(QueryFormat::Csv),
        "json" => Ok(QueryFormat::Json),
        "arrow" => Ok(QueryFormat::Arrow),
        _ => Err(Refusal::bad_request("'format' is not understood").expected("table, csv, json or arrow")),
    }
}

/// The first media type of the `Accept` header that is known.
fn accepted(headers: &HeaderMap) -> QueryFormat {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = |part: &str| part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known = |wanted: &str| MEDIA_TYPES.iter().find(|(name, _)| *name == wanted).map(|(_, format)| *format);
    accept.split(',').find_map(|part| known(&essence(part))).unwrap_or(QueryFormat::Json)
}
