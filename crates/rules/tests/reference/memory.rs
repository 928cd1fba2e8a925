//! What a key has seen, and what follows from it at an instant. Nothing is kept but the inputs themselves: every
//! question looks at all of them again.

use crate::common::{Event, What};
use crate::condition::Params;
use crate::episode::Verdict;
use crate::mutant::Mutant;
use crate::ratio::Ratio;
use crate::rule::{Agg, Distinct, Limits};

/// Who sent an input, inside its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Member {
    Sensor(String),
    Node(String),
    Anonymous,
}

/// An input of a key.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) time: i64,
    pub(crate) member: Member,
    /// None for incidents.
    pub(crate) metric: Option<String>,
    pub(crate) micros: i64,
    pub(crate) event: Event,
    /// Whether it meets the rule's `match`.
    pub(crate) matches: bool,
}

impl Seen {
    pub(crate) fn of(event: &Event, matches: bool, mutant: Mutant) -> Self {
        let member = match (&event.sensor, &event.node) {
            (Some(id), _) => Member::Sensor(id.clone()),
            (None, Some(id)) if mutant == Mutant::MembersByIdAlone => Member::Sensor(id.clone()),
            (None, Some(id)) => Member::Node(id.clone()),
            (None, None) => Member::Anonymous,
        };
        let (metric, micros) = match &event.what {
            What::Observation { metric, value, .. } => (Some(metric.clone()), value.micros()),
            _ => (None, 0),
        };
        Self { time: event.time_ms, member, metric, micros, event: event.clone(), matches }
    }

    /// Whether it is not later than the newest of its member and metric.
    pub(crate) fn is_late(&self, seen: &[Self], mutant: Mutant) -> bool {
        let same = |other: &&Self| other.member == self.member && other.metric == self.metric;
        let newest = seen.iter().filter(same).map(|other| other.time).max();
        let late = |newest| if mutant == Mutant::SameTimeIsNotLate { self.time < newest } else { self.time <= newest };
        self.metric.is_some() && newest.is_some_and(late)
    }

    fn distinct(&self, distinct: Distinct) -> Option<&str> {
        match (distinct, &self.event.what) {
            (Distinct::Sensor, _) => self.event.sensor.as_deref(),
            (Distinct::Node, _) => self.event.node.as_deref(),
            (Distinct::Channel, What::Incident { channel, .. }) => {
                Some(channel).filter(|text| !text.is_empty()).map(String::as_str)
            }
            (Distinct::Channel, _) => None,
        }
    }
}

/// Each member's newest input, by member.
fn newest_of_members(seen: &[Seen]) -> Vec<&Seen> {
    let mut members: Vec<&Member> = seen.iter().map(|input| &input.member).collect();
    members.sort();
    members.dedup();
    let newest = |member: &Member| seen.iter().filter(|input| input.member == *member).max_by_key(|input| input.time);
    members.into_iter().filter_map(newest).collect()
}

fn valid_until(input: &Seen, stale_ms: i64, mutant: Mutant) -> i64 {
    input.time + stale_ms + i64::from(mutant == Mutant::ExpiresLater)
}

/// The values that are valid at an instant.
pub(crate) fn valid(seen: &[Seen], stale_ms: i64, at: i64, mutant: Mutant) -> Vec<i64> {
    let newest = newest_of_members(seen).into_iter();
    newest.filter(|input| valid_until(input, stale_ms, mutant) > at).map(|input| input.micros).collect()
}

/// The first instant after `after` at which a value leaves.
pub(crate) fn next_expiry(seen: &[Seen], stale_ms: i64, after: i64, mutant: Mutant) -> Option<i64> {
    let expiries = newest_of_members(seen).into_iter().map(|input| valid_until(input, stale_ms, mutant));
    expiries.filter(|expiry| *expiry > after).min()
}

/// The end of the window that is judged at an instant.
pub(crate) fn window_end(at: i64, pane_ms: i64) -> i64 {
    (at.div_euclid(pane_ms) + 1) * pane_ms
}

