//! Rates: incidents per exposure.
//!
//! `1000 O / E`, O incidents in an exposure E (visitors, residents, hours: in the unit the caller gives), with Byar's 95 %
//! limits for the count: `O (1 - 1/(9 O) - z/(3 sqrt O))^3` and `(O+1) (1 - 1/(9 (O+1)) + z/(3 sqrt(O+1)))^3`; the lower one
//! is 0 at O = 0 (Breslow & Day 1987, Statistical Methods in Cancer Research II, p. 69; Rothman & Boice 1979).
//!
//! **Caveats.** The interval knows chance alone: not under-reporting, not that one event may bring several reports.
//! Residents are the wrong exposure for a public space: use visitors where a counter gives them, and no rate at all for
//! hours in which nothing was measured.

use crate::error::{AnalysisError, count, positive};
use crate::estimate::{Estimate, Z95};

/// What [`rate`] is per.
pub const PER: f64 = 1_000.0;

/// The count itself with Byar's limits.
///
/// # Errors
/// When `observed` is negative or not a number.
pub fn byar(observed: f64) -> Result<Estimate, AnalysisError> {
    let o = count("the observed count", observed)?;
    let limit = |o: f64, z: f64| o * (1.0 - 1.0 / (9.0 * o) + z / (3.0 * o.sqrt())).powi(3);
    // Below 1, which only weighted counts are, the cube may pass 0.
    let low = if o == 0.0 { 0.0 } else { limit(o, -Z95).max(0.0) };
    Ok(Estimate { value: o, low, high: limit(o + 1.0, Z95) })
}

/// Incidents per 1,000 units of exposure.
///
/// # Errors
/// When `observed` is negative or `exposure` is not greater than 0.
pub fn rate(observed: f64, exposure: f64) -> Result<Estimate, AnalysisError> {
    Ok(byar(observed)?.times(PER / positive("the exposure", exposure)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_byars() {
        for (observed, expected) in
            [(4.0, "4.000 (1.076-10.241)"), (10.0, "10.000 (4.787-18.391)"), (0.0, "0.000 (0.000-3.668)")]
        {
            assert_eq!(byar(observed).unwrap().to_string(), expected);
        }
        assert_eq!(rate(10.0, 5_000.0).unwrap().to_string(), "2.000 (0.957-3.678)");
    }

    #[test]
    fn what_is_no_count_is_refused() {
        assert_eq!(
            rate(-1.0, 5.0).unwrap_err().to_string(),
            "the observed count is -1; it has to be a number from 0 on"
        );
        assert_eq!(rate(1.0, 0.0).unwrap_err().to_string(), "the exposure is 0; it has to be a number greater than 0");
        assert!(rate(f64::NAN, 1.0).is_err() && rate(1.0, f64::INFINITY).is_err());
        assert!(byar(0.01).unwrap().low >= 0.0);
    }
}
