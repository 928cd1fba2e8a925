//! The view `coverage` between dates: the same rows as that of all history, from the files of these dates.

use crate::fixture::{self, CENTRE, START_MS};
use crate::history::options::HistoryOptions;
use crate::history::writer::History;
use crate::sql::door::SqlDoor;
use crate::sql::limits::SqlLimits;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use vigie_model::audit::KeptNowhere;
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::decimal::Decimal;
use vigie_model::doors::{QueryDoor, QueryFormat, Question};
use vigie_model::names::{NO_NAME, NameEntry, NameKind};
use vigie_model::principal::Principal;
use vigie_model::record::{Batch, Payload};
use vigie_model::time::format_utc;

const HOUR_MS: i64 = 3_600_000;
const DAY_H: i64 = 24;
/// 2017-03-12T00:00:00Z, in hours since 1970.
const FIRST_H: i64 = START_MS / HOUR_MS - 10;
/// Days of a history.
const DAYS: i64 = 26;
const SPACES: [&str; 2] = ["park", "quay"];
const METRICS: [&str; 2] = ["noise", "people"];

/// Numbers that are the same on every run (Knuth's MMIX generator).
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % bound
    }
}

/// A value of a sensor in an hour.
#[derive(Clone, Copy, Debug)]
struct Value {
    space: usize,
    metric: usize,
    sensor: i64,
    hour: i64,
    is_good: bool,
}

/// Sensors that are seen for some hours now and then, and silent for days.
fn values(draws: &mut Draws) -> Vec<Value> {
    let mut values = Vec::new();
    for (space, metric, sensor) in (0..8).map(|one| (one & 1, one >> 1 & 1, (one >> 2) as i64)) {
        for _ in 0..draws.below(4) {
            let (begin, hours) = (draws.below((DAYS - 2) * DAY_H), 1 + draws.below(30));
            let is_good = draws.below(6) > 0;
            values.extend((begin..begin + hours).map(|hour| Value {
                space,
                metric,
                sensor,
                hour: FIRST_H + hour,
                is_good,
            }));
        }
    }
    values
}

/// A record of values, a few minutes into their hours.
fn record(values: &[Value], first_offset: u64) -> vigie_model::record::Record {
    let mut rows = Observations::default();
    for value in values {
        rows.push(ObservationRow {
            feed: 0,
            space: value.space as u32,
            metric: value.metric as u32,
            // The first has no sensor's name: its node tells it apart.
            sensor: if value.sensor == 0 { NO_NAME } else { 0 },
            node: 0,
            seq: None,
            id: None,
            value: Decimal::from_micros(0),
            event_time_ms: value.hour * HOUR_MS + 400_000,
            sent_time_ms: None,
            log_time_ms: START_MS,
            quality: if value.is_good { Quality::Good } else { Quality::Uncertain },
            flags: 0,
        });
    }
    fixture::record(Payload::Observations(Batch { partition: 0, first_offset, rows }))
}

/// A door over these values, some of them committed and some hot.
async fn door(root: &Path, values: &[Value]) -> SqlDoor {
    let history = History::open(HistoryOptions::new(root, CENTRE, "log-a")).await.unwrap();
    let named = |kind, names: &[&str]| {
        let entry = |(index, name): (usize, &&str)| NameEntry { kind, index: index as u32, name: (*name).into() };
        names.iter().enumerate().map(entry).collect::<Vec<_>>()
    };
    let names = [
        named(NameKind::Space, &SPACES),
        named(NameKind::Metric, &METRICS),
        named(NameKind::Sensor, &["s1"]),
        named(NameKind::Node, &["n1"]),
        named(NameKind::Feed, &["f"]),
    ];
    history.take_record(&fixture::record(Payload::Dictionary(names.concat()))).unwrap();
    let (committed, hot) = values.split_at(values.len() * 2 / 3);
    history.take_record(&record(committed, 0)).unwrap();
    history.flush().await.unwrap();
    history.take_record(&record(hot, committed.len() as u64)).unwrap();
    SqlDoor::new(Arc::new(history), SqlLimits::default(), Arc::new(KeptNowhere)).unwrap()
}

async fn lines(door: &SqlDoor, who: &Principal, sql: &str) -> Vec<String> {
    let body = door.whole(who, Question::new(sql, QueryFormat::Csv, "test")).await.unwrap().body;
    String::from_utf8(body).unwrap().lines().skip(1).map(str::to_owned).collect()
}

/// A row of the view: space, metric, hour, sensors expected and seen.
type Row = (usize, usize, i64, usize, usize);

