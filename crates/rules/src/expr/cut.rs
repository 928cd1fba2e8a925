//! A constant that values are compared with, small enough to be reckoned with in integers.

use crate::expr::fold::Quantity;
use std::cmp::Ordering;

/// A constant on the axis of values: `micros / scale` millionths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// The dividend.
    pub(crate) micros: i64,
    /// The divisor, at least one.
    pub(crate) scale: i64,
}

/// Cuts beyond these are left to exact evaluation: here products with any value have to fit.
const MICROS_MAX: i64 = 1 << 61;
const SCALE_MAX: i64 = 1 << 31;

impl Cut {
    /// The cut of a folded comparison; `None` when it is beyond exact reckoning.
    pub(crate) fn new(micros: i128, scale: i128) -> Option<Self> {
        let micros = i64::try_from(micros).ok().filter(|micros| (-MICROS_MAX..=MICROS_MAX).contains(micros))?;
        let scale = i64::try_from(scale).ok().filter(|scale| (1..=SCALE_MAX).contains(scale))?;
        Some(Self { micros, scale })
    }

    /// How two cuts stand to each other.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let product = |one: i64, other: i64| i128::from(one) * i128::from(other);
        product(self.micros, other.scale).cmp(&product(other.micros, self.scale))
    }

    /// How a value whose sum fits in 64 bits compares with the cut.
    pub(crate) fn compare(self, quantity: Quantity) -> Ordering {
        let cut = i128::from(self.micros) * i128::from(quantity.count);
        (quantity.micros * i128::from(self.scale)).cmp(&cut)
    }

    /// Whether it is a whole number of millionths.
    pub(crate) const fn is_whole(self) -> bool {
        self.micros.rem_euclid(self.scale) == 0
    }

    /// The largest number of millionths not above the cut.
    pub(crate) const fn floor(self) -> i64 {
        self.micros.div_euclid(self.scale)
    }

    /// The smallest number of millionths not below the cut.
    pub(crate) const fn ceiling(self) -> i64 {
        self.floor() + !self.is_whole() as i64
    }
}
