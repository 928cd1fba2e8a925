//! What changed with a measure: interrupted series of its spaces, of those next door and of all others, and what moved.
//!
//! The model is said before looking: the level may change at the measure, the trend goes on; counts spread as quasi-Poisson
//! does; two harmonics from three years on, one from a year on, none below: in the middle of two years a step, a trend and two
//! waves look so much alike that no interval would say anything.
//!
//! Beside the series stands the plainer ratio against all other spaces, `(A1 / A0) / (C1 / C0)` with Woolf's interval, widened by the
//! root of the series' phi where that is above 1: it takes from others what the season and the trend do.

use super::around::{Around, Part, Reported};
use super::compared::SEED;
use super::steps::{Steps, TooShort, Unit};
use vigie_analysis::displace::{BeforeAfter, Displacement, displacement};
use vigie_analysis::error::AnalysisError;
use vigie_analysis::estimate::Estimate;
use vigie_analysis::night::{NightAndDay, night_change};
use vigie_analysis::series::{Fit, Model, Series, Spread, interrupted};

/// Incidents needed before the measure, and from it on.
pub(super) const INCIDENTS_MIN: f64 = 20.0;
/// Days of a year, and of three, but for the ends that full weeks leave out.
const YEAR_DAYS: i64 = 350;
const THREE_YEARS_DAYS: i64 = 1_060;

/// Counts before and from the measure on, with the series fitted to them where they are enough.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) before: f64,
    pub(super) after: f64,
    pub(super) fit: Option<Fit>,
    /// How it changed against all other spaces, at the same time of day.
    pub(super) against: Option<Estimate>,
}

/// What changed with a measure.
#[derive(Debug)]
pub(super) struct Effect {
    pub(super) steps: Steps,
    /// Pairs of sine and cosine.
    pub(super) harmonics: usize,
    /// Weeks or months without any report in the whole centre.
    pub(super) silent: usize,
    /// Incidents of each step in the spaces of the measure.
    pub(super) counts: Vec<f64>,
    /// The series of those.
    pub(super) fit: Fit,
    pub(super) area: Change,
    /// The same by day and by night, where the light is known.
    pub(super) by_light: Option<(Change, Change)>,
    /// Next door, where there is such a space.
    pub(super) near: Option<Change>,
    /// In all other spaces.
    pub(super) elsewhere: Change,
    pub(super) displacement: Option<Displacement>,
    /// How the ratio of nights to days changed, over the same months.
    pub(super) nights: Option<Estimate>,
}

/// Why nothing can be said.
#[derive(Debug, PartialEq)]
pub(super) enum Silence {
    /// There is no series.
    Short(TooShort),
    /// A count of its spaces is hidden in the same report.
    Hidden,
    /// Too few incidents on one side.
    Few,
    /// The model does not fit.
    Unfitted(AnalysisError),
}

/// What changed with a measure.
pub(super) fn effect(around: &Around) -> Result<Effect, Silence> {
    let reported = &around.reported;
    let steps = Steps::of(reported, around.measure.from).map_err(Silence::Short)?;
    let (from, until) = steps.days();
    let harmonics = usize::from(until - from >= YEAR_DAYS) + usize::from(until - from >= THREE_YEARS_DAYS);
    let of = |part: Part| move |one: &Reported| one.part == part;
    let counts = steps.counts(reported, of(Part::Area));
    let (before, after) = sides(&steps, &counts);
    if before < INCIDENTS_MIN || after < INCIDENTS_MIN {
        return Err(Silence::Few);
    }
    let fit = fitted(&steps, &counts, harmonics).map_err(Silence::Unfitted)?;
    let by = |part: Part, light: &'static str| {
        steps.counts(reported, move |one: &Reported| one.part == part && one.light == light)
    };
    let is_light_known = !reported.iter().any(|one| one.part == Part::Area && one.light.is_empty());
    let (day, night) = (by(Part::Area, "day"), by(Part::Area, "night"));
    let others = (by(Part::Elsewhere, "day"), by(Part::Elsewhere, "night"));
    let (near, elsewhere) = (steps.counts(reported, of(Part::Near)), steps.counts(reported, of(Part::Elsewhere)));
    let change = |counts: &[f64], others: Option<&[f64]>| change(&steps, counts, harmonics, others);
    let has_near = !around.near.is_empty();
    Ok(Effect {
        harmonics,
        silent: steps.silent(reported),
        by_light: is_light_known.then(|| (change(&day, Some(&others.0)), change(&night, Some(&others.1)))),
        near: has_near.then(|| change(&near, Some(&elsewhere))),
        elsewhere: change(&elsewhere, None),
        area: change(&counts, Some(&elsewhere)),
        displacement: has_near.then(|| moved(&steps, &counts, &near, &elsewhere)).flatten(),
        nights: is_light_known.then(|| nights(&steps, &day, &night)).flatten(),
        fit,
        counts,
        steps,
    })
}

