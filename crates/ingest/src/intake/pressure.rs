//! How much the log can still take, and what is left out when that is little.
//!
//! The order in which a full log turns senders away (DESIGN.md, decision 16): telemetry first, since the next
//! observation of a sensor replaces the one before; incidents and perceptions only when there is no room at all.

use crate::decode::report::Report;
use vigie_model::batch::{EventRef, Events};

/// What the log has room for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pressure {
    /// Everything.
    #[default]
    None,
    /// Incidents and perceptions; observations are shed.
    Shed(Shortage),
    /// Nothing.
    Full(Shortage),
}

/// What is short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// In words for senders.
    pub why: String,
    /// Seconds after which sending again may help.
    pub retry_s: u64,
}

/// Whether shedding would leave nothing of `events`.
pub(super) fn holds_observations_only(events: &Events) -> bool {
    !events.observations.is_empty() && events.incidents.is_empty() && events.perceptions.is_empty()
}

/// Takes the observations out of `events` and names each of them in `report`.
pub(super) fn shed_observations(events: &mut Events, report: &mut Report) {
    let is_observation = |event: &EventRef| matches!(event, EventRef::Observation(_));
    let (order, origin) = (std::mem::take(&mut events.order), std::mem::take(&mut events.origin));
    let both = || order.iter().zip(&origin);
    report.shed(both().filter(|(event, _)| is_observation(event)).map(|(_, origin)| origin.line));
    (events.order, events.origin) = both().filter(|(event, _)| !is_observation(event)).map(|(e, o)| (*e, *o)).unzip();
    events.observations = Default::default();
}
