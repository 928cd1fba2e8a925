//! Log records become rows: the part of history's state that a record may change.
//!
//! A control record makes rows of its spaces only when they differ from those of the one before, so that a change of rules
//! does not write a city's outlines again. That depends on the log alone: a restart, which reads it from the beginning,
//! numbers the rows as before.

use crate::rows::events::{incidents, perceptions};
use crate::rows::spaces::{SPACES_PARTITION, spaces};
use crate::schema::table::Table;
use arrow::array::RecordBatch;
use std::sync::Arc;
use vigie_model::batch::Observations;
use vigie_model::control::Control;
use vigie_model::metric::Metrics;
use vigie_model::names::{NO_NAME, NameEntry, NameIx, NameKind, Names};
use vigie_model::position::PartitionIx;
use vigie_model::record::{Payload, Record};
use vigie_model::space::Space;

/// What is known from earlier records: names, units, and how many space versions there were.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    /// Shared with whoever turns rows of the log into rows of history; indices never change their names.
    names: Arc<Names>,
    metrics: Arc<Metrics>,
    spaces: Arc<Vec<Space>>,
    space_versions: u64,
}

/// Rows of one table and partition, and the position once they are stored.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) table: Table,
    pub(crate) partition: i32,
    pub(crate) batch: RecordBatch,
    pub(crate) next: i64,
}

impl Rows {
    /// Rows of which the last has offset `next - 1`.
    pub(crate) fn new(table: Table, partition: PartitionIx, batch: RecordBatch, next: u64) -> Self {
        let next = i64::try_from(next).expect("a log has fewer than 2^63 rows");
        Self { table, partition: i32::from(partition), batch, next }
    }
}

impl Fold {
    /// The names known so far.
    pub(crate) fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }

    /// The metrics as they are configured now.
    pub(crate) const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// How many versions of spaces there were so far.
    pub(crate) const fn space_versions(&self) -> u64 {
        self.space_versions
    }

    /// Goes on behind earlier records: with their names, the newest control record and so many versions of spaces.
    pub(crate) fn resume(&mut self, names: &[NameEntry], control: &Control, space_versions: u64) {
        Arc::make_mut(&mut self.names).learn(names);
        (self.metrics, self.spaces) = (Arc::clone(&control.metrics), Arc::clone(&control.spaces));
        self.space_versions = space_versions;
    }

    /// Makes sure that rows of these observations can be made later.
    ///
    /// # Panics
    /// When one uses a name before its dictionary record, which the sequencer never lets happen.
    pub(crate) fn check_names(&self, rows: &Observations) {
        let is_known = |kind, column: &[NameIx]| {
            let known = self.names.all(kind).len();
            column.iter().all(|index| (*index as usize) < known || *index == NO_NAME)
        };
        let always = [(NameKind::Space, &rows.space), (NameKind::Metric, &rows.metric), (NameKind::Feed, &rows.feed)];
        let sometimes = [(NameKind::Sensor, &rows.sensor), (NameKind::Node, &rows.node)];
        let all_known = always.iter().chain(&sometimes).all(|(kind, column)| is_known(*kind, column));
        let all_named = always.iter().all(|(_, column)| !column.contains(&NO_NAME));
        assert!(all_known && all_named, "the log names an index before it uses it");
    }

    /// Takes in a record; returns the rows it makes, if any.
    ///
    /// # Panics
    /// When a row uses a name before its dictionary record, which the sequencer never lets happen.
    pub(crate) fn apply(&mut self, record: &Record, centre: &str) -> Option<Rows> {
        match &record.payload {
            Payload::Control(control) => {
                self.metrics = Arc::clone(&control.metrics);
                if control.spaces == self.spaces {
                    return None;
                }
                self.spaces = Arc::clone(&control.spaces);
                let batch = spaces(control, centre, record.log_time_ms, self.space_versions);
                self.space_versions += control.spaces.len() as u64;
                Some(Rows::new(Table::Spaces, SPACES_PARTITION, batch, self.space_versions))
            }
            Payload::Dictionary(entries) => {
                Arc::make_mut(&mut self.names).learn(entries);
                None
            }
            Payload::Incidents(rows) => {
                let batch = incidents(rows, centre, &self.names);
                Some(Rows::new(Table::Incidents, rows.partition, batch, rows.first_offset + rows.rows.len() as u64))
            }
            Payload::Perceptions(rows) => {
                let batch = perceptions(rows, centre, &self.names);
                Some(Rows::new(Table::Perceptions, rows.partition, batch, rows.first_offset + rows.rows.len() as u64))
            }
            // Observations are not folded here: they stay as they are until somebody needs rows of them.
            Payload::Observations(_)
            | Payload::IntakeUp
            | Payload::Gap(_)
            | Payload::Tick { .. }
            | Payload::Command(_)
            | Payload::Seeds(_) => None,
        }
    }
}
