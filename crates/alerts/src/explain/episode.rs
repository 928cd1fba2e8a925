//! One episode, from its rows in history to JSON and lines of text.

use crate::explain::evidence::sentences;
use crate::explain::words::{INDENT, TABLE_ROWS_MAX, Words};
use crate::view::AlertView;
use crate::wire::alert_json;
use serde::Serialize;
use serde_json::Value;
use vigie_model::alert::{AlertState, reason};
use vigie_model::command::Outcome;
use vigie_model::duration::format_ms;
use vigie_model::time::parse_rfc3339_ms;

/// What history knows of an episode.
#[derive(Clone, Debug, Default)]
pub struct Episode {
    /// Its rows of the table `alerts`, in their order; never empty.
    pub transitions: Vec<Value>,
    /// Its rows of the table `actions`, in their order.
    pub actions: Vec<Value>,
}

/// What only a running server knows of an alert.
#[derive(Clone, Debug, Default)]
pub struct Now {
    /// The rule's guidance, as alerts carry it.
    guidance: Option<Value>,
    /// What suppresses it, as alerts carry it.
    inhibited_by: Option<Value>,
}

/// An episode explained.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    alert_id: String,
    rule: String,
    rule_version: String,
    key: String,
    space: String,
    /// How bad it is by now.
    severity: String,
    /// `active`, `stale` or `cleared`, as it stands now.
    state: &'static str,
    summary: String,
    /// Zone of the times in `text`.
    time_zone: String,
    evidence: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    guidance: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inhibited_by: Option<Value>,
    transitions: Vec<Value>,
    actions: Vec<Value>,
    /// All of it in words, one line each.
    text: Vec<String>,
}

impl Now {
    /// What is known of an alert as it stands.
    #[must_use]
    pub fn of(centre: &str, alert: &AlertView) -> Self {
        let mut row: Value = serde_json::from_str(&alert_json(centre, alert)).expect("an alert is written as JSON");
        let mut take = |name| row.get_mut(name).map(Value::take);
        Self { guidance: take("guidance"), inhibited_by: take("inhibited_by") }
    }
}

impl Explanation {
    /// Explains an episode with the clock of an IANA time zone, or in UTC when there is no such zone.
    #[must_use]
    pub fn of(episode: Episode, now: Now, time_zone: &str) -> Self {
        let Episode { transitions, actions } = episode;
        let (first, last) = (transitions.first(), transitions.last());
        let opened = transitions.iter().find(|row| state_of(row) == Some(AlertState::Active));
        let word = |row: Option<&Value>, name: &str| text(row.unwrap_or(&Value::Null), name).to_owned();
        let begun = opened.or(first);
        let mut explanation = Self {
            alert_id: word(first, "alert_id"),
            rule: word(first, "rule"),
            rule_version: word(begun, "rule_version"),
            key: word(first, "key"),
            space: word(first, "space"),
            severity: word(last, "severity"),
            state: standing(&transitions).as_str(),
            summary: word(begun, "summary"),
            time_zone: time_zone.to_owned(),
            evidence: opened.map(evidence_of).unwrap_or_default(),
            guidance: now.guidance,
            inhibited_by: now.inhibited_by,
            text: Vec::new(),
            transitions,
            actions,
        };
        explanation.text = explanation.lines(&Words::in_zone(time_zone));
        explanation
    }

    /// All of it in words.
    #[must_use]
    pub fn text(&self) -> &[String] {
        &self.text
    }

    fn lines(&self, words: &Words) -> Vec<String> {
        let mut lines = vec![self.summary.clone(), String::new()];
        let whose = if self.key == self.space { String::new() } else { format!(" (space {})", self.space) };
        lines.push(format!("Alert {}: rule {} on {}{whose}.", self.alert_id, self.rule, self.key));
        lines.push(format!("It is {}, severity {}. Rule version {}.", self.state, self.severity, self.rule_version));
        if self.transitions.iter().any(|row| text(row, "reason") == reason::SHADOW) {
            lines.push("The rule was in shadow: it was recorded, and nobody was shown it.".to_owned());
        }
        if let Some(by) = &self.inhibited_by {
            let (rule, alert) = (text(by, "rule"), text(by, "alert_id"));
            lines.push(format!("It is suppressed by the alert {alert} of the rule {rule}."));
        }
        section(&mut lines, "Why it began", sentences(&self.evidence, words));
        section(&mut lines, "What happened", self.happened(words));
        section(&mut lines, "What people did", self.actions.iter().map(|row| done(row, words)).collect());
        section(&mut lines, "Guidance", self.advice());
        lines.extend([String::new(), format!("Times are those of {}.", self.time_zone)]);
        lines
    }

