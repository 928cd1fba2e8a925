//! The list of alerts and how far it may be trusted: a fold over what the server says, on a clock handed in.
//!
//! **Invariants**
//! - What an alert's `offset` says it knows already changes nothing, so the list may be read while events come.
//! - A list without connection, or of a Vigie that judges no more, has an [`Alarm`].

use crate::app::commands::watch::item::{Inhibitor, Item};
use crate::app::commands::watch::sse::Event;
use serde::Deserialize;
use std::cmp::Reverse;
use std::collections::HashMap;
use vigie_model::time::parse_rfc3339_ms;

/// Most alerts kept; of more, the oldest that are over go first.
const ITEMS_MAX: usize = 20_000;
/// How long there may be no byte: the server sends a sign every 15 seconds.
pub(super) const SILENCE_MS_MAX: i64 = 20_000;

/// What a server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Status {
    /// The centre's name.
    pub(super) name: String,
    /// Its IANA time zone.
    pub(super) time_zone: String,
    /// Log time.
    pub(super) log_time_ms: i64,
    /// Position of the newest transition.
    pub(super) position: Option<u64>,
}

/// Whether the server is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Link {
    /// The list was read and events come; since when, by our own clock.
    Live { since_ms: i64, tick_ms: Option<i64>, heard_ms: i64 },
    /// Not, or not yet.
    Lost { since_ms: i64, why: String },
}

/// Why the list must not be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The server is not heard.
    NoConnection {
        /// For how long.
        for_ms: i64,
        /// Why.
        why: String,
    },
    /// The server is heard, but its log time stands still: nothing is judged.
    NoTick {
        /// For how long.
        for_ms: i64,
    },
}

/// What an event changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// An alert: what happened, at which log time, and how it stands now.
    Alert {
        /// One word: the transition, or the handling.
        what: String,
        /// When.
        log_ms: i64,
        /// How it stands now.
        item: Box<Item>,
    },
    /// Rows were missed: the list has to be read again.
    Gap,
    /// More alerts changed than were named: the list has to be read again.
    Unnamed,
}

#[derive(Deserialize)]
struct Suppression {
    alerts: Vec<Suppressed>,
    left_out: usize,
}

#[derive(Deserialize)]
struct Suppressed {
    alert_id: String,
    inhibited_by: Option<Inhibitor>,
    offset: u64,
}

#[derive(Deserialize)]
struct Tick {
    log_time: String,
}

/// The list.
#[derive(Clone, Debug)]
pub(super) struct Board {
    items: HashMap<String, Item>,
    status: Status,
    link: Link,
    tick_wait_ms: i64,
    /// Alerts the server left out of its answer.
    left_out: usize,
}

impl Board {
    /// An empty list that waits for its server. Longer than `tick_wait_ms` without a tick means that nothing is judged.
    #[must_use]
    pub(super) fn new(now_ms: i64, tick_wait_ms: i64) -> Self {
        let link = Link::Lost { since_ms: now_ms, why: "not connected yet".to_owned() };
        Self { items: HashMap::new(), status: Status::default(), link, tick_wait_ms, left_out: 0 }
    }

    /// The server was asked for everything.
    pub(super) fn read(&mut self, status: Status, items: Vec<Item>, left_out: usize, now_ms: i64) {
        self.items = items.into_iter().map(|item| (item.alert_id.clone(), item)).collect();
        self.status = Status { log_time_ms: status.log_time_ms.max(self.status.log_time_ms), ..status };
        self.left_out = left_out;
        let tick_ms = match self.link {
            Link::Live { tick_ms, .. } => tick_ms,
            Link::Lost { .. } => None,
        };
        self.link = Link::Live { since_ms: now_ms, tick_ms, heard_ms: now_ms };
    }

    /// Something came over the line.
    pub(super) fn heard(&mut self, now_ms: i64) {
        if let Link::Live { heard_ms, .. } = &mut self.link {
            *heard_ms = now_ms;
        }
    }

    /// The line broke. The list began to be old then, whatever further attempts say.
    pub(super) fn lost(&mut self, why: String, now_ms: i64) {
        let since_ms = match self.link {
            Link::Live { heard_ms, .. } => heard_ms.min(now_ms),
            Link::Lost { since_ms, .. } => since_ms,
        };
        self.link = Link::Lost { since_ms, why };
    }

    /// Whether the line is open and yet nothing comes, not even signs: it has to be given up.
    #[must_use]
    pub(super) fn is_silent(&self, now_ms: i64) -> bool {
        matches!(self.link, Link::Live { heard_ms, .. } if now_ms - heard_ms > SILENCE_MS_MAX)
    }

    /// Why the list must not be trusted, if so.
    #[must_use]
    pub(super) fn alarm(&self, now_ms: i64) -> Option<Alarm> {
        match &self.link {
            Link::Lost { since_ms, why } => Some(Alarm::NoConnection { for_ms: now_ms - since_ms, why: why.clone() }),
            Link::Live { since_ms, tick_ms, .. } => {
                let for_ms = now_ms - tick_ms.unwrap_or(*since_ms);
                (for_ms > self.tick_wait_ms).then_some(Alarm::NoTick { for_ms })
            }
        }
    }

