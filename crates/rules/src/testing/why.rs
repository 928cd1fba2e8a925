//! Why a rule did not say what a test expected, as far as its inputs tell.

use super::case::{Expected, TestCase, TestInput, What};
use super::when::describe;
use crate::kind::Source;
use crate::spec::{Rule, RuleSet};
use vigie_model::alert::AlertState;
use vigie_model::duration::format_ms;
use vigie_model::space::Space;

/// Reasons, one line each, for an expected transition that did not come.
pub(crate) fn reasons(expected: &Expected, test: &TestCase, rules: &RuleSet) -> Vec<String> {
    let Some(rule) = rules.rules.iter().find(|rule| *rule.identity.name == *expected.rule) else { return Vec::new() };
    let mut reasons = Vec::new();
    let space = expected.space.as_deref().or_else(|| expected.key.as_ref()?.split('/').next());
    if let Some(space) = space.filter(|space| !is_covered(rule, rules, space)) {
        reasons.push(format!("the scope of '{}' does not cover space '{space}'", expected.rule));
        return reasons;
    }
    let part = expected.key.as_ref().and_then(|key| key.split_once('/')).map(|(_, part)| part);
    let is_of_key = |input: &&TestInput| {
        let parts = [input.sensor.as_deref(), input.node.as_deref()];
        space.is_none_or(|space| *input.space == *space) && part.is_none_or(|part| parts.contains(&Some(part)))
    };
    let until_ms = expected.at_ms.unwrap_or(i64::MAX);
    for source in rule.sources() {
        let mut read = test.inputs.iter().filter(|input| reads(source, input)).filter(is_of_key).peekable();
        let what = described(source);
        if read.peek().is_none() {
            reasons.push(format!("the test has no {what} for it"));
            continue;
        }
        match read.filter(|input| input.event_time_ms <= until_ms).max_by_key(|input| input.event_time_ms) {
            Some(last) => reasons.push(format!("its last {what} by then: {}", shown(last, test.start_ms))),
            None => reasons.push(format!("its first {what} comes later")),
        }
    }
    reasons.extend(conditions(expected, rule, space));
    reasons
}

/// The conditions as written, with the parameters in force.
fn conditions(expected: &Expected, rule: &Rule, space: Option<&str>) -> Vec<String> {
    let params = &rule.plans[space.map_or(0, |space| rule.plan_index(space))].params;
    let params: Vec<_> = params.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let with = if params.is_empty() { String::new() } else { format!(", with {}", params.join(", ")) };
    let mut lines = Vec::new();
    if matches!(expected.state, Some(AlertState::Cleared)) {
        let clear = rule.clear.as_deref().unwrap_or("not raise");
        let off_delay = format_ms(rule.delays.off_delay_ms);
        lines.push(format!("clear: {clear}{with}; then keep_firing_for {off_delay}"));
    } else if !rule.raise.is_empty() {
        lines.push(format!("raise: {}{with}; for {}", rule.raise, format_ms(rule.delays.hold_ms)));
    }
    lines
}

fn is_covered(rule: &Rule, rules: &RuleSet, space: &str) -> bool {
    match rules.spaces.get(space) {
        Some(space) => rule.covers(space).unwrap_or(false),
        None => rule.covers(&Space::registered(space)).unwrap_or(false),
    }
}

fn reads(source: &Source, input: &TestInput) -> bool {
    match (source, &input.what) {
        (Source::Metric(read), What::Observation { metric, .. }) => read == metric,
        (Source::Incidents { category, .. }, What::Incident { category: happened, .. }) => {
            category.as_ref().is_none_or(|category| category == happened)
        }
        _ => false,
    }
}

fn described(source: &Source) -> String {
    match source {
        Source::Metric(metric) => format!("observation of {metric}"),
        Source::Incidents { category: Some(category), .. } => format!("incident '{category}'"),
        Source::Incidents { category: None, .. } => "incident".to_owned(),
    }
}

fn shown(input: &TestInput, start_ms: i64) -> String {
    let at = describe(input.event_time_ms, start_ms);
    let from = input.sensor.as_ref().or(input.node.as_ref()).map_or(String::new(), |part| format!(" of {part}"));
    match &input.what {
        What::Observation { value, .. } => format!("{value}{from} at {at}"),
        What::Incident { category, .. } => format!("{category}{from} at {at}"),
    }
}
