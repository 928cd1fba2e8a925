//! One input of a slot, and whose it is.

use crate::kind::Distinct;
use crate::kinds::sources::SourceId;
use crate::kinds::threshold::MemberIx;
use vigie_model::batch::Quality;
use vigie_model::names::{NO_NAME, NameIx};

/// A source of values of one metric inside a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Whose values they are.
    pub(crate) source: MemberSource,
    /// Their metric; none for incidents.
    pub(crate) metric: NameIx,
}

/// Whose values these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberSource {
    /// A sensor's.
    Sensor(NameIx),
    /// An edge node's, for values without a sensor.
    Node(NameIx),
    /// Nobody's.
    Anonymous,
}

impl Member {
    /// The member a row belongs to.
    pub(crate) const fn of(sensor: NameIx, node: NameIx, metric: NameIx) -> Self {
        let source = match (sensor, node) {
            (NO_NAME, NO_NAME) => MemberSource::Anonymous,
            (NO_NAME, node) => MemberSource::Node(node),
            (sensor, _) => MemberSource::Sensor(sensor),
        };
        Self { source, metric }
    }
}

/// One input of a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotInput<'a> {
    /// Whose value it is; of an incident, not told apart.
    pub(crate) member: MemberIx,
    /// The sensor of the row.
    pub(crate) sensor: NameIx,
    /// The edge node of the row.
    pub(crate) node: NameIx,
    /// The value in millionths; an incident is one.
    pub(crate) micros: i64,
    /// When it was measured, or happened.
    pub(crate) event_time_ms: i64,
    /// Whether its source vouches for it.
    pub(crate) quality: Quality,
    /// Feed it came by.
    pub(crate) feed: NameIx,
    /// What is known of an incident; `None` for an observation.
    pub(crate) incident: Option<IncidentFacts<'a>>,
}

/// What rules ask of an incident besides its time and place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IncidentFacts<'a> {
    /// Which sources of the rule it belongs to, one bit for each.
    pub(crate) matching: u32,
    /// How it was reported; empty when not given.
    pub(crate) channel: &'a str,
}

impl SlotInput<'_> {
    /// What tells this input's source from others.
    pub(crate) fn source(&self, distinct: Distinct) -> SourceId {
        match (distinct, &self.incident) {
            (Distinct::Sensor, _) => SourceId::Name(self.sensor),
            (Distinct::Node, _) => SourceId::Name(self.node),
            (Distinct::Channel, incident) => SourceId::Channel(incident.map_or("", |incident| incident.channel).into()),
        }
    }
}
