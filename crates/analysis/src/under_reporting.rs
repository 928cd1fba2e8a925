//! What happened, from what was reported.
//!
//! `O / pi`: reported incidents over the share that is reported, pi, which only a victimisation survey can give (Skogan 1977;
//! for France the survey VRS of the SSMSI, for England and Wales the CSEW). Always a band: from Byar's lower limit of O over
//! pi's upper limit to Byar's upper limit over pi's lower one.
//!
//! **Caveats.** The band is wider than 95 %, as both ends take the worst of two intervals. pi differs by category, group and
//! place; one of a whole country says little of one square. What sensors detect is a series of its own: a new camera
//! raises counts without anything more happening.

use crate::error::{AnalysisError, within};
use crate::estimate::Estimate;
use crate::rate::byar;

/// The band of what happened.
///
/// # Errors
/// When `observed` is negative, or `reported` is not a share with limits around it, the lower one greater than 0.
pub fn happened(observed: f64, reported: Estimate) -> Result<Estimate, AnalysisError> {
    let expected = "greater than 0, at most 1, and not above the next: lower limit, share, upper limit";
    let Estimate { value, low, high } = reported;
    within("the lower limit of the share that is reported", low, |low| low > 0.0 && low <= value, expected)?;
    within("the share that is reported", value, |value| value <= high, expected)?;
    within("the upper limit of the share that is reported", high, |high| high <= 1.0, expected)?;
    let count = byar(observed)?;
    Ok(Estimate { value: count.value / value, low: count.low / high, high: count.high / low })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_band_takes_both_uncertainties() {
        let reported = Estimate { value: 0.4, low: 0.3, high: 0.5 };
        assert_eq!(happened(10.0, reported).unwrap().to_string(), "25.000 (9.575-61.305)");
    }

    #[test]
    fn a_share_without_a_sound_interval_is_refused() {
        for (value, low, high) in
            [(0.4, 0.0, 0.5), (0.4, 0.5, 0.6), (0.4, 0.3, 0.2), (0.4, 0.3, 1.1), (f64::NAN, 0.1, 0.2)]
        {
            assert!(happened(10.0, Estimate { value, low, high }).is_err(), "{value} {low} {high}");
        }
    }
}
