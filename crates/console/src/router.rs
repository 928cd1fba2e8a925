//! The console's routes, to be merged into the process's one listener.

use crate::alerts;
use crate::body::BODY_BYTES_MAX;
use crate::commands;
use crate::desk;
use crate::explain;
use crate::guard;
use crate::page;
use crate::problems;
use crate::refusal::as_problem;
use crate::reports;
use crate::rules;
use crate::settings;
use crate::shift;
use crate::spaces;
use crate::sql;
use crate::state::ConsoleState;
use crate::status;
use crate::stream;
#[cfg(vigie_web)]
use crate::web;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{get, post};

/// The routes listed in the [crate's documentation](crate), behind the checks of [`guard`].
///
/// Server-sent event streams end when [`vigie_alerts::feed::AlertFeed::close`] is called, so call it before waiting for
/// an orderly stop.
pub fn router(state: ConsoleState) -> Router {
    Router::new()
        .merge(front())
        .route("/simple", get(page::page))
        .route("/v1/alerts", get(alerts::list))
        .route("/v1/alerts/stream", get(stream::follow))
        .route("/v1/alerts/{id}", get(alerts::one))
        .route("/v1/alerts/{id}/explain", get(explain::one))
        .route("/v1/alerts/{id}/acknowledge", post(commands::acknowledge))
        .route("/v1/alerts/{id}/shelve", post(commands::shelve))
        .route("/v1/alerts/{id}/unshelve", post(commands::unshelve))
        .route("/v1/alerts/{id}/assign", post(commands::assign))
        .route("/v1/alerts/{id}/close", post(commands::close))
        .route("/v1/alerts/{id}/reopen", post(commands::reopen))
        .route("/v1/alerts/{id}/checklist", post(commands::checklist))
        .route("/v1/alerts/bulk", post(commands::bulk))
        .route("/v1/desk", get(desk::now))
        .route("/v1/out-of-service", post(desk::take_out))
        .route("/v1/out-of-service/{id}/return", post(desk::give_back))
        .route("/v1/mode", post(desk::mode))
        .route("/v1/test-alert", post(desk::test_alert))
        .route("/v1/incident-files", post(desk::make_file))
        .route("/v1/incident-files/{id}", post(desk::change_file))
        .route("/v1/shift", get(shift::handover))
        .route("/v1/shift/sign", post(desk::sign))
        .route("/v1/shift/sound-check", post(desk::sound_check))
        .route("/v1/reports", post(reports::enter))
        .route("/v1/settings", get(settings::now))
        .route(settings::BASEMAP, get(settings::basemap))
        .route("/v1/spaces", get(spaces::list))
        .route("/v1/status", get(status::now))
        .route("/v1/rules", get(rules::list))
        .route("/v1/rules/why-not", get(rules::why_not))
        .route("/v1/sql", post(sql::run))
        .route("/problems/{kind}", get(problems::meaning))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route_layer(from_fn_with_state(state.clone(), guard::same_site))
        .with_state(state)
        .layer(map_response(as_problem))
}

/// The page as it was built.
#[cfg(vigie_web)]
fn front() -> Router<ConsoleState> {
    Router::new().route("/", get(web::index)).route("/assets/{name}", get(web::asset))
}

/// The simple page, as there is no other.
#[cfg(not(vigie_web))]
fn front() -> Router<ConsoleState> {
    Router::new().route("/", get(page::page))
}
