//! `GET /v1/alerts/stream`: transitions as server-sent events.
//!
//! The id of an event is the place of its record in the alert stream. A record may be told in several events:
//!
//! | event | data |
//! |---|---|
//! | `active`, `stale`, `resumed`, `escalated`, `cleared` | the transition |
//! | `suppression` | alerts of its space that become suppressed by it, or are so no more |
//! | `handling` | an alert that opened, or that a person, the clock or the desk changed, as it stands now |
//! | `desk` | the desk as `GET /v1/desk` tells it: first once the client has caught up, then when it changed, at most twice a second |
//! | `gap` | positions that are not told one by one: they left the memory, or changed very many alerts. List the alerts anew |
//! | `tick` | the newest tick that was folded, at most once a second and without an id. When none comes, nothing is judged |
//!
//! A client that names the last id it has seen (`Last-Event-ID`, as browsers do when they reconnect, or `?after=`) gets
//! what else there is of that record, as its connection may have ended in the middle of it, and everything later; one that
//! names none gets what the ring still holds, then what comes.
//!
//! A client is served page by page at its own pace, so it costs one page of memory however slow it is. One so slow that
//! the ring moves past it gets an event `gap` with the positions it missed and goes on behind them.

use crate::body::{QueryPairs, query};
use crate::looker::desk_value;
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::unfold;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::iter;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use vigie_alerts::feed::{Gap, Head, Ticked, Told};
use vigie_model::time::format_utc;

/// Most clients following the stream at once: at one page of 1.2 kB rows each, some 80 MB.
const CLIENTS_MAX: usize = 256;
/// A comment this often keeps proxies from closing a quiet stream, and finds dead clients.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long browsers wait before they reconnect.
const RECONNECT: Duration = Duration::from_secs(2);
/// Ticks are told at most this often, however fast log time goes.
const TICK_EVERY: Duration = Duration::from_secs(1);
/// The desk is told at most this often: in a flood it changes with every alert.
const DESK_EVERY: Duration = Duration::from_millis(500);
const LAST_EVENT_ID: &str = "last-event-id";

/// Follows the stream.
pub(crate) async fn follow(
    State(state): State<ConsoleState>,
    pairs: Result<Query<QueryPairs>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let after = resume_point(&query(pairs, &["after"])?, &headers)?;
    let head = state.feed.follow();
    if state.feed.followers() > CLIENTS_MAX {
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too many clients follow the stream");
        return Err(refusal.expected(format!("at most {CLIENTS_MAX}")).retry_after_s(10));
    }
    let hello = Event::default().retry(RECONNECT).comment("transitions follow");
    let rest = after.map(|after| (after, state.feed.rest_of(&state.principal, after)));
    let rest = rest.iter().flat_map(|(after, parts)| parts.iter().filter_map(|part| part_event(*after, &part.told)));
    let (ready, now) = (iter::once(hello).chain(rest).collect(), Instant::now());
    let client = Client { state, head, after, ready, tick_at: now, told: None, desk_waits: true, desk_at: now };
    let events = unfold(client, |mut client| async {
        let event = client.next().await?;
        Some((Ok::<_, Infallible>(event), client))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive")).into_response())
}

/// The position after which to go on; a header sent on reconnecting is newer than the address.
fn resume_point(pairs: &QueryPairs, headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let header = headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("?"));
    let asked = header.map(|text| ("Last-Event-ID", text)).filter(|(_, text)| !text.is_empty());
    let asked = asked.or_else(|| pairs.last().map(|(name, text)| (name.as_str(), text.as_str())));
    let Some((name, text)) = asked else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        Refusal::bad_request(format!("'{name}' is not a position"))
            .expected("the id of the last event seen, a whole number")
    })
}

/// One client's place in the stream.
struct Client {
    state: ConsoleState,
    head: watch::Receiver<Head>,
    after: Option<u64>,
    /// Events of the current page; at most a gap, and two and [`vigie_alerts::feed::HANDLING_TOLD_MAX`] for each row.
    ready: VecDeque<Event>,
    /// When the next tick may be told.
    tick_at: Instant,
    /// The tick that was told last.
    told: Option<Ticked>,
    /// Whether the desk may have changed since it was told.
    desk_waits: bool,
    /// When it may be told again.
    desk_at: Instant,
}

impl Client {
    /// The next event; `None` once the stream is closed and all of it was sent.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.tick() {
                return Some(event);
            }
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let is_closed = self.head.borrow_and_update().is_closed;
            let page = self.state.feed.page(&self.state.principal, self.after);
            self.after = page.after;
            self.ready.extend(page.gap.map(gap_event));
            for row in &page.rows {
                self.desk_waits |= row.parts.iter().any(|part| part.told == Told::Desk);
                self.ready.extend(row.parts.iter().filter_map(|part| part_event(row.position, &part.told)));
            }
            if self.ready.is_empty() && page.is_last {
                if is_closed {
                    return None;
                }
                if let Some(event) = self.desk() {
                    return Some(event);
                }
                let next_at = if self.desk_waits { self.desk_at.min(self.tick_at) } else { self.tick_at };
                tokio::select! {
                    changed = self.head.changed() => changed.ok()?,
                    () = sleep_until(next_at) => {}
                }
            }
        }
    }

    /// The desk as it stands, if it may have changed and was told long enough ago. The client has had every row up to
    /// `after`, so that is the event's id; whoever reconnects is told of the desk in any case.
    fn desk(&mut self) -> Option<Event> {
        let now = Instant::now();
        if !self.desk_waits || now < self.desk_at {
            return None;
        }
        (self.desk_waits, self.desk_at) = (false, now + DESK_EVERY);
        let event = Event::default().event("desk").data(desk_value(&self.state).to_string());
        Some(match self.after {
            Some(after) => event.id(after.to_string()),
            None => event,
        })
    }

    /// The newest tick, if it is news and the last one was told long enough ago.
    fn tick(&mut self) -> Option<Event> {
        let now = Instant::now();
        if now < self.tick_at {
            return None;
        }
        self.tick_at = now + TICK_EVERY;
        let tick = self.head.borrow().tick.filter(|tick| Some(*tick) != self.told)?;
        self.told = Some(tick);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let data = serde_json::json!({
            "log_time": format_utc(tick.log_time_ms),
            "tick_time": format_utc(tick.tick_ms),
            "wall_time": format_utc(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        });
        Some(Event::default().event("tick").data(data.to_string()))
    }
}

/// The event of a part; `None` for the desk, which is told as it stands once a client has caught up.
fn part_event(position: u64, told: &Told) -> Option<Event> {
    let event = |name, data: &str| Event::default().id(position.to_string()).event(name).data(data);
    Some(match told {
        Told::Transition { state, json } => event(state.as_str(), json),
        Told::Suppression(json) => event("suppression", json),
        Told::Handling(json) => event("handling", json),
        Told::TooMany => gap_event(Gap { from: position, to: position }),
        Told::Desk => return None,
    })
}

fn gap_event(gap: Gap) -> Event {
    metrics::counter!("vigie_console_stream_gaps_total").increment(1);
    let Gap { from, to } = gap;
    let data =
        serde_json::json!({"from": from, "to": to, "hint": "query history: these rows left the stream's memory"});
    Event::default().id(to.to_string()).event("gap").data(data.to_string())
}
