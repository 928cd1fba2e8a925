//! The book as bytes, version 1.
//!
//! Eight bytes say what they are, four their version, and the rest is the [postcard](https://postcard.jamesmunns.com)
//! encoding of everything the book cannot work out again: each rule once, then the alerts in the order in which they would
//! leave. A newer version is refused; whoever changes one of the types raises [`VERSION`].

use crate::around::{Chattering, ModeThen, OutOfService};
use crate::desk::stored::DeskRestoreError;
use crate::view::{
    Acknowledgement, AlertView, Assignment, CheckedStep, Condition, EscalatedTo, Inhibitor, Reannounced, Shelving,
    Waiting,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState, Guidance, RuleIdentity, Transition, reason};
use vigie_model::command::Command;
use vigie_model::control::AlertSettings;
use vigie_model::position::{PartitionIx, Position};
use vigie_model::severity::Severity;

/// The version of snapshots that this binary writes, and the only one it reads.
pub const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"VIGIEBOK";
const HEAD_BYTES: usize = 12;

/// Why a snapshot cannot be gone on from. The log is still there: the book can be folded anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Written by another version of Vigie.
    #[error("the snapshot of the alert book has version {found}, this binary reads {VERSION}")]
    OtherVersion {
        /// Its version.
        found: u32,
    },
    /// It is none, or damaged.
    #[error("the bytes are no snapshot of an alert book, or are damaged")]
    Unreadable,
    /// The desk beside it cannot be restored.
    #[error(transparent)]
    Desk(#[from] DeskRestoreError),
}

/// What a snapshot holds.
#[derive(Debug)]
pub(crate) struct StoredBook {
    /// What the newest control record says.
    pub(crate) settings: Arc<AlertSettings>,
    /// The alerts in the order in which they would leave, each with the position since which it is in its class.
    pub(crate) alerts: Vec<(u64, AlertView)>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    settings: Arc<AlertSettings>,
    rules: Vec<StoredRule>,
    alerts: Vec<StoredAlert>,
}

#[derive(Serialize, Deserialize)]
struct StoredRule {
    name: Arc<str>,
    uid: Arc<str>,
    version: Arc<str>,
    severity: Severity,
    shadow: bool,
    inhibited_by: Vec<Arc<str>>,
    /// Cause, consequence, action, and how soon.
    guidance: Option<StoredGuidance>,
    procedure: Vec<Arc<str>>,
}

type StoredGuidance = (Option<Arc<str>>, Option<Arc<str>>, Option<Arc<str>>, Option<i64>);

#[derive(Serialize, Deserialize)]
struct StoredTransition {
    alert_id: AlertId,
    /// Index among the rules.
    rule: u32,
    key: Arc<str>,
    space: Arc<str>,
    state: AlertState,
    severity: Severity,
    event_time_ms: i64,
    log_time_ms: i64,
    reason: Option<Arc<str>>,
    evidence: Option<Arc<str>>,
    summary: Arc<str>,
    feed: Arc<str>,
    position: (PartitionIx, u64),
    ordinal: u32,
}

#[derive(Serialize, Deserialize)]
struct StoredAlert {
    since: u64,
    opened: StoredTransition,
    /// `None`: the opening is the newest.
    latest: Option<StoredTransition>,
    condition: Condition,
    condition_since_ms: i64,
    escalated_ms: Option<i64>,
    inhibited_by: Option<Inhibitor>,
    out_of_service: Option<Arc<OutOfService>>,
    acknowledged: Option<Acknowledgement>,
    shelved: Option<Shelving>,
    assigned: Option<Assignment>,
    checklist: BTreeMap<u32, CheckedStep>,
    closed: Option<Arc<Command>>,
    reannounced: Option<Reannounced>,
    waiting: Option<Waiting>,
    escalated_to: Option<EscalatedTo>,
    mode: ModeThen,
    is_test: bool,
    incident_file: Option<Arc<str>>,
    chattering: Option<Chattering>,
    position: u64,
}

/// A book as bytes: its settings and its alerts, each with the position since which it is in its class.
pub(crate) fn encode<'a>(settings: &Arc<AlertSettings>, alerts: impl Iterator<Item = (u64, &'a AlertView)>) -> Vec<u8> {
    let mut rules = Rules::default();
    let alerts = alerts.map(|(since, view)| stored(since, view, &mut rules)).collect();
    let body = Body { settings: Arc::clone(settings), rules: rules.stored, alerts };
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    postcard::to_extend(&body, bytes).expect("types of the model have an encoding, and memory takes it")
}

/// The book that bytes hold.
pub(crate) fn decode(bytes: &[u8]) -> Result<StoredBook, RestoreError> {
    let (head, body) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(RestoreError::Unreadable)?;
    if head[..8] != MAGIC {
        return Err(RestoreError::Unreadable);
    }
    let found = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
    if found != VERSION {
        return Err(RestoreError::OtherVersion { found });
    }
    let (body, rest) = postcard::take_from_bytes::<Body>(body).map_err(|_| RestoreError::Unreadable)?;
    if !rest.is_empty() {
        return Err(RestoreError::Unreadable);
    }
    let Body { settings, rules, alerts } = body;
    let rules: Vec<_> = rules.into_iter().map(|rule| Arc::new(identity(rule))).collect();
    let alerts: Option<_> = alerts.into_iter().map(|alert| Some((alert.since, view(alert, &rules)?))).collect();
    Ok(StoredBook { settings, alerts: alerts.ok_or(RestoreError::Unreadable)? })
}

