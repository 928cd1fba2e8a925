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
        let highest = |column: &[NameIx]| column.iter().copied().filter(|index| *index != NO_NAME).max();
        let rows = &events.observations;
        let incidents = || events.incidents.iter();
        let perceptions = || events.perceptions.iter();
        let used = |column: Option<NameIx>, incident: Option<NameIx>, perception: Option<NameIx>| {
            [column, incident, perception].into_iter().flatten().filter(|index| *index != NO_NAME).max()
        };
        let highest_used = [
            used(highest(&rows.space), incidents().map(|i| i.space).max(), perceptions().map(|p| p.space).max()),
            used(highest(&rows.sensor), incidents().map(|i| i.sensor).filter(|s| *s != NO_NAME).max(), None),
            used(highest(&rows.node), incidents().map(|i| i.node).filter(|n| *n != NO_NAME).max(), None),
            highest(&rows.metric),
            used(highest(&rows.feed), incidents().map(|i| i.feed).max(), perceptions().map(|p| p.feed).max()),
        ];
        let mut entries = Vec::new();
        for (kind, last) in NameKind::ALL.into_iter().zip(highest_used) {
            let logged = &mut self.logged[kind as usize];
            let Some(last) = last.filter(|last| *last >= *logged) else { continue };
            for (index, name) in (*logged..).zip(interner.range(kind, *logged, last)) {
                if kind == NameKind::Space {
                    self.table.push(&name);
                }
                entries.push(NameEntry { kind, index, name });
            }
            *logged = last + 1;
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
