//! The stages between the log and a data file, one by one, for whoever wants to know what each costs.

use super::buffer::ObservedBuffer;
use super::file::encode;
use super::order::{OfDate, Ranks, by_date};
use crate::positions::Positions;
use crate::rows::observed::Observed;
use std::sync::Arc;
use vigie_model::batch::Observations;
use vigie_model::metric::Metrics;
use vigie_model::names::{NameKind, Names};
use vigie_model::record::Batch;

/// Observations on their way into files, none of them stored.
#[derive(Debug)]
pub struct Stages {
    centre: String,
    names: Names,
    ranks: Ranks,
    hot: ObservedBuffer,
}

/// Hot observations in the order of their files.
#[derive(Debug)]
pub struct SortedRows {
    chunks: Vec<Arc<Observed>>,
    dates: Vec<OfDate>,
}

impl Stages {
    /// No rows yet; `names` are all that they will use.
    #[must_use]
    pub fn new(centre: &str, names: Names) -> Self {
        let (ranks, hot) = (Ranks::default(), ObservedBuffer::new(Positions::default()));
        Self { centre: centre.to_owned(), names, ranks, hot }
    }

    /// Takes a batch of the log as the hot buffer does; returns how many rows were new.
    pub fn take(&mut self, batch: &Batch<Observations>, metrics: &Arc<Metrics>) -> usize {
        self.hot.take(batch, metrics)
    }

    /// Sorts all rows.
    pub fn sort(&mut self) -> SortedRows {
        self.ranks.learn(self.names.all(NameKind::Space));
        let chunks = self.hot.snapshot();
        let dates = by_date(&chunks, &Positions::default(), &self.ranks);
        SortedRows { chunks, dates }
    }

    /// Makes the files of sorted rows; returns how many bytes they have.
    ///
    /// # Panics
    /// When a row uses a name that is not known, or a page would be larger than 2 GiB.
    #[must_use]
    pub fn encode(&self, rows: &SortedRows) -> usize {
        let file = |date| encode(&rows.chunks, date, &self.centre, &self.names).expect("pages are small");
        rows.dates.iter().map(|date| file(date).bytes.len()).sum()
    }
}
