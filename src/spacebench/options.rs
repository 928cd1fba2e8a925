//! What a run of SpaceBench is made of.

use super::names::METRICS;
use super::popularity::Distribution;

/// Length of the silence of one node, in a run that is long enough.
const SILENCE_MS: i64 = 600_000;
/// Number of nodes; a node is a group of neighbouring spaces.
const NODES: u32 = 100;

/// Choices of a run; the defaults are those of the published figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Number of events.
    pub events: u64,
    /// Number of spaces, at least 1.
    pub spaces: u32,
    /// Which spaces speak how often.
    pub distribution: Distribution,
    /// Sensors of each (space, metric), at least 1.
    pub sensors: u32,
    /// How long a series is silent on average between two of its events; which series speaks next is drawn anew each time,
    /// so the gaps are random.
    pub interval_ms: i64,
    /// The first events come from every series once, in a scattered order, instead of from series drawn by lot.
    pub every_series_first: bool,
    /// Of 10,000 events, how many arrive up to 30 s late, and how many up to 10 min.
    pub late: (u64, u64),
    /// Everything drawn by lot follows from it.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            events: 20_000_000,
            spaces: 10_000,
            distribution: Distribution::Uniform,
            sensors: 1,
            interval_ms: 5_000,
            every_series_first: false,
            late: (99, 1),
            seed: 1,
        }
    }
}

impl Options {
    /// Number of series.
    #[must_use]
    pub fn series(&self) -> u64 {
        u64::from(self.spaces) * METRICS.len() as u64 * u64::from(self.sensors)
    }

    /// How much time passes during the run.
    #[must_use]
    pub fn duration_ms(&self) -> i64 {
        self.sent_after_ms(self.events)
    }

    /// How long after the first event the event numbered `index`, from 0, is sent.
    #[must_use]
    pub fn sent_after_ms(&self, index: u64) -> i64 {
        (i128::from(index) * i128::from(self.interval_ms) / i128::from(self.series().max(1))) as i64
    }

    /// Spaces of a node.
    #[must_use]
    pub fn spaces_per_node(&self) -> u32 {
        self.spaces.div_ceil(NODES).max(1)
    }

    /// The node that falls silent: the one in the middle.
    #[must_use]
    pub fn silent_node(&self) -> u32 {
        self.spaces / self.spaces_per_node() / 2
    }

    /// From when to when, counted from the first event, that node is silent: 10 minutes, or a quarter of a shorter run, from its
    /// middle on. A city of one node has no silence, or there would be nothing to send.
    #[must_use]
    pub fn silence_ms(&self) -> std::ops::Range<i64> {
        let (duration_ms, from_ms) = (self.duration_ms(), self.duration_ms() / 2);
        let is_one_node = self.spaces <= self.spaces_per_node();
        let length_ms = if is_one_node { 0 } else { SILENCE_MS.min(duration_ms / 4) };
        from_ms..from_ms + length_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_silence_is_ten_minutes_or_a_quarter_of_the_run() {
        let long = Options::default();
        assert_eq!((long.duration_ms(), long.silence_ms()), (2_500_000, 1_250_000..1_850_000));
        let short = Options { spaces: 1_000_000, ..long };
        assert_eq!((short.duration_ms(), short.silence_ms()), (25_000, 12_500..18_750));
        assert!(Options { spaces: 1, ..long }.silence_ms().is_empty());
    }
}
