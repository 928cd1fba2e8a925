//! The one HTTP listener: intake, console, health and metrics on one address.

use crate::app::health::Health;
use crate::app::keeper::KeptSets;
use crate::app::reload::standing::Standing;
use crate::exit::Failure;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use tokio::net::TcpListener;
use vigie_console::refusal::Refusal;
use vigie_log::intake::Intake;
use vigie_model::problem::ProblemKind;
use vigie_openapi::document::Document;
use vigie_openapi::operation::Operation;
use vigie_openapi::routes::Routes;
use vigie_openapi::schema::text;
use vigie_store::history::writer::History;

/// Ports tried after the first by [`bind_free`].
const PORTS_TRIED: u16 = 20;

/// What the routes of this file answer from.
#[derive(Clone)]
pub struct HealthState {
    /// How the parts are doing.
    pub health: Arc<Health>,
    /// The log's intake.
    pub intake: Intake,
    /// History.
    pub history: Arc<History>,
    /// How the files on disk stand to the rules that run.
    pub standing: Arc<Standing>,
    /// How the newest set of snapshots went.
    pub sets: Arc<KeptSets>,
    /// Recorded metrics; `None` when another part of the process already records them.
    pub metrics: Option<PrometheusHandle>,
}

/// `/healthz`, `/readyz` and `/metrics`.
pub fn health_router(state: HealthState) -> Router {
    let (routes, _) = health_routes().split();
    routes.with_state(state)
}

/// What these routes are.
#[must_use]
pub fn health_document() -> Document {
    health_routes().split().1
}

fn health_routes() -> Routes<HealthState> {
    let operation = |id, summary, description| Operation::new(id, summary, description).tag("service");
    let ready = "Alive, history commits and the roles keep up; a note when the files on disk are not what runs, or no snapshot could be written. Not: 503 with 'reasons'.";
    Routes::new()
        .get(
            "/healthz",
            healthz,
            operation("isAlive", "Whether the process is alive", "Every part runs. Not: 503 with 'reasons'.")
                .answers("text/plain", text("ok"))
                .refuses(&[ProblemKind::Unavailable]),
        )
        .get(
            "/readyz",
            readyz,
            operation("isReady", "Whether the process takes events and answers", ready)
                .answers("text/plain", text("ok, and a note if there is one"))
                .refuses(&[ProblemKind::Unavailable]),
        )
        .get(
            "/metrics",
            metrics,
            operation("getMetrics", "Metrics of the process", "The text format of Prometheus.")
                .answers("text/plain", text("One sample a line."))
                .refuses(&[ProblemKind::NotFound]),
        )
}

/// Binds exactly `address`.
///
/// # Errors
/// When it is taken or may not be bound; the text says what to do.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = "stop the process that has it, or set another [http] listen address";
        Failure::Io(format!("cannot listen on {address}: {error}; {hint}"))
    })
}

/// Binds the first free loopback port from `port` on.
///
/// # Errors
/// When twenty ports in a row are taken.
pub async fn bind_free(port: u16) -> Result<TcpListener, Failure> {
    let last = port.saturating_add(PORTS_TRIED);
    for port in port..=last {
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        if let Ok(listener) = TcpListener::bind(address).await {
            return Ok(listener);
        }
    }
    Err(Failure::Io(format!("the ports {port} to {last} of 127.0.0.1 are all taken; free one or use --port")))
}

async fn healthz(State(state): State<HealthState>) -> Response {
    verdict(&state.health.not_alive(), None)
}

async fn readyz(State(state): State<HealthState>) -> Response {
    let notes: Vec<_> = [state.standing.why_differs(), state.sets.failure()].into_iter().flatten().collect();
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    verdict(&state.health.not_ready(&state.intake, &state.history), note.as_deref())
}

async fn metrics(State(state): State<HealthState>) -> Result<Response, Refusal> {
    let elsewhere = || Refusal::new(StatusCode::NOT_FOUND, "metrics are recorded by another part of this process");
    let handle = state.metrics.ok_or_else(elsewhere)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response())
}

/// "ok", or the reasons against it; then what somebody should look at all the same.
fn verdict(reasons: &[String], note: Option<&str>) -> Response {
    if reasons.is_empty() {
        let note = note.map(|note| format!("note: {note}\n")).unwrap_or_default();
        return format!("ok\n{note}").into_response();
    }
    let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, reasons.join("; ")).member("reasons", reasons.to_vec());
    let refusal = if let Some(note) = note { refusal.member("note", note) } else { refusal };
    refusal.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    async fn told(response: Response) -> (u16, String) {
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 10_000).await.expect("a body in memory");
        (status, String::from_utf8(body.into()).expect("a body of text"))
    }

    #[tokio::test]
    async fn what_is_fine_is_a_word_and_what_is_not_a_problem_with_reasons() {
        assert_eq!(told(verdict(&[], None)).await, (200, "ok\n".to_owned()));
        assert_eq!(told(verdict(&[], Some("a file differs"))).await, (200, "ok\nnote: a file differs\n".to_owned()));
        let (status, body) = told(verdict(&["stopping".to_owned(), "a disk is full".to_owned()], Some("look"))).await;
        let expected = r#"{"type":"/problems/unavailable","title":"Not now","status":503,"detail":"stopping; a disk is full","note":"look","reasons":["stopping","a disk is full"]}"#;
        assert_eq!((status, body.as_str()), (503, expected));
    }
}
