use super::*;
use crate::time::{TIME_MS_END, TIME_MS_MIN, format_utc, parse_rfc3339_ms};
use proptest::prelude::*;

const fn place(latitude: f64, longitude: f64) -> Place {
    Place { latitude, longitude }
}

const MELBOURNE: Place = place(-37.81, 144.96);
const LONDON: Place = place(51.507222, -0.1275);
const DUBLIN: Place = place(53.3498, -6.2603);
const SEATTLE: Place = place(47.6062, -122.3321);
const OSLO: Place = place(59.0 + 55.0 / 60.0, 10.0 + 44.0 / 60.0);
const TROMSO: Place = place(69.1044, 18.0594);

fn ms(text: &str) -> i64 {
    parse_rfc3339_ms(text).unwrap()
}

/// The first change at or after an instant that begins night, or ends it.
fn next_change_ms(place: Place, from_ms: i64, begins_night: bool) -> i64 {
    let mut phase = light(place, from_ms);
    while phase.is_night == begins_night {
        phase = light(place, phase.until_ms);
    }
    while phase.is_night != begins_night {
        let next = light(place, phase.until_ms);
        if next.is_night == begins_night {
            return phase.until_ms;
        }
        phase = next;
    }
    unreachable!("the loop ends at a change")
}

/// Published times of sunrise and sunset, local, with the seconds they may be off by.
#[test]
fn sunrise_and_sunset_are_those_of_published_tables() {
    let published = [
        // timeanddate.com, as quoted by KIRO 7 Seattle on 20 June 2012.
        (SEATTLE, "2012-06-20T05:11:00-07:00", Some("2012-06-20T21:11:00-07:00"), 60),
        (SEATTLE, "2012-12-21T07:55:00-08:00", Some("2012-12-21T16:21:00-08:00"), 60),
        // US Naval Observatory, for 29 May 2009.
        (SEATTLE, "2009-05-29T05:17:00-07:00", Some("2009-05-29T20:57:00-07:00"), 60),
        // Quoted for 2 January 2008 in three cities; and for Dublin on 21 December 2020.
        (SEATTLE, "2008-01-02T07:58:00-08:00", Some("2008-01-02T16:29:00-08:00"), 60),
        (DUBLIN, "2008-01-02T08:41:00Z", Some("2008-01-02T16:17:00Z"), 60),
        (LONDON, "2008-01-02T08:06:00Z", Some("2008-01-02T16:03:00Z"), 60),
        (DUBLIN, "2020-12-21T08:38:00Z", Some("2020-12-21T16:08:00Z"), 60),
        // whattime.city for Melbourne in 2026, which rounds more coarsely.
        (MELBOURNE, "2026-01-01T06:02:00+11:00", Some("2026-01-01T20:46:00+11:00"), 120),
        (MELBOURNE, "2026-03-01T07:05:00+11:00", Some("2026-03-01T20:02:00+11:00"), 120),
        (MELBOURNE, "2026-06-01T07:27:00+10:00", Some("2026-06-01T17:11:00+10:00"), 120),
        (MELBOURNE, "2026-09-01T06:44:00+10:00", Some("2026-09-01T17:59:00+10:00"), 120),
        // timeanddate.com, to the second.
        (OSLO, "2023-01-01T09:18:34+01:00", Some("2023-01-01T15:22:33+01:00"), 15),
        (OSLO, "2023-03-20T06:19:50+01:00", Some("2023-03-20T18:30:41+01:00"), 15),
        // NREL's Solar Position Algorithm (NREL/TP-560-34302, example for 17 October 2003 UTC): Golden, Colorado.
        (place(39.742476, -105.1786), "2003-10-17T06:12:43-07:00", Some("2003-10-16T17:20:19-07:00"), 5),
        // AccurateTimes: south of Tromso, about the equinoxes; and the first day of the sun after polar night, when it
        // stands along the horizon.
        (TROMSO, "2010-03-20T05:48:14+01:00", Some("2010-03-20T18:04:26+01:00"), 30),
        (TROMSO, "2010-09-23T05:31:12+01:00", Some("2010-09-23T17:47:04+01:00"), 30),
        (TROMSO, "2010-01-12T11:31:56+01:00", Some("2010-01-12T12:20:46+01:00"), 180),
        // The last sunrise before midnight sun.
        (TROMSO, "2010-05-20T00:14:14+01:00", None, 300),
    ];
    for (place, sunrise, sunset, within_s) in published {
        let check = |expected: &str, begins_night| {
            let found_ms = next_change_ms(place, ms(expected) - 6 * 3_600_000, begins_night);
            let off_s = (found_ms - ms(expected)).abs() / 1000;
            assert!(off_s <= within_s, "{place:?} {expected}: {} is {off_s} s off", format_utc(found_ms));
        };
        check(sunrise, false);
        if let Some(sunset) = sunset {
            check(sunset, true);
        }
    }
}

