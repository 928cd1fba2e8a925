//! Seeded events of one sender: three squares, one node, every way in which an event can be told from another.

use crate::crash::dice::Dice;
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// Values swing from high to low and back in twice this time.
const SWING_MS: u64 = 800;

/// What makes an event the same when it is sent again, in the words of the tables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// An observation with an id.
    Id(String),
    /// An observation with a number of its node.
    Sequence(String, i64),
    /// An observation that is known by its content alone; values of its metric are unique in a space.
    Content(String, u64),
    /// An incident with an id.
    Incident(String),
}

/// What was sent, as far as a row must repeat it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub key: Key,
    pub space: String,
    /// Metric of an observation, category of an incident.
    pub what: String,
    /// Value of an observation; 0 for an incident.
    pub value: u64,
    pub time_ms: u64,
}

/// A body and what is in it.
#[derive(Clone, Debug)]
pub struct Request {
    pub body: String,
    pub events: Vec<Event>,
}

/// Makes the requests of one sender.
#[derive(Debug)]
pub struct Source {
    sender: usize,
    events_per_request: u64,
    dice: Dice,
    made: u64,
    seq: i64,
}

impl Source {
    /// The source of sender number `sender`.
    pub fn new(sender: usize, events_per_request: u64, dice: Dice) -> Self {
        Self { sender, events_per_request, dice, made: 0, seq: 0 }
    }

    /// The next request, of events that happen now.
    pub fn request(&mut self) -> Request {
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let now_ms = u64::try_from(now_ms).expect("milliseconds since 1970 fit");
        let mut request = Request { body: String::new(), events: Vec::new() };
        for before_ms in (1..=self.events_per_request).rev() {
            let event = self.event(now_ms - before_ms, &mut request.body);
            request.events.push(event);
        }
        request
    }

    /// Appends the line of a new event to `body`.
    fn event(&mut self, time_ms: u64, body: &mut String) -> Event {
        let square = self.dice.below(3);
        let (space, node) = (format!("square-{}-{square}", self.sender), format!("node-{}", self.sender));
        let sensor = format!("s{}", self.dice.below(2));
        let high = (time_ms / SWING_MS + square).is_multiple_of(2);
        let jitter = self.dice.below(10);
        let kind = self.dice.below(100);
        self.made += 1;
        let id = format!("e-{}-{}", self.sender, self.made);
        let place = format!("\"space\":\"{space}\",\"time\":{time_ms}");
        let (what, value, key) = match kind {
            0..50 => ("noise_dba", if high { 80 } else { 50 } + jitter, Key::Id(id)),
            50..75 => ("people_count", if high { 60 } else { 20 } + jitter, Key::Sequence(node.clone(), self.seq)),
            75..80 => ("flow", if high { 60 } else { 35 } + jitter, Key::Id(id)),
            // A node is silent for a while, then heard again.
            80..85 if (time_ms / (4 * SWING_MS)).is_multiple_of(2) => ("heartbeat", 1, Key::Id(id)),
            80..92 => ("light", self.made, Key::Content(space.clone(), self.made)),
            _ => (if high && jitter < 3 { "theft" } else { "nuisance" }, 0, Key::Incident(id)),
        };
        let written = match &key {
            Key::Incident(id) => {
                writeln!(body, "{{\"type\":\"incident\",\"id\":\"{id}\",\"category\":\"{what}\",{place}}}")
            }
            Key::Id(id) => writeln!(
                body,
                "{{\"id\":\"{id}\",\"node\":\"{node}\",\"sensor\":\"{sensor}\",\"metric\":\"{what}\",\"value\":{value},{place}}}"
            ),
            Key::Sequence(node, seq) => {
                self.seq += 1;
                writeln!(
                    body,
                    "{{\"node\":\"{node}\",\"seq\":{seq},\"sensor\":\"{sensor}\",\"metric\":\"{what}\",\"value\":{value},{place}}}"
                )
            }
            Key::Content(..) => writeln!(body, "{{\"metric\":\"{what}\",\"value\":{value},{place}}}"),
        };
        written.expect("text can be written to a string");
        Event { key, space, what: what.to_owned(), value, time_ms }
    }
}
