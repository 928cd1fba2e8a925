//! Why a line is refused: in words for its sender, and in words that hold none of its bytes for everyone else.
//!
//! **Invariant**: [`Reason::kind`] and [`Reason::field`] are `'static`, so nothing of an event can be in them. The words
//! go back to the sender alone; they may name what the sender wrote, as in "space 'sqare' is not declared".

use crate::spaces::registry::SpaceRefusal;
use std::fmt;

/// Why a line is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    field: Option<&'static str>,
    kind: &'static str,
    /// For the sender; `None` when field and kind say it all.
    words: Option<String>,
}

impl Reason {
    /// A reason about the whole event.
    #[must_use]
    pub fn new(kind: &'static str) -> Self {
        Self { field: None, kind, words: None }
    }

    /// A reason about one declared field.
    #[must_use]
    pub fn of(field: &'static str, kind: &'static str) -> Self {
        Self { field: Some(field), kind, words: None }
    }

    /// The same reason, told to the sender in `words`, which may hold what the sender wrote.
    #[must_use]
    pub fn in_words(mut self, words: impl Into<String>) -> Self {
        self.words = Some(words.into());
        self
    }

    /// What kind of refusal it is; holds no byte of the event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The declared field it is about; holds no byte of the event.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        self.field
    }
}

/// The words for the sender.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.words, self.field) {
            (Some(words), _) => f.write_str(words),
            (None, Some(field)) => write!(f, "{field} {}", self.kind),
            (None, None) => f.write_str(self.kind),
        }
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.to_string()
    }
}

impl From<SpaceRefusal> for Reason {
    fn from(refusal: SpaceRefusal) -> Self {
        let reason = match refusal {
            SpaceRefusal::Unknown { .. } => Self::of("space", "is not declared"),
            SpaceRefusal::TooMany { .. } => Self::of("space", "is not declared, and too many are registered"),
            SpaceRefusal::Nowhere => Self::new("the position belongs to no space"),
        };
        reason.in_words(refusal.to_string())
    }
}
