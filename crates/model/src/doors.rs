//! The doors: small traits through which the console reaches what it does not import.
//!
//! Each demands a [`Principal`], so that no caller can forget who asks.

use crate::alert::RuleIdentity;
use crate::audit::QueryOutcome;
use crate::command::{Action, Outcome};
use crate::principal::Principal;
use crate::severity::Severity;
use crate::space::Space;
use std::fmt;
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

/// A question to history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// One read-only statement.
    pub sql: Arc<str>,
    /// How the answer is written.
    pub format: QueryFormat,
    /// What it is asked for, in the words of who asks; kept in the audit trail.
    pub reason: Option<Arc<str>>,
    /// Through which door it comes, a word of [`crate::audit::QueryBegun::door`].
    pub door: &'static str,
    /// Bounds of the answer.
    pub bounds: AnswerBounds,
    /// The id under which it runs, if who asks has chosen one.
    pub id: Option<Arc<str>>,
}

impl Question {
    /// A question with the usual bounds, through `door`.
    #[must_use]
    pub fn new(sql: &str, format: QueryFormat, door: &'static str) -> Self {
        Self { sql: sql.into(), format, reason: None, door, bounds: AnswerBounds::default(), id: None }
    }
}

/// How large an answer may become; what is not said has the door's usual bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerBounds {
    /// Most rows.
    pub rows_max: Option<u64>,
    /// Most bytes.
    pub bytes_max: Option<u64>,
}

/// The parts of an answer, one after the other.
pub trait AnswerParts: Send {
    /// The next part, of a bounded size; `None` after the last one. **An answer is whole only if no error came before
    /// that.** Dropping the parts cancels the query.
    fn next(&mut self) -> DoorFuture<'_, Option<Result<Vec<u8>, QueryError>>>;

    /// Rows in the parts so far.
    fn rows(&self) -> u64;
}

/// An answer on its way.
pub struct AnswerStream {
    /// The query, see [`RunningQuery::id`].
    pub id: Arc<str>,
    /// Media type of the parts together.
    pub content_type: &'static str,
    /// What is written.
    pub parts: Box<dyn AnswerParts>,
}

impl fmt::Debug for AnswerStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, content_type, .. } = self;
        f.debug_struct("AnswerStream").field("id", id).field("content_type", content_type).finish_non_exhaustive()
    }
}

/// A query that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningQuery {
    /// Its id, which no other running query has.
    pub id: Arc<str>,
    /// Through which door it came.
    pub door: &'static str,
    /// The statement.
    pub sql: Arc<str>,
    /// What it is asked for.
    pub reason: Option<Arc<str>>,
    /// When it was asked, in epoch milliseconds of the wall clock.
    pub asked_ms: i64,
    /// Rows handed out.
    pub rows: u64,
}

/// A query that has ended, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedQuery {
    /// The query, as it was at its end.
    pub query: RunningQuery,
    /// What became of it.
    pub outcome: QueryOutcome,
    /// Why it was not answered.
    pub error: Option<String>,
}

/// The answer to a query, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryAnswer {
    /// Number of rows.
    pub rows: u64,
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
    /// Who asked has cancelled it.
    #[error("the query was cancelled")]
    Cancelled,
    /// History cannot be read.
    #[error("history cannot be read: {0}")]
    Unavailable(String),
    /// The audit trail cannot be written, and nothing is read without it.
    #[error("no query is answered, because the audit trail cannot be written: {0}")]
    Unaudited(String),
}

impl QueryError {
    /// How the audit trail calls it.
    #[must_use]
    pub const fn outcome(&self) -> QueryOutcome {
        match self {
            Self::Refused(_) => QueryOutcome::Refused,
            Self::Limit(_) => QueryOutcome::Limited,
            Self::Cancelled => QueryOutcome::Cancelled,
            Self::Unavailable(_) | Self::Unaudited(_) => QueryOutcome::Unavailable,
        }
    }
}

/// Where SQL is asked.
pub trait QueryDoor: Send + Sync {
    /// Runs one read-only statement over the rows that `who` may see, and streams its answer.
    fn ask<'a>(&'a self, who: &'a Principal, question: Question) -> DoorFuture<'a, Result<AnswerStream, QueryError>>;

    /// The queries of `who` that run, oldest first, and those that ended lately, newest first.
    fn queries(&self, who: &Principal) -> (Vec<RunningQuery>, Vec<EndedQuery>);

    /// Cancels a running query of `who`; whether there is one.
    fn cancel(&self, who: &Principal, id: &str) -> bool;

    /// The whole answer to a question, as large as its bounds allow.
    fn whole<'a>(&'a self, who: &'a Principal, question: Question) -> DoorFuture<'a, Result<QueryAnswer, QueryError>> {
        Box::pin(async move {
            let AnswerStream { content_type, mut parts, .. } = self.ask(who, question).await?;
            let mut body = Vec::new();
            while let Some(part) = parts.next().await {
                body.extend(part?);
            }
            Ok(QueryAnswer { rows: parts.rows(), content_type, body })
        })
    }
}

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRequest {
    /// Who gives the command.
    pub operator: Arc<str>,
    /// A note.
    pub note: Option<String>,
    /// What to do.
    pub action: Action,
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

/// What became of a command that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandAnswer {
    /// The command's id, which is also that of whatever it created.
    pub action_id: Arc<str>,
    /// What became of it.
    pub outcome: Outcome,
}

