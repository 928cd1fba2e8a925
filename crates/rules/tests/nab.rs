//! Baseline rules on real series with labelled anomalies: how many are found, and how often nothing is wrong. The report is
//! a golden file, and `docs/baselines.md` shows it and says what it means.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Cut, Event, control, observation, transitions};
use expect_test::expect_file;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use vigie_model::alert::AlertState;
use vigie_model::control::Control;
use vigie_rules::load::load;

const WEEK_MS: f64 = 7.0 * 86_400_000.0;
const MICROS: f64 = 1_000_000.0;

/// One series with its labelled windows.
struct Series {
    name: &'static str,
    /// What a value is.
    what: &'static str,
    zone: TimeZone,
    rows: Vec<Row>,
    windows: Vec<(i64, i64)>,
    /// How much values of one hour usually differ, from which the floor is chosen.
    within_hour: f64,
}

struct Row {
    local: DateTime,
    time_ms: i64,
    value: String,
}

/// What a rule says on top of the series' own figures.
#[derive(Clone, Copy)]
struct Variant {
    name: &'static str,
    z: &'static str,
    half_life_weeks: &'static str,
    min_weeks: usize,
    /// The floor as a multiple of the series' spread within an hour.
    floor: f64,
    hold: &'static str,
    direction: &'static str,
}

const START: Variant =
    Variant { name: "start", z: "4", half_life_weeks: "8", min_weeks: 4, floor: 1.0, hold: "1h", direction: "both" };

const VARIANTS: [Variant; 15] = [
    START,
    Variant { name: "held for 30m", hold: "30m", ..START },
    Variant { name: "without hold", hold: "0s", ..START },
    Variant { name: "upwards only", direction: "up", ..START },
    Variant { name: "downwards only", direction: "down", ..START },
    Variant { name: "z 3", z: "3", ..START },
    Variant { name: "z 5", z: "5", ..START },
    Variant { name: "half the floor", floor: 0.5, ..START },
    Variant { name: "no floor to speak of", floor: 0.01, ..START },
    Variant { name: "half-life 2 weeks", half_life_weeks: "2", ..START },
    Variant { name: "half-life 52 weeks", half_life_weeks: "52", ..START },
    Variant { name: "2 weeks at least", min_weeks: 2, ..START },
    Variant { name: "1 week at least", min_weeks: 1, ..START },
    Variant { name: "1 week, held for 30m", min_weeks: 1, hold: "30m", ..START },
    Variant { name: "1 week, without hold", min_weeks: 1, hold: "0s", ..START },
];

/// What a rule made of a series.
struct Outcome {
    /// Windows in which an episode begins.
    found: usize,
    /// Beginnings of episodes outside every window.
    false_alerts: Vec<i64>,
    weeks_judged: f64,
}

fn series() -> Vec<Series> {
    let windows: BTreeMap<String, Vec<(String, String)>> =
        serde_json::from_str(include_str!("nab/windows.json")).unwrap();
    let series = |name: &'static str, what, zone: &str, text: &str| {
        let zone = TimeZone::get(zone).unwrap();
        let instant = |text: &str| {
            let local: DateTime = text.parse().unwrap();
            (local, local.to_zoned(zone.clone()).unwrap().timestamp().as_millisecond())
        };
        let row = |line: &str| {
            let (local, value) = line.split_once(',').unwrap();
            let (local, time_ms) = instant(local);
            Row { local, time_ms, value: value.to_owned() }
        };
        let rows: Vec<_> = text.lines().skip(1).map(row).collect();
        let windows = windows[name].iter().map(|(from, to)| (instant(from).1, instant(to).1)).collect();
        let within_hour = within_hour(&rows);
        Series { name, what, zone, rows, windows, within_hour }
    };
    let (new_york, chicago) = ("America/New_York", "America/Chicago");
    vec![
        series("nyc_taxi", "passengers per half hour", new_york, include_str!("nab/nyc_taxi.csv")),
        series("TravelTime_387", "travel time in s", chicago, include_str!("nab/TravelTime_387.csv")),
        series("occupancy_6005", "occupancy in %", chicago, include_str!("nab/occupancy_6005.csv")),
        series("speed_6005", "speed in mph", chicago, include_str!("nab/speed_6005.csv")),
        series("speed_7578", "speed in mph", chicago, include_str!("nab/speed_7578.csv")),
    ]
}

fn hour_of(row: &Row) -> (Date, i8) {
    (row.local.date(), row.local.hour())
}

/// The deviation of values from the mean of their hour, over all hours with two values or more.
fn within_hour(rows: &[Row]) -> f64 {
    let mut hours: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for row in rows {
        hours.entry(hour_of(row)).or_default().push(row.value.parse().unwrap());
    }
    let (mut squares, mut freedom) = (0.0, 0);
    for values in hours.values().filter(|values| values.len() > 1) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        squares += values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        freedom += values.len() - 1;
    }
    (squares / f64::from(u32::try_from(freedom).unwrap())).sqrt()
}

impl Series {
    fn weeks(&self) -> f64 {
        weeks(self.rows[0].time_ms, self.rows[self.rows.len() - 1].time_ms)
    }

    /// Instants of the rows before which their hour of the week was seen in enough weeks.
    fn judged(&self, min_weeks: usize) -> Vec<i64> {
        let mut seen: BTreeMap<_, BTreeSet<Date>> = BTreeMap::new();
        let mut judged = Vec::new();
        for row in &self.rows {
            let (date, hour) = hour_of(row);
            let dates = seen.entry((date.weekday().to_monday_zero_offset(), hour)).or_default();
            if dates.iter().filter(|earlier| **earlier < date).count() >= min_weeks {
                judged.push(row.time_ms);
            }
            dates.insert(date);
        }
        judged
    }