    fn happened(&self, words: &Words) -> Vec<String> {
        let count = self.transitions.len();
        // A flapping sensor can make thousands; how it began and how it goes on matters most.
        let (kept, left_out) =
            if count > TABLE_ROWS_MAX { (TABLE_ROWS_MAX / 2, count - TABLE_ROWS_MAX) } else { (count, 0) };
        let mut lines: Vec<_> = self.transitions[..kept].iter().map(|row| transition(row, words)).collect();
        if left_out > 0 {
            lines.push(format!("({left_out} more are left out here)"));
            lines.extend(self.transitions[kept + left_out..].iter().map(|row| transition(row, words)));
        }
        let at = |row: Option<&Value>| parse_rfc3339_ms(text(row?, "event_time")).ok();
        match (self.state == AlertState::Cleared.as_str(), at(self.transitions.first()), at(self.transitions.last())) {
            (true, Some(from_ms), Some(to_ms)) if to_ms >= from_ms => {
                lines.push(format!("It lasted {}.", format_ms(to_ms - from_ms)));
            }
            (true, ..) => {}
            (false, ..) => lines.push("It is still open.".to_owned()),
        }
        lines
    }

    fn advice(&self) -> Vec<String> {
        const PARTS: [(&str, &str); 4] = [
            ("cause", "What is most likely behind it"),
            ("consequence", "What happens if nobody acts"),
            ("action", "What to do"),
            ("respond_within", "How soon"),
        ];
        let guidance = self.guidance.as_ref().unwrap_or(&Value::Null);
        let given = PARTS.iter().map(|(name, says)| (says, text(guidance, name)));
        given.filter(|(_, advice)| !advice.is_empty()).map(|(says, advice)| format!("{says}: {advice}")).collect()
    }
}

fn section(lines: &mut Vec<String>, title: &str, said: Vec<String>) {
    if !said.is_empty() {
        lines.extend([String::new(), title.to_owned()]);
        lines.extend(said.into_iter().map(|line| format!("{INDENT}{line}")));
    }
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn state_of(row: &Value) -> Option<AlertState> {
    serde_json::from_value(row.get("state")?.clone()).ok()
}

/// The condition by now: an escalation leaves it as it was.
fn standing(transitions: &[Value]) -> AlertState {
    let mut states = transitions.iter().filter_map(state_of);
    match states.rfind(|state| *state != AlertState::Escalated) {
        Some(state @ (AlertState::Stale | AlertState::Cleared)) => state,
        _ => AlertState::Active,
    }
}

/// Rows from SQL hold evidence as text, rows of the stream as JSON.
fn evidence_of(row: &Value) -> Value {
    match row.get("evidence") {
        Some(Value::String(json)) => serde_json::from_str(json).unwrap_or_default(),
        Some(evidence) => evidence.clone(),
        None => Value::Null,
    }
}

fn transition(row: &Value, words: &Words) -> String {
    let at = row.get("event_time").and_then(|at| words.instant(at)).unwrap_or_default();
    let (state, summary) = (text(row, "state"), text(row, "summary"));
    let worse = match state_of(row) {
        Some(AlertState::Escalated) => format!(" to {}", text(row, "severity")),
        _ => String::new(),
    };
    let why = match text(row, "reason") {
        "" | reason::SHADOW => String::new(),
        reason::RULE_CHANGED => ", because its rule changed".to_owned(),
        reason::RULE_DELETED => ", because its rule was deleted".to_owned(),
        reason::INACTIVE_PERIOD => ", because the hours in which its rule is judged ended".to_owned(),
        other => format!(", {}", other.replace('_', " ")),
    };
    format!("{at}  {state}{worse}{why}: {summary}")
}

fn done(row: &Value, words: &Words) -> String {
    let at = row.get("event_time").and_then(|at| words.instant(at)).unwrap_or_default();
    let (operator, action, outcome) = (text(row, "operator"), text(row, "action"), text(row, "outcome"));
    let detail = |lead: &str, name: &str| match text(row, name) {
        "" => String::new(),
        word => format!("{lead}{word}"),
    };
    let until = row.get("until").and_then(|until| words.instant(until)).map(|until| format!(" until {until}"));
    let until = until.unwrap_or_default();
    let more = [detail(" as ", "disposition"), until, detail(", cause: ", "cause"), detail("; ", "note")].concat();
    let is_done = outcome == Outcome::Done.as_str();
    let refused = match outcome {
        "still_active" => "refused: it was still open",
        "already_closed" => "refused: it was closed",
        "already_cleared" => "refused: it was over",
        "until_passed" => "refused: that time had passed",
        "unknown_step" => "refused: there is no such step",
        "unchanged" => "it had been already",
        other => other,
    };
    let target: Value = serde_json::from_str(text(row, "target")).unwrap_or_default();
    let step = || format!("step {} {}", target.get("step").unwrap_or(&Value::Null), text(&target, "state"));
    let what = match action {
        _ if !is_done && action == "checklist" => {
            return format!("{at}  {operator} wanted to say {}{more} ({refused})", step());
        }
        _ if !is_done => return format!("{at}  {operator} wanted to {action} it{more} ({refused})"),
        "acknowledge" => "acknowledged".to_owned(),
        "shelve" => "put on the shelf".to_owned(),
        "unshelve" => "taken from the shelf".to_owned(),
        "assign" => format!("assigned to {}", text(&target, "to")),
        "close" => "closed".to_owned(),
        "reopen" => "opened again".to_owned(),
        "checklist" => step(),
        other => other.to_owned(),
    };
    format!("{at}  {what} by {operator}{more}")
}
