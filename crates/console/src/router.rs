//! The console's routes, to be merged into the process's one listener, and what they are.

use crate::alerts;
use crate::backtest;
use crate::body::BODY_BYTES_MAX;
use crate::commands;
use crate::described::{asking, commands as acting, desk as centre, reading, schemas};
use crate::desk;
use crate::explain;
use crate::guard;
use crate::page;
use crate::problems;
use crate::queries;
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
use axum::routing::get;
use vigie_openapi::document::Document;
use vigie_openapi::routes::Routes;

/// The routes listed in the [crate's documentation](crate), behind the checks of [`guard`].
///
/// Server-sent event streams end when [`vigie_alerts::feed::AlertFeed::close`] is called, so call it before waiting for
/// an orderly stop.
pub fn router(state: ConsoleState) -> Router {
    let (api, _) = api().split();
    api.merge(pages())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route_layer(from_fn_with_state(state.clone(), guard::same_site))
        .with_state(state)
        .layer(map_response(as_problem))
}

/// What the routes for programs are.
#[must_use]
pub fn document() -> Document {
    api().split().1
}

fn api() -> Routes<ConsoleState> {
    let routes = Routes::new()
        .get("/v1/alerts", alerts::list, reading::alerts())
        .get("/v1/alerts/stream", stream::follow, reading::stream())
        .get("/v1/alerts/{id}", alerts::one, reading::alert())
        .get("/v1/alerts/{id}/explain", explain::one, reading::explain())
        .post("/v1/alerts/{id}/acknowledge", commands::acknowledge, acting::acknowledge())
        .post("/v1/alerts/{id}/shelve", commands::shelve, acting::shelve())
        .post("/v1/alerts/{id}/unshelve", commands::unshelve, acting::unshelve())
        .post("/v1/alerts/{id}/assign", commands::assign, acting::assign())
        .post("/v1/alerts/{id}/close", commands::close, acting::close())
        .post("/v1/alerts/{id}/reopen", commands::reopen, acting::reopen())
        .post("/v1/alerts/{id}/checklist", commands::checklist, acting::checklist())
        .post("/v1/alerts/bulk", commands::bulk, acting::bulk())
        .get("/v1/desk", desk::now, centre::now())
        .post("/v1/out-of-service", desk::take_out, centre::take_out())
        .post("/v1/out-of-service/{id}/return", desk::give_back, centre::give_back())
        .post("/v1/mode", desk::mode, centre::mode())
        .post("/v1/test-alert", desk::test_alert, centre::test_alert())
        .post("/v1/incident-files", desk::make_file, centre::make_file())
        .post("/v1/incident-files/{id}", desk::change_file, centre::change_file())
        .get("/v1/shift", shift::handover, centre::handover())
        .post("/v1/shift/sign", desk::sign, centre::sign())
        .post("/v1/shift/sound-check", desk::sound_check, centre::sound_check())
        .post("/v1/reports", reports::enter, centre::enter())
        .get("/v1/settings", settings::now, centre::settings())
        .get("/v1/spaces", spaces::list, reading::space_list())
        .get("/v1/status", status::now, reading::status())
        .get("/v1/rules", rules::list, reading::rules())
        .get("/v1/rules/why-not", rules::why_not, reading::why_not())
        .post("/v1/rules/backtest", backtest::run, asking::backtest())
        .post("/v1/sql", sql::run, asking::sql())
        .get("/v1/sql/running", queries::list, asking::running())
        .delete("/v1/sql/running/{id}", queries::cancel, asking::cancel())
        .get("/problems/{kind}", problems::meaning, reading::problem());
    schemas::all()
        .into_iter()
        .chain(centre::shapes())
        .fold(routes, |routes, (name, schema)| routes.define(name, schema))
}

/// What browsers show to people: no part of the API.
fn pages() -> Router<ConsoleState> {
    front().route("/simple", get(page::page)).route(settings::BASEMAP, get(settings::basemap))
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
