//! Exact fractions, so that nothing is rounded before a comparison.

use std::cmp::Ordering;

/// A fraction in lowest terms; `below` is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    above: i128,
    below: i128,
}

impl Ratio {
    /// `above / below`; none when `below` is zero.
    pub(crate) fn new(above: i128, below: i128) -> Option<Self> {
        if below == 0 {
            return None;
        }
        let divisor = greatest_common_divisor(above.unsigned_abs(), below.unsigned_abs());
        let divisor = i128::try_from(divisor).expect("divides both") * below.signum();
        Some(Self { above: above / divisor, below: below / divisor })
    }

    /// A value given in millionths.
    pub(crate) fn of_micros(micros: i128) -> Self {
        Self::new(micros, 1_000_000).expect("not divided by zero")
    }

    /// A whole number.
    pub(crate) fn of_count(count: usize) -> Self {
        Self { above: count as i128, below: 1 }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let above = self.above * other.below + other.above * self.below;
        Self::new(above, self.below * other.below).expect("no denominator is zero")
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        self.plus(Self { above: -other.above, below: other.below })
    }

    pub(crate) fn times(self, other: Self) -> Self {
        Self::new(self.above * other.above, self.below * other.below).expect("no denominator is zero")
    }

    /// None when `other` is zero.
    pub(crate) fn over(self, other: Self) -> Option<Self> {
        Self::new(self.above * other.below, self.below * other.above)
    }

    /// Without its fraction, for a reference that is wrong on purpose.
    pub(crate) fn truncated_to_units(self) -> Self {
        Self { above: self.above.div_euclid(self.below), below: 1 }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.above * other.below).cmp(&(other.above * self.below))
    }
}

fn greatest_common_divisor(one: u128, other: u128) -> u128 {
    if other == 0 { one } else { greatest_common_divisor(other, one % other) }
}
