//! The desk as it stood after one record: what readers are shown, and what the figures of a shift are reckoned from.

use crate::desk::chatter::{Flapping, RuleKey};
use crate::desk::files::IncidentFile;
use crate::desk::flood::Flood;
use crate::desk::handover::Duty;
use crate::desk::ledger::Ledger;
use crate::desk::mode::ModeInForce;
use crate::desk::news::News;
use crate::desk::service::OutOfService;
use std::sync::Arc;
use vigie_model::control::AlertSettings;

/// The desk after one record.
#[derive(Clone, Debug, Default)]
pub struct DeskView {
    /// Place of that record in the alert stream.
    pub position: u64,
    /// Log time of the newest record that concerned the desk.
    pub at_ms: i64,
    /// What book and desk go by.
    pub settings: Arc<AlertSettings>,
    /// Operators that a flood is measured by.
    pub operators: u16,
    /// New alerts, and whether they are a flood.
    pub flood: Flood,
    /// The mode that holds besides the normal one.
    pub mode: Option<Arc<ModeInForce>>,
    /// What is out of service, in the order in which it was taken out.
    pub out_of_service: Vec<Arc<OutOfService>>,
    /// What chatters.
    pub chattering: Vec<Chattering>,
    /// The incident files, from the newest.
    pub files: Vec<Arc<IncidentFile>>,
    /// Who is on duty, and how they took over.
    pub duty: Arc<Duty>,
    /// What operators were told and did.
    pub ledger: Ledger,
    /// What the desk announced.
    pub news: News,
}

/// A rule that chatters on a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chattering {
    /// Which.
    pub at: RuleKey,
    /// How.
    pub flapping: Flapping,
    /// The `keep_firing_for` that would join most of its episodes.
    pub proposed_delay_ms: Option<i64>,
}
