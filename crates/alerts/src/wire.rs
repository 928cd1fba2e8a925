//! How transitions and alerts look as JSON: one line, fields always in the same order, `null` fields left out.
//!
//! A transition is a row of the history table `alerts`, so that what streams past and what SQL finds later are the same
//! words. An alert is such a row as well (its opening, with `state` as it stands now) plus what suppresses it, what people
//! did and what the rule's author advises. Evidence is embedded as the JSON the engine wrote, number for number.

mod handled;

use self::handled::HandledRow;
use crate::view::{AlertView, Inhibitor};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;
use vigie_model::alert::{Guidance, Transition};
use vigie_model::doors::RuleInForce;
use vigie_model::duration::format_ms;
use vigie_model::severity::Severity;
use vigie_model::time::{format_utc, utc_date};

/// The alert stream is one order, so its rows all carry this partition.
const STREAM_PARTITION: u16 = 0;
/// Most alerts named in one [`suppression_json`]: it is kept with its row of the public stream.
const SUPPRESSION_NAMED_MAX: usize = 16;

/// A transition as one line of JSON; `position` is its place in the alert stream.
///
/// Used for server-sent events, NDJSON files and tests alike. Only transitions whose state
/// [belongs to an episode](vigie_model::alert::AlertState::is_of_episode) are public; the caller leaves the others out.
#[must_use]
pub fn transition_json(centre: &str, transition: &Transition, position: u64) -> String {
    let evidence = transition.evidence.as_deref().map(one_line);
    let row = TransitionRow {
        alert_id: transition.alert_id.as_str(),
        rule: &transition.rule.name,
        rule_uid: &transition.rule.uid,
        rule_version: &transition.rule.version,
        key: &transition.key,
        space: &transition.space,
        severity: transition.severity,
        state: transition.state.as_str(),
        event_time: format_utc(transition.event_time_ms),
        reason: transition.reason,
        evidence: evidence.as_deref().map(embedded),
        summary: &transition.summary,
        centre,
        feed: &transition.feed,
        log_time: format_utc(transition.log_time_ms),
        partition: STREAM_PARTITION,
        offset: position,
        date: utc_date(transition.event_time_ms),
    };
    serde_json::to_string(&row).expect("a struct of texts and numbers is JSON")
}

/// An alert as one line of JSON: the row of its opening transition with `state` as it stands now (`active`, `stale`,
/// `cleared`), `severity` as it is by now, `handling` (one of [`crate::view::Handling::ALL`]), `changed_time` (event time of
/// the newest change of condition) and, where there is any, `escalated_time`, `inhibited_by` (rule and alert id of what
/// suppresses it), `guidance` (`cause`, `consequence`, `action`, `respond_within`), and what people, the clock and the desk
/// did: `acknowledged`, `shelved`, `assigned`, `reannounced`, `escalated_to`, `checklist`, `closed`, `out_of_service`, `mode`,
/// `exercise`, `test`, `incident_file`, `chattering`. `offset` is the place in the alert stream of the newest record that
/// changed it.
#[must_use]
pub fn alert_json(centre: &str, alert: &AlertView) -> String {
    let (opened, latest) = (&alert.opened, &alert.latest);
    let evidence = opened.evidence.as_deref().map(one_line);
    let row = AlertRow {
        alert_id: alert.id().as_str(),
        rule: &opened.rule.name,
        rule_uid: &opened.rule.uid,
        rule_version: &opened.rule.version,
        key: &opened.key,
        space: &opened.space,
        severity: alert.severity(),
        state: alert.condition.as_str(),
        handling: alert.handling().as_str(),
        event_time: format_utc(opened.event_time_ms),
        changed_time: format_utc(alert.condition_since_ms),
        escalated_time: alert.escalated_ms.map(format_utc),
        inhibited_by: alert.inhibited_by.as_ref().map(InhibitorRow::of),
        reason: latest.reason,
        evidence: evidence.as_deref().map(embedded),
        summary: &opened.summary,
        guidance: latest.rule.guidance.as_ref().map(GuidanceRow::of),
        centre,
        feed: &opened.feed,
        log_time: format_utc(opened.log_time_ms),
        offset: alert.position,
        handled: HandledRow::of(alert),
    };
    serde_json::to_string(&row).expect("a struct of texts and numbers is JSON")
}