    /// Windows in which anything is judged at all.
    fn within_reach(&self, min_weeks: usize) -> usize {
        let judged = self.judged(min_weeks);
        self.windows.iter().filter(|(from, to)| judged.iter().any(|at| (from..=to).contains(&at))).count()
    }

    /// Beginnings of episodes, as the engine says.
    fn episodes(&self, variant: Variant) -> Vec<i64> {
        let Variant { z, half_life_weeks, min_weeks, hold, direction, .. } = variant;
        let floor = (self.within_hour * variant.floor * MICROS).round() / MICROS;
        let text = format!(
            "groups:\n- name: nab\n  rules:\n  - {{alert: Unusual, kind: baseline, metric: value, z: {z}, half_life_weeks: \
             {half_life_weeks}, min_weeks: {min_weeks}, sigma_floor: {floor:?}, direction: {direction}, for: {hold}, \
             keep_firing_for: 1h, stale_after: 2h}}\n"
        );
        let time_zone = self.zone.iana_name().unwrap().into();
        let rules = load(&Control { time_zone, ..control(&text) }).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let event = |row: &Row| observation(self.name, Some("s1"), "value", &row.value, row.time_ms);
        let events: Vec<Event> = self.rows.iter().map(event).collect();
        let cut = Cut { partitions: 1, batch_rows: 1000, tick_ms: 60_000 };
        let transitions = transitions(&Arc::clone(&rules.rules), &events, cut);
        transitions.iter().filter(|one| one.state == AlertState::Active).map(|one| one.event_time_ms).collect()
    }

    /// `None` when nothing is judged.
    fn outcome(&self, variant: Variant) -> Option<Outcome> {
        let judged = self.judged(variant.min_weeks);
        let episodes = self.episodes(variant);
        let begins_in = |(from, to): &(i64, i64)| episodes.iter().any(|at| (from..=to).contains(&at));
        let is_labelled = |at: &i64| self.windows.iter().any(|(from, to)| (*from..=*to).contains(at));
        let (Some(first), Some(last)) = (judged.first(), judged.last()) else {
            assert!(episodes.is_empty(), "{}: {episodes:?}", self.name);
            return None;
        };
        Some(Outcome {
            found: self.windows.iter().filter(|window| begins_in(window)).count(),
            false_alerts: episodes.iter().copied().filter(|at| !is_labelled(at)).collect(),
            weeks_judged: weeks(*first, *last),
        })
    }
}

fn weeks(from_ms: i64, to_ms: i64) -> f64 {
    (to_ms - from_ms) as f64 / WEEK_MS
}

/// Cells of a Markdown table, padded.
fn table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap();
    let mut table = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<_> = row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column))).collect();
        writeln!(table, "| {} |", cells.join(" | ")).unwrap();
        if index == 0 {
            let rule: Vec<_> = (0..row.len()).map(|column| "-".repeat(width(column))).collect();
            writeln!(table, "|-{}-|", rule.join("-|-")).unwrap();
        }
    }
    table
}

fn report(series: &[Series]) -> String {
    let line = |name: &str, cell: &dyn Fn(&Series) -> String| {
        std::iter::once(name.to_owned()).chain(series.iter().map(cell)).collect::<Vec<_>>()
    };
    let facts = [
        line("", &|one| one.name.to_owned()),
        line("a value is", &|one| one.what.to_owned()),
        line("rows", &|one| one.rows.len().to_string()),
        line("weeks", &|one| format!("{:.1}", one.weeks())),
        line("spread within an hour", &|one| format!("{:.1}", one.within_hour)),
        line("labelled windows", &|one| one.windows.len().to_string()),
        line("within reach after 4 weeks", &|one| one.within_reach(4).to_string()),
        line("after 2 weeks", &|one| one.within_reach(2).to_string()),
        line("after 1 week", &|one| one.within_reach(1).to_string()),
    ];
    let cell = |one: &Series, variant: Variant| match one.outcome(variant) {
        None => "never judged".to_owned(),
        Some(Outcome { found, false_alerts, weeks_judged }) => {
            let false_alerts = false_alerts.len();
            let rate = false_alerts as f64 / weeks_judged;
            format!("{found} of {}; {false_alerts} in {weeks_judged:.1} ({rate:.2})", one.windows.len())
        }
    };
    let outcomes = VARIANTS.map(|variant| line(variant.name, &|one| cell(one, variant)));
    let head = line("found; false alerts in weeks judged (per week)", &|one| one.name.to_owned());
    let outcomes: Vec<_> = std::iter::once(head).chain(outcomes).collect();
    let mut report = format!("{}\n{}\nFalse alerts of *start*:\n", table(&facts), table(&outcomes));
    for one in series {
        for at_ms in one.outcome(START).map(|outcome| outcome.false_alerts).unwrap_or_default() {
            let local = Timestamp::from_millisecond(at_ms).unwrap().to_zoned(one.zone.clone());
            writeln!(report, "- {} {}", one.name, local.strftime("%a %Y-%m-%d %H:%M")).unwrap();
        }
    }
    report
}

#[test]
fn labelled_windows_are_found_with_few_false_alerts() {
    let report = report(&series());
    expect_file!["nab/report.md"].assert_eq(&report);
    let docs = include_str!("../../../docs/baselines.md");
    assert!(docs.contains(&report), "docs/baselines.md shows other figures than nab/report.md");
}
