//! A random case: a city, rules and events, made from a seed. Durations and times share few whole seconds, so that
//! instants coincide often.

use crate::chance::Chance;
use crate::common::{Event, What};
use crate::condition::{Condition, Number, Params};
use crate::rule::{Agg, Among, Baseline, Distinct, Escalate, Kind, Limits, Per, Rule, Source, Step};
use crate::world::{Place, World};
use vigie_model::batch::Quality;
use vigie_model::calendar::{Calendar, CityEvent, WeeklySpan};
use vigie_model::decimal::Decimal;

/// The first instant of events: 2023-11-15 09:13:20 in Melbourne.
pub(crate) const START_MS: i64 = 1_700_000_000_000;
/// 2024-04-07 03:00 in Melbourne, when it became 02:00.
const SET_BACK_MS: i64 = 1_712_419_200_000;
const SPACES: [&str; 4] = ["p", "q", "r", "undeclared"];
const METRICS: [&str; 2] = ["m", "n"];
/// Monday to Sunday.
const DAYS_ALL: u8 = 0x7f;

/// Kinds that read events.
const KINDS: &[&str] = &["threshold", "threshold", "window", "change", "absence", "sequence", "k_of_n", "baseline"];
/// Kinds that read the transitions of other rules.
const KINDS_ABOVE: &[&str] = &["all_of", "any_of", "spread", "spread"];
/// Kinds of cases over weeks, in which no window is judged every few seconds.
const SLOW_KINDS: &[&str] = &["baseline", "baseline", "baseline", "threshold", "absence"];

/// One random case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) world: World,
    pub(crate) rules: Vec<Rule>,
    /// As they came; not yet in order.
    pub(crate) events: Vec<Event>,
    /// Whether they are judged in the order in which they came.
    pub(crate) keep: bool,
}

/// The case of a seed.
pub(crate) fn case(seed: u64) -> Case {
    let chance = &mut Chance::new(seed);
    let keep = chance.percent(60);
    let is_slow = chance.percent(15);
    let kinds = if is_slow { SLOW_KINDS } else { KINDS };
    let mut rules = Vec::new();
    for index in 0..chance.number(2, 6) {
        let name = format!("R{index}");
        let kind = chance.of(kinds);
        rules.push(rule(chance, name, kind));
    }
    if chance.percent(70) {
        for index in 0..chance.number(1, 3) {
            let kind = chance.of(KINDS_ABOVE);
            let over = over(chance, kind, &rules);
            rules.extend(over.map(|kind| modified(chance, plain(format!("C{index}"), kind))));
        }
    }
    let world = world(chance, &rules);
    let events = if is_slow { slow_events(chance) } else { events(chance, keep, &rules) };
    Case { world, rules, events, keep }
}

fn plain(name: String, kind: Kind) -> Rule {
    let (districts, params) = (Vec::new(), Params::new());
    let (hold_ms, off_ms, per) = (0, 0, Per::Space);
    Rule { name, districts, kind, per, hold_ms, off_ms, period: None, escalate: None, shadow: false, params }
}

