//! What operators do with alerts: commands as records of the log, and their outcomes.

use crate::alert::AlertId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest operator name, note or cause, in bytes.
pub const TEXT_BYTES_MAX: usize = 4096;

/// What an alert turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    /// Something really was happening.
    True,
    /// Nothing was happening.
    False,
    /// It happened, but nobody needed to know.
    Nuisance,
    /// Somebody tried the system.
    Test,
    /// Another alert already told.
    Duplicate,
}

impl Disposition {
    /// Every disposition.
    pub const ALL: [Self; 5] = [Self::True, Self::False, Self::Nuisance, Self::Test, Self::Duplicate];

    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Nuisance => "nuisance",
            Self::Test => "test",
            Self::Duplicate => "duplicate",
        }
    }
}

/// What to do with an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Somebody has seen it and owns it.
    Acknowledge,
    /// It is over and was judged.
    Close {
        /// What it turned out to be.
        disposition: Disposition,
        /// Root cause, in the operator's words.
        cause: Option<String>,
    },
}

impl Action {
    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Close { .. } => "close",
        }
    }
}

/// An operator's command; a record of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Unique id, given when the command is taken; names its row in history.
    pub action_id: Arc<str>,
    /// The alert it is about.
    pub alert_id: AlertId,
    /// Who gave it.
    pub operator: Arc<str>,
    /// What to do.
    pub action: Action,
    /// The operator's note.
    pub note: Option<String>,
    /// Log time at which it was taken; set by the sequencer.
    pub log_time_ms: i64,
}

/// What became of a command. The alert book decides it; it is the same on every replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Done,
    /// The alert was already in that state; nothing changed.
    Unchanged,
    /// No alert has that id.
    UnknownAlert,
    /// An alert whose condition is still active or stale cannot be closed.
    StillActive,
    /// The alert is closed; nothing more can be done with it.
    AlreadyClosed,
}

impl Outcome {
    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::UnknownAlert => "unknown_alert",
            Self::StillActive => "still_active",
            Self::AlreadyClosed => "already_closed",
        }
    }
}
