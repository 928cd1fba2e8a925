//! `GET /v1/alerts` and `GET /v1/alerts/{id}`: the alerts as they stand.

use crate::body::{QueryPairs, query};
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use vigie_alerts::view::{AlertView, Handling};
use vigie_alerts::wire::alert_json;
use vigie_model::alert::AlertId;
use vigie_model::severity::Severity;

/// Most alerts in one answer; the list begins with those that matter most.
const ALERTS_PER_ANSWER_MAX: usize = 10_000;
/// Says how many alerts matched but were left out of the answer.
const LEFT_OUT: HeaderName = HeaderName::from_static("vigie-left-out");
const PARAMETERS: [&str; 5] = ["space", "severity", "handling", "limit", "format"];

const HANDLINGS: &str = "open, acknowledged, shelved, suppressed, out_of_service or closed";

/// Which alerts are asked for, and how they are written.
#[derive(Debug)]
struct Wanted {
    space: Option<String>,
    severity: Option<Severity>,
    handling: Option<Handling>,
    limit: usize,
    is_ndjson: bool,
}

/// Lists alerts: unacknowledged first, then the worst severity, then the newest.
pub(crate) async fn list(
    State(state): State<ConsoleState>,
    pairs: Result<Query<QueryPairs>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = Wanted::parse(query(pairs, &PARAMETERS)?, accepts.contains("application/x-ndjson"))?;
    let mut alerts = state.alerts.list(&state.principal);
    alerts.retain(|alert| wanted.includes(alert));
    let left_out = alerts.len().saturating_sub(wanted.limit);
    alerts.truncate(wanted.limit);
    let rows = alerts.iter().map(|alert| alert_json(state.alerts.centre(), alert));
    let (media_type, text) = if wanted.is_ndjson {
        ("application/x-ndjson", rows.map(|row| row + "\n").collect())
    } else {
        ("application/json", format!("[{}]", rows.collect::<Vec<_>>().join(",\n")))
    };
    Ok(([(CONTENT_TYPE, media_type.to_owned()), (LEFT_OUT, left_out.to_string())], text).into_response())
}

/// One alert.
pub(crate) async fn one(State(state): State<ConsoleState>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let alert = state.alerts.get(&state.principal, &AlertId::from_text(&id)).ok_or_else(no_such_alert)?;
    Ok(([(CONTENT_TYPE, "application/json")], alert_json(state.alerts.centre(), &alert)).into_response())
}

/// The refusal of an id that names no alert the principal may see.
pub(crate) fn no_such_alert() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "no alert has this id")
        .hint("GET /v1/alerts lists those that are kept; older ones are in the history table 'alerts'")
}

impl Wanted {
    fn parse(pairs: QueryPairs, accepts_ndjson: bool) -> Result<Self, Refusal> {
        let mut wanted = Self {
            space: None,
            severity: None,
            handling: None,
            limit: ALERTS_PER_ANSWER_MAX,
            is_ndjson: accepts_ndjson,
        };
        for (name, value) in pairs {
            let wrong = |expected: &str| Refusal::bad_request(format!("'{name}' is not understood")).expected(expected);
            match name.as_str() {
                "space" => wanted.space = Some(value),
                "severity" => {
                    let words = "informational, low, medium, high or critical";
                    wanted.severity = Some(value.parse().map_err(|_| wrong(words))?);
                }
                "handling" => {
                    wanted.handling = Some(value.parse().map_err(|_| wrong(HANDLINGS))?);
                }
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=ALERTS_PER_ANSWER_MAX).contains(limit));
                    wanted.limit = limit.ok_or_else(|| wrong(&format!("1 to {ALERTS_PER_ANSWER_MAX}")))?;
                }
                _ => {
                    wanted.is_ndjson = match value.as_str() {
                        "ndjson" => true,
                        "json" => false,
                        _ => return Err(wrong("json or ndjson")),
                    };
                }
            }
        }
        Ok(wanted)
    }

    fn includes(&self, alert: &AlertView) -> bool {
        self.space.as_deref().is_none_or(|space| space == &**alert.space())
            && self.severity.is_none_or(|severity| severity == alert.severity())
            && self.handling.is_none_or(|handling| handling == alert.handling())
    }
}
