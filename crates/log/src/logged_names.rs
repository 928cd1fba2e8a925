//! Which names are in the log, and the partitions of its spaces.

use crate::error::LogError;
use crate::interner::Interner;
use std::path::Path;
use vigie_model::batch::Events;
use vigie_model::names::{NO_NAME, NameEntry, NameIx, NameKind};
use vigie_model::position::{PartitionIx, PartitionTable};

/// Why a record cannot follow those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    #[error("it uses a name, a partition or rules that the log does not hold before it")]
    Unknown,
    #[error("it repeats what the log holds before it")]
    Repeated,
    #[error("there are more names in the log than this binary keeps")]
    TooManyNames,
}

impl Misfit {
    /// The error of a log whose record `sequence` does not fit.
    pub(crate) fn at(self, sequence: u64) -> LogError {
        LogError::damaged(Path::new("the log"), format!("record {sequence} does not fit: {self}"))
    }
}

/// The names in the log: of each kind, those below a number.
#[derive(Debug)]
pub(crate) struct LoggedNames {
    logged: [NameIx; NameKind::ALL.len()],
    table: PartitionTable,
}

impl LoggedNames {
    /// No names, for a log with so many partitions.
    pub(crate) const fn new(partitions: PartitionIx) -> Self {
        Self { logged: [0; NameKind::ALL.len()], table: PartitionTable::new(partitions) }
    }

    /// How many names of each kind are in the log.
    pub(crate) const fn logged(&self) -> [NameIx; NameKind::ALL.len()] {
        self.logged
    }

    /// Partitions of the log.
    pub(crate) const fn partitions(&self) -> PartitionIx {
        self.table.partitions()
    }

    /// The partition of a space that is in the log.
    pub(crate) fn partition(&self, space: NameIx) -> PartitionIx {
        self.table.get(space)
    }

    /// The names that rows of `events` use and the log does not have yet; from now on it has them.
    pub(crate) fn take_new(&mut self, events: &Events, interner: &Interner) -> Vec<NameEntry> {
        // Behind the last index of a column, which for `NO_NAME` is 0: so a column is looked through many at once.
        let end = |column: &[NameIx]| column.iter().fold(0, |end, index| index.wrapping_add(1).max(end));
        let end_of = |index: NameIx| index.wrapping_add(1);
        let rows = &events.observations;
        let mut ends = [end(&rows.space), end(&rows.sensor), end(&rows.node), end(&rows.metric), end(&rows.feed)];
        let mut use_names = |kind: NameKind, index| ends[kind as usize] = ends[kind as usize].max(end_of(index));
        for incident in &events.incidents {
            use_names(NameKind::Space, incident.space);
            use_names(NameKind::Sensor, incident.sensor);
            use_names(NameKind::Node, incident.node);
            use_names(NameKind::Feed, incident.feed);
        }
        for perception in &events.perceptions {
            use_names(NameKind::Space, perception.space);
            use_names(NameKind::Feed, perception.feed);
        }
        let mut entries = Vec::new();
        for (kind, end) in NameKind::ALL.into_iter().zip(ends) {
            let logged = &mut self.logged[kind as usize];
            if end <= *logged {
                continue;
            }
            for (index, name) in (*logged..).zip(interner.range(kind, *logged, end - 1)) {
                if kind == NameKind::Space {
                    self.table.push(&name);
                }
                entries.push(NameEntry { kind, index, name });
            }
            *logged = end;
        }
        entries
    }

    /// Takes in a dictionary record; the interner must give its names the same indices.
    pub(crate) fn learn(&mut self, entries: &[NameEntry], interner: &Interner) -> Result<(), Misfit> {
        for entry in entries {
            let next = &mut self.logged[entry.kind as usize];
            if entry.index != *next {
                return Err(if entry.index < *next { Misfit::Repeated } else { Misfit::Unknown });
            }
            *next += 1;
            let interned = interner.intern(entry.kind, &entry.name).map_err(|_| Misfit::TooManyNames)?;
            if interned != entry.index {
                return Err(Misfit::Repeated);
            }
            if entry.kind == NameKind::Space {
                self.table.push(&entry.name);
            }
        }
        Ok(())
    }

    /// Whether all names of a column are in the log.
    pub(crate) fn check(&self, kind: NameKind, mut column: impl Iterator<Item = NameIx>) -> Result<(), Misfit> {
        let known = self.logged[kind as usize];
        if column.all(|index| index < known || index == NO_NAME) { Ok(()) } else { Err(Misfit::Unknown) }
    }

    /// Whether all spaces of a column are in the log and belong to that partition.
    pub(crate) fn are_of(&self, partition: PartitionIx, mut spaces: impl Iterator<Item = NameIx>) -> bool {
        let known = self.logged[NameKind::Space as usize];
        partition < self.table.partitions() && spaces.all(|space| space < known && self.table.get(space) == partition)
    }
}
