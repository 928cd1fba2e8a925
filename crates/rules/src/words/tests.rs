use super::*;
use crate::load::load;
use expect_test::{Expect, expect};
use std::sync::Arc;
use vigie_model::control::{Control, SourceFile};
use vigie_model::metric::MetricSpec;

const NINE_PM_MS: i64 = 1_489_312_800_000;

/// What a slot would fill in; the space is Town Hall, the key its sensor s1, or the district `cbd`.
struct Seen {
    value: Option<i64>,
    usual: Option<f64>,
    reason: Option<&'static str>,
}

fn sentences(fields: &str, seen: &Seen, states: &[AlertState]) -> String {
    let text = format!(
        "groups:\n- name: g\n  rules:\n  - {{alert: R, {fields}}}\n\
         \x20 - {{alert: Busy, kind: absence, metric: m, for: 5m}}\n  - {{alert: Loud, kind: absence, metric: m, for: 5m}}\n"
    );
    let metric = |label: &str, unit: &str, period_ms| MetricSpec {
        label: Some(label.to_owned()),
        unit: unit.to_owned(),
        period_ms,
    };
    let metrics = [
        ("people".into(), metric("people", "1", Some(3_600_000))),
        ("noise_dba".into(), metric("noise", "dB(A)", None)),
        ("fall".into(), metric("falls", "1", None)),
    ];
    let control = Control {
        centre: "melbourne".into(),
        time_zone: "Australia/Melbourne".into(),
        rules: vec![SourceFile { path: "a.yaml".into(), text: text.into() }],
        metrics: Arc::new(metrics.into()),
        ..Control::default()
    };
    let set = load(&control).unwrap_or_else(|found| panic!("{found:#?}")).rules;
    let rule = &set.rules[0];
    let (key, part) = match (rule.kind, rule.per) {
        (Kind::Spread { .. }, _) => ("cbd", ""),
        (_, Per::Space) => ("town-hall", ""),
        _ => ("town-hall/s1", "s1"),
    };
    let words = Words {
        rule,
        params: &rule.plans[0].params,
        zone: &set.zone,
        space: "Town Hall",
        key,
        part,
        quantity: seen.value.map(|value| Quantity { micros: i128::from(value) * 1_000_000, count: 1 }),
        value_time_ms: NINE_PM_MS,
        event_time_ms: NINE_PM_MS + 60_000,
        usual: seen.usual,
        reason: seen.reason,
    };
    states.iter().map(|state| format!("{}: {}\n", state.as_str(), words.sentence(*state))).collect()
}

/// The sentences of a rule in every state its kind can have, with one value.
fn check(fields: &str, value: Option<i64>, usual: Option<f64>, expected: &Expect) {
    use AlertState::{Active, Cleared, Escalated, Inactive, Pending, Resumed, Stale};
    let states: &[AlertState] = match () {
        () if fields.contains("for:") => &[Pending, Inactive, Active, Stale, Resumed, Escalated, Cleared],
        () if fields.contains("all_of") => &[Active, Stale, Resumed, Escalated, Cleared],
        () => &[Active, Escalated, Cleared],
    };
    expected.assert_eq(&sentences(fields, &Seen { value, usual, reason: None }, states));
}

/// The sentence with which an episode begins.
fn begins(fields: &str, value: Option<i64>, usual: Option<f64>) -> String {
    let sentence = sentences(fields, &Seen { value, usual, reason: None }, &[AlertState::Active]);
    sentence.trim_end().trim_start_matches("active: ").to_owned()
}

