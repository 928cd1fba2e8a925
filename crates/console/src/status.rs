//! `GET /v1/status`: what the page needs to tell the time and to notice that it is behind.
//!
//! The page computes ages from log time, never from the browser's clock, and learns the log's speed from two answers.

use crate::state::ConsoleState;
use axum::extract::State;
use axum::response::Json;
use serde::Serialize;
use std::sync::Arc;
use vigie_model::time::format_utc;

/// The state of the console at one moment.
#[derive(Serialize)]
pub(crate) struct Status {
    centre: Arc<str>,
    name: Arc<str>,
    time_zone: Arc<str>,
    log_time: String,
    log_time_ms: i64,
    /// Position of the newest public transition.
    position: Option<u64>,
    /// Changes of alerts that the stream does not tell; when it moves, somebody acted.
    handled: u64,
    running: usize,
    unacknowledged: usize,
    open: usize,
    suppressed: usize,
    shelved: usize,
    out_of_service: usize,
    history: bool,
}

/// Tells the time and counts.
pub(crate) async fn now(State(state): State<ConsoleState>) -> Json<Status> {
    let (log_time_ms, sum) = ((state.log_clock)(), state.alerts.sum(&state.principal));
    Json(Status {
        centre: Arc::clone(state.alerts.centre()),
        name: state.centre_name,
        time_zone: state.time_zone,
        log_time: format_utc(log_time_ms),
        log_time_ms,
        position: state.feed.position(),
        handled: state.alerts.handled(),
        running: sum.running,
        unacknowledged: sum.unacknowledged,
        open: sum.open,
        suppressed: sum.suppressed,
        shelved: sum.shelved,
        out_of_service: sum.out_of_service,
        history: state.queries.is_some(),
    })
}
