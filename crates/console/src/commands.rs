//! `POST /v1/alerts/{id}/acknowledge` and `/close`: what operators do.
//!
//! A command goes to the log and is answered once the alert book has decided its outcome. An id the principal cannot
//! see is refused here and never reaches the log, so that nobody fills it with nonsense.

use crate::alerts::no_such_alert;
use crate::body::Fields;
use crate::given::{command_fields, conflict, not_taken, operator};
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use vigie_alerts::wire::alert_json;
use vigie_model::alert::AlertId;
use vigie_model::command::{Action, AlertDeed, Disposition, Outcome, TEXT_BYTES_MAX};
use vigie_model::doors::CommandRequest;

const DISPOSITIONS: &str = "true, false, nuisance, test or duplicate";

/// Acknowledges an alert.
pub(crate) async fn acknowledge(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let mut fields = command_fields(&headers, body)?;
    let request = CommandRequest {
        operator: operator(&mut fields)?,
        note: fields.text("note", TEXT_BYTES_MAX)?,
        action: of_alert(&id, AlertDeed::Acknowledge { until_ms: None }),
    };
    for name in ["disposition", "cause"] {
        if fields.has(name) {
            return Err(
                Refusal::bad_request(format!("'{name}' belongs to closing an alert")).expected("operator, note")
            );
        }
    }
    until_is_unsupported(&fields)?;
    fields.end(&["operator", "note"])?;
    give(&state, &AlertId::from_text(&id), request).await
}

/// Closes an alert whose episode is over.
pub(crate) async fn close(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let mut fields = command_fields(&headers, body)?;
    let operator = operator(&mut fields)?;
    let disposition = disposition(&mut fields)?;
    let action = of_alert(&id, AlertDeed::Close { disposition, cause: fields.text("cause", TEXT_BYTES_MAX)? });
    let note = fields.text("note", TEXT_BYTES_MAX)?;
    fields.end(&["operator", "disposition", "cause", "note"])?;
    give(&state, &AlertId::from_text(&id), CommandRequest { operator, note, action }).await
}

fn until_is_unsupported(fields: &Fields) -> Result<(), Refusal> {
    if fields.has("until") {
        let refusal = Refusal::bad_request("'until' is not supported yet");
        return Err(refusal.hint("leave it out; an acknowledgement does not expire"));
    }
    Ok(())
}

fn of_alert(id: &str, deed: AlertDeed) -> Action {
    Action::Alert { alert_id: AlertId::from_text(id), deed }
}

fn disposition(fields: &mut Fields) -> Result<Disposition, Refusal> {
    let word = fields.text("disposition", TEXT_BYTES_MAX)?;
    let word = word.ok_or_else(|| Refusal::bad_request("'disposition' is missing").expected(DISPOSITIONS))?;
    let known = Disposition::ALL.into_iter().find(|disposition| disposition.as_str() == word);
    known.ok_or_else(|| Refusal::bad_request("'disposition' is none of the five words").expected(DISPOSITIONS))
}

async fn give(state: &ConsoleState, id: &AlertId, request: CommandRequest) -> Result<Response, Refusal> {
    state.alerts.get(&state.principal, id).ok_or_else(no_such_alert)?;
    let action = request.action.as_str();
    let outcome = state.commands.command(&state.principal, request).await.map_err(not_taken)?.outcome;
    metrics::counter!("vigie_console_commands_total", "action" => action, "outcome" => outcome.as_str()).increment(1);
    tracing::info!(alert_id = id.as_str(), action, outcome = outcome.as_str(), "command");
    match outcome {
        Outcome::UnknownAlert => Err(no_such_alert()),
        Outcome::StillActive => {
            Err(conflict("the alert is still active or stale")
                .hint("acknowledge it now and close it once it has cleared"))
        }
        Outcome::AlreadyClosed => Err(conflict("the alert is already closed").hint("nothing more can be done with it")),
        Outcome::Done | Outcome::Unchanged => {
            let alert = state.alerts.get(&state.principal, id).ok_or_else(no_such_alert)?;
            let alert = alert_json(state.alerts.centre(), &alert);
            let text = format!(r#"{{"outcome":"{}","alert":{alert}}}"#, outcome.as_str());
            Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
        }
        refused => Err(conflict(refused.reason())),
    }
}
