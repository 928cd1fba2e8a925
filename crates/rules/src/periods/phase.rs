//! Whether a period holds, and until when that stays so.

/// Whether a period holds, from the instant asked until another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    /// Whether it holds.
    pub(crate) inside: bool,
    /// Until when that does not change: later than the instant asked.
    pub(crate) until_ms: i64,
}

/// The phase of a period that holds while at least one of `spans` does; a span is its first instant and its end, and an
/// end that is not later means that there is none. All spans that begin before `horizon_ms` have to be there.
pub(crate) fn union(mut spans: Vec<(i64, i64)>, at_ms: i64, horizon_ms: i64) -> Phase {
    spans.retain(|(from_ms, end_ms)| from_ms < end_ms && *end_ms > at_ms);
    spans.sort_unstable();
    let mut end_ms = at_ms;
    for (from_ms, span_end_ms) in &spans {
        if *from_ms > end_ms {
            break;
        }
        end_ms = end_ms.max(*span_end_ms);
    }
    if end_ms > at_ms {
        return Phase { inside: true, until_ms: end_ms.min(horizon_ms) };
    }
    let next_ms = spans.first().map_or(horizon_ms, |(from_ms, _)| *from_ms);
    Phase { inside: false, until_ms: next_ms.min(horizon_ms) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_touch_are_one() {
        let at = |at_ms| {
            let Phase { inside, until_ms } =
                union(vec![(30, 40), (10, 20), (20, 25), (12, 15), (5, 5), (60, 50)], at_ms, 100);
            (inside, until_ms)
        };
        assert_eq!(at(0), (false, 10));
        assert_eq!(at(10), (true, 25));
        assert_eq!(at(24), (true, 25));
        assert_eq!(at(25), (false, 30));
        assert_eq!(at(40), (false, 100), "nothing more before the horizon");
    }
}
