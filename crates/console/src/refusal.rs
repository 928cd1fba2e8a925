//! How the console says no: a problem ([`vigie_model::problem`]) that a person can act on.
//!
//! ```text
//! {"type":"/problems/bad-request","title":"The request is wrong in itself","status":400,
//!  "detail":"'disposition' is missing","expected":"true, false, nuisance, test or duplicate"}
//! ```

use axum::body::to_bytes;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use vigie_model::problem::{PROBLEM_MEDIA_TYPE, Problem, ProblemKind};

/// The longest words of somebody else's refusal that are taken over, in bytes.
const FOREIGN_WORDS_BYTES_MAX: usize = 4 << 10;

/// A refused request: what was wrong, what was expected, what to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refusal {
    #[serde(flatten)]
    problem: Problem,
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl Refusal {
    /// A refusal with this status.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { problem: Problem::new(status.as_u16(), detail), members: Map::new() }
    }

    /// A request that is wrong in itself.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Adds what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.problem = self.problem.expected(expected);
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.problem = self.problem.hint(hint);
        self
    }

    /// Adds after how many seconds trying again makes sense.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u16) -> Self {
        self.problem = self.problem.with_retry_after_s(seconds.into());
        self
    }

    /// Adds a member for programs.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status()).expect("it was made of a status");
        let mut response = (status, Json(&self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
        if let Some(seconds) = self.problem.retry_after_s() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Makes a problem of a refusal that is none: of a path nobody knows, a method a route lacks, an address that is not text.
/// For the outside of all routes, so that no door forgets it.
pub async fn as_problem(response: Response) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_problem(response.headers()) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let words = to_bytes(body, FOREIGN_WORDS_BYTES_MAX).await.unwrap_or_default();
    let words = String::from_utf8_lossy(&words);
    let detail = match words.trim() {
        "" => match ProblemKind::of_status(status.as_u16()) {
            ProblemKind::NotFound => "there is nothing at this address",
            ProblemKind::MethodNotAllowed => "the method does not belong to this address",
            kind => kind.title(),
        },
        words => words,
    };
    let problem = Refusal::new(status, detail).into_response();
    head.headers.remove(CONTENT_LENGTH);
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
    Response::from_parts(head, problem.into_body())
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|media_type| media_type == PROBLEM_MEDIA_TYPE)
}
