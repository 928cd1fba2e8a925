//! Where the sun stands, and so when it is night: the one definition for rules that are judged by night and for the
//! light that history shows beside its rows.
//!
//! ```
//! use vigie_model::place::Place;
//! use vigie_model::sun::light;
//!
//! let greenwich = Place { latitude: 51.48, longitude: 0.0 };
//! let noon_ms = 12 * 3_600_000; // 1970-01-01T12:00:00Z
//! assert!(!light(greenwich, noon_ms).is_night);
//! ```
//!
//! The formulas are those of NOAA's solar calculator (gml.noaa.gov/grad/solcalc, `NOAA_Solar_Calculations`), after Jean
//! Meeus, "Astronomical Algorithms", 2nd edition 1998, chapters 22, 25 and 28. From 1900 to 2199 they put the sun within
//! 0.01 degrees of where it is, which is a few seconds at the latitudes people live at.
//!
//! Night is decided at whole seconds: an instant belongs to night when at its second, rounded down, the centre of the
//! sun stands lower than 0.833 degrees below the horizon (34' of refraction and 16' of radius, as almanacs have it).
//!
//! All functions come from `libm`, so every platform computes the same bits.

use crate::place::Place;
use libm::{cos, sin, sqrt, tan};
use std::f64::consts::{PI, TAU};

/// How low the sun stands at sunset and sunrise, in degrees.
const HORIZON_DEGREES: f64 = -0.833;
/// 2000-01-01T12:00:00 UTC, from which the formulas count, in epoch seconds.
const J2000_S: i64 = 946_728_000;
/// Seconds of a Julian century.
const CENTURY_S: f64 = 36525.0 * DAY_S;
/// Seconds of a day.
const DAY_S: f64 = 86400.0;
/// How far one question looks ahead, in seconds; only near the poles can the next change lie beyond.
const LOOK_AHEAD_S: i64 = 86_400;
/// More than the turning of the sky, in radians for each second: the mean rate and one percent, where the equation of time
/// adds less than 0.04 percent.
const TURN_MAX: f64 = TAU / DAY_S * 1.01;
/// More than the sine of the elevation changes each second by the way of the sun between the tropics: that is 0.41 degrees
/// a day at most, 8.3e-8 radians a second.
const DECLINATION_MAX: f64 = 1e-7;

/// Whether it is night, from the instant asked until another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Light {
    /// Whether it is night; else it is day: there is no third state.
    pub is_night: bool,
    /// Until when that does not change, in epoch milliseconds: later than the instant asked.
    pub until_ms: i64,
}

/// Whether it is night at an instant of the years that instants may have ([`crate::time`]), and until when that stays
/// so: at most a day. Cost: tens of positions of the sun, hundreds near the poles.
#[must_use]
pub fn light(place: Place, at_ms: i64) -> Light {
    let sky = Sky::new(place);
    let at_s = at_ms.div_euclid(1000);
    let is_night = sky.height(at_s) < 0.0;
    let end_s = at_s + LOOK_AHEAD_S;
    let mut until_s = at_s + 1;
    while until_s < end_s {
        let height = sky.height(until_s);
        if (height < 0.0) != is_night {
            break;
        }
        until_s += sky.quiet_s(height);
    }
    Light { is_night, until_ms: until_s.min(end_s) * 1000 }
}

/// The sky above a place.
struct Sky {
    longitude: f64,
    sin_latitude: f64,
    cos_latitude: f64,
    /// Sine of the elevation at sunset.
    sin_horizon: f64,
}

impl Sky {
    fn new(place: Place) -> Self {
        let latitude = radians(place.latitude);
        Self {
            longitude: radians(place.longitude),
            sin_latitude: sin(latitude),
            cos_latitude: cos(latitude).max(0.0),
            sin_horizon: sin(radians(HORIZON_DEGREES)),
        }
    }

    /// How high the sun stands above where it sets, as a difference of sines: negative at night.
    fn height(&self, at_s: i64) -> f64 {
        let sun = Sun::at(at_s);
        let clock = at_s.rem_euclid(86_400) as f64 / DAY_S * TAU;
        let hour_angle = clock + sun.equation_of_time + self.longitude - PI;
        let sin_elevation =
            self.sin_latitude * sun.sin_declination + self.cos_latitude * sun.cos_declination * cos(hour_angle);
        sin_elevation - self.sin_horizon
    }

    /// For how many seconds, one at least, a height keeps its sign: it cannot change faster than the sky turns. So no
    /// sunrise is stepped over, however short a day is.
    fn quiet_s(&self, height: f64) -> i64 {
        let fastest = self.cos_latitude * TURN_MAX + DECLINATION_MAX;
        ((height.abs() / fastest) as i64).max(1)
    }
}

/// The sun as seen from the centre of the earth.
struct Sun {
    sin_declination: f64,
    cos_declination: f64,
    /// Apparent minus mean solar time, as an angle in radians.
    equation_of_time: f64,
}

impl Sun {
    fn at(at_s: i64) -> Self {
        let t = (at_s - J2000_S) as f64 / CENTURY_S;
        let mean_longitude = radians(280.46646 + t * (36000.76983 + t * 0.0003032));
        let mean_anomaly = radians(357.52911 + t * (35999.05029 - t * 0.0001537));
        let eccentricity = 0.016708634 - t * (0.000042037 + t * 0.0000001267);
        let centre = sin(mean_anomaly) * (1.914602 - t * (0.004817 + t * 0.000014))
            + sin(2.0 * mean_anomaly) * (0.019993 - t * 0.000101)
            + sin(3.0 * mean_anomaly) * 0.000289;
        let node = radians(125.04 - 1934.136 * t);
        let apparent_longitude = mean_longitude + radians(centre - 0.00569 - 0.00478 * sin(node));
        let obliquity_seconds = 21.448 - t * (46.815 + t * (0.00059 - t * 0.001813));
        let obliquity = radians(23.0 + (26.0 + obliquity_seconds / 60.0) / 60.0 + 0.00256 * cos(node));
        let sin_declination = sin(obliquity) * sin(apparent_longitude);
        let half_tan = tan(obliquity / 2.0);
        let y = half_tan * half_tan;
        let equation_of_time = y * sin(2.0 * mean_longitude) - 2.0 * eccentricity * sin(mean_anomaly)
            + 4.0 * eccentricity * y * sin(mean_anomaly) * cos(2.0 * mean_longitude)
            - 0.5 * y * y * sin(4.0 * mean_longitude)
            - 1.25 * eccentricity * eccentricity * sin(2.0 * mean_anomaly);
        Self { sin_declination, cos_declination: sqrt(1.0 - sin_declination * sin_declination), equation_of_time }
    }
}

fn radians(degrees: f64) -> f64 {
    degrees / 180.0 * PI
}

#[cfg(test)]
mod tests;
