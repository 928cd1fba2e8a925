//! Random numbers for bootstraps and simulations: the same for a seed on every run.
//!
//! SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195) below; above it Poisson and binomial numbers by
//! inversion where they are small, else by Hörmann's transformed rejection (PTRS and BTRS: Hörmann 1993,
//! doi:10.1016/0167-6687(93)90997-4 and doi:10.1080/00949659308811496), which are exact and take constant time.

use statrs::function::gamma::ln_gamma;

/// Up to this mean, inversion is quicker than rejection.
const INVERSION_MEAN_MAX: f64 = 10.0;

/// A source of random numbers.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The numbers that belong to a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number between 0 and 1, neither of them included.
    pub fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A number from 0 to `end - 1` (Lemire 2019, doi:10.1145/3230636); 0 when `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// A Poisson number. Means that are not positive give 0.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if mean.is_nan() || mean <= 0.0 {
            return 0.0;
        }
        if mean < INVERSION_MEAN_MAX {
            let (mut count, mut product, floor) = (0.0, self.unit(), (-mean).exp());
            while product > floor {
                product *= self.unit();
                count += 1.0;
            }
            return count;
        }
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.024_83 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let quick = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let (u, v) = (self.unit() - 0.5, self.unit());
            let us = 0.5 - u.abs();
            let count = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= quick {
                return count;
            }
            if count < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let log_ratio = count * mean.ln() - mean - ln_gamma(count + 1.0);
            if (v * inverse_alpha / (a / (us * us) + b)).ln() <= log_ratio {
                return count;
            }
        }
    }

    /// How many of `n` succeed when each does with probability `p`. `p` outside 0 to 1 counts as the nearer end.
    pub fn binomial(&mut self, n: u64, p: f64) -> f64 {
        if p > 0.5 {
            return n as f64 - self.binomial(n, 1.0 - p);
        }
        if n == 0 || p.is_nan() || p <= 0.0 {
            return 0.0;
        }
        let trials = n as f64;
        if trials * p < INVERSION_MEAN_MAX { self.waiting_binomial(n, p) } else { self.btrs(trials, p) }
    }

    /// By the gaps between successes, which are geometric (Devroye 1986, X.4.3).
    fn waiting_binomial(&mut self, n: u64, p: f64) -> f64 {
        let (mut at, mut successes) = (0.0, 0.0);
        let log_failure = (-p).ln_1p();
        loop {
            at += (self.unit().ln() / log_failure).floor() + 1.0;
            if at > n as f64 {
                return successes;
            }
            successes += 1.0;
        }
    }

    fn btrs(&mut self, n: f64, p: f64) -> f64 {
        let spread = (n * p * (1.0 - p)).sqrt();
        let b = 1.15 + 2.53 * spread;
        let a = -0.0873 + 0.0248 * b + 0.01 * p;
        let c = n * p + 0.5;
        let quick = 0.92 - 4.2 / b;
        let alpha = (2.83 + 5.1 / b) * spread;
        let log_odds = (p / (1.0 - p)).ln();
        let mode = ((n + 1.0) * p).floor();
        let peak = ln_gamma(mode + 1.0) + ln_gamma(n - mode + 1.0);
        loop {
            let (u, v) = (self.unit() - 0.5, self.unit());
            let us = 0.5 - u.abs();
            let count = ((2.0 * a / us + b) * u + c).floor();
            if count < 0.0 || count > n {
                continue;
            }
            if us >= 0.07 && v <= quick {
                return count;
            }
            let log_ratio = peak - ln_gamma(count + 1.0) - ln_gamma(n - count + 1.0) + (count - mode) * log_odds;
            if (v * alpha / (a / (us * us) + b)).ln() <= log_ratio {
                return count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Binomial, Discrete, Poisson};

    /// The first outputs published for seed 1234567.
    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut chance = Chance::new(1_234_567);
        let found = [chance.next(), chance.next(), chance.next()];
        assert_eq!(found, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    /// Pearson's chi-squared over the values that are expected at least five times; its 99.99 % point for k degrees of
    /// freedom lies below k + 4 sqrt(2 k) + 12.
    fn assert_distributed(name: &str, draws: &[f64], probability: impl Fn(u64) -> f64) {
        let (mut statistic, mut cells) = (0.0, 0);
        for value in 0..4_000 {
            let expected = probability(value) * draws.len() as f64;
            if expected >= 5.0 {
                let seen = draws.iter().filter(|draw| **draw == value as f64).count() as f64;
                statistic += (seen - expected).powi(2) / expected;
                cells += 1;
            }
        }
        let free = f64::from(cells);
        assert!(statistic < free + 4.0 * (2.0 * free).sqrt() + 12.0, "{name}: {statistic} over {cells} values");
    }

    #[test]
    fn counts_have_their_distributions() {
        let chance = &mut Chance::new(7);
        for mean in [0.3, 4.0, 12.0, 90.0] {
            let draws: Vec<f64> = (0..20_000).map(|_| chance.poisson(mean)).collect();
            let law = Poisson::new(mean).unwrap();
            assert_distributed(&format!("poisson {mean}"), &draws, |value| law.pmf(value));
        }
        for (n, p) in [(5, 0.3), (40, 0.9), (60, 0.4), (400, 0.05), (400, 0.7)] {
            let draws: Vec<f64> = (0..20_000).map(|_| chance.binomial(n, p)).collect();
            let law = Binomial::new(p, n).unwrap();
            assert_distributed(&format!("binomial {n} {p}"), &draws, |value| law.pmf(value));
        }
        assert_eq!((chance.poisson(f64::NAN), chance.poisson(-1.0)), (0.0, 0.0));
        assert_eq!((chance.binomial(0, 0.5), chance.binomial(9, 1.5), chance.binomial(9, f64::NAN)), (0.0, 9.0, 0.0));
    }
}
