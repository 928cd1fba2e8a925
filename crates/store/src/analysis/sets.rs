//! Measures of a set of rows: `columns[argument][row]`, in an order that does not depend on how the rows came.

use super::answer::Answer;
use super::formulas::SEED;
use super::work::Work;
use vigie_analysis::associate::{Association, REPLICATES, spearman};
use vigie_analysis::error::AnalysisError;
use vigie_analysis::series::{Model, Series, Spread, interrupted};
use vigie_analysis::standard::{Group, standardised_share};

/// Months make a year: the period of every seasonal series here.
const PERIOD: f64 = 12.0;

/// `spearman(x, y)`
pub(crate) fn ranks(columns: &[Vec<f64>], work: &Work) -> Result<Answer, AnalysisError> {
    work.take((REPLICATES * columns[0].len()) as u64)?;
    Ok(said(&spearman(&columns[0], &columns[1], SEED)?))
}

/// `spearman_lag(time, x, y, lag)`: x at a time with y at `lag` steps of time later.
pub(crate) fn lagged_ranks(columns: &[Vec<f64>], work: &Work) -> Result<Answer, AnalysisError> {
    let [times, xs, ys, lags] = columns else { return Err(missing("the times")) };
    let lag = only("the lag", lags)?;
    strictly_rising(times)?;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (time, x) in times.iter().zip(xs) {
        if let Ok(later) = times.binary_search_by(|other| other.total_cmp(&(time + lag))) {
            first.push(*x);
            second.push(ys[later]);
        }
    }
    work.take((REPLICATES * first.len()) as u64)?;
    Ok(said(&spearman(&first, &second, SEED)?))
}

fn said(found: &Association) -> Answer {
    let mut answer = Answer::default().with(Some(found.rho));
    answer.numbers.extend([Some(found.p), Some(found.pairs as f64)]);
    answer
}

/// `interrupted_series(time, count, exposure, start)`: level and slope, two harmonics, quasi-Poisson.
pub(crate) fn interrupted_series(columns: &[Vec<f64>], _work: &Work) -> Result<Answer, AnalysisError> {
    fitted(columns, true, 2, Spread::Quasi)
}

/// `interrupted_level(time, count, exposure, start)`: level alone, two harmonics, quasi-Poisson.
pub(crate) fn interrupted_level(columns: &[Vec<f64>], _work: &Work) -> Result<Answer, AnalysisError> {
    fitted(columns, false, 2, Spread::Quasi)
}

/// `interrupted_poisson(time, count, exposure, start)`: level alone, no season, Poisson.
pub(crate) fn interrupted_poisson(columns: &[Vec<f64>], _work: &Work) -> Result<Answer, AnalysisError> {
    fitted(columns, false, 0, Spread::Poisson)
}

fn fitted(columns: &[Vec<f64>], slope: bool, harmonics: usize, spread: Spread) -> Result<Answer, AnalysisError> {
    let [times, counts, exposures, starts] = columns else { return Err(missing("the times")) };
    let start = only("the start of the measure", starts)?;
    strictly_rising(times)?;
    let model = Model { start, slope, harmonics, period: PERIOD, spread };
    let fit = interrupted(&Series { times, counts, exposures }, &model)?;
    let mut answer = Answer::default().with(Some(fit.level)).with(fit.slope).with(Some(fit.trend));
    answer.numbers.extend([fit.phi, fit.autocorrelation, times.len() as f64].map(Some));
    Ok(answer)
}

/// `standardised_share(k, n, standard)`: a row for each group.
pub(crate) fn standardised(columns: &[Vec<f64>], _work: &Work) -> Result<Answer, AnalysisError> {
    let [said, asked, standard] = columns else { return Err(missing("the groups")) };
    let group = |at: usize| Group { k: said[at], n: asked[at], standard: standard[at] };
    let groups: Vec<Group> = (0..said.len()).map(group).collect();
    let mut answer = Answer::default().with(Some(standardised_share(&groups)?));
    answer.numbers.push(Some(asked.iter().sum()));
    Ok(answer)
}

/// The one value of an argument that has to be the same in all rows.
fn only(what: &'static str, values: &[f64]) -> Result<f64, AnalysisError> {
    let Some(first) = values.first() else { return Err(missing(what)) };
    match values.iter().find(|value| *value != first) {
        None => Ok(*first),
        Some(other) => Err(AnalysisError::OutOfRange { what, found: *other, expected: "the same in all rows" }),
    }
}

/// Rows come sorted by their first argument; two of one time would count twice.
fn strictly_rising(times: &[f64]) -> Result<(), AnalysisError> {
    match times.windows(2).find(|pair| pair[0] >= pair[1] || pair[1].is_nan()) {
        None => Ok(()),
        Some(pair) => {
            let expected = "there once; group rows by time first";
            Err(AnalysisError::OutOfRange { what: "a time", found: pair[1], expected })
        }
    }
}

fn missing(what: &'static str) -> AnalysisError {
    AnalysisError::TooFew { what, found: 0, needed: 1 }
}
