//! The registry of spaces: those the spaces file declares, and, where configured, those that registered by arriving.

use crate::spaces::locate::Locator;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use vigie_model::diagnostic::did_you_mean;
use vigie_model::doors::SpaceView;
use vigie_model::principal::Principal;
use vigie_model::space::Space;

/// Declared ids compared with an unknown one for a hint, so that a stream of unknown names stays cheap to refuse.
const HINT_CANDIDATES_MAX: usize = 1000;

/// What becomes of an event about a space that nobody declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownSpace {
    /// The event is rejected.
    #[default]
    Reject,
    /// The space is registered by its id alone, up to the registry's bound.
    Register,
}

/// Why an event's space is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpaceRefusal {
    /// Nobody declared it.
    #[error("space '{space}' is not declared{hint}")]
    Unknown {
        /// The id.
        space: String,
        /// The declared id most like it, in words; empty when none is.
        hint: String,
    },
    /// It would be registered, but there are too many already.
    #[error("space '{space}' is not declared, and {registered_max} spaces are registered already")]
    TooMany {
        /// The id.
        space: String,
        /// The bound.
        registered_max: usize,
    },
    /// The position belongs to no space.
    #[error("no declared space contains the position or is near enough to it")]
    Nowhere,
}

/// The spaces of one centre. Shared by all decoders; they ask it once per name and remember the answer until the declared
/// spaces change.
#[derive(Debug)]
pub struct Registry {
    centre: Arc<str>,
    unknown: UnknownSpace,
    registered_max: usize,
    nearest_m_max: f64,
    /// A std lock: it is held for a clone or a swap of one pointer.
    declared: RwLock<Arc<Declared>>,
    /// Counts how often the declared spaces changed; written after they did.
    version: AtomicU64,
    /// A std lock: it is held for one look-up or insertion, never across a call that waits.
    registered: RwLock<BTreeMap<Arc<str>, Arc<Space>>>,
}

/// The declared spaces with what is made of them once.
#[derive(Debug)]
struct Declared {
    spaces: Arc<Vec<Space>>,
    by_id: HashMap<Arc<str>, Arc<Space>>,
    view: Vec<Arc<Space>>,
    locator: Locator,
}

impl Registry {
    /// A registry of declared spaces, which registers at most `registered_max` others if `unknown` says so. Positions
    /// belong to the nearest space within `nearest_m_max` metres when no polygon contains them.
    #[must_use]
    pub fn new(
        centre: &str,
        declared: Arc<Vec<Space>>,
        unknown: UnknownSpace,
        registered_max: usize,
        nearest_m_max: f64,
    ) -> Self {
        Self {
            centre: centre.into(),
            unknown,
            registered_max,
            nearest_m_max,
            declared: RwLock::new(Arc::new(Declared::new(declared, nearest_m_max))),
            version: AtomicU64::new(0),
            registered: RwLock::default(),
        }
    }

    /// Other spaces are declared from now on. Rows about a space that is gone may still be under way.
    pub fn declare(&self, spaces: Arc<Vec<Space>>) {
        let declared = Arc::new(Declared::new(spaces, self.nearest_m_max));
        *self.declared.write().expect("no holder of this lock panics") = declared;
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Changes whenever an answer of [`Self::admit`] may have changed.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Lets an event about `space`, a checked id, in, or says why not; registers the space if that is configured.
    ///
    /// # Errors
    /// [`SpaceRefusal`], whose text goes back to whoever sent the event.
    pub fn admit(&self, space: &str) -> Result<(), SpaceRefusal> {
        let declared = self.declared();
        if declared.by_id.contains_key(space) {
            return Ok(());
        }
        if self.unknown == UnknownSpace::Reject {
            let candidates = declared.spaces.iter().take(HINT_CANDIDATES_MAX).map(|space| space.id.as_ref());
            let hint = did_you_mean(space, candidates);
            let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(SpaceRefusal::Unknown { space: space.to_owned(), hint });
        }
        if self.registered.read().expect("no holder of this lock panics").contains_key(space) {
            return Ok(());
        }
        let mut registered = self.registered.write().expect("no holder of this lock panics");
        if registered.len() >= self.registered_max && !registered.contains_key(space) {
            return Err(SpaceRefusal::TooMany { space: space.to_owned(), registered_max: self.registered_max });
        }
        registered.entry(space.into()).or_insert_with(|| Arc::new(Space::registered(space)));
        Ok(())
    }

    /// The declared space of a position in degrees.
    ///
    /// # Errors
    /// [`SpaceRefusal::Nowhere`].
    pub fn locate(&self, latitude: f64, longitude: f64) -> Result<Arc<str>, SpaceRefusal> {
        self.declared().locator.locate(latitude, longitude).cloned().ok_or(SpaceRefusal::Nowhere)
    }

    fn declared(&self) -> Arc<Declared> {
        Arc::clone(&self.declared.read().expect("no holder of this lock panics"))
    }
}

impl Declared {
    fn new(spaces: Arc<Vec<Space>>, nearest_m_max: f64) -> Self {
        let view: Vec<_> = spaces.iter().cloned().map(Arc::new).collect();
        Self {
            by_id: view.iter().map(|space| (Arc::clone(&space.id), Arc::clone(space))).collect(),
            view,
            locator: Locator::new(&spaces, nearest_m_max),
            spaces,
        }
    }
}

impl SpaceView for Registry {
    fn space(&self, who: &Principal, id: &str) -> Option<Arc<Space>> {
        if !who.scope.allows(&self.centre, id) {
            return None;
        }
        let declared = self.declared().by_id.get(id).cloned();
        declared.or_else(|| self.registered.read().expect("no holder of this lock panics").get(id).cloned())
    }

