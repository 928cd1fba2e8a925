//! `POST /v1/sql`: one read-only statement through the guarded door.
//!
//! The statement comes as JSON (`{"sql":"...","format":"csv"}`) or as the plain body. The format is the field `format`,
//! else `?format=`, else the `Accept` header, else JSON.

use crate::body::{Fields, QueryPairs, bytes, is_json, query};
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use vigie_model::doors::{QueryError, QueryFormat};

/// Says how many rows the answer has.
const ROWS: HeaderName = HeaderName::from_static("vigie-rows");
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
    let (sql, named) = statement(&headers, &bytes(body)?)?;
    let asked = pairs.into_iter().map(|(_, format)| format_of(&format)).collect::<Result<Vec<_>, _>>()?;
    let named = named.map(|name| format_of(&name)).transpose()?;
    let format = named.or(asked.last().copied()).unwrap_or_else(|| accepted(&headers));
    let door = state.queries.as_ref().ok_or_else(no_history)?;
    let answer = door.query(&state.principal, &sql, format).await.map_err(|error| not_answered(&error))?;
    let headers = [(CONTENT_TYPE, answer.content_type.to_owned()), (ROWS, answer.rows.to_string())];
    Ok((headers, answer.body).into_response())
}

/// The statement, and the format if the body names one.
fn statement(headers: &HeaderMap, body: &[u8]) -> Result<(String, Option<String>), Refusal> {
    let (sql, format) = if is_json(headers) {
        let mut fields = Fields::parse(body)?;
        let sql = fields.text("sql", body.len())?;
        let format = fields.text("format", body.len())?;
        fields.end(&["sql", "format"])?;
        (sql, format)
    } else {
        let text = str::from_utf8(body).map_err(|_| Refusal::bad_request("the statement is not UTF-8"))?;
        (Some(text.to_owned()).filter(|text| !text.trim().is_empty()), None)
    };
    let missing =
        || Refusal::bad_request("there is no statement").expected(r#"{"sql":"SELECT ..."} or the plain text"#);
    Ok((sql.ok_or_else(missing)?, format))
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

/// The refusal of a process without history.
pub(crate) fn no_history() -> Refusal {
    let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "this process keeps no history");
    refusal.hint("ask a process that was built and started with history")
}

/// The refusal of a query that history did not answer.
pub(crate) fn not_answered(error: &QueryError) -> Refusal {
    let status = match error {
        QueryError::Refused(_) => StatusCode::BAD_REQUEST,
        QueryError::Limit(_) => StatusCode::UNPROCESSABLE_ENTITY,
        QueryError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let refusal = Refusal::new(status, error.to_string());
    if matches!(error, QueryError::Unavailable(_)) { refusal.retry_after_s(5) } else { refusal }
}
