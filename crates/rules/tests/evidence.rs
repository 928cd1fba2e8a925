//! From the evidence of an active transition alone, its verdict can be recomputed: checked for every episode of every
//! conformance case, and of stories for the kinds that have none, with arithmetic that shares no code with the engine.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Cut, Event, What, control, event, incident, observation, ordered, rules, transitions};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use vigie_model::alert::{AlertState, Transition};
use vigie_model::severity::Severity;
use vigie_model::space::Space;
use vigie_rules::load::load;
use vigie_rules::spec::RuleSet;

const MICROS: i128 = 1_000_000;
const HOUR_MS: i64 = 3_600_000;
const CUT: Cut = Cut { partitions: 2, batch_rows: 7, tick_ms: 1000 };

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

/// Evidence of one transition.
struct Evidence(Value);

impl Evidence {
    fn ms(&self, name: &str) -> i64 {
        self.0[name].as_i64().unwrap_or_else(|| panic!("{name} in {}", self.0))
    }

    fn number(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap_or_else(|| panic!("{name} in {}", self.0))
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("{name} in {}", self.0))
    }

    fn list(&self, name: &str) -> &[Value] {
        self.0[name].as_array().unwrap_or_else(|| panic!("{name} in {}", self.0))
    }

    /// Conditions of the cases are all `value OPERATOR NUMBER` or `value OPERATOR params.NAME`.
    fn holds(&self, condition: &str, value: Fraction) -> bool {
        let words: Vec<_> = condition.split(' ').collect();
        let [_, operator, limit] = words[..] else { panic!("value OPERATOR LIMIT, not {condition}") };
        let limit = match limit.strip_prefix("params.") {
            Some(name) => fraction(self.0["params"][name].as_str().unwrap()),
            None => fraction(limit),
        };
        let (left, right) = (value.0 * limit.1, limit.0 * value.1);
        match operator {
            ">" => left > right,
            ">=" => left >= right,
            "<" => left < right,
            _ => panic!("{operator}"),
        }
    }

    /// The largest, smallest, sum or mean of the members' values, all of them valid.
    fn of_members(&self, agg: &str) -> Fraction {
        let members = self.list("members");
        for member in members {
            let age_ms = self.ms("judged_ms") - member["event_time_ms"].as_i64().unwrap();
            assert!((0..self.ms("stale_after_ms")).contains(&age_ms), "{}", self.0);
        }
        let mut values = fractions(members, "value");
        let sum = total(&values);
        values.sort_by_key(|value| value.0);
        aggregate(agg, values.len() as i128, sum, values[0], values[values.len() - 1])
    }

    fn of_panes(&self) -> Fraction {
        let panes = self.list("panes");
        self.judged_inside("window");
        let start_ms = self.0["window"]["start_ms"].as_i64().unwrap();
        assert!(panes.iter().all(|pane| pane["start_ms"].as_i64().unwrap() >= start_ms));
        let count = panes.iter().map(|pane| pane["count"].as_i64().unwrap()).sum::<i64>();
        assert!(count >= self.0["min_count"].as_i64().unwrap_or(0));
        let min = fractions(panes, "min").into_iter().min_by_key(|min| min.0).unwrap();
        let max = fractions(panes, "max").into_iter().max_by_key(|max| max.0).unwrap();
        aggregate(self.text("agg"), count.into(), total(&fractions(panes, "sum")), min, max)
    }

    fn of_ends(&self) -> Fraction {
        self.judged_inside("over");
        let [first, last] = ["first", "last"].map(|end| fraction(self.0[end]["value"].as_str().unwrap()));
        let [first_ms, last_ms] = ["first", "last"].map(|end| self.0[end]["event_time_ms"].as_i64().unwrap());
        assert!(self.0["over"]["start_ms"].as_i64().unwrap() <= first_ms && first_ms <= last_ms);
        Fraction(last.0 - first.0, MICROS)
    }

    fn judged_inside(&self, bounds: &str) {
        let bound_ms = |name: &str| self.0[bounds][name].as_i64().unwrap();
        assert!((bound_ms("start_ms")..bound_ms("end_ms")).contains(&self.ms("judged_ms")), "{}", self.0);
    }

    /// Every step met its condition, none before the one before it, and all within the time.
    fn check_steps(&self) {
        let steps = self.list("steps");
        let times: Vec<_> = steps.iter().map(|step| step["event_time_ms"].as_i64().unwrap()).collect();
        assert!(times.is_sorted() && times[times.len() - 1] - times[0] <= self.ms("within_ms"), "{}", self.0);
        for step in steps {
            if let Some(condition) = step["match"].as_str() {
                assert!(self.holds(condition, fraction(step["value"].as_str().unwrap())), "{}", self.0);
            }
            assert!(step["incident"].is_string() != step["metric"].is_string(), "{}", self.0);
        }
    }

    /// At least `k` different things, each later than `within_ms` before the judgement.
    fn check_k(&self, list: &str, thing: &str, time: &str) {
        let things = self.list(list);
        let different: BTreeSet<_> = things.iter().map(|one| one[thing].to_string()).collect();
        assert!(different.len() == things.len() && different.len() as i64 >= self.ms("k"), "{}", self.0);
        let (judged_ms, within_ms) = (self.ms("judged_ms"), self.ms("within_ms"));
        for one in things {
            let age_ms = judged_ms - one[time].as_i64().unwrap();
            assert!((0..within_ms).contains(&age_ms), "{}", self.0);
        }
    }

    fn check_usual(&self) {
        let value = self.of_members("max");
        let v = value.0 as f64 / value.1 as f64;
        let deviation = self.number("sigma").max(self.number("sigma_floor"));
        let (up, down) = (v - self.number("mean"), self.number("mean") - v);
        let limit = self.number("z_limit") * deviation;
        let unusual = match self.text("direction") {
            "up" => up >= limit,
            "down" => down >= limit,
            _ => up >= limit || down >= limit,
        };
        assert!(unusual && self.ms("weeks") >= self.ms("min_weeks") && self.ms("hour_of_week") < 168, "{}", self.0);
        assert!((self.number("z") - up / deviation).abs() < 1e-12);
    }

    fn check_parts(&self, all: bool) {
        let surely = |rule: &Value| self.list("of").iter().any(|part| part["rule"] == *rule && part["stale"] == false);
        let mut named = self.list("rules").iter();
        assert!(if all { named.all(surely) } else { named.any(surely) }, "{}", self.0);
        assert!(self.list("of").iter().all(|part| part["active_ms"].as_i64().unwrap() <= self.ms("judged_ms")));
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

fn check(transition: &Transition) -> String {
    let evidence = Evidence(serde_json::from_str(transition.evidence.as_ref().unwrap()).unwrap());
    assert_eq!(evidence.text("rule_version"), &*transition.rule.version);
    assert_eq!(transition.event_time_ms, evidence.ms("since_ms") + evidence.ms("for_ms"));
    let kind = evidence.text("kind");
    if kind != "absence" {
        assert_eq!(evidence.ms("judged_ms"), evidence.ms("since_ms"), "no rule changed during a hold");
    }
    let compared = match kind {
        "threshold" => Some(evidence.of_members(evidence.text("agg"))),
        "window" => Some(evidence.of_panes()),
        "change" => Some(evidence.of_ends()),
        _ => None,
    };
    match kind {
        "threshold" | "window" | "change" => {
            let value = compared.unwrap();
            assert_eq!(value, fraction(evidence.text("value")), "{}", evidence.0);
            assert!(evidence.holds(evidence.text("raise"), value), "{}", evidence.0);
        }
        "absence" => {
            assert_eq!(transition.event_time_ms, evidence.ms("due_ms"));
            let last_ms = evidence.0["last_arrival_ms"].as_i64().unwrap_or(i64::MIN);
            assert!(evidence.ms("log_time_ms") > evidence.ms("due_ms") && last_ms <= evidence.ms("since_ms"));
        }
        "sequence" => evidence.check_steps(),
        "k_of_n" => evidence.check_k("sources", "source", "event_time_ms"),
        "baseline" => evidence.check_usual(),
        "all_of" => evidence.check_parts(true),
        "any_of" => evidence.check_parts(false),
        "spread" => evidence.check_k("begun", "space", "active_ms"),
        other => panic!("{other}"),
    }
    kind.to_owned()
}

/// The episodes of each kind, all of them recomputed.
fn checked(rules: &Arc<RuleSet>, events: &[Event], episodes: &mut BTreeMap<String, usize>) {
    for transition in transitions(rules, events, CUT) {
        assert_eq!(transition.evidence.is_some(), transition.state == AlertState::Active);
        if transition.state == AlertState::Active {
            *episodes.entry(check(&transition)).or_default() += 1;
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its cases from files")]
fn every_episode_of_the_cases_can_be_recomputed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rules-conformance");
    let mut episodes = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let read = |name: &str| std::fs::read_to_string(entry.join(name)).unwrap();
        let events = ordered(read("input.ndjson").lines().map(event).collect(), read("case.json").contains("keep"));
        checked(&rules(&read("rules.yaml")), &events, &mut episodes);
    }
    let found: Vec<_> = episodes.iter().map(|(kind, count)| (kind.as_str(), *count > 3)).collect();
    let kinds = ["absence", "change", "k_of_n", "sequence", "threshold", "window"];
    assert_eq!(found, kinds.map(|kind| (kind, true)), "{episodes:?}");
}

const STORIES: &str = r#"
groups:
- name: stories
  rules:
  - {alert: Crowd, kind: threshold, metric: people, per: sensor, raise: 'value > params.max', params: {max: 150}, stale_after: 2h}
  - {alert: Thefts, kind: window, incident: 'incident.category == "theft"', window: 3h, every: 1h, agg: count, raise: 'value >= 1'}
  - {alert: Unusual, kind: baseline, metric: people, per: sensor, z: 3, min_weeks: 3, sigma_floor: 2, stale_after: 2h}
  - {alert: Quiet, kind: baseline, metric: people, per: space, z: 2, min_weeks: 2, sigma_floor: 3, direction: down, stale_after: 2h}
  - {alert: Both, kind: all_of, of: [Crowd, Thefts]}
  - {alert: Either, kind: any_of, of: [Thefts, Unusual]}
  - {alert: Deep, kind: all_of, of: [Both, Either]}
  - {alert: Spreading, kind: spread, of: Crowd, k: 2, within: 4h, among: district}
  - {alert: Creeping, kind: spread, of: Crowd, k: 2, within: 4h, among: adjacent}
  - {alert: Witnessed, kind: k_of_n, incident: 'incident.category == "theft"', k: 2, within: 2h}
"#;

/// Five weeks of hourly counts in three spaces, with crowds, thefts and quiet nights here and there.
fn story() -> Vec<Event> {
    let start_ms = 1_699_999_200_000;
    let mut events = Vec::new();
    for hour in 0..5 * 168 {
        let time_ms = start_ms + hour * HOUR_MS;
        for (index, space) in (0..).zip(["p", "q", "r"]) {
            let usual = 40 + (hour % 24) * 3 + (hour * 7 + index * 5) % 11;
            let value = match hour % 131 {
                60..63 => usual * 4,
                90 if index == 1 => 0,
                _ => usual,
            };
            let sensor = format!("{space}-1");
            events.push(observation(space, Some(&sensor), "people", &value.to_string(), time_ms + index));
            if hour % 131 == 61 {
                events.push(incident(space, "theft", time_ms + 10 + index));
                let mut seen = incident(space, "theft", time_ms + 20 + index);
                seen.what = What::Incident {
                    category: "theft".to_owned(),
                    severity: Severity::High,
                    channel: "app".to_owned(),
                };
                events.push(seen);
            }
        }
    }
    ordered(events, false)
}

#[test]
fn every_episode_of_the_other_kinds_can_be_recomputed() {
    let space = |id: &str, adjacent: &[&str]| Space {
        district: "old town".to_owned(),
        adjacent: adjacent.iter().map(|id| (*id).into()).collect(),
        ..Space::registered(id)
    };
    let mut control = control(STORIES);
    control.spaces = Arc::new(vec![space("p", &["q"]), space("q", &[]), space("r", &[])]);
    let rules = load(&control).unwrap_or_else(|problems| panic!("{problems:#?}")).rules;
    let mut episodes = BTreeMap::new();
    checked(&rules, &story(), &mut episodes);
    for kind in ["all_of", "any_of", "baseline", "k_of_n", "spread", "threshold", "window"] {
        assert!(episodes.get(kind).is_some_and(|count| *count > 3), "{kind}: {episodes:?}");
    }
}
