//! `GET /v1/alerts/{id}/explain`: why an alert began, what happened then and what people did, in words.
//!
//! Asked of history, so that alerts that left the live table are explained too; the first six or more digits of an id do.

use crate::answers::{no_history, not_answered};
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use vigie_alerts::explain::episode::Now;
use vigie_alerts::explain::history::{Unexplained, explain};
use vigie_model::alert::AlertId;

/// Explains one alert.
pub(crate) async fn one(State(state): State<ConsoleState>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let door = state.queries.as_deref().ok_or_else(no_history)?;
    let now = |id: &AlertId| {
        let alert = state.alerts.get(&state.principal, id);
        alert.map_or_else(Now::default, |alert| Now::of(state.alerts.centre(), &alert))
    };
    let explained = explain(door, &state.principal, &id, &state.time_zone, now).await;
    Ok(Json(explained.map_err(|error| unexplained(&error))?).into_response())
}

fn unexplained(error: &Unexplained) -> Refusal {
    let refused = |status| Refusal::new(status, error.to_string());
    match error {
        Unexplained::NotAnId(_) => refused(StatusCode::BAD_REQUEST),
        Unexplained::Several(..) => refused(StatusCode::BAD_REQUEST).hint("give more digits"),
        Unexplained::Unknown(_) => refused(StatusCode::NOT_FOUND).hint("GET /v1/alerts lists alerts with their ids"),
        Unexplained::Query(error) => not_answered(error),
    }
}