/// Where commands are given.
pub trait CommandSink: Send + Sync {
    /// Writes a command to the log and answers once its outcome is applied.
    fn command<'a>(
        &'a self,
        who: &'a Principal,
        request: CommandRequest,
    ) -> DoorFuture<'a, Result<CommandAnswer, CommandError>>;
}

/// An incident that somebody told an operator of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Who enters it.
    pub operator: Arc<str>,
    /// Where it happened.
    pub space: Arc<str>,
    /// What happened.
    pub category: String,
    /// How bad it is; medium unless said.
    pub severity: Option<Severity>,
    /// How it was told.
    pub channel: String,
    /// When it happened; now unless said.
    pub time_ms: Option<i64>,
    /// The operator's words.
    pub note: Option<String>,
}

/// Why a report was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// It is no incident that could be taken; the text says why.
    #[error("{0}")]
    Refused(String),
    /// The log could not take it.
    #[error(transparent)]
    NotTaken(#[from] CommandError),
}

/// Where incidents are entered by hand.
pub trait ReportSink: Send + Sync {
    /// Writes an incident to the log and answers with its id once it is durable.
    fn report<'a>(&'a self, who: &'a Principal, report: Report) -> DoorFuture<'a, Result<Arc<str>, ReportError>>;
}

/// A rule in force.
#[derive(Clone, Debug)]
pub struct RuleInForce {
    /// What its alerts have in common.
    pub identity: Arc<RuleIdentity>,
    /// The word for its kind.
    pub kind: &'static str,
}

/// Why the rules did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Nothing is known of that rule or key; the text says of which, and what to do.
    #[error("{0}")]
    Unknown(String),
    /// Too many questions wait, or this one has waited too long.
    #[error("the rules are too busy to answer now; try again in a second")]
    Busy,
    /// The process is stopping.
    #[error("the rules have stopped")]
    Closed,
}

/// Where the running rules are asked.
pub trait RulesDoor: Send + Sync {
    /// The rules in force, in the order of their files.
    fn rules<'a>(&'a self, who: &'a Principal) -> DoorFuture<'a, Result<Vec<RuleInForce>, RulesError>>;

    /// Why a rule has no alert for a key now: facts as a JSON object, whose `text` holds them as lines.
    fn why_not<'a>(
        &'a self,
        who: &'a Principal,
        rule: &'a str,
        key: &'a str,
    ) -> DoorFuture<'a, Result<String, RulesError>>;
}

/// Stored rows that are to be judged again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BacktestRequest {
    /// The text of one rule file; without, the configured rules judge.
    pub rules: Option<String>,
    /// First instant of the transitions counted; the first row without.
    pub from_ms: Option<i64>,
    /// Their end, not part of it; the last row without.
    pub to_ms: Option<i64>,
    /// How long before `from_ms` judging begins; with the first row stored without. Only beside `from_ms`.
    pub warm_up_ms: Option<i64>,
    /// How far an alert and an incident that match may lie apart.
    pub window_ms: Option<i64>,
    /// Length of a shift.
    pub shift_ms: Option<i64>,
    /// Which incidents alerts should have told, as a condition on `incident`.
    pub truth: Option<String>,
}

/// Why there is no backtest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BacktestError {
    /// The proposed rules or the truth have mistakes; the text has them all, with their lines.
    #[error("{0}")]
    Refused(String),
    /// There is nothing to judge, or nothing that who asks may see whole.
    #[error("{0}")]
    Nothing(String),
    /// The server's own configuration cannot be judged by as it is now.
    #[error("{0}")]
    Unfit(String),
    /// There is one already, and there is only one at a time.
    #[error("another backtest is running; try again when it is done")]
    Busy,
    /// It took too long and was stopped.
    #[error("the backtest was stopped after {0} s")]
    TooLong(u64),
    /// It could not be run, or history not be read.
    #[error("{0}")]
    Unavailable(String),
}

/// Where stored rows are judged again.
pub trait BacktestDoor: Send + Sync {
    /// What rules would have said, as the JSON object of `vigie rules backtest --json`. It reads every space of the centre,
    /// so it is refused to who may not see all of them. Dropping the future stops it.
    fn backtest<'a>(
        &'a self,
        who: &'a Principal,
        request: BacktestRequest,
    ) -> DoorFuture<'a, Result<String, BacktestError>>;
}

/// What is known about the spaces of a centre.
pub trait SpaceView: Send + Sync {
    /// One space, if `who` may see it.
    fn space(&self, who: &Principal, id: &str) -> Option<Arc<Space>>;

    /// The spaces that `who` may see, in the order of their ids.
    fn spaces(&self, who: &Principal) -> Vec<Arc<Space>>;
}
