//! Alerts: the transitions the rule engine writes and the ids that make them the same on every replay.

use crate::id::hashed_id;
use crate::position::Position;
use crate::severity::Severity;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a condition became.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// The raise condition holds, the hold is running.
    Pending,
    /// The raise condition stopped holding during the hold.
    Inactive,
    /// An episode began.
    Active,
    /// The data that would decide is missing; the episode stays open.
    Stale,
    /// Data came back; the episode is active again.
    Resumed,
    /// The open episode lasted so long that its severity rose.
    Escalated,
    /// The episode ended.
    Cleared,
}

impl AlertState {
    /// The word used on the wire, in history and in the digest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Inactive => "inactive",
            Self::Active => "active",
            Self::Stale => "stale",
            Self::Resumed => "resumed",
            Self::Escalated => "escalated",
            Self::Cleared => "cleared",
        }
    }

    /// Whether transitions to this state are lines of the replay digest (RULES.md, "Replay").
    #[must_use]
    pub const fn is_in_digest(self) -> bool {
        matches!(self, Self::Active | Self::Stale | Self::Cleared)
    }

    /// Whether transitions to this state belong to an episode, and hence to history and to operators.
    #[must_use]
    pub const fn is_of_episode(self) -> bool {
        !matches!(self, Self::Pending | Self::Inactive)
    }
}

/// Identity of one episode of one rule on one key; the default is empty and names none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertId(Arc<str>);

impl AlertId {
    /// The id of the episode that became active at `active_ms`, with `earlier` earlier episodes of that key at that
    /// instant. Deterministic: the same log gives the same ids (DESIGN.md, decision 12).
    #[must_use]
    pub fn of_episode(centre: &str, rule_uid: &str, key: &str, active_ms: i64, earlier: u32) -> Self {
        Self(hashed_id(&[centre, rule_uid, key, &active_ms.to_string(), &earlier.to_string()]).into())
    }

    /// The id of the alert that a command opens to try the way to the operators.
    #[must_use]
    pub fn of_test(action_id: &str) -> Self {
        Self(hashed_id(&["test", action_id]).into())
    }

    /// An id as a caller wrote it; it may name no alert.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text: 32 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The uid of the `creation`-th rule (from 0) of that name: a rule deleted and created anew is another rule.
#[must_use]
pub fn rule_uid(centre: &str, name: &str, creation: u32) -> String {
    hashed_id(&[centre, name, &creation.to_string()])
}

/// What the transitions of one rule have in common; shared by all of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RuleIdentity {
    /// Name, unique across groups.
    pub name: Arc<str>,
    /// See [`rule_uid`].
    pub uid: Arc<str>,
    /// Version: changes with any field of the rule.
    pub version: Arc<str>,
    /// How bad an episode is when it begins.
    pub severity: Severity,
    /// Whether it is judged and recorded, but never shown.
    pub shadow: bool,
    /// Names of rules whose open episodes in the same space suppress alerts of this one.
    pub inhibited_by: Vec<Arc<str>>,
    /// What an operator should know and do.
    pub guidance: Option<Guidance>,
    /// The steps of its procedure, as each alert's checklist shows them.
    pub procedure: Vec<Arc<str>>,
}

/// Guidance for the operator, as the rule's author wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guidance {
    /// What most likely is behind it.
    pub cause: Option<Arc<str>>,
    /// What happens if nobody acts.
    pub consequence: Option<Arc<str>>,
    /// What to do.
    pub action: Option<Arc<str>>,
    /// How soon.
    pub respond_within_ms: Option<i64>,
}

/// Reasons in transitions.
pub mod reason {
    /// The rule changed so that its state means nothing any more, or no longer covers the space.
    pub const RULE_CHANGED: &str = "rule_changed";
    /// The rule is gone.
    pub const RULE_DELETED: &str = "rule_deleted";
    /// The rule's active period ended.
    pub const INACTIVE_PERIOD: &str = "inactive_period";
    /// The rule is in shadow: nobody is shown this.
    pub const SHADOW: &str = "shadow";
    /// Every reason.
    pub const ALL: [&str; 4] = [RULE_CHANGED, RULE_DELETED, INACTIVE_PERIOD, SHADOW];
}

/// A change of condition, as written by the rule engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The episode; empty text for `pending` and `inactive`, which belong to none.
    pub alert_id: AlertId,
    /// The rule.
    pub rule: Arc<RuleIdentity>,
    /// `space`, `space/sensor` or `space/node`.
    pub key: Arc<str>,
    /// The key's space.
    pub space: Arc<str>,
    /// What the condition became.
    pub state: AlertState,
    /// How bad the episode is by now; the rule's own severity until it escalates.
    pub severity: Severity,
    /// When, on the event-time axis.
    pub event_time_ms: i64,
    /// Log time of the deciding input or tick.
    pub log_time_ms: i64,
    /// Why, when it is not the condition itself: one of [`reason`].
    pub reason: Option<&'static str>,
    /// JSON from which alone the verdict can be recomputed; in every active transition.
    pub evidence: Option<Arc<str>>,
    /// Words for people; empty for `pending` and `inactive`, which nobody is told of.
    pub summary: Arc<str>,
    /// Feed of the newest input of the key; empty before any.
    pub feed: Arc<str>,
    /// The partition's newest row when this was decided (the deciding row itself, if a row decided).
    pub position: Position,
    /// Counts the transitions decided at that position, from 0.
    pub ordinal: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_contract() {
        let uid = rule_uid("melbourne", "Crowded", 0);
        assert_eq!(uid, blake3::hash(b"melbourne\x1fCrowded\x1f0").to_hex()[..32]);
        let id = AlertId::of_episode("melbourne", &uid, "town-hall/s1", 1_489_312_800_000, 0);
        let text = format!("melbourne\x1f{uid}\x1ftown-hall/s1\x1f1489312800000\x1f0");
        assert_eq!(id.as_str(), &blake3::hash(text.as_bytes()).to_hex()[..32]);
    }

    #[test]
    fn every_digest_state_belongs_to_an_episode() {
        use AlertState::{Active, Cleared, Escalated, Inactive, Pending, Resumed, Stale};
        for state in [Pending, Inactive, Active, Stale, Resumed, Escalated, Cleared] {
            assert!(!state.is_in_digest() || state.is_of_episode());
        }
    }
}
