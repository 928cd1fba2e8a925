//! How often which space speaks.
//!
//! Zipf 1.0: the space of rank r speaks in proportion to 1/r. The weights are whole numbers, 2^40 / r rounded down, and a
//! number below their sum is looked up among their partial sums; so the choice is exactly reproducible, and its weights are
//! exact to one part in a million for a million spaces. Ranks are scattered over the spaces, or those that speak most
//! would lie side by side in memory.

use super::chance::Chance;

/// A prime above the largest number of spaces: multiplying by it permutes the residues of every smaller number.
const SCATTER: u64 = 2_654_435_761;
/// The weight of the first rank.
const FIRST_WEIGHT: u64 = 1 << 40;

/// Whether all spaces speak alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distribution {
    /// All alike.
    #[default]
    Uniform,
    /// In proportion to 1 / rank.
    Zipf,
}

/// Chooses spaces.
#[derive(Clone, Debug)]
pub struct Popularity {
    spaces: u64,
    /// Sums of the weights up to and including each rank; empty when all are alike.
    sums: Vec<u64>,
}

impl Popularity {
    /// The choice among `spaces` spaces, at least one. Zipf takes eight bytes a space.
    #[must_use]
    pub fn new(distribution: Distribution, spaces: u32) -> Self {
        let spaces = u64::from(spaces.max(1));
        let weights = match distribution {
            Distribution::Uniform => 1..1,
            Distribution::Zipf => 1..spaces + 1,
        };
        let sums = weights.scan(0, |sum, rank| {
            *sum += FIRST_WEIGHT / rank;
            Some(*sum)
        });
        Self { spaces, sums: sums.collect() }
    }

    /// The next space. Cost: constant when all are alike, else logarithmic in the number of spaces.
    pub fn choose(&self, chance: &mut Chance) -> u32 {
        let rank = match self.sums.last() {
            None => return chance.below(self.spaces) as u32,
            Some(total) => {
                let drawn = chance.below(*total);
                self.sums.partition_point(|sum| *sum <= drawn)
            }
        };
        scattered(rank as u64, self.spaces) as u32
    }
}

/// Place `index` of a fixed permutation of `0..count`; `count` fits in 32 bits.
#[must_use]
pub const fn scattered(index: u64, count: u64) -> u64 {
    index * (SCATTER % count) % count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scattering_is_a_permutation() {
        for count in [1, 2, 3, 24, 1_000, 4_096] {
            let mut places: Vec<u64> = (0..count).map(|index| scattered(index, count)).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..count), "{count}");
        }
    }

    #[test]
    fn shares_follow_the_harmonic_series() {
        let (popularity, mut chance) = (Popularity::new(Distribution::Zipf, 100), Chance::new(7));
        let mut counts = [0u32; 100];
        (0..500_000).for_each(|_| counts[popularity.choose(&mut chance) as usize] += 1);
        let harmonic: f64 = (1..=100).map(|rank| 1.0 / f64::from(rank)).sum();
        for rank in [1u32, 2, 10, 100] {
            let expected = 500_000.0 / (harmonic * f64::from(rank));
            let found = f64::from(counts[scattered(u64::from(rank - 1), 100) as usize]);
            assert!((found - expected).abs() < 5.0 * expected.sqrt(), "rank {rank}: {found} instead of {expected}");
        }
    }
}