/// Against `tests/sun/vectors.py`, another algorithm.
#[test]
fn changes_are_those_of_the_almanac() {
    let vectors = include_str!("../../tests/sun/vectors.csv").lines().skip(1);
    for vector in vectors {
        let fields: Vec<_> = vector.split(',').collect();
        let [_, latitude, longitude, date, change, epoch_s] = fields[..] else { panic!("{vector}") };
        let place = place(latitude.parse().unwrap(), longitude.parse().unwrap());
        let Ok(epoch_s) = epoch_s.parse::<i64>() else {
            let whole_day = light(place, ms(&format!("{date}T00:00:00Z")));
            assert_eq!(whole_day.is_night, change == "night", "{vector}");
            assert_eq!(whole_day.until_ms, ms(&format!("{date}T00:00:00Z")) + 86_400_000, "{vector}");
            continue;
        };
        let found_ms = next_change_ms(place, (epoch_s - 7_200) * 1000, change == "sunset");
        // 0.02 degrees: seconds where the sun sets steeply, minutes where it moves along the horizon.
        assert!((found_ms / 1000 - epoch_s).abs() <= 90, "{vector}: found {}", found_ms / 1000);
    }
}

#[test]
fn polar_days_and_nights_end_on_the_day_they_should() {
    let first_night_after_summer = next_change_ms(TROMSO, ms("2010-06-01T00:00:00Z"), true);
    assert_eq!(&format_utc(first_night_after_summer)[..10], "2010-07-23");
    let first_day_after_winter = next_change_ms(TROMSO, ms("2009-12-10T00:00:00Z"), false);
    assert_eq!(&format_utc(first_day_after_winter)[..10], "2010-01-12");
    // At the pole the sun comes up about two days before the equinox of 20 March 2017, by refraction and its radius.
    let pole = place(90.0, 0.0);
    let sunrise = format_utc(next_change_ms(pole, ms("2016-12-21T00:00:00Z"), false));
    assert_eq!(&sunrise[..10], "2017-03-18");
}

#[test]
fn a_night_includes_its_first_second_and_not_its_end() {
    let sunset_ms = next_change_ms(MELBOURNE, ms("2017-03-12T00:00:00+11:00"), true);
    assert_eq!(sunset_ms % 1000, 0);
    assert!(!light(MELBOURNE, sunset_ms - 1).is_night);
    assert_eq!(light(MELBOURNE, sunset_ms - 1).until_ms, sunset_ms);
    assert!(light(MELBOURNE, sunset_ms).is_night);
    assert!(light(MELBOURNE, sunset_ms + 999).is_night);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Every second up to `until_ms`, one by one, for any place; then the answer is the same whenever it is asked.
    #[test]
    fn no_change_is_stepped_over(
        latitude in prop_oneof![-90.0..=90.0f64, 60.0..=70.0f64, 89.0..=90.0f64, -70.0..=-60.0f64],
        longitude in -180.0..=180.0f64,
        at_ms in TIME_MS_MIN..TIME_MS_END,
    ) {
        let place = place(latitude, longitude);
        let sky = Sky::new(place);
        let phase = light(place, at_ms);
        let (from_s, end_s) = (at_ms.div_euclid(1000), phase.until_ms / 1000);
        prop_assert!(phase.until_ms > at_ms && phase.until_ms % 1000 == 0);
        for second in from_s..end_s {
            prop_assert_eq!(sky.height(second) < 0.0, phase.is_night, "{} s after", second - from_s);
        }
        if end_s < from_s + LOOK_AHEAD_S {
            prop_assert_ne!(sky.height(end_s) < 0.0, phase.is_night);
            prop_assert_eq!(light(place, phase.until_ms - 1), phase);
        }
    }

    #[test]
    fn a_question_takes_few_steps(latitude in -90.0..=90.0f64, at_ms in TIME_MS_MIN..TIME_MS_END) {
        let sky = Sky::new(place(latitude, 20.0));
        let (mut at_s, mut steps) = (at_ms.div_euclid(1000), 0);
        let end_s = at_s + LOOK_AHEAD_S;
        let inside = sky.height(at_s) < 0.0;
        while at_s < end_s && (sky.height(at_s) < 0.0) == inside {
            at_s += sky.quiet_s(sky.height(at_s));
            steps += 1;
        }
        prop_assert!(steps < 2_000, "{} steps", steps);
    }
}
