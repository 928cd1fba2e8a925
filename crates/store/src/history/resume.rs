//! History beside snapshots of the log: what it remembers besides its tables, and whether these hold what a snapshot takes for stored.
//!
//! A start from a snapshot takes no record from below it again. So a snapshot counts only once all of these are committed
//! ([`History::taken`], [`History::has_committed`]), and a start asks once more whether they still are.

use super::writer::History;
use crate::schema::table::Table;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_model::names::NameEntry;

/// How far history has taken the log, and what it remembers of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPlace {
    /// Versions of spaces so far.
    space_versions: u64,
    /// For each table, in the order of [`Table::ALL`], the next offset of each partition that has rows.
    taken: Vec<Vec<(i32, i64)>>,
}

impl History {
    /// How far it has taken the log by now.
    #[must_use]
    pub fn taken(&self) -> HistoryPlace {
        let space_versions = self.fold().space_versions();
        let hot = self.hot();
        let taken = Table::ALL.map(|table| hot.all_taken(table).iter().collect());
        HistoryPlace { space_versions, taken: taken.into() }
    }

    /// Whether all rows up to a place are committed.
    #[must_use]
    pub fn has_committed(&self, place: &HistoryPlace) -> bool {
        let is_of_all = place.taken.len() == Table::ALL.len();
        let committed = |(table, taken): (Table, &Vec<(i32, i64)>)| {
            let positions = &self.committed(table).published().positions;
            taken.iter().all(|(partition, next)| *next <= positions.get(*partition))
        };
        is_of_all && Table::ALL.into_iter().zip(&place.taken).all(committed)
    }

    /// Goes on from a place, with the names of the log and the control record in force there. To be called before any record is
    /// taken.
    pub fn resume(&self, place: &HistoryPlace, names: &[NameEntry], control: &Arc<Control>) {
        self.fold().resume(names, control, place.space_versions);
    }
}
