//! Who may sign in, and as whom they ask.

use std::collections::HashMap;
use std::sync::Arc;
use vigie_model::doors::AnswerBounds;
use vigie_model::principal::Principal;
use vigie_postgres::scram::{ScramError, Unknown};
use vigie_postgres::verifier::{ITERATIONS_DEFAULT, Verifier};

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresUser {
    /// What proves the password.
    pub verifier: Verifier,
    /// The name to sign in with, and what its queries may see.
    pub principal: Principal,
    /// How large one of its answers may become; what is not said has the door's highest bound.
    pub bounds: AnswerBounds,
}

/// Everybody who may sign in, by name, and what to do with other names.
pub(crate) struct Users {
    known: HashMap<Arc<str>, PostgresUser>,
    unknown: Unknown,
}

impl Users {
    /// # Errors
    /// When the system gives no random bytes.
    pub(crate) fn new(users: Vec<PostgresUser>) -> Result<Self, ScramError> {
        let iterations = users.first().map_or(ITERATIONS_DEFAULT, |user| user.verifier.iterations());
        let known = users.into_iter().map(|user| (Arc::clone(&user.principal.name), user)).collect();
        Ok(Self { known, unknown: Unknown::new(iterations)? })
    }

    /// What a name has to prove; a name that nobody has gets something that cannot be proven.
    pub(crate) fn verifier(&self, name: &str) -> Verifier {
        let nobodys = self.unknown.verifier(name);
        self.known.get(name).map_or(nobodys, |user| user.verifier.clone())
    }

    /// Who signed in under a name.
    pub(crate) fn user(&self, name: &str) -> Option<&PostgresUser> {
        self.known.get(name)
    }
}
