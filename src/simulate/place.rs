//! Where spaces are, and when it is night there.
//!
//! The city lies where the equator meets the meridian of Greenwich, in UTC. There the sun rises between 05:41 and 06:14 and
//! sets between 17:48 and 18:21 all year round. Nothing is planted in the minutes around it, so that every definition of night
//! by the sun agrees with the truth.

use super::options::{DAY_MS, START_MS};

/// Side of a space, in degrees: 111 m.
const SIDE_DEGREES: f64 = 0.001;
/// From one space to the next, in degrees: 222 m.
const STEP_DEGREES: f64 = 0.002;
const MINUTE_MS: i64 = 60_000;
/// Day is from 06:20 to 17:40.
pub const DAY_WINDOW_MS: (i64, i64) = (380 * MINUTE_MS, 1_060 * MINUTE_MS);
/// Night is from 18:25 to 05:35.
pub const NIGHT_WINDOW_MS: (i64, i64) = (1_105 * MINUTE_MS, DAY_MS + 335 * MINUTE_MS);

/// Day or night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// The sun is up.
    Day,
    /// The sun is down.
    Night,
}

impl Light {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Day, Self::Night];

    /// The word of perceptions.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Night => "night",
        }
    }

    /// Length of the window of a date in which something may happen.
    #[must_use]
    pub const fn length_ms(self) -> i64 {
        let (from, until) = match self {
            Self::Day => DAY_WINDOW_MS,
            Self::Night => NIGHT_WINDOW_MS,
        };
        until - from
    }

    /// The instant that lies so far into the window of a date: of a night the small hours of the date come first.
    #[must_use]
    pub const fn instant_ms(self, day: i64, into_ms: i64) -> i64 {
        let start = START_MS + day * DAY_MS;
        match self {
            Self::Day => start + DAY_WINDOW_MS.0 + into_ms,
            Self::Night => {
                let small_hours = NIGHT_WINDOW_MS.1 - DAY_MS;
                if into_ms < small_hours { start + into_ms } else { start + NIGHT_WINDOW_MS.0 + into_ms - small_hours }
            }
        }
    }
}

/// Number of columns of the grid on which so many spaces lie.
#[must_use]
pub fn columns(spaces: usize) -> usize {
    let mut columns = 1;
    while columns * columns < spaces {
        columns += 1;
    }
    columns
}

/// Ids of spaces.
#[must_use]
pub fn id(space: usize) -> String {
    format!("space-{:04}", space + 1)
}

/// The spaces that share a side with a space, among so many.
#[must_use]
pub fn neighbours(space: usize, spaces: usize) -> Vec<usize> {
    let columns = columns(spaces);
    let (row, column) = (space / columns, space % columns);
    let mut found = Vec::with_capacity(4);
    if row > 0 {
        found.push(space - columns);
    }
    if column > 0 {
        found.push(space - 1);
    }
    if column + 1 < columns && space + 1 < spaces {
        found.push(space + 1);
    }
    if space + columns < spaces {
        found.push(space + columns);
    }
    found
}

/// The ring of a space's square as GeoJSON, `[longitude, latitude]`.
#[must_use]
pub fn ring(space: usize, spaces: usize) -> String {
    let columns = columns(spaces);
    let middle = (columns / 2) as f64;
    let west = ((space % columns) as f64 - middle) * STEP_DEGREES;
    let south = ((space / columns) as f64 - middle) * STEP_DEGREES;
    let (east, north) = (west + SIDE_DEGREES, south + SIDE_DEGREES);
    let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)];
    let corners = corners.map(|(longitude, latitude)| format!("[{longitude:.4},{latitude:.4}]"));
    format!("[{}]", corners.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::place::Place;
    use vigie_model::sun;

    #[test]
    fn neighbours_are_mutual() {
        for spaces in [9, 10, 25, 27] {
            for space in 0..spaces {
                let found = neighbours(space, spaces);
                assert!((1..=4).contains(&found.len()), "{space} of {spaces}");
                assert!(found.iter().all(|other| *other < spaces && neighbours(*other, spaces).contains(&space)));
            }
        }
    }

    #[test]
    fn windows_agree_with_the_sun_all_year_at_the_ends_of_the_largest_city() {
        let end = STEP_DEGREES * columns(super::super::options::SPACES.1 as usize) as f64 / 2.0;
        for (latitude, longitude) in [(-end, -end), (end, end)] {
            let place = Place { latitude, longitude };
            for day in 0..366 {
                for light in Light::BOTH {
                    let small_hours = NIGHT_WINDOW_MS.1 - DAY_MS;
                    for into_ms in [0, small_hours - 1, small_hours, light.length_ms() - 1] {
                        let at_ms = light.instant_ms(day, into_ms);
                        assert_eq!(sun::light(place, at_ms).is_night, light == Light::Night, "{light:?} of {day}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_date_holds_its_windows() {
        let start = START_MS + 3 * DAY_MS;
        for light in Light::BOTH {
            let of = |into_ms| light.instant_ms(3, into_ms) - start;
            for into_ms in [0, light.length_ms() / 2, light.length_ms() - 1] {
                let at = of(into_ms);
                assert!((0..DAY_MS).contains(&at));
                let is_day = (DAY_WINDOW_MS.0..DAY_WINDOW_MS.1).contains(&at);
                assert_eq!(is_day, light == Light::Day, "{light:?} {into_ms}");
            }
        }
    }
}
