//! What the door is told about room: how full the log is, and how far roles and history are behind.
//!
//! A row that was answered has to be in SQL within a second. So observations are shed (429) while history is about to be
//! full, long before its rows would have to wait; incidents still come in. The log's cap works the same way: the rest
//! above [`TELEMETRY_FILL_MAX`] is kept for them.

use std::sync::Arc;
use vigie_ingest::intake::http::PressureGauge;
use vigie_ingest::intake::pressure::{Pressure, Shortage};
use vigie_log::intake::Intake;
use vigie_log::store::TELEMETRY_FILL_MAX;
use vigie_store::history::writer::History;

/// Share of the ring, or of history's hot rows, above which observations are shed.
const BEHIND_MAX: f64 = 0.75;
/// When history may have caught up: it commits several times a second under load.
const BEHIND_RETRY_S: u64 = 1;
/// When somebody may have made room for the log.
const LOG_RETRY_S: u64 = 30;

/// A gauge over the log behind `intake` and over `history`.
#[must_use]
pub fn pressure_gauge(intake: Intake, history: Arc<History>) -> PressureGauge {
    Arc::new(move || pressure(&Fill::of(&intake, &history)))
}

/// How full everything is, from 0 to 1.
#[derive(Clone, Copy, Debug)]
struct Fill {
    log: f64,
    has_room: bool,
    ring: f64,
    hot: f64,
}

impl Fill {
    fn of(intake: &Intake, history: &History) -> Self {
        let hot = history.rows_hot() as f64 / history.options().rows_hot_max as f64;
        Self { log: intake.log_fill(), has_room: intake.has_room(), ring: intake.ring_fill(), hot }
    }
}

fn pressure(fill: &Fill) -> Pressure {
    let log_percent = fill.log * 100.0;
    if !fill.has_room {
        let why = format!("the log has no room: {log_percent:.0} % of its cap is used, or its disk is full");
        return Pressure::Full(Shortage { why, retry_s: LOG_RETRY_S });
    }
    if fill.log > TELEMETRY_FILL_MAX {
        let why = format!("{log_percent:.0} % of the log's cap is used");
        return Pressure::Shed(Shortage { why, retry_s: LOG_RETRY_S });
    }
    if fill.ring.max(fill.hot) > BEHIND_MAX {
        let why = "history is behind".to_owned();
        return Pressure::Shed(Shortage { why, retry_s: BEHIND_RETRY_S });
    }
    Pressure::None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telemetry_goes_first_and_everything_only_without_room() {
        let free = Fill { log: 0.5, has_room: true, ring: 0.1, hot: 0.1 };
        assert_eq!(pressure(&free), Pressure::None);
        let retries = |fill: Fill| match pressure(&fill) {
            Pressure::None => panic!("{fill:?} is pressure"),
            Pressure::Shed(shortage) => ("shed", shortage.retry_s),
            Pressure::Full(shortage) => ("full", shortage.retry_s),
        };
        assert_eq!(retries(Fill { hot: 0.8, ..free }), ("shed", BEHIND_RETRY_S));
        assert_eq!(retries(Fill { ring: 0.8, ..free }), ("shed", BEHIND_RETRY_S));
        assert_eq!(retries(Fill { log: 0.81, hot: 0.9, ..free }), ("shed", LOG_RETRY_S));
        assert_eq!(retries(Fill { has_room: false, ..free }), ("full", LOG_RETRY_S));
    }
}
