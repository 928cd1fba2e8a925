//! Rates steadied by what all spaces have in common.
//!
//! Few incidents over little exposure make the highest and the lowest rates of a city by chance alone. Global empirical
//! Bayes (Marshall 1991, doi:10.2307/2347593) draws each rate towards the overall one, the more the less it rests on:
//! `m = sum O / sum E`, `A = sum E_i (r_i - m)² / sum E - m / mean E`, `theta_i = m + (r_i - m) A / (A + m / E_i)`.
//! A, the variance between spaces, is clamped at 0: then all spaces have the same rate as far as one can tell.
//!
//! **Caveats.** It ranks and maps; it is no estimate to publish for one space alone, and it knows no neighbours.

use crate::error::{AnalysisError, count, paired, positive};

/// Spaces taken at once.
pub const SPACES_MAX: usize = 100_000;

/// What all spaces have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overall {
    /// Overall rate, incidents per unit of exposure.
    pub mean: f64,
    /// Variance of the spaces' rates, beyond chance; 0 when there is no more than chance.
    pub variance: f64,
}

impl Overall {
    /// From counts and exposures.
    ///
    /// # Errors
    /// When there are none, their numbers differ, a count is negative or an exposure not positive.
    pub fn of(observed: &[f64], exposures: &[f64]) -> Result<Self, AnalysisError> {
        paired(("the observed counts", observed.len()), ("the exposures", exposures.len()), 1, SPACES_MAX)?;
        for (o, e) in observed.iter().zip(exposures) {
            count("an observed count", *o)?;
            positive("an exposure", *e)?;
        }
        let exposure: f64 = exposures.iter().sum();
        let mean = observed.iter().sum::<f64>() / exposure;
        let between: f64 = observed.iter().zip(exposures).map(|(o, e)| e * (o / e - mean).powi(2)).sum();
        let variance = between / exposure - mean / (exposure / exposures.len() as f64);
        Ok(Self { mean, variance: variance.max(0.0) })
    }

    /// The steadied rate of a space, per unit of exposure.
    #[must_use]
    pub fn steadied(&self, observed: f64, exposure: f64) -> f64 {
        let own = self.variance + self.mean / exposure;
        if own > 0.0 { self.mean + (observed / exposure - self.mean) * self.variance / own } else { self.mean }
    }
}

/// The steadied rates of all spaces, per unit of exposure.
///
/// # Errors
/// As [`Overall::of`].
pub fn empirical_bayes(observed: &[f64], exposures: &[f64]) -> Result<Vec<f64>, AnalysisError> {
    let overall = Overall::of(observed, exposures)?;
    Ok(observed.iter().zip(exposures).map(|(o, e)| overall.steadied(*o, *e)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_spaces_are_drawn_to_the_mean() {
        let steadied = empirical_bayes(&[2.0, 9.0, 0.0, 30.0, 4.0], &[12.0, 8.5, 1.2, 20.0, 6.0]).unwrap();
        let found: Vec<String> = steadied.iter().map(|rate| format!("{rate:.4}")).collect();
        assert_eq!(found, ["0.3731", "1.0198", "0.7392", "1.4007", "0.7829"]);
    }

    #[test]
    fn no_more_than_chance_is_one_rate_for_all() {
        assert_eq!(Overall::of(&[2.0, 2.0], &[10.0, 10.0]).unwrap(), Overall { mean: 0.2, variance: 0.0 });
        assert_eq!(empirical_bayes(&[1.0, 3.0], &[10.0, 10.0]).unwrap(), [0.2, 0.2]);
        assert_eq!(empirical_bayes(&[0.0, 0.0], &[1.0, 2.0]).unwrap(), [0.0, 0.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let lengths = empirical_bayes(&[1.0], &[1.0, 2.0]).unwrap_err().to_string();
        assert_eq!(lengths, "the observed counts has 1 values where the exposures has 2");
        assert!(empirical_bayes(&[], &[]).is_err());
        assert!(empirical_bayes(&[1.0, -1.0], &[1.0, 1.0]).is_err());
        assert!(empirical_bayes(&[1.0, 1.0], &[1.0, 0.0]).is_err());
    }

    proptest! {
        #[test]
        fn a_steadied_rate_lies_between_its_own_and_the_overall_one(
            spaces in prop::collection::vec((0_u32..200, 1_u32..1_000), 1..40),
        ) {
            let observed: Vec<f64> = spaces.iter().map(|space| f64::from(space.0)).collect();
            let exposures: Vec<f64> = spaces.iter().map(|space| f64::from(space.1) / 10.0).collect();
            let overall = Overall::of(&observed, &exposures).unwrap();
            for ((o, e), theta) in observed.iter().zip(&exposures).zip(empirical_bayes(&observed, &exposures).unwrap()) {
                let (raw, slack) = (o / e, 1e-9 * (1.0 + o / e));
                prop_assert!(theta >= raw.min(overall.mean) - slack && theta <= raw.max(overall.mean) + slack);
            }
        }
    }
}
