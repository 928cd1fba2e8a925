//! Rules at random. Their durations share few whole seconds, so that instants coincide often.

use crate::chance::Chance;
use crate::condition::{Condition, Number, Params};
use crate::rule::{Agg, Among, Baseline, Distinct, Escalate, Kind, Limits, Per, Rule, Source, Step};

/// Metrics of rules and events.
pub(crate) const METRICS: [&str; 2] = ["m", "n"];

/// A rule of a kind, without anything else.
pub(crate) fn plain(name: String, kind: Kind) -> Rule {
    let (districts, params) = (Vec::new(), Params::new());
    let (hold_ms, off_ms, per) = (0, 0, Per::Space);
    Rule { name, districts, kind, per, hold_ms, off_ms, period: None, escalate: None, shadow: false, params }
}

/// A kind above these rules; none when they are too few.
pub(crate) fn over(chance: &mut Chance, kind: &str, rules: &[Rule]) -> Option<Kind> {
    let names: Vec<String> =
        rules.iter().filter(|rule| !matches!(rule.kind, Kind::Spread { .. })).map(|rule| rule.name.clone()).collect();
    if kind == "spread" {
        let among = chance.of(&[Among::District, Among::Adjacent]);
        return Some(Kind::Spread { of: chance.of(&names), k: 2, within_ms: seconds(chance, &[5, 10, 10, 30]), among });
    }
    if names.len() < 2 {
        return None;
    }
    let mut of = vec![chance.of(&names), chance.of(&names)];
    of.dedup();
    (of.len() == 2).then(|| Kind::Composite { all: kind == "all_of", of })
}

/// A rule whose episodes begin anew all the time, and a spread of it in which beginnings soon are over.
pub(crate) fn spreading(chance: &mut Chance) -> Vec<Rule> {
    let mut below = plain("R0".to_owned(), Kind::Absence { metric: metric(chance) });
    below.hold_ms = 5_000;
    if chance.percent(50) {
        let source = Source::Metric(metric(chance));
        let (distinct, matching) = (Distinct::Sensor, Some(Condition::value(">", 3_000_000)));
        (below.kind, below.hold_ms) = (Kind::KOfN { source, k: 1, within_ms: 5_000, distinct, matching }, 0);
    }
    let (among, within_ms) = (chance.of(&[Among::District, Among::Adjacent]), chance.of(&[5_000, 10_000]));
    vec![below, plain("R1".to_owned(), Kind::Spread { of: "R0".to_owned(), k: 2, within_ms, among })]
}

/// A rule of a kind that reads events.
pub(crate) fn rule(chance: &mut Chance, name: String, kind: &str) -> Rule {
    let mut made = plain(name, Kind::Absence { metric: metric(chance) });
    made.per = chance.of(&[Per::Space, Per::Space, Per::Sensor, Per::Node]);
    if chance.percent(15) {
        made.districts = vec![chance.of(&["east", "west"]).to_owned()];
    }
    let has_off_delay = kind != "absence";
    if chance.percent(55) && has_off_delay {
        made.off_ms = seconds(chance, &[5, 10, 20, 40]);
    }
    let has_hold = matches!(kind, "threshold" | "window" | "change" | "baseline");
    if chance.percent(35) && has_hold {
        made.hold_ms = chance.of(&[2_500, 5_000, 5_000, 10_000, 15_000]);
    }
    if (has_hold || kind == "sequence") && chance.percent(30) {
        made.params.insert("max".to_owned(), chance.number(-2, 9) * 1_000_000);
    }
    made.kind = match kind {
        "threshold" => Kind::Threshold {
            metric: metric(chance),
            agg: chance.of(&[Agg::Max, Agg::Min, Agg::Mean, Agg::Mean, Agg::Sum]),
            limits: limits(chance, &made.params),
            stale_ms: chance.of(&[7_500, 10_000, 10_000, 20_000, 60_000]),
        },
        "window" => window(chance, &mut made),
        "change" => {
            let (over_ms, every_ms) = panes(chance);
            Kind::Change { metric: metric(chance), over_ms, every_ms, limits: limits(chance, &made.params) }
        }
        "absence" => {
            made.hold_ms = seconds(chance, &[5, 10, 15, 40]);
            Kind::Absence { metric: metric(chance) }
        }
        "sequence" => sequence(chance, &mut made),
        "k_of_n" => k_of_n(chance, &mut made),
        "baseline" => Kind::Baseline(baseline(chance)),
        other => panic!("no kind that reads events: {other}"),
    };
    if matches!(made.kind, Kind::Absence { .. }) {
        (made.off_ms, made.hold_ms) = (0, made.hold_ms.max(5_000));
        made.params.clear();
    }
    modified(chance, made)
}