/// What one record changed in the suppression of the alerts of a space, as one line of JSON: `space` and, in `alerts`,
/// each with `alert_id`, `inhibited_by` (`null` once it is suppressed no more), `handling` and its `offset`. Only the first
/// sixteen are named; `left_out` says how many are not.
#[must_use]
pub fn suppression_json(space: &str, changed: &[&Arc<AlertView>]) -> String {
    let named = changed.iter().take(SUPPRESSION_NAMED_MAX);
    let alerts: Vec<SuppressedRow<'_>> = named
        .map(|alert| SuppressedRow {
            alert_id: alert.id().as_str(),
            inhibited_by: alert.inhibited_by.as_ref().map(InhibitorRow::of),
            handling: alert.handling().as_str(),
            offset: alert.position,
        })
        .collect();
    let row = SuppressionRow { space, left_out: changed.len() - alerts.len(), alerts };
    serde_json::to_string(&row).expect("a struct of texts and numbers is JSON")
}

/// A rule in force as one line of JSON: `name`, `uid`, `version`, `kind`, `severity`, `shadow`, `inhibited_by` (names) and,
/// if it has any, `guidance` as its alerts carry it.
#[must_use]
pub fn rule_json(rule: &RuleInForce) -> String {
    let identity = &rule.identity;
    let row = RuleRow {
        name: &identity.name,
        uid: &identity.uid,
        version: &identity.version,
        kind: rule.kind,
        severity: identity.severity,
        shadow: identity.shadow,
        inhibited_by: &identity.inhibited_by,
        guidance: identity.guidance.as_ref().map(GuidanceRow::of),
    };
    serde_json::to_string(&row).expect("a struct of texts and numbers is JSON")
}

#[derive(Serialize)]
struct TransitionRow<'a> {
    alert_id: &'a str,
    rule: &'a str,
    rule_uid: &'a str,
    rule_version: &'a str,
    key: &'a str,
    space: &'a str,
    severity: Severity,
    state: &'static str,
    event_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Embedded<'a>>,
    summary: &'a str,
    centre: &'a str,
    feed: &'a str,
    log_time: String,
    partition: u16,
    offset: u64,
    date: String,
}

#[derive(Serialize)]
struct AlertRow<'a> {
    alert_id: &'a str,
    rule: &'a str,
    rule_uid: &'a str,
    rule_version: &'a str,
    key: &'a str,
    space: &'a str,
    severity: Severity,
    state: &'static str,
    handling: &'static str,
    event_time: String,
    changed_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    escalated_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inhibited_by: Option<InhibitorRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Embedded<'a>>,
    summary: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    guidance: Option<GuidanceRow<'a>>,
    centre: &'a str,
    feed: &'a str,
    log_time: String,
    offset: u64,
    #[serde(flatten)]
    handled: HandledRow<'a>,
}

#[derive(Serialize)]
struct SuppressionRow<'a> {
    space: &'a str,
    alerts: Vec<SuppressedRow<'a>>,
    left_out: usize,
}

#[derive(Serialize)]
struct SuppressedRow<'a> {
    alert_id: &'a str,
    inhibited_by: Option<InhibitorRow<'a>>,
    handling: &'static str,
    offset: u64,
}

#[derive(Serialize)]
struct RuleRow<'a> {
    name: &'a str,
    uid: &'a str,
    version: &'a str,
    kind: &'static str,
    severity: Severity,
    shadow: bool,
    inhibited_by: &'a [Arc<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    guidance: Option<GuidanceRow<'a>>,
}

#[derive(Serialize)]
struct InhibitorRow<'a> {
    rule: &'a str,
    alert_id: &'a str,
}

impl<'a> InhibitorRow<'a> {
    fn of(inhibitor: &'a Inhibitor) -> Self {
        Self { rule: &inhibitor.rule, alert_id: inhibitor.alert_id.as_str() }
    }
}

#[derive(Serialize)]
struct GuidanceRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consequence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    respond_within: Option<String>,
}

impl<'a> GuidanceRow<'a> {
    fn of(guidance: &'a Guidance) -> Self {
        Self {
            cause: guidance.cause.as_deref(),
            consequence: guidance.consequence.as_deref(),
            action: guidance.action.as_deref(),
            respond_within: guidance.respond_within_ms.map(format_ms),
        }
    }
}

/// JSON embedded as it stands; text that is not JSON becomes a JSON string, so that a row is always valid.
#[derive(Serialize)]
#[serde(untagged)]
enum Embedded<'a> {
    Json(&'a RawValue),
    Text(&'a str),
}

fn embedded(text: &str) -> Embedded<'_> {
    serde_json::from_str(text).map_or(Embedded::Text(text), Embedded::Json)
}

/// A row is one line. Inside valid JSON a line break only stands between tokens, where a space says the same.
fn one_line(json: &str) -> Cow<'_, str> {
    if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ").into() } else { json.into() }
}

#[cfg(test)]
mod tests;
