//! The log's clock: wall time, an anchored fast clock, or the data's own times.
//!
//! A [`LogClock`] never runs backwards. The wall clock is read once, as an anchor; from there monotonic time counts,
//! and the difference to the wall is slewed by at most [`SLEW_PER_MILLE`], so that a corrected or broken system clock
//! bends log time instead of breaking it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// How much faster or slower than monotonic time the log may run to follow the wall clock, in thousandths.
pub const SLEW_PER_MILLE: i64 = 5;
/// The shortest real time between two ticks of a running clock: a fast clock ticks in larger steps instead.
const TICK_REAL_MIN: Duration = Duration::from_millis(20);

/// What tells the time of a log.
#[derive(Clone, Debug)]
pub enum LogClock {
    /// Wall time, slewed.
    Wall(Anchor),
    /// Starts at an instant and runs at a multiple of real time: the demo.
    Anchored(Anchor),
    /// Log time is the largest event time read so far: replay.
    Data,
}

/// Where a running clock started and how fast it runs.
#[derive(Clone, Debug)]
pub struct Anchor {
    started: Instant,
    log_time_ms: i64,
    speed: f64,
    limit: Limit,
}

/// An instant that a clock does not pass; shared, so that whoever feeds the clock's data can move it on.
///
/// A fast clock with a limit waits for its data: no hour passes before that hour's rows are in the log, however slow the
/// machine, so a demo gives the same alerts at any speed.
#[derive(Clone, Debug)]
pub struct Limit(Arc<AtomicI64>);

impl Limit {
    /// A limit at `log_time_ms`.
    #[must_use]
    pub fn at(log_time_ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(log_time_ms)))
    }

    /// Moves the limit.
    pub fn move_to(&self, log_time_ms: i64) {
        self.0.store(log_time_ms, Ordering::Relaxed);
    }

    fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl LogClock {
    /// A clock that follows the wall.
    #[must_use]
    pub fn wall() -> Self {
        Self::Wall(Anchor { started: Instant::now(), log_time_ms: wall_ms(), speed: 1.0, limit: Limit::at(i64::MAX) })
    }

    /// A clock that shows `log_time_ms` now and runs `speed` times as fast as real time, but never past `limit`.
    #[must_use]
    pub fn anchored(log_time_ms: i64, speed: f64, limit: Limit) -> Self {
        Self::Anchored(Anchor { started: Instant::now(), log_time_ms, speed, limit })
    }

    /// The log time now; `None` for a replay, whose time comes with its rows.
    pub fn now_ms(&mut self) -> Option<i64> {
        match self {
            Self::Wall(anchor) => Some(anchor.slewed_now_ms(Instant::now(), wall_ms())),
            Self::Anchored(anchor) => Some(anchor.at(Instant::now())),
            Self::Data => None,
        }
    }

    /// Lets a running clock show at least `log_time_ms` now: log time goes on where a log ended, also when the wall clock
    /// has been set back since.
    pub fn not_before(&mut self, log_time_ms: i64) {
        if let Self::Wall(anchor) | Self::Anchored(anchor) = self {
            anchor.log_time_ms = anchor.log_time_ms.max(log_time_ms);
        }
    }

    /// Real time between two ticks of `tick_ms`.
    #[must_use]
    pub fn tick_real(&self, tick_ms: i64) -> Duration {
        match self {
            Self::Wall(anchor) | Self::Anchored(anchor) => {
                let real_ms = (tick_ms.max(1) as f64 / anchor.speed).max(1.0);
                Duration::from_millis(real_ms as u64).max(TICK_REAL_MIN)
            }
            Self::Data => TICK_REAL_MIN,
        }
    }

    /// Words for people whose event times disagree with this clock.
    #[must_use]
    pub const fn describe(&self) -> &'static str {
        match self {
            Self::Wall(_) => "the clock of this server",
            Self::Anchored(_) => "the clock of this demo, which replays another day",
            Self::Data => "the times of the data itself",
        }
    }
}

