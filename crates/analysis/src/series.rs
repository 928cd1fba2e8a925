//! Interrupted time series: what changed when a measure was taken.
//!
//! `log mu = log E + b0 + b1 t + b2 X + b3 (t - t0) X + harmonics` (Bernal, Cummins & Gasparrini 2017, doi:10.1093/ije/dyw098, with
//! its correction of 2020): counts with exposure E at times t; X is 1 from the measure at t0 on; each harmonic is a pair
//! `sin(2 pi k t / period), cos(2 pi k t / period)`. Fitted by iteratively reweighted least squares. exp(b2) is the change of
//! level, exp(b3) of slope per step of time, each with `exp(b ± z se)`.
//!
//! Counts vary more than Poisson's: with [`Spread::Quasi`] the variance is `phi mu`, phi = Pearson's chi-squared over
//! the degrees of freedom left, and standard errors grow by sqrt(phi) (McCullagh & Nelder 1989, 4.5). A phi below 1 shrinks
//! them, as in R.
//!
//! **Caveats.** Whatever else happened at t0 is in the effect; a control series is worth more than a p-value. Say before
//! looking whether level, slope or both should change. The interval knows no autocorrelation: look at
//! [`Fit::autocorrelation`], and distrust the interval when it is far from 0. Short series cannot tell season from effect.

use crate::error::{AnalysisError, count, paired, positive, within};
use crate::estimate::{Estimate, Z95};
use nalgebra::{DMatrix, DVector};
use std::f64::consts::TAU;

/// Points in time taken at once.
pub const POINTS_MAX: usize = 10_000;
/// Pairs of sine and cosine.
pub const HARMONICS_MAX: usize = 4;
const STEPS_MAX: usize = 50;
/// The change of deviance that counts as settled, relative; R's default is 1e-8.
const SETTLED: f64 = 1e-10;
/// A term whose own part of the design is smaller than this part of the largest is one the others make up.
const RANK_LEAST: f64 = 1e-9;

/// What is counted over time.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// Times, in steps of the series: months from 1 on.
    pub times: &'a [f64],
    /// Counts.
    pub counts: &'a [f64],
    /// Exposure of each: visitors, residents, days of the month.
    pub exposures: &'a [f64],
}

/// How far counts spread around their mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// As Poisson's: variance = mean.
    Poisson,
    /// Variance = phi times the mean.
    Quasi,
}

/// What is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// First time at which the measure holds.
    pub start: f64,
    /// Whether the slope may change as well as the level.
    pub slope: bool,
    /// Pairs of sine and cosine; 0 for no season.
    pub harmonics: usize,
    /// Steps in a year (or whatever repeats): 12 for months.
    pub period: f64,
    /// How far counts spread.
    pub spread: Spread,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Rate ratio of the level: after over before, at `start`.
    pub level: Estimate,
    /// Rate ratio of the slope per step, when the model lets it change.
    pub slope: Option<Estimate>,
    /// Rate ratio per step before the measure.
    pub trend: Estimate,
    /// Pearson's chi-squared over the degrees of freedom left.
    pub phi: f64,
    /// Correlation of each Pearson residual with the next.
    pub autocorrelation: f64,
    /// b0, b1, b2, then b3 if the slope may change, then sine and cosine of each harmonic.
    pub coefficients: Vec<f64>,
    /// Their standard errors.
    pub standard_errors: Vec<f64>,
    /// What the model expects at each point, in their order.
    pub expected: Vec<Expected>,
    /// What it would have expected from the start on, all points together, had the measure not been taken.
    pub without_measure: Estimate,
}

/// What a fitted model expects at one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The mean.
    pub mean: f64,
    /// The mean as it would have been without the measure: the counterfactual. Before the start it is the mean itself. The
    /// interval is that of the mean, single counts scatter around it further.
    pub without_measure: Estimate,
}

