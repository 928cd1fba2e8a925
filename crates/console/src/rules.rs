//! `GET /v1/rules` and `GET /v1/rules/why-not`: what the running rules are, and what they know of a key now.

use crate::body::{QueryPairs, query};
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Json, Response};
use serde_json::Value;
use vigie_alerts::view::Inhibitor;
use vigie_alerts::wire::rule_json;
use vigie_model::doors::RulesError;

/// Lists the rules in force.
pub(crate) async fn list(State(state): State<ConsoleState>) -> Result<Response, Refusal> {
    let rules = state.rules.rules(&state.principal).await.map_err(|error| unanswered(&error))?;
    let rows: Vec<_> = rules.iter().map(rule_json).collect();
    Ok(([(CONTENT_TYPE, "application/json")], format!("[{}]", rows.join(",\n"))).into_response())
}

/// Tells why a rule has no alert for a key now.
pub(crate) async fn why_not(
    State(state): State<ConsoleState>,
    pairs: Result<Query<QueryPairs>, QueryRejection>,
) -> Result<Response, Refusal> {
    let pairs = query(pairs, &["rule", "key"])?;
    let given = |name: &str| {
        let value = pairs.iter().find(|(given, value)| given == name && !value.is_empty()).map(|(_, value)| value);
        let missing = || Refusal::bad_request(format!("'{name}' is missing")).expected("?rule=NAME&key=SPACE/SENSOR");
        value.ok_or_else(missing)
    };
    let (rule, key) = (given("rule")?, given("key")?);
    let facts = state.rules.why_not(&state.principal, rule, key).await.map_err(|error| unanswered(&error))?;
    let mut facts: Value = serde_json::from_str(&facts).expect("the door answers with JSON");
    if let (Some(text), Some(by)) = (facts["text"].as_array_mut(), suppressed_by(&state, rule, key)) {
        text.push(format!("Its alert is suppressed by an alert of {}, so nobody is bothered with it.", by.rule).into());
    }
    Ok(Json(facts).into_response())
}

/// What suppresses the running alert of a rule on a key: then there is one, and yet nothing rings.
fn suppressed_by(state: &ConsoleState, rule: &str, key: &str) -> Option<Inhibitor> {
    let alerts = state.alerts.list(&state.principal).into_iter().filter(|alert| alert.condition.is_running());
    let mut own = alerts.filter(|alert| *alert.latest.rule.name == *rule && *alert.latest.key == *key);
    own.find_map(|alert| alert.inhibited_by.clone())
}

fn unanswered(error: &RulesError) -> Refusal {
    let refused = |status| Refusal::new(status, error.to_string());
    match error {
        RulesError::Unknown(_) => refused(StatusCode::NOT_FOUND),
        RulesError::Busy => refused(StatusCode::SERVICE_UNAVAILABLE).retry_after_s(1),
        RulesError::Closed => refused(StatusCode::SERVICE_UNAVAILABLE).retry_after_s(5),
    }
}