impl Anchor {
    /// The log time at a real instant.
    #[must_use]
    pub fn at(&self, now: Instant) -> i64 {
        let elapsed_ms = now.saturating_duration_since(self.started).as_secs_f64() * 1000.0 * self.speed;
        self.log_time_ms.saturating_add(elapsed_ms as i64).min(self.limit.get())
    }

    /// How long from `now` until the clock shows `log_time_ms`; zero when it already does.
    #[must_use]
    pub fn until(&self, log_time_ms: i64, now: Instant) -> Duration {
        let missing_ms = log_time_ms.saturating_sub(self.at(now)).max(0);
        Duration::from_secs_f64(missing_ms as f64 / 1000.0 / self.speed)
    }

    /// Monotonic time bent towards the wall clock; re-anchors itself, so that the bend is bounded per elapsed time.
    fn slewed_now_ms(&mut self, now: Instant, wall_ms: i64) -> i64 {
        let monotonic_ms = self.at(now);
        let elapsed_ms = monotonic_ms - self.log_time_ms;
        let slew_max_ms = elapsed_ms * SLEW_PER_MILLE / 1000;
        if slew_max_ms == 0 {
            return monotonic_ms;
        }
        let slewed_ms = monotonic_ms + (wall_ms - monotonic_ms).clamp(-slew_max_ms, slew_max_ms);
        self.started = now;
        self.log_time_ms = slewed_ms;
        slewed_ms
    }
}

fn wall_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(speed: f64) -> Anchor {
        Anchor { started: Instant::now(), log_time_ms: 1_000_000, speed, limit: Limit::at(i64::MAX) }
    }

    #[test]
    fn a_fast_clock_covers_an_hour_a_second() {
        let anchor = anchor(3600.0);
        let later = anchor.started + Duration::from_secs(2);
        assert_eq!(anchor.at(later), 1_000_000 + 2 * 3_600_000);
        assert_eq!(anchor.until(1_000_000 + 3 * 3_600_000, later), Duration::from_secs(1));
        assert_eq!(anchor.until(0, later), Duration::ZERO);
    }

    #[test]
    fn a_clock_waits_at_its_limit_and_then_catches_up() {
        let limit = Limit::at(1_000_100);
        let anchor = Anchor { limit: limit.clone(), ..anchor(3600.0) };
        let later = anchor.started + Duration::from_secs(2);
        assert_eq!(anchor.at(later), 1_000_100);
        limit.move_to(i64::MAX);
        assert_eq!(anchor.at(later), 1_000_000 + 2 * 3_600_000);
    }

    /// Clock steps of an hour, forwards and backwards, bend log time by at most 0.5 % and never turn it round.
    #[test]
    fn a_stepped_wall_clock_is_followed_slowly() {
        for step_ms in [3_600_000, -3_600_000] {
            let mut anchor = anchor(1.0);
            let start = anchor.started;
            let mut last_ms = 1_000_000;
            for second in 1..=100 {
                let wall_ms = 1_000_000 + second * 1000 + step_ms;
                let now_ms = anchor.slewed_now_ms(start + Duration::from_millis(second as u64 * 1000), wall_ms);
                assert!((995..=1005).contains(&(now_ms - last_ms)), "{last_ms} -> {now_ms}");
                last_ms = now_ms;
            }
        }
    }

    #[test]
    fn a_clock_goes_on_where_the_log_ended() {
        let mut clock = LogClock::Wall(anchor(1.0));
        clock.not_before(7_000_000_000_000);
        let ended_ms = clock.now_ms().unwrap();
        assert!((7_000_000_000_000..7_000_000_010_000).contains(&ended_ms), "{ended_ms}");
        clock.not_before(5);
        assert!(clock.now_ms().unwrap() >= ended_ms);
    }

    #[test]
    fn a_small_drift_is_caught_up() {
        let mut anchor = anchor(1.0);
        let start = anchor.started;
        let mut now_ms = 0;
        for second in 1..=60 {
            now_ms = anchor.slewed_now_ms(start + Duration::from_secs(second), 1_000_000 + second as i64 * 1000 + 40);
        }
        assert_eq!(now_ms, 1_000_000 + 60_000 + 40);
    }
}
