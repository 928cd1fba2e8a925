//! Measures of a few numbers, called with the numbers of a row.
//!
//! `None` is what does not exist: a rate without exposure, a share of nobody, a cell too small to be shown.

use super::answer::Answer;
use vigie_analysis::cells::{Disclosure, rounded};
use vigie_analysis::displace::{BeforeAfter, displacement};
use vigie_analysis::error::AnalysisError;
use vigie_analysis::estimate::Estimate;
use vigie_analysis::night;
use vigie_analysis::{rate, share, under_reporting};

/// What three functions, of the value and of its limits, are made of.
type Interval = Result<Option<Estimate>, AnalysisError>;

/// `rate(observed, exposure)`
pub(crate) fn rate(row: &[f64]) -> Interval {
    let [observed, exposure] = numbers(row);
    if exposure == 0.0 { Ok(None) } else { rate::rate(observed, exposure).map(Some) }
}

/// `share(k, n)`
pub(crate) fn share(row: &[f64]) -> Interval {
    let [k, n] = numbers(row);
    if n == 0.0 { Ok(None) } else { share::share(k, n).map(Some) }
}

/// `published_share(k, n)`
pub(crate) fn published_share(row: &[f64]) -> Interval {
    let [_, n] = numbers(row);
    Ok(share(row)?.filter(|_| Disclosure::default().shows_answers(n as u64)))
}

/// `happened(observed, reported, reported_low, reported_high)`
pub(crate) fn happened(row: &[f64]) -> Interval {
    let [observed, value, low, high] = numbers(row);
    under_reporting::happened(observed, Estimate { value, low, high }).map(Some)
}

/// `night_to_day(night, day)`
pub(crate) fn night_to_day(row: &[f64]) -> Interval {
    let [night, day] = numbers(row);
    if day == 0.0 { Ok(None) } else { night::night_to_day(night::NightAndDay { night, day }).map(Some) }
}

/// `night_change(night_before, day_before, night_after, day_after)`
pub(crate) fn night_change(row: &[f64]) -> Interval {
    let [night_before, day_before, night_after, day_after] = numbers(row);
    if night_before + day_before == 0.0 || night_after + day_after == 0.0 {
        return Ok(None);
    }
    let before = night::NightAndDay { night: night_before, day: day_before };
    night::night_change(before, night::NightAndDay { night: night_after, day: day_after }).map(Some)
}

/// `published_count(n)`
pub(crate) fn published_count(row: &[f64]) -> Result<Option<f64>, AnalysisError> {
    let count = whole(row[0])?;
    Ok(Disclosure::default().shows(count).then_some(count as f64))
}

/// `rounded_count(n)`
pub(crate) fn rounded_count(row: &[f64]) -> Result<Option<f64>, AnalysisError> {
    Ok(Some(rounded(whole(row[0])?) as f64))
}

/// `displacement(area_before, area_after, buffer_before, buffer_after, control_before, control_after)`
pub(crate) fn displaced(row: &[f64]) -> Result<Answer, AnalysisError> {
    let [a0, a1, b0, b1, c0, c1] = numbers(row);
    let area = |before, after| BeforeAfter { before, after };
    let found = displacement(area(a0, a1), area(b0, b1), area(c0, c1), SEED)?;
    let mut answer = Answer::default().with(Some(found.success)).with(Some(found.buffer)).with(found.quotient);
    if found.quotient.is_none() {
        answer.note =
            Some("the area did not fall against the control beyond chance: nothing can have moved".to_owned());
    }
    Ok(answer)
}

/// The seed of all bootstraps in SQL: the same rows give the same limits.
pub(crate) const SEED: u64 = 0x5649_4749_4531;

/// A count of things, which is a whole number up to 2^53.
pub(crate) fn whole(count: f64) -> Result<u64, AnalysisError> {
    if count.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&count) {
        return Ok(count as u64);
    }
    Err(AnalysisError::OutOfRange { what: "the count", found: count, expected: "a whole number from 0 on" })
}

fn numbers<const N: usize>(row: &[f64]) -> [f64; N] {
    row.try_into().expect("a function is called with the arguments it was planned with")
}
