//! Event and exercise modes: what holds for a while over everything else.
//!
//! At most one mode holds besides the normal one. It has a name, an end, at most one coordinator, and covers the spaces it
//! names, or all. An alert that opens in a covered space keeps what held then: the name of an event, or that it belongs to
//! an exercise. The end comes by itself, with the first record at or after it. `docs/desk.md` has the whole table.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use vigie_model::command::{Command, DeskMode, Outcome};

/// Most spaces that one mode may name.
pub const SPACES_NAMED_MAX: usize = 500;

/// Which mode holds; see the [module's documentation](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modes {
    now: Option<Arc<ModeInForce>>,
}

/// A mode that holds for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeInForce {
    /// Event or exercise.
    pub mode: DeskMode,
    /// What it is called.
    pub name: Arc<str>,
    /// Who coordinates.
    pub coordinator: Option<Arc<str>>,
    /// Since when, in log time.
    pub since_ms: i64,
    /// When it ends by itself, in log time.
    pub until_ms: i64,
    /// The spaces it covers; all when empty.
    pub spaces: BTreeSet<Arc<str>>,
    /// Who said so.
    pub operator: Arc<str>,
    /// And why.
    pub note: Option<String>,
}

/// The mode somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct ModeAsked<'a> {
    /// Which.
    pub mode: DeskMode,
    /// What it is to be called.
    pub name: Option<&'a Arc<str>>,
    /// Who is to coordinate.
    pub coordinator: Option<&'a Arc<str>>,
    /// When it is to end.
    pub until_ms: Option<i64>,
    /// What it is to cover.
    pub spaces: &'a [Arc<str>],
}

impl ModeInForce {
    /// Whether it covers a space.
    #[must_use]
    pub fn covers(&self, space: &str) -> bool {
        self.spaces.is_empty() || self.spaces.contains(space)
    }
}

impl Modes {
    /// Somebody wants another mode. The same one with another end, coordinator or other spaces goes on since it began.
    pub fn set(&mut self, command: &Command, asked: ModeAsked<'_>) -> Outcome {
        if asked.mode == DeskMode::Normal {
            return if self.now.take().is_some() { Outcome::Done } else { Outcome::Unchanged };
        }
        let Some(until_ms) = asked.until_ms.filter(|until_ms| *until_ms > command.log_time_ms) else {
            return Outcome::UntilPassed;
        };
        if asked.spaces.len() > SPACES_NAMED_MAX {
            return Outcome::TooMany;
        }
        let mut next = ModeInForce {
            mode: asked.mode,
            name: asked.name.cloned().unwrap_or_default(),
            coordinator: asked.coordinator.cloned(),
            since_ms: command.log_time_ms,
            until_ms,
            spaces: asked.spaces.iter().cloned().collect(),
            operator: Arc::clone(&command.operator),
            note: command.note.clone(),
        };
        if let Some(now) = self.now.as_deref().filter(|now| (now.mode, &now.name) == (next.mode, &next.name)) {
            next.since_ms = now.since_ms;
            if (now.until_ms, &now.coordinator, &now.spaces) == (until_ms, &next.coordinator, &next.spaces) {
                return Outcome::Unchanged;
            }
        }
        self.now = Some(Arc::new(next));
        Outcome::Done
    }

    /// Time has come to `now_ms`: the mode that ended, if one did.
    pub fn settle(&mut self, now_ms: i64) -> Option<Arc<ModeInForce>> {
        self.now.take_if(|now| now.until_ms <= now_ms)
    }

    /// The mode that holds besides the normal one.
    #[must_use]
    pub const fn now(&self) -> Option<&Arc<ModeInForce>> {
        self.now.as_ref()
    }

    /// The mode that covers a space.
    #[must_use]
    pub fn covering(&self, space: &str) -> Option<&Arc<ModeInForce>> {
        self.now.as_ref().filter(|now| now.covers(space))
    }
}
