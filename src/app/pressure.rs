//! What the door is told about room: how full the log is, and how far roles and history are behind.
//!
//! A row that was answered has to be in SQL within a second. While history is full, rows wait in the ring; so observations
//! are shed (429) once it is half full, and incidents still come in. Up to there senders only wait longer for their
//! answers. The log's cap works the same way: the rest above [`TELEMETRY_FILL_MAX`] is kept for incidents.

use std::sync::Arc;
use vigie_ingest::intake::http::PressureGauge;
use vigie_ingest::intake::pressure::{Pressure, Shortage};
use vigie_log::intake::Intake;
use vigie_log::store::TELEMETRY_FILL_MAX;

/// Share of the ring above which observations are shed: history takes what is below in well under a second.
const BEHIND_MAX: f64 = 0.5;
/// When history may have caught up: it commits several times a second under load.
const BEHIND_RETRY_S: u64 = 1;
/// When somebody may have made room for the log.
const LOG_RETRY_S: u64 = 30;

/// A gauge over the log behind `intake`.
#[must_use]
pub fn pressure_gauge(intake: Intake) -> PressureGauge {
    Arc::new(move || pressure(&Fill::of(&intake)))
}

/// How full everything is, from 0 to 1.
#[derive(Clone, Copy, Debug)]
struct Fill {
    log: f64,
    has_room: bool,
    ring: f64,
}

impl Fill {
    fn of(intake: &Intake) -> Self {
        Self { log: intake.log_fill(), has_room: intake.has_room(), ring: intake.ring_fill() }
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
    if fill.ring > BEHIND_MAX {
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
        let free = Fill { log: 0.5, has_room: true, ring: 0.1 };
        assert_eq!(pressure(&free), Pressure::None);
        let retries = |fill: Fill| match pressure(&fill) {
            Pressure::None => panic!("{fill:?} is pressure"),
            Pressure::Shed(shortage) => ("shed", shortage.retry_s),
            Pressure::Full(shortage) => ("full", shortage.retry_s),
        };
        assert_eq!(retries(Fill { ring: 0.8, ..free }), ("shed", BEHIND_RETRY_S));
        assert_eq!(retries(Fill { log: 0.81, ring: 0.9, ..free }), ("shed", LOG_RETRY_S));
        assert_eq!(retries(Fill { has_room: false, ..free }), ("full", LOG_RETRY_S));
    }
}
