//! `GET /v1/alerts/stream`: transitions as server-sent events.
//!
//! Event name = the state, id = the place in the alert stream, data = the row. Behind a row by which alerts of its space
//! become suppressed, or are so no more, follows an event `suppression` that names them; it has no id. A client that names the last id it has
//! seen (`Last-Event-ID`, as browsers do when they reconnect, or `?after=`) gets everything later; one that names none
//! gets what the ring still holds, then what comes.
//!
//! A client is served page by page at its own pace, so it costs one page of memory however slow it is. One so slow that
//! the ring moves past it gets an event `gap` with the positions it missed and goes on behind them.

use crate::body::{QueryPairs, query};
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
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use vigie_alerts::feed::{AlertFeed, Gap, Head};
use vigie_model::principal::Principal;

/// Most clients following the stream at once: at one page of 1.2 kB rows each, some 80 MB.
const CLIENTS_MAX: usize = 256;
/// A comment this often keeps proxies from closing a quiet stream, and finds dead clients.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long browsers wait before they reconnect.
const RECONNECT: Duration = Duration::from_secs(2);
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
    let (principal, feed) = (state.principal, state.feed);
    let client = Client { feed, principal, head, after, ready: VecDeque::from([hello]) };
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
    feed: Arc<AlertFeed>,
    principal: Principal,
    head: watch::Receiver<Head>,
    after: Option<u64>,
    /// Events of the current page; at most a gap and two for each row.
    ready: VecDeque<Event>,
}

impl Client {
    /// The next event; `None` once the stream is closed and all of it was sent.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let is_closed = self.head.borrow_and_update().is_closed;
            let page = self.feed.page(&self.principal, self.after);
            self.after = page.after;
            self.ready.extend(page.gap.map(gap_event));
            for row in &page.rows {
                let event = Event::default().id(row.position.to_string()).event(row.state.as_str());
                self.ready.push_back(event.data(&row.json));
                self.ready
                    .extend(row.suppression.iter().map(|changed| Event::default().event("suppression").data(changed)));
            }
            if self.ready.is_empty() && page.is_last {
                if is_closed {
                    return None;
                }
                self.head.changed().await.ok()?;
            }
        }
    }
}

fn gap_event(gap: Gap) -> Event {
    metrics::counter!("vigie_console_stream_gaps_total").increment(1);
    let Gap { from, to } = gap;
    let data =
        serde_json::json!({"from": from, "to": to, "hint": "query history: these rows left the stream's memory"});
    Event::default().id(to.to_string()).event("gap").data(data.to_string())
}
