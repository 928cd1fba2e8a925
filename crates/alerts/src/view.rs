//! One alert as it stands: what the engine says (condition) and what people did (handling).
//!
//! Both are kept apart on purpose (ISA-18.2): acknowledging an alert changes nothing about the square, and an emptied
//! square does not mean that somebody has looked. An [`AlertView`] is immutable; a change makes a new one, so a reader
//! holding an `Arc` never sees half a change. Which change leads where is in `docs/alerts.md`.

use crate::around::{Chattering, ModeThen, OutOfService};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use vigie_model::alert::{AlertId, Transition};
use vigie_model::command::{Command, StepState};
use vigie_model::severity::Severity;

/// What the engine says about an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Condition {
    /// The episode ended.
    Cleared,
    /// The data that would decide is missing; the episode stays open.
    Stale,
    /// The episode goes on.
    Active,
}

impl Condition {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cleared => "cleared",
            Self::Stale => "stale",
            Self::Active => "active",
        }
    }

    /// Whether the episode is still open: active, or stale because missing data never ends one.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Active | Self::Stale)
    }
}

/// What becomes of an alert in one word, though several may hold at once: the last of these that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handling {
    /// Nobody has acknowledged it.
    Open,
    /// Somebody has seen it and owns it.
    Acknowledged,
    /// Somebody put it out of sight for a while, and said why.
    Shelved,
    /// Another alert explains it.
    Suppressed,
    /// What it is about was taken out of service.
    OutOfService,
    /// It is over and was judged.
    Closed,
}

impl Handling {
    /// Every handling, in the order in which operators want to see them.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Acknowledged, Self::Shelved, Self::Suppressed, Self::OutOfService, Self::Closed];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Shelved => "shelved",
            Self::Suppressed => "suppressed",
            Self::OutOfService => "out_of_service",
            Self::Closed => "closed",
        }
    }
}

/// The text is none of the six words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownHandling;

impl FromStr for Handling {
    type Err = UnknownHandling;

    fn from_str(text: &str) -> Result<Self, UnknownHandling> {
        Self::ALL.into_iter().find(|handling| handling.as_str() == text).ok_or(UnknownHandling)
    }
}

/// What suppresses an alert: an open episode, in the same space, of a rule named in its rule's `inhibited_by`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inhibitor {
    /// Name of the rule that does it.
    pub rule: Arc<str>,
    /// The alert of that rule.
    pub alert_id: AlertId,
}

/// Somebody has seen an alert and owns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// By which command.
    pub by: Arc<Command>,
    /// When it expires, in log time, unless the episode ends before.
    pub until_ms: Option<i64>,
}

/// Somebody put an alert out of sight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelving {
    /// By which command; its note says why.
    pub by: Arc<Command>,
    /// When the alert comes back, in log time.
    pub until_ms: i64,
    /// Event time at which the episode ended meanwhile, if it did.
    pub cleared_ms: Option<i64>,
}

/// Somebody is to deal with an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Who said so.
    pub operator: Arc<str>,
    /// Who is to.
    pub to: Arc<str>,
    /// When, in log time.
    pub log_time_ms: i64,
}

/// What was said about a step of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedStep {
    /// How far it is.
    pub state: StepState,
    /// By which command.
    pub by: Arc<Command>,
}

/// Why people are told of an alert again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Again {
    /// Its acknowledgement was for a while, which is over.
    AcknowledgementExpired,
    /// It was on the shelf for a while, which is over.
    ShelfExpired,
    /// Somebody took it from the shelf.
    Unshelved,
    /// It was closed by mistake.
    Reopened,
    /// What it is about serves again.
    ReturnedToService,
    /// Nothing explains it any more.
    SuppressionEnded,
}

impl Again {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::AcknowledgementExpired,
        Self::ShelfExpired,
        Self::Unshelved,
        Self::Reopened,
        Self::ReturnedToService,
        Self::SuppressionEnded,
    ];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcknowledgementExpired => "acknowledgement_expired",
            Self::ShelfExpired => "shelf_expired",
            Self::Unshelved => "unshelved",
            Self::Reopened => "reopened",
            Self::ReturnedToService => "returned_to_service",
            Self::SuppressionEnded => "suppression_ended",
        }
    }
}

