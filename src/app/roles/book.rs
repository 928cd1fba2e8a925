//! The book role: folds the alert stream into the control room, which is alert book and desk, and shows the result.
//!
//! Order for each record: the room, then the live table and the desk, then the public stream, then whoever waits for a
//! command's outcome. So whoever hears of a change finds it in the table.

use dashmap::DashMap;
use std::sync::Arc;
use tokio::sync::oneshot;
use vigie_alerts::desk::live::LiveDesk;
use vigie_alerts::feed::AlertFeed;
use vigie_alerts::live::LiveAlerts;
use vigie_alerts::room::{ControlRoom, Stepped};
use vigie_model::command::Outcome;
use vigie_model::stream::{AlertItem, AlertRecord, AppliedCommand};

/// Commands whose outcome somebody waits for, by action id.
pub type Waiting = DashMap<Arc<str>, oneshot::Sender<Outcome>>;

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
