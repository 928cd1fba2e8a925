//! `POST /v1/reports`: an incident that somebody told an operator of, by telephone most likely. It goes the way of every
//! event: through the log, where rules judge it.

use crate::given::{NAME_BYTES_MAX, command_fields, instant, not_taken, operator, required, severity};
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::response::Json;
use serde_json::{Value, json};
use vigie_model::command::TEXT_BYTES_MAX;
use vigie_model::doors::{Report, ReportError};

/// How incidents are told to operators, unless they say otherwise.
const CHANNEL_DEFAULT: &str = "phone";

/// Enters an incident.
pub(crate) async fn enter(
    State(state): State<ConsoleState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refusal> {
    const KNOWN: [&str; 7] = ["operator", "space", "category", "severity", "channel", "time", "note"];
    let mut fields = command_fields(&headers, body)?;
    let report = Report {
        operator: operator(&mut fields)?,
        space: required(&mut fields, "space", NAME_BYTES_MAX, "the id of a space")?.into(),
        category: required(&mut fields, "category", NAME_BYTES_MAX, "what happened, as in \"assault\"")?,
        severity: severity(&mut fields)?,
        channel: fields.text("channel", NAME_BYTES_MAX)?.unwrap_or_else(|| CHANNEL_DEFAULT.to_owned()),
        time_ms: instant(&mut fields, "time")?,
        note: fields.text("note", TEXT_BYTES_MAX)?,
    };
    fields.end(&KNOWN)?;
    let id = state.reports.report(&state.principal, report).await.map_err(|error| match error {
        ReportError::Refused(why) => Refusal::bad_request(why),
        ReportError::NotTaken(error) => not_taken(error),
    })?;
    Ok(Json(json!({"outcome": "accepted", "id": &*id})))
}
