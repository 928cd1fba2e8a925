//! The one list of measures: what SQL registers, `vigie sql --describe` prints and docs/analysis.md has to tell.

use super::answer::{Answer, Shape};
use super::formulas::{
    displaced, happened, night_change, night_to_day, published_count, published_share, rate, rounded_count, share,
};
use super::sets::{interrupted_level, interrupted_poisson, interrupted_series, lagged_ranks, ranks, standardised};
use super::windows::{empirical_bayes, gap_index, holm, published_counts};
use super::work::Work;
use vigie_analysis::associate;
use vigie_analysis::error::AnalysisError;
use vigie_analysis::estimate::Estimate;
use vigie_analysis::series::POINTS_MAX;
use vigie_analysis::standard::GROUPS_MAX;

/// Computes one number from the numbers of a row.
pub(crate) type NumberOf = fn(&[f64]) -> Result<Option<f64>, AnalysisError>;
/// Computes a value with its limits from the numbers of a row.
pub(crate) type IntervalOf = fn(&[f64]) -> Result<Option<Estimate>, AnalysisError>;
/// Computes several numbers from the numbers of a row.
pub(crate) type PartsOf = fn(&[f64]) -> Result<Answer, AnalysisError>;
/// Computes several numbers from a set of rows, sorted by their first argument, then the others.
pub(crate) type OfSet = fn(&[Vec<f64>], &Work) -> Result<Answer, AnalysisError>;
/// Computes an answer for each of a set of rows, sorted likewise.
pub(crate) type OfEach = fn(&[Vec<f64>], &Work) -> Result<Vec<Answer>, AnalysisError>;

/// How a measure is called, and what computes it.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A function of a row.
    Number(NumberOf),
    /// Three functions of a row: the value, `_low` and `_high`.
    Interval(IntervalOf),
    /// A function of a row that gives a struct.
    Parts(Shape, PartsOf),
    /// An aggregate over at most so many rows that gives a struct.
    Set(Shape, usize, OfSet),
    /// The aggregate `weighted_share`, which keeps sums only.
    WeightedShare(Shape),
    /// A window function, of which the first number is the result. Rows in which one of the listed arguments is 0 are left
    /// out, as they have nothing to divide by.
    Each(&'static [usize], OfEach),
    /// A window function that gives a struct, likewise.
    EachParts(Shape, &'static [usize], OfEach),
}

/// A measure.
#[derive(Clone, Copy)]
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) kind: Kind,
    /// What it says, with its unit.
    pub(crate) comment: &'static str,
    pub(crate) formula: &'static str,
    pub(crate) source: &'static str,
    pub(crate) caveats: &'static str,
}

impl Measure {
    /// How it is written in SQL.
    pub(crate) fn call(&self) -> String {
        let over = if matches!(self.kind, Kind::Each(..) | Kind::EachParts(..)) { " OVER (...)" } else { "" };
        format!("{}({}){over}", self.name, self.arguments.join(", "))
    }

    /// What it gives.
    pub(crate) fn gives(&self) -> String {
        let parts = |shape: &Shape| {
            let label = if shape.has_label { ", label" } else { "" };
            format!("struct: {}{label}, note", shape.numbers.join(", "))
        };
        match &self.kind {
            Kind::Number(_) | Kind::Each(..) => "double".to_owned(),
            Kind::Interval(_) => format!("double; 95 % limits: {0}_low, {0}_high", self.name),
            Kind::Parts(shape, _) | Kind::Set(shape, ..) | Kind::WeightedShare(shape) | Kind::EachParts(shape, ..) => {
                parts(shape)
            }
        }
    }
}

const RANKS: Shape = Shape { numbers: &["rho", "low", "high", "p", "pairs"], has_label: false };
const SHARE: Shape = Shape { numbers: &["share", "low", "high", "n"], has_label: false };
const SERIES: Shape = Shape {
    numbers: &[
        "level",
        "level_low",
        "level_high",
        "slope",
        "slope_low",
        "slope_high",
        "trend",
        "trend_low",
        "trend_high",
        "phi",
        "autocorrelation",
        "points",
    ],
    has_label: false,
};
const DISPLACEMENT: Shape = Shape {
    numbers: &[
        "success",
        "success_low",
        "success_high",
        "buffer",
        "buffer_low",
        "buffer_high",
        "quotient",
        "quotient_low",
        "quotient_high",
    ],
    has_label: false,
};
const GAP: Shape = Shape { numbers: &["index", "low", "high", "feeling", "incidents"], has_label: true };

const SERIES_ARGUMENTS: &[&str] = &["time", "count", "exposure", "start"];
const BERNAL: &str = "Bernal, Cummins & Gasparrini 2017, doi:10.1093/ije/dyw098";
const SERIES_CAVEATS: &str =
    "whatever else happened at start is in it; look at autocorrelation; time counts months, one row each";
