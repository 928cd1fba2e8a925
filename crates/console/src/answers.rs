//! Answers of history as responses: whole where they are small, streamed where they are not.
//!
//! An answer of up to [`WHOLE_BYTES_MAX`] is sent whole, with its length and the number of its rows, so that a failure is still
//! a problem. A larger one is sent as it comes, as fast as its reader takes it. Should it fail then, the connection is
//! aborted: no client can take the part for the whole, whatever the format. A connection that ends drops the parts, which
//! cancels the query.

use crate::refusal::Refusal;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream::unfold;
use vigie_model::doors::{AnswerParts, AnswerStream, QueryError};

/// Says how many rows a whole answer has.
const ROWS: HeaderName = HeaderName::from_static("vigie-rows");
/// Names the query: in a request the id it shall have, in an answer the one it has.
pub(crate) const QUERY: HeaderName = HeaderName::from_static("vigie-query");
/// The largest answer that is sent whole, in bytes.
const WHOLE_BYTES_MAX: usize = 256 << 10;

/// The response for an answer on its way.
///
/// # Errors
/// When it fails before it is too large to be sent whole.
pub(crate) async fn response(answer: AnswerStream) -> Result<Response, QueryError> {
    let AnswerStream { id, content_type, mut parts } = answer;
    let mut begun = Vec::new();
    let is_whole = loop {
        match parts.next().await {
            Some(part) => begun.extend(part?),
            None => break true,
        }
        if begun.len() > WHOLE_BYTES_MAX {
            break false;
        }
    };
    let rows = parts.rows();
    let mut response = if is_whole { begun.into_response() } else { streamed(begun, parts).into_response() };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if is_whole {
        headers.insert(ROWS, HeaderValue::from(rows));
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(QUERY, id);
    }
    Ok(response)
}

/// A body of what is there already, and then of the parts. An error in it makes hyper abort the connection.
fn streamed(begun: Vec<u8>, parts: Box<dyn AnswerParts>) -> Body {
    let state = (Some(begun), Some(parts));
    Body::from_stream(unfold(state, |(begun, parts)| async {
        if let Some(begun) = begun {
            return Some((Ok(begun), (None, parts)));
        }
        let mut parts = parts?;
        match parts.next().await? {
            Ok(part) => Some((Ok(part), (None, Some(parts)))),
            Err(error) => Some((Err(error), (None, None))),
        }
    }))
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
        QueryError::Cancelled => StatusCode::CONFLICT,
        QueryError::Limit(_) => StatusCode::UNPROCESSABLE_ENTITY,
        QueryError::Unavailable(_) | QueryError::Unaudited(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let refusal = Refusal::new(status, error.to_string());
    if status == StatusCode::SERVICE_UNAVAILABLE { refusal.retry_after_s(5) } else { refusal }
}
