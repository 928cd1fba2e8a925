//! Perception held against what was reported: only where both were measured, in the same places and about the same time.

use super::answers::{Felt, Question, group_of};
use super::questions::{Asked, Facts, Incidents};
use crate::facts::Span;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use vigie_analysis::associate::{Association, holm, spearman};
use vigie_analysis::estimate::Estimate;
use vigie_analysis::gap::{Gap, Place, gaps};

/// Everything drawn at random is drawn from here, so that a report can be made again.
pub(super) const SEED: u64 = 1;
/// Incidents may lie so far before or after the people were asked.
pub(super) const APART_MS_MAX: i64 = 366 * 86_400_000;
/// Hours that counters have to have seen for their counts to stand for all hours.
pub(super) const COVERAGE_MIN: f64 = 0.5;
const HOUR_MS: f64 = 3_600_000.0;

/// What incidents are counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exposure {
    /// Visitors that counters saw, for hours without a count as for those with one.
    Visitors,
    /// Nothing: every space counts alike.
    Alike,
}

/// Whose answers are held against incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Of {
    pub(super) question: Question,
    /// Words of the population group; empty for everybody.
    pub(super) group: String,
    pub(super) wave: String,
}

/// A question of a wave held against incidents.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) of: Of,
    /// Waves before it that were not looked at.
    pub(super) older: usize,
    pub(super) exposure: Exposure,
    /// Whether incidents are those of the question's time of day.
    pub(super) by_light: bool,
    /// Spaces with the people asked there and their gap.
    pub(super) gaps: Vec<(String, Gap)>,
    /// Spaces left out, as their counts of incidents are hidden.
    pub(super) left_out: Vec<String>,
    pub(super) association: Option<Association>,
    /// Its probability after Holm's correction for all comparisons of the report.
    pub(super) p_holm: Option<f64>,
}

/// Why a question of a wave is not held against incidents.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Fewer than three spaces have both answers that may be shown and anything reported or counted.
    TooFewSpaces { with_answers: usize, with_both: usize, hidden: usize },
    /// The incidents lie more than a year from when people were asked.
    OtherTime { asked_ms: i64, first_ms: i64, last_ms: i64 },
}

/// Share of the span's hours that counters saw, by space.
pub(super) fn coverage(facts: &Facts, span: Span) -> BTreeMap<&str, (f64, f64)> {
    let hours = (span.to_ms - span.from_ms) as f64 / HOUR_MS;
    let mut seen: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for counted in &facts.visitors {
        let entry = seen.entry(&counted.space).or_default();
        *entry = (entry.0 + counted.hours as f64 / hours, entry.1 + counted.visitors);
    }
    seen
}

/// Visitors of a space in a time of day, hours without a count taken as those with one; `None` where too little was counted.
pub(super) fn exposure(facts: &Facts, span: Span, space: &str, light: Option<&str>) -> Option<f64> {
    let (coverage, _) = *coverage(facts, span).get(space)?;
    let counted = facts
        .visitors
        .iter()
        .filter(|counted| counted.space == space && light.is_none_or(|light| counted.light == light));
    let visitors: f64 = counted.map(|counted| counted.visitors).sum();
    (coverage >= COVERAGE_MIN && visitors > 0.0).then(|| visitors / coverage.min(1.0))
}

/// Incidents of a space in a time of day.
pub(super) fn reported(incidents: &[Incidents], space: &str, light: Option<&str>) -> u64 {
    let such = |group: &&Incidents| group.space == space && light.is_none_or(|light| group.light == light);
    incidents.iter().filter(such).map(|group| group.incidents).sum()
}

/// Holds every question against what was reported: the newest wave that can be, of everybody, or of each group where only groups
/// are told.
///
/// Spaces of `hidden` are left out: an index or a correlation made of a hidden count would tell it.
pub(super) fn compare(facts: &Facts, span: Span, hidden: &BTreeSet<&str>) -> (Vec<Comparison>, Vec<(Of, Why)>) {
    let mut series: BTreeMap<(Question, String), BTreeMap<&str, Vec<&Asked>>> = BTreeMap::new();
    let everybody: HashSet<(Question, &str)> = facts
        .asked
        .iter()
        .filter(|asked| group_of(asked).is_empty())
        .map(|asked| (Question::of(asked), &*asked.wave))
        .collect();
    for asked in &facts.asked {
        let (question, group) = (Question::of(asked), group_of(asked));
        // Groups of people of whom all are told are told by all.
        if group.is_empty() || !everybody.contains(&(question.clone(), &*asked.wave)) {
            series.entry((question, group)).or_default().entry(&asked.wave).or_default().push(asked);
        }
    }
    let (mut compared, mut not) = (Vec::new(), Vec::new());
    for ((question, group), waves) in series {
        let mut waves = waves.into_iter().rev();
        let found = waves.find_map(|(wave, asked)| {
            let of = Of { question: question.clone(), group: group.clone(), wave: wave.to_owned() };
            comparison(facts, span, &of, &asked, hidden).map_err(|why| not.push((of, why))).ok()
        });
        compared.extend(found.map(|found| Comparison { older: waves.len(), ..found }));
    }
    correct(&mut compared);
    (compared, not)
}