/// The rules met so far, each once.
#[derive(Default)]
struct Rules {
    stored: Vec<StoredRule>,
    /// With their indices, by uid and version, which change with any field of a rule.
    known: HashMap<(Arc<str>, Arc<str>), Vec<Numbered>>,
}

type Numbered = (Arc<RuleIdentity>, u32);

impl Rules {
    fn index(&mut self, rule: &Arc<RuleIdentity>) -> u32 {
        let namesakes = self.known.entry((Arc::clone(&rule.uid), Arc::clone(&rule.version))).or_default();
        if let Some((_, index)) = namesakes.iter().find(|(known, _)| known == rule) {
            return *index;
        }
        let index = u32::try_from(self.stored.len()).expect("a centre has fewer rules than that");
        namesakes.push((Arc::clone(rule), index));
        let guidance = rule.guidance.clone();
        self.stored.push(StoredRule {
            name: Arc::clone(&rule.name),
            uid: Arc::clone(&rule.uid),
            version: Arc::clone(&rule.version),
            severity: rule.severity,
            shadow: rule.shadow,
            inhibited_by: rule.inhibited_by.clone(),
            guidance: guidance.map(|g| (g.cause, g.consequence, g.action, g.respond_within_ms)),
            procedure: rule.procedure.clone(),
        });
        index
    }
}

fn identity(rule: StoredRule) -> RuleIdentity {
    let guidance = rule.guidance.map(|(cause, consequence, action, respond_within_ms)| Guidance {
        cause,
        consequence,
        action,
        respond_within_ms,
    });
    RuleIdentity {
        name: rule.name,
        uid: rule.uid,
        version: rule.version,
        severity: rule.severity,
        shadow: rule.shadow,
        inhibited_by: rule.inhibited_by,
        guidance,
        procedure: rule.procedure,
    }
}

fn stored_transition(transition: &Transition, rules: &mut Rules) -> StoredTransition {
    StoredTransition {
        alert_id: transition.alert_id.clone(),
        rule: rules.index(&transition.rule),
        key: Arc::clone(&transition.key),
        space: Arc::clone(&transition.space),
        state: transition.state,
        severity: transition.severity,
        event_time_ms: transition.event_time_ms,
        log_time_ms: transition.log_time_ms,
        reason: transition.reason.map(Into::into),
        evidence: transition.evidence.clone(),
        summary: Arc::clone(&transition.summary),
        feed: Arc::clone(&transition.feed),
        position: (transition.position.partition, transition.position.offset),
        ordinal: transition.ordinal,
    }
}

fn transition(stored: StoredTransition, rules: &[Arc<RuleIdentity>]) -> Option<Arc<Transition>> {
    let reason = match stored.reason {
        None => None,
        Some(word) => Some(reason::ALL.into_iter().find(|known| **known == *word)?),
    };
    let (partition, offset) = stored.position;
    Some(Arc::new(Transition {
        alert_id: stored.alert_id,
        rule: Arc::clone(rules.get(usize::try_from(stored.rule).ok()?)?),
        key: stored.key,
        space: stored.space,
        state: stored.state,
        severity: stored.severity,
        event_time_ms: stored.event_time_ms,
        log_time_ms: stored.log_time_ms,
        reason,
        evidence: stored.evidence,
        summary: stored.summary,
        feed: stored.feed,
        position: Position { partition, offset },
        ordinal: stored.ordinal,
    }))
}

fn stored(since: u64, view: &AlertView, rules: &mut Rules) -> StoredAlert {
    let AlertView {
        opened,
        latest,
        condition,
        condition_since_ms,
        escalated_ms,
        inhibited_by,
        out_of_service,
        acknowledged,
        shelved,
        assigned,
        checklist,
        closed,
        reannounced,
        waiting,
        escalated_to,
        mode,
        is_test,
        incident_file,
        chattering,
        position,
    } = view.clone();
    let is_newest = opened == latest;
    StoredAlert {
        since,
        opened: stored_transition(&opened, rules),
        latest: (!is_newest).then(|| stored_transition(&latest, rules)),
        condition,
        condition_since_ms,
        escalated_ms,
        inhibited_by,
        out_of_service,
        acknowledged,
        shelved,
        assigned,
        checklist,
        closed,
        reannounced,
        waiting,
        escalated_to,
        mode,
        is_test,
        incident_file,
        chattering,
        position,
    }
}

fn view(alert: StoredAlert, rules: &[Arc<RuleIdentity>]) -> Option<AlertView> {
    let opened = transition(alert.opened, rules)?;
    let latest = match alert.latest {
        None => Arc::clone(&opened),
        Some(latest) => transition(latest, rules)?,
    };
    Some(AlertView {
        opened,
        latest,
        condition: alert.condition,
        condition_since_ms: alert.condition_since_ms,
        escalated_ms: alert.escalated_ms,
        inhibited_by: alert.inhibited_by,
        out_of_service: alert.out_of_service,
        acknowledged: alert.acknowledged,
        shelved: alert.shelved,
        assigned: alert.assigned,
        checklist: alert.checklist,
        closed: alert.closed,
        reannounced: alert.reannounced,
        waiting: alert.waiting,
        escalated_to: alert.escalated_to,
        mode: alert.mode,
        is_test: alert.is_test,
        incident_file: alert.incident_file,
        chattering: alert.chattering,
        position: alert.position,
    })
}
