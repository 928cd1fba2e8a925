//! `POST /v1/events`: native events and Arrow IPC from peers.
//!
//! **200** says that what was accepted is in the log, as durably as [`Intake::submit`] promises. Lines that are refused
//! are listed, leave a dead letter and never fail their neighbours; 400 means that nothing in the body was understood, or
//! that its Arrow IPC is not whole: then nothing was taken.
//! **429 and 503** mean that nothing of the request was taken, and `Retry-After` says when the same request may be sent
//! again: 503 when a queue or the log is full, 429 when the log is so short of room that observations are shed and the
//! request holds nothing else. Observations shed from a request that also holds incidents or perceptions are listed with
//! the reason `shed`. After **500** it is unknown whether anything was taken: sent again, what has an id adds nothing.
//!
//! Bounds: the body as sent ([`BODY_BYTES_MAX`](crate::limits::BODY_BYTES_MAX)) and decoded
//! ([`DECODED_BYTES_MAX`](crate::limits::DECODED_BYTES_MAX)), the time to send it, the memory of all bodies
//! ([`BODIES_BYTES_MAX`]), lines per request, and the log's queue. A small body is decoded where it arrives, without
//! waiting for anything in between, and of large ones only as many at one time as there are cores, so that decoded bodies
//! are few.

use crate::decode::arrow_ipc::body::{decode_body, room_for};
use crate::decode::arrow_ipc::error::Unreadable;
use crate::decode::feed::{FeedSpec, Feeds};
use crate::decode::names::NameCache;
use crate::decode::native::Decoder;
use crate::decode::report::Report;
use crate::intake::answer::{LOG_RETRY_S, QUEUE_RETRY_S, Refused, replied};
use crate::intake::aside::Aside;
use crate::intake::body::{Held, Unread, discard, no_room, read};
use crate::intake::dead_letters::DeadLetters;
use crate::intake::dead_letters::letter::Origin;
use crate::intake::described;
use crate::intake::encoding::{Encoding, Undecodable};
use crate::intake::pressure::{Pressure, Shortage, holds_observations_only, shed_observations};
use crate::limits::{BODIES_BYTES_MAX, IDLE_DECODERS_MAX};
use crate::spaces::registry::Registry;
use axum::Router;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::{Semaphore, SemaphorePermit};
use vigie_log::intake::{Intake, IntakeError};
use vigie_log::receipt::Receipt;
use vigie_model::batch::Events;
use vigie_openapi::document::Document;
use vigie_openapi::routes::Routes;

/// Media types, and how their bodies are read.
const MEDIA_TYPES: [(&str, Format); 6] = [
    ("application/x-ndjson", Format::Native),
    ("application/ndjson", Format::Native),
    ("application/jsonl", Format::Native),
    ("application/json", Format::Native),
    ("application/vnd.apache.arrow.stream", Format::Arrow),
    ("application/vnd.apache.arrow.file", Format::Arrow),
];

/// How a body holds events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Native,
    Arrow,
}

/// What tells how much the log can take; asked once per request.
pub type PressureGauge = Arc<dyn Fn() -> Pressure + Send + Sync>;

/// The routes by which events come in. Refused lines go to `dead_letters`.
pub fn router(
    intake: Intake,
    registry: Arc<Registry>,
    feeds: Feeds,
    pressure: PressureGauge,
    dead_letters: DeadLetters,
) -> Router {
    let door = Door {
        intake,
        registry,
        feeds,
        pressure,
        dead_letters,
        requests: AtomicU64::new(0),
        idle: Mutex::default(),
        room: Semaphore::new(BODIES_BYTES_MAX),
        large: Aside::new(),
    };
    let (routes, _) = routes().split();
    routes.with_state(Arc::new(door))
}

/// What the routes are.
#[must_use]
pub fn document() -> Document {
    routes().split().1
}

fn routes() -> Routes<Arc<Door>> {
    let operation = described::events(MEDIA_TYPES.map(|(media_type, format)| (media_type, format == Format::Native)));
    Routes::new().post("/v1/events", post_events, operation)
}

