//! How far a row is to be trusted: what its source says of the value, and what was noticed at the door.
//!
//! ```
//! use vigie_model::quality::Quality;
//!
//! assert_eq!(Quality::from_word("uncertain"), Some(Quality::Uncertain));
//! ```

use serde::{Deserialize, Serialize};

/// Bits of the `flags` of a row.
pub mod flags {
    /// The row's event time was not later than the newest of its series when it was taken.
    pub const LATE: u8 = 1;
    /// The row came from an archive: stored by its event date, never judged.
    pub const BACKFILL: u8 = 2;
    /// The sequencer moved the event time; the original is the row's sent time.
    pub const TIME_ADJUSTED: u8 = 4;
    /// An incident that the log had already, told anew: stored as another version, never judged.
    pub const REVISION: u8 = 8;
}

/// Whether a source vouches for a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Quality {
    /// A value to be judged.
    #[default]
    Good,
    /// An arrival, but no value.
    Uncertain,
    /// An arrival, but no value.
    Bad,
}

impl Quality {
    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Uncertain => "uncertain",
            Self::Bad => "bad",
        }
    }

    /// Reads the word used on the wire.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Good, Self::Uncertain, Self::Bad].into_iter().find(|quality| quality.as_str() == word)
    }
}
