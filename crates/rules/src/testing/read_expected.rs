//! What a test expects: descriptions of transitions, in which only what is given counts.

use super::case::Expected;
use super::when::instant;
use crate::fields::Fields;
use crate::yaml::{Node, Problems, Value};
use vigie_model::alert::AlertState;
use vigie_model::severity::Severity;

const KNOWN: [&str; 9] = ["rule", "key", "space", "state", "at", "severity", "reason", "summary", "evidence"];
const STATES: [AlertState; 7] = [
    AlertState::Pending,
    AlertState::Inactive,
    AlertState::Active,
    AlertState::Stale,
    AlertState::Resumed,
    AlertState::Escalated,
    AlertState::Cleared,
];

/// The descriptions of a list; `bare_names` says whether an entry may be the name of a rule alone.
pub(crate) fn expected(
    fields: &Fields<'_>,
    list: &str,
    bare_names: bool,
    start_ms: i64,
    problems: &mut Problems,
) -> Vec<Expected> {
    let mut found = Vec::new();
    for node in fields.list(list, problems) {
        match &node.value {
            Value::Scalar(scalar) if bare_names => found.push(of_rule(node, &scalar.text)),
            _ => found.extend(description(node, start_ms, problems)),
        }
    }
    found
}

fn of_rule(node: &Node, rule: &str) -> Expected {
    Expected {
        spot: node.spot,
        rule: rule.to_owned(),
        key: None,
        space: None,
        state: None,
        at_ms: None,
        severity: None,
        reason: None,
        summary: None,
        evidence: None,
    }
}

fn description(node: &Node, start_ms: i64, problems: &mut Problems) -> Option<Expected> {
    let fields = Fields::of(node, "a transition", problems)?;
    fields.only(&KNOWN, "a transition", problems);
    fields.missing("rule", "the transition", problems);
    let text = |name: &str, problems: &mut Problems| fields.text(name, problems).map(|(text, _)| text.to_owned());
    let rule = text("rule", problems);
    let evidence = fields.node("evidence").filter(|node| match node.value {
        Value::Mapping(_) => true,
        _ => {
            let message = format!("'evidence' is {}", node.describe());
            problems.error(node.spot, message).expected = Some("a mapping".to_owned());
            false
        }
    });
    let described = Expected {
        key: text("key", problems),
        space: text("space", problems),
        state: fields.word("state", &STATES.map(|state| (state.as_str(), state)), problems),
        at_ms: instant(&fields, "at", start_ms, problems),
        severity: fields.word("severity", &Severity::ALL.map(|severity| (severity.as_str(), severity)), problems),
        reason: text("reason", problems),
        summary: text("summary", problems),
        evidence: evidence.cloned(),
        ..of_rule(node, "")
    };
    rule.map(|rule| Expected { rule, ..described })
}