/// What every request needs.
struct Door {
    intake: Intake,
    registry: Arc<Registry>,
    feeds: Feeds,
    pressure: PressureGauge,
    dead_letters: DeadLetters,
    /// How many there were.
    requests: AtomicU64,
    /// Decoders with warm caches. A std mutex: it is held for one push or pop, never across an await.
    idle: Mutex<Vec<Decoder>>,
    /// One permit for each byte of a body in memory.
    room: Semaphore,
    /// Where large bodies are decoded.
    large: Aside,
}

#[derive(Debug, Deserialize)]
struct EventsQuery {
    feed: Option<String>,
}

/// A request that may send its body.
struct Admitted<'a> {
    feed: &'a FeedSpec,
    encoding: Encoding,
    format: Format,
    /// What is short, when observations are to be shed.
    shedding: Option<Shortage>,
    origin: Origin,
}

async fn post_events(State(door): State<Arc<Door>>, Query(query): Query<EventsQuery>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let response = match door.admit(&query, &head) {
        Ok(admitted) => match read(body, &door.room).await {
            Ok(held) => door.take(&admitted, held).await.into_response(),
            Err(unread) => door.refuse_unread(&admitted, unread).into_response(),
        },
        Err(refused) => {
            // A sender that asked first, and waits for an answer, has not sent its body.
            if !head.headers.contains_key(header::EXPECT) {
                discard(body).await;
            }
            refused.into_response()
        }
    };
    metrics::counter!("vigie_intake_requests_total", "status" => response.status().as_str().to_owned()).increment(1);
    response
}