/// People are told of an alert again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reannounced {
    /// When, in log time.
    pub log_time_ms: i64,
    /// Why.
    pub why: Again,
}

/// An alert waits for an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Since when, in log time.
    pub since_ms: i64,
    /// Place in the alert stream of the record since which it does.
    pub position: u64,
}

/// Another desk was told, because nobody acknowledged an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalatedTo {
    /// The desk.
    pub desk: Arc<str>,
    /// When, in log time.
    pub log_time_ms: i64,
}

/// One alert as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertView {
    /// The transition that opened it; its summary and evidence say why, and its rule's procedure is the checklist.
    pub opened: Arc<Transition>,
    /// The newest transition; the same as `opened` until something changes.
    pub latest: Arc<Transition>,
    /// What the engine says.
    pub condition: Condition,
    /// Since when it says so, in event time; an escalation does not move it.
    pub condition_since_ms: i64,
    /// Since when it is worse than it began, in event time, if it escalated.
    pub escalated_ms: Option<i64>,
    /// What suppresses it; for a cleared alert, what did when its episode ended, and nobody was told of either.
    pub inhibited_by: Option<Inhibitor>,
    /// What took it out of service, if anything.
    pub out_of_service: Option<Arc<OutOfService>>,
    /// The acknowledgement in force, if any.
    pub acknowledged: Option<Acknowledgement>,
    /// The shelving in force, if any.
    pub shelved: Option<Shelving>,
    /// Who is to deal with it.
    pub assigned: Option<Assignment>,
    /// What was said about the steps of the checklist, by their number from 1.
    pub checklist: BTreeMap<u32, CheckedStep>,
    /// The closing, if any; its deed is [`vigie_model::command::AlertDeed::Close`].
    pub closed: Option<Arc<Command>>,
    /// Why and when people were told again; only while it is open.
    pub reannounced: Option<Reannounced>,
    /// Since when it waits for an acknowledgement; exactly while it is open.
    pub waiting: Option<Waiting>,
    /// The desk that was told when it had waited too long.
    pub escalated_to: Option<EscalatedTo>,
    /// The mode in force when it opened.
    pub mode: ModeThen,
    /// Whether it only tries the way to the operators.
    pub is_test: bool,
    /// The incident file it is in.
    pub incident_file: Option<Arc<str>>,
    /// Whether its rule chatters on its key.
    pub chattering: Option<Chattering>,
    /// Place in the alert stream of the newest record that changed it.
    pub position: u64,
}

impl AlertView {
    /// The alert's id.
    #[must_use]
    pub fn id(&self) -> &AlertId {
        &self.opened.alert_id
    }

    /// The space it is about.
    #[must_use]
    pub fn space(&self) -> &Arc<str> {
        &self.opened.space
    }

    /// How bad it is, by the newest transition.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.latest.severity
    }

    /// Whether nobody is bothered with it now, because another alert explains it.
    #[must_use]
    pub const fn is_suppressed(&self) -> bool {
        self.inhibited_by.is_some()
    }

    /// What becomes of it, in one word.
    #[must_use]
    pub const fn handling(&self) -> Handling {
        match self {
            Self { closed: Some(_), .. } => Handling::Closed,
            Self { out_of_service: Some(_), .. } => Handling::OutOfService,
            Self { inhibited_by: Some(_), .. } => Handling::Suppressed,
            Self { shelved: Some(_), .. } => Handling::Shelved,
            Self { acknowledged: Some(_), .. } => Handling::Acknowledged,
            _ => Handling::Open,
        }
    }

    /// When its acknowledgement expires, if it does: one of an episode that is over holds for good.
    #[must_use]
    pub fn acknowledged_until_ms(&self) -> Option<i64> {
        self.acknowledged.as_ref()?.until_ms.filter(|_| self.condition.is_running())
    }
}
