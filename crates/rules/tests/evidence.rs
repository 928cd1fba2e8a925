//! From the evidence of an active transition alone, its verdict can be recomputed: checked for every episode of every
//! conformance case, with arithmetic that shares no code with the engine.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Cut, event, ordered, rules, transitions};
use serde_json::Value;
use std::path::Path;
use vigie_model::alert::{AlertState, Transition};

const MICROS: i128 = 1_000_000;

/// An exact fraction.
#[derive(Clone, Copy, Debug)]
struct Fraction(i128, i128);

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        self.0 * other.1 == other.0 * self.1
    }
}

fn fraction(text: &str) -> Fraction {
    let micros = |text: &str| {
        let (whole, decimals) =
            text.trim_start_matches('-').split_once('.').unwrap_or((text.trim_start_matches('-'), ""));
        let magnitude = whole.parse::<i128>().unwrap() * MICROS + format!("{decimals:0<6}").parse::<i128>().unwrap();
        if text.starts_with('-') { -magnitude } else { magnitude }
    };
    match text.split_once('/') {
        Some((numerator, denominator)) => Fraction(numerator.parse().unwrap(), denominator.parse().unwrap()),
        None => Fraction(micros(text), MICROS),
    }
}

/// The conditions of the cases are all `value OPERATOR NUMBER`.
fn holds(raise: &str, value: Fraction) -> bool {
    let words: Vec<_> = raise.split(' ').collect();
    let [_, operator, limit] = words[..] else { panic!("value OPERATOR NUMBER, not {raise}") };
    let limit = fraction(limit);
    let (left, right) = (value.0 * limit.1, limit.0 * value.1);
    match operator {
        ">" => left > right,
        ">=" => left >= right,
        _ => panic!("{operator}"),
    }
}

fn aggregate(agg: &str, count: i128, sum: Fraction, min: Fraction, max: Fraction) -> Fraction {
    match agg {
        "count" => Fraction(count, 1),
        "sum" => sum,
        "mean" => Fraction(sum.0, sum.1 * count),
        "min" => min,
        _ => max,
    }
}

fn total(parts: &[Fraction]) -> Fraction {
    Fraction(parts.iter().map(|part| part.0).sum(), MICROS)
}

fn fractions(items: &[Value], name: &str) -> Vec<Fraction> {
    items.iter().map(|item| fraction(item[name].as_str().unwrap())).collect()
}

fn check(transition: &Transition) {
    let evidence: Value = serde_json::from_str(transition.evidence.as_ref().unwrap()).unwrap();
    let ms = |name: &str| evidence[name].as_i64().unwrap();
    assert_eq!(evidence["rule_version"], *transition.rule.version);
    assert_eq!(transition.event_time_ms, ms("since_ms") + ms("for_ms"));
    let offset = evidence["position"]["offset"].as_u64().unwrap();
    assert!(offset <= transition.position.offset);
    let (agg, since_ms) = (evidence["agg"].as_str().unwrap_or_default(), ms("since_ms"));
    let value = match evidence["kind"].as_str().unwrap() {
        "absence" => {
            assert_eq!(transition.event_time_ms, ms("due_ms"));
            assert!(ms("log_time_ms") > ms("due_ms") && ms("last_arrival_ms") <= since_ms);
            return;
        }
        "threshold" => {
            let members = evidence["members"].as_array().unwrap();
            for member in members {
                let age_ms = since_ms - member["event_time_ms"].as_i64().unwrap();
                assert!((0..ms("stale_after_ms")).contains(&age_ms), "{evidence}");
            }
            let mut values = fractions(members, "value");
            let sum = total(&values);
            values.sort_by_key(|value| value.0);
            aggregate(agg, values.len() as i128, sum, values[0], values[values.len() - 1])
        }
        _ => {
            let panes = evidence["panes"].as_array().unwrap();
            let bound_ms = |name: &str| evidence["window"][name].as_i64().unwrap();
            assert!(bound_ms("start_ms") <= since_ms && since_ms < bound_ms("end_ms"));
            assert!(panes.iter().all(|pane| pane["start_ms"].as_i64().unwrap() >= bound_ms("start_ms")));
            let count = panes.iter().map(|pane| pane["count"].as_i64().unwrap()).sum::<i64>();
            assert!(count >= evidence["min_count"].as_i64().unwrap_or(0));
            let min = fractions(panes, "min").into_iter().min_by_key(|min| min.0).unwrap();
            let max = fractions(panes, "max").into_iter().max_by_key(|max| max.0).unwrap();
            aggregate(agg, count.into(), total(&fractions(panes, "sum")), min, max)
        }
    };
    assert_eq!(value, fraction(evidence["value"].as_str().unwrap()), "{evidence}");
    assert!(holds(evidence["raise"].as_str().unwrap(), value), "{evidence}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its cases from files")]
fn every_episode_of_the_cases_can_be_recomputed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rules-conformance");
    let mut episodes = 0;
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let read = |name: &str| std::fs::read_to_string(entry.join(name)).unwrap();
        let events = ordered(read("input.ndjson").lines().map(event).collect(), read("case.json").contains("keep"));
        let cut = Cut { partitions: 2, batch_rows: 7, tick_ms: 1000 };
        for transition in transitions(&rules(&read("rules.yaml")), &events, cut) {
            assert_eq!(transition.evidence.is_some(), transition.state == AlertState::Active);
            if transition.state == AlertState::Active {
                check(&transition);
                episodes += 1;
            }
        }
    }
    assert!(episodes > 50, "{episodes} episodes");
}