impl Door {
    /// Judges a request by its head.
    fn admit(&self, query: &EventsQuery, head: &Parts) -> Result<Admitted<'_>, Refused> {
        let Some(feed) = self.feeds.find(query.feed.as_deref()) else {
            let known: Vec<_> = self.feeds.names().collect();
            return Err(Refused::new(
                StatusCode::BAD_REQUEST,
                format!("feed is unknown; known feeds: {}", known.join(", ")),
            ));
        };
        let unsupported = |why| Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
        let encoding = Encoding::of(&head.headers).map_err(|why| unsupported(why.to_owned()))?;
        let format = format_of(&head.headers).map_err(unsupported)?;
        let shedding = match (self.pressure)() {
            Pressure::None => None,
            Pressure::Shed(shortage) => Some(shortage),
            Pressure::Full(Shortage { why, retry_s }) => {
                let why = format!("{why}; nothing was taken, send the same request again later");
                return Err(Refused::for_now(StatusCode::SERVICE_UNAVAILABLE, retry_s, why));
            }
        };
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let origin = Origin {
            time_ms: i64::try_from(since_epoch.as_millis()).unwrap_or_default(),
            feed: Arc::clone(&feed.name),
            peer: head.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer),
            request: self.requests.fetch_add(1, Ordering::Relaxed) + 1,
        };
        Ok(Admitted { feed, encoding, format, shedding, origin })
    }

    async fn take(&self, admitted: &Admitted<'_>, held: Held<'_>) -> Result<Response, Refused> {
        metrics::counter!("vigie_intake_body_bytes_total").increment(held.bytes.len() as u64);
        let (mut events, mut report) = (Events::default(), Report::of_request());
        // Until the log has answered: the rows take the place of the text.
        let length = admitted.encoding.expected_length(held.bytes.len());
        let _room = self.large.run(length, || self.decode(admitted, held, &mut events, &mut report)).await?;
        let mut shed_note = None;
        if let Some(Shortage { why, retry_s }) = admitted.shedding.as_ref().filter(|_| !events.observations.is_empty())
        {
            let all = holds_observations_only(&events);
            let feed = &admitted.feed.name;
            metrics::counter!("vigie_intake_events_total", "feed" => feed.to_string(), "outcome" => "shed")
                .increment(events.observations.len() as u64);
            if all {
                let why = format!("{why}, observations are shed; nothing was taken, send the same request again later");
                return Err(Refused::for_now(StatusCode::TOO_MANY_REQUESTS, *retry_s, why));
            }
            shed_observations(&mut events, &mut report);
            let shed = report.shed;
            shed_note = Some(format!("{shed} observations were shed: {why}; send them again in {retry_s} seconds"));
        }
        let receipt = if events.is_empty() { Receipt::default() } else { self.submit(events).await? };
        self.dead_letters.lines(&admitted.origin, &report.refused);
        count(&admitted.feed.name, &report, &receipt);
        let understood = report.understood > 0 || report.rejected == 0;
        let not_understood = "nothing in the body is a JSON event; expected one JSON object a line, or an array";
        Ok(replied(&report, receipt, (!understood).then_some(not_understood), shed_note))
    }

    /// Undoes the encoding and decodes the events; returns the room that the rows need.
    fn decode<'a>(
        &'a self,
        admitted: &Admitted<'_>,
        held: Held<'a>,
        events: &mut Events,
        report: &mut Report,
    ) -> Result<SemaphorePermit<'a>, Refused> {
        let Held { bytes, mut room } = held;
        let text = admitted.encoding.undo(&bytes).map_err(|error| {
            let (status, kind) = match error {
                Undecodable::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the decoded body is too large"),
                Undecodable::TooDense => (StatusCode::PAYLOAD_TOO_LARGE, "the decoded body grows too much"),
                Undecodable::Corrupt(_) => (StatusCode::BAD_REQUEST, "the body cannot be decoded"),
            };
            self.dead_letters.body(&admitted.origin, bytes.len(), Some(blake3::hash(&bytes)), kind);
            Refused::new(status, error.to_string())
        })?;
        if text.trim_ascii().is_empty() {
            return Err(Refused::new(StatusCode::BAD_REQUEST, "the body is empty; expected one JSON event a line"));
        }
        let unreadable = |error: &Unreadable| {
            self.dead_letters.body(&admitted.origin, text.len(), Some(blake3::hash(&text)), error.kind());
            Refused::new(StatusCode::BAD_REQUEST, format!("{error}; nothing was taken"))
        };
        let needed = match admitted.format {
            Format::Native => text.len(),
            Format::Arrow => room_for(&text).map_err(|error| unreadable(&error))?.max(text.len()),
        };
        let grown = u32::try_from(needed.saturating_sub(bytes.len())).expect("a decoded body is below 4 GiB");
        room.merge(self.room.try_acquire_many(grown).map_err(|_| no_room())?);
        let mut decoder = self.decoder();
        match admitted.format {
            Format::Native => decoder.decode_body(admitted.feed, &text, events, report),
            Format::Arrow => decode_body(decoder.names(), admitted.feed, &text, events, report)
                .map_err(|error| unreadable(&error))?,
        }
        self.give_back(decoder);
        Ok(room)
    }

    fn refuse_unread(&self, admitted: &Admitted<'_>, unread: Unread) -> Refused {
        if let Unread::TooLarge { bytes, hash } = unread {
            self.dead_letters.body(&admitted.origin, bytes, hash, "the body is too large");
        }
        unread.into()
    }

    async fn submit(&self, events: Events) -> Result<Receipt, Refused> {
        self.intake.submit(events).await.map_err(|error| match error {
            IntakeError::Busy => Refused::for_now(
                StatusCode::SERVICE_UNAVAILABLE,
                QUEUE_RETRY_S,
                "the queue is full; nothing was taken, send the same request again",
            ),
            IntakeError::Full => Refused::for_now(
                StatusCode::SERVICE_UNAVAILABLE,
                LOG_RETRY_S,
                "the log has no room; nothing was taken, send the same request again later",
            ),
            IntakeError::Closed => Refused::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the log is closed; it is unknown whether anything was taken, send the same request again later",
            ),
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

fn format_of(headers: &HeaderMap) -> Result<Format, String> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(Format::Native) };
    let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let named = value.split(';').next().unwrap_or_default().trim();
    let known = MEDIA_TYPES.iter().find(|(media_type, _)| *media_type == named);
    known.map(|(_, format)| *format).ok_or_else(|| {
        let expected: Vec<_> = MEDIA_TYPES.iter().map(|(media_type, _)| *media_type).collect();
        format!("the content type is not supported; expected one of {}", expected.join(", "))
    })
}

/// Counts a request's events; the label is a declared feed, so the number of series is bounded.
fn count(feed: &Arc<str>, report: &Report, receipt: &Receipt) {
    let outcomes = [
        ("accepted", receipt.accepted),
        ("duplicate", receipt.duplicates),
        ("rejected", report.rejected - report.shed),
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