const SMALL_CELLS: &str = "Willenborg & de Waal 2001, Elements of Statistical Disclosure Control";

/// All measures.
pub(crate) const MEASURES: &[Measure] = &[
    Measure {
        name: "rate",
        arguments: &["observed", "exposure"],
        kind: Kind::Interval(rate),
        comment: "incidents per 1,000 units of exposure; null without exposure",
        formula: "1000 O / E; Byar's limits O (1 - 1/(9 O) - z/(3 sqrt O))^3 and (O+1) (1 - 1/(9 (O+1)) + z/(3 sqrt(O+1)))^3, 0 at O = 0",
        source: "Breslow & Day 1987, p. 69",
        caveats: "knows chance alone, not under-reporting; residents are the wrong exposure for a public space",
    },
    Measure {
        name: "share",
        arguments: &["k", "n"],
        kind: Kind::Interval(share),
        comment: "share k / n of people; null when nobody was asked",
        formula: "Wilson: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)",
        source: "Wilson 1927, doi:10.1080/01621459.1927.10502953",
        caveats: "for unweighted answers; never over questions or scales that differ",
    },
    Measure {
        name: "weighted_share",
        arguments: &["k", "n", "weight"],
        kind: Kind::WeightedShare(SHARE),
        comment: "share of weighted answers; n is the effective number",
        formula: "sum w k / sum w n, Wilson's interval with n_eff = (sum w n)² / sum w² n",
        source: "Kish 1965",
        caveats: "knows unequal weights, not clusters",
    },
    Measure {
        name: "standardised_share",
        arguments: &["k", "n", "standard"],
        kind: Kind::Set(SHARE, GROUPS_MAX, standardised),
        comment: "directly standardised share; one row for each group, standard is its size in the standard population",
        formula: "sum W p; MOVER: p ± sqrt(sum W² (p - limit)²) with Wilson's limits of each group",
        source: "Zou, Huang & Zhang 2009, doi:10.1016/j.csda.2008.09.033",
        caveats: "every group needs answers",
    },
    Measure {
        name: "empirical_bayes",
        arguments: &["observed", "exposure"],
        kind: Kind::Each(&[1], empirical_bayes),
        comment: "rate per 1,000 drawn towards that of all rows of the window, the more the less it rests on",
        formula: "theta = m + (r - m) A / (A + m/E); m = sum O / sum E; A = sum E (r - m)² / sum E - m / mean E, at least 0",
        source: "Marshall 1991, doi:10.2307/2347593",
        caveats: "for ranking and maps; no estimate to publish for one space alone",
    },
    Measure {
        name: "gap_index",
        arguments: &["asked", "feel_unsafe", "observed", "exposure"],
        kind: Kind::EachParts(GAP, &[0, 3], gap_index),
        comment: "how far people feel less safe (above 0) or safer than incidents suggest, in standard deviations; label felt_worse or felt_better when the interval does not span 0",
        formula: "z(feel_unsafe / asked) - z(empirical Bayes rate), z over the rows of the window; parametric percentile bootstrap of both",
        source: "docs/analysis.md",
        caveats: "relative to the spaces of the window: partition by period, group, question and wave; 3 to 2,000 spaces",
    },
    Measure {
        name: "spearman",
        arguments: &["x", "y"],
        kind: Kind::Set(RANKS, associate::PAIRS_MAX, ranks),
        comment: "rank correlation with its p-value",
        formula: "Pearson's correlation of mid-ranks; percentile bootstrap over pairs; t with n - 2 degrees of freedom",
        source: "Spearman 1904; Efron & Tibshirani 1993",
        caveats: "together is not because of; pairs count as independent",
    },
    Measure {
        name: "spearman_lag",
        arguments: &["time", "x", "y", "lag"],
        kind: Kind::Set(RANKS, associate::PAIRS_MAX, lagged_ranks),
        comment: "rank correlation of x with y lag steps of time later",
        formula: "spearman of x at time t and y at time t + lag; adjust the p-values of several lags with holm",
        source: "Spearman 1904",
        caveats: "take out trend and season first; monthly intervals are too narrow",
    },
    Measure {
        name: "holm",
        arguments: &["p"],
        kind: Kind::Each(&[], holm),
        comment: "p-values adjusted for as many tests as the window has rows",
        formula: "smallest p times m, next times m - 1, ..., never falling, at most 1",
        source: "Holm 1979",
        caveats: "all tests that were tried have to be in the window",
    },
    Measure {
        name: "interrupted_series",
        arguments: SERIES_ARGUMENTS,
        kind: Kind::Set(SERIES, POINTS_MAX, interrupted_series),
        comment: "rate ratios of a measure taken at start: level, slope per month, trend before",
        formula: "log mu = log E + b0 + b1 t + b2 X + b3 (t - start) X + two harmonics of 12, quasi-Poisson; exp(b ± z se)",
        source: BERNAL,
        caveats: SERIES_CAVEATS,
    },
    Measure {
        name: "interrupted_level",
        arguments: SERIES_ARGUMENTS,
        kind: Kind::Set(SERIES, POINTS_MAX, interrupted_level),
        comment: "the same without a change of slope",
        formula: "log mu = log E + b0 + b1 t + b2 X + two harmonics of 12, quasi-Poisson",
        source: BERNAL,
        caveats: SERIES_CAVEATS,
    },
    Measure {
        name: "interrupted_poisson",
        arguments: SERIES_ARGUMENTS,
        kind: Kind::Set(SERIES, POINTS_MAX, interrupted_poisson),
        comment: "the same without season and over-dispersion: to compare with, its interval is too narrow when phi is above 1",
        formula: "log mu = log E + b0 + b1 t + b2 X, Poisson",
        source: BERNAL,
        caveats: SERIES_CAVEATS,
    },
    Measure {
        name: "displacement",
        arguments: &["area_before", "area_after", "buffer_before", "buffer_after", "control_before", "control_after"],
        kind: Kind::Parts(DISPLACEMENT, displaced),
        comment: "whether incidents moved next door: quotient below 0 says so, above 0 that the buffer gained too",
        formula: "(B1/C1 - B0/C0) / (A1/C1 - A0/C0); percentile bootstrap of six Poisson counts; only after a success beyond chance",
        source: "Bowers & Johnson 2003, doi:10.1023/A:1024909009240",
        caveats: "choose buffer and control before looking",
    },
    Measure {
        name: "happened",
        arguments: &["observed", "reported", "reported_low", "reported_high"],
        kind: Kind::Interval(happened),
        comment: "what happened, from what was reported and the share that is reported; a band, never a number alone",
        formula: "O / pi; from Byar's lower limit / pi's upper to Byar's upper / pi's lower",
        source: "Skogan 1977; pi from a victimisation survey",
        caveats: "pi differs by category and place",
    },
    Measure {
        name: "night_to_day",
        arguments: &["night", "day"],
        kind: Kind::Interval(night_to_day),
        comment: "incidents by night for each by day of the same street; null without any by day",
        formula: "N / D; Wilson's limits of N / (N + D), as odds",
        source: "Tompson et al. 2023, doi:10.1007/s10940-022-09539-8",
        caveats: "compare the same months: darkness moves with the season",
    },
    Measure {
        name: "night_change",
        arguments: &["night_before", "day_before", "night_after", "day_after"],
        kind: Kind::Interval(night_change),
        comment: "how the ratio of night to day changed; below 1, nights became quieter than days tell",
        formula: "(N1/D1) / (N0/D0); Woolf's limits, 1/2 added to all four when one is 0",
        source: "Tompson et al. 2023; Woolf 1955; Haldane 1956",
        caveats: "a measure that changes days too spoils its own control",
    },
    Measure {
        name: "published_count",
        arguments: &["n"],
        kind: Kind::Number(published_count),
        comment: "a count that stands alone: null from 1 to 4",
        formula: "n when n = 0 or n >= 5",
        source: SMALL_CELLS,
        caveats: "where totals are shown too, use published_counts",
    },
    Measure {
        name: "published_counts",
        arguments: &["n"],
        kind: Kind::Each(&[], published_counts),
        comment: "counts of a window whose total is shown too: null from 1 to 4, and the next smallest where a hidden one could be recomputed",
        formula: "at least two hidden counts, not all of them 1",
        source: SMALL_CELLS,
        caveats: "where all counts but zeros are null, the total has to stay hidden; for a list with one total, not for a table with two margins",
    },
    Measure {
        name: "rounded_count",
        arguments: &["n"],
        kind: Kind::Number(rounded_count),
        comment: "a count rounded to a multiple of 5; nothing is missing, nothing adds up",
        formula: "nearest multiple of 5",
        source: SMALL_CELLS,
        caveats: "round totals from the true total, not from rounded parts",
    },
    Measure {
        name: "published_share",
        arguments: &["k", "n"],
        kind: Kind::Interval(published_share),
        comment: "a share for publication: null with fewer than 10 answers",
        formula: "share(k, n) when n >= 10",
        source: SMALL_CELLS,
        caveats: "as share",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_says_what_it_is() {
        let mut names = std::collections::BTreeSet::new();
        for measure in MEASURES {
            assert!(names.insert(measure.name), "{} is there twice", measure.name);
            for text in [measure.comment, measure.formula, measure.source, measure.caveats] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text}", measure.name);
            }
        }
    }
}
