//! What the audit trail keeps: of queries who read what, what for, and what became of it; of retention each legal hold, its release, and
//! each certificate of deletion.
//!
//! Every query, through whichever door, is two records: one **before** the first byte of its answer, one at its **end**.
//! A query that is refused has both as well. A beginning without an end says that the process ended, or that the query is still running.
//!
//! **Invariant**: [`AuditTrail::write`] returns once its records are durable; a door that gets an error from it does not
//! answer.

use crate::principal::{Principal, Purpose, SpaceScope};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

/// The longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 1_000;
/// Spaces of a scope that a record names; [`QueryBegun::spaces_more`] counts the others.
const SPACES_NAMED_MAX: usize = 100;

/// A record of the trail.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "what")]
pub enum AuditRecord {
    /// A query is about to be answered, or was refused.
    #[serde(rename = "query begun")]
    Begun(QueryBegun),
    /// What became of it.
    #[serde(rename = "query ended")]
    Ended(QueryEnded),
    /// Rows are frozen by a legal hold from now on.
    #[serde(rename = "hold made")]
    HoldMade(HoldStep),
    /// A legal hold is about to end.
    #[serde(rename = "hold released")]
    HoldReleased(HoldStep),
    /// Rows that were older than their feed's retention are gone, and a certificate says so.
    #[serde(rename = "retention certificate")]
    Certificate(CertificateFiled),
}

/// A step in the life of a legal hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HoldStep {
    /// The hold.
    pub hold: String,
    /// Who asked for this step.
    pub requester: String,
    /// The case or letter it belongs to; of a release that of its hold.
    pub reference: String,
    /// Why, in the requester's words.
    pub reason: String,
    /// SHA-256 of the line that keeps this step.
    pub sha256: String,
}

/// A certificate of deletion that was put on file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CertificateFiled {
    /// Name of its file.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Rows that were deleted.
    pub rows_deleted: u64,
    /// Rows that are kept beyond their retention because of a hold.
    pub rows_held: u64,
}

/// Who asks what, and what for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueryBegun {
    /// The query, see [`crate::doors::RunningQuery::id`].
    pub id: Arc<str>,
    /// Name of who asks.
    pub who: Arc<str>,
    /// The centre whose rows it may see.
    pub centre: Arc<str>,
    /// What it asks for, by its account.
    pub purpose: Purpose,
    /// What it asks for, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// Through which door: `http`, `cli`, `postgres`, `explain`.
    pub door: &'static str,
    /// The spaces it may see; `None` for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spaces: Option<Vec<Arc<str>>>,
    /// How many more there are than `spaces` names.
    #[serde(skip_serializing_if = "is_zero")]
    pub spaces_more: usize,
    /// Hash of the statement, see [`crate::id::hashed_id`].
    pub statement_hash: String,
    /// The statement itself, where the centre keeps it: it may hold what was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Arc<str>>,
    /// Columns it reads, by table; without a column where only rows are counted, or where it was refused before that was known.
    pub reads: BTreeMap<&'static str, BTreeSet<String>>,
}

/// What became of a query.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueryEnded {
    /// The query.
    pub id: Arc<str>,
    /// What became of it.
    pub outcome: QueryOutcome,
    /// Rows handed out.
    pub rows: u64,
    /// Milliseconds since it was asked.
    #[serde(serialize_with = "whole_ms")]
    pub elapsed_ms: f64,
}

/// What became of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QueryOutcome {
    /// All of its rows were handed out.
    Answered,
    /// It may not be asked, or is wrong.
    Refused,
    /// It ran into a limit.
    Limited,
    /// Who asked cancelled it, or went away.
    Cancelled,
    /// History could not be read, or the trail not be written.
    Unavailable,
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AuditError(pub String);

/// Where records are kept.
pub trait AuditTrail: Debug + Send + Sync {
    /// Writes records, in their order; returns once they are durable. It blocks.
    ///
    /// # Errors
    /// When they cannot be kept; none of them counts as written then.
    fn write(&self, records: &[AuditRecord]) -> Result<(), AuditError>;
}

/// A trail that keeps nothing, for benches and for tests of something else.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeptNowhere;

impl AuditTrail for KeptNowhere {
    fn write(&self, _: &[AuditRecord]) -> Result<(), AuditError> {
        Ok(())
    }
}

impl QueryBegun {
    /// What is known of a query before its statement is understood.
    #[must_use]
    pub fn new(
        id: Arc<str>,
        who: &Principal,
        door: &'static str,
        reason: Option<Arc<str>>,
        statement: Arc<str>,
    ) -> Self {
        let (spaces, spaces_more) = match &who.scope.spaces {
            SpaceScope::All => (None, 0),
            SpaceScope::Only(spaces) => (
                Some(spaces.iter().take(SPACES_NAMED_MAX).cloned().collect()),
                spaces.len().saturating_sub(SPACES_NAMED_MAX),
            ),
        };
        Self {
            id,
            who: Arc::clone(&who.name),
            centre: Arc::clone(&who.scope.centre),
            purpose: who.scope.purpose,
            reason,
            door,
            spaces,
            spaces_more,
            statement_hash: crate::id::hashed_id(&[&statement]),
            statement: Some(statement),
            reads: BTreeMap::new(),
        }
    }
}

impl QueryOutcome {
    /// The word for it, as records and metrics have it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Cancelled => "cancelled",
            Self::Unavailable => "unavailable",
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn whole_ms<S: Serializer>(ms: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(ms.round() as u64)
}
