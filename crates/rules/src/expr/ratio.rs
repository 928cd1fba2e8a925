//! Exact fractions of 128-bit integers: the one number type of expressions.
//!
//! `7 / 2` is three and a half and `0.1 + 0.2 == 0.3`, because nothing is ever rounded (RULES.md, "File"). What does not
//! fit in 128 bits is a [`Fault`], and so is a division by zero; a condition that meets one is false, and is counted.
//!
//! **Invariant**: the denominator is positive and shares no factor with the numerator, so equal numbers are equal values.

use std::cmp::Ordering;

/// Why a number could not be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The divisor was zero.
    DivisionByZero,
    /// The result needs more than 128 bits.
    Overflow,
    /// An attribute of the space that nobody declared.
    Unknown,
}

/// An exact fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    /// Zero.
    pub(crate) const ZERO: Self = Self::whole(0);

    /// A whole number.
    pub(crate) const fn whole(number: i128) -> Self {
        Self { numerator: number, denominator: 1 }
    }

    /// A fraction in its lowest terms.
    pub(crate) fn new(numerator: i128, denominator: i128) -> Result<Self, Fault> {
        if denominator == 0 {
            return Err(Fault::DivisionByZero);
        }
        let divisor = gcd(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).map_err(|_| Fault::Overflow)?;
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        if denominator > 0 {
            return Ok(Self { numerator, denominator });
        }
        let numerator = numerator.checked_neg().ok_or(Fault::Overflow)?;
        Ok(Self { numerator, denominator: denominator.checked_neg().ok_or(Fault::Overflow)? })
    }

    /// The numerator in lowest terms.
    pub(crate) const fn numerator(self) -> i128 {
        self.numerator
    }

    /// The positive denominator in lowest terms.
    pub(crate) const fn denominator(self) -> i128 {
        self.denominator
    }

    /// `self + other`.
    pub(crate) fn plus(self, other: Self) -> Result<Self, Fault> {
        let common = gcd(self.denominator.unsigned_abs(), other.denominator.unsigned_abs());
        let common = i128::try_from(common).map_err(|_| Fault::Overflow)?;
        let (left, right) = (other.denominator / common, self.denominator / common);
        let sum = times(self.numerator, left)?.checked_add(times(other.numerator, right)?).ok_or(Fault::Overflow)?;
        Self::new(sum, times(self.denominator, left)?)
    }

    /// `self - other`.
    pub(crate) fn minus(self, other: Self) -> Result<Self, Fault> {
        self.plus(other.negated()?)
    }

    /// `self * other`; factors are shortened crosswise first, so that only the result has to fit.
    pub(crate) fn by(self, other: Self) -> Result<Self, Fault> {
        let left = Self::new(self.numerator, other.denominator)?;
        let right = Self::new(other.numerator, self.denominator)?;
        Self::new(times(left.numerator, right.numerator)?, times(left.denominator, right.denominator)?)
    }

    /// `self / other`.
    pub(crate) fn over(self, other: Self) -> Result<Self, Fault> {
        self.by(Self::new(other.denominator, other.numerator)?)
    }

    /// `-self`.
    pub(crate) fn negated(self) -> Result<Self, Fault> {
        Self::new(self.numerator.checked_neg().ok_or(Fault::Overflow)?, self.denominator)
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    /// Exact for all fractions: cross products when they fit, else the continued fractions of both, term by term.
    fn cmp(&self, other: &Self) -> Ordering {
        let left = self.numerator.checked_mul(other.denominator);
        let right = other.numerator.checked_mul(self.denominator);
        if let (Some(left), Some(right)) = (left, right) {
            return left.cmp(&right);
        }
        let (mut a, mut b, mut c, mut d) = (self.numerator, self.denominator, other.numerator, other.denominator);
        loop {
            let whole = a.div_euclid(b).cmp(&c.div_euclid(d));
            let (a_rest, c_rest) = (a.rem_euclid(b), c.rem_euclid(d));
            if whole.is_ne() || a_rest == 0 || c_rest == 0 {
                return whole.then(a_rest.cmp(&c_rest));
            }
            // a_rest/b < c_rest/d exactly when d/c_rest < b/a_rest; the terms shrink as in Euclid's algorithm.
            (a, b, c, d) = (d, c_rest, b, a_rest);
        }
    }
}

fn times(left: i128, right: i128) -> Result<i128, Fault> {
    left.checked_mul(right).ok_or(Fault::Overflow)
}

/// The greatest common divisor; 1 for two zeros, which divide by nothing.
fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ratio(numerator: i128, denominator: i128) -> Ratio {
        Ratio::new(numerator, denominator).unwrap()
    }

    #[test]
    fn computes_exactly_and_in_lowest_terms() {
        assert_eq!(ratio(6, -4), ratio(-3, 2));
        assert_eq!(ratio(1, 10).plus(ratio(2, 10)), Ok(ratio(3, 10)));
        assert_eq!(ratio(7, 1).over(ratio(2, 1)), Ok(ratio(7, 2)));
        assert_eq!(ratio(1, 3).by(ratio(3, 5)), Ok(ratio(1, 5)));
        assert_eq!(ratio(1, 2).minus(ratio(1, 3)), Ok(ratio(1, 6)));
    }

    #[test]
    fn faults_instead_of_wrapping() {
        assert_eq!(Ratio::ZERO.over(Ratio::ZERO), Err(Fault::DivisionByZero));
        assert_eq!(Ratio::whole(i128::MAX).plus(Ratio::whole(1)), Err(Fault::Overflow));
        assert_eq!(Ratio::whole(i128::MIN).negated(), Err(Fault::Overflow));
        assert_eq!(Ratio::whole(i128::MAX).by(Ratio::whole(2)), Err(Fault::Overflow));
    }

    #[test]
    fn compares_fractions_whose_cross_products_do_not_fit() {
        let (large, larger) = (ratio(i128::MAX - 1, i128::MAX), ratio(i128::MAX, i128::MAX - 1));
        assert!(large < Ratio::whole(1) && Ratio::whole(1) < larger && large < larger);
        assert!(ratio(i128::MAX - 2, i128::MAX) < large);
        assert_eq!(large.cmp(&large), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn order_agrees_with_cross_products(a: i64, b in 1..i64::MAX, c: i64, d in 1..i64::MAX) {
            let (left, right) = (ratio(a.into(), b.into()), ratio(c.into(), d.into()));
            let expected = (i128::from(a) * i128::from(d)).cmp(&(i128::from(c) * i128::from(b)));
            prop_assert_eq!(left.cmp(&right), expected);
        }
    }
}
