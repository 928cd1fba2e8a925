//! Night and day by formulas of our own: the low-precision ones of NOAA's solar calculator, after Meeus, "Astronomical
//! Algorithms" (1998), chapters 12, 22 and 25, good for some seconds of time.

#![expect(clippy::disallowed_methods, reason = "the last bit of a sine does not matter here")]

use crate::case::START_MS;
use crate::common::{Cut, observation, transitions};
use crate::compare::records;
use crate::world::World;
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_model::space::Space;
use vigie_rules::load::load;

const DAY_MS: i64 = 86_400_000;
/// How far the formulas may be off.
const TOLERANCE_MS: i64 = 5_000;

/// The elevation of the centre of the sun in degrees.
fn elevation(at: i64, latitude: f64, longitude: f64) -> f64 {
    let days = at as f64 / DAY_MS as f64 + 2_440_587.5 - 2_451_545.0;
    let t = days / 36_525.0;
    let mean_longitude = 280.46646 + t * (36_000.769_83 + t * 0.000_303_2);
    let anomaly = (357.52911 + t * (35_999.050_29 - t * 0.000_153_7)).to_radians();
    let centre = anomaly.sin() * (1.914602 - t * (0.004817 + t * 0.000014))
        + (2.0 * anomaly).sin() * (0.019993 - t * 0.000101)
        + (3.0 * anomaly).sin() * 0.000289;
    let node = (125.04 - 1934.136 * t).to_radians();
    let apparent = (mean_longitude + centre - 0.00569 - 0.00478 * node.sin()).to_radians();
    let obliquity = (23.439291 - t * 0.013004 + 0.00256 * node.cos()).to_radians();
    let declination = (obliquity.sin() * apparent.sin()).asin();
    let ascension = (obliquity.cos() * apparent.sin()).atan2(apparent.cos());
    let sidereal = (280.46061837 + 360.98564736629 * days + 0.000387933 * t * t).to_radians();
    let hour_angle = sidereal + longitude.to_radians() - ascension;
    let latitude = latitude.to_radians();
    (latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * hour_angle.cos()).asin().to_degrees()
}

/// What a rule that is always true says of the nights between two instants.
fn nights(from: i64, until: i64, latitude: f64, longitude: f64) -> Vec<(&'static str, i64)> {
    let is_night = |at: i64| elevation(at, latitude, longitude) < -0.833;
    let mut found = if is_night(from) { vec![("active", from)] } else { Vec::new() };
    for at in (from + 1000..=until).step_by(1000) {
        match (is_night(at - 1000), is_night(at)) {
            (false, true) => found.push(("active", at)),
            (true, false) => found.push(("cleared", at)),
            _ => {}
        }
    }
    found
}

#[test]
fn nights_are_those_of_other_formulas() {
    let melbourne = (-37.8136, 144.9631);
    for (latitude, longitude) in [melbourne, (48.8566, 2.3522), (-0.1807, -78.4678), (59.9139, 10.7522)] {
        for month in [0, 2, 4, 7] {
            let from = START_MS + month * 30 * DAY_MS;
            let (south, west) = (latitude - 0.01, longitude - 0.02);
            let (north, east) = (latitude + 0.01, longitude + 0.02);
            let outline = format!(
                "{{\"type\": \"Polygon\", \"coordinates\": \
                 [[[{west}, {south}], [{east}, {south}], [{east}, {north}], [{west}, {north}], [{west}, {south}]]]}}"
            );
            let space = Space { id: "p".into(), geometry: outline.into(), ..Space::default() };
            let rule =
                "{alert: R, kind: threshold, metric: m, raise: 'value > 0', stale_after: 30d, active: {period: night}}";
            let text = format!("groups:\n- name: a\n  rules:\n  - {rule}\n");
            let control = Control { spaces: Arc::new(vec![space]), ..World::default().control(&text) };
            let rules = load(&control).unwrap().rules;
            let later = from + 2 * DAY_MS;
            let events = [observation("p", Some("s"), "m", "1", from), observation("p", Some("s"), "n", "1", later)];
            let cut = Cut { partitions: 1, batch_rows: 1, tick_ms: 1000 };
            let found = records(&transitions(&rules, &events, cut));
            let found: Vec<_> = found.values().flatten().map(|record| (record.state, record.time_ms)).collect();
            let expected = nights(from, later + DAY_MS, latitude, longitude);
            assert!(expected.len() >= 4, "three days have nights");
            let is_near = |(one, other): (&(&str, i64), &(&str, i64))| {
                one.0 == other.0 && (one.1 - other.1).abs() <= TOLERANCE_MS
            };
            let agrees = found.len() == expected.len() && found.iter().zip(&expected).all(is_near);
            assert!(agrees, "{latitude}, {longitude}, from {from}:\n   engine {found:?}\nreference {expected:?}");
        }
    }
}
