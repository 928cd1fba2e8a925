//! The server that is watched: where it is, what is asked of it, what it is told.

use crate::app::commands::asking::{Answer, asked};
use crate::app::commands::watch::board::Status;
use crate::app::commands::watch::dialogue::Request;
use crate::app::commands::watch::item::Item;
use crate::app::commands::watch::sse::{Heard, next};
use crate::app::lock::{Holder, holder};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::time::Duration;
use ureq::Agent;

/// How long an answer may take; a stream may last for ever.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(15);
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);
/// Says how many alerts were left out of the list.
const LEFT_OUT: &str = "vigie-left-out";
/// The largest list read.
const LIST_BYTES_MAX: u64 = 64 << 20;

/// Where the server is.
#[derive(Clone, Debug)]
pub(super) enum Whereabouts {
    /// At this address.
    Url(String),
    /// Where the lock of this data folder says, asked anew each time: a restarted server may have another port.
    Data(PathBuf),
}

/// Everything as it stands.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// The server itself.
    pub(super) status: Status,
    /// Its alerts.
    pub(super) items: Vec<Item>,
    /// How many it left out.
    pub(super) left_out: usize,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// In words.
    pub(super) words: String,
    /// The alert as it stands then.
    pub(super) item: Option<Item>,
}

/// An open stream.
pub(super) struct Stream(BufReader<Box<dyn Read + Send>>);

impl Stream {
    /// The next thing heard; `None` at the end.
    ///
    /// # Errors
    /// When the line breaks.
    pub(super) fn next(&mut self) -> io::Result<Option<Heard>> {
        next(&mut self.0)
    }
}

/// Follows and asks one server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    whereabouts: Whereabouts,
    asking: Agent,
    following: Agent,
}

impl Server {
    /// The server at these whereabouts.
    #[must_use]
    pub(super) fn new(whereabouts: Whereabouts) -> Self {
        let config = || Agent::config_builder().http_status_as_error(false).timeout_connect(Some(CONNECT_WAIT_MAX));
        Self {
            whereabouts,
            asking: config().timeout_global(Some(ANSWER_WAIT_MAX)).build().into(),
            following: config().timeout_recv_response(Some(ANSWER_WAIT_MAX)).build().into(),
        }
    }

    /// Its address now.
    ///
    /// # Errors
    /// In words, when nobody listens on the data folder.
    pub(super) fn url(&self) -> Result<String, String> {
        match &self.whereabouts {
            Whereabouts::Url(url) => Ok(url.trim_end_matches('/').to_owned()),
            Whereabouts::Data(data) => match holder(data) {
                Holder::Server(url) => Ok(url),
                Holder::Other | Holder::Nobody => Err(format!("no server runs on {}", data.display())),
            },
        }
    }

    /// Opens the stream behind the position `after`, which is set to what the server has now if there is none, and then reads
    /// everything: what changes in between comes by the stream as well.
    ///
    /// # Errors
    /// In words, when the server does not answer or refuses.
    pub(super) fn follow(&self, after: &mut Option<String>) -> Result<(Stream, Snapshot), String> {
        let url = self.url()?;
        if after.is_none() {
            *after = self.status(&url)?.position.map(|position| position.to_string());
        }
        let mut asking = self.following.get(format!("{url}/v1/alerts/stream")).header("accept", "text/event-stream");
        if let Some(after) = after {
            asking = asking.header("last-event-id", after.as_str());
        }
        let answer = asking.call().map_err(|error| error.to_string())?;
        if answer.status() != 200 {
            return Err(refused(&asked(&url, Ok(answer)).map_err(|error| error.to_string())?));
        }
        let stream = Stream(BufReader::new(Box::new(answer.into_body().into_reader())));
        Ok((stream, self.snapshot(&url)?))
    }

    /// Sends a command.
    #[must_use]
    pub(super) fn command(&self, request: &Request) -> Outcome {
        let said = |words: String| Outcome { words, item: None };
        let url = match self.url() {
            Ok(url) => url,
            Err(why) => return said(format!("not sent: {why}")),
        };
        let address = format!("{url}/v1/alerts/{}/{}", request.alert_id, request.verb);
        let sent = self.asking.post(address).header("content-type", "application/json").send(request.body.to_string());
        match asked(&url, sent) {
            Err(error) => said(format!("no answer, so it is not known whether it was done: {error}")),
            Ok(answer) if answer.status == 200 => done(request.verb, &answer.body),
            Ok(answer) => said(format!("refused: {}", refused(&answer))),
        }
    }

    fn status(&self, url: &str) -> Result<Status, String> {
        let answer =
            asked(url, self.asking.get(format!("{url}/v1/status")).call()).map_err(|error| error.to_string())?;
        read(&answer)
    }

    fn snapshot(&self, url: &str) -> Result<Snapshot, String> {
        let status = self.status(url)?;
        let mut answer = self.asking.get(format!("{url}/v1/alerts")).call().map_err(|error| error.to_string())?;
        let left_out = answer.headers().get(LEFT_OUT).and_then(|count| count.to_str().ok()?.parse().ok());
        let body = answer.body_mut().with_config().limit(LIST_BYTES_MAX).read_to_vec();
        let answer = Answer { status: answer.status().as_u16(), body: body.map_err(|error| error.to_string())? };
        Ok(Snapshot { status, items: read(&answer)?, left_out: left_out.unwrap_or_default() })
    }
}

fn read<T: for<'de> Deserialize<'de>>(answer: &Answer) -> Result<T, String> {
    if answer.status != 200 {
        return Err(refused(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|error| format!("the server's answer is not understood: {error}"))
}

fn refused(answer: &Answer) -> String {
    let words = answer.error();
    if words.is_empty() { format!("status {}", answer.status) } else { words }
}

fn done(verb: &str, body: &[u8]) -> Outcome {
    #[derive(Deserialize)]
    struct Done<'a> {
        outcome: String,
        #[serde(borrow)]
        alert: &'a RawValue,
    }
    let Ok(done) = serde_json::from_slice::<Done<'_>>(body) else {
        return Outcome { words: "the server's answer is not understood".to_owned(), item: None };
    };
    let item = Item::read(done.alert.get()).ok();
    let state = item.as_ref().map_or("", Item::handling);
    let words = match done.outcome.as_str() {
        "unchanged" => format!("it was {state} already"),
        _ => format!("{verb}: done; it is {state} now"),
    };
    Outcome { words, item }
}