/// Rules that remember the same as one of these, with other conditions and delays; some of them longer than a value is valid.
pub(crate) fn siblings(chance: &mut Chance, rules: &[Rule]) -> Vec<Rule> {
    let can_share =
        |rule: &&Rule| matches!(rule.kind, Kind::Threshold { .. } | Kind::Window { .. } | Kind::Change { .. });
    let sharing: Vec<&Rule> = rules.iter().filter(can_share).collect();
    if sharing.is_empty() {
        return Vec::new();
    }
    let first = chance.of(&sharing);
    let siblings = (0..chance.number(1, 5)).map(|index| {
        let mut sibling = first.clone();
        sibling.name = format!("S{index}");
        sibling.params.clear();
        if let Kind::Threshold { limits: own, .. }
        | Kind::Window { limits: own, .. }
        | Kind::Change { limits: own, .. } = &mut sibling.kind
        {
            *own = limits(chance, &sibling.params);
        }
        sibling.hold_ms = chance.of(&[0, 0, 2_500, 10_000, 30_000]);
        sibling.off_ms = chance.of(&[0, 5_000, 20_000, 90_000]);
        if chance.percent(80) {
            sibling.period = None;
        }
        if chance.percent(80) {
            sibling.districts.clear();
        }
        sibling
    });
    siblings.collect()
}

/// The rule with some modifiers.
pub(crate) fn modified(chance: &mut Chance, mut rule: Rule) -> Rule {
    let is_absence = matches!(rule.kind, Kind::Absence { .. });
    if chance.percent(if is_absence { 50 } else { 25 }) {
        // An event covers spaces; a spread may be about a district.
        let is_of_spaces = !matches!(rule.kind, Kind::Spread { .. });
        rule.period = Some(chance.of(&["rush", "rush", "odd", if is_of_spaces { "event" } else { "odd" }]).to_owned());
    }
    if chance.percent(30) {
        let severity = chance.of(&["high", "critical"]).to_owned();
        rule.escalate = Some(Escalate { after_ms: seconds(chance, &[5, 10, 20]), severity });
    }
    if matches!(rule.kind, Kind::Composite { .. }) && chance.percent(15) {
        rule.districts = vec!["east".to_owned()];
    }
    rule.shadow = chance.percent(10);
    rule
}

fn window(chance: &mut Chance, rule: &mut Rule) -> Kind {
    let (window_ms, every_ms) = panes(chance);
    let is_of_incidents = chance.percent(25);
    let agg = match is_of_incidents {
        true => Agg::Count,
        false => chance.of(&[Agg::Count, Agg::Sum, Agg::Mean, Agg::Mean, Agg::Min, Agg::Max]),
    };
    let source = match is_of_incidents {
        true => incidents(chance),
        false => Source::Metric(metric(chance)),
    };
    if is_of_incidents {
        rule.per = Per::Space;
    }
    let takes_count = !matches!(agg, Agg::Count | Agg::Sum);
    let min_count = if takes_count { chance.number(1, 4) as usize } else { 1 };
    let mut limits = limits(chance, &rule.params);
    if agg == Agg::Count && chance.percent(70) {
        limits = Limits { raise: Condition::value(">=", chance.number(1, 5) * 1_000_000), clear: None };
    }
    Kind::Window { source, window_ms, every_ms, agg, min_count, limits }
}

fn sequence(chance: &mut Chance, rule: &mut Rule) -> Kind {
    rule.per = Per::Space;
    rule.off_ms = seconds(chance, &[0, 10, 30, 300]);
    let steps: Vec<Step> = (0..chance.number(2, 4)).map(|_| step(chance, &rule.params)).collect();
    let without = match chance.number(0, 10) {
        0 | 1 => Some(step(chance, &rule.params)),
        2 | 3 => Some(Step {
            matching: steps[0].matching.as_ref().map(|_| Condition::value(">", 4_000_000)),
            ..steps[0].clone()
        }),
        _ => None,
    };
    Kind::Sequence { steps, within_ms: seconds(chance, &[5, 10, 20, 40]), without }
}

fn step(chance: &mut Chance, params: &Params) -> Step {
    if chance.percent(20) {
        return Step { source: incidents(chance), matching: None };
    }
    let limit = match params.is_empty() {
        true => Number::units(chance.number(-2, 5)),
        false => Number::Param("max".to_owned()),
    };
    let operator = chance.of(&[">", ">", "<="]).to_owned();
    let matching = Some(Condition::Compare(Number::Value, operator, limit));
    Step { source: Source::Metric(metric(chance)), matching }
}

