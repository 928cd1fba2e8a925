//! `GET /v1/spaces`: the spaces as GeoJSON, each with what its alerts amount to.

use crate::state::ConsoleState;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use vigie_alerts::live::AlertSum;
use vigie_alerts::view::Condition;
use vigie_model::severity::Severity;
use vigie_model::space::Space;

/// The state of a space without alerts that need anybody.
const CALM: &str = "calm";

#[derive(Serialize)]
struct FeatureCollection<'a> {
    r#type: &'static str,
    features: Vec<Feature<'a>>,
}

#[derive(Serialize)]
struct Feature<'a> {
    r#type: &'static str,
    id: &'a str,
    /// `null` for a space that is only registered.
    geometry: Option<&'a RawValue>,
    properties: Properties<'a>,
}

/// What is said of a space: `state` is `active`, `stale`, `cleared` (over, but not closed) or `calm`.
#[derive(Serialize)]
struct Properties<'a> {
    id: &'a str,
    name: &'a str,
    kind: &'a str,
    district: &'a str,
    capacity: Option<i64>,
    state: &'static str,
    severity: Option<Severity>,
    running: usize,
    unacknowledged: usize,
    open: usize,
    suppressed: usize,
}

/// Lists the spaces in the order of their ids.
pub(crate) async fn list(State(state): State<ConsoleState>) -> Response {
    let spaces = state.spaces.spaces(&state.principal);
    let sums = state.alerts.worst_by_space(&state.principal);
    let sum_of = |space: &Space| sums.get(&space.id).copied().unwrap_or_default();
    let features = spaces.iter().map(|space| feature(space, sum_of(space))).collect();
    let collection = FeatureCollection { r#type: "FeatureCollection", features };
    let text = serde_json::to_string(&collection).expect("a struct of texts and numbers is JSON");
    ([(CONTENT_TYPE, "application/geo+json")], text).into_response()
}

fn feature(space: &Space, sum: AlertSum) -> Feature<'_> {
    let properties = Properties {
        id: &space.id,
        name: &space.name,
        kind: &space.kind,
        district: &space.district,
        capacity: space.capacity,
        state: sum.worst.map_or(CALM, |(condition, _)| Condition::as_str(condition)),
        severity: sum.worst.map(|(_, severity)| severity),
        running: sum.running,
        unacknowledged: sum.unacknowledged,
        open: sum.open,
        suppressed: sum.suppressed,
    };
    Feature { r#type: "Feature", id: &space.id, geometry: serde_json::from_str(&space.geometry).ok(), properties }
}
