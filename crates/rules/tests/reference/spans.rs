//! Spans of time, in which a rule with a period is judged.

/// When something holds: apart in time, in order; each begins with an instant and ends before one.
#[derive(Clone, Debug)]
pub(crate) enum Spans {
    Always,
    These(Vec<(i64, i64)>),
}

impl Spans {
    /// What any of some spans covers.
    pub(crate) fn union(mut spans: Vec<(i64, i64)>) -> Self {
        spans.sort_unstable();
        let mut apart: Vec<(i64, i64)> = Vec::new();
        for (from, until) in spans {
            match apart.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(until),
                _ => apart.push((from, until)),
            }
        }
        Self::These(apart)
    }

    pub(crate) fn holds(&self, at: i64) -> bool {
        match self {
            Self::Always => true,
            Self::These(spans) => spans.iter().any(|(from, until)| (*from..*until).contains(&at)),
        }
    }

    /// The first instant after `after` at which it begins or ceases to hold.
    pub(crate) fn next_change(&self, after: i64) -> Option<i64> {
        let Self::These(spans) = self else { return None };
        spans.iter().flat_map(|(from, until)| [*from, *until]).find(|edge| *edge > after)
    }

    /// The same, each span one millisecond longer.
    pub(crate) fn longer(self) -> Self {
        match self {
            Self::Always => Self::Always,
            Self::These(spans) => Self::union(spans.into_iter().map(|(from, until)| (from, until + 1)).collect()),
        }
    }
}
