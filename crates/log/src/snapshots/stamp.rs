//! What a snapshot belongs to, and why one is not used.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use vigie_model::position::{LogId, PartitionIx};

/// What a snapshot belongs to: with anything else it means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The log.
    pub log_id: LogId,
    /// See [`vigie_model::control::ENGINE_SEMANTICS`].
    pub semantics: u32,
    /// The rules and settings in force: the name of the control record's file in the log.
    pub control: [u8; 32],
    /// Number of partitions.
    pub partitions: PartitionIx,
    /// Sequence of the first record that it does not know.
    pub next_sequence: u64,
}

impl Stamp {
    /// Why a set of this stamp is of no use where `wanted` is. Its place in the log does not matter, nor do its rules: what is
    /// in force there is read with it, and other rules come behind it in the log.
    pub(crate) fn misfit(&self, wanted: &Self) -> Option<&'static str> {
        let Self { log_id, semantics, partitions, control: _, next_sequence: _ } = self;
        if *log_id != wanted.log_id {
            Some("it is of another log")
        } else if *semantics != wanted.semantics {
            Some("it was written by a Vigie whose rules mean something else")
        } else if *partitions != wanted.partitions {
            Some("it has another number of partitions")
        } else {
            None
        }
    }
}

/// A snapshot that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot {} is not used: {why}; an older one or the whole log is read instead", path.display())]
pub struct Refused {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

impl Refused {
    pub(crate) fn new(path: PathBuf, why: impl Into<String>) -> Self {
        Self { path, why: why.into() }
    }
}
