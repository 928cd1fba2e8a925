//! What a sender is told about the events of one request.

use crate::dedup::verdict::Verdict;
use vigie_model::duration::format_ms;
use vigie_model::time::format_utc;

/// An event this long before log time is worth a note: it can hardly change an alert.
const LONG_PAST_MS: i64 = 86_400_000;

/// What became of the events of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Events now in the log.
    pub accepted: u64,
    /// Events dropped because the log has them.
    pub duplicates: u64,
    /// Accepted events without any identity: sending them again would add them again.
    pub undeduplicated: u64,
    /// Accepted events whose event time was moved.
    pub time_adjusted: u64,
    /// Accepted observations that were late.
    pub late: u64,
    /// Whether an event lay long before log time, as a note says.
    pub long_past: bool,
    /// Words about the above.
    pub notes: Vec<String>,
}

/// What became of a control record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlChange {
    /// It is in the log.
    Written,
    /// The newest control record of the log says the same.
    Same,
    /// There is no room for it; nothing has changed.
    NoRoom,
}

impl Receipt {
    /// Counts an event; whether it is taken.
    pub(crate) const fn count(&mut self, verdict: Verdict, is_late: bool) -> bool {
        match verdict {
            Verdict::Duplicate => {
                self.duplicates += 1;
                return false;
            }
            Verdict::Undeduplicated => self.undeduplicated += 1,
            Verdict::New | Verdict::Revision => {}
        }
        self.accepted += 1;
        self.late += is_late as u64;
        true
    }

    /// Adds its counts to those of the process.
    pub(crate) fn add_to_metrics(&self) {
        metrics::counter!("vigie_log_rows_total").increment(self.accepted);
        metrics::counter!("vigie_log_duplicates_total").increment(self.duplicates);
        metrics::counter!("vigie_log_time_adjusted_total").increment(self.time_adjusted);
        metrics::counter!("vigie_log_late_total").increment(self.late);
    }

    /// Counts an event whose time became log time; says so the first time.
    pub(crate) fn note_moved(&mut self, sent_ms: i64, log_time_ms: i64, max_skew_ms: i64, clock: &str) {
        self.time_adjusted += 1;
        if self.time_adjusted > 1 {
            return;
        }
        let (sent, log_time, skew) = (format_utc(sent_ms), format_utc(log_time_ms), format_ms(max_skew_ms));
        self.notes.push(format!(
            "event time {sent} is more than {skew} ahead of {clock} and became {log_time}; the original is kept as sent_time"
        ));
    }

    /// Says once that an event lies long before log time: it is kept as it is, as an archive's rows are.
    pub(crate) fn note_if_long_past(&mut self, sent_ms: i64, log_time_ms: i64, clock: &str) {
        if sent_ms >= log_time_ms - LONG_PAST_MS || self.long_past {
            return;
        }
        self.long_past = true;
        let (sent, log_time) = (format_utc(sent_ms), format_utc(log_time_ms));
        self.notes.push(format!(
            "event time {sent} is more than a day before {clock} ({log_time}); it is stored as sent and hardly changes an alert"
        ));
    }
}
