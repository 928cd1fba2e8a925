//! Names to integers, with a cache in front of the shared interner and the registry of spaces.
//!
//! Each decoder has its own, so that the data path touches neither lock nor shared map (DESIGN.md, decision 7). The
//! cache is bounded: when one kind is full it starts over, which costs look-ups and nothing else.

use crate::limits::CACHED_NAMES_MAX;
use crate::spaces::registry::Registry;
use hashbrown::HashMap;
use std::sync::Arc;
use vigie_log::interner::Interner;
use vigie_model::names::{NameIx, NameKind};

/// Why a name was not turned into an integer, in words for whoever sent it.
pub(crate) type Refusal = String;

/// One decoder's way to names.
#[derive(Debug)]
pub struct NameCache {
    interner: Arc<Interner>,
    registry: Arc<Registry>,
    known: [HashMap<Box<str>, NameIx>; NameKind::ALL.len()],
    /// The name of each kind asked for last: metric and feed hardly change from event to event, and what is sent
    /// together mostly has one node.
    latest: [(String, NameIx); NameKind::ALL.len()],
    /// Spaces refused before: asking again would search for a hint again.
    refused_spaces: HashMap<Box<str>, Refusal>,
}

impl NameCache {
    /// An empty cache in front of `interner` and `registry`.
    #[must_use]
    pub fn new(interner: Arc<Interner>, registry: Arc<Registry>) -> Self {
        Self {
            interner,
            registry,
            known: Default::default(),
            latest: Default::default(),
            refused_spaces: HashMap::new(),
        }
    }

    /// The registry that admits spaces.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The integer of a checked id; a space must be admitted by the registry.
    pub(crate) fn index(&mut self, kind: NameKind, name: &str) -> Result<NameIx, Refusal> {
        let (latest, latest_index) = &mut self.latest[kind as usize];
        if latest == name && !name.is_empty() {
            return Ok(*latest_index);
        }
        if let Some(index) = self.known[kind as usize].get(name) {
            latest.clear();
            latest.push_str(name);
            *latest_index = *index;
            return Ok(*index);
        }
        if kind == NameKind::Space {
            self.admit(name)?;
        }
        let index = self.interner.intern(kind, name).map_err(|error| error.to_string())?;
        let known = &mut self.known[kind as usize];
        if known.len() >= CACHED_NAMES_MAX {
            known.clear();
        }
        known.insert(name.into(), index);
        Ok(index)
    }

    fn admit(&mut self, space: &str) -> Result<(), Refusal> {
        if let Some(refusal) = self.refused_spaces.get(space) {
            return Err(refusal.clone());
        }
        let Err(refusal) = self.registry.admit(space) else { return Ok(()) };
        if self.refused_spaces.len() >= CACHED_NAMES_MAX {
            self.refused_spaces.clear();
        }
        self.refused_spaces.insert(space.into(), refusal.to_string());
        Err(refusal.to_string())
    }
}
