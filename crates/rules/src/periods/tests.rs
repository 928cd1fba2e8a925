use super::*;
use proptest::prelude::*;
use vigie_model::calendar::WeeklySpan;

const HOUR_MS: i64 = 3_600_000;

fn space(id: &str, district: &str, geometry: &str) -> Space {
    Space { district: district.to_owned(), geometry: geometry.into(), ..Space::registered(id) }
}

fn point(longitude: i32, latitude: i32) -> String {
    format!(r#"{{"type": "Point", "coordinates": [{longitude}, {latitude}]}}"#)
}

fn event(from_ms: i64, until_ms: i64, spaces: &[&str], districts: &[&str]) -> CityEvent {
    CityEvent {
        name: "e".into(),
        from_ms,
        until_ms,
        spaces: spaces.iter().map(|&id| id.into()).collect(),
        districts: districts.iter().map(|&name| name.into()).collect(),
    }
}

/// A centre on Greenwich time with a space in the west, one in the east and one without an outline.
fn periods(events: &[CityEvent]) -> Periods {
    let weekly = vec![WeeklySpan { days: 0b111_1111, from_minute: 480, until_minute: 960 }];
    let calendars = ["nights-out", "school"].map(|name| Calendar {
        name: name.into(),
        weekly: weekly.clone(),
        ..Calendar::default()
    });
    let spaces =
        [space("west", "old-town", &point(-90, 0)), space("east", "harbour", &point(90, 0)), space("unplaced", "", "")];
    Periods::new(TimeZone::UTC, &calendars, events, &spaces)
}

fn inside(periods: &Periods, period: Period, space: &str, at_ms: i64) -> bool {
    periods.at(period, space, at_ms).inside
}

#[test]
fn periods_go_by_name() {
    let periods = periods(&[]);
    let named = ["always", "night", "day", "event", "school"].map(|name| periods.named(name));
    let expected = [Period::Always, Period::Night, Period::Day, Period::Event, Period::Calendar(1)];
    assert_eq!(named, expected.map(Some));
    assert_eq!(periods.named("schol"), None);
    assert_eq!(periods.calendar_names().collect::<Vec<_>>(), ["nights-out", "school"]);
}

#[test]
fn the_sun_is_that_of_the_space_else_of_the_middle_of_all() {
    let periods = periods(&[]);
    // 1970-01-01, noon in Greenwich: morning in the west, evening in the east, noon in the middle of both.
    let noon_ms = 12 * HOUR_MS;
    assert!(!inside(&periods, Period::Night, "west", noon_ms + HOUR_MS / 2));
    assert!(inside(&periods, Period::Night, "west", noon_ms - HOUR_MS / 2));
    assert!(inside(&periods, Period::Night, "east", noon_ms + HOUR_MS / 2));
    assert!(!inside(&periods, Period::Night, "east", noon_ms - HOUR_MS / 2));
    for space in ["unplaced", "never declared"] {
        assert!(!inside(&periods, Period::Night, space, noon_ms), "{space}");
        assert!(inside(&periods, Period::Night, space, 0), "{space}");
    }
    assert!(periods.knows_the_sun());
}

#[test]
fn without_any_outline_it_is_neither_night_nor_day() {
    let nowhere = Periods::new(TimeZone::UTC, &[], &[], &[space("a", "", "")]);
    assert!(!nowhere.knows_the_sun());
    for period in [Period::Night, Period::Day] {
        assert_eq!(nowhere.at(period, "a", 0), Phase { inside: false, until_ms: TIME_MS_END });
    }
}

#[test]
fn events_cover_their_spaces_and_districts() {
    let periods = periods(&[
        event(100, 200, &["west"], &["harbour"]),
        event(150, 300, &["west"], &[]),
        event(1_000, 1_100, &[], &[]),
        event(900, 900, &[], &[]),
        event(2_000, 2_100, &[], &[""]),
    ]);
    let at = |space, at_ms| {
        let Phase { inside, until_ms } = periods.at(Period::Event, space, at_ms);
        (inside, until_ms)
    };
    assert_eq!(at("west", 0), (false, 100));
    assert_eq!(at("west", 100), (true, 300));
    assert_eq!(at("east", 100), (true, 200));
    assert_eq!(at("east", 200), (false, 1_000));
    assert_eq!(at("unplaced", 100), (false, 1_000));
    assert_eq!(at("never declared", 1_000), (true, 1_100));
    assert_eq!(at("unplaced", 1_100), (false, TIME_MS_END), "an empty district is none");
}

#[test]
fn always_is_always() {
    let expected = Phase { inside: true, until_ms: i64::MAX };
    for at_ms in [i64::MIN, 0, i64::MAX - 1] {
        assert_eq!(periods(&[]).at(Period::Always, "west", at_ms), expected);
    }
}

fn any_period() -> impl Strategy<Value = Period> {
    let periods = [Period::Always, Period::Night, Period::Day, Period::Calendar(0), Period::Calendar(7), Period::Event];
    prop::sample::select(periods.to_vec())
}

proptest! {
    /// For every instant a peer can send, and every one it cannot.
    #[test]
    fn the_answer_holds_until_later(
        period in any_period(),
        space in prop::sample::select(vec!["west", "east", "unplaced", "never declared"]),
        at_ms in prop_oneof![
            i64::MIN..i64::MAX,
            TIME_MS_MIN - 1..TIME_MS_END,
            TIME_MS_MIN - 2..TIME_MS_MIN + 2,
            TIME_MS_END - 200_000_000..TIME_MS_END + 2,
        ],
        events in prop::collection::vec((TIME_MS_MIN..TIME_MS_END, 0..1_000_000_000_000i64), 0..4),
        part in 0.0..1.0f64,
    ) {
        let events: Vec<_> = events.iter().map(|(from_ms, ms)| event(*from_ms, from_ms + ms, &[], &[])).collect();
        let periods = periods(&events);
        let phase = periods.at(period, space, at_ms);
        prop_assert!(phase.until_ms > at_ms);
        let between_ms = at_ms.saturating_add((phase.until_ms.saturating_sub(at_ms) as f64 * part) as i64);
        for later_ms in [between_ms.min(phase.until_ms - 1), phase.until_ms - 1] {
            let later = periods.at(period, space, later_ms);
            prop_assert_eq!(later.inside, phase.inside);
            prop_assert!(later.until_ms >= phase.until_ms);
        }
        if period == Period::Day {
            let night = periods.at(Period::Night, space, at_ms);
            prop_assert_eq!(night.until_ms, phase.until_ms);
            prop_assert_eq!(night.inside == phase.inside, !(TIME_MS_MIN..TIME_MS_END).contains(&at_ms));
        }
    }
}
