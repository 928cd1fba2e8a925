//! `baseline`: what is usual for a key in each hour of the local week, learnt from the weeks before.
//!
//! Each finished hour with samples becomes one number, their mean, and moves the weighted mean and deviation of its hour
//! of the week; the weight of a week halves every `half_life_weeks` (West 1979, doi:10.1145/359146.359153, with decay).
//! The arithmetic is IEEE 754 in exactly the order of `docs/rules.md`, "Baselines", whose letters are used here.
//!
//! **Invariant**: an hour that goes on is not learnt yet, so a value is never compared with itself; and hours are learnt
//! in the order of their names, none twice.

use crate::kind::{Direction, Usual};
use crate::kinds::local_hours::{LocalHours, WEEK_HOURS};
use crate::saved::{Loader, Saved, Saver, Wrong, require, saved};
use jiff::tz::TimeZone;
use vigie_model::decimal::MICROS_PER_UNIT;
use vigie_model::seeds::{HourSeed, KeySeeds};

/// What one key has learnt.
#[derive(Clone, Debug)]
pub(crate) struct Learnt {
    /// The stretch of the open piece.
    hours: LocalHours,
    open: Open,
    /// Name of the newest hour learnt.
    newest_hour: i64,
    /// The hours of the week; made when the first is learnt.
    week: Option<Box<[Hour; WEEK_HOURS]>>,
}

/// The piece in which the key was touched last.
#[derive(Clone, Copy, Debug)]
struct Open {
    end_ms: i64,
    name: i64,
    hour_of_week: u8,
    week: i32,
    is_repeated: bool,
    sum_micros: i128,
    count: u64,
}

/// What is usual in one hour of the week.
#[derive(Clone, Copy, Debug, Default)]
struct Hour {
    /// W
    weight: f64,
    /// m
    mean: f64,
    /// S
    squares: f64,
    /// n
    weeks: u32,
    /// k0
    newest_week: i32,
}

saved!(Open { end_ms, name, hour_of_week, week, is_repeated, sum_micros, count });
saved!(Hour { weight, mean, squares, weeks, newest_week });

/// What is expected at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Expected {
    /// m, in the unit of the metric.
    pub(crate) mean: f64,
    /// The deviation, before any floor.
    pub(crate) sigma: f64,
    /// Weeks learnt, at least one.
    pub(crate) weeks: u32,
    /// h: hour of the local week, 0 is Monday midnight.
    pub(crate) hour: u8,
}

/// Of the hours of the week only those that were learnt are kept.
impl Saved for Learnt {
    fn save(&self, to: &mut Saver<'_>) {
        let Self { hours, open, newest_hour, week } = self;
        (*hours).save(to);
        (*open).save(to);
        newest_hour.save(to);
        let learnt = week.iter().flat_map(|week| (0..).zip(week.iter().copied()));
        let learnt: Vec<(u8, Hour)> = learnt.filter(|(_, hour)| hour.weeks > 0).collect();
        week.is_some().save(to);
        learnt.save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let (hours, open, newest_hour) = (LocalHours::load(from)?, Open::load(from)?, i64::load(from)?);
        require(usize::from(open.hour_of_week) < WEEK_HOURS, "an hour is of no week")?;
        let mut week = bool::load(from)?.then(Self::empty_week);
        for (index, hour) in Vec::<(u8, Hour)>::load(from)? {
            let place = week.as_mut().and_then(|week| week.get_mut(usize::from(index)));
            *place.ok_or(Wrong("an hour is of no week"))? = hour;
        }
        Ok(Self { hours, open, newest_hour, week })
    }
}

impl Default for Learnt {
    /// A key that was never touched.
    fn default() -> Self {
        let open =
            Open { end_ms: i64::MIN, name: 0, hour_of_week: 0, week: 0, is_repeated: false, sum_micros: 0, count: 0 };
        Self { hours: LocalHours::default(), open, newest_hour: i64::MIN, week: None }
    }
}

impl Learnt {
    /// An input is about to be judged at `at_ms`: learns the open piece if it has ended, and opens the one of that
    /// instant. Instants of a key never go backwards.
    pub(crate) fn touch(&mut self, zone: &TimeZone, at_ms: i64, half_life_weeks: f64) {
        if at_ms < self.open.end_ms {
            return;
        }
        self.learn_open(half_life_weeks);
        if !self.hours.contains(at_ms) {
            self.hours = LocalHours::around(zone, at_ms);
        }
        let hour = self.hours.hour(at_ms);
        self.open = Open {
            end_ms: hour.end_ms,
            name: hour.name,
            hour_of_week: hour.hour_of_week(),
            week: hour.week(),
            is_repeated: hour.is_repeated,
            sum_micros: 0,
            count: 0,
        };
    }

