//! The kernel against numbers computed independently: `crates/rules/tests/baseline/vectors.py` says what they mean.

use super::{Expected, Learnt};
use crate::kind::{Direction, Usual};
use crate::kinds::local_hours::LocalHours;
use jiff::tz::TimeZone;

const VECTORS: &str = include_str!("../../../tests/baseline/vectors.tsv");
/// Relative; `2^x` may differ in its last digit, which later weeks carry on.
const TOLERANCE: f64 = 1e-13;

fn is_near(one: f64, other: f64) -> bool {
    (one - other).abs() <= TOLERANCE * one.abs().max(other.abs()).max(1e-6)
}

fn field<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

/// Zone and figures of a `case` line.
fn case(fields: &[&str]) -> (TimeZone, Usual) {
    let [zone, half_life_weeks, z, min_weeks, sigma_floor, direction] = fields else { panic!("{fields:?}") };
    let usual = Usual {
        z: field(z),
        half_life_weeks: field(half_life_weeks),
        min_weeks: field(min_weeks),
        sigma_floor: field(sigma_floor),
        direction: match *direction {
            "up" => Direction::Up,
            "down" => Direction::Down,
            _ => Direction::Both,
        },
    };
    (TimeZone::get(zone).unwrap(), usual)
}

/// `2026-04-05T02*`: the piece's local date and hour, and whether it is a repetition.
fn check_name(zone: &TimeZone, at_ms: i64, fields: &[&str]) {
    let hour = LocalHours::around(zone, at_ms).hour(at_ms);
    let shown = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0) + jiff::Span::new().hours(hour.name);
    let name = format!("{}{}", shown.strftime("%Y-%m-%dT%H"), if hour.is_repeated { "*" } else { "" });
    let ours = [hour.hour_of_week().into(), hour.week().into(), hour.start_ms, hour.end_ms];
    assert_eq!((name.as_str(), ours), (fields[0], [1, 2, 3, 4].map(|index| field(fields[index]))));
}

fn check_expected(expected: Option<Expected>, hour: u8, fields: &[&str]) {
    let [weeks, mean, sigma] = fields else { panic!("{fields:?}") };
    match expected {
        None => assert_eq!(*weeks, "0"),
        Some(expected) => {
            assert_eq!((expected.weeks, expected.hour), (field(weeks), hour));
            assert!(is_near(expected.mean, field(mean)), "m: {} and {mean}", expected.mean);
            assert!(is_near(expected.sigma, field(sigma)), "sigma: {} and {sigma}", expected.sigma);
        }
    }
}

#[test]
fn the_kernel_gives_the_numbers_of_the_text() {
    let (mut cases, mut rows, mut verdicts) = (0, 0, [0; 3]);
    let mut zone_and_usual = None;
    let mut learnt = Learnt::default();
    for (index, line) in VECTORS.lines().enumerate() {
        let fields: Vec<_> = line.split('\t').collect();
        if fields[0] == "case" {
            zone_and_usual = Some(case(&fields[2..]));
            learnt = Learnt::default();
            cases += 1;
            continue;
        }
        println!("vectors.tsv:{}: {line}", index + 1);
        let (zone, usual) = zone_and_usual.as_ref().unwrap();
        let (at_ms, micros) = (field(fields[0]), field(fields[1]));
        check_name(zone, at_ms, &fields[2..7]);
        learnt.touch(zone, at_ms, usual.half_life_weeks);
        let expected = learnt.expectation(zone, at_ms);
        check_expected(expected, field(fields[3]), &fields[7..10]);
        let verdict = match expected.and_then(|expected| expected.is_unusual(micros, usual)) {
            Some(true) => "raise",
            Some(false) => "clear",
            None => "missing",
        };
        assert_eq!(verdict, fields[10]);
        verdicts[["raise", "clear", "missing"].iter().position(|word| *word == verdict).unwrap()] += 1;
        learnt.sample(micros);
        rows += 1;
    }
    assert!(cases >= 20 && rows > 1500 && verdicts.iter().all(|count| *count > 300), "{cases} {rows} {verdicts:?}");
}
