//! Warnings about rules that can run, but can hardly do what their author means.

use super::{check, control};
use expect_test::{Expect, expect};
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_model::metric::MetricSpec;
use vigie_model::space::{Sensor, Space};

/// A city with an hourly metric, three squares of a district, two of which are neighbours, and a park.
fn city(rule: &str) -> Control {
    let text = format!("groups:\n- name: g\n  rules:\n  - {{{rule}, guidance: {{action: look}}}}\n");
    let mut control = control(&[&text]);
    let hourly = MetricSpec { period_ms: Some(3_600_000), ..MetricSpec::default() };
    control.metrics = Arc::new([("people".into(), hourly), ("fall".into(), MetricSpec::default())].into());
    let space = |id: &str, kind: &str, adjacent: &[&str], sensors: usize| Space {
        kind: kind.to_owned(),
        district: "north".to_owned(),
        adjacent: adjacent.iter().map(|id| Arc::from(*id)).collect(),
        sensors: (0..sensors)
            .map(|number| Sensor { id: format!("s{number}").into(), metric: "fall".into(), expected: false })
            .collect(),
        ..Space::registered(id)
    };
    control.spaces = Arc::new(vec![
        space("a", "square", &["b"], 2),
        space("b", "square", &[], 1),
        space("c", "square", &[], 0),
        Space { district: String::new(), ..space("park", "park", &[], 3) },
    ]);
    control
}

fn warns(rule: &str, expected: &Expect) {
    check(&city(rule), expected);
}

fn is_silent(rule: &str) {
    check(&city(rule), &expect![[""]]);
}

#[test]
fn values_that_expire_before_the_next_one() {
    warns(
        "alert: A, kind: threshold, metric: people, raise: 'value > 1'",
        &expect![[r#"
        rules/a.yaml:4:41: warning: 'stale_after' (5m) is not longer than the period of the metric (1h); every value would expire before the next one comes; make 'stale_after' longer
    "#]],
    );
    warns(
        "alert: A, kind: baseline, metric: people, z: 3, sigma_floor: 1, stale_after: 1h, for: 1h",
        &expect![[r#"
            rules/a.yaml:4:83: warning: 'stale_after' (1h) is not longer than the period of the metric (1h); every value would expire before the next one comes; make 'stale_after' longer
            rules/a.yaml:4:92: warning: 'for' is not shorter than 'stale_after' (1h); one missing value would end the hold; make 'stale_after' longer
        "#]],
    );
    is_silent("alert: A, kind: baseline, metric: people, z: 3, sigma_floor: 1, stale_after: 2h, for: 1h");
    is_silent("alert: A, kind: threshold, metric: fall, raise: 'value > 1'");
}

#[test]
fn silences_and_changes_within_one_period() {
    warns(
        "alert: A, kind: absence, metric: people, for: 59m",
        &expect![[r#"
        rules/a.yaml:4:52: warning: 'for' (59m) is shorter than the period of the metric (1h); every pause between two values would be an episode; make 'for' longer
    "#]],
    );
    is_silent("alert: A, kind: absence, metric: people, for: 1h");
    warns(
        "alert: A, kind: change, metric: people, over: 1h, raise: 'value > 1'",
        &expect![[r#"
        rules/a.yaml:4:52: warning: 'over' (1h) is not longer than the period of the metric (1h); there would never be two values of a sensor to compare; make 'over' longer
    "#]],
    );
    is_silent("alert: A, kind: change, metric: people, per: space, over: 1h, raise: 'value > 1'");
    is_silent("alert: A, kind: change, metric: people, over: 2h, raise: 'value > 1'");
}

#[test]
fn more_sensors_than_any_space_has() {
    warns(
        "alert: A, kind: k_of_n, metric: fall, k: 4, within: 1m",
        &expect![[r#"
        rules/a.yaml:4:47: warning: 'k' is 4, but no space declares more than 3 sensors of 'fall'; declare the sensors in the spaces file, or make 'k' smaller
    "#]],
    );
    is_silent("alert: A, kind: k_of_n, metric: fall, k: 3, within: 1m");
    is_silent("alert: A, kind: k_of_n, metric: people, k: 3, within: 1m");
    is_silent("alert: A, kind: k_of_n, metric: fall, k: 4, within: 1m, distinct: node");
}

#[test]
fn more_spaces_than_any_group_has() {
    let spread = |fields: &str| {
        format!(
            "alert: B, kind: absence, metric: fall, for: 5m, guidance: {{action: look}}}}\n  - {{alert: A, kind: spread, of: B, within: 5m, {fields}"
        )
    };
    warns(
        &spread("k: 4, among: district"),
        &expect![[r#"
        rules/a.yaml:5:52: warning: 'k' is 4, but no district has more than 3 spaces; say in the spaces file which district a space is in
    "#]],
    );
    is_silent(&spread("k: 3, among: district"));
    warns(
        &spread("k: 3, among: adjacent"),
        &expect![[r#"
        rules/a.yaml:5:52: warning: 'k' is 3, but no space and its neighbours are more than 2; say which spaces are 'adjacent' in the spaces file
    "#]],
    );
    is_silent(&spread("k: 2, among: adjacent"));
}

#[test]
fn scopes_and_metrics_that_fit_nothing() {
    let text = "groups:\n- name: g\n  scope: 'space.kind == \"squar\"'\n  rules:\n  - {alert: A, kind: sequence, within: 1m, steps: [{metric: peple}, {metric: fall}], guidance: {action: look}}\n";
    let mut control = city("");
    control.rules = super::control(&[text]).rules;
    check(
        &control,
        &expect![[r#"
        rules/a.yaml:3:10: warning: no declared space is in this scope; compare it with the spaces file
        rules/a.yaml:5:61: warning: metric 'peple' is not configured; did you mean 'people'?
    "#]],
    );
}
