//! What senders send: small facts with every kind of identity (DESIGN.md, decision 13), each with a mark of its own in
//! its content by which it is found again, whatever identity says.

use crate::rng::Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_log::interner::Interner;
use vigie_model::alert::AlertId;
use vigie_model::batch::{Events, ObservationRow, Origin, Quality, Source};
use vigie_model::command::{Action, AlertDeed, Command, Disposition};
use vigie_model::decimal::Decimal;
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NO_NAME, NameIx, NameKind};
use vigie_model::severity::Severity;

/// The log time at which a first life starts.
pub(crate) const START_MS: i64 = 1_700_000_000_000;
/// How far ahead an event time may lie; facts beyond are moved by the sequencer.
pub(crate) const MAX_SKEW_MS: i64 = 5_000;
/// The file some facts come from.
const FILE_HASH: u128 = 0xf11e;

/// What makes a fact the same fact when it is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    ObservationWithId,
    ObservationWithSeq,
    ObservationByContent,
    ObservationOfFile,
    IncidentWithId,
    /// Has no identity: sending it again would add it again, so nobody does.
    IncidentWithoutId,
    PerceptionWithId,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::ObservationWithId,
        Self::ObservationWithSeq,
        Self::ObservationByContent,
        Self::ObservationOfFile,
        Self::IncidentWithId,
        Self::IncidentWithoutId,
        Self::PerceptionWithId,
    ];

    pub(crate) const fn has_identity(self) -> bool {
        !matches!(self, Self::IncidentWithoutId)
    }

    /// Whether a log opened again still knows the fact: it keeps rows, but not the lines of files they came from.
    pub(crate) const fn is_known_after_restart(self) -> bool {
        !matches!(self, Self::ObservationOfFile | Self::IncidentWithoutId)
    }

    pub(crate) const fn is_observation(self) -> bool {
        matches!(
            self,
            Self::ObservationWithId | Self::ObservationWithSeq | Self::ObservationByContent | Self::ObservationOfFile
        )
    }
}

/// One fact, with names as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) mark: usize,
    pub(crate) kind: Kind,
    pub(crate) feed: &'static str,
    pub(crate) space: String,
    pub(crate) node: Option<String>,
    pub(crate) sensor: Option<String>,
    pub(crate) metric: &'static str,
    pub(crate) seq: Option<i64>,
    pub(crate) id: Option<String>,
    pub(crate) event_time_ms: i64,
    pub(crate) quality: Quality,
    pub(crate) text: Option<String>,
}

impl Fact {
    /// A fact with a mark; names, times and text are drawn, and identities that only look alike are likely.
    pub(crate) fn draw(mark: usize, kind: Kind, rng: &mut Rng) -> Self {
        let has_node = matches!(kind, Kind::ObservationWithSeq) || rng.chance(1, 3);
        let node = has_node.then(|| format!("node-{}", rng.below(3)));
        // New names keep coming, so that dictionary records stand everywhere in the log.
        let space = if rng.chance(1, 4) { mark } else { rng.below(6) };
        Self {
            mark,
            kind,
            feed: ["street", "app"][rng.below(2)],
            space: format!("space-{space}"),
            node: node.filter(|_| kind != Kind::PerceptionWithId),
            sensor: rng.chance(1, 2).then(|| format!("sensor-{}", rng.below(4))),
            metric: ["people_count", "noise"][rng.below(2)],
            seq: None,
            id: None,
            event_time_ms: START_MS + rng.below(8_000) as i64 - 4_000 + if rng.chance(1, 8) { 86_400_000 } else { 0 },
            quality: [Quality::Good, Quality::Good, Quality::Uncertain, Quality::Bad][rng.below(4)],
            text: rng.chance(1, 6).then(|| "x".repeat(rng.below(700))),
        }
    }