fn k_of_n(chance: &mut Chance, rule: &mut Rule) -> Kind {
    rule.per = Per::Space;
    let (k, within_ms) = (chance.number(1, 4) as usize, seconds(chance, &[5, 10, 20, 30]));
    if chance.percent(25) {
        let distinct = chance.of(&[Distinct::Channel, Distinct::Channel, Distinct::Sensor]);
        return Kind::KOfN { source: incidents(chance), k, within_ms, distinct, matching: None };
    }
    let matching =
        if chance.percent(70) { Some(Condition::value(">", chance.number(-2, 5) * 1_000_000)) } else { None };
    let distinct = chance.of(&[Distinct::Sensor, Distinct::Sensor, Distinct::Node]);
    Kind::KOfN { source: Source::Metric(metric(chance)), k, within_ms, distinct, matching }
}

fn baseline(chance: &mut Chance) -> Baseline {
    let (up, down) = chance.of(&[(true, false), (false, true), (true, true)]);
    Baseline {
        metric: metric(chance),
        z: chance.of(&[1_500_000, 2_000_000, 3_000_000]),
        half_life_weeks: chance.of(&[1_000_000, 2_500_000, 8_000_000]),
        min_weeks: chance.number(1, 4) as u32,
        sigma_floor: chance.of(&[500_000, 1_000_000]),
        up,
        down,
        stale_ms: chance.of(&[10_000, 60_000, 3_600_000]),
    }
}

fn incidents(chance: &mut Chance) -> Source {
    Source::Incidents(chance.of(&[vec!["theft".to_owned()], vec!["theft".to_owned(), "fight".to_owned()]]))
}

/// One of the metrics, more often the first.
pub(crate) fn metric(chance: &mut Chance) -> String {
    chance.of(&[METRICS[0], METRICS[0], METRICS[1]]).to_owned()
}

fn seconds(chance: &mut Chance, choices: &[i64]) -> i64 {
    chance.of(choices) * 1000
}

/// A window and its panes.
fn panes(chance: &mut Chance) -> (i64, Option<i64>) {
    chance.of(&[
        (30_000, Some(5_000)),
        (20_000, Some(5_000)),
        (20_000, Some(10_000)),
        (10_000, Some(10_000)),
        (10_000, Some(2_500)),
        (60_000, None),
    ])
}

fn limits(chance: &mut Chance, params: &Params) -> Limits {
    let limit = match params.is_empty() {
        true => Number::Literal(chance.number(-8, 16) * 500_000),
        false => Number::Param("max".to_owned()),
    };
    let lower = |by: i64| Number::Arithmetic(Box::new(limit.clone()), '-', Box::new(Number::Literal(by * 500_000)));
    let compare = |left: Number, operator: &str, right: Number| Condition::Compare(left, operator.to_owned(), right);
    let apart = chance.number(0, 14);
    match chance.number(0, 10) {
        0..3 => Limits { raise: compare(Number::Value, ">", limit.clone()), clear: None },
        3..8 => Limits {
            raise: compare(Number::Value, ">=", limit.clone()),
            clear: Some(compare(Number::Value, "<", lower(apart))),
        },
        8 => Limits { raise: compare(Number::Value, "<", limit.clone()), clear: None },
        _ => odd_limits(chance, limit),
    }
}

/// Conditions of other shapes: products, quotients that may divide by zero, several comparisons.
fn odd_limits(chance: &mut Chance, limit: Number) -> Limits {
    let arithmetic = |left, sign, right| Number::Arithmetic(Box::new(left), sign, Box::new(right));
    let compare = |left: Number, operator: &str, right: Number| Condition::Compare(left, operator.to_owned(), right);
    let double = arithmetic(Number::Value, '*', Number::units(2));
    let inverse = arithmetic(Number::units(6), '/', Number::Value);
    let square = arithmetic(Number::Value, '*', Number::Value);
    let raise = match chance.number(0, 5) {
        0 => compare(double, ">", limit),
        1 => compare(inverse, ">", limit),
        2 => compare(square, ">=", limit),
        3 => Condition::Or(
            Box::new(compare(Number::Value, "==", limit)),
            Box::new(compare(inverse, ">", Number::units(2))),
        ),
        _ => Condition::And(
            Box::new(compare(Number::Value, "!=", limit.clone())),
            Box::new(Condition::Not(Box::new(compare(Number::Value, "<", limit)))),
        ),
    };
    let clear = if chance.percent(50) { Some(Condition::value("<", 1_000_000)) } else { None };
    Limits { raise, clear }
}