    /// Takes an event in.
    ///
    /// # Errors
    /// When it is not what its name says.
    pub(super) fn take(&mut self, event: &Event, now_ms: i64) -> Result<Vec<Change>, serde_json::Error> {
        self.heard(now_ms);
        Ok(match event.name.as_str() {
            "gap" => vec![Change::Gap],
            "tick" => {
                self.tick(&event.data, now_ms)?;
                Vec::new()
            }
            "suppression" => self.suppressed(serde_json::from_str(&event.data)?),
            "handling" => {
                let item = Item::read(&event.data)?;
                self.handled(item).into_iter().collect()
            }
            "active" | "stale" | "resumed" | "escalated" | "cleared" => {
                let row = Item::read(&event.data)?;
                self.moved(row).into_iter().collect()
            }
            // What later servers tell besides is none of the list's business.
            _ => Vec::new(),
        })
    }

    /// An alert as a command's answer shows it.
    pub(super) fn replace(&mut self, item: Item) {
        if self.items.get(&item.alert_id).is_none_or(|known| known.offset <= item.offset) {
            self.items.insert(item.alert_id.clone(), item);
        }
    }

    /// What the server said of itself.
    #[must_use]
    pub(super) fn status(&self) -> &Status {
        &self.status
    }

    /// Alerts the server left out of its answer.
    #[must_use]
    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// How many alerts are handled so.
    #[must_use]
    pub(super) fn count(&self, handling: &str) -> usize {
        self.items.values().filter(|item| item.handling() == handling).count()
    }

    /// The alerts somebody has to deal with: unacknowledged first, then the worst, then the newest.
    #[must_use]
    pub(super) fn listed(&self) -> Vec<&Item> {
        let is_listed = |item: &&Item| item.is_open() || item.handling() == "acknowledged";
        let mut listed: Vec<_> = self.items.values().filter(is_listed).collect();
        listed.sort_by_key(|item| (Reverse((item.is_open(), item.severity, item.since_ms)), item.alert_id.clone()));
        listed
    }

    fn tick(&mut self, data: &str, now_ms: i64) -> Result<(), serde_json::Error> {
        let tick: Tick = serde_json::from_str(data)?;
        self.told(parse_rfc3339_ms(&tick.log_time).unwrap_or_default());
        if let Link::Live { tick_ms, .. } = &mut self.link {
            *tick_ms = Some(now_ms);
        }
        Ok(())
    }

    fn told(&mut self, log_ms: i64) {
        self.status.log_time_ms = self.status.log_time_ms.max(log_ms);
    }

    /// A transition. In plain mode it is a change also when the list knew it, as it comes exactly once.
    fn moved(&mut self, row: Item) -> Option<Change> {
        self.told(row.log_ms);
        let (what, log_ms) = (row.state.clone(), row.log_ms);
        let mut item = match self.items.get(&row.alert_id) {
            Some(known) if known.offset >= row.offset => {
                return Some(Change::Alert { what, log_ms, item: Box::new(known.clone()) });
            }
            Some(known) => Item { offset: row.offset, severity: row.severity, ..known.clone() },
            None => row.clone(),
        };
        item.state = match row.state.as_str() {
            "resumed" => "active".to_owned(),
            "escalated" => self.items.get(&row.alert_id).map_or("active", |known| known.state.as_str()).to_owned(),
            _ => row.state,
        };
        self.items.insert(item.alert_id.clone(), item.clone());
        self.forget_oldest();
        Some(Change::Alert { what, log_ms, item: Box::new(item) })
    }

    /// An alert as it stands now, told when it opens and when somebody did something; a resumed stream may repeat it.
    fn handled(&mut self, item: Item) -> Option<Change> {
        let what = match self.items.get(&item.alert_id) {
            Some(known) if known.offset > item.offset => None,
            Some(known) => item.deed_since(known).map(str::to_owned),
            None => Some(item.handling().to_owned()),
        };
        let log_ms = self.status.log_time_ms.max(item.log_ms);
        let change = what.map(|what| Change::Alert { what, log_ms, item: Box::new(item.clone()) });
        self.replace(item);
        self.forget_oldest();
        change
    }

    fn suppressed(&mut self, suppression: Suppression) -> Vec<Change> {
        let mut changes = Vec::new();
        for Suppressed { alert_id, inhibited_by, offset } in suppression.alerts {
            let Some(item) = self.items.get_mut(&alert_id).filter(|known| known.offset <= offset) else { continue };
            item.offset = offset;
            item.inhibited_by = inhibited_by;
            if item.inhibited_by.is_none() && item.handling.as_deref() == Some("suppressed") {
                item.handling = None;
            }
            let what = if item.inhibited_by.is_some() { "suppressed" } else { "unsuppressed" };
            let log_ms = self.status.log_time_ms;
            changes.push(Change::Alert { what: what.to_owned(), log_ms, item: Box::new(item.clone()) });
        }
        changes.extend((suppression.left_out > 0).then_some(Change::Unnamed));
        changes
    }

    fn forget_oldest(&mut self) {
        if self.items.len() <= ITEMS_MAX {
            return;
        }
        let mut over: Vec<_> = self.items.values().filter(|item| item.state == "cleared").collect();
        over.sort_by_key(|item| item.offset);
        let forgotten: Vec<_> = over.iter().take(ITEMS_MAX / 10).map(|item| item.alert_id.clone()).collect();
        for id in forgotten {
            self.items.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests;
