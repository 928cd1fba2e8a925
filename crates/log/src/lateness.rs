//! Which observations are late: not later than the newest of their series.
//!
//! A series is (space, metric, member), the member being the sensor, else the node, else one anonymous member. The flag
//! is for history and for people; the rule engine judges lateness itself, per rule and key (RULES.md, "Time and order").

use hashbrown::HashMap;
use vigie_model::batch::{ObservationRow, Quality};
use vigie_model::names::{NO_NAME, NameIx};

/// Series whose newest event time is remembered; further ones are never flagged; some 210 MB when full.
pub const SERIES_MAX: usize = 4 << 20;

/// The newest event time of every series.
#[derive(Debug, Default)]
pub struct Lateness {
    newest_ms: HashMap<(NameIx, NameIx, Member), i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Member {
    Sensor(NameIx),
    Node(NameIx),
    Anonymous,
}

impl Lateness {
    /// Whether a row is late; remembers its event time. Only values of good quality count.
    pub fn judge(&mut self, row: &ObservationRow<'_>, event_time_ms: i64) -> bool {
        if row.quality != Quality::Good {
            return false;
        }
        let member = match (row.sensor, row.node) {
            (NO_NAME, NO_NAME) => Member::Anonymous,
            (NO_NAME, node) => Member::Node(node),
            (sensor, _) => Member::Sensor(sensor),
        };
        let series = (row.space, row.metric, member);
        if let Some(newest_ms) = self.newest_ms.get_mut(&series) {
            let late = event_time_ms <= *newest_ms;
            *newest_ms = event_time_ms.max(*newest_ms);
            return late;
        }
        if self.newest_ms.len() < SERIES_MAX {
            self.newest_ms.insert(series, event_time_ms);
        }
        false
    }
}
