//! Whether two measures go together: Spearman's rank correlation.
//!
//! Pearson's correlation of mid-ranks (Spearman 1904; ties share their mean rank). Its p-value is that of
//! `t = rho sqrt((n-2) / (1-rho²))` with n - 2 degrees of freedom, its interval the percentile bootstrap over pairs (Efron &
//! Tibshirani 1993, ch. 13) with [`REPLICATES`] replicates. With lags, the second series is compared with the first one
//! `lag` steps earlier, and p-values are adjusted for the number of lags tried (Holm 1979).
//!
//! **Caveats.** Together is not because of. Pairs count as independent: two series that both grow correlate without any
//! relation, so take out trend and season first, and read intervals of monthly series as too narrow.

use crate::chance::Chance;
use crate::error::{AnalysisError, paired, within};
use crate::estimate::{Estimate, percentile_interval};
use crate::moments::{correlation, mid_ranks};
use statrs::function::beta::beta_reg;

/// Replicates of the bootstrap.
pub const REPLICATES: usize = 1_000;
/// Pairs it takes at least: fewer have no interval worth the name.
pub const PAIRS_MIN: usize = 4;
/// Pairs taken at once.
pub const PAIRS_MAX: usize = 10_000;
/// Longest lag, in steps of the series.
pub const LAG_MAX: usize = 24;

/// How two measures go together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Association {
    /// Spearman's rho.
    pub rho: Estimate,
    /// Two-sided p-value of there being no association.
    pub p: f64,
    /// Pairs it rests on.
    pub pairs: usize,
}

/// The association at a lag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lagged {
    /// Steps by which the first series comes before the second.
    pub lag: usize,
    /// The association.
    pub association: Association,
    /// p-value adjusted for all lags tried (Holm).
    pub p_holm: f64,
}

/// Spearman's correlation of pairs.
///
/// # Errors
/// When the numbers of values differ or are too few or too many, a value is not a number, or one side does not vary.
pub fn spearman(xs: &[f64], ys: &[f64], seed: u64) -> Result<Association, AnalysisError> {
    paired(("the first measure", xs.len()), ("the second", ys.len()), PAIRS_MIN, PAIRS_MAX)?;
    for (what, values) in [("a value of the first measure", xs), ("a value of the second measure", ys)] {
        for value in values {
            within(what, *value, |_| true, "a number")?;
        }
    }
    let rank_correlation = |xs: &[f64], ys: &[f64]| correlation(&mid_ranks(xs), &mid_ranks(ys));
    let Some(rho) = rank_correlation(xs, ys) else {
        let constant = if xs.iter().all(|x| *x == xs[0]) { "the first measure" } else { "the second measure" };
        return Err(AnalysisError::Constant(constant));
    };
    let chance = &mut Chance::new(seed);
    let mut replicates = Vec::with_capacity(REPLICATES);
    let (mut drawn_x, mut drawn_y) = (vec![0.0; xs.len()], vec![0.0; xs.len()]);
    for _ in 0..REPLICATES {
        for (x, y) in drawn_x.iter_mut().zip(&mut drawn_y) {
            let pair = chance.below(xs.len());
            (*x, *y) = (xs[pair], ys[pair]);
        }
        // Without variation a replicate says nothing.
        replicates.extend(rank_correlation(&drawn_x, &drawn_y));
    }
    if replicates.len() < REPLICATES / 2 {
        return Err(AnalysisError::Constant("a measure in most replicates"));
    }
    Ok(Association { rho: percentile_interval(rho, &mut replicates), p: p_value(rho, xs.len()), pairs: xs.len() })
}

/// The tail of Student's t as an incomplete beta function.
fn p_value(rho: f64, pairs: usize) -> f64 {
    let free = (pairs - 2) as f64;
    // free / (free + t²) = 1 - rho²
    beta_reg(free / 2.0, 0.5, (1.0 - rho * rho).clamp(0.0, 1.0))
}

