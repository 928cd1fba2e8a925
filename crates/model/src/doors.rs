//! The doors: small traits through which the console reaches what it does not import.
//!
//! Each demands a [`Principal`], so that no caller can forget who asks.

use crate::alert::AlertId;
use crate::command::{Action, Outcome};
use crate::principal::Principal;
use crate::space::Space;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A boxed future, for traits used as objects.
pub type DoorFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How the answer to a query is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryFormat {
    /// A table for a terminal.
    #[default]
    Table,
    /// Comma-separated values with a header line.
    Csv,
    /// A JSON array of objects.
    Json,
    /// An Arrow IPC stream.
    Arrow,
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryAnswer {
    /// Number of rows.
    pub rows: usize,
    /// Media type of `body`.
    pub content_type: &'static str,
    /// The rows in the format asked for.
    pub body: Vec<u8>,
}

/// Why a query was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The statement is not one that may be run, or is wrong; the text says what and what to do.
    #[error("{0}")]
    Refused(String),
    /// The statement ran into a limit (time, memory, rows); the text names it.
    #[error("{0}")]
    Limit(String),
    /// History cannot be read.
    #[error("history cannot be read: {0}")]
    Unavailable(String),
}

/// Where SQL is asked.
pub trait QueryDoor: Send + Sync {
    /// Runs one read-only statement over the rows that `who` may see.
    fn query<'a>(
        &'a self,
        who: &'a Principal,
        sql: &'a str,
        format: QueryFormat,
    ) -> DoorFuture<'a, Result<QueryAnswer, QueryError>>;
}

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRequest {
    /// The alert.
    pub alert_id: AlertId,
    /// Who gives the command.
    pub operator: Arc<str>,
    /// What to do.
    pub action: Action,
    /// A note.
    pub note: Option<String>,
}

/// Why a command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The queue is full; nothing was taken.
    #[error("too busy to take the command now; try again in a second")]
    Busy,
    /// The process is stopping or the log failed; nothing is known about the command.
    #[error("the log is closed; the command may not have been taken")]
    Closed,
}

/// Where commands are given.
pub trait CommandSink: Send + Sync {
    /// Writes a command to the log and answers once its outcome is applied.
    fn command<'a>(
        &'a self,
        who: &'a Principal,
        request: CommandRequest,
    ) -> DoorFuture<'a, Result<Outcome, CommandError>>;
}

/// What is known about the spaces of a centre.
pub trait SpaceView: Send + Sync {
    /// The spaces that `who` may see, in the order of their ids.
    fn spaces(&self, who: &Principal) -> Vec<Arc<Space>>;
}
