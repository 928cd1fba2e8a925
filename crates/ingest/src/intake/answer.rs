//! What a peer is told: the reply of `POST /v1/events`, and errors in the same shape everywhere.

use crate::decode::report::Report;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use vigie_log::receipt::Receipt;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct RejectedLine<'a> {
    line: u32,
    reason: &'a str,
}

/// A request of which nothing was taken, and why.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    why: String,
    retry_after_s: Option<u64>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into(), retry_after_s: None }
    }

    /// Refused for now: the same request may be sent again after so many seconds.
    pub(super) fn for_now(status: StatusCode, retry_after_s: u64, why: impl Into<String>) -> Self {
        Self { status, why: why.into(), retry_after_s: Some(retry_after_s) }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
        }
        let mut response = (self.status, Json(Body { error: &self.why })).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            // RFC 9110, 15.5.16: tells a sender which encodings it may use.
            response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, identity"));
        }
        response
    }
}

/// Status and counts of a request that was decoded; `error` when nothing in it was understood, `notes` besides those
/// of report and receipt.
pub(super) fn replied(
    status: StatusCode,
    report: &Report,
    receipt: Receipt,
    error: Option<&str>,
    notes: Option<String>,
) -> Response {
    let rejected = report.rejects.iter().map(|reject| RejectedLine { line: reject.line, reason: &reject.reason });
    let reply = Reply {
        accepted: receipt.accepted,
        duplicates: receipt.duplicates,
        undeduplicated: receipt.undeduplicated,
        time_adjusted: receipt.time_adjusted,
        rejected: rejected.collect(),
        notes: report.notes().into_iter().chain(notes).chain(receipt.notes).collect(),
        error,
    };
    (status, Json(reply)).into_response()
}