/// Fits the model.
///
/// # Errors
/// When the series are not of one length, are shorter than the model's terms or hold impossible numbers; nothing happened
/// before or after the start; terms cannot be told apart; or the fit does not settle.
pub fn interrupted(series: &Series<'_>, model: &Model) -> Result<Fit, AnalysisError> {
    let design = design(series, model)?;
    let counts = DVector::from_column_slice(series.counts);
    let offset = DVector::from_iterator(counts.len(), series.exposures.iter().map(|exposure| exposure.ln()));
    let (coefficients, means) = settled(&design, &counts, &offset)?;
    let factored = Factored::of(weighted(&design, &means))?;
    let variances = factored.variances()?;
    let residuals: Vec<f64> = counts.iter().zip(&means).map(|(count, mean)| (count - mean) / mean.sqrt()).collect();
    let free = (design.nrows() - design.ncols()) as f64;
    let phi = residuals.iter().map(|residual| residual * residual).sum::<f64>() / free;
    let scale = if model.spread == Spread::Quasi { phi } else { 1.0 };
    let standard_errors: Vec<f64> = variances.iter().map(|variance| (variance * scale).sqrt()).collect();
    let ratio = |term: usize| from_logarithm(coefficients[term], standard_errors[term]);
    let counterfactual = Counterfactual { factored: &factored, coefficients: &coefficients, scale };
    let untouched = without_terms_of_the_measure(design, model);
    let points = untouched.row_iter().zip(&offset).zip(&means);
    let expected: Vec<Expected> = points
        .map(|((terms, offset), mean)| {
            Ok(Expected { mean: *mean, without_measure: counterfactual.mean(&terms.transpose(), *offset)? })
        })
        .collect::<Result<_, AnalysisError>>()?;
    let from_start: Vec<usize> = (0..expected.len()).filter(|point| series.times[*point] >= model.start).collect();
    let without_measure = counterfactual.total(&untouched, &expected, &from_start)?;
    Ok(Fit {
        level: ratio(2),
        slope: model.slope.then(|| ratio(3)),
        trend: ratio(1),
        phi,
        autocorrelation: lag_one(&residuals),
        coefficients: coefficients.iter().copied().collect(),
        standard_errors,
        expected,
        without_measure,
    })
}

/// `exp(b)` with `exp(b ± z se)`.
fn from_logarithm(b: f64, standard_error: f64) -> Estimate {
    let half = Z95 * standard_error;
    Estimate { value: b.exp(), low: (b - half).exp(), high: (b + half).exp() }
}

/// The design as it would be had the measure never started.
fn without_terms_of_the_measure(mut design: DMatrix<f64>, model: &Model) -> DMatrix<f64> {
    design.columns_mut(2, 1 + usize::from(model.slope)).fill(0.0);
    design
}

/// What is expected of points by a fitted model.
struct Counterfactual<'a> {
    factored: &'a Factored,
    coefficients: &'a DVector<f64>,
    scale: f64,
}

impl Counterfactual<'_> {
    /// The mean of a point.
    fn mean(&self, terms: &DVector<f64>, offset: f64) -> Result<Estimate, AnalysisError> {
        let variance = self.factored.variance_of(terms)? * self.scale;
        Ok(from_logarithm(self.coefficients.dot(terms) + offset, variance.sqrt()))
    }

    /// The sum of the means of some points. Its logarithm changes with each coefficient by the mean of that term, weighted by
    /// the means of the points (delta method).
    fn total(&self, design: &DMatrix<f64>, expected: &[Expected], points: &[usize]) -> Result<Estimate, AnalysisError> {
        let total: f64 = points.iter().map(|point| expected[*point].without_measure.value).sum();
        let mut terms = DVector::zeros(design.ncols());
        for point in points {
            terms += design.row(*point).transpose() * (expected[*point].without_measure.value / total);
        }
        let variance = self.factored.variance_of(&terms)? * self.scale;
        Ok(from_logarithm(total.ln(), variance.sqrt()))
    }
}

/// A row for each point, a column for each term.
fn design(series: &Series<'_>, model: &Model) -> Result<DMatrix<f64>, AnalysisError> {
    if model.harmonics > HARMONICS_MAX {
        return Err(AnalysisError::TooMany { what: "the harmonics", found: model.harmonics, max: HARMONICS_MAX });
    }
    let terms = 3 + usize::from(model.slope) + 2 * model.harmonics;
    let points = series.counts.len();
    paired(("the counts", points), ("the times", series.times.len()), terms + 1, POINTS_MAX)?;
    paired(("the exposures", series.exposures.len()), ("the times", points), terms + 1, POINTS_MAX)?;
    let period = positive("the period", model.period)?;
    let start = within("the start of the measure", model.start, |_| true, "a time")?;
    let (mut before, mut after) = (0.0, 0.0);
    for ((time, found), exposure) in series.times.iter().zip(series.counts).zip(series.exposures) {
        positive("an exposure", *exposure)?;
        let side = if within("a time", *time, |_| true, "a number")? >= start { &mut after } else { &mut before };
        *side += count("a count", *found)?;
    }
    positive("the count before the start of the measure", before)?;
    positive("the count from the start of the measure on", after)?;
    Ok(DMatrix::from_fn(points, terms, |row, term| {
        let time = series.times[row];
        let held = if time >= start { 1.0 } else { 0.0 };
        match (term, model.slope) {
            (0, _) => 1.0,
            (1, _) => time,
            (2, _) => held,
            (3, true) => (time - start) * held,
            (term, slope) => {
                let place = term - 3 - usize::from(slope);
                let angle = TAU * (place / 2 + 1) as f64 * time / period;
                if place % 2 == 0 { angle.sin() } else { angle.cos() }
            }
        }
    }))
}