/// Spearman's correlation of a series with another `0..=lag_max` steps later.
///
/// # Errors
/// As [`spearman`]; when `lag_max` is beyond [`LAG_MAX`], or leaves fewer than [`PAIRS_MIN`] pairs.
pub fn spearman_lags(first: &[f64], second: &[f64], lag_max: usize, seed: u64) -> Result<Vec<Lagged>, AnalysisError> {
    paired(("the first measure", first.len()), ("the second", second.len()), PAIRS_MIN + lag_max, PAIRS_MAX)?;
    if lag_max > LAG_MAX {
        return Err(AnalysisError::TooMany { what: "the lags", found: lag_max, max: LAG_MAX });
    }
    let mut lagged = Vec::with_capacity(lag_max + 1);
    for lag in 0..=lag_max {
        let association = spearman(&first[..first.len() - lag], &second[lag..], seed.wrapping_add(lag as u64))?;
        lagged.push(Lagged { lag, association, p_holm: association.p });
    }
    let adjusted = holm(&lagged.iter().map(|one| one.association.p).collect::<Vec<_>>());
    for (one, p_holm) in lagged.iter_mut().zip(adjusted) {
        one.p_holm = p_holm;
    }
    Ok(lagged)
}

/// p-values adjusted so that the chance of any false finding among them stays below what each is compared with (Holm 1979):
/// the smallest times m, the next times m - 1, and so on, never falling.
#[must_use]
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&one, &other| ps[one].total_cmp(&ps[other]));
    let (mut adjusted, mut least) = (vec![0.0; ps.len()], 0.0_f64);
    for (rank, index) in order.into_iter().enumerate() {
        least = least.max((ps.len() - rank) as f64 * ps[index]).min(1.0);
        adjusted[index] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// scipy.stats.spearmanr([1, 2, 3, 4, 5, 5], [5, 6, 7, 8, 7, 9]): 0.8382, p 0.0371.
    #[test]
    fn ranks_with_ties() {
        let found = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0, 9.0], 3).unwrap();
        assert_eq!(format!("{:.4} {:.4}", found.rho.value, found.p), "0.8382 0.0371");
        let rising: Vec<f64> = (0..9).map(f64::from).collect();
        let same = spearman(&rising, &rising, 3).unwrap();
        assert_eq!((same.rho.value, same.p, same.rho.low), (1.0, 0.0, 1.0));
    }

    #[test]
    fn the_lag_is_found() {
        let chance = &mut Chance::new(11);
        let first: Vec<f64> = (0..48).map(|_| chance.poisson(20.0)).collect();
        let second: Vec<f64> = (0..48).map(|month| if month < 3 { 20.0 } else { first[month - 3] }).collect();
        let lagged = spearman_lags(&first, &second, 6, 5).unwrap();
        let best = lagged.iter().min_by(|one, other| one.p_holm.total_cmp(&other.p_holm)).unwrap();
        assert_eq!((best.lag, best.association.pairs), (3, 45));
        assert!(best.p_holm < 1e-6);
    }

    #[test]
    fn holm_is_holms() {
        // statsmodels multipletests([.01, .04, .03, .005], method='holm'): .03, .06, .06, .02
        assert_eq!(holm(&[0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]);
    }

    #[test]
    fn what_does_not_vary_is_refused() {
        let refused = |xs: &[f64], ys: &[f64]| spearman(xs, ys, 1).unwrap_err().to_string();
        let flat = refused(&[1.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(flat, "all values of the first measure are the same, so nothing can vary with them");
        assert_eq!(refused(&[1.0; 3], &[1.0; 3]), "the first measure: 3 values; at least 4 are needed");
        assert!(refused(&[1.0, f64::NAN, 2.0, 3.0], &[1.0; 4]).starts_with("a value of the first measure is NaN"));
    }

    proptest! {
        #[test]
        fn adjusted_values_never_fall_below_their_own(ps in prop::collection::vec(0.0..1.0_f64, 1..20)) {
            let adjusted = holm(&ps);
            prop_assert!(ps.iter().zip(&adjusted).all(|(p, a)| p <= a && *a <= 1.0));
        }

        #[test]
        fn rho_does_not_change_with_a_rising_scale(xs in prop::collection::vec(0_u8..20, 6..30)) {
            let xs: Vec<f64> = xs.into_iter().map(f64::from).collect();
            let ys: Vec<f64> = xs.iter().enumerate().map(|(at, x)| x + (at % 5) as f64).collect();
            let scaled: Vec<f64> = xs.iter().map(|x| x.exp()).collect();
            if let (Ok(one), Ok(other)) = (spearman(&xs, &ys, 1), spearman(&scaled, &ys, 1)) {
                prop_assert_eq!(one, other);
            }
        }
    }
}
