//! Who asks, and for what: every command, read and query carries a [`Principal`] by type.
//!
//! On a loopback listener without accounts there is one explicit local principal with the whole centre as its scope;
//! later sign-in methods produce the same type. A [`Scope`] is demanded by the doors in [`crate::doors`], so that no
//! read can be written that forgets it.
//!
//! ```
//! use vigie_model::principal::Principal;
//! let operator = Principal::local("melbourne");
//! assert!(operator.scope.allows("melbourne", "town-hall"));
//! assert!(!operator.scope.allows("dublin", "town-hall"));
//! ```

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Somebody or something that commands, reads or asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Name for the audit trail.
    pub name: Arc<str>,
    /// What it may see and do.
    pub scope: Scope,
}

/// The part of the world a principal may see, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The only centre whose rows it may see.
    pub centre: Arc<str>,
    /// Spaces of that centre.
    pub spaces: SpaceScope,
    /// What it is asked for; part of every audit record.
    pub purpose: Purpose,
}

/// Which spaces of a centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpaceScope {
    /// All of them, also those registered later.
    All,
    /// Only these.
    Only(BTreeSet<Arc<str>>),
}

/// What data is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Running the control room.
    Operations,
    /// Studying what happened.
    Analysis,
}

impl Principal {
    /// The explicit principal of a loopback listener without accounts: the whole of one centre.
    #[must_use]
    pub fn local(centre: &str) -> Self {
        let scope = Scope { centre: centre.into(), spaces: SpaceScope::All, purpose: Purpose::Operations };
        Self { name: "local".into(), scope }
    }
}

impl Scope {
    /// Whether a row of `centre` about `space` may be seen.
    #[must_use]
    pub fn allows(&self, centre: &str, space: &str) -> bool {
        *self.centre == *centre
            && match &self.spaces {
                SpaceScope::All => true,
                SpaceScope::Only(spaces) => spaces.contains(space),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_centre_sees_nothing_and_a_partner_only_its_spaces() {
        let mut partner = Principal::local("melbourne");
        partner.scope.spaces = SpaceScope::Only(BTreeSet::from(["town-hall".into()]));
        assert!(partner.scope.allows("melbourne", "town-hall"));
        assert!(!partner.scope.allows("melbourne", "city-square"));
        assert!(!Principal::local("dublin").scope.allows("melbourne", "town-hall"));
    }
}
