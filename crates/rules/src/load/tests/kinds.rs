//! What each kind of rule is read to.

use super::control;
use crate::kind::{Among, Delays, Direction, Distinct, Kind, Per, RuleInput, Source, Usual};
use crate::load::load;
use crate::periods::Period;
use crate::spec::{Escalation, Rule, RuleSet};
use std::sync::Arc;
use vigie_model::alert::Guidance;
use vigie_model::calendar::Calendar;
use vigie_model::control::Control;
use vigie_model::severity::Severity;
use vigie_model::space::Space;

fn rules_of(control: &Control) -> Arc<RuleSet> {
    load(control).unwrap_or_else(|found| panic!("{}", super::messages(&found))).rules
}

/// The rules of one group, each as the fields besides guidance.
fn rules(rules: &[&str]) -> Arc<RuleSet> {
    rules_of(&control(&[&file(rules)]))
}

fn file(rules: &[&str]) -> String {
    let rules = rules.iter().map(|fields| format!("  - {{{fields}, guidance: {{action: look}}}}\n"));
    format!("groups:\n- name: g\n  rules:\n{}", rules.collect::<String>())
}

fn metric(name: &str) -> Source {
    Source::Metric(name.into())
}

fn delays(hold_s: i64, off_delay_s: i64) -> Delays {
    Delays { hold_ms: hold_s * 1000, off_delay_ms: off_delay_s * 1000 }
}

#[test]
fn a_change_has_panes_like_a_window() {
    let set = rules(&[
        "alert: A, kind: change, metric: people, over: 2m, every: 10s, raise: 'value > 100', clear: 'value < 5', for: 20s",
        "alert: B, kind: change, metric: people, per: space, over: 2m, raise: 'value > 100'",
    ]);
    let [first, second] = set.rules.as_slice() else { panic!("two rules") };
    assert_eq!(first.kind, Kind::Change { over_ms: 120_000, pane_ms: 10_000 });
    assert_eq!((first.per, first.delays), (Per::Sensor, delays(20, 0)));
    assert_eq!((first.raise.as_str(), first.clear.as_deref()), ("value > 100", Some("value < 5")));
    assert_eq!(second.kind, Kind::Change { over_ms: 120_000, pane_ms: 10_000 });
    assert_eq!(second.per, Per::Space);
}

#[test]
fn a_sequence_has_steps_with_conditions() {
    let set = rules(&[
        "alert: A, kind: sequence, within: 60s, params: {loud: 90}, \
         steps: [{metric: noise, match: 'value > params.loud'}, {metric: crowd}, {incident: 'incident.category == \"fight\"'}], \
         without: {metric: all_clear, match: 'value > 0'}",
        "alert: B, kind: sequence, per: space, within: 60s, steps: [{metric: a}, {metric: a}], keep_firing_for: 0s",
    ]);
    let [first, second] = set.rules.as_slice() else { panic!("two rules") };
    assert_eq!((first.kind, first.per), (Kind::Sequence { within_ms: 60_000 }, Per::Space));
    assert_eq!(first.delays, delays(0, 300), "the default of keep_firing_for");
    assert_eq!(second.delays, delays(0, 0));
    let RuleInput::Steps { steps, without } = &first.input else { panic!("steps") };
    assert_eq!((&steps[..2], without.as_ref()), (&[metric("noise"), metric("crowd")][..], Some(&metric("all_clear"))));
    assert!(matches!(&steps[2], Source::Incidents { category: Some(category), .. } if **category == *"fight"));
    let matches: Vec<_> = first.matches.iter().map(Option::as_deref).collect();
    assert_eq!(matches, [Some("value > params.loud"), None, None, Some("value > 0")]);
    let folded: Vec<_> = first.plans[0].matches.iter().map(Option::is_some).collect();
    assert_eq!(folded, [true, false, false, true]);
    assert_eq!(first.metric.label.as_deref(), Some("noise, then crowd, then fight incident"));
    assert_eq!(second.matches, [None, None]);
}

