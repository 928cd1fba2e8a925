//! Names to integers, with a cache in front of the shared interner and the registry of spaces.
//!
//! Each decoder has its own, so that the data path touches neither lock nor shared map (DESIGN.md, decision 7). The
//! cache is bounded: when one kind is full it starts over, which costs look-ups and nothing else. What it remembers of
//! spaces is forgotten when other spaces are declared.

use crate::decode::known_names::KnownNames;
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
    known: [KnownNames; NameKind::ALL.len()],
    /// Spaces refused before: asking again would search for a hint again.
    refused_spaces: HashMap<Box<str>, Reason>,
    /// Version of the registry whose answers are remembered.
    spaces_version: u64,
}

impl NameCache {
    /// An empty cache in front of `interner` and `registry`.
    #[must_use]
    pub fn new(interner: Arc<Interner>, registry: Arc<Registry>) -> Self {
        Self {
            interner,
            spaces_version: registry.version(),
            registry,
            known: Default::default(),
            refused_spaces: HashMap::new(),
        }
    }

    /// The registry that admits spaces.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Forgets what it knows of spaces if others are declared by now. To be called before each request.
    pub(crate) fn follow_registry(&mut self) {
        let version = self.registry.version();
        if version == self.spaces_version {
            return;
        }
        self.spaces_version = version;
        self.known[NameKind::Space as usize].clear();
        self.refused_spaces.clear();
    }

    /// The integer of a name met before; such a name was checked then.
    pub(crate) fn known(&mut self, kind: NameKind, name: &str) -> Option<NameIx> {
        self.known[kind as usize].get(name)
    }

    /// The integer of a checked id; a space must be admitted by the registry.
    pub(crate) fn index(&mut self, kind: NameKind, name: &str) -> Result<NameIx, Reason> {
        if let Some(index) = self.known(kind, name) {
            return Ok(index);
        }
        if kind == NameKind::Space {
            self.admit(name)?;
        }
        let index = self
            .interner
            .intern(kind, name)
            .map_err(|error| Reason::new("too many different names").in_words(error.to_string()))?;
        self.known[kind as usize].insert(name, index);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spaces::registry::UnknownSpace;
    use vigie_model::space::Space;

    #[test]
    fn names_of_any_length_keep_their_index() {
        let registry = Registry::new("c", Arc::default(), UnknownSpace::Register, 100, 0.0);
        let mut names = NameCache::new(Arc::new(Interner::new(1000)), Arc::new(registry));
        let lengths = [1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 25, 128];
        for _ in 0..2 {
            for (index, length) in (0..).zip(lengths) {
                assert_eq!(names.index(NameKind::Sensor, &"x".repeat(length)), Ok(index));
                assert_eq!(names.index(NameKind::Sensor, &"x".repeat(length)), Ok(index), "asked for again at once");
            }
        }
        assert_eq!(names.index(NameKind::Node, "x"), Ok(0), "kinds have indices of their own");
    }

    #[test]
    fn spaces_are_asked_for_again_once_others_are_declared() {
        let declared = |ids: &[&str]| Arc::new(ids.iter().map(|id| Space::registered(id)).collect::<Vec<_>>());
        let registry = Arc::new(Registry::new("c", declared(&["plaza", "pier"]), UnknownSpace::Reject, 0, 0.0));
        let mut names = NameCache::new(Arc::new(Interner::new(1000)), Arc::clone(&registry));
        assert_eq!(names.index(NameKind::Space, "pier"), Ok(0));
        assert_eq!(names.index(NameKind::Space, "plaza"), Ok(1));
        assert!(names.index(NameKind::Space, "quay").is_err());
        registry.declare(declared(&["quay", "pier"]));
        assert_eq!(names.index(NameKind::Space, "plaza"), Ok(1), "what is under way stays as it was");
        names.follow_registry();
        assert_eq!(names.index(NameKind::Space, "quay"), Ok(2));
        assert!(names.index(NameKind::Space, "plaza").is_err());
        assert_eq!(names.index(NameKind::Space, "pier"), Ok(0), "a name keeps its index");
    }
}
