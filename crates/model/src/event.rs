//! Incidents and perception answers: the events that come by the hundred and stay rows. Observations come by the
//! million and live in columns, see [`crate::batch`].

use crate::decimal::Decimal;
use crate::names::NameIx;
use crate::severity::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Status, in any case of letters, of an incident that turned out not to have happened, or not to be one.
pub const WITHDRAWN: &str = "withdrawn";

/// Something reported to have happened in a space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Feed it came by.
    pub feed: NameIx,
    /// Id given by its source.
    pub id: Option<String>,
    /// Where it happened.
    pub space: NameIx,
    /// Edge node that sent it.
    pub node: NameIx,
    /// Sensor that detected it, for machine-made reports.
    pub sensor: NameIx,
    /// What happened, in the source's words: `theft`, `assault`.
    pub category: String,
    /// How bad it is.
    pub severity: Severity,
    /// How it was reported: `dispatch`, `app`, `camera`; empty when not given.
    pub channel: String,
    /// How far the source is trusted, from 0 to 1.
    pub source_reliability: Option<Decimal>,
    /// `open`, `closed`, ... in the source's words; empty when not given.
    pub status: String,
    /// Version of the report, counted by the source; 1 when not given. A report with the same id and another version or
    /// status is a revision of it.
    pub version: i64,
    /// Free text, only from feeds that declare it.
    pub text: Option<String>,
    /// When it happened.
    pub event_time_ms: i64,
    /// When it was reported.
    pub reported_time_ms: Option<i64>,
    /// The event time as sent, when the sequencer adjusted it.
    pub sent_time_ms: Option<i64>,
    /// When the log took it; set by the sequencer.
    pub log_time_ms: i64,
    /// See [`crate::batch::flags`]; set by the sequencer and the engine's reader.
    pub flags: u8,
}

impl Incident {
    /// Whether this version of the report takes it back.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.status.eq_ignore_ascii_case(WITHDRAWN)
    }
}

/// An aggregated answer about feeling safe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Perception {
    /// Feed it came by.
    pub feed: NameIx,
    /// Id given by its source.
    pub id: Option<String>,
    /// Where people were asked about.
    pub space: NameIx,
    /// Survey wave: `2018`.
    pub wave: String,
    /// Question asked: `safe-alone`.
    pub question: String,
    /// Answer scale, in the survey's words.
    pub scale: Option<String>,
    /// `day`, `night` or empty.
    pub period: String,
    /// Population group: `{"sex": "f"}`; empty for everybody.
    pub group: BTreeMap<String, String>,
    /// People who answered; 0 for an answer refused, and for a published share whose sample is unknown.
    pub n: i64,
    /// People who felt unsafe; fractional in weighted surveys, and where it was derived from a published share.
    pub unsafe_count: Decimal,
    /// Published share that felt unsafe, from 0 to 1.
    pub share: Option<Decimal>,
    /// Survey weight.
    pub weight: Option<Decimal>,
    /// When people were asked.
    pub event_time_ms: i64,
    /// The event time as sent, when the sequencer adjusted it.
    pub sent_time_ms: Option<i64>,
    /// When the log took it; set by the sequencer.
    pub log_time_ms: i64,
    /// See [`crate::batch::flags`].
    pub flags: u8,
}
