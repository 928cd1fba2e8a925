mod kinds;
mod mistakes;
mod warnings;

use super::*;
use crate::kind_fields::KindWord;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use vigie_model::alert::rule_uid;
use vigie_model::control::SourceFile;
use vigie_model::metric::MetricSpec;
use vigie_model::space::Space;

fn control(files: &[&str]) -> Control {
    let paths = ["rules/a.yaml", "rules/b.yaml"];
    Control {
        centre: "melbourne".into(),
        time_zone: "Australia/Melbourne".into(),
        tick_ms: 1000,
        rules: paths
            .iter()
            .zip(files)
            .map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() })
            .collect(),
        spaces: Arc::default(),
        metrics: Arc::default(),
        ..Control::default()
    }
}

fn messages(found: &[Diagnostic]) -> String {
    found.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}

fn check(control: &Control, expected: &Expect) {
    let found = match load(control) {
        Ok(loaded) => messages(&loaded.warnings),
        Err(found) => messages(&found),
    };
    expected.assert_eq(&found);
}

/// One rule in a file of its own, with guidance, so that only its other mistakes show. It stands in line 4, column 5.
fn check_rule(fields: &str, expected: &Expect) {
    let text = format!("groups:\n- name: g\n  rules:\n  - {{{fields}, guidance: {{action: look}}}}\n");
    check(&control(&[&text]), expected);
}

