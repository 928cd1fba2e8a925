//! Transitions, commands and records for this crate's tests.

use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState, RuleIdentity, Transition, reason};
use vigie_model::command::{Action, AlertDeed, Command, Disposition};
use vigie_model::position::Position;
use vigie_model::severity::Severity;
use vigie_model::stream::{AlertItem, AlertRecord};

/// Sunday 12 March 2017, 21:00 in Melbourne.
pub(crate) const MOOMBA_MS: i64 = 1_489_312_800_000;

/// A transition of the alert called `id` in `space`, decided by row `offset`.
pub(crate) fn transition(id: &str, space: &str, severity: Severity, state: AlertState, offset: u64) -> Transition {
    let rule = RuleIdentity {
        name: "Crowded".into(),
        uid: "6f1c".into(),
        version: "v1".into(),
        severity,
        ..RuleIdentity::default()
    };
    Transition {
        alert_id: AlertId::from_text(id),
        rule: Arc::new(rule),
        key: space.into(),
        space: space.into(),
        state,
        severity,
        event_time_ms: MOOMBA_MS + i64::try_from(offset).unwrap() * 1000,
        log_time_ms: MOOMBA_MS + i64::try_from(offset).unwrap() * 1000 + 250,
        reason: None,
        evidence: (state == AlertState::Active).then(|| r#"{"value":7665,"limit":5000}"#.into()),
        summary: "Birrarung Marr: 7,665 people in the hour to 21:00".into(),
        feed: "pedestrian".into(),
        position: Position { partition: 3, offset },
        ordinal: 0,
    }
}

/// The same of another rule, whose alerts those of the rules in `inhibited_by` suppress.
pub(crate) fn of_rule(transition: Transition, name: &str, inhibited_by: &[&str]) -> Transition {
    let rule = RuleIdentity {
        name: name.into(),
        severity: transition.rule.severity,
        inhibited_by: inhibited_by.iter().map(|&name| name.into()).collect(),
        ..RuleIdentity::default()
    };
    Transition { rule: Arc::new(rule), ..transition }
}

/// The same of its rule in shadow.
pub(crate) fn in_shadow(transition: Transition) -> Transition {
    let rule = RuleIdentity { name: Arc::clone(&transition.rule.name), shadow: true, ..RuleIdentity::default() };
    Transition { rule: Arc::new(rule), reason: Some(reason::SHADOW), ..transition }
}

/// A record of the alert stream whose place equals the deciding row's offset.
pub(crate) fn record(id: &str, state: AlertState, offset: u64) -> AlertRecord {
    placed(transition(id, "birrarung-marr", Severity::High, state, offset), offset)
}

/// A transition at `position` of the alert stream.
pub(crate) fn placed(transition: Transition, position: u64) -> AlertRecord {
    let log_time_ms = transition.log_time_ms;
    AlertRecord { position, log_time_ms, item: AlertItem::Transition(Arc::new(transition)) }
}

/// A command at `position` of the alert stream.
pub(crate) fn command(id: &str, operator: &str, deed: AlertDeed, position: u64) -> AlertRecord {
    let log_time_ms = MOOMBA_MS + i64::try_from(position).unwrap() * 1000;
    let command = Command {
        action_id: format!("a{position}").into(),
        operator: operator.into(),
        note: Some("looked at camera 4".into()),
        log_time_ms,
        action: Action::Alert { alert_id: AlertId::from_text(id), deed },
    };
    AlertRecord { position, log_time_ms, item: AlertItem::Command(Arc::new(command)) }
}

/// Acknowledging for good.
pub(crate) const ACKNOWLEDGE: AlertDeed = AlertDeed::Acknowledge { until_ms: None };

/// Closing as a true alert.
pub(crate) fn close() -> AlertDeed {
    AlertDeed::Close { disposition: Disposition::True, cause: Some("fireworks".into()) }
}
