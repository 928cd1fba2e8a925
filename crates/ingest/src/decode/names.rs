//! Names to integers, with a cache in front of the shared interner and the registry of spaces.
//!
//! Each decoder has its own, so that the data path touches neither lock nor shared map (DESIGN.md, decision 7). The
//! cache is bounded: when one kind is full it starts over, which costs look-ups and nothing else.

use crate::decode::reason::Reason;
use crate::limits::CACHED_NAMES_MAX;
use crate::spaces::registry::Registry;
use hashbrown::HashMap;
use std::sync::Arc;
use vigie_log::interner::Interner;
use vigie_model::names::{NameIx, NameKind};

/// One decoder's way to names.
#[derive(Debug)]
pub struct NameCache {
    interner: Arc<Interner>,
    registry: Arc<Registry>,
    known: [HashMap<Box<str>, NameIx>; NameKind::ALL.len()],
    /// Spaces refused before: asking again would search for a hint again.
    refused_spaces: HashMap<Box<str>, Reason>,
}

impl NameCache {
    /// An empty cache in front of `interner` and `registry`.
    #[must_use]
    pub fn new(interner: Arc<Interner>, registry: Arc<Registry>) -> Self {
        Self { interner, registry, known: Default::default(), refused_spaces: HashMap::new() }
    }

    /// The registry that admits spaces.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The integer of a checked id; a space must be admitted by the registry.
    pub(crate) fn index(&mut self, kind: NameKind, name: &str) -> Result<NameIx, Reason> {
        if let Some(index) = self.known[kind as usize].get(name) {
            return Ok(*index);
        }
        if kind == NameKind::Space {
            self.admit(name)?;
        }
        let index = self
            .interner
            .intern(kind, name)
            .map_err(|error| Reason::new("too many different names").in_words(error.to_string()))?;
        let known = &mut self.known[kind as usize];
        if known.len() >= CACHED_NAMES_MAX {
            known.clear();
        }
        known.insert(name.into(), index);
        Ok(index)
    }

    fn admit(&mut self, space: &str) -> Result<(), Reason> {
        if let Some(refusal) = self.refused_spaces.get(space) {
            return Err(refusal.clone());
        }
        let Err(refusal) = self.registry.admit(space) else { return Ok(()) };
        let refusal = Reason::from(refusal);
        if self.refused_spaces.len() >= CACHED_NAMES_MAX {
            self.refused_spaces.clear();
        }
        self.refused_spaces.insert(space.into(), refusal.clone());
        Err(refusal)
    }
}
