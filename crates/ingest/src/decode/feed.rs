//! Feeds: every event belongs to one, and its declaration says what may be kept of it.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A declared feed, as far as decoding needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedSpec {
    /// Its name.
    pub name: Arc<str>,
    /// Whether free text of its incidents is kept; otherwise it is dropped at the door.
    pub text_allowed: bool,
}

/// The declared feeds, and the one that takes events which name none.
#[derive(Clone, Debug)]
pub struct Feeds {
    declared: BTreeMap<Arc<str>, FeedSpec>,
    default: FeedSpec,
}

impl FeedSpec {
    /// A feed without free text.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.into(), text_allowed: false }
    }
}

impl Feeds {
    /// These feeds, and `default` for events that name none.
    #[must_use]
    pub fn new(declared: impl IntoIterator<Item = FeedSpec>, default: FeedSpec) -> Self {
        let declared = declared.into_iter().chain([default.clone()]);
        Self { declared: declared.map(|feed| (Arc::clone(&feed.name), feed)).collect(), default }
    }

    /// The feed of that name, or the default one for none.
    #[must_use]
    pub fn find(&self, name: Option<&str>) -> Option<&FeedSpec> {
        match name {
            None => Some(&self.default),
            Some(name) => self.declared.get(name),
        }
    }

    /// The names of all feeds, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.declared.keys().map(AsRef::as_ref)
    }
}
