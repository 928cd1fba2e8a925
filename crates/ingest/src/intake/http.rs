//! `POST /v1/events`: native events from peers.
//!
//! The reply is **202**, not 200: until the log is durable, events taken can be lost with the process, and the status
//! says so. Lines that are refused are listed and never fail their neighbours; 400 means that nothing in the body was
//! understood, 503 that nothing was taken and the same request may be sent again.
//!
//! Bounds: the body ([`BODY_BYTES_MAX`]), the time to send it ([`BODY_WAIT_S_MAX`]), events per request, and the log's
//! queue. A body is decoded where it arrives, some milliseconds at the most.

use crate::decode::feed::Feeds;
use crate::decode::names::NameCache;
use crate::decode::native::Decoder;
use crate::decode::report::Report;
use crate::intake::answer::{Refused, replied};
use crate::limits::{BODIES_MAX, BODY_BYTES_HEARD_OUT_MAX, BODY_BYTES_MAX, BODY_WAIT_S_MAX, IDLE_DECODERS_MAX};
use crate::spaces::registry::Registry;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use vigie_log::intake::{Intake, IntakeError};
use vigie_log::receipt::Receipt;
use vigie_model::batch::Events;

/// Media types of native events.
const MEDIA_TYPES: [&str; 4] = ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/json"];

/// The routes by which events come in.
pub fn router(intake: Intake, registry: Arc<Registry>, feeds: Feeds) -> Router {
    let door = Door { intake, registry, feeds, idle: Mutex::default(), bodies: Semaphore::new(BODIES_MAX) };
    Router::new().route("/v1/events", post(post_events)).with_state(Arc::new(door))
}

/// What every request needs.
struct Door {
    intake: Intake,
    registry: Arc<Registry>,
    feeds: Feeds,
    /// Decoders with warm caches. A std mutex: it is held for one push or pop, never across an await.
    idle: Mutex<Vec<Decoder>>,
    /// One permit for each body in memory.
    bodies: Semaphore,
}

#[derive(Debug, Deserialize)]
struct EventsQuery {
    feed: Option<String>,
}

async fn post_events(State(door): State<Arc<Door>>, Query(query): Query<EventsQuery>, request: Request) -> Response {
    let response = door.take(&query, request).await.into_response();
    metrics::counter!("vigie_intake_requests_total", "status" => response.status().as_str().to_owned()).increment(1);
    response
}

impl Door {
    async fn take(&self, query: &EventsQuery, request: Request) -> Result<Response, Refused> {
        let Some(feed) = self.feeds.find(query.feed.as_deref()) else {
            let known: Vec<_> = self.feeds.names().collect();
            return Err(Refused::new(
                StatusCode::BAD_REQUEST,
                format!("feed is unknown; known feeds: {}", known.join(", ")),
            ));
        };
        check_headers(request.headers())?;
        let too_many = |_| {
            Refused::new(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once; nothing was taken, send it again")
        };
        let _permit = self.bodies.try_acquire().map_err(too_many)?;
        let body = read_body(request).await?;
        metrics::counter!("vigie_intake_body_bytes_total").increment(body.len() as u64);
        if body.trim_ascii().is_empty() {
            return Err(Refused::new(StatusCode::BAD_REQUEST, "the body is empty; expected one JSON event a line"));
        }
        let (mut events, mut report) = (Events::default(), Report::default());
        let mut decoder = self.decoder();
        decoder.decode_body(feed, &body, &mut events, &mut report);
        self.give_back(decoder);
        drop(body);
        let understood = report.understood > 0 || report.rejected == 0;
        let receipt = if events.is_empty() { Receipt::default() } else { self.submit(events).await? };
        count(&feed.name, &report, &receipt);
        let (status, error) = if understood {
            (StatusCode::ACCEPTED, None)
        } else {
            (
                StatusCode::BAD_REQUEST,
                Some("nothing in the body is a JSON event; expected one JSON object a line, or an array"),
            )
        };
        Ok(replied(status, &report, receipt, error))
    }

    async fn submit(&self, events: Events) -> Result<Receipt, Refused> {
        self.intake.submit(events).await.map_err(|error| {
            let (status, why) = match error {
                IntakeError::Busy => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the queue is full; nothing was taken, send the same request again",
                ),
                IntakeError::Full => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the log has no room; nothing was taken, send the same request again later",
                ),
                IntakeError::Closed => (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the log is closed; it is unknown whether anything was taken, send the same request again later",
                ),
            };
            Refused::new(status, why)
        })
    }

    fn decoder(&self) -> Decoder {
        let idle = self.idle.lock().expect("no holder of this lock panics").pop();
        idle.unwrap_or_else(|| {
            Decoder::new(NameCache::new(Arc::clone(self.intake.interner()), Arc::clone(&self.registry)))
        })
    }

    fn give_back(&self, decoder: Decoder) {
        let mut idle = self.idle.lock().expect("no holder of this lock panics");
        if idle.len() < IDLE_DECODERS_MAX {
            idle.push(decoder);
        }
    }
}

