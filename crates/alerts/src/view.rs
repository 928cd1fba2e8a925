//! One alert as it stands: what the engine says (condition) and what people did (handling).
//!
//! Both are kept apart on purpose (ISA-18.2): acknowledging an alert changes nothing about the square, and an emptied
//! square does not mean that somebody has looked. An [`AlertView`] is immutable; a change makes a new one, so a reader
//! holding an `Arc` never sees half a change.

use std::str::FromStr;
use std::sync::Arc;
use vigie_model::alert::{AlertId, Transition};
use vigie_model::command::Command;
use vigie_model::severity::Severity;

/// What the engine says about an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// What people did with an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handling {
    /// Nobody has acknowledged it.
    Open,
    /// Somebody has seen it and owns it.
    Acknowledged,
    /// It is over and was judged.
    Closed,
}

impl Handling {
    /// Every handling, in the order in which operators want to see them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Closed];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }
}

/// The text is none of the three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownHandling;

impl FromStr for Handling {
    type Err = UnknownHandling;

    fn from_str(text: &str) -> Result<Self, UnknownHandling> {
        Self::ALL.into_iter().find(|handling| handling.as_str() == text).ok_or(UnknownHandling)
    }
}

/// What suppresses an alert: an open episode, in the same space, of a rule named in its rule's `inhibited_by`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inhibitor {
    /// Name of the rule that does it.
    pub rule: Arc<str>,
    /// The alert of that rule.
    pub alert_id: AlertId,
}

/// One alert as it stands.
#[derive(Clone, Debug)]
pub struct AlertView {
    /// The transition that opened it; its summary and evidence say why.
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
    /// The first acknowledgement, if any; later ones change nothing.
    pub acknowledged: Option<Arc<Command>>,
    /// The closing, if any; its deed is [`vigie_model::command::AlertDeed::Close`].
    pub closed: Option<Arc<Command>>,
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

    /// What people did with it.
    #[must_use]
    pub const fn handling(&self) -> Handling {
        match (&self.acknowledged, &self.closed) {
            (_, Some(_)) => Handling::Closed,
            (Some(_), None) => Handling::Acknowledged,
            (None, None) => Handling::Open,
        }
    }
}
