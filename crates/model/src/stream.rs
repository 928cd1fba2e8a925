//! The alert stream: what the rules role writes and the alert book, history and operators read.
//!
//! It is one order of transitions, commands and ticks, so that whoever folds it needs no second source (DESIGN.md,
//! decision 5). A position counts its records from 0; server-sent events use it as their id.

use crate::alert::Transition;
use crate::command::{Command, Outcome};
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
}

/// A command with what became of it, as decided by the alert book; a row of the history table `actions`.
#[derive(Clone, Debug)]
pub struct AppliedCommand {
    /// Place of the command in the alert stream.
    pub position: u64,
    /// The command.
    pub command: Arc<Command>,
    /// Space of the alert; empty when no alert has the command's id.
    pub space: Arc<str>,
    /// What became of it.
    pub outcome: Outcome,
}
