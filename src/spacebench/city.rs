//! The levels of a city: a mean-reverting level for every series, and bursts that lift a whole space.
//!
//! Values are tenths. A series wanders around a mean of its own between 40 and 65 by about 1.4. A burst begins in a space once in
//! 6,250 s on average, lasts 20 s to 4 min, lifts one metric or all four by 12 to 45, one after the other by 3 s, and lifts all
//! sensors of a metric alike. With one sensor a metric this gives, in a million events, about 200 bursts, which make about 500
//! series loud: some hundred transitions of one threshold at 85, and one to two thousand of five thresholds from 75 to 95 with a hold
//! of a minute. That is what a city is like: nearly all events change nothing, and every state of a rule is entered.

use super::chance::{Chance, mixed};
use super::names::METRICS;

/// Bounds of the mean of a series.
const MEAN_TENTHS: (u64, u64) = (400, 650);
/// How far a level moves by itself in one event.
const STEP_TENTHS: i64 = 8;
/// The part of its distance to the mean by which a level returns in one event.
const RETURN: i64 = 16;
/// Average time between two bursts of a space.
const BURST_EVERY_MS: u64 = 6_250_000;
/// A longer silence counts as this long when a burst is drawn by lot.
const GAP_MAX_MS: i64 = 60_000;
/// Bounds of a burst's length.
const BURST_MS: (i64, i64) = (20_000, 240_000);
/// Bounds of a burst's height.
const LIFT_TENTHS: (i64, i64) = (120, 450);
/// How far a value in a burst strays.
const STRAY_TENTHS: i64 = 10;
/// A metric is lifted this much later than the one before it.
const METRIC_LAG_MS: i64 = 3_000;
/// One of so many spaces is in a burst when the run begins, as in the middle of a long run.
const BEGINS_IN_BURST: u64 = 48;

/// The levels of all series; two bytes a series and 32 a space.
#[derive(Clone, Debug)]
pub struct City {
    seed: u64,
    sensors: usize,
    levels: Vec<i16>,
    spaces: Vec<Space>,
}

/// The newest burst of a space.
#[derive(Clone, Debug, Default)]
struct Space {
    heard_ms: i64,
    from_ms: i64,
    until_ms: i64,
    lift_tenths: i16,
    /// A bit for each metric.
    metrics: u8,
}

impl City {
    /// A city at the beginning of a run, at instant 0.
    #[must_use]
    pub fn new(seed: u64, spaces: u32, sensors: u32) -> Self {
        let series = spaces as usize * METRICS.len() * sensors as usize;
        let mut chance = Chance::new(mixed(!seed));
        let space = |_| {
            let mut space = Space::default();
            if chance.below(BEGINS_IN_BURST) == 0 {
                space.burst(0, &mut chance);
                space.until_ms = chance.between(1, space.until_ms);
            }
            space
        };
        let spaces = (0..spaces).map(space).collect();
        let levels = (0..series).map(|series| mean_tenths(seed, series) as i16).collect();
        Self { seed, sensors: sensors as usize, levels, spaces }
    }

    /// The next value, in tenths, of a sensor of a (space, metric), at `at_ms` since the beginning; instants do not decrease.
    pub fn value_tenths(&mut self, at_ms: i64, space: u32, metric: u32, sensor: u32, chance: &mut Chance) -> i64 {
        let series = (space as usize * METRICS.len() + metric as usize) * self.sensors + sensor as usize;
        let mut level = i64::from(self.levels[series]);
        level += (mean_tenths(self.seed, series) - level) / RETURN + chance.between(-STEP_TENTHS, STEP_TENTHS);
        self.levels[series] = level as i16;
        let space = &mut self.spaces[space as usize];
        space.hear(at_ms, chance);
        if space.lifts(metric, at_ms) {
            level += i64::from(space.lift_tenths) + chance.between(-STRAY_TENTHS, STRAY_TENTHS);
        }
        level
    }
}

impl Space {
    /// Draws by lot whether a burst began since the space was heard last.
    fn hear(&mut self, at_ms: i64, chance: &mut Chance) {
        let gap_ms = (at_ms - self.heard_ms).min(GAP_MAX_MS);
        self.heard_ms = at_ms;
        let is_over = at_ms >= self.until_ms + METRIC_LAG_MS * METRICS.len() as i64;
        if gap_ms > 0 && chance.below(BURST_EVERY_MS) < gap_ms.unsigned_abs() && is_over {
            self.burst(at_ms, chance);
        }
    }

    fn burst(&mut self, at_ms: i64, chance: &mut Chance) {
        let all = (1 << METRICS.len()) - 1;
        *self = Self {
            heard_ms: at_ms,
            from_ms: at_ms,
            until_ms: at_ms + chance.between(BURST_MS.0, BURST_MS.1),
            lift_tenths: chance.between(LIFT_TENTHS.0, LIFT_TENTHS.1) as i16,
            metrics: if chance.below(2) == 0 { all } else { 1 << chance.below(METRICS.len() as u64) },
        };
    }

    fn lifts(&self, metric: u32, at_ms: i64) -> bool {
        let lag_ms = METRIC_LAG_MS * i64::from(metric);
        self.metrics & 1 << metric != 0 && (self.from_ms + lag_ms..self.until_ms + lag_ms).contains(&at_ms)
    }
}

fn mean_tenths(seed: u64, series: usize) -> i64 {
    let (low, high) = MEAN_TENTHS;
    (low + mixed(seed ^ mixed(series as u64 + 1)) % (high - low + 1)) as i64
}
