//! The book role: folds the alert stream into the control room, which is alert book and desk, and shows the result.
//!
//! Order for each record: the room, then the live table and the desk, then the public stream, then whoever waits for a
//! command's outcome. So whoever hears of a change finds it in the table.

use dashmap::DashMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::oneshot;
use vigie_alerts::book::BookLimits;
use vigie_alerts::desk::live::LiveDesk;
use vigie_alerts::desk::view::DeskView;
use vigie_alerts::feed::{AlertFeed, SavedRows};
use vigie_alerts::live::LiveAlerts;
use vigie_alerts::room::{ControlRoom, Stepped};
use vigie_model::command::Outcome;
use vigie_model::stream::{AlertItem, AlertRecord, AppliedCommand};

/// Commands whose outcome somebody waits for, by action id.
pub type Waiting = DashMap<Arc<str>, oneshot::Sender<Outcome>>;

/// The control room at some place of the alert stream, and what was shown of it.
#[derive(Debug)]
pub struct SavedBook {
    shown: Shown,
    room: ControlRoom,
}

/// What is shown and does not follow from the room.
#[derive(Debug, Serialize, Deserialize)]
struct Shown {
    handled: u64,
    /// Place of the record that last changed the desk, and its log time.
    desk_position: u64,
    desk_at_ms: i64,
    rows: SavedRows,
}

impl SavedBook {
    /// Reads what [`BookRole::snapshot`] wrote.
    ///
    /// # Errors
    /// Why it cannot be gone on from.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let unreadable = || "the alert book cannot be read".to_owned();
        let (length, rest) = bytes.split_first_chunk().ok_or_else(unreadable)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| unreadable())?;
        let (shown, room) = rest.split_at_checked(length).ok_or_else(unreadable)?;
        let shown = serde_json::from_slice(shown).map_err(|_| unreadable())?;
        let room = ControlRoom::restore(room, BookLimits::default()).map_err(|error| error.to_string())?;
        Ok(Self { shown, room })
    }
}

/// A fold over the alert stream.
#[derive(Debug)]
pub struct BookRole {
    room: ControlRoom,
    live: Arc<LiveAlerts>,
    desk: Arc<LiveDesk>,
    feed: Arc<AlertFeed>,
    waiting: Arc<Waiting>,
}

impl BookRole {
    /// A role at the beginning of an alert stream.
    #[must_use]
    pub fn new(live: Arc<LiveAlerts>, desk: Arc<LiveDesk>, feed: Arc<AlertFeed>, waiting: Arc<Waiting>) -> Self {
        Self { room: ControlRoom::default(), live, desk, feed, waiting }
    }

    /// A role that goes on, and shows at once how everything stood.
    #[must_use]
    pub fn resumed(
        saved: SavedBook,
        live: Arc<LiveAlerts>,
        desk: Arc<LiveDesk>,
        feed: Arc<AlertFeed>,
        waiting: Arc<Waiting>,
    ) -> Self {
        let SavedBook { shown: Shown { handled, desk_position, desk_at_ms, rows }, room } = saved;
        live.show(room.book(), handled);
        desk.show(Arc::new(DeskView { at_ms: desk_at_ms, ..room.desk().view(desk_position) }));
        feed.resume(rows);
        Self { room, live, desk, feed, waiting }
    }

    /// The room and what is shown of it, as bytes that [`SavedBook::read`] reads.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let desk = self.desk.newest();
        let shown = Shown {
            handled: self.live.handled(),
            desk_position: desk.position,
            desk_at_ms: desk.at_ms,
            rows: self.feed.saved(),
        };
        let shown = serde_json::to_vec(&shown).expect("texts and numbers are always JSON");
        [&(shown.len() as u64).to_le_bytes()[..], &shown, &self.room.snapshot()].concat()
    }

    /// Takes the next record of the alert stream; returns the command with its outcome, if it was one.
    pub fn step(&mut self, record: &AlertRecord) -> Option<AppliedCommand> {
        if let AlertItem::Transition(transition) = &record.item {
            metrics::counter!("vigie_transitions_total", "state" => transition.state.as_str()).increment(1);
        }
        let Stepped { applied, desk } = self.room.apply(record);
        let desk_has_changed = desk.is_some();
        self.live.apply(&applied);
        if let Some(desk) = desk {
            self.desk.show(desk);
        }
        for gone in applied.evicted.iter().filter(|gone| gone.condition.is_running()) {
            // Only beyond the book's bound of running alerts: somebody must know that the page no longer shows all.
            tracing::warn!(
                alert_id = gone.id().as_str(),
                space = gone.space().as_ref(),
                "a running alert left the full book"
            );
            metrics::counter!("vigie_alerts_evicted_total").increment(1);
        }
        self.feed.push(record, &applied, desk_has_changed);
        if let Some(command) = &applied.command
            && let Some((_, waiter)) = self.waiting.remove(&command.command.action_id)
        {
            // The caller may have hung up; its command stands all the same.
            let _ = waiter.send(command.outcome);
        }
        applied.command
    }
}
