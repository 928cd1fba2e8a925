//! How much a query may draw at random: a bootstrap cannot be interrupted, so that its work is bounded beforehand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use vigie_analysis::error::AnalysisError;

/// Numbers that all bootstraps of one query draw at most: some ten seconds of one thread.
pub(crate) const DRAWS_MAX: u64 = 200_000_000;

/// What a query has drawn so far. Threads of a query share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work(Arc<AtomicU64>);

impl Work {
    /// Takes `draws` of what is left.
    ///
    /// # Errors
    /// When less is left.
    pub(crate) fn take(&self, draws: u64) -> Result<(), AnalysisError> {
        // A counter of its own: nothing else is published with it.
        let before = self.0.fetch_add(draws, Ordering::Relaxed);
        if before.saturating_add(draws) <= DRAWS_MAX {
            return Ok(());
        }
        let (what, found, max) = ("random draws of a query's bootstraps", before.saturating_add(draws), DRAWS_MAX);
        Err(AnalysisError::TooMany { what, found: found as usize, max: max as usize })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_one_measure_of_work() {
        let (work, spent) = (Work::default(), DRAWS_MAX - 1);
        let shared = work.clone();
        work.take(spent).unwrap();
        shared.take(1).unwrap();
        assert!(
            work.take(1).unwrap_err().to_string().starts_with("random draws of a query's bootstraps: 200000001 values")
        );
    }
}