    /// The fact as part of a request.
    pub(crate) fn push_to(&self, events: &mut Events, interner: &Interner) {
        let name = |kind, name: &str| interner.intern(kind, name).expect("the facts have few names");
        let optional = |kind, text: &Option<String>| text.as_deref().map_or(NO_NAME, |text| name(kind, text));
        let (feed, space) = (name(NameKind::Feed, self.feed), name(NameKind::Space, &self.space));
        let (sensor, node) = (optional(NameKind::Sensor, &self.sensor), optional(NameKind::Node, &self.node));
        let source = if self.kind == Kind::ObservationOfFile { Source::File(FILE_HASH) } else { Source::Peer };
        let origin = Origin { source, line: self.mark as u32 + 1 };
        match self.kind {
            Kind::IncidentWithId | Kind::IncidentWithoutId => {
                events.push_incident(self.incident(feed, space, sensor, node), origin);
            }
            Kind::PerceptionWithId => events.push_perception(self.perception(feed, space), origin),
            _ => {
                let metric = name(NameKind::Metric, self.metric);
                events.push_observation(self.observation([feed, space, metric, sensor, node]), origin);
            }
        }
    }

    /// The row as sent, with names given in the order feed, space, metric, sensor, node.
    pub(crate) fn observation(&self, names: [NameIx; 5]) -> ObservationRow<'_> {
        let [feed, space, metric, sensor, node] = names;
        ObservationRow {
            feed,
            space,
            metric,
            sensor,
            node,
            seq: self.seq,
            id: self.id.as_deref(),
            value: Decimal::from_micros(self.mark as i64),
            event_time_ms: self.event_time_ms,
            sent_time_ms: None,
            log_time_ms: 0,
            quality: self.quality,
            flags: 0,
        }
    }

    /// The incident as sent.
    pub(crate) fn incident(&self, feed: NameIx, space: NameIx, sensor: NameIx, node: NameIx) -> Incident {
        Incident {
            feed,
            id: self.id.clone(),
            space,
            node,
            sensor,
            category: format!("category {}", self.mark % 5),
            severity: Severity::ALL[self.mark % 5],
            channel: "dispatch".to_owned(),
            source_reliability: self.mark.is_multiple_of(2).then(|| Decimal::from_micros(750_000)),
            status: "open".to_owned(),
            version: self.mark as i64,
            text: self.text.clone(),
            event_time_ms: self.event_time_ms,
            reported_time_ms: self.mark.is_multiple_of(3).then_some(self.event_time_ms + 1),
            sent_time_ms: None,
            log_time_ms: 0,
            flags: 0,
        }
    }

    /// The perception as sent.
    pub(crate) fn perception(&self, feed: NameIx, space: NameIx) -> Perception {
        Perception {
            feed,
            id: self.id.clone(),
            space,
            wave: "2018".to_owned(),
            question: "safe-alone".to_owned(),
            scale: self.text.clone(),
            period: "night".to_owned(),
            group: BTreeMap::from([("sex".to_owned(), "f".to_owned())]),
            n: self.mark as i64,
            unsafe_count: Decimal::from_micros(23_500_000),
            share: None,
            weight: Some(Decimal::from_micros(1)),
            event_time_ms: self.event_time_ms,
            sent_time_ms: None,
            log_time_ms: 0,
            flags: 0,
        }
    }

    /// What identity is made of; equal for two facts only if they are the same fact.
    pub(crate) fn identity(&self) -> String {
        let (feed, node, space) = (self.feed, &self.node, &self.space);
        match (&self.id, self.seq) {
            (Some(id), _) if self.kind.is_observation() => format!("observation {feed} {space} {node:?} {id}"),
            (Some(id), _) if self.kind == Kind::PerceptionWithId => format!("perception {feed} {space} {id}"),
            (Some(id), _) => format!("incident {feed} {space} {node:?} {id}"),
            (None, Some(seq)) => format!("seq {feed} {node:?} {seq}"),
            (None, None) => format!("mark {}", self.mark),
        }
    }
}

/// An operator's command with a mark.
pub(crate) fn command(mark: usize) -> Command {
    let close = AlertDeed::Close { disposition: Disposition::Nuisance, cause: Some("a parade".to_owned()) };
    let deed = if mark.is_multiple_of(2) { AlertDeed::Acknowledge { until_ms: None } } else { close };
    Command {
        action_id: format!("action-{mark}").into(),
        operator: Arc::from("eve"),
        note: mark.is_multiple_of(3).then(|| "seen on camera".to_owned()),
        log_time_ms: 0,
        action: Action::Alert { alert_id: AlertId::from_text(&format!("alert-{}", mark % 3)), deed },
    }
}