#[test]
fn every_mistake_of_every_file_is_reported_at_once() {
    let first = r#"
groups:
- name: squares
  scop: 'space.kind == "square"'
  rules:
  - alert: Overcrowded
    kind: treshold
    metric: people_density
  - alert: Loud
    kind: threshold
    metric: noise
    agg: median
    raise: 'value >= 85 dB'
    clear: 'valu < params.low'
    for: 1.5m
    stale_after: 0s
    severty: high
    severity: urgent
    window: 60s
    summary: '{spaces}: {value'
    params: {max: high, 1st: 2}
  - alert: Loud
    kind: absence
    metric: noise
    metric: heartbeat
"#;
    let second = "groups:\n- name: x\n  scope: 'space.knd == \"park\"'\n  rules:\n  - {alert: Loud, kind: change, metric: m, over: 5m}\n  - 7\nextra: 1\n";
    check(
        &control(&[first, second]),
        &expect![[r#"
            rules/a.yaml:4:3: error: unknown field 'scop' in a group; expected name, scope or rules; did you mean 'scope'?
            rules/a.yaml:6:5: warning: the rule has no 'guidance'; say cause, consequence, action and respond_within
            rules/a.yaml:7:11: error: unknown kind 'treshold'; expected threshold, window, change, absence, sequence, k_of_n, baseline, all_of, any_of or spread; did you mean 'threshold'?
            rules/a.yaml:9:5: warning: the rule has no 'guidance'; say cause, consequence, action and respond_within
            rules/a.yaml:12:10: error: 'agg' is 'median'; expected max, min, mean or sum; did you mean 'mean'?
            rules/a.yaml:13:25: error: 'raise': unexpected 'dB' after the expression; expected an operator or the end
            rules/a.yaml:14:13: error: 'clear': unknown name 'valu'; did you mean 'value'?
            rules/a.yaml:15:10: error: 'for: 1.5m' is not a duration; expected whole numbers with units ms, s, m, h, d from the largest to the smallest, as in 90s or 1h30m
            rules/a.yaml:16:18: error: 'stale_after' is zero; expected a duration longer than zero
            rules/a.yaml:17:5: error: unknown field 'severty'; did you mean 'severity'?
            rules/a.yaml:18:15: error: 'severity' is 'urgent'; expected informational, low, medium, high or critical
            rules/a.yaml:19:5: error: 'window' is not a field of kind threshold; expected metric, per, agg, raise, clear, for, keep_firing_for, stale_after
            rules/a.yaml:20:15: error: 'summary': unknown placeholder '{spaces}'; did you mean 'space'?
            rules/a.yaml:20:25: error: 'summary': '{' without '}'
            rules/a.yaml:21:19: error: 'max: high': not a number
            rules/a.yaml:21:25: error: '1st' is not a name; expected letters, digits and _, starting with a letter
            rules/a.yaml:22:5: warning: the rule has no 'guidance'; say cause, consequence, action and respond_within
            rules/a.yaml:22:5: error: the rule has no 'for'
            rules/a.yaml:22:12: error: there are two rules named 'Loud'; the first stands at rules/a.yaml:9:12
            rules/a.yaml:25:5: error: 'metric' is given twice in a rule; it first stands at 24:5
            rules/b.yaml:3:11: error: 'scope': unknown name 'space.knd'; did you mean 'space.kind'?
            rules/b.yaml:5:5: warning: the rule has no 'guidance'; say cause, consequence, action and respond_within
            rules/b.yaml:5:5: error: the rule has no 'raise'
            rules/b.yaml:5:13: error: there are two rules named 'Loud'; the first stands at rules/a.yaml:9:12
            rules/b.yaml:6:5: error: a rule is a single value; expected a mapping
            rules/b.yaml:7:1: error: unknown field 'extra' in a rule file; expected groups
        "#]],
    );
}

#[test]
fn what_is_no_yaml_hides_only_its_own_file() {
    check(
        &control(&["groups: [\n", "groups:\n- rules: {}\n"]),
        &expect![[r#"
        rules/a.yaml:2:1: error: not YAML: while parsing a node, did not find expected node content
        rules/b.yaml:2:3: error: the group has no 'name'
        rules/b.yaml:2:10: error: 'rules' is a mapping; expected a list
    "#]],
    );
    check(
        &control(&["", "- a\n"]),
        &expect![[r#"
        rules/b.yaml:1:1: error: a rule file is a list; expected a mapping
    "#]],
    );
}

#[test]
fn windows_must_divide_and_stay_small() {
    check_rule(
        "alert: A, kind: window, metric: m, window: 60s, every: 7s, agg: mean, raise: 'value > 1'",
        &expect![[r#"
            rules/a.yaml:4:61: error: 'every' (7s) does not divide 'window' (1m); make 'window' a multiple of it
        "#]],
    );
    check_rule(
        "alert: A, kind: window, metric: m, window: 30d, every: 1s, agg: mean, raise: 'value > 1'",
        &expect![[r#"
            rules/a.yaml:4:61: error: the window would have 2592000 panes of 1s; expected at most 20000; make 'every' longer
        "#]],
    );
    check_rule(
        "alert: A, kind: window, metric: m, window: 1500ms, agg: mean, raise: 'value > 1'",
        &expect![[r#"
        rules/a.yaml:4:49: error: a window of 1s500ms is no whole number of seconds; say 'every', a duration that divides it
    "#]],
    );
    check_rule(
        "alert: A, kind: window, metric: m, window: 60s, agg: sum, min_count: 2, raise: 'value > 1'",
        &expect![[r#"
            rules/a.yaml:4:75: error: 'min_count' applies to agg mean, min and max only; the count and the sum of an empty window are 0, never missing
        "#]],
    );
    check_rule(
        "alert: A, kind: window, window: 60s, raise: 'value > 1'",
        &expect![[r#"
        rules/a.yaml:4:5: error: the rule has no 'metric' or 'incident'
        rules/a.yaml:4:5: error: the rule has no 'agg'
    "#]],
    );
}

#[test]
fn incidents_are_counted_per_space() {
    let rule = "alert: A, kind: window, incident: 'incident.categry == \"theft\"', window: 30m, agg: mean, per: sensor, raise: 'value > 1'";
    check_rule(
        rule,
        &expect![[r#"
            rules/a.yaml:4:41: error: 'incident': unknown name 'incident.categry'; did you mean 'incident.category'?
            rules/a.yaml:4:89: error: 'agg' is 'mean'; expected count
            rules/a.yaml:4:100: error: incidents are judged per space; leave out 'per'
        "#]],
    );
    let rule = "alert: A, kind: window, metric: m, incident: 'incident.category == \"theft\"', window: 30m, agg: count, per: node, raise: 'value > 1'";
    check_rule(
        rule,
        &expect![[r#"
        rules/a.yaml:4:5: error: the rule reads both a metric and incidents; leave out 'metric' or 'incident'
        rules/a.yaml:4:113: error: incidents are judged per space; leave out 'per'
    "#]],
    );
}

#[test]
fn mistakes_inside_texts_are_located() {
    check_rule(
        "alert: A, kind: threshold, metric: m, raise: value > params.max, params: {mx: 1}",
        &expect![[r#"
        rules/a.yaml:4:59: error: 'raise': unknown name 'params.max'; did you mean 'params.mx'?
    "#]],
    );
    check_rule(
        "alert: A, kind: threshold, metric: m, raise: \"value > 'x'\"",
        &expect![[r#"
        rules/a.yaml:4:58: error: 'raise': '>' cannot compare a number with a string; compare numbers with numbers and strings with strings
    "#]],
    );
    check_rule(
        "alert: A, kind: threshold, metric: m, raise: 'value', summary: '{sensor} {node} {window} {params.x}'",
        &expect![[r#"
            rules/a.yaml:4:52: error: 'raise': a condition is true or false, this is a number; compare it with something
            rules/a.yaml:4:79: error: 'summary': {node} needs 'per: node'
            rules/a.yaml:4:86: error: 'summary': {window} has no meaning for kind threshold
            rules/a.yaml:4:95: error: 'summary': the rule has no parameter 'x'
        "#]],
    );
    let folded = "groups:\n- name: g\n  rules:\n  - alert: A\n    kind: threshold\n    metric: m\n    guidance: {action: a}\n    raise: >\n      value >\n      limit\n";
    check(
        &control(&[folded]),
        &expect![[r#"
        rules/a.yaml:9:7: error: 'raise': unknown name 'limit'; known here: value
    "#]],
    );
}

#[test]
fn warnings_do_not_prevent_loading() {
    let text = "groups:\n- name: g\n  rules:\n  - {alert: Busy, kind: threshold, metric: peple, raise: value > params.max, params: {max: 3}, for: 5m}\n";
    let mut control = control(&[text]);
    control.metrics = Arc::new([("people".into(), MetricSpec::default())].into());
    let mut space = Space::registered("mall");
    space.params.insert("Busy".to_owned(), [("mx".to_owned(), "4".parse().unwrap())].into());
    space.params.insert("Buzy".to_owned(), [("max".to_owned(), "4".parse().unwrap())].into());
    let mut other = Space::registered("quay");
    other.params.insert("Buzy".to_owned(), [("max".to_owned(), "5".parse().unwrap())].into());
    control.spaces = Arc::new(vec![space, other]);
    check(
        &control,
        &expect![[r#"
            rules/a.yaml:4:5: warning: the rule has no 'guidance'; say cause, consequence, action and respond_within
            rules/a.yaml:4:44: warning: metric 'peple' is not configured; did you mean 'people'?
            rules/a.yaml:4:101: warning: 'for' is not shorter than 'stale_after' (5m); one missing value would end the hold; make 'stale_after' longer
            spaces: warning: space 'mall': rule 'Busy' has no parameter 'mx'
            spaces: warning: space 'mall' and 1 more: parameters of 'Buzy', which is no rule; did you mean 'Busy'?
        "#]],
    );
    let found = load_with(&control, LoadOptions { require_guidance: true }).unwrap_err();
    assert_eq!(found.iter().filter(|diagnostic| diagnostic.is_error()).count(), 1);
}

#[test]
fn a_version_follows_the_fields_and_not_their_layout() {
    let version = |text: &str| load(&control(&[text])).unwrap().rules.identities().next().unwrap().version.clone();
    let first = version("groups:\n- name: g\n  rules:\n  - {alert: A, kind: absence, metric: m, for: 5m}\n");
    let same = version("groups:\n- name: h\n  rules:\n  - for: '5m'\n    metric: m\n    kind: absence\n    alert: A\n");
    let other = version("groups:\n- name: g\n  rules:\n  - {alert: A, kind: absence, metric: m, for: 6m}\n");
    assert_eq!(first, same);
    assert_ne!(first, other);
    assert_eq!(first.len(), 16);
}

#[test]
fn a_rule_created_anew_is_another_rule() {
    let uids = |control: &Control| -> Vec<Arc<str>> {
        load(control).unwrap().rules.identities().map(|identity| Arc::clone(&identity.uid)).collect()
    };
    let mut control = control(&[
        "groups:\n- name: g\n  rules:\n  - {alert: A, kind: absence, metric: m, for: 5m}\n  - {alert: B, kind: absence, metric: m, for: 5m}\n",
    ]);
    let first = uids(&control);
    control.creations = [("A".into(), 1), ("Gone".into(), 4)].into();
    let second = uids(&control);
    assert_eq!(*second[0], rule_uid("melbourne", "A", 1));
    assert_eq!(*first[0], rule_uid("melbourne", "A", 0));
    assert_eq!(first[1], second[1]);
}

#[test]
fn an_unknown_time_zone_is_an_error() {
    let mut control = control(&["groups: []\n"]);
    control.time_zone = "Mars/Olympus".into();
    check(
        &control,
        &expect![[r#"
        centre: error: unknown time zone 'Mars/Olympus'
    "#]],
    );
}

proptest! {
    /// Rule files come from people: whatever the text, loading answers.
    #[test]
    fn no_text_panics(words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..60), tail in any::<String>()) {
        let text = format!("{}{tail}", words.concat());
        let _ = load(&control(&[&text]));
        let rule = format!("groups:\n- name: g\n  rules:\n  - {{alert: A, kind: window, metric: m, agg: mean, window: 1m, raise: {}}}\n", words.concat());
        let _ = load(&control(&[&rule]));
    }
}

/// A rule with some fields, good or bad, that its kind has or has not.
fn any_rule() -> impl Strategy<Value = String> {
    let word = |words: &'static [&'static str]| prop::sample::select(words);
    let names = word(&["A", "B", "C", "[A, B]", "[B, C]", "[A, A]", "[C]", "{}", "D"]);
    let durations = word(&["5m", "1h", "0s", "soon", "7s", "[]"]);
    let conditions = word(&["value > 1", "value", "value > params.max", "true", "'", "{}"]);
    let steps =
        word(&["[{metric: m}, {metric: n}]", "[{metric: m}]", "m", "[{incident: 'true'}, {metric: m, match: value}]"]);
    let field = prop_oneof![
        word(&["metric: m", "metric: [m]", "incident: 'true'", "per: space", "per: node", "agg: max", "agg: count"])
            .prop_map(str::to_owned),
        word(&[
            "k: 2",
            "k: 0",
            "z: 4",
            "sigma_floor: 0.5",
            "min_weeks: 4",
            "direction: up",
            "distinct: node",
            "among: district"
        ])
        .prop_map(str::to_owned),
        word(&[
            "active: {period: night}",
            "shadow: true",
            "escalate: {after: 5m, severity: high}",
            "params: {max: 3}",
            "severity: low"
        ])
        .prop_map(str::to_owned),
        (word(&["of", "inhibited_by"]), names).prop_map(|(name, value)| format!("{name}: {value}")),
        (word(&["for", "within", "window", "over", "every", "stale_after", "keep_firing_for"]), durations)
            .prop_map(|(name, value)| format!("{name}: {value}")),
        (word(&["raise", "clear", "match"]), conditions).prop_map(|(name, value)| format!("{name}: {value}")),
        (word(&["steps"]), steps).prop_map(|(name, value)| format!("{name}: {value}")),
    ];
    let kind = prop::sample::select(KindWord::ALL.map(KindWord::as_str).to_vec());
    (word(&["A", "B", "C"]), kind, prop::collection::vec(field, 0..8))
        .prop_map(|(name, kind, fields)| format!("  - {{alert: {name}, kind: {kind}, {}}}\n", fields.join(", ")))
}

proptest! {
    /// A rule that cannot run is told why, and where: loading cannot go on without one that another rule names.
    #[test]
    fn every_refusal_has_a_place(rules in prop::collection::vec(any_rule(), 1..5)) {
        let text = format!("groups:\n- name: g\n  rules:\n{}", rules.concat());
        match load(&control(&[&text])) {
            Ok(loaded) => prop_assert_eq!(loaded.rules.len(), rules.len()),
            Err(found) => prop_assert!(found.iter().all(|message| message.line > 0), "{}", messages(&found)),
        }
    }
}

/// Pieces of rule files and of YAML.
const WORDS: [&str; 40] = [
    "groups:",
    "\n",
    "- ",
    "  ",
    "name: x",
    "rules:",
    "alert: A",
    "kind: ",
    "threshold",
    "window",
    "absence",
    "metric: m",
    "raise: ",
    "value",
    " > ",
    "params.",
    "max",
    "3.5",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "\\",
    "|",
    ">",
    "&a",
    "*a",
    "!t",
    "#",
    ": ",
    ", ",
    "---",
    "...",
    "\t",
    "%",
    "é",
];
