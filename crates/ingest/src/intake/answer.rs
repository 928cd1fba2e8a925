//! What a peer is told: the reply of `POST /v1/events`, or a problem ([`vigie_model::problem`]) as at every door.

use crate::decode::report::Report;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use vigie_log::receipt::Receipt;
use vigie_model::problem::{PROBLEM_MEDIA_TYPE, Problem};

/// When to come back while a queue is full, in seconds: it empties within a fraction of one.
pub(super) const QUEUE_RETRY_S: u64 = 1;
/// When to come back while the log is short of room, in seconds: it gets room by whole segments.
pub(super) const LOG_RETRY_S: u64 = 30;

/// The reply to events that were taken, in whole or in part.
#[derive(Debug, Serialize)]
struct Reply<'a> {
    accepted: u64,
    duplicates: u64,
    undeduplicated: u64,
    time_adjusted: u64,
    rejected: Vec<RejectedLine<'a>>,
    notes: Vec<String>,
}

/// The reply to a body in which nothing was understood: a problem that names its lines.
#[derive(Debug, Serialize)]
struct NotUnderstood<'a> {
    #[serde(flatten)]
    problem: Problem,
    #[serde(flatten)]
    reply: Reply<'a>,
}

#[derive(Debug, Serialize)]
struct RejectedLine<'a> {
    line: u32,
    reason: &'a str,
}

/// A request of which nothing was taken, and why.
#[derive(Debug)]
pub(super) struct Refused(Problem);

impl Refused {
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self(Problem::new(status.as_u16(), why))
    }

    /// Refused for now: the same request may be sent again after so many seconds.
    pub(super) fn for_now(status: StatusCode, retry_after_s: u64, why: impl Into<String>) -> Self {
        Self(Problem::new(status.as_u16(), why).with_retry_after_s(retry_after_s))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.status()).expect("it was made of a status");
        let mut response = as_problem(status, &problem);
        if let Some(seconds) = problem.retry_after_s() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            // RFC 9110, 15.5.16: tells a sender which encodings it may use.
            response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, identity"));
        }
        response
    }
}

fn as_problem(status: StatusCode, body: &impl Serialize) -> Response {
    (status, [(header::CONTENT_TYPE, PROBLEM_MEDIA_TYPE)], Json(body)).into_response()
}

/// The counts of a request that was decoded; `not_understood` says why when nothing in it was an event, `shed` what was left
/// out besides the notes of report and receipt.
pub(super) fn replied(
    report: &Report,
    receipt: Receipt,
    not_understood: Option<&str>,
    shed: Option<String>,
) -> Response {
    let rejected = report.rejects.iter().map(|reject| RejectedLine { line: reject.line, reason: &reject.reason });
    let reply = Reply {
        accepted: receipt.accepted,
        duplicates: receipt.duplicates,
        undeduplicated: receipt.undeduplicated,
        time_adjusted: receipt.time_adjusted,
        rejected: rejected.collect(),
        notes: report.notes().into_iter().chain(shed).chain(receipt.notes).collect(),
    };
    match not_understood {
        None => Json(reply).into_response(),
        Some(why) => {
            let status = StatusCode::BAD_REQUEST;
            as_problem(status, &NotUnderstood { problem: Problem::new(status.as_u16(), why), reply })
        }
    }
}
