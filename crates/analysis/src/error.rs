//! Why a measure cannot be computed.
//!
//! The texts go to analysts as they are: what is wrong, what it was, what was expected.

/// Input that a measure is not defined for, or a computation that found no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// A number outside what the measure is defined for.
    #[error("{what} is {found}; it has to be {expected}")]
    OutOfRange {
        /// The argument.
        what: &'static str,
        /// Its value.
        found: f64,
        /// What would be right.
        expected: &'static str,
    },
    /// Arguments that belong together differ in length.
    #[error("{what} has {found} values where {other} has {expected}")]
    Lengths {
        /// The argument.
        what: &'static str,
        /// Its values.
        found: usize,
        /// The argument it belongs to.
        other: &'static str,
        /// The values of that.
        expected: usize,
    },
    /// Fewer values than the measure needs.
    #[error("{what}: {found} values; at least {needed} are needed")]
    TooFew {
        /// What there is too little of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// More values than the measure takes, so that time and memory stay bounded.
    #[error("{what}: {found} values; at most {max} are taken, aggregate them first")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many it takes.
        max: usize,
    },
    /// Values of which the measure needs at least two different ones.
    #[error("all values of {0} are the same, so nothing can vary with them")]
    Constant(&'static str),
    /// The terms of a model cannot be told apart by the data.
    #[error("the model cannot be fitted: its terms cannot be told apart ({0})")]
    Singular(&'static str),
    /// An iteration that did not settle.
    #[error("the model cannot be fitted: no convergence after {0} steps")]
    NoConvergence(usize),
}

/// The number, when it is finite and within bounds that `expected` describes.
///
/// # Errors
/// [`AnalysisError::OutOfRange`].
pub(crate) fn within(
    what: &'static str,
    found: f64,
    is_right: impl Fn(f64) -> bool,
    expected: &'static str,
) -> Result<f64, AnalysisError> {
    if found.is_finite() && is_right(found) {
        Ok(found)
    } else {
        Err(AnalysisError::OutOfRange { what, found, expected })
    }
}

/// A count: finite and not negative; fractional where weights make it so.
///
/// # Errors
/// [`AnalysisError::OutOfRange`].
pub(crate) fn count(what: &'static str, found: f64) -> Result<f64, AnalysisError> {
    within(what, found, |count| count >= 0.0, "a number from 0 on")
}

/// Something one divides by: finite and greater than 0.
///
/// # Errors
/// [`AnalysisError::OutOfRange`].
pub(crate) fn positive(what: &'static str, found: f64) -> Result<f64, AnalysisError> {
    within(what, found, |number| number > 0.0, "a number greater than 0")
}

/// Two arguments that belong together have as many values, between `needed` and `max`.
///
/// # Errors
/// [`AnalysisError::Lengths`], [`AnalysisError::TooFew`] or [`AnalysisError::TooMany`].
pub(crate) fn paired(
    (what, found): (&'static str, usize),
    (other, expected): (&'static str, usize),
    needed: usize,
    max: usize,
) -> Result<(), AnalysisError> {
    if found != expected {
        return Err(AnalysisError::Lengths { what, found, other, expected });
    }
    if found < needed {
        return Err(AnalysisError::TooFew { what, found, needed });
    }
    if found > max {
        return Err(AnalysisError::TooMany { what, found, max });
    }
    Ok(())
}
