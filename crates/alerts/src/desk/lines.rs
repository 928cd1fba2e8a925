//! A bounded list of lines in the order of time, of which a copy costs next to nothing.
//!
//! The desk belongs to one thread, and readers want to reckon with thousands of its lines without making it wait. So lines
//! stand in chunks that copies share; only the newest chunk is ever written, and copied first if somebody else has it.
//!
//! **Bounds.** [`LINES_MAX`] lines and up to a chunk more, then the oldest chunk leaves. [`Lines::push`] costs O(1)
//! amortised, [`Lines::clone`] one pointer for each 512 lines.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Lines kept at least, when there are as many: two years of a centre at the 150 alerts a day an operator can bear.
pub const LINES_MAX: usize = 131_072;
const CHUNK_LINES: usize = 512;

/// Lines in the order of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
pub struct Lines<T> {
    /// Full ones, and behind them one that may not be full.
    chunks: VecDeque<Arc<Vec<T>>>,
    /// When the newest line was written that is here no more.
    dropped_ms: Option<i64>,
}

/// A line knows its time.
pub trait Timed {
    /// In log time; lines never go back.
    fn at_ms(&self) -> i64;
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { chunks: VecDeque::new(), dropped_ms: None }
    }
}

impl<T: Timed + Clone> Lines<T> {
    /// Writes a line that is not older than the newest one.
    pub fn push(&mut self, line: T) {
        if self.chunks.back().is_none_or(|newest| newest.len() == CHUNK_LINES) {
            if self.chunks.len() * CHUNK_LINES > LINES_MAX {
                let dropped = self.chunks.pop_front();
                self.dropped_ms = dropped.and_then(|chunk| Some(chunk.last()?.at_ms()));
            }
            self.chunks.push_back(Arc::new(Vec::with_capacity(CHUNK_LINES)));
        }
        Arc::make_mut(self.chunks.back_mut().expect("there is a chunk to write to")).push(line);
    }

    /// All lines, from the oldest.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The lines from `from_ms` up to, but not including, `to_ms`.
    pub fn within(&self, from_ms: i64, to_ms: i64) -> impl Iterator<Item = &T> {
        let ends_before = |chunk: &Arc<Vec<T>>| chunk.last().is_some_and(|last| last.at_ms() < from_ms);
        let first = self.chunks.partition_point(ends_before);
        let lines = self.chunks.range(first..).flat_map(|chunk| chunk.iter());
        lines.skip_while(move |line| line.at_ms() < from_ms).take_while(move |line| line.at_ms() < to_ms)
    }

    /// When the newest line was written that is here no more; `None` when all are.
    #[must_use]
    pub const fn dropped_ms(&self) -> Option<i64> {
        self.dropped_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Line(i64);

    impl Timed for Line {
        fn at_ms(&self) -> i64 {
            self.0
        }
    }

    fn lines(count: i64) -> Lines<Line> {
        let mut lines = Lines::default();
        (0..count).for_each(|at_ms| lines.push(Line(at_ms)));
        lines
    }

    #[test]
    fn a_span_is_found_wherever_its_lines_stand() {
        let lines = lines(2_000);
        for (from_ms, to_ms) in [(0, 2_000), (511, 513), (512, 512), (1_999, 9_000), (-5, 1), (3_000, 4_000), (9, 3)] {
            let found: Vec<_> = lines.within(from_ms, to_ms).map(|line| line.0).collect();
            assert_eq!(found, (from_ms.max(0)..to_ms.min(2_000)).collect::<Vec<_>>(), "{from_ms} to {to_ms}");
        }
        assert_eq!(lines.iter().count(), 2_000);
    }

    #[test]
    fn a_copy_does_not_see_what_is_written_later() {
        let mut lines = lines(10);
        let copy = lines.clone();
        lines.push(Line(10));
        assert_eq!((copy.iter().count(), lines.iter().count()), (10, 11));
    }

    #[test]
    fn the_oldest_leave_and_it_is_known_until_when() {
        let lines = lines(200_000);
        let kept = lines.iter().count();
        assert!((LINES_MAX..=LINES_MAX + CHUNK_LINES).contains(&kept), "{kept}");
        let oldest = lines.iter().next().unwrap().0;
        assert_eq!(lines.dropped_ms(), Some(oldest - 1));
        assert_eq!(lines.iter().next_back(), Some(&Line(199_999)));
    }
}
