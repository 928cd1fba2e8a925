//! How far a transition is what a test expects.

use super::case::Expected;
use super::when::describe;
use crate::yaml::{Node, Value};
use serde_json::Value as Json;
use vigie_model::alert::Transition;
use vigie_model::decimal::Decimal;

/// Whether a transition is as described.
pub(crate) fn fits(expected: &Expected, transition: &Transition) -> bool {
    differences(expected, transition, 0).is_empty()
}

/// In what a transition is not as described, one text each.
pub(crate) fn differences(expected: &Expected, transition: &Transition, start_ms: i64) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |name: &str, is: String, wanted: String| {
        if is != wanted {
            found.push(format!("{name} is {is}, expected {wanted}"));
        }
    };
    differ("rule", transition.rule.name.to_string(), expected.rule.clone());
    let texts = [("key", &expected.key, &transition.key), ("space", &expected.space, &transition.space)];
    for (name, wanted, is) in texts {
        if let Some(wanted) = wanted {
            differ(name, is.to_string(), wanted.clone());
        }
    }
    if let Some(wanted) = expected.state {
        differ("state", transition.state.as_str().to_owned(), wanted.as_str().to_owned());
    }
    if let Some(wanted_ms) = expected.at_ms {
        differ("at", describe(transition.event_time_ms, start_ms), describe(wanted_ms, start_ms));
    }
    if let Some(wanted) = expected.severity {
        differ("severity", transition.severity.to_string(), wanted.to_string());
    }
    if let Some(wanted) = &expected.reason {
        differ("reason", transition.reason.unwrap_or("not given").to_owned(), wanted.clone());
    }
    if let Some(wanted) = expected.summary.as_ref().filter(|wanted| !transition.summary.contains(wanted.as_str())) {
        found.push(format!("summary is \"{}\", expected to contain \"{wanted}\"", transition.summary));
    }
    if let Some(wanted) = &expected.evidence {
        let evidence = transition.evidence.as_deref().map(serde_json::from_str::<Json>);
        match evidence {
            Some(Ok(evidence)) => contains(wanted, &evidence, "evidence", &mut found),
            _ => found.push("it has no evidence".to_owned()),
        }
    }
    found
}

/// Adds in what `json` does not contain what is `wanted`.
fn contains(wanted: &Node, json: &Json, path: &str, found: &mut Vec<String>) {
    match (&wanted.value, json) {
        (Value::Mapping(entries), Json::Object(object)) => {
            for (key, value) in entries {
                let Value::Scalar(key) = &key.value else { continue };
                let path = format!("{path}.{}", key.text);
                match object.get(&key.text) {
                    Some(json) => contains(value, json, &path, found),
                    None => found.push(format!("{path} is not there")),
                }
            }
        }
        (Value::Sequence(items), Json::Array(array)) => {
            if items.len() != array.len() {
                found.push(format!("{path} has {} entries, expected {}", array.len(), items.len()));
            }
            for ((wanted, json), index) in items.iter().zip(array).zip(0..) {
                contains(wanted, json, &format!("{path}[{index}]"), found);
            }
        }
        (Value::Scalar(scalar), json) => {
            let is = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
            if !is_same(&is, &scalar.text) {
                found.push(format!("{path} is {is}, expected {}", scalar.text));
            }
        }
        (_, json) => found.push(format!("{path} is {json}, expected {}", wanted.describe())),
    }
}

/// The same text, or the same number.
fn is_same(one: &str, other: &str) -> bool {
    let number = |text: &str| text.parse::<Decimal>().ok();
    one == other || number(one).is_some_and(|value| number(other) == Some(value))
}