    fn spaces(&self, who: &Principal) -> Vec<Arc<Space>> {
        let declared = self.declared();
        let registered = self.registered.read().expect("no holder of this lock panics");
        // One that registered may have been declared since.
        let others = registered.values().filter(|space| !declared.by_id.contains_key(&space.id));
        let allowed = |space: &&Arc<Space>| who.scope.allows(&self.centre, &space.id);
        let mut spaces: Vec<_> = declared.view.iter().chain(others).filter(allowed).cloned().collect();
        spaces.sort_by(|a, b| a.id.cmp(&b.id));
        spaces
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use vigie_model::principal::SpaceScope;

    fn registry(unknown: UnknownSpace) -> Registry {
        let declared = ["town-hall", "city-square"].map(Space::registered).to_vec();
        Registry::new("melbourne", Arc::new(declared), unknown, 1, 0.0)
    }

    #[test]
    fn unknown_spaces_are_refused_with_the_nearest_name() {
        let registry = registry(UnknownSpace::Reject);
        assert_eq!(registry.admit("town-hall"), Ok(()));
        let refusal = registry.admit("townhall").unwrap_err();
        assert_eq!(refusal.to_string(), "space 'townhall' is not declared; did you mean 'town-hall'?");
        assert_eq!(registry.admit("zzz").unwrap_err().to_string(), "space 'zzz' is not declared");
        assert_eq!(registry.locate(0.0, 0.0), Err(SpaceRefusal::Nowhere));
    }

    #[test]
    fn registration_is_bounded() {
        let registry = registry(UnknownSpace::Register);
        assert_eq!(registry.admit("new"), Ok(()));
        assert_eq!(registry.admit("new"), Ok(()));
        assert!(matches!(registry.admit("newer"), Err(SpaceRefusal::TooMany { registered_max: 1, .. })));
        let seen = registry.spaces(&Principal::local("melbourne"));
        assert_eq!(seen.iter().map(|space| space.id.as_ref()).collect::<Vec<_>>(), ["city-square", "new", "town-hall"]);
    }

    #[test]
    fn a_principal_sees_its_scope_only() {
        let registry = registry(UnknownSpace::Reject);
        assert!(registry.spaces(&Principal::local("dublin")).is_empty());
        let mut partner = Principal::local("melbourne");
        partner.scope.spaces = SpaceScope::Only(BTreeSet::from(["city-square".into()]));
        assert_eq!(registry.spaces(&partner).len(), 1);
    }

    #[test]
    fn other_spaces_can_be_declared() {
        let registry = registry(UnknownSpace::Register);
        assert_eq!(registry.admit("harbour"), Ok(()), "it registers");
        registry.declare(Arc::new(vec![Space { name: "The Harbour".into(), ..Space::registered("harbour") }]));
        let seen = registry.spaces(&Principal::local("melbourne"));
        assert_eq!(seen.iter().map(|space| space.name.as_ref()).collect::<Vec<_>>(), ["The Harbour"], "once");
        assert!(
            matches!(registry.admit("town-hall"), Err(SpaceRefusal::TooMany { .. })),
            "it is not declared any more"
        );
    }
}
