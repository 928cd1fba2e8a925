//! Visitors: counters with the rhythm of day and week, weather, and outages in which nothing is counted.

use super::draws::{Draw, Purpose, chance_of};
use super::truth::Truth;
use libm::exp;

/// Visitors of each hour as a share of those at noon.
const BY_HOUR: [f64; 24] = [
    0.08, 0.05, 0.03, 0.02, 0.02, 0.05, 0.15, 0.45, 0.70, 0.65, 0.70, 0.85, 1.00, 0.95, 0.85, 0.80, 0.90, 1.05, 0.95,
    0.75, 0.55, 0.40, 0.25, 0.15,
];
/// Visitors of each day of the week, from Monday.
const BY_WEEKDAY: [f64; 7] = [0.95, 0.95, 1.0, 1.0, 1.1, 1.25, 0.85];
/// The run begins on a Wednesday.
const FIRST_WEEKDAY: i64 = 2;
/// How much the weather of a day, and of the two before, moves everybody: logarithms.
const WEATHER: [f64; 3] = [0.12, 0.07, 0.04];
/// How much a single hour strays by itself: a logarithm.
const STRAY: f64 = 0.08;
/// Bounds of an outage, in hours.
const OUTAGE_HOURS: (i64, i64) = (6, 72);

/// Visitors of each hour of a date; `None` while the counter is out.
#[must_use]
pub fn visitors_on(truth: &Truth, space: usize, day: i64) -> [Option<u64>; 24] {
    let mut strays = chance_of(truth.seed, Purpose::Stray, space, day);
    let weather: f64 = (0..).zip(WEATHER).map(|(ago, part)| part * weather_of(truth, day - ago)).sum();
    let weekday = (day + FIRST_WEEKDAY).rem_euclid(7) as usize;
    let of_day = truth.spaces[space].visitors * BY_WEEKDAY[weekday] * exp(weather);
    std::array::from_fn(|hour| {
        let mean = of_day * BY_HOUR[hour] * exp(STRAY * strays.normal());
        let hour = day * 24 + hour as i64;
        (!is_out(truth, space, hour)).then(|| chance_of(truth.seed, Purpose::Visitors, space, hour).count(mean))
    })
}

/// How good the weather of a date is: a normal deviate, the same for all spaces.
fn weather_of(truth: &Truth, day: i64) -> f64 {
    chance_of(truth.seed, Purpose::Weather, 0, day).normal()
}

/// Whether a counter is out in an hour of the run: whether an outage began at most the longest one ago and still lasts.
fn is_out(truth: &Truth, space: usize, hour: i64) -> bool {
    let day = hour.div_euclid(24);
    (day - OUTAGE_HOURS.1 / 24..=day).any(|began| {
        let mut chance = chance_of(truth.seed, Purpose::Outages, space, began);
        if !chance.happens(1.0 / truth.outage_every_days) {
            return false;
        }
        let from = began * 24 + chance.between(0, 23);
        let hours = OUTAGE_HOURS.0 + chance.exponential(18.0) as i64;
        (from..from + hours.min(OUTAGE_HOURS.1)).contains(&hour)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::options::Options;

    #[test]
    fn days_have_their_rhythm_and_outages_are_no_zeros() {
        let truth = Truth::plan(&Options { seed: 2, spaces: 9, days: 200 });
        let (mut noon, mut small_hours, mut out) = (0, 0, 0);
        for space in 0..9 {
            for day in 0..200 {
                let hours = visitors_on(&truth, space, day);
                noon += hours[12].unwrap_or_default();
                small_hours += hours[3].unwrap_or_default();
                out += hours.iter().filter(|hour| hour.is_none()).count();
            }
        }
        let ratio = noon as f64 / small_hours as f64;
        assert!((40.0..60.0).contains(&ratio), "{ratio}");
        let share = out as f64 / f64::from(9 * 200 * 24);
        assert!((0.005..0.04).contains(&share), "{share}");
    }
}
