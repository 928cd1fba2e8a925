//! Draws from distributions, the same on every machine: `libm` alone, no `f64::exp` of the platform.

use crate::spacebench::chance::{Chance, mixed};
use libm::{cos, exp, log, sqrt};
use std::f64::consts::TAU;

/// Above this mean, Poisson draws are sums of draws below it: exp(-mean) must not vanish.
const POISSON_PART: f64 = 32.0;

/// The numbers that belong to a place in the simulation: what is drawn there depends on nothing else.
#[must_use]
pub fn chance_of(seed: u64, purpose: Purpose, space: usize, day: i64) -> Chance {
    let parts = [purpose as u64, space as u64, day as u64];
    Chance::new(parts.into_iter().fold(mixed(seed), |seed, part| mixed(seed ^ mixed(part.wrapping_add(1)))))
}

/// What numbers are drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What is planted.
    Truth,
    /// The weather, one city for all.
    Weather,
    /// How hours of a space stray.
    Stray,
    /// Visitors of a space, by hour instead of by day.
    Visitors,
    /// Outages of a counter.
    Outages,
    /// Incidents by day.
    Day,
    /// Incidents by night.
    Night,
    /// What becomes of a report.
    Reports,
    /// What a camera sees.
    Camera,
    /// What a camera sees where nothing is.
    FalseDetections,
    /// Who answers, and what.
    Answers,
}

/// Draws on top of whole numbers.
pub trait Draw {
    /// A number from 0 to below 1, of 53 bits.
    fn share(&mut self) -> f64;

    /// Whether something of that probability happens.
    fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// A normal deviate (Box and Muller 1958, doi:10.1214/aoms/1177706645).
    fn normal(&mut self) -> f64 {
        // 1 - share lies in (0, 1], where the logarithm is finite.
        let radius = sqrt(-2.0 * log(1.0 - self.share()));
        radius * cos(TAU * self.share())
    }

    /// An exponential deviate of that mean.
    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * log(1.0 - self.share())
    }

    /// A Poisson deviate, by Knuth's product of shares, in parts of at most 32. Cost: proportional to the mean.
    fn poisson(&mut self, mean: f64) -> u64 {
        let (mut rest, mut count) = (mean, 0);
        while rest > 0.0 {
            let floor = exp(-rest.min(POISSON_PART));
            let mut product = self.share();
            while product > floor {
                count += 1;
                product *= self.share();
            }
            rest -= POISSON_PART;
        }
        count
    }

    /// A Poisson deviate whose cost does not grow with its mean: above 64 a normal deviate, rounded, which is within a
    /// hundredth of the distribution.
    fn count(&mut self, mean: f64) -> u64 {
        if mean <= 2.0 * POISSON_PART {
            return self.poisson(mean);
        }
        let drawn = libm::round(mean + sqrt(mean) * self.normal());
        drawn.max(0.0) as u64
    }

    /// How many of `n` say yes.
    fn binomial(&mut self, n: u64, probability: f64) -> u64 {
        (0..n).filter(|_| self.happens(probability)).count() as u64
    }
}

impl Draw for Chance {
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of so many draws.
    fn moments(draws: u32, mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let found: Vec<f64> = (0..draws).map(|_| draw()).collect();
        let mean = found.iter().sum::<f64>() / f64::from(draws);
        (mean, found.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(draws - 1))
    }

    #[test]
    fn draws_have_the_moments_of_their_distributions() {
        let mut chance = Chance::new(11);
        for mean in [0.05, 3.0, 40.0, 70.0, 900.0] {
            let (found, variance) = moments(20_000, || chance.count(mean) as f64);
            assert!((found - mean).abs() < 5.0 * sqrt(mean / 20_000.0), "{mean}: {found}");
            assert!((variance / mean - 1.0).abs() < 0.06 + 0.2 * f64::from(u8::from(mean < 0.1)), "{mean}: {variance}");
        }
        let (mean, variance) = moments(50_000, || chance.normal());
        assert!(mean.abs() < 0.025 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
        let (mean, _) = moments(50_000, || chance.exponential(40.0));
        assert!((mean - 40.0).abs() < 1.0, "{mean}");
        let (mean, _) = moments(5_000, || chance.binomial(60, 0.25) as f64);
        assert!((mean - 15.0).abs() < 0.3, "{mean}");
    }

    #[test]
    fn other_places_have_other_numbers() {
        let first = |purpose, space, day| chance_of(5, purpose, space, day).next();
        let numbers = [
            first(Purpose::Day, 0, 0),
            first(Purpose::Day, 1, 0),
            first(Purpose::Day, 0, 1),
            first(Purpose::Night, 0, 0),
        ];
        assert_eq!(numbers.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}