    /// Takes in the value that was judged at the input, in millionths; [`touch`](Self::touch) came before.
    pub(crate) fn sample(&mut self, micros: i128) {
        self.open.sum_micros += micros;
        self.open.count += 1;
    }

    /// What is usual at an instant; `None` when nothing was learnt for its hour of the week.
    pub(crate) fn expectation(&self, zone: &TimeZone, at_ms: i64) -> Option<Expected> {
        let hours = if self.hours.contains(at_ms) { self.hours } else { LocalHours::around(zone, at_ms) };
        let hour_of_week = hours.hour(at_ms).hour_of_week();
        let hour = self.week.as_ref()?[usize::from(hour_of_week)];
        (hour.weeks > 0).then(|| Expected {
            mean: hour.mean,
            sigma: hour.sigma(),
            weeks: hour.weeks,
            hour: hour_of_week,
        })
    }

    /// Local time has another zone from now on.
    pub(crate) fn change_zone(&mut self) {
        self.hours = LocalHours::default();
    }

    /// Goes on from what history taught. What the key learnt itself meanwhile comes on top, as if the seeds had been
    /// there before; an hour of the week that learnt more than one week itself keeps to that,
    /// since these weeks may hold rows of the seeds.
    pub(crate) fn seed(&mut self, seeds: &KeySeeds, half_life_weeks: f64) {
        let week = self.week.get_or_insert_with(Self::empty_week);
        for seed in &seeds.hours {
            let Some(hour) = week.get_mut(usize::from(seed.hour)).filter(|hour| hour.weeks <= 1) else { continue };
            let own = std::mem::replace(hour, Hour::of_seed(seed));
            if own.weeks == 1 && own.newest_week > hour.newest_week {
                hour.learn(own.mean, own.newest_week, half_life_weeks);
            }
        }
        self.newest_hour = self.newest_hour.max(seeds.newest_hour);
    }

    /// Newest hour and hours of the week as seeds, without names; `None` when nothing was learnt.
    pub(crate) fn to_seeds(&self) -> Option<KeySeeds> {
        let week = self.week.as_ref()?;
        let hours = (0..).zip(week.iter()).filter(|(_, hour)| hour.weeks > 0).map(|(index, hour)| HourSeed {
            hour: index,
            weeks: hour.weeks,
            newest_week: hour.newest_week,
            weight: hour.weight,
            mean: hour.mean,
            squares: hour.squares,
        });
        Some(KeySeeds { newest_hour: self.newest_hour, hours: hours.collect(), ..KeySeeds::default() })
    }

    fn learn_open(&mut self, half_life_weeks: f64) {
        let open = self.open;
        if open.count == 0 || open.is_repeated || open.name <= self.newest_hour {
            return;
        }
        let x = open.sum_micros as f64 / (MICROS_PER_UNIT as u64 * open.count) as f64;
        let week = self.week.get_or_insert_with(Self::empty_week);
        week[usize::from(open.hour_of_week)].learn(x, open.week, half_life_weeks);
        self.newest_hour = open.name;
    }

    fn empty_week() -> Box<[Hour; WEEK_HOURS]> {
        Box::new([Hour::default(); WEEK_HOURS])
    }
}

impl Hour {
    fn of_seed(seed: &HourSeed) -> Self {
        let HourSeed { weeks, newest_week, weight, mean, squares, .. } = *seed;
        Self { weight, mean, squares, weeks, newest_week }
    }

    /// Learns the mean `x` of this hour in week `k`, which is later than any learnt before.
    fn learn(&mut self, x: f64, k: i32, half_life_weeks: f64) {
        if self.weeks == 0 {
            *self = Self { weight: 1.0, mean: x, squares: 0.0, weeks: 1, newest_week: k };
            return;
        }
        let weeks_since = i64::from(k) - i64::from(self.newest_week);
        let d = libm::exp2(-(weeks_since as f64) / half_life_weeks);
        let e = x - self.mean;
        self.weight = d * self.weight + 1.0;
        self.mean += e / self.weight;
        self.squares = d * self.squares + e * (x - self.mean);
        self.weeks = self.weeks.saturating_add(1);
        self.newest_week = k;
    }