fn over(chance: &mut Chance, kind: &str, rules: &[Rule]) -> Option<Kind> {
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

fn rule(chance: &mut Chance, name: String, kind: &str) -> Rule {
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
    if has_hold && chance.percent(30) {
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

fn modified(chance: &mut Chance, mut rule: Rule) -> Rule {
    if chance.percent(25) && !matches!(rule.kind, Kind::Spread { .. }) {
        rule.period = Some(chance.of(&["rush", "rush", "odd", "event"]).to_owned());
    }
    if chance.percent(30) {
        let severity = chance.of(&["high", "critical"]).to_owned();
        rule.escalate = Some(Escalate { after_ms: seconds(chance, &[5, 10, 20]), severity });
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
    rule.params.clear();
    rule.off_ms = seconds(chance, &[0, 10, 30, 300]);
    let steps: Vec<Step> = (0..chance.number(2, 4)).map(|_| step(chance)).collect();
    let without = match chance.number(0, 10) {
        0 | 1 => Some(step(chance)),
        2 | 3 => Some(Step {
            matching: steps[0].matching.as_ref().map(|_| Condition::value(">", 4_000_000)),
            ..steps[0].clone()
        }),
        _ => None,
    };
    Kind::Sequence { steps, within_ms: seconds(chance, &[5, 10, 20, 40]), without }
}

fn step(chance: &mut Chance) -> Step {
    if chance.percent(20) {
        return Step { source: incidents(chance), matching: None };
    }
    let limit = chance.number(-2, 5) * 1_000_000;
    let matching = Some(Condition::value(chance.of(&[">", ">", "<="]), limit));
    Step { source: Source::Metric(metric(chance)), matching }
}

fn k_of_n(chance: &mut Chance, rule: &mut Rule) -> Kind {
    rule.per = Per::Space;
    rule.params.clear();
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

fn metric(chance: &mut Chance) -> String {
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

fn world(chance: &mut Chance, rules: &[Rule]) -> World {
    let place = |id: &str, district: &str, adjacent: &[&str], expected: &[(&str, &str)]| Place {
        id: id.to_owned(),
        district: district.to_owned(),
        adjacent: adjacent.iter().map(|id| (*id).to_owned()).collect(),
        expected: expected.iter().map(|(id, metric)| ((*id).to_owned(), (*metric).to_owned())).collect(),
        params: Vec::new(),
    };
    let mut places = vec![
        place("p", "east", &["q"], &[("s1", "m"), ("s9", "m")]),
        place("q", "east", &[], &[]),
        place("r", "west", &["q"], &[("s1", "n")]),
    ];
    for rule in rules.iter().filter(|rule| !rule.params.is_empty()) {
        if chance.percent(50) {
            let value = chance.number(-2, 9) * 500_000;
            places[0].params.push((rule.name.clone(), "max".to_owned(), value));
        }
    }
    // The case begins at 9:13:20.
    let weekly = |from: u16, until: u16| WeeklySpan { days: DAYS_ALL, from_minute: from, until_minute: until };
    let calendars = vec![
        Calendar { name: "rush".into(), weekly: vec![weekly(554, 556)], ..Calendar::default() },
        Calendar {
            name: "odd".into(),
            weekly: vec![weekly(553, 554), weekly(555, 9), weekly(100, 200)],
            ..Calendar::default()
        },
    ];
    let from_ms = START_MS + chance.number(0, 12) * 5_000;
    let until_ms = from_ms + seconds(chance, &[5, 20, 60]);
    let (spaces, districts) = chance.of(&[
        (vec![], vec![]),
        (vec!["p".into(), "undeclared".into()], vec![]),
        (vec!["r".into()], vec!["east".to_owned()]),
    ]);
    let events = vec![CityEvent { name: "match".into(), from_ms, until_ms, spaces, districts }];
    World { places, calendars, events }
}

fn events(chance: &mut Chance, keep: bool, rules: &[Rule]) -> Vec<Event> {
    let spreads = rules.iter().any(|rule| matches!(rule.kind, Kind::Spread { .. }));
    let spaces = SPACES[..if spreads { 3 } else { chance.of(&[1, 1, 2, 3, 4]) }].to_vec();
    let length_ms = seconds(chance, &[60, 120, 200]);
    // Half of the cases keep to a level for a while, so that holds and delays come to their end.
    let is_steady = chance.percent(50);
    let levels: Vec<i64> = (0..20).map(|_| chance.number(-4, 9)).collect();
    let mut now = 0;
    let (step, mut events): (i64, Vec<Event>) = (2 * length_ms / 60, Vec::new());
    for index in 0..chance.number(5, 130) {
        now += chance.number(0, step);
        let mut time = if keep { now } else { chance.number(0, length_ms) };
        if keep && chance.percent(30) {
            time -= chance.number(0, 40_000);
        }
        let time_ms = START_MS
            + match chance.number(0, 4) {
                0 => time,
                1 => time.div_euclid(2500) * 2500,
                _ => time.div_euclid(5000) * 5000,
            };
        let mut event = event(chance, &spaces, index, time_ms);
        if let (What::Observation { value, .. }, true) = (&mut event.what, is_steady) {
            let level = levels[(time.rem_euclid(length_ms) / 15_000) as usize];
            *value = Decimal::from_micros((level + chance.number(-2, 3)) * 1_000_000);
        }
        if let Some(previous) = events.last().filter(|_| chance.percent(15)) {
            let Event { space, time_ms, .. } = previous;
            event = Event { space: space.clone(), time_ms: *time_ms, ..event };
        }
        events.push(event);
    }
    events
}

/// Some hours of the same weekday for several weeks, in one of which the clocks are set back.
fn slow_events(chance: &mut Chance) -> Vec<Event> {
    let (week_ms, minute_ms) = (7 * 24 * 3_600_000, 60_000);
    let count = chance.number(30, 120);
    let mut events: Vec<Event> = (0..count)
        .map(|index| {
            let minutes = chance.number(-36, 36) * 5;
            let time_ms = SET_BACK_MS + chance.number(-3, 5) * week_ms + minutes * minute_ms;
            let mut event = event(chance, &["p", "p", "p", "q"], index, time_ms);
            if let What::Observation { metric, value, .. } = &mut event.what {
                *metric = METRICS[0].to_owned();
                *value = Decimal::from_micros(chance.of(&[4, 5, 5, 6, 6, 7, 7, 8, 12, 30]) * 1_000_000);
            }
            event
        })
        .collect();
    events.sort_by_key(|event| event.time_ms);
    for _ in 0..5 {
        let index = chance.number(1, count) as usize;
        events.swap(index - 1, index);
    }
    events
}

fn event(chance: &mut Chance, spaces: &[&str], index: i64, time_ms: i64) -> Event {
    let id = if chance.percent(4) { index - 1 } else { index }.to_string();
    let mut event = Event {
        id,
        space: chance.of(spaces).to_owned(),
        time_ms,
        sensor: chance.of(&[None, Some("s1"), Some("s1"), Some("s2"), Some("s3")]).map(str::to_owned),
        node: chance.of(&[None, Some("n1"), Some("s1")]).map(str::to_owned),
        what: What::IntakeUp,
    };
    event.what = match chance.number(0, 40) {
        0 => What::IntakeUp,
        1..5 => What::Incident {
            category: chance.of(&["theft", "fight"]).to_owned(),
            channel: chance.of(&["dispatch", "app", ""]).to_owned(),
        },
        draw => What::Observation {
            metric: metric(chance),
            value: Decimal::from_micros(match chance.percent(80) {
                true => chance.number(-4, 9) * 1_000_000,
                false => chance.number(-40, 90) * 100_000,
            }),
            quality: match draw {
                5 | 6 => Quality::Bad,
                7 => Quality::Uncertain,
                _ => Quality::Good,
            },
        },
    };
    event
}
