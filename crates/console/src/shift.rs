//! `GET /v1/shift`: the handover of a span of log time, from the book and the desk.
//!
//! Alerts are told as they stand now, of those that had opened by the end of the span, without closed ones; figures, files
//! and signatures are those of the span. Alerts of exercises and tests are in the lists, and in no figure.

use crate::body::{QueryPairs, query};
use crate::looker::with_looker;
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Json;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use vigie_alerts::desk::kpis::kpis;
use vigie_alerts::desk::view::DeskView;
use vigie_alerts::desk::wire::{files_json, out_of_service_json, signed_json};
use vigie_alerts::view::{AlertView, Handling};
use vigie_alerts::wire::alert_json;
use vigie_model::principal::SpaceScope;
use vigie_model::time::{format_utc, parse_rfc3339_ms};

/// The span when none is asked for: one shift.
const SHIFT_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;
/// The kind of rule that tells of silent nodes and sensors.
const SILENCE: &str = "absence";

/// What is handed over.
#[derive(serde::Serialize)]
pub(crate) struct Shift {
    from: String,
    to: String,
    open: Vec<Box<RawValue>>,
    acknowledged: Vec<Box<RawValue>>,
    shelved: Vec<Box<RawValue>>,
    out_of_service: Value,
    dead_nodes: Vec<Box<RawValue>>,
    incident_files: Value,
    kpis: Value,
    actions: usize,
    signed: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    sound_check: Option<Value>,
    /// From when on figures are kept, when that is later than `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_from: Option<String>,
}

/// Generates the handover.
pub(crate) async fn handover(
    State(state): State<ConsoleState>,
    pairs: Result<Query<QueryPairs>, QueryRejection>,
) -> Result<Json<Shift>, Refusal> {
    let (from_ms, to_ms) = span(query(pairs, &["from", "to"])?, (state.log_clock)())?;
    let silent = silent_rules(&state).await;
    let desk = state.desk.newest();
    let mut alerts = state.alerts.list(&state.principal);
    alerts.retain(|alert| alert.opened.log_time_ms <= to_ms && alert.closed.is_none());
    let centre = Arc::clone(state.alerts.centre());
    let told = |wanted: &dyn Fn(&AlertView) -> bool| -> Vec<Box<RawValue>> {
        let wanted = alerts.iter().filter(|alert| wanted(alert));
        wanted.filter_map(|alert| RawValue::from_string(alert_json(&centre, alert)).ok()).collect()
    };
    let of = |handling: Handling| move |alert: &AlertView| alert.handling() == handling;
    let is_dead = |alert: &AlertView| alert.condition.is_running() && silent.contains(&alert.opened.rule.name);
    let (kpis, actions, kept_from_ms) = figures(&state, &desk, &alerts, from_ms, to_ms);
    let (out_of_service, incident_files) =
        with_looker(&state, |looker| (out_of_service_json(&desk, looker), files_json(&desk, looker, from_ms, to_ms)));
    let sound_check =
        desk.duty.sound_check().filter(|check| (from_ms..=to_ms).contains(&check.at_ms)).map(
            |check| json!({"operator": &*check.operator, "log_time": format_utc(check.at_ms), "heard": check.heard}),
        );
    Ok(Json(Shift {
        from: format_utc(from_ms),
        to: format_utc(to_ms),
        open: told(&of(Handling::Open)),
        acknowledged: told(&of(Handling::Acknowledged)),
        shelved: told(&of(Handling::Shelved)),
        out_of_service,
        dead_nodes: told(&is_dead),
        incident_files,
        kpis,
        actions,
        signed: signed_json(desk.duty.signed_within(from_ms, to_ms)),
        sound_check,
        kept_from: kept_from_ms.map(format_utc),
    }))
}

/// The figures, which are those of the whole centre: only who may see all of it is told them.
fn figures(
    state: &ConsoleState,
    desk: &DeskView,
    alerts: &[Arc<AlertView>],
    from_ms: i64,
    to_ms: i64,
) -> (Value, usize, Option<i64>) {
    let scope = &state.principal.scope;
    if scope.spaces != SpaceScope::All || *scope.centre != **state.alerts.centre() {
        return (Value::Array(Vec::new()), 0, None);
    }
    let is_stale = |alert: &&Arc<AlertView>| {
        let counts = !alert.is_test && !alert.mode.is_exercise;
        counts && alert.condition.is_running() && to_ms - alert.opened.log_time_ms > DAY_MS
    };
    let stale = alerts.iter().filter(is_stale).count();
    let figures = desk.ledger.figures(from_ms, to_ms);
    (json!(kpis(desk, stale, from_ms, to_ms)), figures.actions, figures.kept_from_ms)
}

/// The rules by which nodes and sensors are missed; none while the rules do not answer.
async fn silent_rules(state: &ConsoleState) -> BTreeSet<Arc<str>> {
    let rules = state.rules.rules(&state.principal).await.unwrap_or_default();
    rules.into_iter().filter(|rule| rule.kind == SILENCE).map(|rule| Arc::clone(&rule.identity.name)).collect()
}

/// The last eight hours of log time, unless asked otherwise.
fn span(pairs: QueryPairs, now_ms: i64) -> Result<(i64, i64), Refusal> {
    let (mut from_ms, mut to_ms) = (None, now_ms);
    for (name, value) in pairs {
        let instant = parse_rfc3339_ms(&value).map_err(|_| {
            Refusal::bad_request(format!("'{name}' is not an instant"))
                .expected("RFC 3339 with an offset, as in 2017-03-12T21:00:00+11:00, a plus sign written as %2B")
        })?;
        if name == "from" { from_ms = Some(instant) } else { to_ms = instant }
    }
    let from_ms = from_ms.unwrap_or(to_ms - SHIFT_MS);
    if from_ms >= to_ms {
        return Err(Refusal::bad_request("the span ends before it begins").expected("'from' before 'to'"));
    }
    Ok((from_ms, to_ms))
}