    /// After dozens of half-lives the sum can lie below zero by a rounding error, which counts as zero.
    fn sigma(&self) -> f64 {
        (self.squares.max(0.0) / self.weight).sqrt()
    }
}

impl Expected {
    /// Whether a value, in millionths, is unusual; `None` while too few weeks were learnt to say.
    pub(crate) fn is_unusual(&self, micros: i128, usual: &Usual) -> Option<bool> {
        if self.weeks < usual.min_weeks {
            return None;
        }
        let v = micros as f64 / MICROS_PER_UNIT as f64;
        let r = usual.z * self.sigma.max(usual.sigma_floor);
        let (up, down) = (v - self.mean >= r, self.mean - v >= r);
        Some(match usual.direction {
            Direction::Up => up,
            Direction::Down => down,
            Direction::Both => up || down,
        })
    }
}

#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::local_hours::LocalHours;

    const HOUR_MS: i64 = 3_600_000;
    const WEEK_MS: i64 = 168 * HOUR_MS;
    const UNIT: i128 = 1_000_000;

    fn usual(direction: Direction) -> Usual {
        Usual { z: 3.0, half_life_weeks: 1.0, min_weeks: 3, sigma_floor: 2.0, direction }
    }

    fn input(learnt: &mut Learnt, at_ms: i64, micros: i128) {
        learnt.touch(&TimeZone::UTC, at_ms, 1.0);
        learnt.sample(micros);
    }

    #[test]
    fn learns_the_mean_of_finished_hours_and_halves_old_weeks() {
        let mut learnt = Learnt::default();
        input(&mut learnt, 0, 8 * UNIT);
        input(&mut learnt, HOUR_MS - 1, 12 * UNIT);
        assert_eq!(learnt.expectation(&TimeZone::UTC, WEEK_MS), None, "the hour goes on");
        input(&mut learnt, WEEK_MS, 16 * UNIT);
        let expected = Expected { mean: 10.0, sigma: 0.0, weeks: 1, hour: 72 };
        assert_eq!(learnt.expectation(&TimeZone::UTC, WEEK_MS), Some(expected));
        input(&mut learnt, 2 * WEEK_MS, 0);
        // Weights 1/2 and 1: mean (10/2 + 16) / 1.5, squares (4^2 / 2 + 2^2).
        let expected = Expected { mean: 14.0, sigma: (12.0_f64 / 1.5).sqrt(), weeks: 2, hour: 72 };
        assert_eq!(learnt.expectation(&TimeZone::UTC, 5 * WEEK_MS), Some(expected));
        assert_eq!(learnt.expectation(&TimeZone::UTC, HOUR_MS), None, "another hour of the week");
    }

    #[test]
    fn judges_at_exactly_the_threshold_and_only_after_enough_weeks() {
        let expected = Expected { mean: 10.0, sigma: 1.0, weeks: 3, hour: 0 };
        let judged = |micros, direction| expected.is_unusual(micros, &usual(direction));
        assert_eq!(judged(16 * UNIT, Direction::Up), Some(true), "the floor of 2 counts");
        assert_eq!(judged(16 * UNIT - 1, Direction::Both), Some(false));
        assert_eq!(judged(4 * UNIT, Direction::Down), Some(true));
        assert_eq!((judged(4 * UNIT, Direction::Both), judged(4 * UNIT, Direction::Up)), (Some(true), Some(false)));
        assert_eq!(Expected { weeks: 2, ..expected }.is_unusual(99 * UNIT, &usual(Direction::Up)), None);
        assert_eq!(Expected { sigma: 3.0, ..expected }.is_unusual(16 * UNIT, &usual(Direction::Up)), Some(false));
    }

    #[test]
    fn a_repeated_hour_is_not_learnt() {
        let melbourne = TimeZone::get("Australia/Melbourne").unwrap();
        let first_ms = vigie_model::time::parse_rfc3339_ms("2026-04-05T02:00:00+11:00").unwrap();
        let mut learnt = Learnt::default();
        for (hours, micros) in [(0, UNIT), (1, 100 * UNIT), (2, 3 * UNIT), (3, 4 * UNIT)] {
            learnt.touch(&melbourne, first_ms + hours * HOUR_MS, 1.0);
            learnt.sample(micros);
        }
        let seeds = learnt.to_seeds().unwrap();
        let hours: Vec<_> = seeds.hours.iter().map(|hour| (hour.hour, hour.mean, hour.weeks)).collect();
        assert_eq!(hours, [(146, 1.0, 1), (147, 3.0, 1)]);
        assert_eq!(seeds.newest_hour, LocalHours::around(&melbourne, first_ms).hour(first_ms).name + 1);
    }

    #[test]
    fn seeds_go_under_what_was_learnt_meanwhile() {
        let weeks = [3.0, 5.0, 4.0];
        let mut all = Learnt::default();
        let mut history = Learnt::default();
        let mut late = Learnt::default();
        for (week, value) in (0..).zip(weeks) {
            input(&mut all, week * WEEK_MS, value as i128 * UNIT);
            input(if week < 2 { &mut history } else { &mut late }, week * WEEK_MS, value as i128 * UNIT);
        }
        for learnt in [&mut all, &mut history, &mut late] {
            learnt.touch(&TimeZone::UTC, 2 * WEEK_MS + HOUR_MS, 1.0);
        }
        let seeds = history.to_seeds().unwrap();
        late.seed(&seeds, 1.0);
        assert_eq!(late.to_seeds(), all.to_seeds());
        late.seed(&seeds, 1.0);
        assert_eq!(
            late.to_seeds(),
            all.to_seeds(),
            "a crash between the records of a rule repeats some; it changes nothing"
        );
        let own = all.to_seeds();
        all.seed(&seeds, 1.0);
        assert_eq!(all.to_seeds(), own, "whoever learnt more than one week keeps to that");
        let mut fresh = Learnt::default();
        fresh.seed(&seeds, 1.0);
        assert_eq!(fresh.to_seeds(), Some(seeds.clone()));
        input(&mut fresh, WEEK_MS, 99 * UNIT);
        fresh.touch(&TimeZone::UTC, 2 * WEEK_MS, 1.0);
        assert_eq!(fresh.to_seeds(), Some(seeds), "what history taught is not learnt again");
    }

    #[test]
    fn a_snapshot_keeps_hours_and_the_open_one() {
        let mut learnt = Learnt::default();
        for (week, value) in (0..).zip([3, 5, 4]) {
            input(&mut learnt, week * WEEK_MS, value * UNIT);
            input(&mut learnt, week * WEEK_MS + HOUR_MS, value * UNIT);
        }
        let mut bytes = Vec::new();
        let mut hand_over = |piece: Vec<u8>| {
            bytes.extend(&piece);
            piece
        };
        let mut saver = Saver::new(&mut hand_over);
        learnt.save(&mut saver);
        saver.finish();
        let rules = crate::load::load(&vigie_model::control::Control {
            time_zone: "UTC".into(),
            ..vigie_model::control::Control::default()
        });
        let (rules, names) = (rules.unwrap().rules, vigie_model::names::Names::default());
        let again = Learnt::load(&mut Loader::new(&bytes, &rules, &names)).unwrap();
        assert_eq!(format!("{again:?}"), format!("{learnt:?}"));
    }

    #[test]
    fn another_zone_names_hours_anew() {
        let mut learnt = Learnt::default();
        input(&mut learnt, 0, UNIT);
        learnt.change_zone();
        let kolkata = TimeZone::get("Asia/Kolkata").unwrap();
        learnt.touch(&kolkata, HOUR_MS, 1.0);
        learnt.sample(2 * UNIT);
        learnt.touch(&kolkata, 2 * HOUR_MS, 1.0);
        // 00:00 in UTC, then 06:30 in Kolkata, both of Thursday.
        let hours: Vec<_> = learnt.to_seeds().unwrap().hours.iter().map(|hour| hour.hour).collect();
        assert_eq!(hours, [72, 78]);
    }

    #[test]
    fn long_silences_and_odd_seeds_leave_numbers() {
        let mut learnt = Learnt::default();
        for week in [0, 1, 70, 9000] {
            input(&mut learnt, week * WEEK_MS, i128::from(i64::MAX) - i128::from(week));
        }
        learnt.touch(&TimeZone::UTC, i64::MAX, 1.0);
        let expected = learnt.expectation(&TimeZone::UTC, 0).unwrap();
        assert!(expected.sigma >= 0.0 && expected.mean > 9e12 && expected.weeks == 4, "{expected:?}");
        let hours = vec![HourSeed { hour: 255, weeks: 1, ..HourSeed::default() }];
        learnt.seed(&KeySeeds { hours, ..KeySeeds::default() }, 1.0);
        assert_eq!(learnt.to_seeds().unwrap().hours.len(), 1);
    }
}
