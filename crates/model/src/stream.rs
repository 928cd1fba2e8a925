//! The alert stream: what the rules role writes and the alert book, history and operators read.
//!
//! It is one order of transitions, commands and ticks, so that whoever folds it needs no second source (DESIGN.md,
//! decision 5). A position counts its records from 0; server-sent events use it as their id.

use crate::alert::Transition;
use crate::command::{Command, Outcome};
use crate::control::AlertSettings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One record of the alert stream.
#[derive(Clone, Debug)]
pub struct AlertRecord {
    /// Place in the alert stream, from 0.
    pub position: u64,
    /// Log time at which it was written.
    pub log_time_ms: i64,
    /// What it says.
    pub item: AlertItem,
}

/// What a record of the alert stream says.
#[derive(Clone, Debug)]
pub enum AlertItem {
    /// A condition changed.
    Transition(Arc<Transition>),
    /// An operator's command, copied from its place in the log.
    Command(Arc<Command>),
    /// The clock, copied from its place in the log.
    Tick {
        /// T of the tick.
        tick_ms: i64,
    },
    /// Something the log did by itself, copied from its place in the log.
    Mark(Arc<LogMark>),
}

/// Something the log did by itself on which verdicts depend; a row of the history table `actions`, so that stored rows can
/// be judged again as they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogMark {
    /// What it did.
    pub what: LogDeed,
    /// Where in the log, as far as rows and ticks tell.
    pub place: LogPlace,
    /// The version of each rule in force from here on, by name, when rules changed; else empty.
    pub rules: RuleVersions,
    /// What the alert book and the desk go by from here on, when a control record says so.
    pub alerts: Option<Arc<AlertSettings>>,
}

/// Versions of rules by name.
pub type RuleVersions = BTreeMap<Arc<str>, Arc<str>>;

/// What a log does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogDeed {
    /// The intake started, or went on after a pause.
    IntakeUp,
    /// Other rules, spaces or settings are in force from here on.
    RulesChanged,
    /// A replay ended: its last tick, up to which timers fire, is no multiple of the interval.
    ReplayEnded {
        /// T of that tick.
        tick_ms: i64,
    },
}

impl LogDeed {
    /// Every word of [`Self::as_str`].
    pub const WORDS: [&'static str; 3] = ["intake_up", "rules_changed", "replay_ended"];

    /// The word used in history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IntakeUp => Self::WORDS[0],
            Self::RulesChanged => Self::WORDS[1],
            Self::ReplayEnded { .. } => Self::WORDS[2],
        }
    }
}

/// A place between two records of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlace {
    /// T of the newest tick before it.
    pub tick_ms: Option<i64>,
    /// Log time of that tick.
    pub tick_log_time_ms: Option<i64>,
    /// The offset of the next row of each partition.
    pub next_offsets: Vec<u64>,
}

/// A command with what became of it, as decided by the alert book; a row of the history table `actions`.
#[derive(Clone, Debug)]
pub struct AppliedCommand {
    /// Place of the command in the alert stream.
    pub position: u64,
    /// The command.
    pub command: Arc<Command>,
    /// Space of the alert; empty when no alert has the command's id, or it is about none.
    pub space: Arc<str>,
    /// What became of it.
    pub outcome: Outcome,
}
