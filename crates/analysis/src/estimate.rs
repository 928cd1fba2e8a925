//! An estimate with its 95 % interval.

use std::fmt;

/// The 97.5 % point of the normal distribution: what every interval of this crate stands on.
pub const Z95: f64 = 1.959_963_984_540_054;

/// A value, and the limits of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate itself.
    pub value: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

impl Estimate {
    /// Whether the interval holds a number.
    #[must_use]
    pub fn holds(&self, number: f64) -> bool {
        self.low <= number && number <= self.high
    }

    /// The same in another unit.
    #[must_use]
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { value: self.value * factor, low: self.low * factor, high: self.high * factor }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ({:.3}-{:.3})", self.value, self.low, self.high)
    }
}

/// The 95 % percentile interval of replicates around an estimate: their 2.5 % and 97.5 % points, interpolated linearly
/// between order statistics (definition 7 of Hyndman & Fan 1996). `replicates` is sorted on the way and must not be empty.
pub(crate) fn percentile_interval(value: f64, replicates: &mut [f64]) -> Estimate {
    replicates.sort_unstable_by(f64::total_cmp);
    Estimate { value, low: quantile(replicates, 0.025), high: quantile(replicates, 0.975) }
}

/// A quantile of sorted values.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numpy.quantile([1, 2, 4, 8], [.025, .5, .975]) = 1.075, 3, 7.7
    #[test]
    fn quantiles_are_those_of_numpy() {
        let found = percentile_interval(3.0, &mut [8.0, 1.0, 4.0, 2.0]);
        assert!((found.low - 1.075).abs() < 1e-12 && (found.high - 7.7).abs() < 1e-12, "{found:?}");
        assert!((quantile(&[1.0, 2.0, 4.0, 8.0], 0.5) - 3.0).abs() < 1e-12);
    }
}
