//! What a peer is told: the reply of `POST /v1/events`, and errors in the same shape everywhere.

use crate::decode::report::Report;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use vigie_log::receipt::Receipt;

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
}

impl Refused {
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
        }
        let mut response = (self.status, Json(Body { error: &self.why })).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Status and counts of a request that was decoded; `error` when nothing in it was understood.
pub(super) fn replied(status: StatusCode, report: &Report, receipt: Receipt, error: Option<&str>) -> Response {
    let rejected = report.rejects.iter().map(|reject| RejectedLine { line: reject.line, reason: &reject.reason });
    let reply = Reply {
        accepted: receipt.accepted,
        duplicates: receipt.duplicates,
        undeduplicated: receipt.undeduplicated,
        time_adjusted: receipt.time_adjusted,
        rejected: rejected.collect(),
        notes: report.notes().into_iter().chain(receipt.notes).collect(),
        error,
    };
    (status, Json(reply)).into_response()
}
