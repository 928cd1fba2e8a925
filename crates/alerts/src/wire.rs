//! How transitions and alerts look as JSON: one line, fields always in the same order, `null` fields left out.
//!
//! A transition is a row of the history table `alerts`, so that what streams past and what SQL finds later are the same
//! words. An alert is such a row as well (its opening, with `state` as it stands now) plus what people did. Evidence is
//! embedded as the JSON the engine wrote, number for number.

use crate::view::AlertView;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use vigie_model::alert::Transition;
use vigie_model::command::{Action, Command};
use vigie_model::severity::Severity;
use vigie_model::time::{format_utc, utc_date};

/// The alert stream is one order, so its rows all carry this partition.
const STREAM_PARTITION: u16 = 0;

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
/// `cleared`), `handling` (`open`, `acknowledged`, `closed`), `changed_time` (event time of the newest change of
/// condition) and, once given, `acknowledged` and `closed` with who, when and why. `offset` is the place in the alert
/// stream of the newest record that changed it.
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
        changed_time: format_utc(latest.event_time_ms),
        reason: latest.reason,
        evidence: evidence.as_deref().map(embedded),
        summary: &opened.summary,
        centre,
        feed: &opened.feed,
        log_time: format_utc(opened.log_time_ms),
        offset: alert.position,
        acknowledged: alert.acknowledged.as_deref().map(HandlingRow::of),
        closed: alert.closed.as_deref().map(HandlingRow::of),
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
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Embedded<'a>>,
    summary: &'a str,
    centre: &'a str,
    feed: &'a str,
    log_time: String,
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<HandlingRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<HandlingRow<'a>>,
}

/// Who acknowledged or closed an alert, when, and in what words.
#[derive(Serialize)]
struct HandlingRow<'a> {
    operator: &'a str,
    log_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

impl<'a> HandlingRow<'a> {
    fn of(command: &'a Command) -> Self {
        let (disposition, cause) = match &command.action {
            Action::Acknowledge => (None, None),
            Action::Close { disposition, cause } => (Some(disposition.as_str()), cause.as_deref()),
        };
        let log_time = format_utc(command.log_time_ms);
        Self { operator: &command.operator, log_time, disposition, cause, note: command.note.as_deref() }
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