fn check_headers(headers: &HeaderMap) -> Result<(), Refused> {
    let unsupported = |why: String| Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim().to_ascii_lowercase());
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(unsupported(
            "the content encoding is not supported; send the body without one (identity)".to_owned(),
        ));
    }
    if let Some(media_type) = text(header::CONTENT_TYPE) {
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !MEDIA_TYPES.contains(&media_type) {
            return Err(unsupported(format!(
                "the content type is not supported; expected one of {}",
                MEDIA_TYPES.join(", ")
            )));
        }
    }
    Ok(())
}

async fn read_body(request: Request) -> Result<Vec<u8>, Refused> {
    let wait = Duration::from_secs(BODY_WAIT_S_MAX);
    tokio::time::timeout(wait, hear_out(request.into_body())).await.unwrap_or_else(|_| {
        let why = format!("the body did not arrive within {BODY_WAIT_S_MAX} seconds; nothing was taken");
        Err(Refused::new(StatusCode::REQUEST_TIMEOUT, why))
    })
}

/// Reads a body to its end; see [`BODY_BYTES_HEARD_OUT_MAX`].
async fn hear_out(mut body: Body) -> Result<Vec<u8>, Refused> {
    let (mut kept, mut bytes) = (Vec::new(), 0);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let broken = |_| Refused::new(StatusCode::BAD_REQUEST, "the body broke off; nothing was taken");
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        bytes += data.len();
        if bytes <= BODY_BYTES_MAX {
            kept.extend_from_slice(&data);
        } else if bytes > BODY_BYTES_HEARD_OUT_MAX {
            break;
        }
    }
    if bytes > BODY_BYTES_MAX { Err(too_large()) } else { Ok(kept) }
}

fn too_large() -> Refused {
    let why = format!("the body is larger than {BODY_BYTES_MAX} bytes; nothing was taken, send it in pieces");
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, why)
}

/// Counts a request's events; the label is a declared feed, so the number of series is bounded.
fn count(feed: &Arc<str>, report: &Report, receipt: &Receipt) {
    let outcomes = [
        ("accepted", receipt.accepted),
        ("duplicate", receipt.duplicates),
        ("rejected", report.rejected),
        ("time_adjusted", receipt.time_adjusted),
        ("undeduplicated", receipt.undeduplicated),
    ];
    for (outcome, events) in outcomes {
        metrics::counter!("vigie_intake_events_total", "feed" => feed.to_string(), "outcome" => outcome)
            .increment(events);
    }
    metrics::counter!("vigie_intake_fields_dropped_total", "feed" => feed.to_string()).increment(report.fields_dropped);
    tracing::debug!(%feed, accepted = receipt.accepted, rejected = report.rejected, "took a request");
}

#[cfg(test)]
mod tests;
