//! `absence`: too long without an arrival, on the log-time axis.
//!
//! An arrival at exactly the end of the silence is in time, so the timer fires only once log time is later than it.
//! An intake that was down hears nothing: the silence counts from the latest intake-up record when that is later.

use crate::saved::saved;

/// The silence of one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    /// Log time of the latest arrival; `None` for an expected sensor that was never heard.
    last_ms: Option<i64>,
    /// From when the silence counts: the latest arrival or intake-up.
    since_ms: i64,
    /// Whether the silence has become too long.
    too_long: bool,
}

saved!(Silence { last_ms, since_ms, too_long });

impl Silence {
    /// The silence of a key first heard, or first expected, at `since_ms`.
    pub(crate) const fn from(since_ms: i64) -> Self {
        Self { last_ms: None, since_ms, too_long: false }
    }

    /// When the silence becomes too long; `None` while it is.
    pub(crate) const fn due_ms(&self, silence_ms: i64) -> Option<i64> {
        if self.too_long { None } else { Some(self.since_ms + silence_ms) }
    }

    /// The silence becomes too long.
    pub(crate) const fn fall_due(&mut self) {
        self.too_long = true;
    }

    /// Whether the silence has become too long.
    pub(crate) const fn is_too_long(&self) -> bool {
        self.too_long
    }

    /// Takes in an arrival, which ends the silence.
    #[inline]
    pub(crate) fn arrival(&mut self, log_time_ms: i64) {
        self.last_ms = Some(log_time_ms);
        self.since_ms = self.since_ms.max(log_time_ms);
        self.too_long = false;
    }

    /// The intake is up again. A silence that is told already stays too long; any other counts from now.
    pub(crate) fn intake_up(&mut self, log_time_ms: i64, is_told: bool) {
        self.since_ms = self.since_ms.max(log_time_ms);
        self.too_long &= is_told;
    }

    /// Forgets that the silence became too long, if it counts from later by now.
    pub(crate) fn recount(&mut self, at_ms: i64, silence_ms: i64) {
        self.too_long &= self.since_ms.saturating_add(silence_ms) <= at_ms;
    }

    /// Log time of the latest arrival.
    pub(crate) const fn last_ms(&self) -> Option<i64> {
        self.last_ms
    }

    /// From when the silence counts.
    pub(crate) const fn since_ms(&self) -> i64 {
        self.since_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_the_later_of_arrival_and_intake_up() {
        let mut silence = Silence::from(100);
        assert_eq!(silence.due_ms(30), Some(130));
        silence.arrival(120);
        silence.intake_up(110, false);
        assert_eq!(silence.due_ms(30), Some(150));
        silence.intake_up(140, false);
        assert_eq!((silence.due_ms(30), silence.last_ms()), (Some(170), Some(120)));
        silence.fall_due();
        assert_eq!((silence.due_ms(30), silence.is_too_long()), (None, true));
        silence.intake_up(180, true);
        assert!(silence.is_too_long(), "an open episode goes on");
        silence.arrival(200);
        assert_eq!((silence.due_ms(30), silence.is_too_long()), (Some(230), false));
        silence.fall_due();
        silence.intake_up(235, true);
        silence.recount(265, 30);
        assert!(silence.is_too_long());
        silence.recount(264, 30);
        assert!(!silence.is_too_long(), "told before a pause of the intake, and not to be told again yet");
        silence.fall_due();
        silence.intake_up(240, false);
        assert_eq!((silence.due_ms(30), silence.is_too_long()), (Some(270), false), "outside its period, say");
    }
}