fn fitted(steps: &Steps, counts: &[f64], harmonics: usize) -> Result<Fit, AnalysisError> {
    let times: Vec<f64> = steps.steps().map(|step| step as f64).collect();
    let start = steps.start() as f64;
    let model = Model { start, slope: false, harmonics, period: steps.ruler.year(), spread: Spread::Quasi };
    interrupted(&Series { times: &times, counts, exposures: &steps.exposures() }, &model)
}

fn change(steps: &Steps, counts: &[f64], harmonics: usize, others: Option<&[f64]>) -> Change {
    let (before, after) = sides(steps, counts);
    let is_enough = |(before, after): (f64, f64)| before >= INCIDENTS_MIN && after >= INCIDENTS_MIN;
    let fit = is_enough((before, after)).then(|| fitted(steps, counts, harmonics).ok()).flatten();
    let others = others.map(|others| sides(steps, others)).filter(|others| is_enough(*others));
    let against = fit.as_ref().zip(others).and_then(|(fit, others)| against((before, after), others, fit.phi));
    Change { before, after, fit, against }
}

/// The ratio of two counts over that of two others, as nights are held against days.
fn against(own: (f64, f64), others: (f64, f64), phi: f64) -> Option<Estimate> {
    let before = NightAndDay { night: own.0, day: others.0 };
    let plain = night_change(before, NightAndDay { night: own.1, day: others.1 }).ok()?;
    let half = (plain.high / plain.value).powf(phi.max(1.0).sqrt());
    Some(Estimate { low: plain.value / half, high: plain.value * half, ..plain })
}

fn sides(steps: &Steps, counts: &[f64]) -> (f64, f64) {
    let (before, after) = counts.split_at(steps.before());
    (before.iter().sum(), after.iter().sum())
}

/// The same number of steps on either side, the nearest to the measure.
fn nearest(steps: &Steps, counts: &[f64], each: usize) -> BeforeAfter {
    let (before, after) = counts.split_at(steps.before());
    BeforeAfter { before: before[before.len() - each..].iter().sum(), after: after[..each].iter().sum() }
}

fn moved(steps: &Steps, area: &[f64], near: &[f64], elsewhere: &[f64]) -> Option<Displacement> {
    let each = steps.before().min(steps.after());
    let [area, near, elsewhere] = [area, near, elsewhere].map(|counts| nearest(steps, counts, each));
    displacement(area, near, elsewhere, SEED).ok()
}

/// Darkness moves with the season, so that only whole years on either side are held against each other.
fn nights(steps: &Steps, day: &[f64], night: &[f64]) -> Option<Estimate> {
    let year = match steps.ruler.unit {
        Unit::Week => 52,
        Unit::Month => 12,
    };
    let each = steps.before().min(steps.after()) / year * year;
    if each == 0 {
        return None;
    }
    let (day, night) = (nearest(steps, day, each), nearest(steps, night, each));
    let all = [day.before, day.after, night.before, night.after];
    let is_enough = all.iter().all(|count| *count >= INCIDENTS_MIN);
    let (before, after) =
        (NightAndDay { night: night.before, day: day.before }, NightAndDay { night: night.after, day: day.after });
    is_enough.then(|| night_change(before, after).ok()).flatten()
}