#[test]
fn k_of_n_counts_sensors_nodes_or_channels() {
    let set = rules(&[
        "alert: A, kind: k_of_n, metric: fall, k: 3, within: 10s, match: 'value > 0', keep_firing_for: 25s",
        "alert: B, kind: k_of_n, metric: fall, k: 2, within: 10s, distinct: node",
        "alert: C, kind: k_of_n, incident: 'incident.category == \"theft\"', k: 2, within: 5m",
    ]);
    let kinds: Vec<_> = set.rules.iter().map(|rule| rule.kind).collect();
    let expected = [(3, 10_000, Distinct::Sensor), (2, 10_000, Distinct::Node), (2, 300_000, Distinct::Channel)];
    assert_eq!(kinds, expected.map(|(k, within_ms, distinct)| Kind::KOfN { k, within_ms, distinct }));
    assert!(set.rules.iter().all(|rule| rule.per == Per::Space && rule.plans[0].matches.len() == 1));
    assert_eq!(set.rules[0].matches, [Some("value > 0".to_owned())]);
    assert_eq!((set.rules[0].delays, &set.rules[1].matches[..]), (delays(0, 25), &[None][..]));
    assert_eq!(set.rules[2].metric.label.as_deref(), Some("theft incidents"));
}

#[test]
fn a_baseline_has_figures_and_defaults() {
    let set = rules(&[
        "alert: A, kind: baseline, metric: people, z: 4, sigma_floor: 5",
        "alert: B, kind: baseline, metric: people, per: space, z: 3.5, half_life_weeks: 0.5, min_weeks: 1, \
         sigma_floor: 0.000001, direction: down, for: 1m, keep_firing_for: 2m, stale_after: 6h",
    ]);
    let [first, second] = set.rules.as_slice() else { panic!("two rules") };
    let usual = Usual { z: 4.0, half_life_weeks: 8.0, min_weeks: 4, sigma_floor: 5.0, direction: Direction::Both };
    assert_eq!((first.kind, first.per), (Kind::Baseline { usual, stale_after_ms: 300_000 }, Per::Sensor));
    let usual =
        Usual { z: 3.5, half_life_weeks: 0.5, min_weeks: 1, sigma_floor: 0.000_001, direction: Direction::Down };
    assert_eq!((second.kind, second.per), (Kind::Baseline { usual, stale_after_ms: 21_600_000 }, Per::Space));
    assert_eq!(second.delays, delays(60, 120));
}

#[test]
fn rules_made_of_others_find_them_wherever_they_stand() {
    let first = file(&[
        "alert: Spreading, kind: spread, of: Both, k: 3, within: 5m, among: adjacent",
        "alert: Both, kind: all_of, of: [Late, Loud]",
        "alert: Loud, kind: threshold, metric: noise, raise: 'value > 85'",
    ]);
    let second = file(&[
        "alert: Late, kind: any_of, of: [Loud, Silent]",
        "alert: Silent, kind: absence, metric: noise, for: 5m",
    ]);
    let set = rules_of(&control(&[&first, &second]));
    let parts: Vec<_> = set.rules.iter().map(Rule::parts).collect();
    assert_eq!(parts, [&[1][..], &[3, 2], &[], &[2, 4], &[]]);
    assert_eq!(set.rules[0].kind, Kind::Spread { k: 3, within_ms: 300_000, among: Among::Adjacent });
    assert_eq!((set.rules[1].kind, set.rules[3].kind), (Kind::AllOf, Kind::AnyOf));
    assert!(set.rules.iter().take(2).all(|rule| rule.per == Per::Space && rule.delays == Delays::default()));
    let labels: Vec<_> = set.rules.iter().filter_map(|rule| rule.metric.label.as_deref()).collect();
    assert_eq!(labels, ["Both", "Late and Loud", "Loud or Silent"]);
}