#[test]
fn a_threshold() {
    check(
        "kind: threshold, metric: noise_dba, raise: 'value > 85', for: 30s, escalate: {after: 10m, severity: critical}",
        Some(88),
        None,
        &expect![[r#"
            pending: 
            inactive: 
            active: Town Hall: noise 88 dB(A) at 21:00
            stale: Town Hall: no recent noise to judge R by since 21:01
            resumed: Town Hall: noise is back for R at 21:01, now 88 dB(A)
            escalated: Town Hall: R still going on after 10m, now critical
            cleared: Town Hall: R is over at 21:01, now 88 dB(A)
        "#]],
    );
}

#[test]
fn a_change() {
    check(
        "kind: change, metric: noise_dba, over: 2m, raise: 'value > 10', for: 30s",
        Some(12),
        None,
        &expect![[r#"
            pending: 
            inactive: 
            active: Town Hall: noise up 12 dB(A) in the 2m to 21:00
            stale: Town Hall: no recent noise to judge R by since 21:01
            resumed: Town Hall: noise is back for R at 21:01, now up 12 dB(A)
            escalated: Town Hall: R still going on at 21:01
            cleared: Town Hall: R is over at 21:01, now up 12 dB(A)
        "#]],
    );
    let fields = "kind: change, metric: people, over: 2h, raise: 'value > 10'";
    assert_eq!(begins(fields, Some(-1200), None), "Town Hall: people down 1,200 in the 2h to 21:00");
    assert_eq!(begins(fields, Some(0), None), "Town Hall: people unchanged in the 2h to 21:00");
}

#[test]
fn a_sequence() {
    check(
        "kind: sequence, within: 1m, steps: [{metric: noise_dba, match: 'value > 90'}, {metric: density}, {incident: 'incident.category == \"fight\"'}]",
        None,
        None,
        &expect![[r#"
            active: Town Hall: noise, then density, then fight incident within 1m, at 21:00
            escalated: Town Hall: R still going on at 21:01
            cleared: Town Hall: R is over at 21:01
        "#]],
    );
}

#[test]
fn k_of_n() {
    check(
        "kind: k_of_n, metric: fall, k: 3, within: 10s",
        Some(3),
        None,
        &expect![[r#"
            active: Town Hall: falls from 3 sensors within 10s, at 21:00
            escalated: Town Hall: R still going on at 21:01
            cleared: Town Hall: R is over at 21:01, now 3 sensors
        "#]],
    );
    let fields = "kind: k_of_n, incident: 'incident.category == \"theft\"', k: 1, within: 10m";
    assert_eq!(begins(fields, Some(1), None), "Town Hall: theft incidents from 1 channel within 10m, at 21:00");
}

#[test]
fn a_baseline() {
    check(
        "kind: baseline, metric: people, z: 4, sigma_floor: 5, stale_after: 2h, for: 1h",
        Some(1200),
        Some(312.47),
        &expect![[r#"
            pending: 
            inactive: 
            active: Town Hall: 1,200 people in the hour to 21:00, usually 312
            stale: Town Hall: too little is known of this hour to judge R by since 21:01
            resumed: Town Hall: R can be judged again at 21:01, now 1,200
            escalated: Town Hall: R still going on at 21:01
            cleared: Town Hall: R is over at 21:01, now 1,200
        "#]],
    );
    let seen = Seen { value: None, usual: None, reason: None };
    let stale = sentences("kind: baseline, metric: people, z: 4, sigma_floor: 5", &seen, &[AlertState::Stale]);
    assert_eq!(stale, "stale: Town Hall: no recent people to judge R by since 21:01\n");
    let fields = "kind: baseline, metric: noise_dba, z: 4, sigma_floor: 5";
    assert_eq!(begins(fields, Some(88), Some(61.5)), "Town Hall: noise 88 dB(A) at 21:00, usually 61.5");
}

#[test]
fn rules_made_of_others() {
    check(
        "kind: all_of, of: [Busy, Loud]",
        None,
        None,
        &expect![[r#"
            active: Town Hall: Busy and Loud together at 21:00
            stale: Town Hall: R rests on stale data since 21:01
            resumed: Town Hall: R rests on recent data again at 21:01
            escalated: Town Hall: R still going on at 21:01
            cleared: Town Hall: R is over at 21:01
        "#]],
    );
    assert_eq!(begins("kind: any_of, of: [Busy, Loud]", None, None), "Town Hall: Busy or Loud at 21:00");
    check(
        "kind: spread, of: Busy, k: 3, within: 5m, among: district",
        Some(3),
        None,
        &expect![[r#"
            active: Town Hall: Busy began in 3 spaces of cbd within 5m, at 21:00
            escalated: Town Hall: R still going on at 21:01
            cleared: Town Hall: R is over at 21:01
        "#]],
    );
    assert_eq!(
        begins("kind: spread, of: [Busy], k: 2, within: 5m, among: adjacent", Some(4), None),
        "Town Hall: Busy began in 4 neighbouring spaces within 5m, at 21:00"
    );
}

#[test]
fn what_ended_for_another_reason_says_so() {
    let of = |reason| {
        let seen = Seen { value: Some(90), usual: None, reason: Some(reason) };
        sentences("kind: threshold, metric: noise_dba, raise: 'value > 85'", &seen, &[AlertState::Cleared])
    };
    let all = [reason::INACTIVE_PERIOD, reason::RULE_CHANGED, reason::RULE_DELETED, reason::SHADOW].map(of).concat();
    expect![[r#"
        cleared: Town Hall: R ended at 21:01, as its period ended
        cleared: Town Hall: R ended at 21:01, as the rule changed
        cleared: Town Hall: R ended at 21:01, as the rule was deleted
        cleared: Town Hall: R is over at 21:01, now 90 dB(A)
    "#]]
    .assert_eq(&all);
}

#[test]
fn placeholders_are_filled_by_the_kinds_that_have_them() {
    let summary =
        |fields: &str, template: &str, value, usual| begins(&format!("{fields}, summary: '{template}'"), value, usual);
    assert_eq!(
        summary(
            "kind: k_of_n, metric: noise_dba, k: 3, within: 10s",
            "{value} of {k} {within} {label} {unit}",
            Some(4),
            None
        ),
        "4 of 3 10s noise dB(A)"
    );
    assert_eq!(
        summary(
            "kind: sequence, within: 1m, steps: [{metric: fall}, {metric: x}]",
            "{space} {label} {within}",
            None,
            None
        ),
        "Town Hall falls, then x 1m"
    );
    assert_eq!(
        summary(
            "kind: spread, of: Busy, k: 3, within: 5m, among: district",
            "{key} {label} {value}/{k}",
            Some(3),
            None
        ),
        "cbd Busy 3/3"
    );
    assert_eq!(
        summary(
            "kind: baseline, metric: people, z: 4, sigma_floor: 5",
            "{value}, usually {usual} {for}",
            Some(9),
            Some(2.5)
        ),
        "9, usually 2.5 0s"
    );
    assert_eq!(
        summary("kind: change, metric: people, over: 2h, raise: 'value < 0'", "{value} in {window}", Some(-35), None),
        "-35 in 2h"
    );
}
