//! `POST /v1/alerts/{id}/acknowledge`, `shelve`, `unshelve`, `assign`, `close`, `reopen`, `checklist`, and
//! `POST /v1/alerts/bulk`: what operators do with alerts.
//!
//! A command goes to the log and is answered once the alert book has decided its outcome. An id the principal cannot
//! see is refused here and never reaches the log, so that nobody fills it with nonsense. A bulk is as many commands as it
//! names alerts, in its order; each has an outcome of its own.

use crate::alerts::no_such_alert;
use crate::deeds::Verb;
use crate::given::{NAME_BYTES_MAX, command_fields, conflict, not_taken, operator};
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream::iter;
use std::sync::Arc;
use vigie_alerts::wire::alert_json;
use vigie_model::alert::AlertId;
use vigie_model::command::{ALERTS_NAMED_MAX, Action, AlertDeed, Outcome, TEXT_BYTES_MAX};
use vigie_model::doors::{CommandError, CommandRequest};
use vigie_model::time::format_utc;

/// Commands of one bulk on their way at once: they share commits of the log, and leave room for others.
const BULK_AT_ONCE: usize = 16;
/// The outcome of a command of a bulk that the log did not take.
const NOT_TAKEN: &str = "not_taken";

type Body = Result<Bytes, BytesRejection>;

/// Acknowledges an alert, for good or until an instant.
pub(crate) async fn acknowledge(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    one(&state, &id, Verb::Acknowledge, &headers, body).await
}

/// Puts a running alert out of sight until an instant.
pub(crate) async fn shelve(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    one(&state, &id, Verb::Shelve, &headers, body).await
}

/// Takes an alert from the shelf.
pub(crate) async fn unshelve(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    one(&state, &id, Verb::Unshelve, &headers, body).await
}

/// Says who is to deal with an alert.
pub(crate) async fn assign(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    one(&state, &id, Verb::Assign, &headers, body).await
}

/// Closes an alert whose episode is over.
pub(crate) async fn close(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    one(&state, &id, Verb::Close, &headers, body).await
}

/// Opens an alert again that was closed by mistake.
pub(crate) async fn reopen(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    one(&state, &id, Verb::Reopen, &headers, body).await
}

/// Says how far a step of an alert's checklist is.
pub(crate) async fn checklist(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    one(&state, &id, Verb::Checklist, &headers, body).await
}

/// Does the same with several alerts.
pub(crate) async fn bulk(
    State(state): State<ConsoleState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let mut fields = command_fields(&headers, body)?;
    let operator = operator(&mut fields)?;
    let words = Verb::BULK.map(|verb| (verb.as_str(), verb));
    let verb = fields.word("action", &words, "acknowledge, shelve, unshelve, assign or close")?;
    let ids = fields.optional_texts("alerts", NAME_BYTES_MAX, ALERTS_NAMED_MAX)?;
    if ids.is_empty() {
        return Err(Refusal::bad_request("'alerts' is missing").expected("the ids of the alerts"));
    }
    let deed = verb.deed(&mut fields, (state.log_clock)())?;
    let note = fields.text("note", TEXT_BYTES_MAX)?;
    fields.end(&[&["alerts", "action"], verb.fields()].concat())?;
    let results = iter(ids.into_iter().map(|id| {
        let (state, request) = (&state, request(&id, deed.clone(), &operator, note.clone()));
        async move {
            let outcome = match taken(state, &AlertId::from_text(&id), request).await {
                Ok(outcome) => outcome.as_str(),
                Err(_) => NOT_TAKEN,
            };
            serde_json::json!({ "alert_id": id, "outcome": outcome })
        }
    }));
    let results: Vec<_> = results.buffered(BULK_AT_ONCE).collect().await;
    let text = serde_json::json!({ "results": results }).to_string();
    Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
}

async fn one(state: &ConsoleState, id: &str, verb: Verb, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    let mut fields = command_fields(headers, body)?;
    let operator = operator(&mut fields)?;
    let deed = verb.deed(&mut fields, (state.log_clock)())?;
    let note = fields.text("note", TEXT_BYTES_MAX)?;
    fields.end(verb.fields())?;
    let request = request(id, deed, &operator, note);
    let id = AlertId::from_text(id);
    let outcome = taken(state, &id, request).await.map_err(not_taken)?;
    answer(state, &id, outcome)
}

fn request(id: &str, deed: AlertDeed, operator: &Arc<str>, note: Option<String>) -> CommandRequest {
    let action = Action::Alert { alert_id: AlertId::from_text(id), deed };
    CommandRequest { operator: Arc::clone(operator), note, action }
}

/// What became of a command about an alert that the principal may see.
async fn taken(state: &ConsoleState, id: &AlertId, request: CommandRequest) -> Result<Outcome, CommandError> {
    if state.alerts.get(&state.principal, id).is_none() {
        return Ok(Outcome::UnknownAlert);
    }
    let action = request.action.as_str();
    let outcome = state.commands.command(&state.principal, request).await?.outcome;
    metrics::counter!("vigie_console_commands_total", "action" => action, "outcome" => outcome.as_str()).increment(1);
    tracing::info!(alert_id = id.as_str(), action, outcome = outcome.as_str(), "command");
    Ok(outcome)
}

fn answer(state: &ConsoleState, id: &AlertId, outcome: Outcome) -> Result<Response, Refusal> {
    let conflict = || conflict(outcome.reason());
    match outcome {
        Outcome::Done | Outcome::Unchanged => {
            let alert = state.alerts.get(&state.principal, id).ok_or_else(no_such_alert)?;
            let alert = alert_json(state.alerts.centre(), &alert);
            let text = format!(r#"{{"outcome":"{}","alert":{alert}}}"#, outcome.as_str());
            Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
        }
        Outcome::UnknownAlert => Err(no_such_alert()),
        Outcome::StillActive => Err(conflict().hint("acknowledge it now and close it once it has cleared")),
        Outcome::AlreadyCleared => Err(conflict().hint("close it")),
        Outcome::AlreadyClosed => Err(conflict().hint("reopen it if it was closed by mistake")),
        Outcome::UntilPassed => {
            let now = format_utc((state.log_clock)());
            Err(conflict().expected(format!("an instant later than log time, which is {now}")))
        }
        Outcome::UnknownStep | Outcome::UnknownId | Outcome::TooMany => Err(conflict()),
    }
}
