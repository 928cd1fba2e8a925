//! Interned names: spaces, sensors, nodes, metrics and feeds as dense integers.
//!
//! The log's interner gives every name of a [`NameKind`] the next integer, and the sequencer writes that pair into the
//! log before the first row that uses it. A role folds those dictionary records into [`Names`] and can then turn the
//! integers of a batch back into text.
//!
//! **Invariant**: indices of one kind are dense from 0, and an index never changes its name.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An interned name; only meaningful together with its [`NameKind`].
pub type NameIx = u32;
/// Stands for "no name" in columns: an observation without a sensor.
pub const NO_NAME: NameIx = NameIx::MAX;

/// What a name names; each kind has its own dense integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NameKind {
    /// A public space.
    Space,
    /// A sensor.
    Sensor,
    /// An edge node.
    Node,
    /// A metric.
    Metric,
    /// A feed.
    Feed,
}

impl NameKind {
    /// Every kind, in the order of their discriminants.
    pub const ALL: [Self; 5] = [Self::Space, Self::Sensor, Self::Node, Self::Metric, Self::Feed];
}

/// One line of the dictionary: `kind` has `name` at `index`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameEntry {
    /// What is named.
    pub kind: NameKind,
    /// Its dense index.
    pub index: NameIx,
    /// Its name.
    pub name: Arc<str>,
}

/// The dictionary as one role knows it so far.
#[derive(Clone, Debug, Default)]
pub struct Names {
    tables: [Vec<Arc<str>>; NameKind::ALL.len()],
}

impl Names {
    /// Takes in dictionary entries in log order; entries already known are ignored.
    ///
    /// # Panics
    /// When an entry leaves a gap: the log then misses a dictionary record.
    pub fn learn(&mut self, entries: &[NameEntry]) {
        for entry in entries {
            let table = &mut self.tables[entry.kind as usize];
            let index = entry.index as usize;
            assert!(index <= table.len(), "dictionary entries of one kind are contiguous in the log");
            if index == table.len() {
                table.push(Arc::clone(&entry.name));
            }
        }
    }

    /// The name at `index`; `None` for [`NO_NAME`] and for indices not learnt yet.
    #[must_use]
    pub fn get(&self, kind: NameKind, index: NameIx) -> Option<&Arc<str>> {
        self.tables[kind as usize].get(index as usize)
    }

    /// The name at `index`, which the dictionary must hold.
    ///
    /// # Panics
    /// When the log used an index before its dictionary record.
    #[must_use]
    pub fn name(&self, kind: NameKind, index: NameIx) -> &Arc<str> {
        self.get(kind, index).expect("the log names an index before it uses it")
    }

    /// All names of a kind in the order of their indices.
    #[must_use]
    pub fn all(&self, kind: NameKind) -> &[Arc<str>] {
        &self.tables[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(index: NameIx, name: &str) -> NameEntry {
        NameEntry { kind: NameKind::Sensor, index, name: name.into() }
    }

    #[test]
    fn learns_once_and_answers_by_kind() {
        let mut names = Names::default();
        names.learn(&[entry(0, "a"), entry(1, "b")]);
        names.learn(&[entry(1, "b"), entry(2, "c")]);
        assert_eq!(names.name(NameKind::Sensor, 2).as_ref(), "c");
        assert_eq!(names.get(NameKind::Space, 0), None);
        assert_eq!(names.get(NameKind::Sensor, NO_NAME), None);
    }

    #[test]
    #[should_panic(expected = "contiguous")]
    fn a_gap_is_a_broken_log() {
        Names::default().learn(&[entry(1, "b")]);
    }
}
