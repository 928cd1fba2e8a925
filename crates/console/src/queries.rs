//! `GET /v1/sql/running` and `DELETE /v1/sql/running/{id}`: one's own queries, those that run and those that ended lately.

use crate::answers::no_history;
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Json;
use serde_json::{Map, Value, json};
use vigie_model::doors::{EndedQuery, RunningQuery};
use vigie_model::time::format_utc;

/// The beginning of a statement that is shown, in characters: enough to know it again.
const STATEMENT_CHARS_MAX: usize = 200;

/// Lists them.
pub(crate) async fn list(State(state): State<ConsoleState>) -> Result<Json<Value>, Refusal> {
    let door = state.queries.as_ref().ok_or_else(no_history)?;
    let (running, ended) = door.queries(&state.principal);
    let running: Vec<Value> = running.iter().map(|query| Value::Object(members(query))).collect();
    let ended: Vec<Value> = ended.iter().map(ended_json).collect();
    Ok(Json(json!({ "running": running, "ended": ended })))
}

/// Cancels one.
pub(crate) async fn cancel(State(state): State<ConsoleState>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let door = state.queries.as_ref().ok_or_else(no_history)?;
    if door.cancel(&state.principal, &id) {
        return Ok(Json(json!({ "outcome": "cancelled" })));
    }
    let refusal = Refusal::new(StatusCode::NOT_FOUND, "no query of yours with this id is running");
    Err(refusal.hint("GET /v1/sql/running lists those that are, and those that ended lately"))
}

fn members(query: &RunningQuery) -> Map<String, Value> {
    let RunningQuery { id, door, sql, reason, asked_ms, rows } = query;
    let sql: String = sql.chars().take(STATEMENT_CHARS_MAX).collect();
    let members = json!({ "id": &**id, "door": door, "sql": sql, "reason": reason.as_deref(),
        "asked": format_utc(*asked_ms), "rows": rows });
    let Value::Object(members) = members else { unreachable!("written as an object above") };
    members
}

fn ended_json(ended: &EndedQuery) -> Value {
    let mut members = members(&ended.query);
    members.insert("outcome".to_owned(), ended.outcome.word().into());
    members.insert("error".to_owned(), ended.error.as_deref().into());
    Value::Object(members)
}
