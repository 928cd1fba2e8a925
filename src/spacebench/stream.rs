//! The events, in the order of the log.
//!
//! Events are sent at a constant rate, so that a series sends every `interval_ms` on average; which one sends next is
//! drawn by lot. By default one in a hundred events arrives after it was measured by up to 30 s, one in ten thousand by up to 10 min.

use super::chance::Chance;
use super::city::City;
use super::names::METRICS;
use super::options::Options;
use super::popularity::{Popularity, scattered};
use vigie_model::names::NameIx;

/// The instant of the first event: 14 March 2026, 17:00 UTC.
pub const START_MS: i64 = 1_773_507_600_000;
/// Lateness is drawn among so many lots.
const LOTS: u64 = 10_000;
/// How late a late event is at most.
const LATE_MAX_MS: i64 = 30_000;
/// How late a very late one is at most; above `LATE_MAX_MS` at least.
pub const VERY_LATE_MAX_MS: i64 = 600_000;

/// One event; its names are indices of [`super::names::dictionary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it was sent: log time, if nothing waits on the way.
    pub sent_ms: i64,
    /// When it was measured.
    pub ts_ms: i64,
    /// Space.
    pub space: NameIx,
    /// Metric.
    pub metric: NameIx,
    /// Sensor.
    pub sensor: NameIx,
    /// The value, in tenths.
    pub tenths: i64,
}

/// The events of a run.
#[derive(Clone, Debug)]
pub struct Events {
    options: Options,
    chance: Chance,
    popularity: Popularity,
    city: City,
    sent: u64,
}

impl Events {
    /// The run from its beginning.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            options: *options,
            chance: Chance::new(options.seed),
            popularity: Popularity::new(options.distribution, options.spaces),
            city: City::new(options.seed, options.spaces, options.sensors),
            sent: 0,
        }
    }

    /// The next event, also after the last one of the options: a bench may go on for as long as it likes.
    pub fn endless(&mut self) -> Event {
        let after_ms = self.options.sent_after_ms(self.sent);
        let (space, metric, sensor) = self.series(after_ms);
        self.sent += 1;
        let tenths = self.city.value_tenths(after_ms, space, metric, sensor, &mut self.chance);
        let sent_ms = START_MS + after_ms;
        let (late, very_late) = self.options.late;
        let late_ms = match self.chance.below(LOTS) {
            lot if lot < very_late => self.chance.between(LATE_MAX_MS + 1, VERY_LATE_MAX_MS),
            lot if lot < very_late + late => self.chance.between(1, LATE_MAX_MS),
            _ => 0,
        };
        let sensor = metric * self.options.sensors + sensor;
        Event { sent_ms, ts_ms: sent_ms - late_ms, space, metric, sensor, tenths }
    }

    /// Who speaks next: space, metric, and which of its sensors.
    fn series(&mut self, after_ms: i64) -> (u32, u32, u32) {
        let (metrics, sensors) = (METRICS.len() as u64, u64::from(self.options.sensors));
        let series = self.options.series();
        if self.options.every_series_first && self.sent < series {
            let of_space = scattered(self.sent, series);
            let (space, rest) = (of_space / (metrics * sensors), of_space % (metrics * sensors));
            return (space as u32, (rest / sensors) as u32, (rest % sensors) as u32);
        }
        let is_silence = self.options.silence_ms().contains(&after_ms);
        let space = loop {
            let space = self.popularity.choose(&mut self.chance);
            if !(is_silence && space / self.options.spaces_per_node() == self.options.silent_node()) {
                break space;
            }
        };
        (space, self.chance.below(metrics) as u32, self.chance.below(sensors) as u32)
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        (self.sent < self.options.events).then(|| self.endless())
    }
}