/// The panes of a window for which none are given.
pub(crate) fn default_pane(window_ms: i64) -> i64 {
    let longest = (window_ms / 12).max(1000) / 1000;
    (1..=longest)
        .rev()
        .map(|seconds| seconds * 1000)
        .find(|pane| window_ms % pane == 0)
        .expect("panes divide the window")
}

/// The inputs inside the window that is judged at an instant.
pub(crate) fn inside(seen: &[Seen], window_ms: i64, pane_ms: i64, at: i64, mutant: Mutant) -> Vec<&Seen> {
    let end = window_end(at, pane_ms);
    let covered = match mutant {
        Mutant::LongerWindow => end - window_ms - pane_ms..end,
        Mutant::WindowWithoutPanes => at - window_ms..at + 1,
        _ => end - window_ms..end,
    };
    seen.iter().filter(|input| covered.contains(&input.time)).collect()
}

/// The aggregate of some values; none when they are fewer than it takes.
pub(crate) fn aggregate(agg: Agg, values: &[i64], min_count: usize, mutant: Mutant) -> Option<Ratio> {
    let sum = Ratio::of_micros(values.iter().map(|value| i128::from(*value)).sum());
    let enough = values.len() >= min_count.max(1);
    match agg {
        Agg::Count | Agg::Sum if mutant == Mutant::EmptyIsMissing && values.is_empty() => None,
        Agg::Count => Some(Ratio::of_count(values.len())),
        Agg::Sum => Some(sum),
        Agg::Mean if mutant == Mutant::RoundsMeans => {
            sum.over(Ratio::of_count(values.len())).filter(|_| enough).map(Ratio::truncated_to_units)
        }
        Agg::Mean => sum.over(Ratio::of_count(values.len())).filter(|_| enough),
        Agg::Min => values.iter().min().filter(|_| enough).map(|value| Ratio::of_micros(i128::from(*value))),
        Agg::Max => values.iter().max().filter(|_| enough).map(|value| Ratio::of_micros(i128::from(*value))),
    }
}

/// The last value minus the first, by time and then by arrival.
pub(crate) fn change(inputs: &[&Seen], mutant: Mutant) -> Option<Ratio> {
    let first_time = inputs.iter().map(|input| input.time).min()?;
    let last_time = inputs.iter().map(|input| input.time).max()?;
    let first = inputs.iter().find(|input| input.time == first_time)?;
    let mut lasts = inputs.iter().filter(|input| input.time == last_time);
    let last = if mutant == Mutant::TiesTurned { lasts.next() } else { lasts.next_back() }?;
    Some(Ratio::of_micros(i128::from(last.micros)).minus(Ratio::of_micros(i128::from(first.micros))))
}

/// The verdict on a value.
pub(crate) fn verdict(limits: &Limits, params: &Params, value: Option<Ratio>) -> Verdict {
    let Some(value) = value else { return Verdict::Missing };
    if limits.raise.holds(value, params) {
        return Verdict::Raise;
    }
    match &limits.clear {
        Some(clear) if !clear.holds(value, params) => Verdict::Between,
        _ => Verdict::Clear,
    }
}

/// The newest match of each distinct source, newest first.
pub(crate) fn newest_matches(seen: &[Seen], distinct: Distinct, mutant: Mutant) -> Vec<i64> {
    let source = |input: &Seen| match mutant {
        Mutant::CountsMembers => format!("{:?}", input.member),
        _ => format!("{:?}", input.distinct(distinct)),
    };
    let matches: Vec<&Seen> = seen.iter().filter(|input| input.matches).collect();
    let mut sources: Vec<String> = matches.iter().map(|input| source(input)).collect();
    sources.sort();
    sources.dedup();
    let newest =
        |wanted: &String| matches.iter().filter(|input| source(input) == *wanted).map(|input| input.time).max();
    let mut times: Vec<i64> = sources.iter().filter_map(newest).collect();
    times.sort_by_key(|time| -time);
    times
}
