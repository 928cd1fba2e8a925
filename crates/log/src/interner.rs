//! The shared interner: names to dense integers, for many decoding threads.
//!
//! A `DashMap` per kind answers the rare first look-ups; decoders keep a cache of their own in front of it, so that the
//! data path does not touch it (DESIGN.md, decision 7). Only names that passed the checks at the door may be interned,
//! and their number is bounded, so that a peer cannot grow it without end.

use dashmap::DashMap;
use std::sync::{Arc, RwLock};
use vigie_model::names::{NameIx, NameKind};

/// Names of one kind by default: far above any city, 64 MiB of names at worst.
pub const NAMES_PER_KIND_MAX: u32 = 1 << 20;

/// The bound on names of a kind is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many different {kind:?} names; at most {max} are kept")]
pub struct TooManyNames {
    /// The kind whose table is full.
    pub kind: NameKind,
    /// The bound.
    pub max: u32,
}

/// Names to dense integers, shared by threads.
#[derive(Debug)]
pub struct Interner {
    tables: [Table; NameKind::ALL.len()],
    names_max: u32,
}

#[derive(Debug, Default)]
struct Table {
    by_name: DashMap<Arc<str>, NameIx>,
    /// A std lock: it is held for a push or a clone of one pointer, never across a call.
    by_index: RwLock<Vec<Arc<str>>>,
}

impl Interner {
    /// An empty interner that keeps at most `names_max` names of each kind.
    #[must_use]
    pub fn new(names_max: u32) -> Self {
        Self { tables: Default::default(), names_max }
    }

    /// The index of a name, given to it now if it is new.
    ///
    /// # Errors
    /// [`TooManyNames`] when the name is new and the table full.
    pub fn intern(&self, kind: NameKind, name: &str) -> Result<NameIx, TooManyNames> {
        let table = &self.tables[kind as usize];
        if let Some(index) = table.by_name.get(name) {
            return Ok(*index);
        }
        let mut by_index = table.by_index.write().expect("no holder of this lock panics");
        if let Some(index) = table.by_name.get(name) {
            return Ok(*index);
        }
        let index = NameIx::try_from(by_index.len()).expect("bounded by names_max");
        if index >= self.names_max {
            return Err(TooManyNames { kind, max: self.names_max });
        }
        let name: Arc<str> = name.into();
        by_index.push(Arc::clone(&name));
        table.by_name.insert(name, index);
        Ok(index)
    }

    /// The index of a name, if it has one.
    #[must_use]
    pub fn lookup(&self, kind: NameKind, name: &str) -> Option<NameIx> {
        self.tables[kind as usize].by_name.get(name).map(|index| *index)
    }

    /// The name at an index, if it was given.
    #[must_use]
    pub fn name(&self, kind: NameKind, index: NameIx) -> Option<Arc<str>> {
        self.tables[kind as usize].by_index.read().expect("no holder of this lock panics").get(index as usize).cloned()
    }

    /// The names of a kind from `first` to `last`, both included.
    pub(crate) fn range(&self, kind: NameKind, first: NameIx, last: NameIx) -> Vec<Arc<str>> {
        let by_index = self.tables[kind as usize].by_index.read().expect("no holder of this lock panics");
        by_index[first as usize..=last as usize].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_dense_per_kind_and_stable() {
        let interner = Interner::new(10);
        assert_eq!(interner.intern(NameKind::Space, "a"), Ok(0));
        assert_eq!(interner.intern(NameKind::Space, "b"), Ok(1));
        assert_eq!(interner.intern(NameKind::Sensor, "b"), Ok(0));
        assert_eq!(interner.intern(NameKind::Space, "a"), Ok(0));
        assert_eq!(interner.lookup(NameKind::Space, "c"), None);
        assert_eq!(interner.name(NameKind::Space, 1).as_deref(), Some("b"));
    }

    #[test]
    fn a_full_table_refuses_new_names_only() {
        let interner = Interner::new(1);
        assert_eq!(interner.intern(NameKind::Node, "a"), Ok(0));
        assert_eq!(interner.intern(NameKind::Node, "b"), Err(TooManyNames { kind: NameKind::Node, max: 1 }));
        assert_eq!(interner.intern(NameKind::Node, "a"), Ok(0));
    }

    #[test]
    fn threads_agree() {
        let interner = Interner::new(1000);
        let intern_all =
            || (0..500).map(|n| interner.intern(NameKind::Metric, &format!("m{n}")).unwrap()).collect::<Vec<_>>();
        let (a, b) = std::thread::scope(|scope| {
            let (a, b) = (scope.spawn(intern_all), scope.spawn(intern_all));
            (a.join().unwrap(), b.join().unwrap())
        });
        assert_eq!(a, b);
    }
}