/// Coefficients and means at which the deviance no longer changes.
fn settled(
    design: &DMatrix<f64>,
    counts: &DVector<f64>,
    offset: &DVector<f64>,
) -> Result<(DVector<f64>, DVector<f64>), AnalysisError> {
    let mut means = counts.map(|count| count + 0.1);
    let mut before = f64::INFINITY;
    for _ in 0..STEPS_MAX {
        let working = means.map(f64::ln) - offset + (counts - &means).component_div(&means);
        let target = working.component_mul(&means.map(f64::sqrt));
        let coefficients = Factored::of(weighted(design, &means))?.solve(&target)?;
        means = (design * &coefficients + offset).map(f64::exp);
        if !means.iter().all(|mean| mean.is_finite() && *mean > 0.0) {
            return Err(AnalysisError::NoConvergence(STEPS_MAX));
        }
        let now = deviance(counts, &means);
        if (now - before).abs() <= SETTLED * (now.abs() + 0.1) {
            return Ok((coefficients, means));
        }
        before = now;
    }
    Err(AnalysisError::NoConvergence(STEPS_MAX))
}

/// Each row times the root of its mean, which is its weight.
fn weighted(design: &DMatrix<f64>, means: &DVector<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(design.nrows(), design.ncols(), |row, term| design[(row, term)] * means[row].sqrt())
}

/// A weighted design as an orthogonal matrix times a triangle, its columns brought to one length first: what is small is
/// small whatever its unit, and times far from 0 cost few digits.
struct Factored {
    orthogonal: DMatrix<f64>,
    triangle: DMatrix<f64>,
    lengths: Vec<f64>,
}

impl Factored {
    fn of(mut design: DMatrix<f64>) -> Result<Self, AnalysisError> {
        let lengths: Vec<f64> = design.column_iter().map(|column| column.norm()).collect();
        for (mut column, length) in design.column_iter_mut().zip(&lengths) {
            if *length == 0.0 {
                return Err(AnalysisError::Singular("a term is 0 throughout"));
            }
            column /= *length;
        }
        let factors = design.qr();
        let (orthogonal, triangle) = factors.unpack();
        if triangle.diagonal().iter().any(|own| own.abs() < RANK_LEAST) {
            let hint = "is there time before and after the start, and a year for a season?";
            return Err(AnalysisError::Singular(hint));
        }
        Ok(Self { orthogonal, triangle, lengths })
    }

    /// The coefficients nearest to a target.
    fn solve(&self, target: &DVector<f64>) -> Result<DVector<f64>, AnalysisError> {
        let projected = self.orthogonal.transpose() * target;
        let mut solution =
            self.triangle.solve_upper_triangular(&projected).ok_or(AnalysisError::Singular("rounding"))?;
        for (coefficient, length) in solution.iter_mut().zip(&self.lengths) {
            *coefficient /= length;
        }
        Ok(solution)
    }

    /// The variance of a sum of coefficients, each times its term.
    fn variance_of(&self, terms: &DVector<f64>) -> Result<f64, AnalysisError> {
        let scaled = terms.component_div(&DVector::from_column_slice(&self.lengths));
        let solved = self.triangle.tr_solve_upper_triangular(&scaled).ok_or(AnalysisError::Singular("rounding"))?;
        Ok(solved.norm_squared())
    }

    /// The diagonal of the inverse of the information matrix.
    fn variances(&self) -> Result<Vec<f64>, AnalysisError> {
        let identity = DMatrix::identity(self.lengths.len(), self.lengths.len());
        let inverse = self.triangle.solve_upper_triangular(&identity).ok_or(AnalysisError::Singular("rounding"))?;
        let rows = inverse.row_iter().zip(&self.lengths);
        Ok(rows.map(|(row, length)| row.norm_squared() / (length * length)).collect())
    }
}

fn deviance(counts: &DVector<f64>, means: &DVector<f64>) -> f64 {
    let part = |count: f64, mean: f64| if count > 0.0 { count * (count / mean).ln() } else { 0.0 } - (count - mean);
    2.0 * counts.iter().zip(means).map(|(count, mean)| part(*count, *mean)).sum::<f64>()
}

fn lag_one(residuals: &[f64]) -> f64 {
    let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    if squares > 0.0 { products / squares } else { 0.0 }
}

#[cfg(test)]
mod tests;
