//! Whether a test passed, and if not, what was expected, what came nearest to it, and why it did not come.

use super::case::{Expected, TestCase};
use super::likeness::{differences, fits};
use super::when::describe;
use super::why::reasons;
use crate::spec::RuleSet;
use vigie_model::alert::{AlertState, Transition};

/// Transitions nobody expected that are told one by one.
const UNEXPECTED_TOLD_MAX: usize = 10;

/// Something a test expected otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Line of the expectation in the test file, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
    /// What was expected and what came instead; the first line is the headline.
    pub lines: Vec<String>,
    /// What the rules can be asked about it, for a transition that did not come.
    pub question: Option<Question>,
}

/// Why a rule had no open episode on a key at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The rule.
    pub rule: String,
    /// The key.
    pub key: String,
    /// The instant.
    pub at_ms: i64,
}

/// Compares what came of a test's inputs with what it expects. No failure: it passed.
///
/// Each expected transition needs one of its own.
#[must_use]
pub fn judge(test: &TestCase, rules: &RuleSet, transitions: &[Transition]) -> Vec<Failure> {
    let end_ms = test.until_ms.unwrap_or(i64::MAX);
    let seen: Vec<_> = transitions.iter().filter(|transition| transition.event_time_ms <= end_ms).collect();
    let taken = assign(&test.expected, &seen);
    let mut failures = Vec::new();
    for (expected, index) in test.expected.iter().zip(0..) {
        if !taken.contains(&Some(index)) {
            failures.push(missing(expected, test, rules, &seen));
        }
    }
    for unwanted in &test.unwanted {
        let is_meant = |transition: &Transition| {
            fits(unwanted, transition) && (unwanted.state.is_some() || transition.state.is_of_episode())
        };
        let came = seen.iter().filter(|transition| is_meant(transition));
        failures.extend(told(
            came,
            &format!("expected no {}", unwanted.rule),
            (unwanted.spot.line, unwanted.spot.column),
            test,
        ));
    }
    if test.exactly {
        let free =
            seen.iter().zip(&taken).filter(|(transition, taken)| taken.is_none() && transition.state.is_of_episode());
        failures.extend(told(
            free.map(|(transition, _)| transition),
            "nothing else was expected",
            (test.line, 0),
            test,
        ));
    }
    failures
}

/// For each transition the expectation it fulfils: as many expectations as possible, each at most once (augmenting
/// paths, so that a vague expectation leaves a transition to one that can take no other).
fn assign(expected: &[Expected], seen: &[&Transition]) -> Vec<Option<usize>> {
    let fitting: Vec<Vec<usize>> = expected
        .iter()
        .map(|expected| (0..seen.len()).filter(|index| fits(expected, seen[*index])).collect())
        .collect();
    let mut taken = vec![None; seen.len()];
    for index in 0..expected.len() {
        take(index, &fitting, &mut taken, &mut vec![false; seen.len()]);
    }
    taken
}

fn take(index: usize, fitting: &[Vec<usize>], taken: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for &place in &fitting[index] {
        if std::mem::replace(&mut tried[place], true) {
            continue;
        }
        if taken[place].is_none_or(|holder| take(holder, fitting, taken, tried)) {
            taken[place] = Some(index);
            return true;
        }
    }
    false
}

fn missing(expected: &Expected, test: &TestCase, rules: &RuleSet, seen: &[&Transition]) -> Failure {
    let mut lines = vec![format!("expected {}", wording(expected, test.start_ms))];
    let of_rule = seen.iter().filter(|transition| *transition.rule.name == *expected.rule);
    let nearest = of_rule.min_by_key(|transition| {
        let away_ms = expected.at_ms.map_or(0, |at_ms| transition.event_time_ms.abs_diff(at_ms));
        (differences(expected, transition, test.start_ms).len(), away_ms)
    });
    match nearest {
        Some(nearest) => {
            lines.push(format!("nearest: {}", shown(nearest, test.start_ms)));
            let differences = differences(expected, nearest, test.start_ms);
            if differences.is_empty() {
                lines.push("  which another expectation needs: it came fewer times than expected".to_owned());
            }
            lines.extend(differences.into_iter().map(|difference| format!("  {difference}")));
        }
        None => lines.push(format!("'{}' had no transition at all", expected.rule)),
    }
    lines.extend(reasons(expected, test, rules));
    let opens = matches!(expected.state, None | Some(AlertState::Active));
    let question = expected.key.as_ref().zip(expected.at_ms).filter(|_| opens);
    let question = question.map(|(key, at_ms)| Question { rule: expected.rule.clone(), key: key.clone(), at_ms });
    Failure { line: expected.spot.line, column: expected.spot.column, lines, question }
}

/// A failure for each of the first transitions nobody expected.
fn told<'a>(
    came: impl Iterator<Item = &'a &'a Transition>,
    headline: &str,
    (line, column): (u32, u32),
    test: &TestCase,
) -> Vec<Failure> {
    let came: Vec<_> = came.collect();
    let mut lines: Vec<_> = vec![format!("{headline}, but there came:")];
    lines.extend(came.iter().take(UNEXPECTED_TOLD_MAX).map(|transition| shown(transition, test.start_ms)));
    if came.len() > UNEXPECTED_TOLD_MAX {
        lines.push(format!("and {} more", came.len() - UNEXPECTED_TOLD_MAX));
    }
    if came.is_empty() { Vec::new() } else { vec![Failure { line, column, lines, question: None }] }
}

fn wording(expected: &Expected, start_ms: i64) -> String {
    let mut text = expected.rule.clone();
    let words = [
        expected.key.clone(),
        expected.space.as_ref().map(|space| format!("in {space}")),
        expected.state.map(|state| state.as_str().to_owned()),
        expected.at_ms.map(|at_ms| format!("at {}", describe(at_ms, start_ms))),
        expected.severity.map(|severity| format!("severity {severity}")),
        expected.reason.as_ref().map(|reason| format!("reason {reason}")),
        expected.summary.as_ref().map(|summary| format!("summary with \"{summary}\"")),
        expected.evidence.as_ref().map(|_| "with the evidence given".to_owned()),
    ];
    for word in words.into_iter().flatten() {
        text.push(' ');
        text.push_str(&word);
    }
    text
}

fn shown(transition: &Transition, start_ms: i64) -> String {
    let (rule, key, state) = (&transition.rule.name, &transition.key, transition.state.as_str());
    let reason = transition.reason.map_or(String::new(), |reason| format!(", reason {reason}"));
    let at = describe(transition.event_time_ms, start_ms);
    format!("{rule} {key} {state} at {at}{reason}: {}", transition.summary)
}