/// What the view has to say of all history, without SQL.
fn coverage(values: &[Value]) -> Vec<Row> {
    let good: Vec<_> = values.iter().filter(|value| value.is_good).collect();
    let (Some(first), Some(last)) =
        (good.iter().map(|value| value.hour).min(), good.iter().map(|value| value.hour).max())
    else {
        return Vec::new();
    };
    let (mut expected, mut seen) = (BTreeMap::<_, BTreeSet<i64>>::new(), BTreeMap::<_, BTreeSet<i64>>::new());
    for value in good {
        let place = (value.space, value.metric);
        seen.entry((place, value.hour)).or_default().insert(value.sensor);
        for day in 0..8 {
            expected.entry((place, value.hour / DAY_H + day)).or_default().insert(value.sensor);
        }
    }
    let rows = expected.iter().flat_map(|((place, day), sensors)| {
        let hours = (day * DAY_H..(day + 1) * DAY_H).filter(|hour| (first..=last).contains(hour));
        let seen = &seen;
        hours.map(move |hour| {
            (place.0, place.1, hour, sensors.len(), seen.get(&(*place, hour)).map_or(0, BTreeSet::len))
        })
    });
    rows.collect()
}

fn text(hour: i64) -> String {
    format_utc(hour * HOUR_MS)
}

/// A condition in SQL, and in Rust.
type Condition = (String, Box<dyn Fn(i64) -> bool>);

fn conditions(draws: &mut Draws) -> Vec<Condition> {
    let a = FIRST_H + draws.below((DAYS + 6) * DAY_H) - 3 * DAY_H;
    let b = a + draws.below(5 * DAY_H);
    let (midnight, c) = (a / DAY_H * DAY_H, b + draws.below(9 * DAY_H));
    let (from, to, day, later) = (text(a), text(b), text(midnight), text(c));
    vec![
        (format!("hour >= '{from}' AND hour < '{to}'"), Box::new(move |hour| hour >= a && hour < b)),
        (
            format!("hour >= '{}' AND hour < '{day}'", text(midnight - 48)),
            Box::new(move |hour| (midnight - 48..midnight).contains(&hour)),
        ),
        (format!("hour BETWEEN '{from}' AND '{to}'"), Box::new(move |hour| (a..=b).contains(&hour))),
        (
            format!("TIMESTAMP '{from}' < hour AND TIMESTAMP '{to}' >= hour AND seen < expected + 1"),
            Box::new(move |hour| a < hour && hour <= b),
        ),
        (format!("hour = '{from}'"), Box::new(move |hour| hour == a)),
        (
            format!("hour IN ('{from}', '{to}', '{later}', '{day}')"),
            Box::new(move |hour| [a, b, c, midnight].contains(&hour)),
        ),
        (
            format!("(hour < '{from}' OR hour > '{to}') AND hour <= '{later}'"),
            Box::new(move |hour| (hour < a || hour > b) && hour <= c),
        ),
        (format!("hour < '{from}'"), Box::new(move |hour| hour < a)),
        (format!("NOT hour < '{from}'"), Box::new(move |hour| hour >= a)),
        (format!("hour <> '{from}'"), Box::new(move |hour| hour != a)),
    ]
}

#[tokio::test]
async fn between_dates_coverage_answers_as_over_all_history() {
    let everybody = Principal::local(CENTRE);
    let (mut rows, mut fell_silent, mut bounded, mut unbounded) = (0, 0, 0, 0);
    for seed in 0..4 {
        let mut draws = Draws(seed);
        let values = values(&mut draws);
        let dir = TempDir::new().unwrap();
        let door = door(dir.path(), &values).await;
        let of_park: Vec<Value> = values.iter().filter(|value| value.space == 0).copied().collect();
        for (turn, who, values) in [(0, &everybody, &values), (1, &fixture::partner("park"), &of_park)] {
            let all = coverage(values);
            let said = |row: &Row| format!("{},{},{},{},{}", SPACES[row.0], METRICS[row.1], text(row.2), row.3, row.4);
            let asked = "SELECT space, metric, hour, expected, seen FROM coverage";
            let everything: Vec<String> = all.iter().map(said).collect();
            assert_eq!(lines(&door, who, &format!("{asked} ORDER BY space, metric, hour")).await, everything);
            // Four of the ten, another four each time.
            let mut some = conditions(&mut draws);
            let forms = some.len();
            some.rotate_left(4 * (2 * seed as usize + turn) % forms);
            for (condition, holds) in some.into_iter().take(4) {
                let expected: Vec<&Row> = all.iter().filter(|row| holds(row.2)).collect();
                let found = lines(&door, who, &format!("{asked} WHERE {condition} ORDER BY space, metric, hour")).await;
                let told: Vec<String> = expected.iter().map(|row| said(row)).collect();
                assert_eq!(found, told, "seed {seed}, {condition}, {who:?}");
                // What the test is about did occur.
                rows += expected.len();
                let first = expected.iter().map(|row| row.2).min().unwrap_or_default();
                fell_silent += expected.iter().filter(|row| row.2 == first && row.3 > 0 && row.4 == 0).count();
                let hours: BTreeSet<i64> = expected.iter().map(|row| row.2).collect();
                bounded += usize::from(hours.iter().any(|hour| *hour == all.iter().map(|row| row.2).max().unwrap()));
                unbounded +=
                    usize::from(!hours.is_empty() && !hours.contains(&all.iter().map(|row| row.2).min().unwrap()));
            }
        }
    }
    assert!(
        rows > 2_000 && fell_silent > 10 && bounded > 3 && unbounded > 5,
        "{rows} {fell_silent} {bounded} {unbounded}"
    );
}