/// Holds one question of one wave against what was reported.
fn comparison(
    facts: &Facts,
    span: Span,
    of: &Of,
    asked: &[&Asked],
    hidden: &BTreeSet<&str>,
) -> Result<Comparison, Why> {
    let felt: HashMap<&str, (Estimate, f64)> =
        asked.iter().filter_map(|asked| Some((asked.space.as_str(), Felt::of(asked)?.estimate()?))).collect();
    if let Some((first_ms, last_ms)) = reported_between(facts) {
        let asked_ms = asked.iter().map(|asked| asked.asked_ms).min().unwrap_or_default();
        if asked_ms < first_ms - APART_MS_MAX || asked_ms > last_ms + APART_MS_MAX {
            return Err(Why::OtherTime { asked_ms, first_ms, last_ms });
        }
    }
    let by_light = known_by_light(facts) && matches!(of.question.period.as_str(), "day" | "night");
    let light = by_light.then(|| of.question.period.clone());
    let (left_out, both): (Vec<&str>, Vec<&str>) =
        known_both_ways(facts, span, &felt).into_iter().partition(|space| hidden.contains(space));
    let (with_answers, with_both, hidden) = (felt.len(), both.len(), left_out.len());
    // Visitors, where every space has them; a mixture would compare unlike with unlike.
    let visitors: Option<Vec<f64>> = both.iter().map(|space| exposure(facts, span, space, light.as_deref())).collect();
    let exposed = if visitors.is_some() { Exposure::Visitors } else { Exposure::Alike };
    let exposures = visitors.unwrap_or_else(|| vec![1.0; both.len()]);
    let place = |(space, exposure): (&&str, &f64)| {
        let (estimate, n) = felt[space];
        let observed = reported(&facts.incidents, space, light.as_deref()) as f64;
        Place { asked: n, feel_unsafe: estimate.value * n, observed, exposure: *exposure }
    };
    let places: Vec<Place> = both.iter().zip(&exposures).map(place).collect();
    let Ok(found) = gaps(&places, SEED) else {
        return Err(Why::TooFewSpaces { with_answers, with_both, hidden });
    };
    let (feeling, rates): (Vec<f64>, Vec<f64>) = found.iter().map(|gap| (gap.feeling, gap.incidents)).unzip();
    Ok(Comparison {
        of: of.clone(),
        older: 0,
        exposure: exposed,
        by_light,
        gaps: both.iter().map(|space| (*space).to_owned()).zip(found).collect(),
        left_out: left_out.into_iter().map(str::to_owned).collect(),
        association: spearman(&feeling, &rates, SEED).ok(),
        p_holm: None,
    })
}

/// Spaces with answers that may be shown, and with incidents or counters; none while nothing was reported anywhere.
fn known_both_ways<'a>(facts: &Facts, span: Span, felt: &HashMap<&'a str, (Estimate, f64)>) -> Vec<&'a str> {
    if facts.incidents.is_empty() {
        return Vec::new();
    }
    let known = |space: &str| {
        facts.incidents.iter().any(|group| group.space == space) || exposure(facts, span, space, None).is_some()
    };
    let mut both: Vec<&str> = felt.keys().copied().filter(|space| known(space)).collect();
    both.sort_unstable();
    both
}

/// The first and the last incident.
fn reported_between(facts: &Facts) -> Option<(i64, i64)> {
    let first = facts.incidents.iter().map(|group| group.first_ms).min()?;
    Some((first, facts.incidents.iter().map(|group| group.last_ms).max()?))
}

/// Whether the light is known of every incident.
fn known_by_light(facts: &Facts) -> bool {
    facts.incidents.iter().all(|group| !group.light.is_empty())
}

/// Corrects all probabilities of the report together.
fn correct(compared: &mut [Comparison]) {
    let ps: Vec<f64> = compared.iter().filter_map(|one| Some(one.association.as_ref()?.p)).collect();
    let mut corrected = holm(&ps).into_iter();
    for one in compared.iter_mut().filter(|one| one.association.is_some()) {
        one.p_holm = corrected.next();
    }
}