#[test]
fn a_version_knows_the_names_of_other_rules_and_not_what_they_are() {
    let versions = |limit: u8, of: &str| -> Vec<Arc<str>> {
        let set = rules(&[
            &format!("alert: A, kind: threshold, metric: m, raise: 'value > {limit}'"),
            "alert: B, kind: absence, metric: m, for: 5m",
            &format!("alert: C, kind: any_of, of: [{of}]"),
        ]);
        set.identities().map(|identity| Arc::clone(&identity.version)).collect()
    };
    let [first, target_changed, order_changed] = [versions(1, "A, B"), versions(2, "A, B"), versions(1, "B, A")];
    assert_ne!(first[0], target_changed[0]);
    assert_eq!(first[1..], target_changed[1..]);
    assert_ne!(first[2], order_changed[2]);
}

#[test]
fn modifiers_reach_the_rule_and_its_identity() {
    let text = "groups:\n- name: g\n  rules:\n  - alert: A\n    kind: absence\n    metric: m\n    for: 5m\n    severity: high\n    \
                active: {period: market}\n    inhibited_by: [B, C]\n    escalate: {after: 10m, severity: critical}\n    shadow: true\n    \
                guidance: {cause: c, consequence: d, action: e, respond_within: 5m}\n    \
                procedure: [Look at the camera, Call the patrol]\n  \
                - {alert: B, kind: absence, metric: m, for: 5m, inhibited_by: C, active: {period: event}}\n  \
                - {alert: C, kind: absence, metric: m, for: 5m, active: always, shadow: false}\n";
    let mut control = control(&[text]);
    let calendar = |name: &str| Calendar { name: name.into(), ..Calendar::default() };
    control.calendars = Arc::new(vec![calendar("fair"), calendar("market")]);
    let set = rules_of(&control);
    let [first, second, third] = set.rules.as_slice() else { panic!("three rules") };
    assert_eq!(first.active, Period::Calendar(1));
    assert_eq!((second.active, third.active), (Period::Event, Period::Always));
    assert_eq!(first.escalate, Some(Escalation { after_ms: 600_000, severity: Severity::Critical }));
    let guidance = Guidance {
        cause: Some("c".into()),
        consequence: Some("d".into()),
        action: Some("e".into()),
        respond_within_ms: Some(300_000),
    };
    assert_eq!(first.identity.guidance, Some(guidance));
    assert_eq!((first.identity.severity, first.identity.shadow), (Severity::High, true));
    assert_eq!(first.identity.procedure, ["Look at the camera".into(), "Call the patrol".into()]);
    assert!(second.identity.procedure.is_empty());
    assert_eq!(first.identity.inhibited_by, ["B".into(), "C".into()]);
    assert_eq!(second.identity.inhibited_by, ["C".into()]);
    assert_eq!((second.escalate, second.identity.shadow, &second.identity.guidance), (None, false, &None));
    assert!(third.identity.inhibited_by.is_empty());
}

#[test]
fn spaces_have_parameters_of_their_own_for_every_condition() {
    let text = file(&[
        "alert: A, kind: k_of_n, metric: m, k: 2, within: 1m, match: 'value > params.max', params: {max: 3}",
        "alert: B, kind: change, metric: m, over: 1m, raise: 'value > params.max', params: {max: 3, min: 1}",
    ]);
    let mut control = control(&[&text]);
    let mut space = Space::registered("mall");
    for rule in ["A", "B"] {
        space.params.insert(rule.to_owned(), [("max".to_owned(), "4".parse().unwrap())].into());
    }
    control.spaces = Arc::new(vec![space]);
    let set = rules_of(&control);
    for rule in &set.rules {
        assert_eq!((rule.plan_index("mall"), rule.plan_index("square"), rule.plans.len()), (1, 0, 2));
        assert_eq!(
            rule.plans.iter().map(|plan| plan.params["max"].micros()).collect::<Vec<_>>(),
            [3_000_000, 4_000_000]
        );
    }
    let cuts: Vec<_> = set.rules[0].plans.iter().map(|plan| format!("{:?}", plan.matches[0])).collect();
    assert!(cuts[0].contains("3000001") && cuts[1].contains("4000001"), "{cuts:?}");
}
