//! Nights measured by the days of the same street.
//!
//! What lighting changes shows at night; what else changes in a street shows by day, too. So `night / day`, the ratio of two
//! counts of the same street, carries its own control, and the ratio of that ratio after and before a measure is what
//! happened at night beyond what happened by day (Tompson et al. 2023, doi:10.1007/s10940-022-09539-8). Day and night come
//! from where the sun stands, not from the clock.
//!
//! - [`night_to_day`]: given both counts together, the night's is binomial; the interval is Wilson's of its share s,
//!   carried over by `s / (1 - s)`.
//! - [`night_change`]: `(N1/D1) / (N0/D0)` with Woolf's interval `exp(ln OR ± z sqrt(1/N1 + 1/D1 + 1/N0 + 1/D0))` (Woolf 1955);
//!   with a 0 among the four, 1/2 is added to each (Haldane 1956; Anscombe 1956).
//!
//! **Caveats.** Darkness moves with the season: compare the same months. A measure that also changes days spoils the control.
//! Neighbouring streets tell what moved there: [`displace`](crate::displace).

use crate::error::{AnalysisError, count, positive};
use crate::estimate::{Estimate, Z95};
use crate::share::share;

/// Counts of a street by night and by day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NightAndDay {
    /// Incidents by night.
    pub night: f64,
    /// Incidents by day.
    pub day: f64,
}

/// Incidents by night for each one by day.
///
/// # Errors
/// When a count is negative or there is none by day. The upper limit then would be infinite.
pub fn night_to_day(counts: NightAndDay) -> Result<Estimate, AnalysisError> {
    let (night, day) = (count("the count by night", counts.night)?, positive("the count by day", counts.day)?);
    let nights = share(night, night + day)?;
    let odds = |share: f64| share / (1.0 - share);
    Ok(Estimate { value: night / day, low: odds(nights.low), high: odds(nights.high) })
}

/// How the ratio of night to day changed: below 1, nights became quieter than days tell.
///
/// # Errors
/// When a count is negative, or nothing at all was reported before or after.
pub fn night_change(before: NightAndDay, after: NightAndDay) -> Result<Estimate, AnalysisError> {
    let mut cells = [after.night, after.day, before.night, before.day];
    for cell in cells {
        count("a count by night or day", cell)?;
    }
    positive("the count before, night and day together", before.night + before.day)?;
    positive("the count after, night and day together", after.night + after.day)?;
    if cells.contains(&0.0) {
        cells = cells.map(|cell| cell + 0.5);
    }
    let [n1, d1, n0, d0] = cells;
    let log_ratio = (n1 / d1 / (n0 / d0)).ln();
    let half = Z95 * cells.iter().map(|cell| 1.0 / cell).sum::<f64>().sqrt();
    Ok(Estimate { value: log_ratio.exp(), low: (log_ratio - half).exp(), high: (log_ratio + half).exp() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_by_their_days() {
        let found = night_to_day(NightAndDay { night: 18.0, day: 22.0 }).unwrap();
        assert_eq!(found.to_string(), "0.818 (0.443-1.511)");
        let quieter =
            night_change(NightAndDay { night: 40.0, day: 50.0 }, NightAndDay { night: 20.0, day: 50.0 }).unwrap();
        assert_eq!(quieter.to_string(), "0.500 (0.257-0.972)");
        let zero = night_change(NightAndDay { night: 4.0, day: 5.0 }, NightAndDay { night: 0.0, day: 5.0 }).unwrap();
        assert_eq!(zero.to_string(), "0.111 (0.005-2.597)");
    }

    #[test]
    fn nothing_to_compare_with_is_refused() {
        assert!(night_to_day(NightAndDay { night: 1.0, day: 0.0 }).is_err());
        let none = NightAndDay { night: 0.0, day: 0.0 };
        assert!(night_change(none, NightAndDay { night: 1.0, day: 1.0 }).is_err());
        assert!(night_change(NightAndDay { night: -1.0, day: 1.0 }, NightAndDay { night: 1.0, day: 1.0 }).is_err());
    }
}
