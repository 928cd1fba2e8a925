use super::*;
use proptest::prelude::*;
use vigie_model::time::{format_utc, parse_rfc3339_ms};

const MINUTE_MS: i64 = 60_000;
const WEEKDAYS: u8 = 0b001_1111;
const EVERY_DAY: u8 = 0b111_1111;

fn weekly(days: u8, from_minute: u16, until_minute: u16) -> Calendar {
    let span = WeeklySpan { days, from_minute, until_minute };
    Calendar { name: "c".into(), weekly: vec![span], ..Calendar::default() }
}

fn day(text: &str) -> i32 {
    day_number(text.parse().unwrap())
}

fn ms(text: &str) -> i64 {
    parse_rfc3339_ms(text).unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// The spans of a calendar from one instant on, to another, as UTC text.
fn spans(calendar: &Calendar, zone: &TimeZone, from: &str, until: &str) -> Vec<(String, String)> {
    let (compiled, mut at_ms, mut found) = (CompiledCalendar::new(calendar), ms(from), Vec::new());
    while at_ms < ms(until) {
        let phase = compiled.at(zone, at_ms);
        if phase.inside {
            found.push((format_utc(at_ms), format_utc(phase.until_ms)));
        }
        at_ms = phase.until_ms;
    }
    found
}

fn span(from: &str, until: &str) -> (String, String) {
    (from.to_owned(), until.to_owned())
}

#[test]
fn weekly_spans_exceptions_and_single_days() {
    let hours = |from, until| DaySpan { day: day("2017-03-11"), from_minute: from, until_minute: until };
    let calendar = Calendar {
        except: vec![day("2017-03-13")],
        also: vec![hours(600, 1380), DaySpan { day: day("2017-03-12"), from_minute: 0, until_minute: 1440 }],
        ..weekly(WEEKDAYS, 480, 960)
    };
    let melbourne = zone("Australia/Melbourne");
    let expected = [
        span("2017-03-09T21:00:00Z", "2017-03-10T05:00:00Z"),
        span("2017-03-10T23:00:00Z", "2017-03-11T12:00:00Z"),
        span("2017-03-11T13:00:00Z", "2017-03-12T13:00:00Z"),
        // Monday the 13th is an exception.
        span("2017-03-13T21:00:00Z", "2017-03-14T05:00:00Z"),
    ];
    assert_eq!(spans(&calendar, &melbourne, "2017-03-09T20:00:00Z", "2017-03-14T06:00:00Z"), expected);
}

#[test]
fn a_span_over_midnight_belongs_to_the_day_on_which_it_begins() {
    let friday_night = Calendar { except: vec![day("2017-03-18")], ..weekly(0b001_0000, 22 * 60, 4 * 60) };
    let expected =
        [span("2017-03-10T11:00:00Z", "2017-03-10T17:00:00Z"), span("2017-03-17T11:00:00Z", "2017-03-17T17:00:00Z")];
    assert_eq!(
        spans(&friday_night, &zone("Australia/Melbourne"), "2017-03-08T00:00:00Z", "2017-03-20T00:00:00Z"),
        expected
    );
}

/// Clocks in Paris jumped from 02:00 to 03:00 on 2017-03-26, at 01:00 UTC.
#[test]
fn a_skipped_time_is_reached_as_clocks_jump() {
    let paris = zone("Europe/Paris");
    let that_night =
        |from, until| spans(&weekly(EVERY_DAY, from, until), &paris, "2017-03-25T22:00:00Z", "2017-03-26T10:00:00Z");
    assert_eq!(that_night(150, 240), [span("2017-03-26T01:00:00Z", "2017-03-26T02:00:00Z")], "02:30-04:00");
    assert_eq!(that_night(60, 150), [span("2017-03-26T00:00:00Z", "2017-03-26T01:00:00Z")], "01:00-02:30");
    assert_eq!(that_night(130, 170), [], "02:10-02:50");
}

/// Clocks in Paris went back from 03:00 to 02:00 on 2017-10-29, at 01:00 UTC.
#[test]
fn a_repeated_time_is_reached_the_first_time() {
    let paris = zone("Europe/Paris");
    let that_night =
        |from, until| spans(&weekly(EVERY_DAY, from, until), &paris, "2017-10-28T22:00:00Z", "2017-10-29T10:00:00Z");
    assert_eq!(that_night(60, 150), [span("2017-10-28T23:00:00Z", "2017-10-29T00:30:00Z")], "01:00-02:30");
    assert_eq!(that_night(150, 240), [span("2017-10-29T00:30:00Z", "2017-10-29T03:00:00Z")], "02:30-04:00");
    assert_eq!(that_night(120, 180), [span("2017-10-29T00:00:00Z", "2017-10-29T02:00:00Z")], "02:00-03:00");
}

#[test]
fn a_calendar_without_a_change_in_sight_says_so_for_a_week() {
    let melbourne = zone("Australia/Melbourne");
    let phase = |calendar: &Calendar| CompiledCalendar::new(calendar).at(&melbourne, ms("2017-03-12T00:00:00Z"));
    let horizon = "2017-03-19T13:00:00Z";
    let never = phase(&weekly(0, 0, 0));
    assert_eq!((never.inside, format_utc(never.until_ms).as_str()), (false, horizon));
    let always = phase(&weekly(EVERY_DAY, 0, DAY_MINUTES));
    assert_eq!((always.inside, format_utc(always.until_ms).as_str()), (true, horizon));
}

/// What a control record holds need not come from our configuration.
#[test]
fn minutes_beyond_a_day_are_its_end() {
    let calendar = weekly(EVERY_DAY, u16::MAX, 60);
    let paris = zone("Europe/Paris");
    let expected = [span("2017-06-01T22:00:00Z", "2017-06-01T23:00:00Z")];
    assert_eq!(spans(&calendar, &paris, "2017-06-01T12:00:00Z", "2017-06-02T12:00:00Z"), expected);
}

/// Walks minute by minute, with a clock that never goes back: a local time counts where that clock shows it.
struct Walk {
    zone: TimeZone,
    shown: jiff::civil::DateTime,
}

impl Walk {
    fn minute(&mut self, calendar: &Calendar, at_ms: i64) -> bool {
        let local = self.zone.to_datetime(Timestamp::from_millisecond(at_ms).unwrap());
        self.shown = self.shown.max(local);
        let minute = u16::try_from(self.shown.hour()).unwrap() * 60 + u16::try_from(self.shown.minute()).unwrap();
        let holds = |from: u16, until: u16, days_ago: i32| match (days_ago, until <= from) {
            (0, false) => (from..until).contains(&minute),
            (0, true) => minute >= from,
            (_, crosses) => crosses && minute < until,
        };
        [0, 1].iter().any(|&days_ago| {
            let begun = self.shown.date().checked_sub(Span::new().days(days_ago)).unwrap();
            let weekday = begun.weekday().to_monday_zero_offset();
            let number = day_number(begun);
            let weekly = !calendar.except.contains(&number)
                && calendar.weekly.iter().any(|span| {
                    span.days & (1 << weekday) != 0 && holds(span.from_minute, span.until_minute, days_ago)
                });
            let also = calendar.also.iter();
            weekly || { also }.any(|span| span.day == number && holds(span.from_minute, span.until_minute, days_ago))
        })
    }
}

fn minutes() -> impl Strategy<Value = (u16, u16)> {
    let near_the_change = prop_oneof![0..240u16, 0..1440u16];
    (near_the_change.clone(), prop_oneof![near_the_change, Just(1440)])
}

/// Days around which clocks of the zones below change, and around Samoa's lost 30 December 2011.
const CHANGES: [(&str, &str); 8] = [
    ("Australia/Melbourne", "2017-04-02"),
    ("Australia/Melbourne", "2017-10-01"),
    ("Europe/Paris", "2017-03-26"),
    ("Europe/Paris", "2017-10-29"),
    ("Australia/Lord_Howe", "2017-04-02"),
    ("America/Sao_Paulo", "2017-02-19"),
    ("Pacific/Apia", "2011-12-31"),
    ("Asia/Kathmandu", "2017-05-05"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_walk_minute_by_minute_finds_the_same(
        change in prop::sample::select(&CHANGES[..]),
        weekly in prop::collection::vec((1..=EVERY_DAY, minutes()), 0..4),
        except in prop::collection::vec(-3..5i32, 0..3),
        also in prop::collection::vec((-3..5i32, minutes()), 0..3),
    ) {
        let (zone, change_day) = (zone(change.0), day(change.1));
        let calendar = Calendar {
            name: "c".into(),
            weekly: weekly.iter().map(|(days, (from, until))| WeeklySpan {
                days: *days, from_minute: *from, until_minute: *until
            }).collect(),
            except: except.iter().map(|offset| change_day + offset).collect(),
            also: also.iter().map(|(offset, (from, until))| DaySpan {
                day: change_day + offset, from_minute: *from, until_minute: *until
            }).collect(),
        };
        let compiled = CompiledCalendar::new(&calendar);
        let midnight_ms = i64::from(change_day) * 1440 * MINUTE_MS;
        let (from_ms, until_ms) = (midnight_ms - 3 * 1440 * MINUTE_MS, midnight_ms + 4 * 1440 * MINUTE_MS);
        let mut walk = Walk { zone: zone.clone(), shown: jiff::civil::DateTime::MIN };
        // The clock that never goes back has to have seen what came before.
        for at_ms in (from_ms - 2 * 1440 * MINUTE_MS..from_ms).step_by(MINUTE_MS as usize) {
            walk.minute(&calendar, at_ms);
        }
        let mut phase = compiled.at(&zone, from_ms);
        for at_ms in (from_ms..until_ms).step_by(MINUTE_MS as usize) {
            if at_ms >= phase.until_ms {
                prop_assert_eq!(at_ms, phase.until_ms, "a change lies between two minutes");
                phase = compiled.at(&zone, at_ms);
            }
            prop_assert_eq!(walk.minute(&calendar, at_ms), phase.inside, "{}", format_utc(at_ms));
            if at_ms / MINUTE_MS % 97 == 0 {
                let asked_now = compiled.at(&zone, at_ms + MINUTE_MS - 1);
                prop_assert_eq!(asked_now.inside, phase.inside);
                prop_assert!(asked_now.until_ms >= phase.until_ms);
            }
        }
    }
}
