//! One input of a slot, and whose it is.

use crate::kind::Distinct;
use crate::kinds::sources::SourceId;
use crate::kinds::threshold::MemberIx;
use crate::saved::{saved, saved_enum};
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

/// The members of a key; the index of each is its place. The first, for most keys the only one, needs no memory of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    first: Option<Member>,
    others: Vec<Member>,
}

saved_enum!(MemberSource { 0 => Sensor { 0: name }, 1 => Node { 0: name }, 2 => Anonymous {} });
saved!(Member { source, metric });
saved!(Members { first, others });

impl Members {
    /// Only one.
    pub(crate) const fn of_first(first: Member) -> Self {
        Self { first: Some(first), others: Vec::new() }
    }

    /// A member.
    pub(crate) fn get(&self, index: MemberIx) -> Option<&Member> {
        index.checked_sub(1).map_or(self.first.as_ref(), |other| self.others.get(other as usize))
    }

    /// How many they are.
    pub(crate) fn count(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    /// Index of a member, which is added when it is new. Cost: linear in the members; once for each series.
    pub(crate) fn join(&mut self, member: Member) -> MemberIx {
        if *self.first.get_or_insert(member) == member {
            return 0;
        }
        let other = self.others.iter().position(|known| *known == member).unwrap_or_else(|| {
            self.others.push(member);
            self.others.len() - 1
        });
        MemberIx::try_from(other + 1).expect("members are interned names, fewer than 2^32")
    }
}

/// One input of a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotInput<'a> {
    /// Whose value it is; of an incident, not told apart.
    pub(crate) member: MemberIx,
    /// Which sources of the rule read the metric of an observation, one bit for each.
    pub(crate) reading: u32,
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
