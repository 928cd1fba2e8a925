//! What a server's listener answers: intake, console and health on one router, with what they share.

use crate::app::backtests_door::BacktestsDoor;
use crate::app::commands_door::CommandsDoor;
use crate::app::listener::{HealthState, health_router};
use crate::app::openapi::openapi_router;
use crate::app::pipeline::Pipeline;
use crate::app::pressure::pressure_gauge;
use crate::app::reports_door::ReportsDoor;
use crate::config::console::Console;
use crate::config::control::Prepared;
use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use std::path::Path;
use std::sync::Arc;
use vigie_console::guard::same_site;
use vigie_console::refusal::as_problem;
use vigie_console::router::router as console_router;
use vigie_console::state::{ConsoleState, PageSettings};
use vigie_ingest::intake::dead_letters::DeadLetters;
use vigie_ingest::intake::http::router as intake_router;
use vigie_ingest::spaces::registry::Registry;
use vigie_log::interner::Interner;
use vigie_model::names::NameKind;
use vigie_model::position::LogId;
use vigie_model::principal::Principal;
use vigie_store::sql::door::SqlDoor;

/// The declared spaces, and those that registered in earlier lives of the log.
pub fn registry(prepared: &Prepared, names: &Interner) -> Registry {
    let registry = prepared.registry();
    for space in (0..).map_while(|index| names.name(NameKind::Space, index)) {
        // One that is not let in any more has rows all the same.
        let _ = registry.admit(&space);
    }
    registry
}

/// Everything the listener answers.
#[expect(clippy::too_many_arguments, reason = "what the routes answer from, once")]
pub fn routes(
    prepared: &Prepared,
    data: &Path,
    log_id: &LogId,
    registry: &Arc<Registry>,
    pipeline: &Pipeline,
    dead_letters: &DeadLetters,
    sql: &Arc<SqlDoor>,
    health: HealthState,
) -> Router {
    let config = &prepared.config;
    let intake = &health.intake;
    let centre: Arc<str> = config.centre.id.as_str().into();
    let waiting = Arc::clone(&pipeline.waiting);
    let commands = CommandsDoor::new(Arc::clone(&centre), Arc::clone(log_id), intake.clone(), waiting);
    let clock = intake.clone();
    let state = ConsoleState {
        centre_name: config.centre.name.as_str().into(),
        time_zone: config.centre.time_zone.as_str().into(),
        principal: Principal::local(&centre),
        hosts: config.http.hosts.clone().into(),
        alerts: Arc::clone(&pipeline.live),
        desk: Arc::clone(&pipeline.desk),
        feed: Arc::clone(&pipeline.feed),
        commands: Arc::new(commands),
        reports: Arc::new(ReportsDoor::new(Arc::clone(&centre), intake.clone(), Arc::clone(registry))),
        page: Arc::new(page_settings(&config.console)),
        queries: Some(Arc::clone(sql) as _),
        rules: Arc::clone(&pipeline.questions) as _,
        backtests: Some(Arc::new(BacktestsDoor::new(Arc::clone(&centre), config.file.clone(), data.to_owned()))),
        spaces: Arc::clone(registry) as Arc<_>,
        log_clock: Arc::new(move || clock.log_time_ms()),
    };
    let pressure = pressure_gauge(intake.clone());
    let feeds = config.feed_specs();
    let events = intake_router(intake.clone(), Arc::clone(registry), feeds, pressure, dead_letters.clone());
    // The console's routes have this guard already; a page of another site may not send events either.
    let guarded =
        events.merge(health_router(health)).merge(openapi_router()).layer(from_fn_with_state(state.clone(), same_site));
    guarded.merge(console_router(state)).layer(map_response(as_problem))
}

fn page_settings(console: &Console) -> PageSettings {
    let Console { languages, camera_url, radio_url, basemap } = console.clone();
    PageSettings { languages, camera_url, radio_url, basemap }
}
