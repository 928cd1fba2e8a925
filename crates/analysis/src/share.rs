//! Shares of people, with Wilson's interval.
//!
//! `p = k / n`; limits `(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)` (Wilson 1927, doi:10.1080/01621459.1927.10502953).
//! Of weighted answers the share is `sum w y / sum w`, and n is Kish's effective size `(sum w)² / sum w²` (Kish 1965).
//!
//! **Caveats.** The effective size knows unequal weights, not clustering by household or street: intervals of clustered
//! surveys are too narrow. Shares of differently worded or scaled questions are different measures; never pool them.

use crate::error::{AnalysisError, count, positive, within};
use crate::estimate::{Estimate, Z95};

/// A share of `n` people.
///
/// # Errors
/// When `n` is not positive or `k` is not between 0 and `n`.
pub fn share(k: f64, n: f64) -> Result<Estimate, AnalysisError> {
    let n = positive("the number of answers", n)?;
    let k =
        within("the number of people who said so", k, |k| (0.0..=n).contains(&k), "from 0 to the number of answers")?;
    Ok(wilson(k / n, n))
}

fn wilson(p: f64, n: f64) -> Estimate {
    let z2 = Z95 * Z95 / n;
    let (centre, half) = (p + z2 / 2.0, (z2 * (p * (1.0 - p) + z2 / 4.0)).sqrt());
    let limit = |side: f64| ((centre + side * half) / (1.0 + z2)).clamp(0.0, 1.0);
    // At 0 and 1 the limit is exact; rounding would leave it a hair away.
    let low = if p == 0.0 { 0.0 } else { limit(-1.0) };
    let high = if p == 1.0 { 1.0 } else { limit(1.0) };
    Estimate { value: p, low, high }
}

/// A share of answers with weights, taken in one by one. Sums only: its size does not grow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WeightedShare {
    weights: f64,
    weighted: f64,
    squares: f64,
}

impl WeightedShare {
    /// Takes `n` answers of weight `weight` each, of which `k` said so.
    ///
    /// # Errors
    /// When `k` is not between 0 and `n`, or a number is negative.
    pub fn take(&mut self, k: f64, n: f64, weight: f64) -> Result<(), AnalysisError> {
        let (n, weight) = (count("the number of answers", n)?, count("the weight", weight)?);
        let k = within(
            "the number of people who said so",
            k,
            |k| (0.0..=n).contains(&k),
            "from 0 to the number of answers",
        )?;
        self.weights += weight * n;
        self.weighted += weight * k;
        self.squares += weight * weight * n;
        Ok(())
    }

    /// Takes what another one took.
    pub fn merge(&mut self, other: &Self) {
        self.weights += other.weights;
        self.weighted += other.weighted;
        self.squares += other.squares;
    }

    /// The three sums: of weights, of weighted answers, of squared weights.
    #[must_use]
    pub const fn sums(&self) -> [f64; 3] {
        [self.weights, self.weighted, self.squares]
    }

    /// One with these sums, as [`Self::sums`] gave them.
    #[must_use]
    pub const fn of_sums([weights, weighted, squares]: [f64; 3]) -> Self {
        Self { weights, weighted, squares }
    }

    /// Kish's effective number of answers; 0 of none.
    #[must_use]
    pub fn effective_n(&self) -> f64 {
        if self.squares > 0.0 { self.weights * self.weights / self.squares } else { 0.0 }
    }

    /// The share.
    ///
    /// # Errors
    /// When there is no answer with a weight.
    pub fn share(&self) -> Result<Estimate, AnalysisError> {
        let weights = positive("the sum of weights", self.weights)?;
        let n = positive("the effective number of answers", self.effective_n())?;
        Ok(wilson((self.weighted / weights).clamp(0.0, 1.0), n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_wilsons() {
        let found = share(18.0, 40.0).unwrap();
        assert_eq!(format!("{:.4} {:.4}", found.low, found.high), "0.3071 0.6017");
        assert_eq!(share(0.0, 12.0).unwrap().to_string(), "0.000 (0.000-0.242)");
        assert_eq!(share(12.0, 12.0).unwrap().to_string(), "1.000 (0.758-1.000)");
    }

    #[test]
    fn weights_lower_the_effective_number() {
        let mut same = WeightedShare::default();
        same.take(18.0, 40.0, 2.5).unwrap();
        assert_eq!(same.share().unwrap().to_string(), share(18.0, 40.0).unwrap().to_string());
        let mut mixed = WeightedShare::default();
        for (says, weight) in [(1.0, 1.0), (0.0, 3.0), (1.0, 2.0), (0.0, 1.0)] {
            let mut one = WeightedShare::default();
            one.take(says, 1.0, weight).unwrap();
            mixed.merge(&one);
        }
        // (1+3+2+1)² / (1+9+4+1) = 49/15, share 3/7.
        assert!((mixed.effective_n() - 49.0 / 15.0).abs() < 1e-12);
        assert_eq!(mixed.share().unwrap().to_string(), "0.429 (0.101-0.833)");
        assert_eq!(WeightedShare::of_sums(mixed.sums()), mixed);
    }

    #[test]
    fn impossible_shares_are_refused() {
        let expected = "the number of people who said so is 5; it has to be from 0 to the number of answers";
        assert_eq!(share(5.0, 4.0).unwrap_err().to_string(), expected);
        assert!(share(0.0, 0.0).is_err() && share(-1.0, 4.0).is_err() && share(1.0, f64::NAN).is_err());
        assert!(WeightedShare::default().share().is_err());
        assert!(WeightedShare::default().take(1.0, 1.0, -1.0).is_err());
    }
}
