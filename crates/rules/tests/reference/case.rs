//! A random case: a city, rules and events, made from a seed. Durations and times share few whole seconds, so that
//! instants coincide often.

use crate::chance::Chance;
use crate::common::{Event, What};
use crate::random_rule::{METRICS, metric, modified, over, plain, rule, siblings, spreading};
use crate::rule::{Kind, Rule};
use crate::world::{Place, World};
use vigie_model::batch::Quality;
use vigie_model::calendar::{Calendar, CityEvent, WeeklySpan};
use vigie_model::decimal::Decimal;
use vigie_model::severity::Severity;

/// The first instant of events: 2023-11-15 09:13:20 in Melbourne.
pub(crate) const START_MS: i64 = 1_700_000_000_000;
/// 2024-04-07 03:00 in Melbourne, when it became 02:00.
const SET_BACK_MS: i64 = 1_712_419_200_000;
const SPACES: [&str; 4] = ["p", "q", "r", "undeclared"];
/// Monday to Sunday.
const DAYS_ALL: u8 = 0x7f;

/// Kinds that read events.
const KINDS: &[&str] =
    &["threshold", "threshold", "window", "change", "absence", "sequence", "sequence", "k_of_n", "baseline"];
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
    if chance.percent(15) {
        rules = spreading(chance);
    }
    for index in rules.len() as i64..chance.number(2, 6) {
        let name = format!("R{index}");
        let kind = chance.of(kinds);
        rules.push(rule(chance, name, kind));
    }
    if chance.percent(40) {
        rules.extend(siblings(chance, &rules));
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
    let until_ms = from_ms + chance.of(&[5_000, 20_000, 60_000]);
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
    let length_ms = chance.of(&[60_000, 120_000, 200_000]);
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
    event.what = match chance.number(0, 32) {
        0 => What::IntakeUp,
        1..5 => What::Incident {
            category: chance.of(&["theft", "fight"]).to_owned(),
            severity: Severity::High,
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
